//! `[server.tls]`: TLS in the process, for the public listener.

use std::path::PathBuf;

use crate::config::section::Section;

/// `[server.tls]`
#[derive(Clone, Debug)]
pub struct Tls {
    /// The file of the PEM chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The file of its PEM key.
    pub key: PathBuf,
}

pub(super) fn read(mut section: Section<'_>) -> Option<Tls> {
    let certificate = section.required_text("certificate", "name the PEM file of the certificate's chain");
    let key = section.required_text("key", "name the PEM file of the certificate's private key");
    section.finish();
    Some(Tls { certificate: certificate?.into(), key: key?.into() })
}
