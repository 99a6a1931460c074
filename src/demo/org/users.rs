//! `/api/v1/users`: create, read, list, update, lifecycle, delete.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answer::{self, timestamp};
use super::error::ApiError;
use super::password::OwnDigest;
use super::people::{Password, People, Person, Status};
use super::request::{self, NewPassword, Term};
use super::{Org, random_id};

type Answer = Result<Response, ApiError>;

pub(super) async fn create(
    State(org): State<Org>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body = request::object(&headers, &body)?;
    let activate = request::flag(&request::parameters(query.as_deref()), "activate", true)?;
    let profile = match body.get("profile") {
        Some(Value::Object(profile)) => profile.clone(),
        _ => {
            return Err(ApiError::validation("profile", vec!["profile: must be there, as an object".into()]));
        }
    };
    let groups = request::group_ids(&body)?;
    let (password, imported) = stored(request::new_password(&body)?)?;
    let now = timestamp(org.now());

    let mut people = org.people();
    let mut causes = request::profile_faults(&profile);
    causes.extend(taken(&people, &profile, None));
    refuse(causes)?;
    if let Some(unknown) = groups.iter().find(|id| !people.groups.contains_key(*id)) {
        return Err(ApiError::not_found(unknown, "UserGroup"));
    }
    let id = people.next_id("00u");
    for group in groups {
        if let Some(group) = people.groups.get_mut(&group) {
            group.members.insert(id.clone());
            group.membership_updated.clone_from(&now);
        }
    }
    let has_password = !matches!(password, Password::None);
    let mut person = Person {
        id: id.clone(),
        status: Status::Staged,
        created: now.clone(),
        activated: None,
        status_changed: None,
        last_login: None,
        last_updated: now.clone(),
        password_changed: has_password.then(|| now.clone()),
        profile,
        password,
        imported,
        hook_calls: 0,
    };
    if activate {
        person.set_status(if has_password { Status::Active } else { Status::Provisioned }, &now);
    }
    let answer = answer::user(&person, &org.0.base_url);
    people.create(person);
    Ok(Json(answer).into_response())
}

pub(super) async fn read(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let people = org.people();
    let person = find(&people, &id)?;
    Ok(Json(answer::user(person, &org.0.base_url)).into_response())
}

pub(super) async fn list(State(org): State<Org>, RawQuery(query): RawQuery) -> Answer {
    let parameters = request::parameters(query.as_deref());
    let (terms, any_case) = match (parameters.get("filter"), parameters.get("search")) {
        (None, None) => (None, false),
        (Some(filter), None) => (Some(request::terms(filter)?), false),
        (None, Some(search)) => (Some(request::terms(search)?), true),
        (Some(_), Some(_)) => return Err(ApiError::search_criteria()),
    };
    if parameters.contains_key("q") {
        return Err(ApiError::search_criteria());
    }
    let limit = match parameters.get("limit").map(|limit| limit.parse::<usize>()) {
        None => 200,
        Some(Ok(limit @ 1..=200)) => limit,
        Some(_) => return Err(ApiError::validation("limit", vec!["limit: must be from 1 to 200".into()])),
    };
    let after = parameters.get("after").map_or("", String::as_str);

    let people = org.people();
    let mut page = Vec::new();
    let mut last = None;
    let mut more = false;
    for person in people.after(after).filter(|person| selected(person, terms.as_deref(), any_case)) {
        if page.len() == limit {
            more = true;
            break;
        }
        page.push(answer::user(person, &org.0.base_url));
        last = Some(person.id.clone());
    }
    let mut response = Json(page).into_response();
    links(response.headers_mut(), &org.0.base_url, parameters, last.filter(|_| more));
    Ok(response)
}

pub(super) async fn update(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body = request::object(&headers, &body)?;
    let new = request::new_password(&body)?;
    let is_hash = matches!(new, Some(NewPassword::Hash(_)));
    let new = new.map(|new| stored(Some(new))).transpose()?;
    let now = timestamp(org.now());

    let mut people = org.people();
    let person = find(&people, &id)?;
    let id = person.id.clone();
    if person.status == Status::Deprovisioned {
        return Err(ApiError::status());
    }
    if is_hash && person.status != Status::Staged {
        // Okta's documents give the rule, not the words of the refusal.
        let cause = "credentials.password.hash: may be set only while the user is STAGED";
        return Err(ApiError::validation("password", vec![cause.into()]));
    }
    match body.get("profile") {
        None => {}
        Some(Value::Object(changes)) => {
            let mut profile = person.profile.clone();
            for (name, value) in changes {
                match value {
                    Value::Null => drop(profile.remove(name)),
                    value => drop(profile.insert(name.clone(), value.clone())),
                }
            }
            let mut causes = request::profile_faults(&profile);
            causes.extend(taken(&people, &profile, Some(&id)));
            refuse(causes)?;
            people.replace_profile(&id, profile);
        }
        Some(_) => return Err(ApiError::malformed()),
    }
    let person = people.by_id_mut(&id).ok_or_else(ApiError::internal)?;
    person.last_updated.clone_from(&now);
    if let Some((password, imported)) = new {
        person.password = password;
        person.imported = imported;
        person.password_changed = Some(now.clone());
        if matches!(person.status, Status::Provisioned | Status::Recovery) {
            person.set_status(Status::Active, &now);
        }
    }
    Ok(Json(answer::user(person, &org.0.base_url)).into_response())
}

