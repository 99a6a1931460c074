//! `keyferry export`, from the command line to the files.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::servers;
use crate::shop::{PHPASS, SPRING_BCRYPT, SPRING_SCRYPT, Shop, told};

const FILES: [&str; 7] = ["export", "--format", "okta", "--out", "users.jsonl", "--rejects", "rejects.csv"];

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

/// So many users, all of them rejects: nothing is stored.
async fn large(users: usize) -> Shop {
    let shop = Shop::new(&[]).await;
    shop.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users})
         INSERT INTO users (id, login) SELECT i, 'user' || i || '@example.com' FROM n"
    ))
    .await;
    shop
}

#[tokio::test]
async fn users_go_by_hash_where_okta_imports_it_and_by_hook_where_not() {
    let shop = Shop::new(&[
        ("amy@example.com", &quoted(SPRING_BCRYPT)),
        ("bob@example.com", &quoted(SPRING_SCRYPT)),
        ("carl@example.com", &quoted(PHPASS)),
        ("dora@example.com", "NULL"),
        ("AMY@example.com", &quoted(PHPASS)),
        ("fry", &quoted(PHPASS)),
    ])
    .await;
    let (code, out, err) = told(&shop.run(&[&FILES[..], &["--json"]].concat()));
    assert_eq!(code, 3, "{err}");
    let users: Vec<Value> = shop
        .read("users.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let profile =
        |login: &str| json!({"login": login, "email": login, "firstName": "Amy", "lastName": "Wong"});
    let hook = json!({"password": {"hook": {"type": "default"}}});
    let hash = json!({"password": {"hash": {
        "algorithm": "BCRYPT",
        "workFactor": 10,
        "salt": "dXJ3SW6G7P50lGmMkkmwe.",
        "value": "20cQQubK3.HZWzG3YB1tlRy.fqvM/BG",
    }}});
    assert_eq!(
        users,
        [
            json!({"profile": profile("amy@example.com"), "credentials": hash}),
            json!({"profile": profile("bob@example.com"), "credentials": hook}),
            json!({"profile": profile("carl@example.com"), "credentials": hook}),
        ]
    );
    assert_eq!(
        shop.read("rejects.csv"),
        "source,id,login,reason\n\
         shop,4,dora@example.com,no stored password\n\
         shop,5,AMY@example.com,duplicate login\n\
         shop,6,fry,login is shorter than 5 characters\n"
    );
    let report: Value = serde_json::from_str(&out).expect("the report is JSON");
    assert_eq!((&report["rows"], &report["users"], &report["rejected"]), (&json!(6), &json!(3), &json!(3)));
    assert_eq!(report["hash"][0]["as"], "BCRYPT");
    assert_eq!(report["hook"].as_array().expect("a list").len(), 2);
    assert_eq!(shop.files(), ["rejects.csv", "users.jsonl"]);
}

#[tokio::test]
async fn okta_s_csv_carries_no_credentials_and_says_so() {
    let shop = Shop::new(&[("amy@example.com", &quoted(SPRING_BCRYPT))]).await;
    let output = shop.run(&["export", "--format", "csv", "--out", "users.csv", "--rejects", "rejects.csv"]);
    let (code, _, err) = told(&output);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("no credentials"), "{err}");
    let csv = shop.read("users.csv");
    assert!(csv.starts_with("login,firstName,lastName,middleName,"), "{csv}");
    assert!(csv.contains("\namy@example.com,Amy,Wong,,,,amy@example.com,"), "{csv}");
    assert!(!csv.contains("dXJ3SW6G7P50lGmMkkmwe"), "the hash is in the profile");
}

#[tokio::test]
async fn a_condition_in_sql_leaves_active_users_to_sign_in() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS)), ("bob@example.com", &quoted(PHPASS))]).await;
    shop.execute("UPDATE users SET last_login = '2024-02-29' WHERE id = 2").await;
    let (code, _, err) = told(&shop.run(&[&FILES[..], &["--where", "last_login < '2026-01-01'"]].concat()));
    assert_eq!(code, 0, "{err}");
    let users = shop.read("users.jsonl");
    assert!(users.contains("bob@example.com") && users.lines().count() == 1, "{users}");
}

#[tokio::test]
async fn inactive_users_are_rejects_unless_asked_for() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS))]).await;
    shop.execute("UPDATE users SET enabled = 0").await;
    assert_eq!(told(&shop.run(&FILES)).0, 3);
    assert!(shop.read("rejects.csv").contains("shop,1,amy@example.com,inactive"));
    assert_eq!(told(&shop.run(&[&FILES[..], &["--include-inactive"]].concat())).0, 0);
    assert_eq!(shop.read("users.jsonl").lines().count(), 1);
}

