//! Why a call failed, typed by Okta's `errorCode`, and what the caller may conclude about its effect.
//!
//! Okta's words can quote what was sent. They are bounded, freed of control characters, and lose every value that we
//! sent before anyone can log them: what stays is the field and the rule.

use serde::Deserialize;
use thiserror::Error;

/// The most causes that are kept of one answer.
const MAX_CAUSES: usize = 8;
/// The longest text that is kept, in characters.
const MAX_WORDS: usize = 200;
/// The longest `errorCode` that is kept.
const MAX_CODE: usize = 32;
/// Stands in the place of a value.
const HIDDEN: &str = "…";

/// Why a client cannot be set up. Nothing was sent.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Not an address that is called.
    #[error(
        "org_url must be https:// and a host, without a path; http:// is spoken to this machine only \
         (localhost, 127.0.0.1, [::1])"
    )]
    OrgUrl,
    /// The token could not stand in a header.
    #[error("the API token holds characters that no token has; was it copied whole, without line breaks?")]
    Token,
    /// The private key is of no use.
    #[error("the private key {0}")]
    Key(&'static str),
    /// The CA file is of no use.
    #[error("the CA file {0}")]
    Ca(&'static str),
    /// No roots to trust.
    #[error(
        "this system has no root certificates; install its package ca-certificates, or name a file with `ca`"
    )]
    NoRoots,
    /// The proxy that the environment names is of a kind that is not spoken.
    #[error(
        "the proxy that HTTPS_PROXY (or ALL_PROXY) names must begin with http://; no other kind is spoken"
    )]
    Proxy,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// A setting is out of its range.
    #[error("{0}")]
    Setting(&'static str),
}

/// Why a call failed.
#[derive(Clone, Debug, Error)]
pub enum CallError {
    /// Okta refused this call, and would again: it had no effect.
    #[error("Okta refused: {0}")]
    Refused(Refusal),
    /// The token or the key is not taken. Nothing will get better until that is mended.
    #[error("Okta does not take the credentials: {0}")]
    BadToken(String),
    /// The credentials are good, and may not do this.
    #[error("Okta does not let these credentials do this: {0}")]
    Forbidden(String),
    /// It had no effect for sure: the org was not reached for as long as there was patience.
    #[error("nothing reached Okta: {0}")]
    NotSent(String),
    /// Whether it had an effect is unknown. Given only for calls that must not be repeated blindly.
    #[error("whether Okta did this is unknown: {0}")]
    Lost(String),
    /// A repeatable call did not succeed for as long as there was patience.
    #[error("Okta did not answer usefully: {0}")]
    Unavailable(String),
    /// An answer that is not Okta's.
    #[error("an answer that is not Okta's: {0}")]
    Unreadable(&'static str),
}

impl CallError {
    /// The refusal, where Okta understood and said no.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether nothing will get better by going on: the credentials are bad, or may not do this.
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::BadToken(_) | Self::Forbidden(_))
    }

    pub(in crate::okta) fn is(&self, code: Code) -> bool {
        self.refusal().is_some_and(|refusal| refusal.code == code)
    }
}

/// Okta's error object, without the values that were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What kind of refusal.
    pub code: Code,
    /// `E0000001` and its like, as Okta sent it.
    pub error_code: String,
    /// `errorSummary`, without values.
    pub summary: String,
    /// `errorCauses[].errorSummary`, without values: `field: what is wrong with it`.
    pub causes: Vec<String>,
}

/// What kind of refusal, by Okta's published list of error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// `E0000001`: understood, and not valid.
    Validation,
    /// `E0000003`: the body is not well-formed.
    Malformed,
    /// `E0000004`: a sign-in that failed.
    AuthenticationFailed,
    /// `E0000005`: the session, or the access token, has ended.
    InvalidSession,
    /// `E0000006`: the credentials may not do this.
    Forbidden,
    /// `E0000007`: no such user, group or hook.
    NotFound,
    /// `E0000009`: Okta itself failed.
    Internal,
    /// `E0000010`: Okta is in read-only mode: nothing was done.
    ReadOnly,
    /// `E0000011`: a token that is not good.
    InvalidToken,
    /// `E0000014`: an update of credentials that failed.
    UpdateFailed,
    /// `E0000015`: a feature that the org does not have.
    FeatureMissing,
    /// `E0000016`: activation of somebody who is active.
    AlreadyActive,
    /// `E0000031`: a filter or search that Okta does not take.
    SearchCriteria,
    /// `E0000038`: the user's status does not allow it.
    Status,
    /// `E0000047`: the rate limit.
    RateLimit,
    /// Any other.
    Other,
}

