//! `/api/v1/users`: create, find, change, retire, list.

use std::time::SystemTime;

use futures_util::stream::{self, BoxStream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::client::{Bucket, Call, CallError, Client, Code, Permit, next, quoted, segment, with_query};
use super::groups::Group;
use super::user::{CreateUser, Credentials, PasswordCredential, Profile};
use super::wire;

/// Users on one page, the most that Okta gives.
const PAGE: &str = "200";

/// A user as Okta knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Okta's id: letters and digits.
    pub id: String,
    /// `ACTIVE`, `STAGED`, `DEPROVISIONED` …
    pub status: String,
    /// When Okta made it.
    pub created: SystemTime,
    /// The last sign-in.
    pub last_login: Option<SystemTime>,
    /// `profile.login`
    pub login: String,
    /// Whether the password came, or will come, from outside: `credentials.provider.type` is `IMPORT`. Okta always says
    /// so or otherwise; an imitation may say nothing.
    pub imported: Option<bool>,
    /// All attributes.
    pub profile: Map<String, Value>,
}

/// Which users to list. All that are not deactivated where nothing is given.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// Okta's `filter`: exact, by `status`, `lastUpdated`, `id`, `profile.login` and few others; always up to date.
    pub filter: Option<String>,
    /// Okta's `search`: any attribute; may lag behind by seconds.
    pub search: Option<String>,
}

impl Client {
    /// Creates a user, active at once. Never repeated blindly: where the effect is unknown it is
    /// [`CallError::Lost`], and the caller looks the login up before anything is sent again.
    pub async fn create_user(&self, permit: Permit, user: &CreateUser<'_>) -> Result<User, CallError> {
        let sent = user.profile.0.iter().map(|(_, value)| *value);
        let call = Call::post("/api/v1/users?activate=true", Bucket::Users).with(user).hiding(sent).once();
        let answer = self.call_with(call, Some(permit)).await?;
        let created = answer.object::<WireUser>().ok().and_then(WireUser::read);
        created.ok_or_else(|| CallError::Lost("it was taken, but the answer is not a user".into()))
    }

