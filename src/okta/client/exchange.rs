//! One call from its permit to its answer: pace, credentials, repeats, and what an answer means.

use std::time::SystemTime;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::error::{CallError, Code, Refusal, without_values};
use super::pacing::{self, Outcome, Standing};
use super::transport::{Answer, Failure};
use super::{Auth, Bucket, Client, Inner, Permit, chance};

/// The longest answer that is read, but for lists.
const LONGEST: usize = 256 * 1024;
/// The longest page of a list that is read: 200 users with profiles of 20 KiB.
const LONGEST_PAGE: usize = 4 * 1024 * 1024;
/// After so many 5xx, while the org answers others, it is this call that Okta cannot do.
const HOPELESS: u32 = 12;

/// One call.
pub(in crate::okta) struct Call<'a> {
    method: Method,
    path: &'a str,
    bucket: Bucket,
    body: Option<Bytes>,
    longest: usize,
    repeatable: bool,
    sent: Vec<&'a str>,
}

impl<'a> Call<'a> {
    pub(in crate::okta) fn new(method: Method, path: &'a str, bucket: Bucket) -> Self {
        Self { method, path, bucket, body: None, longest: LONGEST, repeatable: true, sent: Vec::new() }
    }

    pub(in crate::okta) fn get(path: &'a str, bucket: Bucket) -> Self {
        Self::new(Method::GET, path, bucket)
    }

    /// One that answers with a list.
    pub(in crate::okta) fn list(path: &'a str, bucket: Bucket) -> Self {
        Self { longest: LONGEST_PAGE, ..Self::get(path, bucket) }
    }

    pub(in crate::okta) fn post(path: &'a str, bucket: Bucket) -> Self {
        Self::new(Method::POST, path, bucket)
    }

    /// With this object as its body, whose bytes are zeroed when the call has ended.
    pub(in crate::okta) fn with(mut self, body: &impl serde::Serialize) -> Self {
        // Objects of ours, with texts for keys: writing them into memory does not fail.
        let bytes = Zeroizing::new(serde_json::to_vec(body).unwrap_or_default());
        self.body = Some(Bytes::from_owner(bytes));
        self
    }

    /// Values that Okta's words must not bring back.
    pub(in crate::okta) fn hiding(mut self, sent: impl IntoIterator<Item = &'a str>) -> Self {
        self.sent.extend(sent);
        self
    }

    /// A second one would do something twice.
    pub(in crate::okta) fn once(self) -> Self {
        Self { repeatable: false, ..self }
    }

    fn request(&self, client: &Inner, authorization: HeaderValue) -> Result<Request<Full<Bytes>>, CallError> {
        let url = format!("{}{}", client.org.to_string().trim_end_matches('/'), self.path);
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(url)
            .header(header::AUTHORIZATION, authorization);
        if self.body.is_some() {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = Full::new(self.body.clone().unwrap_or_default());
        request.body(body).map_err(|_| CallError::NotSent("the call has no valid address".into()))
    }
}

impl Answer {
    /// The body as this object.
    pub(in crate::okta) fn object<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| CallError::Unreadable("its body is not the object that Okta documents"))
    }
}

/// What an attempt came to.
enum Attempt {
    Answered(Answer),
    /// Certainly without an effect, and worth a repeat: 429, read-only mode, no connection.
    NoEffect(String),
    /// Perhaps with an effect: 5xx, a time-out, a broken connection.
    Unknown(String),
    /// With an effect, and an answer that is too long to be Okta's.
    TooLong,
    /// The access token has ended.
    TokenEnded,
}

/// How often this call was tried, and until when it may be.
struct Effort {
    until: Option<Instant>,
    attempts: u32,
    server_errors: u32,
    answered_before: u64,
}

