//! One call of a hook's address, made from here as Okta would make it: no org, no pace, and no credentials but the
//! header that is given. Follows no redirect, repeats nothing, and gives no more than status and body.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use serde_json::Value;
use zeroize::Zeroizing;

use super::error::SetupError;
use super::transport::{Failure, Transport};
use crate::secret::Secret;

/// As Okta waits.
const PATIENCE: Duration = Duration::from_secs(3);
/// As much as Okta reads, in bytes.
const LONGEST: usize = 256 * 1024;

/// A hook's address, and the way there.
pub struct Direct {
    address: Uri,
    transport: Transport,
}

/// Why a hook gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// There is no connection, for this reason.
    Unreachable(String),
    /// It was asked, and no answer came, or none that could be read.
    Silent(&'static str),
}

impl Direct {
    /// Nothing is sent yet. The certificate must be one that this system trusts.
    pub fn new(address: &str) -> Result<Self, SetupError> {
        Self::trusting(address, None)
    }

    /// The same with a PEM bundle that is trusted instead of the system's roots.
    pub fn trusting(address: &str, ca: Option<&[u8]>) -> Result<Self, SetupError> {
        let address: Uri =
            address.parse().map_err(|_| SetupError::Setting("the hook's URL is no address"))?;
        let transport = Transport::new(&address, ca, PATIENCE)?;
        Ok(Self { address, transport })
    }

    /// `POST` of a payload, as for an inline hook. Status and body.
    pub async fn post(
        &self,
        headers: &[(&str, &Secret)],
        payload: &Value,
    ) -> Result<(u16, Vec<u8>), NoAnswer> {
        let body = Zeroizing::new(serde_json::to_vec(payload).unwrap_or_default());
        self.post_body(headers, Bytes::from_owner(body)).await
    }

    /// `POST` of a payload that is JSON already.
    pub async fn post_body(
        &self,
        headers: &[(&str, &Secret)],
        body: Bytes,
    ) -> Result<(u16, Vec<u8>), NoAnswer> {
        self.call(Method::POST, headers, Some(body)).await
    }

    /// `GET`, as for the verification of an event hook. Status and body.
    pub async fn get(&self, headers: &[(&str, &Secret)]) -> Result<(u16, Vec<u8>), NoAnswer> {
        self.call(Method::GET, headers, None).await
    }

    async fn call(
        &self,
        method: Method,
        headers: &[(&str, &Secret)],
        body: Option<Bytes>,
    ) -> Result<(u16, Vec<u8>), NoAnswer> {
        let mut request = Request::builder().method(method).uri(self.address.clone());
        for (name, value) in headers {
            let header = HeaderName::try_from(*name).ok().zip(HeaderValue::from_bytes(value.expose()).ok());
            let (name, mut value) = header.ok_or(NoAnswer::Silent("a header that HTTP cannot carry"))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let request = request.body(Full::new(body.unwrap_or_default()));
        let request = request.map_err(|_| NoAnswer::Silent("no request can be made of it"))?;
        match self.transport.exchange(request, LONGEST).await {
            Ok(answer) => Ok((answer.status.as_u16(), answer.body.to_vec())),
            Err(Failure::NotSent(why)) => Err(NoAnswer::Unreachable(why)),
            Err(Failure::Lost(why, _)) => Err(NoAnswer::Silent(why)),
            Err(Failure::TooLong(_)) => Err(NoAnswer::Silent("an answer longer than Okta reads")),
        }
    }
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct(…)")
    }
}
