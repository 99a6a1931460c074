//! `keyferry serve --record` and `keyferry replay`, the real binary on both ends.
//!
//! The stored value was made by Python's bcrypt 5.0.0: `bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4, b"2a"))`.

mod load;
mod record;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::service::{SECRET, Service, Store, payload};

const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";
const PASSWORD: &str = "correct horse";

async fn shop() -> Store {
    Store::with_users(&[(1, "alice@example.com", HORSE, true), (2, "gone@example.com", HORSE, false)]).await
}

/// What a run of `keyferry replay` printed and ended with.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    /// The lines of `--json`, and the summary behind them.
    fn json(&self) -> (Vec<Value>, Value) {
        let mut lines: Vec<Value> =
            self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let last = lines.pop().unwrap_or_else(|| panic!("no summary: {}", self.err));
        (lines, last["summary"].clone())
    }
}

/// Runs it in a folder, with the service's secret in the environment.
fn replay(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .arg("replay")
        .args(arguments)
        .current_dir(folder)
        .env("HOOK_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // Who refuses its arguments does not read.
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code: output.status.code().expect("a code"), out: text(output.stdout), err: text(output.stderr) }
}

/// The same, told everything: where the service is, and what lets in.
fn replay_to(url: &str, folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let given = ["--to", url, "--header", "Authorization: env:HOOK_SECRET"];
    replay(folder, &[&given, arguments].concat(), input)
}

fn expecting(username: &str, password: &str, expect: &str) -> Value {
    json!({"payload": payload(username, password), "expect": expect})
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn files_folders_and_lines_are_sent_in_their_order_and_held_to_their_expectations() {
    let store = shop().await;
    let service = store.start("", "");
    let folder = store.path();
    let mut beside = payload("alice", "wrong canary");
    beside["expect"] = json!("UNVERIFIED");
    write(
        folder,
        "in/b.json",
        &serde_json::to_string_pretty(&expecting("alice", PASSWORD, "VERIFIED")).expect("text"),
    );
    write(folder, "in/a/z.json", &beside.to_string());
    write(folder, "in/.hidden.json", "{");
    write(folder, "in/notes.txt", "not looked at");
    let lines =
        format!("{}\n\n{}\r\n", payload("alice", PASSWORD), expecting("gone", PASSWORD, "UNVERIFIED"));
    write(folder, "lines.jsonl", &lines);
    let ran = replay_to(&service.url(), folder, &["in", "lines.jsonl", "-", "--json"], &lines);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let (calls, summary) = ran.json();
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call["name"].as_str().expect("a name"), &call["verdict"], &call["met"]))
        .collect();
    let (verified, unverified, yes) = (&json!("VERIFIED"), &json!("UNVERIFIED"), &json!(true));
    assert_eq!(
        told,
        [
            ("in/a/z.json", unverified, yes),
            ("in/b.json", verified, yes),
            ("lines.jsonl:1", verified, &Value::Null),
            ("lines.jsonl:3", unverified, yes),
            ("-:1", verified, &Value::Null),
            ("-:3", unverified, yes),
        ]
    );
    assert_eq!((&summary["calls"], &summary["met"], &summary["unmet"]), (&json!(6), &json!(4), &json!(0)));
    assert!(summary["latency_micros"]["p99"].as_u64() >= summary["latency_micros"]["p50"].as_u64());

    // One that is wrong: told in the table, and by the exit code.
    let path = write(folder, "wrong.json", &expecting("alice", "wrong canary", "VERIFIED").to_string());
    let ran = replay_to(&service.url(), folder, &[path.to_str().expect("text"), "lines.jsonl"], "");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(" VERIFIED: NOT met ") && ran.out.contains(" UNVERIFIED: met "), "{}", ran.out);
    assert!(ran.out.contains("expected     1 met, 1 not met"), "{}", ran.out);
    for secret in ["canary", PASSWORD, "alice", SECRET] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{secret}: {}{}", ran.out, ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_says_where_and_with_which_secret() {
    let store = shop().await;
    let service = store.start("", "");
    let folder = store.path();
    write(folder, "call.json", &expecting("alice", PASSWORD, "VERIFIED").to_string());
    // The running service took a free port; this is how it would have been configured.
    let configured =
        store.configuration("", "").replacen("127.0.0.1:0", &format!("0.0.0.0:{}", service.public.port()), 1);
    let path = write(folder, "known.toml", &configured.replace("127.0.0.1:0", "127.0.0.1:1"));
    let ran = replay(folder, &["--config", path.to_str().expect("text"), "call.json"], "");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    // With another path, another secret, or another port there is nothing that answers.
    for (from, to, part) in [
        ("\"127.0.0.1:1\"", "\"127.0.0.1:1\"\npath = \"/other\"", "is not the hook"),
        (SECRET, "Basic other", "does not know the secret"),
        (&format!("0.0.0.0:{}", service.public.port()), "127.0.0.1:9", "cannot be reached"),
        (&format!("0.0.0.0:{}", service.public.port()), "127.0.0.1:0", "port 0"),
    ] {
        fs::write(&path, configured.replace("127.0.0.1:0", "127.0.0.1:1").replace(from, to))
            .expect("written");
        let ran = replay(folder, &["--config", path.to_str().expect("text"), "call.json"], "");
        assert_eq!(ran.code, 1, "{part}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    // A header that is given counts more than the configured one of that name.
    fs::write(&path, configured.replace(SECRET, "Basic other")).expect("written");
    let arguments =
        ["--config", path.to_str().expect("text"), "--header", "authorization: env:HOOK_SECRET", "call.json"];
    let ran = replay(folder, &arguments, "");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[tokio::test]
async fn what_is_damaged_is_told_with_its_place_and_nothing_is_sent() {
    let store = shop().await;
    let service = store.start("", "");
    let folder = store.path();
    let good = payload("alice", PASSWORD);
    let lines = [
        good.to_string(),
        good.to_string().replace('}', ""),
        json!({"payload": {"canary": 1}}).to_string(),
        good.to_string().replace("password.import", "other"),
        expecting("alice", "canary", "YES").to_string(),
        payload("alice", "[redacted]").to_string(),
        payload("alice", &"x".repeat(200_000)).to_string(),
    ];
    write(folder, "bad.jsonl", &lines.join("\n"));
    let ran = replay_to(&service.url(), folder, &["bad.jsonl", "nowhere.json"], "");
    assert_eq!(ran.code, 1, "{}", ran.out);
    for part in [
        "bad.jsonl:2: is no JSON object",
        "bad.jsonl:3: is no payload",
        "bad.jsonl:4: has another eventType",
        "bad.jsonl:5: `expect` must be",
        "bad.jsonl:7: is longer than 128 KiB",
        "nowhere.json: cannot be read",
        "Nothing was sent.",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(!ran.err.contains("canary") && ran.out.is_empty(), "{}", ran.err);
    for (name, text, part) in [
        (
            "redacted.json",
            lines[5].as_str(),
            "redacted.json: was recorded without its password; --password-stdin",
        ),
        ("half.json", "{\"payload\":", "half.json: is no JSON object"),
        ("empty.json", " \n", "there is no recorded payload"),
    ] {
        write(folder, name, text);
        let ran = replay_to(&service.url(), folder, &[name], "");
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    let ran = replay_to(&service.url(), folder, &["-", "--password-stdin"], "");
    assert!(ran.code == 1 && ran.err.contains("standard input cannot hold both"), "{}", ran.err);
    assert!(!service.log().contains("sign-in"), "{}", service.log());
}
