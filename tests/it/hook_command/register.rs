//! Register, test, delete.

use std::net::SocketAddr;

use serde_json::json;
use tokio::net::TcpListener;

use super::stage::{PASSWORD, Stage};
use crate::service::SECRET;

/// A password import hook of somebody else's.
async fn foreign(stage: &Stage) -> String {
    let hook = json!({
        "name": "Migration of last year",
        "type": "com.okta.user.credential.password.import",
        "version": "1.0.0",
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": "https://old.example.com/hook", "method": "POST",
            "authScheme": { "type": "HEADER", "key": "Authorization", "value": "theirs" },
        } },
    });
    let (status, hook) = stage.api("POST", "/api/v1/inlineHooks", Some(hook)).await;
    assert_eq!(status, 200, "{hook}");
    hook["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_registered_proven_and_brought_up_to_date() {
    let stage = Stage::new().await;
    let told = stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    told.says(&["Inline hook `keyferry`", "created, and ACTIVE", "answered UNVERIFIED for the made-up user"]);
    assert!(told.err.is_empty(), "{}", told.err);

    let hooks = stage.inline_hooks().await;
    assert_eq!(hooks.len(), 1);
    let hook = &hooks[0];
    assert_eq!((&hook["name"], &hook["status"]), (&json!("keyferry"), &json!("ACTIVE")));
    assert_eq!(hook["type"], "com.okta.user.credential.password.import");
    let config = &hook["channel"]["config"];
    assert_eq!(config["uri"], format!("{}/okta/password-import", stage.public()));
    assert_eq!(config["authScheme"], json!({"type": "HEADER", "key": "authorization"}));
    assert_eq!(stage.first_sign_in(1).await, 200);

    // Again, with the whole URL, another secret, and a password: the same hook.
    let url = format!("{}/okta/password-import", stage.public());
    let known = ["--user", "user2@example.com", "--password-stdin"];
    let arguments = [&["register", "--url", &url, "--header", "1", "--json"][..], &known].concat();
    let report = stage.run_with(&arguments, &format!("{PASSWORD}\n")).await.ended(0).json();
    assert_eq!(report["inline_hook"]["id"], hook["id"]);
    assert_eq!((&report["inline_hook"]["status"], &report["problem"]), (&json!("ACTIVE"), &json!(null)));
    let proof = |at: usize| (report["proofs"][at]["user"].clone(), report["proofs"][at]["answer"].clone());
    assert_eq!(proof(0), (json!("made-up"), json!("UNVERIFIED")));
    assert_eq!(proof(1), (json!("known"), json!("VERIFIED")));
    assert_eq!(stage.inline_hooks().await.len(), 1, "no second hook");
    assert_eq!(stage.first_sign_in(2).await, 200, "with the other secret");

    // One that was switched off is switched on again.
    let id = hook["id"].as_str().expect("an id");
    stage.api("POST", &format!("/api/v1/inlineHooks/{id}/lifecycle/deactivate"), None).await;
    stage.run(&["test"]).await.ended(1).says(&["INACTIVE", "keyferry hook register"]);
    stage.run(&["register", "--url", &url, "--no-test"]).await.ended(0);
    let told = stage.run_with(&[&["test"][..], &known].concat(), PASSWORD).await.ended(0);
    told.says(&["UNVERIFIED for the made-up user", "VERIFIED for the known user", " from here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_the_known_user_is_told() {
    let stage = Stage::new().await;
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    let told = stage.run_with(&["test", "--user", "user1@example.com", "--password-stdin"], "canary").await;
    told.ended(1).says(&["UNVERIFIED for the made-up user", "does not verify this user"]);
    let told = stage.run(&["test", "--user", "user1@example.com"]).await.ended(1);
    told.says(&["--password-stdin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_hook_is_left_alone() {
    let stage = Stage::new().await;
    let theirs = foreign(&stage).await;
    let before = stage.inline_hooks().await;
    let told = stage.run(&["register", "--url", &stage.public()]).await.ended(1);
    told.says(&["`Migration of last year`", &theirs, "https://old.example.com/hook", "--replace", "--name"]);
    stage.run(&["test"]).await.ended(1).says(&["`Migration of last year`", "--name"]);
    stage.run(&["rotate", "--to", "1"]).await.ended(1).says(&["--name"]);
    stage.run(&["delete", "--yes"]).await.ended(0).says(&["is not ours, and stays", "nothing to delete"]);
    assert_eq!(stage.inline_hooks().await, before, "untouched");

    let told = stage.run(&["register", "--url", &stage.public(), "--replace"]).await.ended(0);
    told.says(&["taken over"]);
    let hooks = stage.inline_hooks().await;
    assert_eq!((hooks.len(), &hooks[0]["id"], &hooks[0]["name"]), (1, &json!(theirs), &json!("keyferry")));
    assert_eq!(stage.first_sign_in(1).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_says_what_to_mend() {
    let stage = Stage::new().await;
    // 401: the command's configuration is not the service's.
    stage.write("other.toml", &stage.configuration().replace(SECRET, "Basic canary"));
    let told = stage.run(&["register", "--url", &stage.public(), "--config", "other.toml"]).await.ended(1);
    told.says(&["answered 401", "server.auth.header[0]", "does not know the secret"]);
    let report = stage.run(&["test", "--config", "other.toml", "--json"]).await.ended(1).json();
    assert!(report["problem"].as_str().expect("a problem").contains("server.auth.header[0]"), "{report}");
    assert_eq!(report["proofs"][0]["answer"], json!(null));

    // What works is not broken by a configuration that does not.
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    let before = stage.inline_hooks().await;
    let told = stage.run(&["register", "--url", &stage.public(), "--config", "other.toml"]).await.ended(1);
    told.says(&["answered 401", "Nothing was changed in Okta", "server.auth.header[0]"]);
    assert_eq!(stage.inline_hooks().await, before, "untouched");
    stage.run(&["delete", "--yes"]).await.ended(0);

    // 404: another path.
    let elsewhere = format!("{}/elsewhere", stage.public());
    stage
        .run(&["register", "--url", &elsewhere])
        .await
        .ended(1)
        .says(&["answered 404", "/okta/password-import"]);

    stage.run(&["delete", "--yes"]).await.ended(0);

    // Nobody listens.
    let nobody = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let closed = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    stage
        .run(&["register", "--url", &closed])
        .await
        .ended(1)
        .says(&["not reached from here either", "serve` running"]);

    // 503: the store is down.
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    stage.store.execute("ALTER TABLE users RENAME TO gone").await;
    stage.run(&["test"]).await.ended(1).says(&["answered 503", "a source is down"]);
    stage.store.execute("ALTER TABLE gone RENAME TO users").await;
    stage.run(&["test"]).await.ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_said_before_anything_is_sent() {
    let stage = Stage::new().await;
    for (arguments, part) in [
        (&["register", "--url", "http://hook.example.com"][..], "https://"),
        (&["register", "--url", "https://user:canary@hook.example.com"], "name or a password"),
        (&["register", "--url", "https://hook.example.com", "--header", "2"], "no entry 2"),
        (&["register", "--url", "https://hook.example.com/own", "--events"], "--events-url"),
        (
            &[
                "register",
                "--url",
                "https://hook.example.com",
                "--oauth",
                "client_secret_post",
                "--oauth-client-id",
                "0oa",
                "--oauth-token-url",
                "https://example.com/token",
                "--oauth-scope",
                "hook",
                "--oauth-secret",
                "canary",
            ],
            "env:NAME",
        ),
        (&["rotate", "--to", "2"], "no entry 2"),
        (&["rotate"], "--to"),
        (&["delete"], "--yes"),
    ] {
        stage.run(arguments).await.ended(1).says(&[part]);
    }
    assert!(stage.inline_hooks().await.is_empty());
    let bad_token =
        stage.configuration().replace("api_token = \"00canarytoken\"", "api_token = \"00canaryother\"");
    stage.write("other.toml", &bad_token);
    let told = stage.run(&["show", "--config", "other.toml"]).await.ended(1);
    told.says(&["E0000011", "make a new token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oauth_channel_is_registered_as_okta_describes_it() {
    let stage = Stage::new().await;
    stage.write("client.secret", "canary client secret\n");
    let told = stage
        .run(&[
            "register",
            "--url",
            &stage.public(),
            "--no-test",
            "--oauth",
            "client_secret_post",
            "--oauth-client-id",
            "0oa1",
            "--oauth-token-url",
            "https://example.okta.com/oauth2/default/v1/token",
            "--oauth-scope",
            "hook",
            "--oauth-secret",
            "file:client.secret",
        ])
        .await;
    told.ended(0);
    let channel = stage.inline_hooks().await[0]["channel"].clone();
    assert_eq!(channel["type"], "OAUTH", "{channel}");
    assert_eq!(channel["config"]["authType"], "client_secret_post");
    assert_eq!(channel["config"]["clientId"], "0oa1");
    stage.run(&["show"]).await.ended(0).says(&["OAUTH client_secret_post", "does not check by itself"]);
    stage.run(&["rotate", "--to", "1"]).await.ended(1).says(&["OAuth"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_deleted_after_saying_yes() {
    let stage = Stage::new().await;
    stage.run(&["register", "--url", &stage.public()]).await.ended(0);
    stage.run_with(&["delete"], "yes\n").await.ended(1).says(&["no terminal", "--yes"]);
    assert_eq!(stage.inline_hooks().await.len(), 1);
    stage.run(&["delete", "--yes"]).await.ended(0).says(&["deactivated and deleted"]);
    assert!(stage.inline_hooks().await.is_empty());
    stage.run(&["delete", "--yes"]).await.ended(0).says(&["nothing to delete"]);
    stage.run(&["test"]).await.ended(1).says(&["no password import hook", "hook register"]);
}
