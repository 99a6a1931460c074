//! Starts the real binary on free ports over a store in a temporary folder, and speaks HTTP with it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

/// The header that lets a call in.
pub(crate) const SECRET: &str = "Basic a2V5ZmVycnk6dGVzdA==";
/// Longer than any start or answer should take; only a defect reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running service. Killed when dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) public: SocketAddr,
    pub(crate) private: SocketAddr,
    log: Arc<Mutex<String>>,
    /// Gives the pipe back, so that it stays open as long as the service is held.
    reader: Option<JoinHandle<Lines<BufReader<ChildStderr>>>>,
    pub(crate) client: reqwest::Client,
}

/// A temporary folder with a SQLite store and a configuration.
pub(crate) struct Store {
    pub(crate) folder: TempDir,
}

impl Store {
    /// A `users` table with these rows: id, login, stored value, active.
    pub(crate) async fn with_users(rows: &[(i64, &str, &str, bool)]) -> Self {
        let store = Self { folder: TempDir::new().expect("a temporary folder") };
        store
            .execute("CREATE TABLE users (id INTEGER PRIMARY KEY, login TEXT, stored TEXT, active INTEGER)")
            .await;
        for (id, login, stored, active) in rows {
            let insert =
                format!("INSERT INTO users VALUES ({id}, '{login}', '{stored}', {})", i32::from(*active));
            store.execute(&insert).await;
        }
        store
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.path().join("shop.db")
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let options = SqliteConnectOptions::new().filename(self.database()).create_if_missing(true);
        let mut connection = options.connect().await.expect("the store opens");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .expect("the statement runs");
    }

    /// A configuration over this store. `server` goes into `[server]`, `rest` to the end.
    pub(crate) fn configuration(&self, server: &str, rest: &str) -> String {
        let mut text = String::new();
        let folder = self.path().display();
        write!(
            text,
            r#"
[server]
listen = "127.0.0.1:0"
private_listen = "127.0.0.1:0"
{server}
[server.auth]
header = [
  {{ name = "Authorization", secret = "{SECRET}" }},
  {{ name = "Authorization", secret = "the next secret" }},
]
[ledger]
url = "sqlite:{folder}/ledger.db"
[log]
format = "json"
level = "trace"
[[source]]
name = "shop"
url = "sqlite:{folder}/shop.db"
lookup = "SELECT id, login, stored, active FROM users WHERE lower(login) = lower(:username)"
users = "SELECT id, login, stored, active FROM users WHERE id > :after ORDER BY id LIMIT :limit"
[source.username]
trim = true
lowercase = true
default_domain = "example.com"
{rest}
"#
        )
        .expect("written");
        text
    }

    pub(crate) fn start(&self, server: &str, rest: &str) -> Service {
        Service::start(self.path(), &self.configuration(server, rest))
    }
}

impl Service {
    /// Starts `serve` in a folder with a configuration whose two ports are 0, and waits until it listens.
    pub(crate) fn start(folder: &Path, configuration: &str) -> Self {
        Self::start_and_read(folder, configuration, usize::MAX)
    }

    /// The same with a reader of the log that stalls after so many lines, and keeps the pipe open.
    pub(crate) fn start_and_read(folder: &Path, configuration: &str, lines: usize) -> Self {
        Self::start_with(folder, configuration, lines, &[])
    }

    /// The same with further arguments of `serve`.
    pub(crate) fn start_with(folder: &Path, configuration: &str, lines: usize, arguments: &[&str]) -> Self {
        std::fs::write(folder.join("keyferry.toml"), configuration).expect("the configuration is written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyferry"))
            .arg("serve")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("keyferry starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let log = Arc::new(Mutex::new(String::new()));
        let (found, addresses) = mpsc::channel();
        let reader = thread::spawn({
            let log = Arc::clone(&log);
            move || {
                let mut stderr = stderr.lines();
                for line in stderr.by_ref().take(lines).map_while(Result::ok) {
                    if let Some(address) = listening(&line) {
                        let _ = found.send(address);
                    }
                    let mut log = log.lock().expect("not poisoned");
                    log.push_str(&line);
                    log.push('\n');
                }
                stderr
            }
        });
        let next = || {
            addresses
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no listener: {}", log.lock().expect("log")))
        };
        let (public, private) = (next(), next());
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        Self { child, public, private, log, reader: Some(reader), client }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/okta/password-import", self.public)
    }

    /// Calls the hook as Okta does.
    pub(crate) async fn call(&self, username: &str, password: &str) -> (u16, Value) {
        self.call_with(SECRET, &payload(username, password)).await
    }

    pub(crate) async fn call_with(&self, secret: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(self.url()).header("Authorization", secret).json(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// `VERIFIED` or `UNVERIFIED`.
    pub(crate) async fn verdict(&self, username: &str, password: &str) -> String {
        let (status, body) = self.call(username, password).await;
        assert_eq!(status, 200, "{body}");
        body["commands"][0]["value"]["credential"].as_str().expect("a credential").to_owned()
    }

    pub(crate) async fn private(&self, path: &str) -> (u16, String) {
        let answer =
            self.client.get(format!("http://{}{path}", self.private)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    /// The value of a metric by the beginning of its line, or 0 where there is none.
    pub(crate) async fn metric(&self, beginning: &str) -> f64 {
        let (_, text) = self.private("/metrics").await;
        let line = text.lines().find(|line| line.starts_with(beginning));
        line.and_then(|line| line.rsplit(' ').next()).map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The same, once all connections of this client are closed and the service has noticed.
    pub(crate) async fn without_connections(mut self) -> (u32, Self) {
        self.client =
            reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
        // Whoever answers this has seen the end of what came before on the other connections.
        for _ in 0..20 {
            self.private("/healthz").await;
        }
        (self.child.id(), self)
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("not poisoned").clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the end, after a signal. The exit code and the whole log.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        self.reader.take().expect("once").join().expect("the log is read");
        (status, self.log())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Okta's payload, after its reference.
pub(crate) fn payload(username: &str, password: &str) -> Value {
    json!({
        "eventId": "3o9jBzq1SmOGmmsDsqyyeQ",
        "eventTime": "2020-01-17T21:23:56.000Z",
        "eventType": "com.okta.user.credential.password.import",
        "eventTypeVersion": "1.0",
        "contentType": "application/json",
        "cloudEventVersion": "0.1",
        "source": "https://example.okta.com/api/v1/inlineHooks/cal2xd5phv9fsPLcF0g7",
        "data": {
            "context": {
                "request": {
                    "id": "XiIl6wn7005Rr@fjYqeC7AAABxw",
                    "method": "POST",
                    "url": {"value": "/api/v1/authn"},
                    "ipAddress": "66.124.153.138"
                },
                "credential": {"username": username, "password": password}
            },
            "action": {"credential": "UNVERIFIED"}
        }
    })
}

fn listening(line: &str) -> Option<SocketAddr> {
    let event: Value = serde_json::from_str(line).ok()?;
    event.get("listen")?.as_str()?.parse().ok()
}
