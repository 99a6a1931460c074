//! TLS in the process: a certificate and its key from PEM files, and another as soon as the files change. Connections
//! that stand keep the one that they began with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::validity::{Validity, validity};
use crate::http::reload::{Reload, Seen};

/// A chain and a key are some KiB.
const LONGEST: u64 = 1024 * 1024;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read.
    #[error("the file {} cannot be read: {error}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// A file that is something else.
    #[error("the file {} holds no {wanted}", file.display())]
    NotPem {
        /// Which.
        file: PathBuf,
        /// What it should hold, as PEM names it.
        wanted: &'static str,
    },
    /// They do not belong together, or are of a kind that TLS here does not know.
    #[error(
        "the certificate {} cannot be used with the key {}: {why}; both must be of one pair, the server's certificate first",
        certificate.display(), key.display()
    )]
    NoPair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why, in rustls's words.
        why: String,
    },
    /// No TLS at all.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The certificate that connections get, and its key.
pub struct Certificate {
    /// The chain, and the key.
    files: [PathBuf; 2],
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// From a PEM chain, the server's own first, and a PEM key (PKCS#8, PKCS#1 or SEC1); with what the files looked
    /// like, for whoever keeps it fresh.
    pub fn open(certificate: &Path, key: &Path) -> Result<(Arc<Self>, Seen), TlsError> {
        let files = [certificate.to_owned(), key.to_owned()];
        let seen = Seen::now(&files);
        let current = RwLock::new(Arc::new(read(certificate, key)?));
        Ok((Arc::new(Self { files, current }), seen))
    }

    /// From when until when the server's certificate is good; none where it does not tell.
    pub fn validity(&self) -> Option<Validity> {
        self.current().cert.first().and_then(|certificate| validity(certificate))
    }

    /// What accepts connections with it: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl Reload for Certificate {
    fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn reload(&self) -> Result<(), String> {
        let [certificate, key] = &self.files;
        let new = read(certificate, key).map_err(|error| error.to_string())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        if self.validity().is_some_and(|validity| !validity.holds(SystemTime::now())) {
            tracing::warn!("the new certificate is not valid now: its time has not come, or is over");
        }
        Ok(())
    }

    fn what(&self) -> &'static str {
        "the certificate of server.tls"
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(…)")
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let not_pem = |file: &Path, wanted| TlsError::NotPem { file: file.to_owned(), wanted };
    let chain = bytes_of(certificate)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<_, _>>()
        .map_err(|_| not_pem(certificate, "readable PEM"))?;
    if chain.is_empty() {
        return Err(not_pem(certificate, "certificate (-----BEGIN CERTIFICATE-----)"));
    }
    let der = PrivateKeyDer::from_pem_slice(&bytes_of(key)?)
        .map_err(|_| not_pem(key, "private key without a passphrase (-----BEGIN PRIVATE KEY-----)"))?;
    CertifiedKey::from_der(chain, der, &default_provider()).map_err(|error| TlsError::NoPair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why: error.to_string(),
    })
}

fn bytes_of(file: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let unreadable = |error| TlsError::Unreadable { file: file.to_owned(), error };
    if std::fs::metadata(file).map_err(unreadable)?.len() > LONGEST {
        return Err(unreadable(std::io::Error::other("it is larger than 1 MiB")));
    }
    std::fs::read(file).map(Zeroizing::new).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_new_pair_is_taken_and_a_half_changed_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let write = |file: &Path, text: &str| std::fs::write(file, text).expect("written");
        let ((old, old_key), (new, new_key)) = (pair("old.example"), pair("new.example"));
        write(&certificate, &old);
        write(&key, &old_key);
        let (door, _) = Certificate::open(&certificate, &key).expect("a pair");
        let first = door.current().cert.clone();
        assert!(door.validity().expect("told").holds(SystemTime::now()));

        write(&certificate, &new);
        let why = door.reload().expect_err("another's key");
        assert!(why.contains("of one pair"), "{why}");
        assert_eq!(door.current().cert, first);
        write(&key, &new_key);
        door.reload().expect("a pair again");
        assert_ne!(door.current().cert, first);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_without_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let problem = || Certificate::open(&certificate, &key).expect_err("no pair").to_string();
        assert!(problem().contains("cannot be read"));
        std::fs::write(&certificate, "canary").expect("written");
        assert!(problem().contains("holds no certificate") && !problem().contains("canary"));
        std::fs::write(&certificate, pair("a.example").0).expect("written");
        std::fs::write(&key, "canary").expect("written");
        assert!(problem().contains("holds no private key") && !problem().contains("canary"));
    }
}
