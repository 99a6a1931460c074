//! HTTP/1.1 by hand: for callers that stop half-way, damage what they send, or must know exactly what became of a call.

#![expect(clippy::unwrap_used, reason = "a fixture that does not stand fails the test")]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::service::{SECRET, payload};

/// Longer than anything should take; only a defect reaches it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether the service has said that it closes the connection.
    pub(crate) last: bool,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn verified(&self) -> bool {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        self.status == 200 && body["commands"][0]["value"]["credential"] == "VERIFIED"
    }
}

/// A hook call, whole.
pub(crate) fn call(secret: &str) -> Vec<u8> {
    let body = payload("alice", "correct horse").to_string();
    format!(
        "POST /okta/password-import HTTP/1.1\r\nHost: hook\r\nAuthorization: {secret}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The head of one that announces a body, and a part of that.
pub(crate) fn half_a_body() -> Vec<u8> {
    let whole = call(SECRET);
    whole[..whole.len() - 100].to_vec()
}

pub(crate) const HALF_A_HEAD: &[u8] = b"POST /okta/password-import HTTP/1.1\r\nHost: hook\r\nX-Slow: ";

/// Connects, and sends this.
pub(crate) async fn connected(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Sends a request and reads the answer to it.
pub(crate) async fn exchange(stream: &mut TcpStream, request: &[u8]) -> io::Result<Answer> {
    stream.write_all(request).await?;
    answer(stream).await
}

/// The next answer; an error where the connection ends before it.
pub(crate) async fn answer(stream: &mut TcpStream) -> io::Result<Answer> {
    tokio::time::timeout(PATIENCE, read(stream)).await.expect("an answer or an end")
}

/// Waits for the end of a connection; what came before it.
pub(crate) async fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
    // One that is closed while we still send is reset.
    let _ = read;
    bytes
}

async fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut bytes).await?;
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let length: usize = field("content-length:").map_or(0, |length| length.parse().unwrap());
    let last = field("connection:") == Some("close");
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    while bytes.len() < head + length {
        more(stream, &mut bytes).await?;
    }
    Ok(Answer { status, last, body: bytes[head..].to_vec() })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(bytes).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
