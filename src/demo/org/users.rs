//! `/api/v1/users`: create, read, list, update. What changes a status is in `lifecycle`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::Org;
use super::answer::{self, timestamp};
use super::error::ApiError;
use super::filter::{Expression, Operator};
use super::page::Page;
use super::password::OwnDigest;
use super::people::{Password, People, Person, Status};
use super::request::{self, NewPassword};

type Answer = Result<Response, ApiError>;

pub(super) async fn create(
    State(org): State<Org>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let body = request::object(&headers, &body)?;
    let activate = request::flag(&request::parameters(query.as_deref()), "activate", true)?;
    let now = timestamp(org.now());
    let new = NewPerson::read(&body)?;
    let mut people = org.people();
    let mut person = new.enter(&mut people, &now)?;
    if activate {
        let by_mail = people.enrols(&person.id) || matches!(person.password, Password::None);
        person.set_status(if by_mail { Status::Provisioned } else { Status::Active }, &now);
    }
    let answer = answer::user(&person, &org.0.base_url);
    people.create(person);
    Ok(Json(answer).into_response())
}

/// Somebody who was in the org before, by the body of a create-user request, in any status.
pub(super) fn add(org: &Org, body: &Map<String, Value>, status: Status) -> Result<String, ApiError> {
    let now = timestamp(org.now());
    let new = NewPerson::read(body)?;
    let mut people = org.people();
    let mut person = new.enter(&mut people, &now)?;
    if status != Status::Staged {
        person.set_status(status, &now);
    }
    if status == Status::Deprovisioned {
        person.password = Password::None;
    }
    let id = person.id.clone();
    people.insert(person);
    Ok(id)
}

/// The body of a create-user request, read.
struct NewPerson {
    profile: Map<String, Value>,
    groups: Vec<String>,
    password: Password,
    imported: bool,
}

impl NewPerson {
    fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let Some(Value::Object(profile)) = body.get("profile") else {
            let cause = "profile: must be there, as an object".into();
            return Err(ApiError::validation("profile", vec![cause]));
        };
        let profile = profile.clone();
        let groups = request::group_ids(body)?;
        let (password, imported) = stored(request::new_password(body)?)?;
        Ok(Self { profile, groups, password, imported })
    }

    /// Checks against who is there, puts the new one into the groups, and gives them, staged.
    fn enter(self, people: &mut People, now: &str) -> Result<Person, ApiError> {
        let mut causes = request::profile_faults(&self.profile);
        causes.extend(taken(people, &self.profile, None));
        refuse(causes)?;
        if self.groups.iter().any(|id| !people.groups.contains_key(id)) {
            let cause = "groupIds: The list of group IDs has one that is not in the current organization";
            return Err(ApiError::validation("groupIds", vec![cause.into()]));
        }
        let id = people.next_id("00u");
        for group in &self.groups {
            if let Some(group) = people.groups.get_mut(group) {
                group.members.insert(id.clone());
                now.clone_into(&mut group.membership_updated);
            }
        }
        let has_password = !matches!(self.password, Password::None);
        Ok(Person {
            id,
            status: Status::Staged,
            created: now.to_owned(),
            activated: None,
            status_changed: None,
            last_login: None,
            last_updated: now.to_owned(),
            password_changed: has_password.then(|| now.to_owned()),
            profile: self.profile,
            password: self.password,
            imported: self.imported,
            hook_calls: 0,
        })
    }
}

pub(super) async fn read(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let people = org.people();
    let person = find(&people, &id)?;
    Ok(Json(answer::user(person, &org.0.base_url)).into_response())
}

pub(super) async fn list(State(org): State<Org>, RawQuery(query): RawQuery) -> Answer {
    let parameters = request::parameters(query.as_deref());
    let (expression, is_search) = match (parameters.get("filter"), parameters.get("search")) {
        (None, None) => (None, false),
        (Some(filter), None) => (Some(filter_of(filter)?), false),
        (None, Some(search)) => (Some(search_of(search)?), true),
        (Some(_), Some(_)) => return Err(ApiError::search_criteria()),
    };
    if parameters.contains_key("q") {
        return Err(ApiError::search_criteria());
    }
    let page = Page::read(parameters, 200, 200)?;
    // A search asks an index that lags behind, as Okta's description warns.
    let indexed = org.search_lag().filter(|_| is_search).map(|lag| timestamp(org.now() - lag));

    let people = org.people();
    let login = expression.as_ref().and_then(|expression| expression.must_equal("profile.login"));
    let one = login.map(|login| people.by_login(login).filter(|person| person.id.as_str() > page.after()));
    let candidates: Box<dyn Iterator<Item = &Person>> = match one {
        Some(one) => Box::new(one.into_iter()),
        None => Box::new(people.after(page.after())),
    };
    let found = candidates
        .filter(|person| indexed.as_ref().is_none_or(|until| person.last_updated <= *until))
        .filter(|person| match &expression {
            None => person.status != Status::Deprovisioned,
            Some(expression) => expression.holds(&|attribute| values(person, attribute), is_search),
        })
        .map(|person| (person.id.clone(), answer::user(person, &org.0.base_url)));
    Ok(page.answer(&org.0.base_url, "/api/v1/users", found))
}

