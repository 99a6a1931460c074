//! The dashboard in a real Chromium, driven by `tests/node/dashboard.mjs`. The pictures it takes stay in
//! `target/dashboard`. Chromium is Debian's package `chromium`; `npm ci --prefix tests/node --ignore-scripts` brings the
//! rest.

use std::io::{BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{PHPASS, RIGHT, TOKEN, sample};
use crate::node::{folder, node_version};
use crate::servers::missing;
use crate::service::{SECRET, Service, Store};

/// Where Chromium and its like are called so.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// What the script does with the page, and with the service that it asks for.
struct Play {
    process: Child,
}

impl Drop for Play {
    fn drop(&mut self) {
        // Its input closes, and with it the script and its browser.
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn chromium() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .find_map(|path| NAMES.iter().map(|name| path.join(name)).find(|file| file.is_file()));
    if found.is_none() {
        return missing("Chromium is not installed: install it (chromium) to run this test");
    }
    if node_version().is_none() {
        return missing("Node.js is not installed: install it (nodejs, npm) to run this test");
    }
    if !folder().join("node_modules/puppeteer-core").is_dir() {
        return missing("the packages are not installed: npm ci --prefix tests/node --ignore-scripts");
    }
    found
}

/// Runs a play to its end over the service behind this scene; `answer` does what the script asks for.
async fn play(name: &str, chromium: &Path, scene: &Scene, answer: impl AsyncFnMut(&str) -> Value) {
    let scene = json!({
        "play": name,
        "chromium": chromium,
        "url": format!("http://{}", scene.private),
        "hook": format!("http://{}/okta/password-import", scene.public),
        "secret": SECRET,
        "token": TOKEN,
        "newcomer": ["newcomer@example.com", RIGHT],
        "pictures": Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dashboard"),
    });
    let mut command = Command::new("node");
    command.arg(folder().join("dashboard.mjs")).arg(scene.to_string());
    for name in ["NODE_ENV", "NODE_OPTIONS", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    follow(Play { process: command.spawn().expect("Node.js starts") }, name, answer).await;
}

async fn follow(mut play: Play, name: &str, mut answer: impl AsyncFnMut(&str) -> Value) {
    let said = BufReader::new(play.process.stdout.take().expect("a pipe"));
    let errors = BufReader::new(play.process.stderr.take().expect("a pipe"));
    let errors = std::thread::spawn(move || errors.lines().map_while(Result::ok).collect::<Vec<_>>());
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut told = Vec::new();
    while let Some(line) = lines.recv().await {
        if let Some(what) = line.strip_prefix("ask ") {
            let answer = answer(what).await;
            let input = play.process.stdin.as_mut().expect("a pipe");
            writeln!(input, "{answer}").expect("it listens");
        } else {
            told.push(line);
        }
    }
    let status = play.process.wait().expect("it ends");
    let errors = errors.join().expect("read").join("\n");
    assert!(status.success(), "{name}:\n{}\n{errors}", told.join("\n"));
    assert!(!told.is_empty(), "{name} has checked nothing");
}

/// Where the service listens.
struct Scene {
    public: SocketAddr,
    private: SocketAddr,
}

impl Scene {
    fn of(service: &Service) -> Self {
        Self { public: service.public, private: service.private }
    }
}

#[tokio::test]
async fn a_full_page_is_right_live_and_open_to_everybody() {
    let Some(chromium) = chromium() else { return };
    let logins: Vec<String> = (1..=60).map(|id| format!("user{id}@example.com")).collect();
    let logins = logins.iter().map(String::as_str).chain(["newcomer@example.com"]);
    let rows: Vec<(i64, &str, &str, bool)> =
        (1..).zip(logins).map(|(id, login)| (id, login, PHPASS, true)).collect();
    let store = Store::with_users(&rows).await;
    sample::fill(&store.path().join("ledger.db")).await;
    let service = store.start("", "");
    let scene = Scene::of(&service);
    for (id, login, ..) in rows.iter().take(60) {
        service.verdict(login, if id % 7 == 0 { "a wrong password" } else { RIGHT }).await;
    }
    while service.metric("keyferry_ledger_written_total").await < 60.0 {}

    let same_addresses = store
        .configuration("", "")
        .replacen("127.0.0.1:0", &scene.public.to_string(), 1)
        .replacen("127.0.0.1:0", &scene.private.to_string(), 1);
    let mut running = Some(service);
    play("full", &chromium, &scene, async |what| {
        match what {
            "status" => return status(&store),
            "break source" => store.execute("ALTER TABLE users RENAME TO gone").await,
            "mend source" => store.execute("ALTER TABLE gone RENAME TO users").await,
            "stop" => {
                let service = running.take().expect("it runs");
                service.signal("TERM");
                assert!(service.wait().0.success());
            }
            "start" => running = Some(Service::start(store.path(), &same_addresses)),
            other => panic!("what is {other}?"),
        }
        Value::Null
    })
    .await;
}

/// What `keyferry status --json` says.
fn status(store: &Store) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_keyferry"))
        .args(["status", "--json"])
        .current_dir(store.path())
        .output()
        .expect("it runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

async fn asks_nothing(what: &str) -> Value {
    panic!("what is {what}?")
}

#[tokio::test]
async fn an_empty_page_says_what_to_do_next() {
    let Some(chromium) = chromium() else { return };
    let store = Store::with_users(&[]).await;
    let service = store.start("", "");
    play("empty", &chromium, &Scene::of(&service), asks_nothing).await;
}

#[tokio::test]
async fn a_token_lets_in_by_a_form() {
    let Some(chromium) = chromium() else { return };
    let store = Store::with_users(&[]).await;
    let service = store.start("", &format!("[server.dashboard]\ntoken = \"{TOKEN}\""));
    play("guarded", &chromium, &Scene::of(&service), asks_nothing).await;
}
