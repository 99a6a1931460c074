//! The event hook: registered, verified, delivering, rotated, shown and deleted.

use keyferry::ledger::Ledger;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::events::seeded::{seed, states};
use crate::service::SECRET;

async fn event_hooks(stage: &Stage) -> Vec<Value> {
    let (status, hooks) = stage.api("GET", "/api/v1/eventHooks", None).await;
    assert_eq!(status, 200, "{hooks}");
    hooks.as_array().expect("a list").clone()
}

/// The ledger of the stage, as an import leaves it that has sent this user.
async fn seeded(stage: &Stage, number: i64) -> (Ledger, String, String) {
    let url = format!("sqlite:{}", stage.store.path().join("ledger.db").display());
    let ledger = Ledger::open(&url, None).await.expect("the ledger opens");
    let (id, login) = (number.to_string(), format!("user{number}@example.com"));
    seed(&ledger, &[(&id, &login, "")]).await;
    (ledger, id, login)
}

/// A password arrives in Okta, Okta tells the service, and the ledger knows.
async fn a_password_arrives(stage: &Stage, number: i64) {
    let (ledger, id, login) = seeded(stage, number).await;
    let before = stage.org.event_deliveries();
    assert_eq!(stage.first_sign_in(number).await, 200);
    stage.org.deliveries_settled().await;
    let after = stage.org.event_deliveries();
    assert_eq!((after.delivered - before.delivered, after.failed), (1, 0), "user {number}");
    assert_eq!(states(&ledger, &[(&id, &login, "")]).await, ["confirmed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_event_hook_is_verified_delivers_and_is_rotated_with_the_other() {
    let stage = Stage::new().await;
    let told = stage.run(&["register", "--url", &stage.public(), "--events"]).await.ended(0);
    told.says(&[
        "Inline hook `keyferry`",
        "Event hook `keyferry`",
        "VERIFIED and ACTIVE",
        "user.import.password",
    ]);
    let hooks = event_hooks(&stage).await;
    assert_eq!(hooks.len(), 1);
    let hook = &hooks[0];
    assert_eq!((&hook["status"], &hook["verificationStatus"]), (&json!("ACTIVE"), &json!("VERIFIED")));
    assert_eq!(hook["events"]["items"], json!(["user.import.password"]));
    assert_eq!(hook["channel"]["config"]["uri"], format!("{}/okta/events", stage.public()));
    stage.ledger_is_connected().await;
    a_password_arrives(&stage, 1).await;

    let told = stage.run(&["rotate", "--to", "1"]).await.ended(0);
    told.says(&[
        "Inline hook `keyferry`",
        "sends the secret of server.auth.header[1] now",
        "Event hook `keyferry`",
        "is VERIFIED",
        "server.auth.header[0] no more",
    ]);
    a_password_arrives(&stage, 2).await;
    let shown = stage.run(&["show", "--json"]).await.ended(0).json();
    assert_eq!(shown["event_hooks"][0]["verification"], "VERIFIED", "{shown}");

    let told = stage.run(&["register", "--url", &stage.public(), "--events-only"]).await.ended(0);
    told.says(&["Event hook `keyferry`", "brought up to date"]);
    assert!(!told.out.contains("Inline hook"), "{}", told.out);
    assert_eq!(event_hooks(&stage).await.len(), 1, "no second hook");
    a_password_arrives(&stage, 3).await;

    stage
        .run(&["delete", "--events-only", "--yes"])
        .await
        .ended(0)
        .says(&["Event hook `keyferry`", "deleted"]);
    assert!(event_hooks(&stage).await.is_empty());
    assert_eq!(stage.inline_hooks().await.len(), 1);
    stage.run(&["show"]).await.ended(0).says(&["No event hook is called `keyferry`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_hook_that_cannot_be_verified_says_what_to_mend() {
    fn events_only(url: &str) -> [&str; 4] {
        ["register", "--url", url, "--events-only"]
    }
    let stage = Stage::new().await;
    stage.write("other.toml", &stage.configuration().replace(SECRET, "Basic canary"));
    let url = stage.public();
    let told = stage.run(&[&events_only(&url)[..], &["--config", "other.toml"]].concat()).await.ended(1);
    told.says(&["cannot be verified", "answered 401", "server.auth.header[0]"]);
    stage.run(&["show"]).await.ended(1).says(&["ACTIVE, UNVERIFIED", "fits            NO"]);

    let told = stage.run(&events_only(&format!("{url}/elsewhere"))).await.ended(1);
    told.says(&["answered 404", "/okta/events (server.events_path)"]);

    stage.write(
        "off.toml",
        &stage.configuration().replace("private_listen", "events_path = \"\"\nprivate_listen"),
    );
    let told = stage.run(&[&events_only(&url)[..], &["--config", "off.toml"]].concat()).await.ended(1);
    told.says(&["server.events_path is empty"]);
    stage.run(&events_only(&url)).await.ended(0).says(&["VERIFIED and ACTIVE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_hook_with_secrets_of_its_own_is_rotated_by_itself() {
    let mut stage = Stage::new().await;
    let apart = "[server.events_auth]\nheader = [{ name = \"X-Events\", secret = \"canary one\" }, \
                 { name = \"X-Events\", secret = \"canary two\" }]\n[ledger]\n";
    let configuration = stage.configuration().replace("[ledger]\n", apart);
    stage.start_anew(&configuration);
    stage.run(&["register", "--url", &stage.public(), "--events", "--header", "1"]).await.ended(0);
    let header = |hook: &Value| hook["channel"]["config"]["authScheme"]["key"].clone();
    assert_eq!(header(&event_hooks(&stage).await[0]), "x-events");

    let told = stage.run(&["rotate", "--to", "0"]).await.ended(0);
    assert!(!told.out.contains("Event hook"), "{}", told.out);
    let told = stage.run(&["rotate", "--to", "1", "--events-only"]).await.ended(0);
    told.says(&["server.events_auth.header[1]", "server.events_auth.header[0] no more"]);
    assert!(!told.out.contains("Inline hook"), "{}", told.out);

    // One that the service does not know.
    stage.write("other.toml", &configuration.replace("canary one", "canary three"));
    let told = stage.run(&["rotate", "--to", "0", "--events-only", "--config", "other.toml"]).await.ended(1);
    told.says(&["Nothing was changed in Okta", "server.events_auth.header[0]"]);
    assert_eq!(event_hooks(&stage).await[0]["verificationStatus"], "VERIFIED");
}
