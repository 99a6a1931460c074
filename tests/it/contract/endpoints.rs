//! The endpoints of the client that an import has no use for, and refusals that it does not meet.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use keyferry::demo::org::{EventType, Status};
use keyferry::okta::client::{Bucket, CallError, Client, Code, Credentials, Refusal, Settings};
use keyferry::okta::event_hooks::EventHookSpec;
use keyferry::okta::inline_hooks::{HookAuth, HookClient, InlineHookSpec};
use keyferry::okta::logs::LogFrom;
use keyferry::okta::user::{self, CreateUser, HookKind, PasswordCredential, Profile};
use keyferry::okta::users::{User, UserQuery};
use keyferry::secret::Secret;
use serde_json::json;
use tokio::net::TcpListener;

use super::prism::{Checked, SERVICE_APP};
use crate::import::TOKEN;

const SERVICE_APP_KEY: &str = include_str!("../mock_okta/service_app.pem");
/// More than a page of a list.
const MANY: usize = 201;

impl Checked {
    fn client(&self, credentials: Credentials) -> Client {
        let mut settings = Settings::new(self.relay.url.clone(), credentials);
        settings.patience = Some(Duration::from_secs(20));
        settings.max_per_minute = Some(60_000);
        Client::new(settings).expect("a client")
    }

    fn with_token(&self) -> Client {
        self.client(Credentials::Token(Secret::from(TOKEN)))
    }
}