#[tokio::test]
async fn what_cannot_be_right_is_told_before_anything_is_read() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS))]).await;
    let bad = |arguments: &[&str], expected: &str| {
        let (code, _, err) = told(&shop.run(arguments));
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(expected), "{err}");
        assert!(shop.files().is_empty(), "{:?}", shop.files());
    };
    let same = ["export", "--format", "okta", "--out", "a", "--rejects", "./a"];
    bad(&same, "--out and --rejects both name a");
    bad(&[&FILES[..], &["--source", "forum"]].concat(), "no source has that name; there are: shop");
    bad(&[&FILES[..], &["--where", "no_such_column = 1"]].concat(), "no_such_column");
    let both = ["export", "--format", "okta", "--out", "-", "--rejects", "r", "--json"];
    bad(&both, "--json prints its report on standard output");
    shop.configure("", "[source.profile]\nlogin = \"login\"\nemail = \"mail\"\n");
    bad(&FILES, "`firstName`");
    shop.configure(
        "",
        "[source.profile]\nlogin = \"login\"\nemail = \"mail\"\nfirstName = \"x\"\nlastName = \"y\"\n",
    );
    bad(&FILES, "no column `x`, `y`, `mail`");
}

/// A query's names come back as the database folds them.
#[tokio::test]
async fn columns_are_known_in_any_case() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS))]).await;
    let text =
        shop.read("keyferry.toml").replace("first_name, last_name", "first_name AS firstname, last_name");
    let text = text.replace("= \"first_name\"", "= \"FirstName\"").replace("= \"login\"", "= \"LOGIN\"");
    std::fs::write(shop.path().join("keyferry.toml"), text).expect("written");
    let (code, _, err) = told(&shop.run(&FILES));
    assert_eq!(code, 0, "{err}");
    let user: Value = serde_json::from_str(&shop.read("users.jsonl")).expect("JSON");
    assert_eq!(user["profile"]["firstName"], "Amy");
    assert_eq!(user["profile"]["login"], "amy@example.com");
}

#[tokio::test]
async fn a_missing_folder_is_told_with_exit_code_2() {
    let shop = Shop::new(&[]).await;
    let output = shop.run(&["export", "--format", "okta", "--out", "none/u", "--rejects", "rejects.csv"]);
    let (code, _, err) = told(&output);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("cannot write none/u: No such file or directory"), "{err}");
    assert_eq!(err.matches("No such file").count(), 1, "told once: {err}");
    assert!(shop.files().is_empty());
}

#[tokio::test]
async fn users_can_go_to_standard_output() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS))]).await;
    let output = shop.run(&["export", "--format", "okta", "--out", "-", "--rejects", "rejects.csv"]);
    let (code, out, err) = told(&output);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().count(), 1);
    assert_eq!(shop.files(), ["rejects.csv"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_and_leaves_nothing() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS))]).await;
    let output = shop.run(&["export", "--format", "okta", "--out", "/dev/full", "--rejects", "rejects.csv"]);
    let (code, _, err) = told(&output);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("cannot write /dev/full: No space left on device"), "{err}");
    assert!(shop.files().is_empty(), "{:?}", shop.files());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_grow_is_told_and_leaves_nothing() {
    // The shell's limit counts blocks of 512 or 1024 bytes: 8 of them are far less than 2000 rejects.
    let shop = large(2000).await;
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 8; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_keyferry")])
        .args(FILES)
        .current_dir(shop.path())
        .output()
        .expect("a shell runs");
    let (code, _, err) = told(&output);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("cannot write rejects.csv: File too large"), "{err}");
    assert!(err.contains("no part of it was kept"), "{err}");
    assert!(shop.files().is_empty(), "{:?}", shop.files());
}

