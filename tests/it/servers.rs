//! Real PostgreSQL and MariaDB servers, started from installed binaries in a temporary folder on a free port.
//!
//! One server of each kind serves all tests of the process; each test makes a database of its own in it. Tests of
//! outages start a private server, which can crash and come back. A watcher shell kills every server when the test
//! process ends, however it ends. Readiness is read from the server's own log, so nothing sleeps or polls.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on shall fail, and one that is left out shall say so"
)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, PgConnection};
use tempfile::TempDir;

/// User and password that the servers know.
const USER: &str = "keyferry";
const PASSWORD: &str = "k3y/ferry";

/// Far longer than any start takes; reached only where something is broken.
const START_LIMIT: Duration = Duration::from_mins(2);

/// The watcher: runs the server, waits until its own input closes, kills the server, removes the folder if told.
const WATCHER: &str = r#"
trap '' INT HUP TERM
signal=$1; remove=$2; shift 2
"$@" </dev/null &
server=$!
exec 2>/dev/null
read -r _ || true
kill -s "$signal" $server
wait $server
[ -z "$remove" ] || rm -rf -- "$remove"
"#;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
}

/// A running server. Dropped, it is killed.
pub(crate) struct Server {
    kind: Kind,
    port: u16,
    folder: PathBuf,
    /// Where the watcher removes the folder, it outlives this process.
    shared: bool,
    process: Mutex<Option<Child>>,
    _private_folder: Option<TempDir>,
}

/// The PostgreSQL server of this test process; `None`, and a loud word, where it is not installed.
pub(crate) fn postgres() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::launch(Kind::Postgres, true)).as_ref()
}

/// The MariaDB server of this test process; `None`, and a loud word, where it is not installed.
pub(crate) fn mariadb() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| Server::launch(Kind::MariaDb, true)).as_ref()
}

/// A server for one test alone, which may stop and start it.
pub(crate) fn private(kind: Kind) -> Option<Server> {
    Server::launch(kind, false)
}

impl Server {
    fn launch(kind: Kind, shared: bool) -> Option<Self> {
        let Some(programs) = Programs::find(kind) else {
            return missing(&format!("{kind:?} is not installed: install it to run this test"));
        };
        let folder = tempfile::Builder::new().prefix("keyferry-server-").tempdir().expect("a folder");
        programs.account.own(folder.path());
        programs.initialize(folder.path());
        let (folder, private_folder) =
            if shared { (folder.keep(), None) } else { (folder.path().to_owned(), Some(folder)) };
        let server = Self {
            kind,
            port: free_port(),
            folder,
            shared,
            process: Mutex::new(None),
            _private_folder: private_folder,
        };
        server.start();
        Some(server)
    }

