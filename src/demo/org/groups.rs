//! `/api/v1/groups`: as much as seeding needs: create, find by name, read, members.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Org;
use super::answer::{self, timestamp};
use super::error::ApiError;
use super::people::{Group, People};
use super::request;
use super::users::find;

type Answer = Result<Response, ApiError>;

pub(super) async fn create(State(org): State<Org>, headers: HeaderMap, body: Bytes) -> Answer {
    let body = request::object(&headers, &body)?;
    let text = |name| body.get("profile").and_then(|profile| profile.get(name)).and_then(Value::as_str);
    let name = text("name").unwrap_or_default().to_owned();
    if name.is_empty() || name.chars().count() > 255 {
        let cause = "name: must be there, of 1 to 255 characters";
        return Err(ApiError::validation("name", vec![cause.into()]));
    }
    let now = timestamp(org.now());
    let mut people = org.people();
    if people.groups.values().any(|group| group.name == name) {
        let cause = "name: An object with this field already exists in the current organization";
        return Err(ApiError::validation("name", vec![cause.into()]));
    }
    let group = Group {
        id: people.next_id("00g"),
        name,
        description: text("description").map(str::to_owned),
        created: now.clone(),
        membership_updated: now,
        members: BTreeSet::new(),
    };
    let answer = answer::group(&group, &org.0.base_url);
    people.groups.insert(group.id.clone(), group);
    Ok(Json(answer).into_response())
}

/// All groups, or those that `q` begins, or whose `profile.name` a `search` or `filter` gives. In one page.
pub(super) async fn list(State(org): State<Org>, RawQuery(query): RawQuery) -> Answer {
    let parameters = request::parameters(query.as_deref());
    let begins = parameters.get("q").map_or("", String::as_str).to_lowercase();
    let exact = match parameters.get("search").or(parameters.get("filter")) {
        None => None,
        Some(expression) => match request::terms(expression)?.as_slice() {
            [term] if term.attribute == "profile.name" => Some(term.value.clone()),
            _ => return Err(ApiError::search_criteria()),
        },
    };
    let people = org.people();
    let groups: Vec<Value> = people
        .groups
        .values()
        .filter(|group| group.name.to_lowercase().starts_with(&begins))
        .filter(|group| exact.as_ref().is_none_or(|name| *name == group.name))
        .map(|group| answer::group(group, &org.0.base_url))
        .collect();
    Ok(Json(groups).into_response())
}

pub(super) async fn read(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut people = org.people();
    let group = find_group(&mut people, &id)?;
    Ok(Json(answer::group(group, &org.0.base_url)).into_response())
}

pub(super) async fn members(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut people = org.people();
    let members = find_group(&mut people, &id)?.members.clone();
    let members = members.iter().filter_map(|id| people.by_id(id));
    let members: Vec<Value> = members.map(|person| answer::user(person, &org.0.base_url)).collect();
    Ok(Json(members).into_response())
}

pub(super) async fn add(State(org): State<Org>, Path((id, user)): Path<(String, String)>) -> Answer {
    let now = timestamp(org.now());
    let mut people = org.people();
    let user = find(&people, &user)?.id.clone();
    let group = find_group(&mut people, &id)?;
    group.members.insert(user);
    group.membership_updated = now;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn remove(State(org): State<Org>, Path((id, user)): Path<(String, String)>) -> Answer {
    let now = timestamp(org.now());
    let mut people = org.people();
    let user = find(&people, &user)?.id.clone();
    let group = find_group(&mut people, &id)?;
    group.members.remove(&user);
    group.membership_updated = now;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn find_group<'a>(people: &'a mut People, id: &str) -> Result<&'a mut Group, ApiError> {
    people.groups.get_mut(id).ok_or_else(|| ApiError::not_found(id, "UserGroup"))
}