#[tokio::test]
async fn a_reader_that_goes_away_is_told() {
    let shop = Shop::new(&[("amy@example.com", &quoted(PHPASS))]).await;
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = shop.command(&["export", "--format", "okta", "--out", "-", "--rejects", "rejects.csv"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    let (code, _, err) = told(&output.wait_with_output().expect("it ends"));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("standard output was closed by its reader"), "{err}");
    assert!(shop.files().is_empty(), "{:?}", shop.files());
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_it_and_leaves_nothing() {
    // More rejects than a pipe holds, and nobody who reads them: the export waits in the middle.
    let shop = large(5000).await;
    for signal in ["TERM", "INT", "HUP"] {
        let mut command =
            shop.command(&["export", "--format", "okta", "--out", "users.jsonl", "--rejects", "-"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut pipe = child.stdout.take().expect("a pipe");
        let mut first = [0; 64];
        pipe.read_exact(&mut first).expect("the export has begun");
        let kill = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
        let (code, _, err) = told(&child.wait_with_output().expect("it ends while the pipe is full"));
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(&format!("SIG{signal}")), "{err}");
        assert!(shop.files().is_empty(), "{:?}", shop.files());
        drop(pipe);
    }
}

#[tokio::test]
async fn nothing_of_a_stored_value_is_in_rejects_or_report() {
    let shop = Shop::new(&[
        ("amy@example.com", "'canary-4711'"),
        ("bob@example.com", "'$2a$10$canary4711canary4711canary4711'"),
        ("carl@example.com", "'$2b$31$canary4711canary4711c.canary4711canary4711canary4711c'"),
    ])
    .await;
    for more in [&[][..], &["--json"]] {
        let (code, out, err) = told(&shop.run(&[&FILES[..], more].concat()));
        assert_eq!(code, 3, "{err}");
        let all = [out, err, shop.read("rejects.csv"), shop.read("users.jsonl")].concat();
        assert!(!all.contains("4711"), "{all}");
    }
}

/// A value that Spring Security itself made, by how it begins.
#[expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a fixture that does not stand fails the test"
)]
fn spring(beginning: &str) -> (String, Option<Value>) {
    let vectors: toml::Table = include_str!("../vectors/spring.toml").parse().expect("vectors");
    let vectors = vectors["vector"].as_array().expect("a list");
    let stored = |vector: &toml::Value| vector["stored"].as_str().expect("text").to_owned();
    let vector = vectors.iter().find(|vector| stored(vector).starts_with(beginning)).expect("such a value");
    let okta = vector.get("okta").map(|okta| serde_json::to_value(okta).expect("an object"));
    (stored(vector), okta)
}

#[tokio::test]
async fn okta_s_reference_sample_on_postgresql_goes_bcrypt_by_hash_and_scrypt_by_hook() {
    let Some(server) = servers::postgres() else { return };
    let (bcrypt, object) = spring("{bcrypt}$2a$10$");
    let (scrypt, none) = spring("{scrypt}$e0801$");
    assert_eq!(none, None, "Okta imports no scrypt");
    let url = server
        .database(&format!(
            "CREATE TABLE users (username VARCHAR(100) PRIMARY KEY, password VARCHAR(200), \
             first_name VARCHAR(50), last_name VARCHAR(50), phone VARCHAR(20), enabled BOOLEAN);
             INSERT INTO users VALUES
                 ('isaac.brock@example.com', '{bcrypt}', 'Isaac', 'Brock', '+1 555 0100', TRUE),
                 ('amy.wong@example.com', '{scrypt}', 'Amy', 'Wong', NULL, TRUE),
                 ('ben.gibbard@example.com', '{bcrypt}', 'Ben', 'Gibbard', NULL, FALSE);"
        ))
        .await;
    let shop = Shop::new(&[]).await;
    let columns = "username AS login, password AS stored, enabled AS active, first_name, last_name, phone";
    let configuration = format!(
        "[[source]]\nname = \"sample\"\nurl = \"{url}\"\n\
         lookup = \"SELECT {columns} FROM users WHERE lower(username) = lower(:username)\"\n\
         users = \"SELECT {columns} FROM users WHERE username > :after ORDER BY username LIMIT :limit\"\n"
    );
    std::fs::write(shop.path().join("keyferry.toml"), configuration).expect("written");
    let (code, _, err) = told(&shop.run(&FILES));
    assert_eq!(code, 3, "{err}");
    let users: Vec<Value> =
        shop.read("users.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        users,
        [
            json!({
                "profile": {"login": "amy.wong@example.com", "email": "amy.wong@example.com",
                    "firstName": "Amy", "lastName": "Wong"},
                "credentials": {"password": {"hook": {"type": "default"}}},
            }),
            json!({
                "profile": {"login": "isaac.brock@example.com", "email": "isaac.brock@example.com",
                    "firstName": "Isaac", "lastName": "Brock", "mobilePhone": "+1 555 0100"},
                "credentials": {"password": {"hash": object}},
            }),
        ]
    );
    let rejects = shop.read("rejects.csv");
    assert!(
        rejects.ends_with("sample,ben.gibbard@example.com,ben.gibbard@example.com,inactive\n"),
        "{rejects}"
    );
}

#[tokio::test]
async fn exported_users_are_noted_in_the_ledger_where_asked_for() {
    let shop = Shop::new(&[
        ("amy@example.com", &quoted(SPRING_BCRYPT)),
        ("bob@example.com", &quoted(PHPASS)),
        ("carl@example.com", "NULL"),
    ])
    .await;
    let mut status = Value::Null;
    for more in [&[][..], &["--record"], &["--record"]] {
        let (code, _, err) = told(&shop.run(&[&FILES[..], more].concat()));
        assert_eq!(code, 3, "{err}");
        let (code, out, err) = told(&shop.run(&["status", "--json"]));
        assert_eq!(code, 0, "{err}");
        status = serde_json::from_str(&out).expect("JSON");
        if more.is_empty() {
            assert!(!shop.files().iter().any(|name| name.contains("ledger")), "{:?}", shop.files());
        }
    }
    let planned = |route: &str| json!({"source": "shop", "route": route, "state": "planned", "users": 1});
    let users = status["users"].as_array().expect("a list");
    assert_eq!(users.len(), 2, "{status}");
    assert!(users.contains(&planned("hash")) && users.contains(&planned("hook")), "{status}");
}