    /// The user of exactly this login, but for case and diacritical marks, which Okta does not tell apart. None where
    /// there is none, and where Okta finds another by a short name.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<User>, CallError> {
        if !can_stand_in_a_path(login) {
            let exact = format!("profile.login eq {}", quoted(login));
            // A filter heeds case, and is up to date; a search does not heed it, and may lag behind.
            let found = self.first_user("filter", &exact, login).await?;
            return if found.is_some() { Ok(found) } else { self.first_user("search", &exact, login).await };
        }
        let found = self.user_at(login).await?;
        Ok(found.filter(|user| same_login(&user.login, login)))
    }

    /// The user of this id.
    pub async fn user_by_id(&self, id: &str) -> Result<Option<User>, CallError> {
        Ok(self.user_at(checked(id)?).await?.filter(|user| user.id == id))
    }

    /// Changes what is given and leaves the rest. A hash is taken only while the user is STAGED, the hook always.
    pub async fn update_user(
        &self,
        id: &str,
        profile: Option<&Profile<'_>>,
        password: Option<&PasswordCredential>,
    ) -> Result<User, CallError> {
        #[derive(Serialize)]
        struct Update<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            profile: Option<&'a Profile<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            credentials: Option<Credentials>,
        }
        let path = format!("/api/v1/users/{}", checked(id)?);
        let credentials = password.map(|password| Credentials { password: password.clone() });
        let sent = profile.into_iter().flat_map(|profile| profile.0.iter().map(|(_, value)| *value));
        let call = Call::post(&path, Bucket::User).with(&Update { profile, credentials }).hiding(sent);
        self.call(call).await?.object::<WireUser>()?.read().ok_or(NOT_A_USER)
    }

    /// Makes a STAGED or deactivated user active, without a mail. Somebody who is active already stays so.
    pub async fn activate_user(&self, id: &str) -> Result<(), CallError> {
        match self.lifecycle(id, "activate?sendEmail=false").await {
            Err(error) if error.is(Code::AlreadyActive) => Ok(()),
            result => result,
        }
    }

    /// Deactivates, without a mail. Somebody who is deactivated, or deleted, already stays so.
    pub async fn deactivate_user(&self, id: &str) -> Result<(), CallError> {
        match self.lifecycle(id, "deactivate?sendEmail=false").await {
            Err(error @ CallError::Refused(_)) => match self.user_by_id(id).await? {
                Some(user) if user.status != "DEPROVISIONED" => Err(error),
                _ => Ok(()),
            },
            result => result,
        }
    }

    /// Deletes for good a user that is deactivated; one that is not is only deactivated by this. Somebody who is gone
    /// already stays so.
    pub async fn delete_user(&self, id: &str) -> Result<(), CallError> {
        let path = format!("/api/v1/users/{}?sendEmail=false", checked(id)?);
        gone(self.call(Call::new(hyper::Method::DELETE, &path, Bucket::User)).await)
    }

    /// Starts Okta's password reset, by a mail to the user. Never repeated blindly, which would be a second mail: where
    /// the effect is unknown it is [`CallError::Lost`], and the status `RECOVERY` tells that it had one.
    pub async fn reset_password(&self, id: &str) -> Result<(), CallError> {
        let path = format!("/api/v1/users/{}/lifecycle/reset_password?sendEmail=true", checked(id)?);
        self.call(Call::post(&path, Bucket::Lifecycle).once()).await.map(drop)
    }

    /// All users of the query, page by page.
    pub fn users(&self, query: UserQuery) -> BoxStream<'static, Result<Vec<User>, CallError>> {
        let UserQuery { filter, search } = query;
        let mut pairs = vec![("limit", PAGE)];
        pairs.extend(filter.as_deref().map(|filter| ("filter", filter)));
        pairs.extend(search.as_deref().map(|search| ("search", search)));
        let first = with_query("/api/v1/users", &pairs);
        user_pages(self.clone(), first, "/api/v1/users".to_owned(), Bucket::Users)
    }

    /// The groups that the user is in.
    pub async fn groups_of_user(&self, id: &str) -> Result<Vec<Group>, CallError> {
        let path = format!("/api/v1/users/{}/groups", checked(id)?);
        let mut groups = Vec::new();
        let mut page = Some(path.clone());
        while let Some(at) = page {
            let answer = self.call(Call::list(&at, Bucket::User)).await?;
            groups.extend(Group::list(&answer)?);
            page = following(self, &answer, &at, &path)?;
        }
        Ok(groups)
    }

    async fn lifecycle(&self, id: &str, step: &str) -> Result<(), CallError> {
        let path = format!("/api/v1/users/{}/lifecycle/{step}", checked(id)?);
        self.call(Call::post(&path, Bucket::Lifecycle)).await.map(drop)
    }

    async fn user_at(&self, key: &str) -> Result<Option<User>, CallError> {
        let path = format!("/api/v1/users/{}", segment(key));
        match self.call(Call::get(&path, Bucket::User).hiding([key])).await {
            Ok(answer) => answer.object::<WireUser>()?.read().map(Some).ok_or(NOT_A_USER),
            Err(error) if error.is(Code::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn first_user(&self, by: &str, expression: &str, login: &str) -> Result<Option<User>, CallError> {
        let path = with_query("/api/v1/users", &[("limit", "2"), (by, expression)]);
        let answer = self.call(Call::list(&path, Bucket::Users).hiding([login])).await?;
        Ok(read_users(&answer)?.into_iter().find(|user| same_login(&user.login, login)))
    }
}

/// Whether Okta takes these logins for the same: it heeds neither case nor diacritical marks.
pub fn same_login(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    let folded =
        |login: &str| login.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_lowercase();
    folded(one) == folded(other)
}

const NOT_A_USER: CallError = CallError::Unreadable("its body is not a user");

/// Users page by page, by the `rel="next"` links.
pub(super) fn user_pages(
    client: Client,
    first: String,
    path: String,
    bucket: Bucket,
) -> BoxStream<'static, Result<Vec<User>, CallError>> {
    Box::pin(stream::try_unfold(Some(first), move |page| {
        let (client, path) = (client.clone(), path.clone());
        async move {
            let Some(at) = page else { return Ok(None) };
            let answer = client.call(Call::list(&at, bucket)).await?;
            let next = following(&client, &answer, &at, &path)?;
            Ok(Some((read_users(&answer)?, next)))
        }
    }))
}

/// The page after this one. One that leads to itself would never end.
pub(super) fn following(
    client: &Client,
    answer: &super::client::Answer,
    at: &str,
    path: &str,
) -> Result<Option<String>, CallError> {
    let next = next(client.org(), &answer.headers, path)?;
    if next.as_deref() == Some(at) {
        return Err(CallError::Unreadable("its link to the next page leads to the same page"));
    }
    Ok(next)
}

/// A deletion; what is gone already is gone.
pub(super) fn gone<T>(result: Result<T, CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if error.is(Code::NotFound) => Ok(()),
        result => result.map(drop),
    }
}

