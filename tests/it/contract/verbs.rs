//! Every verb that speaks to Okta, one after the other, as a migration runs them.

use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::json;

use super::prism::Checked;
use crate::import::TOKEN;
use crate::service::Store;
use crate::shop::{PHPASS, SPRING_BCRYPT, told};

/// What [`PHPASS`] was made of.
const PASSWORD: &str = "test12345";
/// In the place of the service's address.
const SERVICE: &str = "{service}";
const GROUP: &str = "Migrated_from_Legacy";

/// Before anybody has signed in.
const BEFORE: [&[&str]; 6] = [
    &["import"],
    &["hook", "register", "--url", SERVICE, "--events"],
    &["hook", "show"],
    &["hook", "test"],
    &["hook", "rotate", "--to", "1"],
    &["reconcile"],
];

/// After the first of three users has.
const AFTER: [&[&str]; 6] = [
    &["reconcile"],
    &["import"],
    &["stragglers", "--reset", "--yes"],
    &["rollback", "--group", GROUP, "--yes"],
    &["hook", "delete", "--yes"],
    &["status"],
];

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_migration_keeps_to_okta_s_description() {
    let Some(checked) = Checked::start().await else { return };
    let users = [(1, PHPASS), (2, PHPASS), (3, SPRING_BCRYPT)];
    let logins = users.map(|(id, _)| format!("user{id}@example.com"));
    let rows: Vec<(i64, &str, &str, bool)> =
        users.iter().zip(&logins).map(|((id, stored), login)| (*id, login.as_str(), *stored, true)).collect();
    let store = Store::with_users(&rows).await;
    let rest = format!(
        "[source.profile]\nlogin = \"login\"\nemail = \"login\"\nfirstName = \"id\"\nlastName = \"id\"\n\
         [okta]\norg_url = \"{}\"\napi_token = \"{TOKEN}\"\ngroups = [\"{GROUP}\"]\n",
        checked.relay.url
    );
    let service = store.start("", &rest);
    let address = format!("http://{}", service.public);
    let run = async |verb: &[&str]| {
        let words = verb.iter().map(|word| word.replace(SERVICE, &address));
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyferry"));
        command.args(words).current_dir(store.path()).stdin(Stdio::null());
        let run = tokio::task::spawn_blocking(move || command.output().expect("keyferry runs"));
        let (code, out, err) = told(&run.await.expect("the run is waited for"));
        assert_eq!(code, 0, "{verb:?}: {out}{err}\n{:#?}", checked.violations());
    };
    for verb in BEFORE {
        run(verb).await;
    }
    let sign_in = json!({ "username": logins[0], "password": PASSWORD });
    let session = checked.campaign(&[]).await.call(Method::POST, "/api/v1/authn", sign_in).await;
    assert_eq!(session["status"], "SUCCESS", "{session}");
    checked.org.deliveries_settled().await;
    for verb in AFTER {
        run(verb).await;
    }
    assert_eq!(checked.org.user_count(), 1, "who has signed in is left");
    checked.is_kept(&[
        ("POST", "/api/v1/users"),
        ("POST", "/api/v1/inlineHooks"),
        ("POST", "/api/v1/inlineHooks/{}/execute"),
        ("PUT", "/api/v1/inlineHooks/{}"),
        ("DELETE", "/api/v1/inlineHooks/{}"),
        ("POST", "/api/v1/eventHooks/{}/lifecycle/verify"),
        ("DELETE", "/api/v1/eventHooks/{}"),
        ("GET", "/api/v1/logs"),
        ("POST", "/api/v1/users/{}/lifecycle/reset_password"),
        ("GET", "/api/v1/groups/{}/users"),
        ("POST", "/api/v1/users/{}/lifecycle/deactivate"),
        ("DELETE", "/api/v1/users/{}"),
    ]);
}