    /// The URL of a database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        let scheme = match self.kind {
            Kind::Postgres => "postgres",
            Kind::MariaDb => "mysql",
        };
        let password = PASSWORD.replace('/', "%2F");
        format!("{scheme}://{USER}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// A new database, filled by these statements; gives its URL.
    pub(crate) async fn database(&self, statements: &str) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let (first, encoding) = match self.kind {
            Kind::Postgres => ("postgres", ""),
            Kind::MariaDb => ("mysql", "CHARACTER SET utf8mb4"),
        };
        self.execute(&self.url(first), &format!("CREATE DATABASE {name} {encoding}")).await;
        let url = self.url(&name);
        self.execute(&url, statements).await;
        url
    }

    /// Runs statements in a database.
    pub(crate) async fn execute(&self, url: &str, statements: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(statements));
        match self.kind {
            Kind::Postgres => {
                let mut connection = PgConnection::connect(url).await.expect("the server answers");
                sql.execute(&mut connection).await.expect("good SQL");
                connection.close().await.expect("closed");
            }
            Kind::MariaDb => {
                let mut connection = MySqlConnection::connect(url).await.expect("the server answers");
                sql.execute(&mut connection).await.expect("good SQL");
                connection.close().await.expect("closed");
            }
        }
    }

    /// Crashes the server: connections break, new ones are refused.
    pub(crate) fn stop(&self) {
        let child = self.process.lock().expect("no test panicked here").take();
        if let Some(mut child) = child {
            drop(child.stdin.take());
            child.wait().expect("the watcher ends");
        }
    }

    /// Starts it again, on the same port with the same data.
    pub(crate) fn start(&self) {
        let programs = Programs::find(self.kind).expect("it was there before");
        let signal = match self.kind {
            // Its children notice a killed parent only later and would keep the port's data busy.
            Kind::Postgres => "QUIT",
            Kind::MariaDb => "KILL",
        };
        let remove = if self.shared { self.folder.as_os_str() } else { OsStr::new("") };
        let mut command = watched(signal, remove, &programs.server(&self.folder, self.port));
        command.env("LC_ALL", "C").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("sh starts");
        let log = child.stderr.take().expect("it is piped");
        wait_until_ready(log, self.kind);
        *self.process.lock().expect("no test panicked here") = Some(child);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a test needs and this machine does not have: said loudly, and a failure where everything must run.
pub(crate) fn missing<T>(message: &str) -> Option<T> {
    assert!(std::env::var("CI").map_or(true, |ci| ci != "true"), "{message}");
    eprintln!("SKIPPED: {message}");
    None
}

/// The command that runs these words until its own input closes, which it does when this process ends, however it
/// ends. Then it sends them this signal, and removes the folder, if there is one.
pub(crate) fn watched(signal: &str, remove: &OsStr, words: &[String]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(WATCHER).arg("watcher").arg(signal).arg(remove).args(words);
    command.current_dir("/").stdin(Stdio::piped());
    command
}

fn wait_until_ready(log: ChildStderr, kind: Kind) {
    let ready = match kind {
        Kind::Postgres => "ready to accept connections",
        Kind::MariaDb => "ready for connections",
    };
    let (sender, receiver) = mpsc::channel();
    // Reads on to the end, since a server whose log nobody reads would stop.
    std::thread::spawn(move || {
        let mut said = Vec::new();
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if line.contains(ready) {
                let _ = sender.send(Ok(()));
                said.clear();
            } else if said.len() < 100 {
                said.push(line);
            }
        }
        let _ = sender.send(Err(said.join("\n")));
    });
    match receiver.recv_timeout(START_LIMIT) {
        Ok(Ok(())) => {}
        Ok(Err(said)) => panic!("{kind:?} did not start:\n{said}"),
        Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
            panic!("{kind:?} was not ready in time")
        }
    }
}