/// An id that can stand in a path as it is.
pub(super) fn checked(id: &str) -> Result<&str, CallError> {
    if wire::is_id(id) {
        Ok(id)
    } else {
        Err(CallError::Unreadable("an id that is not in the shape of Okta's"))
    }
}

fn read_users(answer: &super::client::Answer) -> Result<Vec<User>, CallError> {
    let users: Vec<WireUser> = answer.object()?;
    users.into_iter().map(|user| user.read().ok_or(NOT_A_USER)).collect()
}

/// Whether `GET /users/{login}` means this login. Okta cannot be asked for one with a slash, dots alone are steps of a
/// path, `me` is the caller, and what looks like an id is taken for one.
fn can_stand_in_a_path(login: &str) -> bool {
    let like_an_id = login.len() == 20 && login.bytes().all(|byte| byte.is_ascii_alphanumeric());
    !login.contains(['/', '\\']) && !["", ".", "..", "me"].contains(&login) && !like_an_id
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    id: String,
    status: String,
    created: String,
    last_login: Option<String>,
    profile: Map<String, Value>,
    #[serde(default, deserialize_with = "wire::null_as_default")]
    credentials: WireCredentials,
}

#[derive(Default, Deserialize)]
struct WireCredentials {
    provider: Option<WireProvider>,
}

#[derive(Deserialize)]
struct WireProvider {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl WireUser {
    fn read(self) -> Option<User> {
        let login = self.profile.get("login")?.as_str()?.to_owned();
        let short =
            self.status.len() <= 40 && self.status.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let provider = self.credentials.provider.and_then(|provider| provider.kind);
        (wire::is_id(&self.id) && short).then_some(())?;
        Some(User {
            created: wire::time(&self.created)?,
            last_login: self.last_login.as_deref().and_then(wire::time),
            id: self.id,
            status: self.status,
            login,
            imported: provider.map(|kind| kind == "IMPORT"),
            profile: self.profile,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_that_okta_takes_for_the_same() {
        assert!(same_login("Alice@Example.com", "alice@example.COM"));
        assert!(same_login("isáàc.bröck@example.com", "ISAAC.BROCK@example.com"));
        assert!(!same_login("alice", "alice@example.com"));
        assert!(!same_login("", "a"));
    }

    #[test]
    fn logins_that_a_path_cannot_say_go_by_a_filter() {
        for login in ["alice@example.com", "alice", "a b", "o'brien", "ä%2f"] {
            assert!(can_stand_in_a_path(login), "{login}");
        }
        for login in ["", ".", "..", "me", "corp/alice", "corp\\alice", "00ub0oNGTSWTBKOLGLNR"] {
            assert!(!can_stand_in_a_path(login), "{login}");
        }
    }

    #[test]
    fn what_is_no_user_is_refused() {
        let good = r#"{"id":"00ub0oNGTSWTBKOLGLNR","status":"ACTIVE","created":"2013-06-24T16:39:18.000Z","lastLogin":null,
            "unknown":{"x":1},"profile":{"login":"isaac.brock@example.com","secondEmail":null},"credentials":{"password":{},"provider":{"type":"IMPORT","name":"IMPORT"}}}"#;
        let read = |text: &str| serde_json::from_str::<WireUser>(text).ok().and_then(WireUser::read);
        let user = read(good).expect("a user");
        assert!(user.imported == Some(true) && user.last_login.is_none());
        assert_eq!(
            (user.id.as_str(), user.login.as_str()),
            ("00ub0oNGTSWTBKOLGLNR", "isaac.brock@example.com")
        );
        for (from, to) in [
            ("00ub0oNGTSWTBKOLGLNR", "../groups/1"),
            ("\"login\"", "\"logout\""),
            ("2013-06-24T", "24.6.2013 "),
            ("ACTIVE", "act\\nive"),
        ] {
            assert!(read(&good.replace(from, to)).is_none(), "{to}");
        }
    }
}
