//! A second opinion: the call that Okta could not make, or whose failure it does not explain, made from here.
//!
//! Okta's own words count where they name a status. Where they do not, what the service answers here does; and where
//! the service answers well here, it is the way from Okta that fails.

use std::time::SystemTime;

use serde_json::Value;

use super::mend::{About, End, Trouble, mend, recognised};
use super::report::{Problem, bad};
use super::stranger::{Stranger, random_text};
use super::wiring::{Entry, Wired};
use crate::okta::client::{CallError, Direct, NoAnswer, Refusal};
use crate::okta::hook_call::{HookCall, verdict};

/// The header of Okta's one-time verification.
const CHALLENGE: &str = "X-Okta-Verification-Challenge";

/// What the service says to the same call from here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Opinion {
    /// It answers as it should.
    Fine,
    /// It answers otherwise.
    Wrong(Trouble),
    /// It is not reached from here either, for this reason.
    Unreachable(String),
    /// Nothing can be told from here.
    None,
}

/// Asks the service itself, with the secret of this entry. Without one there is nothing that could be told.
async fn ask(url: &str, end: End, entry: Option<Entry<'_>>) -> Opinion {
    let Some((entry, direct)) = entry.zip(Direct::new(url).ok()) else { return Opinion::None };
    let answer = match end {
        End::Hook => hook(&direct, url, entry).await,
        End::Events => events(&direct, entry).await,
    };
    match answer {
        Some(Ok((200, true))) => Opinion::Fine,
        Some(Ok((200, false))) => Opinion::Wrong(Trouble::NotAnAnswer),
        Some(Ok((status, _))) => Opinion::Wrong(Trouble::Status(status)),
        Some(Err(NoAnswer::Unreachable(why))) => Opinion::Unreachable(why),
        Some(Err(NoAnswer::Silent(why))) => Opinion::Unreachable(why.to_owned()),
        None => Opinion::None,
    }
}

/// What Okta's refusal to call our service, or to take its answer, comes down to, and the mend.
pub(super) async fn explained(url: &str, about: About<'_>, refusal: &Refusal) -> String {
    let said = said_by(refusal);
    combined(&said, &ask(url, about.end, about.entry).await, about)
}

/// Refuses to go on where the running service refuses this secret, asked from here. Where it is not reached from here,
/// the proof through Okta has to tell.
pub(super) async fn must_accept(wired: &Wired, url: &str, end: End, entry: Entry<'_>) -> Result<(), Problem> {
    match ask(url, end, Some(entry)).await {
        Opinion::Fine | Opinion::Unreachable(_) | Opinion::None => Ok(()),
        Opinion::Wrong(trouble) => Err(bad(format!(
            "{}Nothing was changed in Okta. {}",
            answered(trouble),
            mend(trouble, wired.about(end, Some(entry)))
        ))),
    }
}

/// The refusal that says that our service did not answer well; any other error is the call's own.
pub(super) fn of_the_service(error: &CallError) -> Option<&Refusal> {
    error.refusal().filter(|refusal| refusal.status == 400)
}

fn said_by(refusal: &Refusal) -> String {
    if refusal.causes.is_empty() { refusal.summary.clone() } else { refusal.causes.join("; ") }
}

fn combined(said: &str, opinion: &Opinion, about: About<'_>) -> String {
    let from_okta = recognised(said);
    let words = match (from_okta, opinion) {
        (Trouble::Status(_), _) | (_, Opinion::None) | (Trouble::TooSlow, Opinion::Fine) => {
            mend(from_okta, about)
        }
        (_, Opinion::Wrong(trouble)) => {
            format!("{}{}", answered(*trouble), mend(*trouble, about))
        }
        (_, Opinion::Fine) => {
            let with = about.entry.map(|entry| format!(" with the secret of {entry}")).unwrap_or_default();
            format!(
                "The same call from here{with} is answered well. So Okta sends another secret (`keyferry hook register` \
                 sets it anew), or does not reach the URL: does the name resolve on the internet, is the port open, \
                 and is the certificate one that everybody trusts?"
            )
        }
        (_, Opinion::Unreachable(why)) => {
            format!("It is not reached from here either ({why}). {}", mend(Trouble::Unreachable, about))
        }
    };
    format!("Okta says: {said}. {words}")
}

fn answered(trouble: Trouble) -> String {
    match trouble {
        Trouble::Status(status) => format!("The call that Okta would make is answered {status} from here. "),
        _ => String::new(),
    }
}

type Told = Option<Result<(u16, bool), NoAnswer>>;

async fn hook(direct: &Direct, url: &str, entry: Entry<'_>) -> Told {
    let Stranger { username, password } = Stranger::new()?;
    let event_id = random_text()?;
    let call = HookCall {
        source: url,
        event_id: &event_id,
        at: SystemTime::now(),
        username: &username,
        password: &password,
    };
    let answer = direct.post(&[(entry.name, entry.secret)], &call.payload()).await;
    Some(answer.map(|(status, body)| {
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        (status, answer.is_some_and(|answer| verdict(&answer).is_some()))
    }))
}

async fn events(direct: &Direct, entry: Entry<'_>) -> Told {
    let challenge = random_text()?;
    let header = crate::secret::Secret::from(challenge.as_str());
    let answer = direct.get(&[(entry.name, entry.secret), (CHALLENGE, &header)]).await;
    Some(answer.map(|(status, body)| {
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        let echoed = answer.as_ref().and_then(|answer| answer.get("verification")?.as_str());
        (status, echoed == Some(&challenge))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn what_names_a_status_is_believed_and_the_rest_is_asked_here() {
        let secret = Secret::from("Basic canary");
        let entry = Some(Entry { index: 1, name: "authorization", secret: &secret, list: "server.auth" });
        let about = About { end: End::Hook, path: "/okta/password-import", entry };
        let told = |said: &str, opinion: Opinion| combined(said, &opinion, about);
        let unsaid = "The inline hook was not executed";
        for (text, part) in [
            (told("HTTP status 503", Opinion::Wrong(Trouble::Status(401))), "a source is down"),
            (
                told(unsaid, Opinion::Wrong(Trouble::Status(401))),
                "answered 401 from here. The service does not know the secret",
            ),
            (told(unsaid, Opinion::Wrong(Trouble::Status(404))), "/okta/password-import"),
            (told(unsaid, Opinion::Fine), "Okta sends another secret"),
            (told("connection refused", Opinion::Fine), "does not reach the URL"),
            (told("read timed out", Opinion::Fine), "three seconds"),
            (
                told(unsaid, Opinion::Unreachable("Connection refused".into())),
                "from here either (Connection refused)",
            ),
            (told(unsaid, Opinion::None), "401: the secret differs"),
        ] {
            assert!(text.contains(part), "{part}: {text}");
            assert!(text.starts_with("Okta says: ") && !text.contains("canary"), "{text}");
        }
    }
}