pub(super) async fn groups(State(org): State<Org>, Path(id): Path<String>) -> Answer {
    let people = org.people();
    let id = &find(&people, &id)?.id;
    let groups = people.groups.values().filter(|group| group.members.contains(id));
    let groups: Vec<Value> = groups.map(|group| answer::group(group, &org.0.base_url)).collect();
    Ok(Json(groups).into_response())
}

/// Changes what the body names.
pub(super) async fn update(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    change(&org, &id, &headers, &body, |old, new| {
        let mut profile = old.clone();
        for (name, value) in new {
            match value {
                Value::Null => drop(profile.remove(&name)),
                value => drop(profile.insert(name, value)),
            }
        }
        profile
    })
}

/// Takes the profile that the body has for the whole one.
pub(super) async fn replace(
    State(org): State<Org>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    change(&org, &id, &headers, &body, |_, new| new)
}

fn change(
    org: &Org,
    id: &str,
    headers: &HeaderMap,
    body: &[u8],
    merged: impl FnOnce(&Map<String, Value>, Map<String, Value>) -> Map<String, Value>,
) -> Answer {
    let mut body = request::object(headers, body)?;
    let new = request::new_password(&body)?;
    let is_hash = matches!(new, Some(NewPassword::Hash(_)));
    let new = new.map(|new| stored(Some(new))).transpose()?;
    let now = timestamp(org.now());

    let mut people = org.people();
    let person = find(&people, id)?;
    let id = person.id.clone();
    if person.status == Status::Deprovisioned {
        return Err(ApiError::status());
    }
    if is_hash && person.status != Status::Staged {
        // Okta's documents give the rule, not the words of the refusal.
        let cause = "credentials.password.hash: may be set only while the user is STAGED";
        return Err(ApiError::validation("password", vec![cause.into()]));
    }
    match body.remove("profile") {
        None => {}
        Some(Value::Object(changes)) => {
            let profile = merged(&person.profile, changes);
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

/// By id, login or unique short name. A login with a slash can be found by its id only.
pub(super) fn find<'a>(people: &'a People, id: &str) -> Result<&'a Person, ApiError> {
    people
        .by_id(id)
        .or_else(|| people.by_typed_name(id).filter(|_| !id.contains('/')))
        .ok_or_else(|| ApiError::not_found(id, "User"))
}

pub(super) fn find_mut<'a>(people: &'a mut People, id: &str) -> Result<&'a mut Person, ApiError> {
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

/// `filter` takes few attributes, `eq`, and an order only of `lastUpdated`.
fn filter_of(text: &str) -> Result<Expression, ApiError> {
    let mut expression = Expression::parse(text)?;
    expression.check(&mut |term| match (term.attribute.as_str(), term.operator) {
        ("lastUpdated", operator) if operator == Operator::Equal || operator.is_order() => term.as_time(),
        (
            "status" | "id" | "profile.login" | "profile.email" | "profile.firstName" | "profile.lastName",
            Operator::Equal,
        ) => Ok(()),
        _ => Err(ApiError::search_criteria()),
    })?;
    Ok(expression)
}

/// Attributes that `co` may be used with in a search.
const HAVE_CONTAINS: [&str; 4] = ["profile.firstName", "profile.lastName", "profile.email", "profile.login"];

/// `search` takes all attributes, and `co` of a few.
fn search_of(text: &str) -> Result<Expression, ApiError> {
    let mut expression = Expression::parse(text)?;
    expression.check(&mut |term| match (term.attribute.as_str(), term.operator) {
        (_, Operator::NotEqual | Operator::EndsWith) => Err(ApiError::search_criteria()),
        (attribute, Operator::Contains) if !HAVE_CONTAINS.contains(&attribute) => {
            Err(ApiError::search_criteria())
        }
        ("created" | "activated" | "statusChanged" | "lastUpdated", operator)
            if operator != Operator::Present =>
        {
            term.as_time()
        }
        ("created" | "activated" | "statusChanged" | "lastUpdated" | "id" | "status", _) => Ok(()),
        (attribute, _) if attribute.starts_with("profile.") => Ok(()),
        _ => Err(ApiError::search_criteria()),
    })?;
    Ok(expression)
}

/// What an attribute of an expression is, for one person.
fn values(person: &Person, attribute: &str) -> Vec<String> {
    let value = match attribute {
        "id" => Some(person.id.as_str()),
        "status" => Some(person.status.name()),
        "created" => Some(person.created.as_str()),
        "lastUpdated" => Some(person.last_updated.as_str()),
        "activated" => person.activated.as_deref(),
        "statusChanged" => person.status_changed.as_deref(),
        attribute => {
            let value = attribute.strip_prefix("profile.").and_then(|name| person.profile.get(name));
            return match value {
                Some(Value::Array(values)) => {
                    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                Some(Value::String(value)) => vec![value.clone()],
                Some(Value::Null) | None => Vec::new(),
                Some(other) => vec![other.to_string()],
            };
        }
    };
    value.map(str::to_owned).into_iter().collect()
}