/// A port below those that the system hands out by itself, so that nobody takes it while a server is down.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let base = std::process::id().wrapping_mul(31);
    loop {
        let offset = base.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 15_000;
        let port = 15_000 + u16::try_from(offset).expect("below 15000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The installed programs of a kind, and the account to run them under.
struct Programs {
    kind: Kind,
    initialize: PathBuf,
    server: PathBuf,
    account: Account,
}

impl Programs {
    fn find(kind: Kind) -> Option<Self> {
        let (initialize, server, account) = match kind {
            Kind::Postgres => (program(&["initdb"])?, program(&["postgres"])?, "postgres"),
            Kind::MariaDb => (
                program(&["mariadb-install-db", "mysql_install_db"])?,
                program(&["mariadbd", "mysqld"])?,
                "mysql",
            ),
        };
        Some(Self { kind, initialize, server, account: Account::for_server(account) })
    }

    fn initialize(&self, folder: &Path) {
        let secrets = folder.join("secrets");
        let mut words = self.account.prefix();
        words.push(self.initialize.display().to_string());
        let data = folder.join("data");
        match self.kind {
            Kind::Postgres => {
                std::fs::write(&secrets, PASSWORD).expect("written");
                words.extend(
                    ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
                        .map(str::to_owned),
                );
                words.push(format!("--username={USER}"));
                words.push(format!("--pwfile={}", secrets.display()));
                words.push(format!("--pgdata={}", data.display()));
            }
            Kind::MariaDb => {
                let user = format!(
                    "CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n\
                     GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
                );
                std::fs::write(&secrets, user).expect("written");
                words.extend(
                    [
                        "--no-defaults",
                        "--skip-test-db",
                        "--skip-name-resolve",
                        "--auth-root-authentication-method=normal",
                        "--innodb-flush-method=nosync",
                        "--innodb-doublewrite=0",
                    ]
                    .map(str::to_owned),
                );
                words.push(format!("--datadir={}", data.display()));
                // A server that starts clears away what others have in a folder for temporary tables.
                words.push(format!("--tmpdir={}", folder.display()));
            }
        }
        self.account.own(&secrets);
        let (first, rest) = words.split_first().expect("at least the program");
        let output =
            Command::new(first).args(rest).env("LC_ALL", "C").current_dir("/").output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?} cannot be set up: {said}", self.kind);
    }

    /// The command line of the server. Nothing is flushed to disk: the data need not survive the machine.
    fn server(&self, folder: &Path, port: u16) -> Vec<String> {
        let folder = folder.display();
        let mut words = self.account.prefix();
        words.push(self.server.display().to_string());
        let options = match self.kind {
            Kind::Postgres => vec![
                "-D".to_owned(),
                format!("{folder}/data"),
                "-p".to_owned(),
                port.to_string(),
                "-k".to_owned(),
                folder.to_string(),
                "-h".to_owned(),
                "127.0.0.1".to_owned(),
                "-F".to_owned(),
                "-c".to_owned(),
                "shared_buffers=32MB".to_owned(),
                "-c".to_owned(),
                "max_connections=200".to_owned(),
            ],
            Kind::MariaDb => vec![
                "--no-defaults".to_owned(),
                format!("--datadir={folder}/data"),
                format!("--tmpdir={folder}"),
                format!("--socket={folder}/socket"),
                format!("--pid-file={folder}/pid"),
                format!("--port={port}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--init-file={folder}/secrets"),
                "--skip-name-resolve".to_owned(),
                "--skip-log-bin".to_owned(),
                "--innodb-buffer-pool-size=64M".to_owned(),
                "--innodb-flush-method=nosync".to_owned(),
                "--innodb-flush-log-at-trx-commit=2".to_owned(),
                "--innodb-doublewrite=0".to_owned(),
            ],
        };
        words.extend(options);
        words
    }
}

/// The account that a server runs under: servers refuse to run as root.
struct Account(Option<(String, u32, u32)>);

impl Account {
    fn for_server(name: &str) -> Self {
        let we_are_root = std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
        if !we_are_root {
            return Self(None);
        }
        let name = if id("-u", name).is_some() { name } else { "nobody" };
        let user = id("-u", name).expect("every system has nobody");
        let group = id("-g", name).expect("every user has a group");
        Self(Some((name.to_owned(), user, group)))
    }

    fn prefix(&self) -> Vec<String> {
        let Some((_, user, group)) = &self.0 else { return Vec::new() };
        vec![
            "setpriv".to_owned(),
            format!("--reuid={user}"),
            format!("--regid={group}"),
            "--clear-groups".to_owned(),
            "--".to_owned(),
        ]
    }

    fn own(&self, path: &Path) {
        if let Some((_, user, group)) = &self.0 {
            chown(path, Some(*user), Some(*group)).expect("root may give files away");
        }
    }
}

fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The first of these programs that is installed: on the path, or where Debian keeps PostgreSQL's.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/bin", "/usr/local/sbin"].map(PathBuf::from));
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

#[tokio::test]
async fn servers_crash_and_come_back_with_their_data() {
    for kind in [Kind::Postgres, Kind::MariaDb] {
        let Some(server) = private(kind) else { continue };
        let url = server.database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)").await;
        server.stop();
        assert!(std::net::TcpStream::connect(("127.0.0.1", server.port)).is_err());
        server.start();
        server.execute(&url, "INSERT INTO t VALUES (2)").await;
    }
}
