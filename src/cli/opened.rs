//! What verbs go on from after an import: the ledger that is there, and the org that it belongs to.

use std::time::{Duration, SystemTime};

use crate::config;
use crate::ledger::{Ledger, LedgerError};
use crate::okta::client::{CallError, Client};
use crate::secret::Secret;

use super::output::{self, Exit};
use super::{setup, stores};

/// How long the first call puts up with an org that does not answer.
const FIRST_PATIENCE: Duration = Duration::from_secs(20);
/// The same for each later call: whoever gives up can be started again.
const PATIENCE: Duration = Duration::from_mins(15);

/// The ledger, brought up to date; one that was never begun is told, and none is made.
pub(super) async fn ledger(ledger: &config::Ledger) -> Result<Ledger, Exit> {
    let url = ledger.url.expose_str().unwrap_or_default();
    let key = ledger.key.as_ref().map(Secret::expose);
    let opened = match Ledger::check(url, key).await {
        Ok(false) => {
            output::note(
                "There is no ledger at `ledger.url`: nobody was imported by it. Run this where the import ran.",
            );
            return Err(Exit::Bad);
        }
        Ok(true) | Err(LedgerError::Older) => Ledger::open(url, key).await,
        Err(error) => Err(error),
    };
    opened.map_err(|error| failed(&error))
}

/// Whether the sources are those that the ledger knows by their names: another one's users would be taken for theirs.
pub(super) async fn sources(ledger: &Ledger, config: &config::Config) -> Result<(), Exit> {
    let identities = stores::identities(config);
    let sources: Vec<(&str, &str)> =
        identities.iter().map(|(name, identity)| (&**name, identity.as_str())).collect();
    ledger.bind_sources(&sources).await.map_err(|error| failed(&error))
}

/// The org, after it has taken the credentials, and after the ledger has said that it is its own.
pub(super) async fn org(okta: Option<&config::Okta>, ledger: &Ledger) -> Result<Client, Exit> {
    let Some(okta) = okta else {
        output::note("okta: is missing; write [okta] with org_url and api_token");
        return Err(Exit::Bad);
    };
    // A client of its own for the first call, since an org that is not there shall be told soon.
    let first = setup::okta_client(okta, Some(FIRST_PATIENCE))?;
    let client = setup::okta_client(okta, Some(PATIENCE))?;
    ledger.bind(&okta.org_url, &[], false).await.map_err(|error| failed(&error))?;
    first.check().await.map_err(|error| refused(&error))?;
    Ok(client)
}

/// Tells what the ledger said. What the admin can mend is 1, what broke is 2.
pub(super) fn failed(error: &LedgerError) -> Exit {
    output::note(&error.to_string());
    match error {
        LedgerError::Unreachable(_)
        | LedgerError::TimedOut(_)
        | LedgerError::Locked
        | LedgerError::Full
        | LedgerError::Database(_) => Exit::Failed,
        _ => Exit::Bad,
    }
}

/// The same for what Okta said.
pub(super) fn refused(error: &CallError) -> Exit {
    output::note(&error.to_string());
    if error.ends_the_run() || error.refusal().is_some() { Exit::Bad } else { Exit::Failed }
}

/// A length of time as it is written on the command line: `30d`, `12h`.
pub(super) fn parse_age(text: &str) -> Result<Duration, String> {
    let wrong = || "write a whole number and a unit: 30d, 12h, 90m or 10s".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number = text.strip_suffix(unit).unwrap_or_default();
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// A time as people and spreadsheets read it: `2026-05-01T12:00:00Z`.
pub(super) fn time_text(time: SystemTime) -> Option<String> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    crate::ledger::rfc3339_text(i64::try_from(since.as_millis()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_need_a_number_and_a_unit() {
        assert_eq!(parse_age("30d"), Ok(Duration::from_hours(30 * 24)));
        assert_eq!(parse_age("90m"), Ok(Duration::from_mins(90)));
        for wrong in
            ["", "d", "30", "-1d", "1.5h", "30 d", "30é", "99999999999999999999d", "213503982334602d"]
        {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
    }
}