pub(super) async fn activate(
    State(org): State<Org>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let send_email = request::flag(&request::parameters(query.as_deref()), "sendEmail", true)?;
    let now = timestamp(org.now());
    let mut people = org.people();
    let person = find_mut(&mut people, &id)?;
    match person.status {
        Status::Staged | Status::Deprovisioned | Status::Provisioned => {}
        Status::Active | Status::Recovery => return Err(ApiError::already_active()),
    }
    let without_password = matches!(person.password, Password::None);
    person.set_status(if without_password { Status::Provisioned } else { Status::Active }, &now);
    if send_email || !without_password {
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
        Status::Active | Status::Recovery => {}
        Status::Staged | Status::Provisioned | Status::Deprovisioned => return Err(ApiError::status()),
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

fn retire(person: &mut Person, now: &str) {
    person.password = Password::None;
    person.imported = false;
    person.set_status(Status::Deprovisioned, now);
}

/// By id, login or unique short name. A login with a slash can be found by its id only.
pub(super) fn find<'a>(people: &'a People, id: &str) -> Result<&'a Person, ApiError> {
    people
        .by_id(id)
        .or_else(|| people.by_typed_name(id).filter(|_| !id.contains('/')))
        .ok_or_else(|| ApiError::not_found(id, "User"))
}

fn find_mut<'a>(people: &'a mut People, id: &str) -> Result<&'a mut Person, ApiError> {
    let id = find(people, id)?.id.clone();
    people.by_id_mut(&id).ok_or_else(ApiError::internal)
}

/// What is kept of a new password, and whether it counts as imported.
fn stored(new: Option<NewPassword>) -> Result<(Password, bool), ApiError> {
    Ok(match new {
        None => (Password::None, false),
        Some(NewPassword::Hash(hash)) => (Password::Imported(Arc::new(hash)), true),
        Some(NewPassword::Hook) => (Password::Hook, true),
        Some(NewPassword::Value(value)) => {
            let digest = OwnDigest::of(value.expose()).ok_or_else(ApiError::internal)?;
            (Password::Own(Arc::new(digest)), false)
        }
    })
}

/// The cause for a login that somebody else has.
fn taken(people: &People, profile: &Map<String, Value>, own_id: Option<&str>) -> Option<String> {
    let login = profile.get("login")?.as_str()?;
    let holder = people.by_login(login)?;
    (Some(holder.id.as_str()) != own_id)
        .then(|| "login: An object with this field already exists in the current organization".into())
}

fn refuse(causes: Vec<String>) -> Result<(), ApiError> {
    let Some(first) = causes.first() else { return Ok(()) };
    let object = first.split(':').next().unwrap_or_default().to_owned();
    Err(ApiError::validation(&object, causes))
}

/// Without a filter, everybody but the deactivated.
fn selected(person: &Person, terms: Option<&[Term]>, any_case: bool) -> bool {
    let Some(terms) = terms else { return person.status != Status::Deprovisioned };
    terms.iter().all(|term| {
        let actual = match term.attribute.as_str() {
            "id" => person.id.as_str(),
            "status" => person.status.name(),
            attribute => attribute.strip_prefix("profile.").map_or("", |name| person.attribute(name)),
        };
        if any_case { actual.to_lowercase() == term.value.to_lowercase() } else { actual == term.value }
    })
}

/// `Link: <…>; rel="self"`, and `rel="next"` where there is more.
fn links(
    headers: &mut HeaderMap,
    base_url: &str,
    mut parameters: HashMap<String, String>,
    next: Option<String>,
) {
    let mut add = |parameters: &HashMap<String, String>, relation: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let link = format!("<{base_url}/api/v1/users?{}>; rel=\"{relation}\"", query.finish());
        if let Ok(link) = HeaderValue::try_from(link) {
            headers.append(header::LINK, link);
        }
    };
    add(&parameters, "self");
    if let Some(next) = next {
        parameters.insert("after".into(), next);
        add(&parameters, "next");
    }
}