async fn create(client: &Client, login: &str, groups: Vec<String>) -> Result<User, CallError> {
    let profile =
        Profile(vec![("login", login), ("email", "a@example.com"), ("firstName", "A"), ("lastName", "B")]);
    let credentials = user::Credentials { password: PasswordCredential::Hook(HookKind::Default) };
    let permit = client.admit(Bucket::Users).await;
    client.create_user(permit, &CreateUser { profile, credentials, group_ids: groups }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn users_groups_and_the_log_keep_to_okta_s_description() {
    let Some(checked) = Checked::start().await else { return };
    let client = checked.with_token();
    client.check().await.expect("a good token");
    let group = client.create_group("Legacy", "from the shop").await.expect("created");
    assert_eq!(client.create_group("Legacy", "again").await.expect("there already"), group);
    let ana = create(&client, "ana@example.com", vec![group.id.clone()]).await.expect("created");
    let refused = create(&client, "anabel", Vec::new()).await.expect_err("no address");
    assert_eq!(refused.refusal().map(|refusal| refusal.code), Some(Code::Validation));
    let taken = create(&client, "ANA@example.com", Vec::new()).await.expect_err("taken");
    assert!(taken.refusal().is_some_and(Refusal::login_taken), "{taken}");
    assert_eq!(client.user_by_id(&ana.id).await.expect("asked"), Some(ana.clone()));
    for nobody in ["nobody@example.com", "isáàc.bröck@example.com", "me", "x\r\ny", "\"", "../groups"] {
        assert_eq!(client.user_by_login(nobody).await.expect(nobody), None);
    }
    assert_eq!(client.groups_of_user(&ana.id).await.expect("asked").len(), 1);

    for number in 1..MANY {
        let login = format!("user{number}@example.com");
        let profile = json!({ "firstName": "A", "lastName": "B", "email": login, "login": login });
        let id = checked.org.add_person(&json!({ "profile": profile }), Status::Active).expect("there");
        if number == 1 {
            client.add_to_group(&group.id, &id).await.expect("added");
        }
    }
    let everybody: Vec<Vec<User>> = client.users(UserQuery::default()).try_collect().await.expect("pages");
    assert_eq!(everybody.iter().map(Vec::len).collect::<Vec<_>>(), [200, MANY - 200]);
    let changed = format!("lastUpdated gt \"{}\"", "2020-01-01T00:00:00.000Z");
    let query = UserQuery { filter: Some(changed), search: None };
    client.users(query).try_collect::<Vec<_>>().await.expect("pages");
    let odd = UserQuery { filter: Some("nonsense".to_owned()), search: None };
    let refused = client.users(odd).try_collect::<Vec<_>>().await.expect_err("no such filter");
    assert_eq!(refused.refusal().map(|refusal| refusal.code), Some(Code::SearchCriteria));
    let stranger = checked.client(Credentials::Token(Secret::from("00-of-another-org")));
    assert!(matches!(stranger.check().await, Err(CallError::BadToken(_))));
    let members: Vec<Vec<User>> = client.group_members(&group.id).try_collect().await.expect("members");
    assert_eq!(members.concat().len(), 2);
    let unknown = client.add_to_group("00g00000000000000000", &ana.id).await.expect_err("no such group");
    assert!(unknown.refusal().is_some(), "{unknown}");

    let hook = PasswordCredential::Hook(HookKind::Default);
    client.update_user(&ana.id, Some(&Profile(vec![("lastName", "C")])), Some(&hook)).await.expect("updated");
    client.activate_user(&ana.id).await.expect("active already");
    client.reset_password(&ana.id).await.expect("reset");
    for _ in 0..2 {
        client.deactivate_user(&ana.id).await.expect("deactivated, or already so");
        client.delete_user(&ana.id).await.expect("deleted, or already so");
    }

    let filter = "eventType eq \"user.import.password\"";
    for (login, failure) in [("user1@example.com", None), ("user2@example.com", Some("wrong"))] {
        assert!(checked.org.write_event(EventType::ImportPassword, login, failure, None));
    }
    let since = SystemTime::now() - Duration::from_hours(1);
    let page = client.log_page(LogFrom::Since(since), filter).await.expect("a page");
    assert_eq!((page.events.len(), page.unreadable), (2, 0));
    let next = page.next.expect("the log goes on");
    let page = client.log_page(LogFrom::Next(next), filter).await.expect("a page");
    assert_eq!(page.events.len(), 0);

    checked.is_kept(&[
        ("GET", "/api/v1/users/{}/groups"),
        ("GET", "/api/v1/groups/{}/users"),
        ("PUT", "/api/v1/groups/{}/users/{}"),
        ("POST", "/api/v1/users/{}/lifecycle/reset_password"),
        ("POST", "/api/v1/users/{}/lifecycle/deactivate"),
        ("DELETE", "/api/v1/users/{}"),
        ("GET", "/api/v1/logs"),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_keep_to_okta_s_description() {
    let Some(checked) = Checked::start().await else { return };
    let private_key = Secret::from(SERVICE_APP_KEY);
    let client = checked.client(Credentials::PrivateKeyJwt {
        client_id: SERVICE_APP.to_owned(),
        key_id: "1".to_owned(),
        private_key,
    });
    let (url, secret) = (endpoint().await, Secret::from("Basic c2VjcmV0"));
    let header =
        HookAuth::Header { name: "Authorization".to_owned(), secret: Secret::from("Basic c2VjcmV0") };
    let headers = [("X-Extra".to_owned(), Secret::from("one"))];
    assert_eq!(client.inline_hooks().await.expect("asked"), []);
    let hook = client.create_inline_hook(&inline_hook(&url, &header, &headers)).await.expect("created");
    let payload = json!({
        "eventType": "com.okta.user.credential.password.import",
        "eventTypeVersion": "1.0", "cloudEventVersion": "0.1", "contentType": "application/json",
        "eventId": "3o9jBzq1SmOGmmsDsqyyeQ", "eventTime": "2026-01-31T12:00:00.000Z",
        "source": format!("{}/api/v1/inlineHooks/{}", checked.relay.url, hook.id),
        "data": {
            "context": { "request": {}, "credential": { "username": "ana@example.com", "password": "right" } },
            "action": { "credential": "UNVERIFIED" },
        },
    });
    client.execute_inline_hook(&hook.id, &payload).await.expect("executed");
    for proof in
        [HookClient::Secret(Secret::from("client-secret")), HookClient::PrivateKey("key1".to_owned())]
    {
        let auth = HookAuth::OAuth {
            client_id: "0oa1hook".to_owned(),
            token_url: "https://example.okta.com/oauth2/default/v1/token".to_owned(),
            scope: "keyferry".to_owned(),
            client: proof,
        };
        client.replace_inline_hook(&hook.id, &inline_hook(&url, &auth, &headers)).await.expect("replaced");
    }
    assert_eq!(client.inline_hooks().await.expect("asked").len(), 1);
    client.deactivate_inline_hook(&hook.id).await.expect("deactivated");
    client.activate_inline_hook(&hook.id).await.expect("activated");
    client.delete_inline_hook(&hook.id).await.expect("deleted");
    assert_eq!(client.inline_hook(&hook.id).await.expect("asked"), None);

    let events = ["user.import.password"];
    let spec = EventHookSpec {
        name: "Imported",
        url: &url,
        auth_header: "Authorization",
        secret: &secret,
        events: &events,
    };
    let hook = client.create_event_hook(&spec).await.expect("created");
    client.verify_event_hook(&hook.id).await.expect("verified");
    client.replace_event_hook(&hook.id, &spec).await.expect("replaced");
    client.deactivate_event_hook(&hook.id).await.expect("deactivated");
    client.activate_event_hook(&hook.id).await.expect("activated");
    assert_eq!(client.event_hooks().await.expect("asked").len(), 1);
    client.delete_event_hook(&hook.id).await.expect("deleted");
    assert_eq!(client.event_hook(&hook.id).await.expect("asked"), None);

    checked.is_kept(&[
        ("POST", "/api/v1/inlineHooks"),
        ("GET", "/api/v1/inlineHooks"),
        ("GET", "/api/v1/inlineHooks/{}"),
        ("PUT", "/api/v1/inlineHooks/{}"),
        ("DELETE", "/api/v1/inlineHooks/{}"),
        ("POST", "/api/v1/inlineHooks/{}/execute"),
        ("POST", "/api/v1/inlineHooks/{}/lifecycle/activate"),
        ("POST", "/api/v1/inlineHooks/{}/lifecycle/deactivate"),
        ("POST", "/api/v1/eventHooks"),
        ("GET", "/api/v1/eventHooks"),
        ("GET", "/api/v1/eventHooks/{}"),
        ("PUT", "/api/v1/eventHooks/{}"),
        ("DELETE", "/api/v1/eventHooks/{}"),
        ("POST", "/api/v1/eventHooks/{}/lifecycle/verify"),
    ]);
}

fn inline_hook<'a>(url: &'a str, auth: &'a HookAuth, headers: &'a [(String, Secret)]) -> InlineHookSpec<'a> {
    InlineHookSpec { name: "Legacy passwords", url, auth, headers }
}

/// Where hooks are answered: VERIFIED, or the challenge.
async fn endpoint() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/okta", listener.local_addr().expect("an address"));
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn answer(request: Request) -> Response {
    if let Some(challenge) = request.headers().get("x-okta-verification-challenge") {
        let challenge = challenge.to_str().expect("text");
        return Json(json!({ "verification": challenge })).into_response();
    }
    let value = json!({ "credential": "VERIFIED" });
    Json(json!({ "commands": [{ "type": "com.okta.action.update", "value": value }] })).into_response()
}
