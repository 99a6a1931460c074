//! Every typed endpoint that the imitation org has.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use keyferry::demo::org::{Org, RateLimit, Settings};
use keyferry::okta::client::{Bucket, CallError, Client, Code};
use keyferry::okta::user::{CreateUser, Credentials, HookKind, PasswordCredential, Profile};
use keyferry::okta::users::{User, UserQuery};
use keyferry::secret::Secret;
use tokio::net::TcpListener;

use super::{TOKEN, client};

/// An org on a free port, and a client of it.
async fn org() -> (String, Client) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let mut settings = Settings::new(url.clone(), Secret::from(TOKEN));
    settings.rate = RateLimit { limit: 1_000_000, window: Duration::from_mins(1) };
    let org = Org::new(settings).expect("an org");
    tokio::spawn(async move { org.serve(listener, std::future::pending()).await });
    let client = client(&url);
    (url, client)
}

async fn create(client: &Client, login: &str, groups: &[&str]) -> Result<User, CallError> {
    let profile = Profile(vec![
        ("login", login),
        ("email", "isaac.brock@example.com"),
        ("firstName", "Isaac"),
        ("lastName", "Brock"),
    ]);
    let credentials = Credentials { password: PasswordCredential::Hook(HookKind::Default) };
    let group_ids = groups.iter().map(|group| (*group).to_owned()).collect();
    let permit = client.admit(Bucket::Users).await;
    client.create_user(permit, &CreateUser { profile, credentials, group_ids }).await
}

#[tokio::test]
async fn a_user_from_creation_to_deletion() {
    let (_, client) = org().await;
    client.check().await.expect("a good token");
    let user = create(&client, "isaac.brock@example.com", &[]).await.expect("created");
    assert_eq!((user.status.as_str(), user.imported), ("ACTIVE", Some(true)));
    assert_eq!(user.profile["lastName"], "Brock");

    let found = client.user_by_login("Isaac.Brock@example.com").await.expect("asked").expect("found");
    assert_eq!(found, user);
    assert_eq!(client.user_by_id(&user.id).await.expect("asked"), Some(user.clone()));
    let changed = Profile(vec![("lastName", "Brook")]);
    let hook = PasswordCredential::Hook(HookKind::Default);
    let changed = client.update_user(&user.id, Some(&changed), Some(&hook)).await.expect("updated");
    assert_eq!(
        (changed.profile["lastName"].as_str(), changed.profile["firstName"].as_str()),
        (Some("Brook"), Some("Isaac"))
    );

    client.activate_user(&user.id).await.expect("active already");
    client.reset_password(&user.id).await.expect("reset");
    let status = client.user_by_id(&user.id).await.expect("asked").expect("there").status;
    assert_eq!(status, "RECOVERY");
    for _ in 0..2 {
        client.deactivate_user(&user.id).await.expect("deactivated, or already so");
    }
    for _ in 0..2 {
        client.delete_user(&user.id).await.expect("deleted, or already so");
    }
    client.deactivate_user(&user.id).await.expect("gone is deactivated");
    assert_eq!(client.user_by_id(&user.id).await.expect("asked"), None);
    assert_eq!(client.user_by_login("isaac.brock@example.com").await.expect("asked"), None);
}

#[tokio::test]
async fn a_taken_login_and_a_bad_profile_are_refusals_without_values() {
    let (_, client) = org().await;
    create(&client, "isaac.brock@example.com", &[]).await.expect("created");
    let error = create(&client, "Isaac.Brock@example.com", &[]).await.expect_err("taken");
    assert!(error.refusal().is_some_and(keyferry::okta::client::Refusal::login_taken), "{error}");
    let error = create(&client, "isaac", &[]).await.expect_err("no address");
    let refusal = error.refusal().expect("a refusal");
    assert_eq!((refusal.status, refusal.code), (400, Code::Validation));
    assert!(!refusal.login_taken() && refusal.causes[0].starts_with("login: "), "{refusal:?}");
    assert!(!format!("{error} {error:?}").to_lowercase().contains("brock"), "{error:?}");
}

#[tokio::test]
async fn logins_that_are_hard_to_ask_for() {
    let (_, client) = org().await;
    let logins = [
        "o'brien+shop@example.com",
        "a/b@example.com",
        "isáàc.bröck@example.com",
        "50%25@example.com",
        "a#b?c&d=e@example.com",
    ];
    for login in logins {
        let user = create(&client, login, &[]).await.expect(login);
        let found = client.user_by_login(login).await.expect(login).expect(login);
        assert_eq!(found.id, user.id, "{login}");
    }
    for nobody in ["me", "", ".", "..", "o'brien+shop", "00u00000000000000001", "x\r\ny", "\"", "../groups"] {
        assert_eq!(client.user_by_login(nobody).await.expect(nobody), None, "{nobody}");
    }
}

#[tokio::test]
async fn users_come_page_by_page() {
    let (_, client) = org().await;
    for number in 0..450 {
        create(&client, &format!("user{number}@example.com"), &[]).await.expect("created");
    }
    let pages: Vec<Vec<User>> = client.users(UserQuery::default()).try_collect().await.expect("pages");
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200, 50]);
    let some = UserQuery { filter: Some("profile.login eq \"user7@example.com\"".into()), search: None };
    let some: Vec<Vec<User>> = client.users(some).try_collect().await.expect("a page");
    assert_eq!(some.concat().len(), 1);
    let odd = UserQuery { filter: Some("nonsense".into()), search: None };
    let error = client.users(odd).next().await.expect("an answer").expect_err("refused");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::SearchCriteria));
}

#[tokio::test]
async fn groups_are_found_made_and_filled() {
    let (_, client) = org().await;
    assert_eq!(client.group_by_name("Legacy").await.expect("asked"), None);
    let other = client.create_group("Legacy users", "longer name").await.expect("created");
    let group = client.create_group("Legacy", "from the shop").await.expect("created");
    assert_ne!(group, other);
    assert_eq!(client.create_group("Legacy", "again").await.expect("there already"), group);
    assert_eq!(client.group_by_name("Legacy").await.expect("asked"), Some(group.clone()));
    assert_eq!(client.group_by_name("legacy").await.expect("asked"), None);

    let first = create(&client, "a@example.com", &[&group.id]).await.expect("created");
    let second = create(&client, "b@example.com", &[]).await.expect("created");
    for _ in 0..2 {
        client.add_to_group(&group.id, &second.id).await.expect("added, or there already");
    }
    let members: Vec<Vec<User>> = client.group_members(&group.id).try_collect().await.expect("members");
    let ids: Vec<String> = members.concat().into_iter().map(|user| user.id).collect();
    assert_eq!(ids, [first.id, second.id.clone()]);
    let error = client.add_to_group("00g00000000000000000", &second.id).await.expect_err("no such group");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::NotFound));
    let members = client.group_members("..").next().await.expect("an answer");
    assert!(members.is_err(), "a path that leads elsewhere is not asked for");
}

#[tokio::test]
async fn a_wrong_token_is_said_at_once() {
    let (url, _) = org().await;
    let client = super::client_with(&url, |settings| {
        settings.credentials = keyferry::okta::client::Credentials::Token(Secret::from("00-canary-token"));
    });
    let error = client.check().await.expect_err("wrong");
    assert!(matches!(error, CallError::BadToken(_)) && error.ends_the_run(), "{error:?}");
    assert!(error.to_string().contains("E0000011"), "{error}");
    assert!(!format!("{error} {error:?} {client:?}").contains("canary"));
    assert_eq!(client.pace().calls, 1);
}
