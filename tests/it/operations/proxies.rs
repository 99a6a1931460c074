//! What stands in front of keyferry: nginx and Caddy with the configurations that are shipped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use super::{file, store, succeeds, tool, top};
use crate::servers::free_port;
use crate::service::{SECRET, payload};

#[test]
fn caddy_takes_its_file() {
    let Some(caddy) = tool("caddy", "caddy") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let logs = folder.path().to_str().expect("text");
    let text = file("deploy/caddy/Caddyfile").replace("/var/log/caddy", logs);
    assert!(text.contains("request>headers delete"), "the log would hold the secret");
    let path = folder.path().join("Caddyfile");
    fs::write(&path, text).expect("written");
    let output = Command::new(caddy)
        .args(["validate", "--adapter", "caddyfile", "--config"])
        .arg(&path)
        .env("HOME", folder.path())
        .output()
        .expect("it runs");
    succeeds(&output);
}

/// An nginx with the shipped configuration, in one process, between the test and these upstreams. Killed when dropped.
struct Nginx {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
    log: BufReader<ChildStderr>,
}

/// The shipped configuration in a folder, with `server` and `listen` lines replaced.
fn nginx_folder(server: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text");
    let key = rcgen::generate_simple_self_signed(["keyferry.example.com".to_owned()]).expect("a certificate");
    fs::write(folder.path().join("keyferry.crt"), key.cert.pem()).expect("written");
    fs::write(folder.path().join("keyferry.key"), key.signing_key.serialize_pem()).expect("written");
    let text = file("deploy/nginx/keyferry.conf")
        .replace("/etc/nginx/tls", path)
        .replace("/var/log/nginx", path)
        .replace("/etc/nginx/keyferry-proxy.conf", &format!("{path}/keyferry-proxy.conf"));
    fs::write(folder.path().join("keyferry.conf"), server(text)).expect("written");
    fs::copy(top().join("deploy/nginx/keyferry-proxy.conf"), folder.path().join("keyferry-proxy.conf"))
        .expect("copied");
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
        .concat();
    let main = format!(
        "pid {path}/pid;\nerror_log stderr notice;\nmaster_process off;\ndaemon off;\nevents {{}}\n\
         http {{\n{temporary}include {path}/keyferry.conf;\n}}\n"
    );
    fs::write(folder.path().join("nginx.conf"), main).expect("written");
    folder
}

impl Nginx {
    fn start(program: &Path, upstreams: &[SocketAddr]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let servers: Vec<String> =
            upstreams.iter().map(|upstream| format!("server {upstream} max_fails=0;\n")).collect();
        let folder = nginx_folder(|text| {
            let mut plain = String::new();
            for line in text.lines().filter(|line| !line.contains("ssl_") && !line.contains("[::]")) {
                plain.push_str(&line.replace("listen 443 ssl", &format!("listen {address}")));
                plain.push('\n');
            }
            plain.replacen("server 127.0.0.1:8080 max_fails=0;", &servers.concat(), 1)
        });
        let mut child = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nginx starts");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
        // Written when its sockets listen.
        let mut seen = String::new();
        while !seen.contains("event method") {
            assert_ne!(log.read_line(&mut seen).expect("a log"), 0, "nginx has ended: {seen}");
        }
        Self { child, address, folder, log }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Ends it; everything that it logged, errors and accesses.
    fn ended(mut self) -> String {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
        let mut log = String::new();
        self.log.read_to_string(&mut log).expect("a log");
        log + &fs::read_to_string(self.folder.path().join("keyferry.log")).expect("a log")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A replica that is always too busy, and counts its calls.
fn busy_replica() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = BufReader::new(stream.try_clone().expect("a stream"));
            let (mut line, mut length) = (String::new(), 0);
            while head.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let _ = head.read_exact(&mut body);
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            );
        }
    });
    (address, calls)
}

#[test]
fn nginx_takes_the_configuration_as_it_is_shipped() {
    let Some(nginx) = tool("nginx", "nginx-light") else { return };
    let folder = nginx_folder(|text| text);
    let output =
        Command::new(nginx).arg("-t").arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]).output();
    succeeds(&output.expect("it runs"));
}

#[tokio::test]
async fn through_nginx_a_call_reaches_the_replica_that_has_time_and_nothing_else_passes() {
    let Some(program) = tool("nginx", "nginx-light") else { return };
    let store = store().await;
    let service = store.start("", "");
    let (busy, turned_away) = busy_replica();
    let nginx = Nginx::start(&program, &[busy, service.public]);
    let hook = nginx.url("/okta/password-import");
    let call = async |url: &str, body: String| {
        let request = service.client.post(url).header("Authorization", SECRET);
        let answer = request.header("Content-Type", "application/json").body(body).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    for _ in 0..6 {
        let (status, body) = call(&hook, payload("ada", "password").to_string()).await;
        assert!(status == 200 && body.contains("\"VERIFIED\""), "{status} {body}");
    }
    assert!(turned_away.load(Ordering::SeqCst) > 0, "the busy replica was asked, and another one after it");
    // As large as keyferry takes it, in memory all the way.
    let mut large = payload("ada", "password");
    large["data"]["padding"] = Value::from("x".repeat(60_000));
    let (status, body) = call(&hook, large.to_string()).await;
    assert!(status == 200 && body.contains("\"VERIFIED\""), "{status} {body}");
    large["data"]["padding"] = Value::from("x".repeat(70_000));
    assert_eq!(call(&hook, large.to_string()).await.0, 413);
    for path in ["/metrics", "/healthz", "/", "/okta/password-import/"] {
        assert_eq!(call(&nginx.url(path), "{}".to_owned()).await.0, 404, "{path}");
    }
    let answer = service.client.get(&hook).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 403);
    let log = nginx.ended();
    assert!(log.contains("POST /okta/password-import"), "{log}");
    assert!(!log.contains("temporary file"), "a body was written to disk: {log}");
    for secret in [SECRET, "password\"", "ada"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