impl Code {
    fn of(code: &str) -> Self {
        match code {
            "E0000001" => Self::Validation,
            "E0000003" => Self::Malformed,
            "E0000004" => Self::AuthenticationFailed,
            "E0000005" => Self::InvalidSession,
            "E0000006" => Self::Forbidden,
            "E0000007" => Self::NotFound,
            "E0000009" => Self::Internal,
            "E0000010" => Self::ReadOnly,
            "E0000011" => Self::InvalidToken,
            "E0000014" => Self::UpdateFailed,
            "E0000015" => Self::FeatureMissing,
            "E0000016" => Self::AlreadyActive,
            "E0000031" => Self::SearchCriteria,
            "E0000038" => Self::Status,
            "E0000047" => Self::RateLimit,
            _ => Self::Other,
        }
    }
}

impl Refusal {
    /// Whether a user of this login is there already.
    pub fn login_taken(&self) -> bool {
        self.taken("login")
    }

    /// Whether an object whose `field` has this value is there already.
    pub fn taken(&self, field: &str) -> bool {
        self.code == Code::Validation
            && self.causes.iter().any(|cause| {
                cause
                    .split_once(':')
                    .is_some_and(|(named, words)| named == field && words.contains("already exists"))
            })
    }

    /// Reads Okta's error object; `None` where it is none. `sent` are the values that must not come back.
    pub(in crate::okta) fn read(status: u16, body: &[u8], sent: &[&str]) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(body).ok()?;
        let well_formed = wire.code.len() <= MAX_CODE
            && wire.code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if wire.code.is_empty() || !well_formed {
            return None;
        }
        let causes = wire.causes.into_iter().take(MAX_CAUSES).filter_map(|cause| cause.summary);
        Some(Self {
            status,
            code: Code::of(&wire.code),
            error_code: wire.code,
            summary: without_values(wire.summary.as_deref().unwrap_or_default(), sent),
            causes: causes.map(|cause| cause_without_values(&cause, sent)).collect(),
        })
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = self.causes.first().unwrap_or(&self.summary);
        write!(f, "{} {words}", self.error_code)
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "errorCode")]
    code: String,
    #[serde(rename = "errorSummary")]
    summary: Option<String>,
    #[serde(rename = "errorCauses", default, deserialize_with = "crate::okta::wire::null_as_default")]
    causes: Vec<WireCause>,
}

#[derive(Deserialize)]
struct WireCause {
    #[serde(rename = "errorSummary")]
    summary: Option<String>,
}

/// `field: words`: the field stays as it is, the words lose their values.
fn cause_without_values(cause: &str, sent: &[&str]) -> String {
    // Okta's one sentence for a value that is taken; a user whose name is one of its words must not change it.
    const TAKEN: &str = "An object with this field already exists in the current organization";
    let is_field = |field: &str| {
        !field.is_empty()
            && field.len() <= 64
            && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-[] ".contains(&byte))
    };
    match cause.split_once(':') {
        Some((field, words)) if is_field(field) && words.trim().trim_end_matches('.') == TAKEN => {
            format!("{field}: {TAKEN}")
        }
        Some((field, words)) if is_field(field) => format!("{field}: {}", without_values(words.trim(), sent)),
        _ => without_values(cause, sent),
    }
}

/// Okta's words, bounded, on one line, and without values: neither those that were sent, nor anything in quotes, nor
/// anything that looks like an address or an id.
pub(super) fn without_values(words: &str, sent: &[&str]) -> String {
    let bounded: String = words.chars().take(4 * MAX_WORDS).collect();
    let mut text = bounded.replace(|character: char| character.is_control(), " ");
    let mut sent: Vec<&&str> = sent.iter().filter(|value| value.chars().count() > 1).collect();
    sent.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in sent {
        text = without(&text, value);
    }
    let text = without_quotations(&text);
    let words: Vec<&str> =
        text.split_whitespace().map(|word| if looks_like_a_value(word) { HIDDEN } else { word }).collect();
    let text = words.join(" ");
    if text.chars().count() <= MAX_WORDS {
        return text;
    }
    let mut cut: String = text.chars().take(MAX_WORDS).collect();
    cut.push('…');
    cut
}

