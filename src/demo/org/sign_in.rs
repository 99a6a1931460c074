//! `POST /api/v1/authn`: the sign-in. An imported hash or the hook serves once; from then on the org knows the
//! password by its own digest.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::answer::timestamp;
use super::error::ApiError;
use super::events::EventType;
use super::hook::{self, Answer, Question};
use super::password::{Check, ImportedHash, OwnDigest};
use super::people::{Password, Status};
use super::{Org, RequestId, locked, random_id, request};
use crate::secret::Secret;

/// What was typed.
struct Typed {
    username: String,
    password: Secret,
}

pub(super) async fn authn(
    State(org): State<Org>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut body = request::object(&headers, &body)?;
    let (Some(Value::String(username)), Some(Value::String(password))) =
        (body.remove("username"), body.remove("password"))
    else {
        return Err(ApiError::authentication_failed());
    };
    let typed = Typed { username, password: Secret::from(password) };
    let candidate = {
        let people = org.people();
        people
            .by_typed_name(&typed.username)
            .map(|person| (person.id.clone(), person.status, person.password.clone()))
    };
    // A real org hides whether the user is there; here the time it takes would tell, which harms nobody.
    let Some((id, status, password)) = candidate else { return Err(ApiError::authentication_failed()) };
    if status != Status::Active {
        return failed(&org, &id, "INVALID_CREDENTIALS");
    }
    let (check, arrives) = match password {
        Password::None => (Check::Wrong, false),
        Password::Own(own) => (own.check(typed.password.expose()), false),
        Password::Imported(hash) => (check_imported(hash, &typed.password).await?, true),
        Password::Hook => (ask_hook(&org, &id, &typed, &request_id).await?, true),
    };
    match check {
        Check::Wrong => failed(&org, &id, "INVALID_CREDENTIALS"),
        Check::Right => signed_in(&org, &id, &typed, arrives),
    }
}

/// Off the async threads: an imported bcrypt takes its tens of milliseconds.
async fn check_imported(hash: Arc<ImportedHash>, password: &Secret) -> Result<Check, ApiError> {
    let password = Secret::new(password.expose().to_vec());
    tokio::task::spawn_blocking(move || hash.check(password.expose())).await.map_err(|_| ApiError::internal())
}

async fn ask_hook(org: &Org, id: &str, typed: &Typed, request_id: &str) -> Result<Check, ApiError> {
    let endpoint = locked(&org.0.inline_hooks).password_import();
    let (answer, calls) = match (endpoint, typed.password.expose_str()) {
        (Some((hook_id, endpoint)), Some(password)) => {
            let event_id = random_id().ok_or_else(ApiError::internal)?;
            let question = Question {
                event_id: &event_id,
                event_time: &timestamp(org.now()),
                base_url: &org.0.base_url,
                hook_id: &hook_id,
                username: &typed.username,
                password,
                request_id,
            };
            hook::ask(&org.0.client, &endpoint, &question).await
        }
        _ => (Answer::Failed("no hook is registered"), 0),
    };
    let now = timestamp(org.now());
    let read_only = org.read_only();
    let mut people = org.people();
    if let Some(person) = people.by_id_mut(id) {
        person.hook_calls = person.hook_calls.saturating_add(calls);
    }
    let failure = match answer {
        // Whoever deletes hashes by this event must not be told that a password arrived which cannot be kept.
        Answer::Verified if read_only => Some("the org is in read-only mode"),
        Answer::Verified => None,
        Answer::Unverified => Some("the hook answered UNVERIFIED"),
        Answer::Failed(why) => Some(why),
    };
    drop(people);
    org.record(&now, id, EventType::ImportPassword, failure);
    Ok(if answer == Answer::Verified { Check::Right } else { Check::Wrong })
}

fn failed(org: &Org, id: &str, reason: &'static str) -> Result<Response, ApiError> {
    let now = timestamp(org.now());
    org.record(&now, id, EventType::SessionStart, Some(reason));
    Err(ApiError::authentication_failed())
}

fn signed_in(org: &Org, id: &str, typed: &Typed, arrives: bool) -> Result<Response, ApiError> {
    let read_only = org.read_only();
    let own = (arrives && !read_only)
        .then(|| OwnDigest::of(typed.password.expose()).ok_or_else(ApiError::internal))
        .transpose()?;
    let token = random_id().ok_or_else(ApiError::internal)?;
    let now = org.now();
    let written = timestamp(now);

    let mut people = org.people();
    let person = people.by_id_mut(id).ok_or_else(ApiError::authentication_failed)?;
    // Somebody may have reset or changed the password while it was being verified; theirs stays.
    if let Some(own) = own
        && matches!(person.password, Password::Imported(_) | Password::Hook)
    {
        person.password = Password::Own(Arc::new(own));
    }
    if !read_only {
        person.last_login = Some(written.clone());
    }
    let answer = json!({
        "status": "SUCCESS",
        "sessionToken": token,
        "expiresAt": timestamp(now + Duration::from_mins(5)),
        "_embedded": { "user": {
            "id": person.id,
            "passwordChanged": person.password_changed,
            "profile": {
                "login": person.attribute("login"),
                "firstName": person.attribute("firstName"),
                "lastName": person.attribute("lastName"),
                "locale": "en",
                "timeZone": "America/Los_Angeles",
            },
        } },
    });
    drop(people);
    org.record(&written, id, EventType::SessionStart, None);
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    Ok(response)
}
