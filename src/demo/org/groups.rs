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
use super::filter::{Expression, Operator};
use super::page::Page;
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

/// All groups, or those that `q` begins, or that a `search` or `filter` describes.
pub(super) async fn list(State(org): State<Org>, RawQuery(query): RawQuery) -> Answer {
    let parameters = request::parameters(query.as_deref());
    let begins = parameters.get("q").map_or("", String::as_str).to_lowercase();
    let (expression, is_search) = match (parameters.get("filter"), parameters.get("search")) {
        (None, None) => (None, false),
        (Some(filter), None) => (Some(expression_of(filter, false)?), false),
        (None, Some(search)) => (Some(expression_of(search, true)?), true),
        (Some(_), Some(_)) => return Err(ApiError::search_criteria()),
    };
    let page = Page::read(parameters, 10_000, 10_000)?;
    let indexed = org.search_lag().filter(|_| is_search).map(|lag| timestamp(org.now() - lag));
    let people = org.people();
    let found = people
        .groups
        .values()
        .filter(|group| group.id.as_str() > page.after())
        .filter(|group| indexed.as_ref().is_none_or(|until| group.created <= *until))
        .filter(|group| group.name.to_lowercase().starts_with(&begins))
        .filter(|group| {
            expression.as_ref().is_none_or(|e| e.holds(&|attribute| values(group, attribute), is_search))
        })
        .map(|group| (group.id.clone(), answer::group(group, &org.0.base_url)));
    Ok(page.answer(&org.0.base_url, "/api/v1/groups", found))
}

/// `filter` knows the id and times, `search` the profile too.
fn expression_of(text: &str, is_search: bool) -> Result<Expression, ApiError> {
    let mut expression = Expression::parse(text)?;
    expression.check(&mut |term| match (term.attribute.as_str(), term.operator) {
        ("lastUpdated" | "lastMembershipUpdated", operator)
            if operator == Operator::Equal || operator.is_order() =>
        {
            term.as_time()
        }
        ("id" | "type", Operator::Equal) => Ok(()),
        (
            "profile.name" | "profile.description",
            Operator::Equal | Operator::StartsWith | Operator::Contains,
        ) if is_search => Ok(()),
        _ => Err(ApiError::search_criteria()),
    })?;
    Ok(expression)
}

fn values(group: &Group, attribute: &str) -> Vec<String> {
    let value = match attribute {
        "id" => Some(group.id.as_str()),
        "type" => Some("OKTA_GROUP"),
        "lastUpdated" => Some(group.created.as_str()),
        "lastMembershipUpdated" => Some(group.membership_updated.as_str()),
        "profile.name" => Some(group.name.as_str()),
        "profile.description" => group.description.as_deref(),
        _ => None,
    };
    value.map(str::to_owned).into_iter().collect()
}

pub(super) async fn read(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut people = org.people();
    let group = find_group(&mut people, &id)?;
    Ok(Json(answer::group(group, &org.0.base_url)).into_response())
}

pub(super) async fn delete(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let mut people = org.people();
    people.groups.remove(&id).ok_or_else(|| ApiError::not_found(&id, "UserGroup"))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn members(
    State(org): State<Org>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let page = Page::read(request::parameters(query.as_deref()), 1000, 1000)?;
    let mut people = org.people();
    let members = find_group(&mut people, &id)?.members.clone();
    let found = members
        .iter()
        .filter(|member| member.as_str() > page.after())
        .filter_map(|member| people.by_id(member))
        .map(|person| (person.id.clone(), answer::user(person, &org.0.base_url)));
    Ok(page.answer(&org.0.base_url, &format!("/api/v1/groups/{id}/users"), found))
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
