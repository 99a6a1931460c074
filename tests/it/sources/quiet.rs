//! Nothing of a user, a stored value or a URL may come into a log, at whatever level.

use std::io::Write;
use std::sync::Mutex;

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::servers;

/// Keeps all that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panicked here").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_of_a_user_is_logged_at_the_finest_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let statements = "CREATE TABLE p (id BIGINT PRIMARY KEY, login VARCHAR(50), hash VARCHAR(50));
        INSERT INTO p VALUES (1, 'canary-name', 'canary-hash');";
    let (_folder, url) = sqlite::store(statements).await;
    let mut urls = vec![url];
    for server in [servers::postgres(), servers::mariadb()].into_iter().flatten() {
        urls.push(server.database(statements).await);
    }
    let guard = tracing::subscriber::set_default(subscriber);
    tracing::trace!("the log works");
    for url in urls {
        let source = source(
            &url,
            "SELECT id, login, hash AS stored FROM p WHERE login = :username",
            "SELECT id, login, hash AS stored FROM p WHERE id > :after ORDER BY id LIMIT :limit",
        );
        let record = found(source.as_ref(), "canary-name").await;
        assert!(!format!("{:?}", record.stored).contains("canary"));
        assert_eq!(ids(source.as_ref(), Some("stored = 'canary-hash'")).await, ["1"]);
        for lookup in [
            "SELECT 1 AS id, 'x' AS stored FROM p WHERE CAST(hash AS DECIMAL) = 5 AND login = :username",
            "SELECT id, hash AS stored, broken FROM p WHERE login = :username",
        ] {
            let broken = open(settings(&url, lookup, None)).expect("good settings");
            assert!(!outcome(broken.as_ref(), "canary-name").await.contains("canary"));
        }
        source.close().await;
    }
    drop(guard);
    let logged = String::from_utf8(log.0.lock().expect("no test panicked here").clone()).expect("text");
    assert!(logged.contains("the log works"));
    for secret in ["canary", "k3y"] {
        assert!(
            !logged.contains(secret),
            "{}",
            logged.lines().find(|line| line.contains(secret)).unwrap_or("")
        );
    }
}
