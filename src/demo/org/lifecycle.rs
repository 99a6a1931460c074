//! `/api/v1/users/{id}/lifecycle/…` and deletion: what changes a user's status.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::answer::{self, timestamp};
use super::error::ApiError;
use super::people::{Password, Person, Status};
use super::request;
use super::users::{find, find_mut};
use super::{Org, random_id};

type Answer = Result<Response, ApiError>;

/// Of somebody staged or deactivated; an imported password, or the hook, is kept.
pub(super) async fn activate(
    State(org): State<Org>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let send_email = request::flag(&request::parameters(query.as_deref()), "sendEmail", true)?;
    let now = timestamp(org.now());
    let mut people = org.people();
    let id = find(&people, &id)?.id.clone();
    let enrols = people.enrols(&id);
    let person = find_mut(&mut people, &id)?;
    if !matches!(person.status, Status::Staged | Status::Deprovisioned) {
        return Err(ApiError::already_active());
    }
    let by_mail = enrols || matches!(person.password, Password::None);
    person.set_status(if by_mail { Status::Provisioned } else { Status::Active }, &now);
    if send_email || !by_mail {
        return Ok(Json(json!({})).into_response());
    }
    let token = random_id().ok_or_else(ApiError::internal)?;
    let url = format!("{}/welcome/{token}", org.0.base_url);
    Ok(Json(json!({ "activationUrl": url, "activationToken": token })).into_response())
}

pub(super) async fn deactivate(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let now = timestamp(org.now());
    let mut people = org.people();
    let person = find_mut(&mut people, &id)?;
    if person.status == Status::Deprovisioned {
        return Err(ApiError::status());
    }
    retire(person, &now);
    Ok(Json(json!({})).into_response())
}

pub(super) async fn suspend(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    change(&org, &id, Status::Active, Status::Suspended)
}

pub(super) async fn unsuspend(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    change(&org, &id, Status::Suspended, Status::Active)
}

pub(super) async fn unlock(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    change(&org, &id, Status::LockedOut, Status::Active)
}

pub(super) async fn expire_password(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let now = timestamp(org.now());
    let mut people = org.people();
    let person = find_mut(&mut people, &id)?;
    if person.status != Status::Active {
        return Err(ApiError::status());
    }
    person.set_status(Status::PasswordExpired, &now);
    Ok(Json(answer::user(person, &org.0.base_url)).into_response())
}

pub(super) async fn reset_password(
    State(org): State<Org>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let parameters = request::parameters(query.as_deref());
    if !parameters.contains_key("sendEmail") {
        return Err(ApiError::missing_parameter("sendEmail"));
    }
    let send_email = request::flag(&parameters, "sendEmail", true)?;
    let now = timestamp(org.now());
    let mut people = org.people();
    let person = find_mut(&mut people, &id)?;
    match person.status {
        Status::Active | Status::Recovery | Status::PasswordExpired | Status::LockedOut => {}
        Status::Staged | Status::Provisioned | Status::Suspended | Status::Deprovisioned => {
            return Err(ApiError::status());
        }
    }
    // Until somebody follows the link there is no password to sign in with.
    person.password = Password::None;
    person.imported = false;
    person.set_status(Status::Recovery, &now);
    if send_email {
        return Ok(Json(json!({})).into_response());
    }
    let token = random_id().ok_or_else(ApiError::internal)?;
    let url = format!("{}/reset_password/{token}", org.0.base_url);
    Ok(Json(json!({ "resetPasswordUrl": url })).into_response())
}

/// The first delete deactivates, the second deletes.
pub(super) async fn delete(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let now = timestamp(org.now());
    let mut people = org.people();
    let person = find_mut(&mut people, &id)?;
    if person.status == Status::Deprovisioned {
        let id = person.id.clone();
        people.remove(&id);
    } else {
        retire(person, &now);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn change(org: &Org, id: &str, from: Status, to: Status) -> Answer {
    let now = timestamp(org.now());
    let mut people = org.people();
    let person = find_mut(&mut people, id)?;
    if person.status != from {
        return Err(ApiError::status());
    }
    person.set_status(to, &now);
    Ok(Json(json!({})).into_response())
}

fn retire(person: &mut Person, now: &str) {
    person.password = Password::None;
    person.imported = false;
    person.set_status(Status::Deprovisioned, now);
}
