//! A store in the shape of Okta's own reference sample, on PostgreSQL, with values that Spring Security made
//! (`tests/vectors/spring.toml`): signed in through the hook, and exported, bcrypt by hash and scrypt by hook.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::servers;
use crate::service::{SECRET, Service};

#[derive(Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    stored: String,
    password: String,
    wrong: Option<String>,
    okta: Option<BTreeMap<String, Value>>,
}

/// The vectors of Spring's that begin so.
fn made_by_spring(prefix: &str) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/spring.toml");
    let vectors: Vectors =
        toml::from_str(&std::fs::read_to_string(path).expect("readable")).expect("vectors");
    let found: Vec<Vector> =
        vectors.vector.into_iter().filter(|vector| vector.stored.starts_with(prefix)).collect();
    assert!(!found.is_empty(), "no vector begins with {prefix}");
    found
}

fn configuration(url: &str) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
private_listen = "127.0.0.1:0"
[server.auth]
header = [{{ name = "Authorization", secret = "{SECRET}" }}]
[log]
format = "json"
[[source]]
name = "sample"
url = "{url}"
lookup = "SELECT username AS login, password AS stored, enabled AS active FROM users WHERE username = :username"
users = "SELECT username AS login, password AS stored, enabled AS active, first_name, last_name, phone FROM users WHERE username > :after ORDER BY username LIMIT :limit"
[source.username]
trim = true
lowercase = true
[source.profile]
login = "login"
email = "login"
firstName = "first_name"
lastName = "last_name"
mobilePhone = "phone"
"#
    )
}

#[tokio::test]
async fn okta_s_reference_sample_is_signed_in_and_exported() {
    let Some(server) = servers::postgres() else { return };
    let bcrypt = made_by_spring("{bcrypt}$2a$10$");
    let scrypt = made_by_spring("{scrypt}$e0801$");
    let mut fill = "CREATE TABLE users (username varchar(255) PRIMARY KEY, password varchar(255) NOT NULL, \
                    first_name varchar(255), last_name varchar(255), phone varchar(255), enabled boolean NOT NULL);"
        .to_owned();
    let named = |kind: &'static str, vectors: &[Vector]| -> Vec<String> {
        (0..vectors.len()).map(|number| format!("{kind}.{number:02}@example.com")).collect()
    };
    let users: Vec<(String, &Vector)> = named("bcrypt", &bcrypt)
        .into_iter()
        .zip(&bcrypt)
        .chain(named("scrypt", &scrypt).into_iter().zip(&scrypt))
        .collect();
    let off = ("z.off@example.com".to_owned(), &bcrypt[0]);
    for (username, vector) in users.iter().chain([&off]) {
        let (stored, enabled) = (&vector.stored, username != "z.off@example.com");
        let insert = format!(
            "INSERT INTO users VALUES ('{username}', '{stored}', 'Ada', 'O''Neill', '+1 555 0100', {enabled});"
        );
        fill.push_str(&insert);
    }
    let url = server.database(&fill).await;
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(folder.path(), &configuration(&url));
    for (username, vector) in &users {
        assert_eq!(service.verdict(username, &vector.password).await, "VERIFIED", "{username}");
        if let Some(wrong) = &vector.wrong {
            assert_eq!(service.verdict(username, wrong).await, "UNVERIFIED", "{username}");
        }
    }
    assert_eq!(service.verdict("z.off@example.com", &bcrypt[0].password).await, "UNVERIFIED");
    drop(service);

    let export = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["export", "--format", "okta", "--out", "users.jsonl", "--rejects", "rejects.csv"])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert_eq!(export.status.code(), Some(3), "the inactive user is a reject: {export:?}");
    let written = std::fs::read_to_string(folder.path().join("users.jsonl")).expect("the file is there");
    let requests: Vec<Value> =
        written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(requests.len(), users.len());
    for (request, (username, vector)) in requests.iter().zip(&users) {
        let profile = json!({
            "login": username, "email": username, "firstName": "Ada", "lastName": "O'Neill", "mobilePhone": "+1 555 0100"
        });
        assert_eq!(request["profile"], profile);
        let password = if username.starts_with("bcrypt") {
            json!({"hash": vector.okta.as_ref().expect("bcrypt vectors carry Okta's object")})
        } else {
            json!({"hook": {"type": "default"}})
        };
        assert_eq!(request["credentials"]["password"], password, "{username}");
    }
    let rejects = std::fs::read_to_string(folder.path().join("rejects.csv")).expect("the file is there");
    assert!(rejects.contains("z.off@example.com") && rejects.contains("inactive"), "{rejects}");
    assert!(!rejects.contains("$2a$"), "{rejects}");
}
