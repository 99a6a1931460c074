//! The legacy database dies and comes back under the running service.
//!
//! The stored value was made by Python's bcrypt 5.0.0, see `hook.rs`.

use crate::servers::{self, Kind};
use crate::service::{SECRET, Service};

const HORSE: &str = "$2a$04$6lkD33oAaE7Ql569WpY1reOvbUrkOL4a/B7AD5ZpcHgt3gGrfO/jq";

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
name = "shop"
url = "{url}"
lookup = "SELECT id, login, stored FROM users WHERE login = :username"
"#
    )
}

async fn dies_and_comes_back(kind: Kind) {
    let Some(server) = servers::private(kind) else { return };
    let fill = format!(
        "CREATE TABLE users (id int PRIMARY KEY, login varchar(100), stored varchar(100)); \
         INSERT INTO users VALUES (1, 'alice', '{HORSE}');"
    );
    let url = server.database(&fill).await;
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start(folder.path(), &configuration(&url));
    assert_eq!(service.verdict("alice", "correct horse").await, "VERIFIED");
    // Several connections are open when the server dies.
    let calls = (0..8).map(|_| service.verdict("alice", "correct horse"));
    assert!(futures_util::future::join_all(calls).await.iter().all(|verdict| verdict == "VERIFIED"));

    server.stop();
    let calls = (0..16).map(|_| service.call("alice", "correct horse"));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|(status, _)| *status == 503), "{answers:?}");
    let (status, text) = service.private("/readyz").await;
    assert_eq!(status, 503);
    assert!(
        !text.contains("password") && !text.contains(url.split('@').next().expect("credentials")),
        "{text}"
    );
    assert_eq!(service.private("/healthz").await.0, 200);

    server.start();
    // At once and without a restart, every call and every pooled connection.
    let calls = (0..16).map(|_| service.verdict("alice", "correct horse"));
    assert!(futures_util::future::join_all(calls).await.iter().all(|verdict| verdict == "VERIFIED"));
    assert_eq!(service.verdict("alice", "wrong").await, "UNVERIFIED");
    assert_eq!(service.private("/readyz").await.0, 200);
    let log = service.log();
    assert_eq!(log.matches("the source does not answer").count(), 1, "an outage is told once:\n{log}");
    assert_eq!(log.matches("the source answers again").count(), 1, "{log}");
}

#[tokio::test]
async fn postgresql_dies_and_comes_back() {
    dies_and_comes_back(Kind::Postgres).await;
}

#[tokio::test]
async fn mariadb_dies_and_comes_back() {
    dies_and_comes_back(Kind::MariaDb).await;
}
