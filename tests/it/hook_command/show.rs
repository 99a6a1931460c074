//! Show.

use serde_json::json;

use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn show_tells_whether_the_hook_is_there_and_fits() {
    let stage = Stage::new().await;
    stage.run(&["show"]).await.ended(1).says(&["no password import hook", "hook register"]);

    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    let told = stage.run(&["show"]).await.ended(0);
    told.says(&[
        "Inline hook `keyferry`",
        "ACTIVE",
        "HEADER authorization",
        "last updated    20",
        "fits            yes",
    ]);
    let shown = stage.run(&["show", "--json"]).await.ended(0).json();
    let hook = &shown["inline_hooks"][0];
    assert_eq!((&shown["ok"], &hook["ours"], &hook["problems"]), (&json!(true), &json!(true), &json!([])));
    assert_eq!(hook["url"], format!("{}/okta/password-import", stage.public()));

    let id = hook["id"].as_str().expect("an id").to_owned();
    stage.api("POST", &format!("/api/v1/inlineHooks/{id}/lifecycle/deactivate"), None).await;
    stage.run(&["show"]).await.ended(1).says(&["INACTIVE", "fits            NO"]);
    stage.api("POST", &format!("/api/v1/inlineHooks/{id}/lifecycle/activate"), None).await;

    // A configuration whose entries have another header, and another path.
    let other = stage.configuration().replace("name = \"Authorization\"", "name = \"X-Key\"");
    stage.write("other.toml", &other.replace("private_listen", "path = \"/other\"\nprivate_listen"));
    let told = stage.run(&["show", "--config", "other.toml"]).await.ended(1);
    told.says(&["no entry of server.auth.header has", "server.path is /other"]);
    stage.run(&["show", "--name", "another"]).await.ended(1).says(&["not called `another`"]);
}
