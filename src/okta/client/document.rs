//! A public document of one host, such as an authorization server's metadata: no credentials, no redirect, a bounded
//! answer. The proxy is the environment's, as for the org.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Uri, header};

use super::error::SetupError;
use super::transport::{Failure, Transport};

/// The way to the documents of a host.
pub struct Documents {
    transport: Transport,
}

/// A document, read to its end.
#[derive(Debug)]
pub struct Document {
    /// The HTTP status.
    pub status: u16,
    /// `max-age` of `Cache-Control`, where that is said.
    pub max_age: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

impl Documents {
    /// Nothing is sent yet. `host` is any address of the host; `ca` is a PEM bundle that is trusted instead of the
    /// system's roots.
    pub fn new(host: &str, ca: Option<&[u8]>, timeout: Duration) -> Result<Self, SetupError> {
        let host: Uri = host.parse().map_err(|_| SetupError::Setting("the issuer is no address"))?;
        Ok(Self { transport: Transport::new(&host, ca, timeout)? })
    }

    /// Reads one of at most `longest` bytes; why there is none, in words for an admin.
    pub async fn read(&self, address: &str, longest: usize) -> Result<Document, String> {
        let request = Request::get(address).body(Full::new(Bytes::new()));
        let request = request.map_err(|_| "it has no address that can be asked".to_owned())?;
        let answer = self.transport.exchange(request, longest).await.map_err(|failure| match failure {
            Failure::NotSent(why) => format!("it cannot be reached: {why}"),
            Failure::Lost(why, _) => why.to_owned(),
            Failure::TooLong(_) => format!("its answer is longer than {} KiB", longest / 1024),
        })?;
        let cache = answer.headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
        let max_age = cache.and_then(max_age);
        Ok(Document { status: answer.status.as_u16(), max_age, body: answer.body.to_vec() })
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Documents(…)")
    }
}

fn max_age(cache: &str) -> Option<Duration> {
    let mut directives = cache.split(',').map(str::trim);
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="))?;
    seconds.parse().ok().map(Duration::from_secs)
}
