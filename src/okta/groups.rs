//! `/api/v1/groups`: find by name, create, members.

use futures_util::stream::BoxStream;
use serde::Deserialize;
use serde_json::json;

use super::client::{Answer, Bucket, Call, CallError, Client, quoted, with_query};
use super::users::{User, checked, following, user_pages};
use super::wire;

/// Members on one page.
const PAGE: &str = "200";

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Okta's id: letters and digits.
    pub id: String,
    /// `profile.name`
    pub name: String,
}

impl Client {
    /// The group of exactly this name.
    pub async fn group_by_name(&self, name: &str) -> Result<Option<Group>, CallError> {
        // A search may lag behind by seconds; `q` finds what begins with the name, and does not page.
        let first = with_query("/api/v1/groups", &[("q", name), ("limit", PAGE)]);
        if let Some(found) = self.first_group(first, name).await? {
            return Ok(Some(found));
        }
        let search = format!("profile.name eq {}", quoted(name));
        self.first_group(with_query("/api/v1/groups", &[("search", &search), ("limit", PAGE)]), name).await
    }

    /// Creates a group. Where the name is taken meanwhile, by an earlier attempt of ours or by somebody else, that
    /// group is given.
    pub async fn create_group(&self, name: &str, description: &str) -> Result<Group, CallError> {
        let body = json!({ "profile": { "name": name, "description": description } });
        let call = Call::post("/api/v1/groups", Bucket::Groups).with(&body).hiding([name, description]);
        match self.call(call).await {
            Ok(answer) => answer.object::<WireGroup>()?.read().ok_or(NOT_A_GROUP),
            Err(error) if error.refusal().is_some_and(|refusal| refusal.taken("name")) => {
                self.group_by_name(name).await?.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Adds a user to a group. Somebody who is in it stays.
    pub async fn add_to_group(&self, group: &str, user: &str) -> Result<(), CallError> {
        let path = format!("/api/v1/groups/{}/users/{}", checked(group)?, checked(user)?);
        self.call(Call::new(hyper::Method::PUT, &path, Bucket::Groups)).await.map(drop)
    }

    /// All members, page by page.
    pub fn group_members(&self, group: &str) -> BoxStream<'static, Result<Vec<User>, CallError>> {
        // An id of another shape is encoded, and finds nothing.
        let path = format!("/api/v1/groups/{}/users", super::client::segment(group));
        let first = with_query(&path, &[("limit", PAGE)]);
        user_pages(self.clone(), first, path, Bucket::Groups)
    }

    async fn first_group(&self, first: String, name: &str) -> Result<Option<Group>, CallError> {
        let mut page = Some(first);
        while let Some(at) = page {
            let answer = self.call(Call::list(&at, Bucket::Groups).hiding([name])).await?;
            if let Some(found) = Group::list(&answer)?.into_iter().find(|group| group.name == name) {
                return Ok(Some(found));
            }
            page = following(self, &answer, &at, "/api/v1/groups")?;
        }
        Ok(None)
    }
}

const NOT_A_GROUP: CallError = CallError::Unreadable("its body is not a group");

impl Group {
    pub(super) fn list(answer: &Answer) -> Result<Vec<Self>, CallError> {
        let groups: Vec<WireGroup> = answer.object()?;
        groups.into_iter().map(|group| group.read().ok_or(NOT_A_GROUP)).collect()
    }
}

#[derive(Deserialize)]
struct WireGroup {
    id: String,
    profile: WireProfile,
}

#[derive(Deserialize)]
struct WireProfile {
    name: String,
}

impl WireGroup {
    fn read(self) -> Option<Group> {
        wire::is_id(&self.id).then_some(Group { id: self.id, name: self.profile.name })
    }
}
