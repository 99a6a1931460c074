//! What the benchmarks that call a hook share: the request as Okta sends it, the reading of an answer, and what the
//! system knows of a process.

use std::fs;

/// The header value that every measured service expects.
pub(crate) const SECRET: &str = "Basic a2V5ZmVycnk6dGVzdA==";

/// Clock ticks a second in `/proc/PID/stat` on Linux.
const TICKS: f64 = 100.0;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// One call of the hook, head and body. Neither name nor password may need escaping in JSON.
pub(crate) fn request(path: &str, username: &str, password: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"eventId":"3o9jBzq1SmOGmmsDsqyyeQ","eventTime":"2020-01-17T21:23:56.000Z","eventType":"com.okta.user.credential.password.import","eventTypeVersion":"1.0","contentType":"application/json","cloudEventVersion":"0.1","source":"https://example.okta.com/api/v1/inlineHooks/cal2xd5phv9fsPLcF0g7","data":{{"context":{{"request":{{"id":"XiIl6wn7005Rr@fjYqeC7AAABxw","method":"POST","url":{{"value":"/api/v1/authn"}},"ipAddress":"66.124.153.138"}},"credential":{{"username":"{username}","password":"{password}"}}}},"action":{{"credential":"UNVERIFIED"}}}}}}"#
    );
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: hook\r\nContent-Type: application/json\r\n\
         Authorization: {SECRET}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// An answer of a hook, as far as it matters.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What the body says, if it says one of the two.
    pub(crate) verified: Option<bool>,
    /// Whether the connection may carry another call.
    pub(crate) kept: bool,
}

/// The answer that these bytes are; `None` while they are not all there. Only bodies with a Content-Length.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<Answer>, Failure> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let (head, body) = bytes.split_at(end + 4);
    let head = std::str::from_utf8(head)?;
    let mut length = None;
    let mut kept = true;
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>()?);
        } else if name.eq_ignore_ascii_case("connection") {
            kept = !value.trim().eq_ignore_ascii_case("close");
        }
    }
    if body.len() < length.ok_or("an answer without Content-Length")? {
        return Ok(None);
    }
    let status = head.get(9..12).ok_or("no status")?.parse()?;
    let says = |verdict: &[u8]| body.windows(verdict.len()).any(|window| window == verdict);
    let verified = if says(b"\"VERIFIED\"") { Some(true) } else { says(b"\"UNVERIFIED\"").then_some(false) };
    Ok(Some(Answer { status, verified, kept }))
}

/// CPU time, user's and system's, that this process and all its threads have taken.
pub(crate) fn cpu_seconds(process: u32) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit(')').next().ok_or("no stat")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks =
        |index: usize| -> Result<f64, Failure> { Ok(fields.get(index).ok_or("short stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}