impl Client {
    /// Makes the call at its bucket's pace. An answer is of 2xx.
    pub(in crate::okta) async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        self.call_with(call, None).await
    }

    /// The same with a place that is held already.
    pub(in crate::okta) async fn call_with(
        &self,
        call: Call<'_>,
        permit: Option<Permit>,
    ) -> Result<Answer, CallError> {
        let mut permit = permit.filter(|permit| permit.bucket == call.bucket);
        let mut effort = Effort {
            until: self.0.patience.map(|patience| Instant::now() + patience),
            attempts: 0,
            server_errors: 0,
            answered_before: self.0.shared().pacing.answered,
        };
        let mut renewed = false;
        let mut last = self.0.shared().trouble.clone();
        loop {
            let place = match permit.take() {
                Some(permit) => permit,
                None => match within(effort.until, self.admit(call.bucket)).await {
                    Some(permit) => permit,
                    None => {
                        let why = last.unwrap_or_else(|| "it was not its turn in time".to_owned());
                        return Err(gave_up(&call, why));
                    }
                },
            };
            let attempt = self.attempt(&call, &mut effort).await?;
            drop(place);
            let why = match attempt {
                Attempt::Answered(answer) => {
                    self.0.shared().trouble = None;
                    return judge(answer, &call);
                }
                Attempt::TokenEnded if !renewed => {
                    renewed = true;
                    continue;
                }
                Attempt::TokenEnded => {
                    return Err(CallError::BadToken("a new access token is refused, too".into()));
                }
                Attempt::Unknown(why) if !call.repeatable => return Err(CallError::Lost(why)),
                Attempt::TooLong if !call.repeatable => {
                    return Err(CallError::Lost("the answer is too long to be Okta's".into()));
                }
                Attempt::TooLong => {
                    return Err(CallError::Unreadable("it is longer than any answer of Okta's"));
                }
                Attempt::NoEffect(why) | Attempt::Unknown(why) => why,
            };
            self.0.shared().trouble = Some(why.clone());
            self.0.pause(&mut effort, &call, &why).await?;
            last = Some(why);
        }
    }

    /// Sends once, and tells the pacing what came of it.
    async fn attempt(&self, call: &Call<'_>, effort: &mut Effort) -> Result<Attempt, CallError> {
        let client = &self.0;
        let (authorization, generation) = match &client.auth {
            Auth::Token(header) => (header.clone(), None),
            Auth::OAuth(oauth) => {
                let (header, generation) = oauth.header(client, effort.until).await?;
                (header, Some((oauth, generation)))
            }
        };
        let request = call.request(client, authorization)?;
        let Some(mut flying) = within(effort.until, client.fly(call.bucket)).await else {
            return Err(gave_up(call, "too many calls are under way".into()));
        };
        effort.attempts += 1;
        if effort.attempts > 1 {
            client.shared().pacing.retries += 1;
        }
        let result = client.transport.exchange(request, call.longest).await;
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) => return Ok(failed(failure, &mut flying)),
        };
        let crowded = answer.status == StatusCode::TOO_MANY_REQUESTS && is_crowded(&answer.headers);
        let outcome = match answer.status {
            _ if crowded => Outcome::Crowded,
            StatusCode::TOO_MANY_REQUESTS => Outcome::Limited,
            status if status.is_server_error() => Outcome::Failed,
            _ => Outcome::Answered,
        };
        flying.landed(outcome, Some(&answer.headers));
        let refusal = || Refusal::read(answer.status.as_u16(), &answer.body, &call.sent);
        Ok(match answer.status {
            _ if crowded => Attempt::NoEffect("Okta takes fewer calls at once".into()),
            StatusCode::TOO_MANY_REQUESTS => Attempt::NoEffect("the rate limit is reached (429)".into()),
            status if status.is_server_error() => {
                effort.server_errors += 1;
                match refusal() {
                    Some(refusal) if refusal.code == Code::ReadOnly => {
                        Attempt::NoEffect("Okta is in read-only mode (E0000010)".into())
                    }
                    Some(refusal) => Attempt::Unknown(format!("{} {refusal}", status.as_u16())),
                    None => Attempt::Unknown(format!("status {}", status.as_u16())),
                }
            }
            StatusCode::UNAUTHORIZED => match generation {
                Some((oauth, generation)) => {
                    oauth.ended(generation).await;
                    Attempt::TokenEnded
                }
                None => Attempt::Answered(answer),
            },
            _ => Attempt::Answered(answer),
        })
    }
}

impl Inner {
    /// Waits for the right to send.
    async fn fly(&self, bucket: Bucket) -> Flying<'_> {
        self.wait(Bucket::ALL.len(), super::Pacing::send).await;
        Flying { client: self, bucket, sent: Instant::now(), landed: false }
    }

    /// Waits before the next attempt, longer each time, or gives up.
    async fn pause(&self, effort: &mut Effort, call: &Call<'_>, last: &str) -> Result<(), CallError> {
        let others_fare_well = self.shared().pacing.answered > effort.answered_before;
        if effort.server_errors >= HOPELESS && others_fare_well {
            return Err(gave_up(call, last.to_owned()));
        }
        let at = Instant::now() + pacing::backoff(effort.attempts, chance());
        if effort.until.is_some_and(|until| at > until) {
            return Err(gave_up(call, last.to_owned()));
        }
        tokio::time::sleep_until(at).await;
        Ok(())
    }

    /// What an answer's headers say of its bucket, and of Okta's clock.
    pub(super) fn learn(&self, headers: &HeaderMap, sent: Instant) -> Option<Standing> {
        let (sent, now) = (sent.into_std(), Instant::now().into_std());
        let mut shared = self.shared();
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
            shared.clock.observe(date, sent, now);
        }
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let reset = number("x-rate-limit-reset")?;
        Some(Standing {
            limit: number("x-rate-limit-limit")?,
            remaining: number("x-rate-limit-remaining")?,
            reset,
            ends: shared.clock.instant(reset),
        })
    }
}

