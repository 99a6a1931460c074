//! Programs of other people's, run by Node.js out of `tests/node`: Prism, which holds calls against an API's
//! description, and emulate, an imitation of Okta.
//!
//! `npm ci --prefix tests/node` installs them. A watcher kills each when the test process ends, however it ends.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use crate::servers::{missing, watched};

/// Far longer than any start takes; reached only where something is broken.
const START_LIMIT: Duration = Duration::from_mins(2);
/// The first version that has `crypto` without being asked for it.
const WITH_CRYPTO: u32 = 20;

/// A running program. Dropped, it is killed.
pub(crate) struct Program {
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
    /// The line that told that it is ready.
    pub(crate) ready: String,
}

impl Program {
    /// Starts the script of a package with these arguments, and waits until it says that it is ready; `None`, and a
    /// loud word, where Node.js or the package is not installed.
    pub(crate) fn start(script: &str, arguments: &[&str], ready: &str) -> Option<Self> {
        let script = folder().join("node_modules").join(script);
        let Some(version) = node_version() else {
            return missing("Node.js is not installed: install it (nodejs, npm) to run this test");
        };
        if !script.is_file() {
            return missing("the packages are not installed: npm ci --prefix tests/node --ignore-scripts");
        }
        let mut words = vec!["sh", "-c", "exec \"$@\" 2>&1", "sh", "node"];
        if version < WITH_CRYPTO {
            words.push("--experimental-global-webcrypto");
        }
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        words.push(script.to_str().expect("a path of text").to_owned());
        words.extend(arguments.iter().map(|word| (*word).to_owned()));
        let mut command = watched("KILL", OsStr::new(""), &words);
        for name in ["NODE_ENV", "NODE_OPTIONS", "HTTP_PROXY", "http_proxy", "FORCE_COLOR"] {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("sh starts");
        let said = process.stdout.take().expect("it is piped");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = mpsc::channel();
        let (kept, ready) = (Arc::clone(&log), ready.to_owned());
        // Reads on to the end, since a program whose words nobody reads would stop.
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if line.contains(&ready) {
                    let _ = sender.send(line.clone());
                }
                kept.lock().expect("nobody panicked here").push(line);
            }
        });
        let mut this = Self { process, log, ready: String::new() };
        match receiver.recv_timeout(START_LIMIT) {
            Ok(line) => this.ready = line,
            Err(error) => panic!("{} did not start: {error}\n{}", script.display(), this.log()),
        }
        Some(this)
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nobody panicked here").join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node")
}

/// The first number of the installed version.
pub(crate) fn node_version() -> Option<u32> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}
