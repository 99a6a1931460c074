//! What lets callers in, wired from the configuration: secrets, access tokens, the certificate, and what keeps them
//! fresh while the service runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::super::{Exit, output};
use crate::config::{self, OAuth2, Server, ServerLimits, Tls};
use crate::http::jwt::Rules;
use crate::http::listener::{Certificate, Settings};
use crate::http::{Auth, HeaderSecret, Issuer, OAuth, Reload, Seen, keep_fresh};

/// Files that the service needs besides connections: stores, the ledger, the log.
const OTHER_FILES: u64 = 512;

/// Who may come in, and how.
pub(super) struct Door {
    pub(super) hook: Arc<Auth>,
    pub(super) events: Arc<Auth>,
    pub(super) certificate: Option<Arc<Certificate>>,
    fresh: Vec<(Arc<dyn Reload>, Seen)>,
    issuers: Vec<OAuth>,
}

impl Door {
    /// Takes what it needs out of the configuration; the exit code after what cannot work was told.
    pub(super) fn open(server: &mut Server) -> anyhow::Result<Result<Self, Exit>> {
        let mut door = Self {
            hook: Arc::default(),
            events: Arc::default(),
            certificate: None,
            fresh: Vec::new(),
            issuers: Vec::new(),
        };
        let opened = door.auth("server.auth", std::mem::take(&mut server.auth))?.and_then(|hook| {
            // The event hook has another `source` by its nature.
            let shared = Auth {
                headers: hook.headers.clone(),
                oauth: hook.oauth.clone(),
                all: hook.all,
                sources: Vec::new(),
            };
            door.events = Arc::new(shared);
            door.hook = Arc::new(hook);
            server.tls.as_ref().map_or(Ok(()), |tls| door.certificate(tls))
        });
        let opened = match (opened, server.events_auth.take()) {
            (Ok(()), Some(auth)) => {
                door.auth("server.events_auth", auth)?.map(|auth| door.events = Arc::new(auth))
            }
            (opened, _) => opened,
        };
        Ok(match opened {
            Ok(()) => Ok(door),
            Err(problem) => {
                output::note(&problem);
                Err(Exit::Bad)
            }
        })
    }

    /// Starts what keeps secrets, keys and the certificate fresh. It ends with the process, or when it is aborted.
    pub(super) fn keep_fresh(&mut self) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = vec![tokio::spawn(keep_fresh(std::mem::take(&mut self.fresh)))];
        tasks.extend(self.issuers.drain(..).map(|issuer| tokio::spawn(issuer.keep_fresh())));
        tasks
    }

    fn auth(&mut self, section: &str, auth: config::Auth) -> anyhow::Result<Result<Auth, String>> {
        let config::Auth { header, oauth2, all, source } = auth;
        let mut headers = Vec::with_capacity(header.len());
        for (index, header) in header.into_iter().enumerate() {
            let name = header.name.parse().with_context(|| format!("{section}.header: not a header name"))?;
            let secret = HeaderSecret::new(name, header.secret);
            if let Some(file) = header.file {
                self.follow(&secret, file, format!("the secret of {section}.header[{index}]"));
            }
            headers.push(secret);
        }
        let oauth = match oauth2.map(|oauth2| oauth(section, oauth2)).transpose() {
            Ok(oauth) => oauth,
            Err(problem) => return Ok(Err(problem)),
        };
        self.issuers.extend(oauth.clone());
        Ok(Ok(Auth { headers, oauth, all, sources: source }))
    }

    fn follow(&mut self, secret: &HeaderSecret, file: PathBuf, what: String) {
        let following = secret.follow(file, what);
        let seen = Seen::now(following.files());
        // It may have changed since the configuration was read; what is wrong with it then is told with the next change.
        let _ = following.reload();
        self.fresh.push((Arc::new(following), seen));
    }

    fn certificate(&mut self, tls: &Tls) -> Result<(), String> {
        let (certificate, seen) = Certificate::open(&tls.certificate, &tls.key)
            .map_err(|error| format!("[server.tls]: {error}"))?;
        self.certificate = Some(Arc::clone(&certificate));
        self.fresh.push((certificate, seen));
        Ok(())
    }
}

/// The authorization server, to be asked for its keys.
pub(in crate::cli) fn issuer(section: &str, oauth2: &OAuth2) -> Result<Issuer, String> {
    let ca = oauth2.ca.as_deref().map(std::fs::read).transpose().map_err(|error| {
        let file = oauth2.ca.as_deref().unwrap_or(std::path::Path::new(""));
        format!("{section}.oauth2.ca: the file {} cannot be read: {error}", file.display())
    })?;
    Issuer::new(&oauth2.issuer, ca.as_deref()).map_err(|error| format!("[{section}.oauth2]: {error}"))
}

fn oauth(section: &str, oauth2: OAuth2) -> Result<OAuth, String> {
    let issuer = issuer(section, &oauth2)?;
    let OAuth2 { issuer: name, audience, scopes, client_ids, leeway, .. } = oauth2;
    let leeway = leeway.max(Duration::from_secs(1)).as_secs();
    Ok(OAuth::new(issuer, Rules { issuer: name, audience, scopes, client_ids, leeway }))
}

/// For the listeners.
pub(super) fn settings(limits: ServerLimits) -> Settings {
    Settings {
        connections: limits.connections,
        connections_per_address: limits.connections_per_address,
        head_timeout: limits.head_timeout,
        idle_timeout: limits.idle_timeout,
        head_bytes: limits.head_bytes,
    }
}

/// Lets this process open as many files as the connections need, as far as the system allows: what it allows at first
/// is often 1024.
pub(super) fn room_for(limits: ServerLimits) {
    // The private listener has the same limits, and nobody fills it.
    let wanted = u64::try_from(limits.connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum });
    if raised.is_err() || allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "the system lets this process open fewer files than server.limits.connections needs; raise its limit \
             (LimitNOFILE of systemd, ulimit -n), or lower connections"
        );
    }
}