/// Words of this system's, bounded and on one line.
pub(super) fn bounded(words: &str) -> String {
    words.chars().take(MAX_WORDS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The text without each place where the value stands as a word of its own, whatever its case.
fn without(text: &str, value: &str) -> String {
    let value = value.to_lowercase();
    let lower = text.to_lowercase();
    // Where lower case has another length, places in one are no places in the other.
    if lower.len() != text.len() {
        return if lower.contains(&value) { HIDDEN.to_owned() } else { text.to_owned() };
    }
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for (at, _) in lower.match_indices(&value) {
        let end = at + value.len();
        let word_before =
            text.get(..at).and_then(|t| t.chars().next_back()).is_some_and(char::is_alphanumeric);
        let word_after = text.get(end..).and_then(|t| t.chars().next()).is_some_and(char::is_alphanumeric);
        if at < kept || word_before || word_after {
            continue;
        }
        out.push_str(text.get(kept..at).unwrap_or_default());
        out.push_str(HIDDEN);
        kept = end;
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    out
}

/// The text without what stands between quotes.
fn without_quotations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['"', '\'', '`', '“']) {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let mut inside = from.chars();
        let quote = inside.next().unwrap_or('"');
        // An apostrophe within a word is no quotation: "user's".
        let apostrophe = quote == '\'' && before.chars().next_back().is_some_and(char::is_alphanumeric);
        let close = if quote == '“' { '”' } else { quote };
        if let Some(end) = inside.as_str().find(close).filter(|_| !apostrophe) {
            out.push_str(HIDDEN);
            rest = inside.as_str().get(end + close.len_utf8()..).unwrap_or_default();
        } else {
            out.push(quote);
            rest = inside.as_str();
        }
    }
    out.push_str(rest);
    out
}

/// An address, or a run of letters and digits as ids and tokens are.
fn looks_like_a_value(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    word.contains('@') || (word.len() >= 16 && digits > 0) || word.len() > 60
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str, sent: &[&str]) -> Refusal {
        Refusal::read(status, body.as_bytes(), sent).expect("Okta's error object")
    }

    /// The example of Okta's documents for a login that is taken.
    #[test]
    fn a_taken_login_is_told_from_other_refusals() {
        let body = r#"{"errorCode":"E0000001","errorSummary":"Api validation failed: login","errorLink":"E0000001","errorId":"oaeHfmOAx1iRLa0H10DeMz5fQ",
            "errorCauses":[{"errorSummary":"login: An object with this field already exists in the current organization"}]}"#;
        // A person may be called by a word of the sentence.
        let taken = refusal(400, body, &["login", "already", "exists", "isaac.brock@example.com"]);
        assert!(taken.login_taken());
        assert_eq!(taken.code, Code::Validation);
        assert_eq!(
            taken.to_string(),
            "E0000001 login: An object with this field already exists in the current organization"
        );
        let body = body.replace("\"login: An", "\"email: An");
        assert!(!refusal(400, &body, &[]).login_taken());
        let body = r#"{"errorCode":"E0000001","errorSummary":"x","errorCauses":[{"errorSummary":"login: Username must be in the form of an email address"}]}"#;
        assert!(!refusal(400, body, &[]).login_taken());
    }

    #[test]
    fn values_that_were_sent_do_not_come_back() {
        let body = r#"{"errorCode":"E0000001","errorSummary":"Not found: Resource not found: alice@example.com (User)",
            "errorCauses":[{"errorSummary":"lastName: McTest is too odd for 'Mc Test' and mctest"},
                           {"errorSummary":"mobilePhone: 555 0100 is not a phone\u0007 number"}]}"#;
        let refusal = refusal(400, body, &["McTest", "555 0100", "x"]);
        let all = format!("{refusal:?} {refusal}");
        for value in ["alice", "McTest", "mctest", "Mc Test", "555"] {
            assert!(!all.contains(value), "{value} in {all}");
        }
        assert_eq!(refusal.causes[0], "lastName: … is too odd for … and …");
        assert_eq!(refusal.causes[1], "mobilePhone: … is not a phone number");
    }

    #[test]
    fn words_are_bounded_and_on_one_line() {
        let long = "very ".repeat(10_000);
        let body = format!(
            r#"{{"errorCode":"E0000001","errorSummary":"a\n{long}","errorCauses":[{}]}}"#,
            vec![r#"{"errorSummary":"field: bad"}"#; 500].join(",")
        );
        let refusal = refusal(400, &body, &[]);
        assert!(refusal.summary.chars().count() <= MAX_WORDS + 1 && !refusal.summary.contains('\n'));
        assert_eq!(refusal.causes.len(), MAX_CAUSES);
    }

    #[test]
    fn what_is_no_error_object_is_none() {
        for body in [
            "",
            "<html>",
            "{}",
            "[]",
            "null",
            r#"{"errorCode":""}"#,
            r#"{"errorCode":"<b>"}"#,
            r#"{"errorCode":7}"#,
        ] {
            assert_eq!(Refusal::read(400, body.as_bytes(), &[]), None, "{body}");
        }
        let least = Refusal::read(404, br#"{"errorCode":"E0000007","errorCauses":null}"#, &[]);
        assert_eq!(least.map(|refusal| refusal.code), Some(Code::NotFound));
    }

    #[test]
    fn an_apostrophe_is_no_quotation() {
        assert_eq!(
            without_values("not allowed in the user's current status.", &[]),
            "not allowed in the user's current status."
        );
        assert_eq!(without_values("the value 'abc' is the user's", &[]), "the value … is the user's");
    }

    proptest::proptest! {
        #[test]
        fn no_words_of_okta_make_it_panic(words in ".{0,80}", sent in proptest::collection::vec(".{0,12}", 0..4)) {
            let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
            let clean = without_values(&words, &sent);
            proptest::prop_assert!(clean.chars().count() <= MAX_WORDS + 1);
            proptest::prop_assert!(!clean.chars().any(char::is_control));
        }
    }
}
