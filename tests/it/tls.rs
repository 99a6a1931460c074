//! Certificates, and callers who speak TLS as they are told to.

#![expect(clippy::unwrap_used, reason = "a fixture that does not stand fails the test")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::service::payload;

pub(crate) const HTTP1: &[u8] = b"http/1.1";
pub(crate) const HTTP2: &[u8] = b"h2";

/// A self-signed certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    /// Replaces the files, each at once.
    pub(crate) fn put(&self, folder: &Path) {
        for (name, text) in [("tls.crt", &self.certificate), ("tls.key", &self.key)] {
            replace(&folder.join(name), text);
        }
    }
}

/// Writes a file as those do who let nobody see half of it.
pub(crate) fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, file).unwrap();
}

/// `[server.tls]`, to follow `[server]`.
pub(crate) const SECTION: &str = "[server.tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n";

/// A caller who trusts these certificates.
pub(crate) fn caller(
    trusted: &[&Pair],
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[u8],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for pair in trusted {
        roots.add(pair.der()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// What a call by TLS came to.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) tls: ProtocolVersion,
    pub(crate) http: Version,
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) status: u16,
    pub(crate) verdict: Value,
}

/// Calls the hook on a connection of its own.
pub(crate) async fn call(address: SocketAddr, caller: &TlsConnector, secret: &str) -> std::io::Result<Told> {
    let stream = TcpStream::connect(address).await?;
    let stream = caller.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
    let session = stream.get_ref().1;
    let tls = session.protocol_version().unwrap();
    let certificate = session.peer_certificates().unwrap()[0].clone().into_owned();
    let http2 = session.alpn_protocol() == Some(HTTP2);
    let request =
        Request::post(if http2 { "https://localhost/okta/password-import" } else { "/okta/password-import" })
            .header("host", "localhost")
            .header("authorization", secret)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(payload("alice", "correct horse").to_string())))
            .unwrap();
    let stream = TokioIo::new(stream);
    let lost = |error: hyper::Error| std::io::Error::other(error);
    let response = if http2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.map_err(lost)?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(lost)?
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(lost)?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(lost)?
    };
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(lost)?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Told {
        tls,
        http: head.version,
        certificate,
        status: head.status.as_u16(),
        verdict: body["commands"][0]["value"]["credential"].clone(),
    })
}
