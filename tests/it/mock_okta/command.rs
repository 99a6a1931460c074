//! `keyferry mock-okta`, the binary: it says where it is, serves, stops when asked, and names what is wrong.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn mock_okta() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
    command.arg("mock-okta");
    command
}

#[tokio::test]
async fn it_serves_until_it_is_asked_to_stop() {
    let mut child = mock_okta()
        .args(["--listen", "127.0.0.1:0", "--token", "env:ORG_TOKEN", "--rate-limit", "5"])
        .env("ORG_TOKEN", "from-the-environment")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        client.get(format!("{url}/api/v1/users")).header("Authorization", "SSWS from-the-environment");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-rate-limit-limit"], "5");

    let kill = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert!(child.wait().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(rest.iter().any(|line| line.contains("SSWS $ORG_TOKEN")), "the examples name the variable");
    assert!(!rest.concat().contains("from-the-environment"), "and do not print what is in it");
}

#[tokio::test]
async fn users_of_a_file_were_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("existing.jsonl");
    let line = |login: &str, more: &str| {
        format!(
            r#"{{"profile":{{"firstName":"A","lastName":"B","email":"{login}","login":"{login}"}}{more}}}"#
        )
    };
    let lines = [line("ana@example.com", ""), line("bo@example.com", r#","status":"STAGED""#)];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let mut child = mock_okta()
        .args(["--listen", "127.0.0.1:0", "--token", "t", "--existing"])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response =
        client.get(format!("{url}/api/v1/users")).header("Authorization", "SSWS t").send().await.unwrap();
    let users: Vec<serde_json::Value> = response.json().await.unwrap();
    let told: Vec<_> = users.iter().map(|user| (&user["profile"]["login"], &user["status"])).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        told,
        [(&"ana@example.com".into(), &"ACTIVE".into()), (&"bo@example.com".into(), &"STAGED".into())]
    );

    for (lines, named) in [
        (vec![line("ana@example.com", ""), "{".to_owned()], "line 2: is not a JSON object"),
        (vec![line("ana@example.com", r#","status":"GONE""#)], "line 1: `status`"),
        (vec![line("ana@example.com", ""), line("ANA@example.com", "")], "line 2: a user"),
    ] {
        std::fs::write(&file, lines.join("\n")).unwrap();
        let output = mock_okta().args(["--listen", "127.0.0.1:0", "--existing"]).arg(&file).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(named), "{told}");
    }
}

#[test]
fn what_is_wrong_is_named_and_ends_with_1() {
    let cases: [(&[&str], &str); 6] = [
        (&["--token", "env:KEYFERRY_NO_SUCH_VARIABLE"], "--token"),
        (&["--faults", "501=0.1"], "there is no fault `501`"),
        (&["--faults", "slow=0.1"], "`slow`"),
        (&["--hook-url", "https://example.com/"], "must begin with http://"),
        (&["--hook-url", "http://127.0.0.1/", "--hook-header", "nonsense"], "--hook-header"),
        (&["--hook-url", "http://127.0.0.1/", "--hook-header", "Bad Name: x"], "`Bad Name`"),
    ];
    for (arguments, named) in cases {
        let output = mock_okta().args(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains(named), "{arguments:?}: {told}");
    }
}
