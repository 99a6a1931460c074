//! From the configuration file to what verbs need of it.

use std::path::Path;
use std::time::Duration;

use crate::config::{self, Config, Ledger, Needs};
use crate::ledger::Recorder;
use crate::okta::client::{Client, Credentials, Settings};
use crate::secret::Secret;

use super::output::{self, Exit};

/// The checked configuration, or the exit code after all its problems were printed.
pub(super) fn configuration(path: &Path, needs: Needs) -> Result<Config, Exit> {
    Config::load(path, environment(), needs).map_err(|problems| {
        output::note(&format!("{}: {problems}", path.display()));
        for problem in &problems.0 {
            output::note(&format!("  {}: {}", problem.key, problem.message));
        }
        Exit::Bad
    })
}

/// The variables of this process that are text.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// What writes decisions to the ledger, started; the ledger itself may follow later.
pub(super) fn recorder(ledger: &Ledger) -> Recorder {
    let key = ledger.key.as_ref().map(|key| key.expose().to_vec());
    // The configuration has checked that the URL is text.
    Recorder::start(ledger.url.expose_str().unwrap_or_default().to_owned(), key, ledger.queue)
}

/// The client of the org, or the exit code after what is wrong was printed. Nothing is sent yet. `patience` is how long
/// a call puts up with an org that does not answer; none: for ever.
pub(super) fn okta_client(okta: &config::Okta, patience: Option<Duration>) -> Result<Client, Exit> {
    let bad = |message: String| {
        output::note(&message);
        Exit::Bad
    };
    let ca = okta.ca.as_deref().map(std::fs::read).transpose().map_err(|error| {
        let file = okta.ca.as_deref().unwrap_or(Path::new(""));
        bad(format!("okta.ca: the file {} cannot be read: {error}", file.display()))
    })?;
    let copied = |secret: &Secret| Secret::new(secret.expose().to_vec());
    let credentials = match (&okta.private_key_jwt, &okta.api_token) {
        (Some(app), _) => Credentials::PrivateKeyJwt {
            client_id: app.client_id.clone(),
            key_id: app.key_id.clone(),
            private_key: copied(&app.private_key),
        },
        (None, Some(token)) => Credentials::Token(copied(token)),
        (None, None) => {
            let mend =
                "okta.api_token: is missing; write an API token, or [okta.private_key_jwt] of a service app";
            return Err(bad(mend.into()));
        }
    };
    let settings = Settings {
        ca,
        patience,
        timeout: okta.timeout,
        share: okta.share,
        max_per_minute: okta.max_per_minute,
        in_flight: okta.in_flight,
        ..Settings::new(okta.org_url.clone(), credentials)
    };
    Client::new(settings).map_err(|error| bad(format!("[okta]: {error}")))
}
