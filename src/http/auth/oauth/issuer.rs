//! The authorization server's keys over the network: its metadata (RFC 8414, or `OpenID` Connect Discovery), and the set
//! that it names. The metadata must be the issuer's own, and the keys must lie on its host.

use std::time::Duration;

use hyper::Uri;
use serde::Deserialize;

use crate::http::jwt::Keys;
use crate::okta::client::{Document, Documents, SetupError};

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest metadata and the longest set of keys, in bytes.
const LONGEST: usize = 64 * 1024;
/// Where metadata is; Okta has both.
const WELL_KNOWN: [&str; 2] =
    ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// An authorization server.
#[derive(Debug)]
pub struct Issuer {
    issuer: String,
    documents: Documents,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// Nothing is asked yet. `ca` is a PEM bundle that is trusted instead of the system's roots.
    pub fn new(issuer: &str, ca: Option<&[u8]>) -> Result<Self, SetupError> {
        Ok(Self { issuer: issuer.to_owned(), documents: Documents::new(issuer, ca, TIMEOUT)? })
    }

    /// How many keys can verify tokens now; or why there are none, in words for an admin.
    pub async fn count_keys(&self) -> Result<usize, String> {
        self.fetch().await.map(|(keys, _)| keys.count())
    }

    /// The keys, and how long they may be kept where that is said.
    pub(super) async fn fetch(&self) -> Result<(Keys, Option<Duration>), String> {
        let address = self.address_of_keys().await?;
        let Document { status, max_age, body } = self
            .documents
            .read(&address, LONGEST)
            .await
            .map_err(|why| format!("jwks_uri of the issuer: {why}"))?;
        if status != 200 {
            return Err(format!("jwks_uri of the issuer answers {status}"));
        }
        Ok((Keys::parse(&body)?, max_age))
    }

    async fn address_of_keys(&self) -> Result<String, String> {
        for path in WELL_KNOWN {
            let address = format!("{}{path}", self.issuer.trim_end_matches('/'));
            let document = self.documents.read(&address, LONGEST).await;
            let document = document.map_err(|why| format!("the issuer's metadata: {why}"))?;
            match document.status {
                200 => return self.checked(&document.body),
                404 => {}
                status => return Err(format!("the issuer's metadata: it answers {status} at {path}")),
            }
        }
        Err(format!("the issuer's metadata: it answers 404 at {}", WELL_KNOWN.join(" and at ")))
    }

    fn checked(&self, body: &[u8]) -> Result<String, String> {
        let metadata: Metadata = serde_json::from_slice(body)
            .map_err(|_| "the issuer's metadata is no JSON with issuer and jwks_uri".to_owned())?;
        if metadata.issuer != self.issuer {
            return Err(
                "the issuer's metadata is another issuer's; write `issuer` as it is in the metadata, to the \
                        letter"
                    .to_owned(),
            );
        }
        let (ours, keys) = (self.issuer.parse::<Uri>().ok(), metadata.jwks_uri.parse::<Uri>().ok());
        // Scheme, host and port: over plain HTTP that can only be this machine.
        let same = ours.zip(keys).is_some_and(|(ours, keys)| {
            ours.scheme() == keys.scheme() && ours.host() == keys.host() && ours.port_u16() == keys.port_u16()
        });
        if same {
            Ok(metadata.jwks_uri)
        } else {
            Err("jwks_uri of the issuer's metadata is on another host than the issuer".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_must_be_the_issuer_s_and_keep_the_keys_on_its_host() {
        let issuer = Issuer::new("http://127.0.0.1:1/oauth2/default", None).expect("set up");
        let checked = |name: &str, keys: &str| {
            issuer.checked(json!({"issuer": name, "jwks_uri": keys, "x": 1}).to_string().as_bytes())
        };
        let ours = "http://127.0.0.1:1/oauth2/default";
        let keys = "http://127.0.0.1:1/oauth2/default/v1/keys";
        assert_eq!(checked(ours, keys).as_deref(), Ok(keys));
        assert!(
            checked("http://127.0.0.1:1/oauth2/default/", keys)
                .expect_err("a slash")
                .contains("another issuer")
        );
        for elsewhere in [
            "https://127.0.0.1:1/k",
            "http://127.0.0.1:2/k",
            "http://example.com/k",
            "/v1/keys",
            "file:///etc/passwd",
        ] {
            assert!(checked(ours, elsewhere).expect_err(elsewhere).contains("another host"));
        }
        assert!(issuer.checked(b"{}").is_err() && issuer.checked(b"<html>").is_err());
    }
}
