//! A server that answers each request with the next line of its script, byte for byte, and keeps what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Send these bytes and keep the connection.
    Bytes(Vec<u8>),
    /// Send these bytes and close.
    Last(Vec<u8>),
    /// Close without a word.
    Close,
    /// Never answer.
    Hang,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// `POST /api/v1/users?activate=true`
    pub(super) line: String,
    /// The whole head, in lower case.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Asked {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

#[derive(Default)]
struct State {
    script: VecDeque<Reply>,
    asked: Vec<Asked>,
    connections: usize,
}

/// The server; it stops with the test's runtime.
pub(super) struct Scripted {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

impl Scripted {
    /// Beyond its script it answers 200 and an empty list.
    pub(super) async fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let state = State { script: script.into_iter().collect(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.lock().expect("a lock").connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { url, state }
    }

    /// Adds a line to the script.
    pub(super) fn then(&self, reply: Reply) {
        self.state.lock().expect("a lock").script.push_back(reply);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("a lock").asked.clone()
    }

    /// The request lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().expect("a lock").connections
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    while let Some(asked) = request(&mut stream).await {
        let reply = {
            let mut state = state.lock().expect("a lock");
            state.asked.push(asked);
            state.script.pop_front().unwrap_or_else(|| json(200, "[]"))
        };
        match reply {
            Reply::Bytes(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Last(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Reply::Close => return,
            Reply::Hang => std::future::pending().await,
        }
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(str::parse::<usize>);
    let mut body = vec![0; length.map_or(0, |length| length.expect("a number"))];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { line, head, body })
}

/// An answer with headers of its own.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Reply {
    let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    Reply::Bytes(head.into_bytes())
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &str) -> Reply {
    answer(status, "content-type: application/json\r\n", body)
}

/// Okta's error object.
pub(super) fn error(status: u16, code: &str, summary: &str) -> Reply {
    json(status, &format!(r#"{{"errorCode":"{code}","errorSummary":"{summary}","errorCauses":[]}}"#))
}
