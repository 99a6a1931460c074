//! The System Log, page by page, from where the last run ended.
//!
//! What is remembered is Okta's own `next` link: it goes by the time at which events were written, so that none is
//! skipped that was written late, and Okta asks to rely on it alone. How long one stays good is not documented, so the
//! time of the newest event is remembered with it: where Okta takes the link no more, reading begins there again, and
//! somewhat before, since the log is not in order. Events that come twice change nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Failure;
use super::report::Log;
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::ledger::{Arrival, Confirmed, Ledger, LedgerError};
use crate::okta::client::{CallError, Client};
use crate::okta::logs::{LogEvent, LogFrom};

/// The events that tell of imported passwords.
const FILTER: &str = r#"eventType eq "user.import.password""#;
const EVENT_TYPE: &str = "user.import.password";
/// Where the ledger keeps the place.
const NOTE: &str = "reconcile.log";
/// How long Okta keeps the log.
const KEPT: Duration = Duration::from_hours(90 * 24);
/// How far before the newest event reading begins again without a link.
const OVERLAP: Duration = Duration::from_hours(24);

/// Up to where the log is in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Okta's link to what comes next.
    next: Option<String>,
    /// The time of the newest event so far, in milliseconds since 1970.
    newest: Option<u64>,
}

/// Reads until Okta has no more, and adds to the counts. With `since` from there on; a place that is remembered already
/// then stays as it is, or what lies between would never be read.
pub(super) async fn read(
    client: &Client,
    ledger: &Ledger,
    since: Option<SystemTime>,
    log: &mut Log,
) -> Result<(), Failure> {
    let known = remembered(ledger).await?;
    let remembers = since.is_none() || known == Place::default();
    let mut place = if since.is_some() { Place::default() } else { known };
    let mut from = match (since, &place.next) {
        (Some(since), _) => LogFrom::Since(since.max(oldest(client.okta_now()))),
        (None, Some(next)) => LogFrom::Next(next.clone()),
        (None, None) => LogFrom::Since(place.begin(client.okta_now())),
    };
    let mut progress = Progress::counting("events", None);
    let mut first = true;
    loop {
        let page = match client.log_page(from.clone(), FILTER).await {
            Err(error @ (CallError::Refused(_) | CallError::Unreadable(_)))
                if first && matches!(from, LogFrom::Next(_)) =>
            {
                output::note(&format!(
                    "the remembered place in the log is good no more ({error}): going back"
                ));
                place.next = None;
                from = LogFrom::Since(place.begin(client.okta_now()));
                continue;
            }
            page => page?,
        };
        first = false;
        confirm(ledger, &page.events, log).await?;
        log.unreadable += page.unreadable as u64;
        place.pass(&page.events, page.next.clone());
        // Only now: whoever is killed before reads the page again.
        if remembers {
            ledger.set_note(NOTE, &serde_json::to_string(&place).unwrap_or_default()).await?;
        }
        progress.rows(log.read);
        // A polling request always has a next page; the end is where one is empty.
        let empty = page.events.is_empty() && page.unreadable == 0;
        let Some(next) = page.next.filter(|_| !empty) else { return Ok(()) };
        if matches!(&from, LogFrom::Next(asked) if *asked == next) {
            return Err(Failure::Circle);
        }
        from = LogFrom::Next(next);
    }
}

async fn remembered(ledger: &Ledger) -> Result<Place, LedgerError> {
    let note = ledger.note(NOTE).await?;
    // What cannot be read is no place: the log is then read from its begin.
    Ok(note.and_then(|note| serde_json::from_str(&note).ok()).unwrap_or_default())
}

async fn confirm(ledger: &Ledger, events: &[LogEvent], log: &mut Log) -> Result<(), LedgerError> {
    // The filter is Okta's to apply; what does not belong here is left out all the same.
    let imports = || events.iter().filter(|event| event.event_type == EVENT_TYPE);
    let arrivals: Vec<Arrival<'_>> = imports()
        .filter(|event| event.success)
        .map(|event| Arrival {
            okta_id: event.user_id.as_deref(),
            login: event.user_login.as_deref(),
            success: true,
            at: event.published,
            event: &event.uuid,
        })
        .collect();
    let confirmed =
        if arrivals.is_empty() { Confirmed::default() } else { ledger.confirm(&arrivals).await? };
    let read = imports().count() as u64;
    log.read += read;
    log.failures += read - arrivals.len() as u64;
    log.confirmed += confirmed.changed;
    log.known += confirmed.known.saturating_sub(confirmed.changed);
    log.unknown_users += confirmed.unknown;
    Ok(())
}

/// What is older is no longer in the log; Okta refuses to be asked for far older times.
fn oldest(now: SystemTime) -> SystemTime {
    now.checked_sub(KEPT).unwrap_or(UNIX_EPOCH)
}

impl Place {
    /// Where to begin without a link.
    fn begin(&self, now: SystemTime) -> SystemTime {
        let oldest = oldest(now);
        let newest = self.newest.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis)));
        newest.and_then(|newest| newest.checked_sub(OVERLAP)).map_or(oldest, |begin| begin.max(oldest))
    }

    fn pass(&mut self, events: &[LogEvent], next: Option<String>) {
        let millis = |event: &LogEvent| {
            let since = event.published.duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or_default()
        };
        self.newest = self.newest.max(events.iter().map(millis).max());
        self.next = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: u64) -> LogEvent {
        LogEvent {
            uuid: "f790999f-fe87-467a-9880-6982a583986c".to_owned(),
            published: UNIX_EPOCH + Duration::from_hours(at),
            event_type: EVENT_TYPE.to_owned(),
            success: true,
            user_id: None,
            user_login: None,
        }
    }

    #[test]
    fn without_a_link_reading_begins_before_the_newest_event_and_within_what_okta_keeps() {
        let now = UNIX_EPOCH + Duration::from_hours(24 * 1000);
        let hours =
            |place: &Place| now.duration_since(place.begin(now)).expect("before now").as_secs() / 3600;
        let mut place = Place::default();
        assert_eq!(hours(&place), 90 * 24);
        place.pass(&[event(24 * 990), event(24 * 980)], Some("/next".to_owned()));
        assert_eq!((hours(&place), place.next.as_deref()), (11 * 24, Some("/next")));
        place.pass(&[], None);
        assert_eq!((hours(&place), place.next.as_deref()), (11 * 24, None));
        let old = Place { next: None, newest: Some(3_600_000) };
        assert_eq!(hours(&old), 90 * 24, "what is older than Okta keeps is not asked for");
    }
}
