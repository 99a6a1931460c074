//! What `keyferry check` says of secrets and of accounts that may do more than they need.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::servers;
use crate::service::Store;

const GOOD: &str = "Basic 3q2Y1rXcQ5mJ0b8uVtZkHn7sPwA4eLfGdRxCyNiKo6E=";
const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, login VARCHAR(99), stored VARCHAR(99));";

/// The warnings, as `subject: message`, and the exit code.
fn warnings(folder: &Path) -> (Vec<String>, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["check", "--json"])
        .current_dir(folder)
        .output()
        .expect("keyferry runs");
    let findings: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = findings.as_array().expect("a list");
    let warnings = findings.iter().filter(|finding| finding["warning"] == true).map(|finding| {
        assert_eq!(finding["ok"], true, "a warning is no problem: {finding}");
        format!(
            "{}: {}",
            finding["subject"].as_str().expect("text"),
            finding["message"].as_str().expect("text")
        )
    });
    (warnings.collect(), output.status.code())
}

fn write(folder: &Path, server: &str, secret: &str, url: &str) {
    let text = format!(
        r#"
[server]
private_listen = "127.0.0.1:0"
{server}
[server.auth]
header = [{{ name = "Authorization", secret = "{secret}" }}]
[[source]]
name = "shop"
url = "{url}"
lookup = "SELECT id, login, stored FROM users WHERE login = :username"
"#
    );
    let file = folder.join("keyferry.toml");
    fs::write(&file, text).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
}

#[tokio::test]
async fn a_configuration_that_is_kept_well_gives_no_warning() {
    let store = Store::with_users(&[]).await;
    let url = format!("sqlite:{}", store.database().display());
    write(store.path(), "listen = \"127.0.0.1:0\"", GOOD, &url);
    assert_eq!(warnings(store.path()), (vec![], Some(0)));
}

#[tokio::test]
async fn weak_secrets_open_files_and_public_addresses_are_told_and_no_secret_is() {
    let store = Store::with_users(&[]).await;
    let url = format!("sqlite:{}", store.database().display());
    write(store.path(), "listen = \"0.0.0.0:8080\"", "Basic canary-changeme", &url);
    fs::set_permissions(store.path().join("keyferry.toml"), fs::Permissions::from_mode(0o644)).expect("set");
    let (found, code) = warnings(store.path());
    assert_eq!(code, Some(0));
    for (subject, words) in [
        ("keyferry.toml", "server.auth.header[0].secret"),
        ("server.auth header authorization", "openssl rand"),
        ("server.listen", "plain HTTP"),
    ] {
        let told = found.iter().any(|warning| warning.starts_with(subject) && warning.contains(words));
        assert!(told, "{subject}: {found:#?}");
    }
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(!found.concat().contains("canary"));
}

#[tokio::test]
async fn a_secret_s_own_file_that_everybody_may_read_is_told() {
    let store = Store::with_users(&[]).await;
    let secret = store.path().join("secret");
    fs::write(&secret, GOOD).expect("written");
    let url = format!("sqlite:{}", store.database().display());
    write(store.path(), "listen = \"127.0.0.1:0\"", &format!("file:{}", secret.display()), &url);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o604)).expect("set");
    let (found, _) = warnings(store.path());
    assert!(found.len() == 1 && found[0].starts_with("server.auth.header[0].secret:"), "{found:#?}");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("set");
    assert_eq!(warnings(store.path()).0, Vec::<String>::new());
}

/// The warnings of a store on a server: as whoever made it, and as somebody who may only read.
async fn of_accounts(server: &servers::Server, reader: &str, statements: &str) -> [Vec<String>; 2] {
    let url = server.database(USERS).await;
    server.execute(&url, statements).await;
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (_, place) = rest.rsplit_once('@').expect("an account");
    [url.clone(), format!("{scheme}://{reader}:reads-only@{place}")].map(|url| {
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), "listen = \"127.0.0.1:0\"", GOOD, &url);
        let (found, code) = warnings(folder.path());
        assert_eq!(code, Some(0), "{found:#?}");
        found
    })
}

#[tokio::test]
async fn an_account_of_postgresql_that_may_write_is_told_and_a_reader_is_not() {
    let Some(server) = servers::postgres() else { return };
    let [superuser, reader] = of_accounts(
        server,
        "check_reader",
        "CREATE ROLE check_reader LOGIN PASSWORD 'reads-only'; GRANT SELECT ON users TO check_reader; \
         CREATE ROLE check_writer LOGIN PASSWORD 'reads-only'; GRANT SELECT, UPDATE (stored) ON users TO check_writer;",
    )
    .await;
    assert!(superuser.len() == 1 && superuser[0].contains("superuser"), "{superuser:#?}");
    assert_eq!(reader, Vec::<String>::new());
    let [_, writer] =
        of_accounts(server, "check_writer", "GRANT SELECT, UPDATE (stored) ON users TO check_writer;").await;
    assert!(writer.len() == 1 && writer[0].contains("may write (users)"), "{writer:#?}");
}

#[tokio::test]
async fn an_account_of_mariadb_that_may_write_is_told_and_a_reader_is_not() {
    let Some(server) = servers::mariadb() else { return };
    let url = server.database(USERS).await;
    let database = url.rsplit('/').next().expect("a name").to_owned();
    let statements = format!(
        "CREATE USER check_reader@'%' IDENTIFIED BY 'reads-only'; GRANT SELECT ON {database}.* TO check_reader@'%'; \
         CREATE USER check_writer@'%' IDENTIFIED BY 'reads-only'; GRANT SELECT ON {database}.* TO check_writer@'%'; \
         GRANT UPDATE ON {database}.users TO check_writer@'%'; FLUSH PRIVILEGES;"
    );
    server.execute(&url, &statements).await;
    let (_, place) = url.rsplit_once('@').expect("an account");
    for (account, words) in [("check_reader", None), ("check_writer", Some("may write (UPDATE)"))] {
        let folder = TempDir::new().expect("a folder");
        write(
            folder.path(),
            "listen = \"127.0.0.1:0\"",
            GOOD,
            &format!("mysql://{account}:reads-only@{place}"),
        );
        let (found, code) = warnings(folder.path());
        assert_eq!(code, Some(0), "{found:#?}");
        match words {
            None => assert_eq!(found, Vec::<String>::new()),
            Some(words) => assert!(found.len() == 1 && found[0].contains(words), "{found:#?}"),
        }
    }
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "listen = \"127.0.0.1:0\"", GOOD, &url);
    let (found, _) = warnings(folder.path());
    assert!(found.len() == 1 && found[0].contains("superuser"), "{found:#?}");
}