/// A call under way. Whoever drops it unanswered has given it up.
struct Flying<'c> {
    client: &'c Inner,
    bucket: Bucket,
    sent: Instant,
    landed: bool,
}

impl Flying<'_> {
    fn landed(&mut self, outcome: Outcome, headers: Option<&HeaderMap>) {
        self.landed = true;
        let standing = headers.and_then(|headers| self.client.learn(headers, self.sent));
        let (sent, now) = (self.sent.into_std(), Instant::now().into_std());
        self.client.shared().pacing.ended(self.bucket, sent, now, outcome, standing, chance());
        self.client.wake();
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.client.shared().pacing.forget();
            self.client.wake();
        }
    }
}

fn failed(failure: Failure, flying: &mut Flying<'_>) -> Attempt {
    match failure {
        Failure::NotSent(why) => {
            flying.landed(Outcome::Failed, None);
            Attempt::NoEffect(why)
        }
        Failure::Lost(why, head) => {
            flying.landed(Outcome::Failed, head.as_ref().map(|head| &head.1));
            Attempt::Unknown(match head {
                Some(head) => format!("status {}, {why}", head.0.as_u16()),
                None => why.to_owned(),
            })
        }
        Failure::TooLong(status) if status.is_success() => {
            flying.landed(Outcome::Answered, None);
            Attempt::TooLong
        }
        Failure::TooLong(status) => {
            flying.landed(Outcome::Failed, None);
            Attempt::Unknown(format!("status {}, and a body that is too long", status.as_u16()))
        }
    }
}

/// A 429 for too many calls at once: Okta sends both as 0.
fn is_crowded(headers: &HeaderMap) -> bool {
    let zero = |name: &str| headers.get(name).is_some_and(|value| value.as_bytes() == b"0");
    zero("x-rate-limit-limit") && zero("x-rate-limit-remaining")
}

fn judge(answer: Answer, call: &Call<'_>) -> Result<Answer, CallError> {
    let status = answer.status;
    if status.is_success() {
        return Ok(answer);
    }
    if status.is_redirection() {
        return Err(CallError::Unreadable("a redirect; org_url must be the org's own address"));
    }
    let refusal = Refusal::read(status.as_u16(), &answer.body, &call.sent);
    match (status, refusal) {
        (StatusCode::UNAUTHORIZED, Some(refusal)) => Err(CallError::BadToken(refusal.to_string())),
        (StatusCode::UNAUTHORIZED, None) => Err(CallError::BadToken("status 401".into())),
        (StatusCode::FORBIDDEN, Some(refusal)) if refusal.code == Code::Forbidden => {
            Err(CallError::Forbidden(refusal.to_string()))
        }
        (_, Some(refusal)) => Err(CallError::Refused(refusal)),
        (StatusCode::FORBIDDEN, None) => Err(match scope_problem(&answer.headers) {
            Some(problem) => CallError::Forbidden(problem),
            None => CallError::Unreadable("status 403 without Okta's error object; is a proxy in between?"),
        }),
        (_, None) => {
            Err(CallError::Unreadable("an error without Okta's error object; is a proxy in between?"))
        }
    }
}

/// An access token that lacks a scope is told in a header alone (RFC 6750, section 3.1).
fn scope_problem(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()?;
    told.contains("insufficient_scope")
        .then(|| without_values("insufficient_scope: grant the app the scopes", &[]))
}

fn gave_up(call: &Call<'_>, why: String) -> CallError {
    if call.repeatable { CallError::Unavailable(why) } else { CallError::NotSent(why) }
}

/// The future's value, if it comes in time.
pub(super) async fn within<F: Future>(until: Option<Instant>, future: F) -> Option<F::Output> {
    match until {
        None => Some(future.await),
        Some(until) => tokio::time::timeout_at(until, future).await.ok(),
    }
}

/// Okta's time for what is signed, in seconds since 1970.
pub(super) fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
