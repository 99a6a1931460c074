//! What `serve --record` keeps, and that it disturbs nobody.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const CANARY: &str = "canary-Pa55word-\"\\é";

impl Store {
    fn recording(&self, arguments: &[&str]) -> Service {
        let arguments = [&["--record", "kept"], arguments].concat();
        Service::start_with(self.path(), &self.configuration("", ""), usize::MAX, &arguments)
    }
}

/// All files of a recording, by name.
fn kept(store: &Store) -> Vec<PathBuf> {
    let entries =
        |folder: &Path| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> =
        entries(&store.path().join("kept")).flat_map(|day| entries(&day).collect::<Vec<_>>()).collect();
    files.sort();
    files
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn stopped(service: Service) -> String {
    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_can_be_replayed_and_holds_no_password() {
    let store = shop().await;
    let service = store.recording(&[]);
    let mut first = payload("alice@example.com", PASSWORD);
    first["data"]["new"] = json!({"kept": [1, "ü"]});
    assert_eq!(service.call_with(SECRET, &first).await.0, 200);
    for (username, password) in [("alice", CANARY), ("gone", PASSWORD), ("nobody", CANARY)] {
        assert_eq!(service.verdict(username, password).await, "UNVERIFIED");
    }
    // Neither a stranger's call nor an unreadable one is kept.
    assert_eq!(service.call_with("Basic other", &payload("stranger", CANARY)).await.0, 401);
    assert_eq!(service.call_with(SECRET, &json!({"data": CANARY})).await.0, 400);
    let log = stopped(service);
    assert!(log.contains("\"kept\":4,\"dropped\":0,\"failed\":0"), "{log}");
    assert!(!log.contains("canary"), "{log}");

    let files = kept(&store);
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("text")).collect();
    let calls: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    for (file, text) in files.iter().zip(&texts) {
        assert_eq!((mode(file), mode(file.parent().expect("a day"))), (0o600, 0o700));
        assert!(!text.contains("canary") && !text.contains("horse") && text.contains("[redacted]"), "{text}");
    }
    assert_eq!(mode(&store.path().join("kept")), 0o700);
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            let username = call["payload"]["data"]["context"]["credential"]["username"].as_str();
            (username.expect("a name"), call["expect"].as_str(), call["reason"].as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("alice@example.com", Some("VERIFIED"), None),
            ("alice", Some("UNVERIFIED"), Some("wrong password")),
            ("gone", Some("UNVERIFIED"), Some("inactive")),
            ("nobody", Some("UNVERIFIED"), Some("unknown user")),
        ]
    );
    first["data"]["context"]["credential"]["password"] = json!("[redacted]");
    assert_eq!(calls[0]["payload"], first, "the rest is as it came");

    // The recording, replayed: the known password for whoever had it, a wrong one for whoever had not.
    let service = store.start("", "");
    let ran = replay_to(
        &service.url(),
        store.path(),
        &["kept", "--password-stdin", "--fresh"],
        &format!("{PASSWORD}\n"),
    );
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("1 VERIFIED, 3 UNVERIFIED, 0 without one"), "{}", ran.out);
    assert!(ran.out.contains("expected     4 met, 0 not met"), "{}", ran.out);
    let ran = replay_to(&service.url(), store.path(), &["kept", "--password-stdin"], "another");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("expected     3 met, 1 not met"), "{}", ran.out);
}

#[tokio::test]
async fn passwords_are_kept_on_the_loopback_alone_and_never_quietly() {
    let store = shop().await;
    let service = store.recording(&["--record-passwords"]);
    assert_eq!(service.verdict("alice", PASSWORD).await, "VERIFIED");
    let log = stopped(service);
    assert!(log.contains("WARNING: --record-passwords"), "{log}");
    let text = fs::read_to_string(&kept(&store)[0]).expect("text");
    assert!(text.contains(PASSWORD), "{text}");

    for listener in ["listen", "private_listen"] {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let public = store.configuration("", "").replace(
                &format!("\n{listener} = \"127.0.0.1:0\""),
                &format!("\n{listener} = \"{address}\""),
            );
            fs::write(store.path().join("keyferry.toml"), public).expect("written");
            let output = Command::new(env!("CARGO_BIN_EXE_keyferry"))
                .args(["serve", "--record", "public", "--record-passwords"])
                .current_dir(store.path())
                .output()
                .expect("it runs");
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{err}");
            assert!(err.contains(&format!("server.{listener} is {address}")), "{err}");
            assert!(!store.path().join("public").exists());
        }
    }
}

#[tokio::test]
async fn a_recording_that_fails_or_is_full_disturbs_no_sign_in() {
    let store = shop().await;
    let service = store.recording(&["--record-limit", "2"]);
    // The folder is gone, and something else has its name.
    fs::remove_dir(store.path().join("kept")).expect("empty");
    fs::write(store.path().join("kept"), "").expect("written");
    for _ in 0..3 {
        assert_eq!(service.verdict("alice", PASSWORD).await, "VERIFIED");
    }
    let log = stopped(service);
    assert!(log.contains("\"kept\":0,\"dropped\":0,\"failed\":3"), "{log}");
    assert_eq!(log.matches("calls cannot be recorded; sign-ins go on").count(), 1, "told once: {log}");

    fs::remove_file(store.path().join("kept")).expect("there");
    let service = store.recording(&["--record-limit", "2"]);
    for _ in 0..4 {
        assert_eq!(service.verdict("alice", PASSWORD).await, "VERIFIED");
    }
    let log = stopped(service);
    assert!(log.contains("holds as many calls as it may"), "{log}");
    assert_eq!(kept(&store).len(), 2);

    // What is no folder from the start is told at once.
    fs::write(store.path().join("file"), "").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["serve", "--record", "file"])
        .current_dir(store.path())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--record file"));
}
