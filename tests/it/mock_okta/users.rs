//! The users and groups API: checks, look-ups, paging, lifecycle.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Served, TOKEN, cause, create, hook_password};

#[tokio::test]
async fn a_created_user_looks_as_oktas_does() {
    let org = Served::new().await;
    let (status, user) =
        org.post("/api/v1/users?activate=true", create("isaac.brock@example.com", &hook_password())).await;
    assert_eq!(status, 200);
    assert_eq!(user["status"], "ACTIVE");
    assert_eq!(user["created"], "2026-01-01T00:00:00.000Z");
    assert_eq!(user["credentials"]["password"], json!({}));
    assert_eq!(user["credentials"]["provider"]["type"], "IMPORT");
    assert_eq!(user["profile"]["login"], "isaac.brock@example.com");
    assert_eq!(user["profile"]["mobilePhone"], Value::Null);

    let (_, staged) =
        org.post("/api/v1/users?activate=false", create("staged@example.com", &hook_password())).await;
    assert_eq!(staged["status"], "STAGED");
    let mut without = create("nobody@example.com", &Value::Null);
    without.as_object_mut().unwrap().remove("credentials");
    let (_, without) = org.post("/api/v1/users", without).await;
    assert_eq!(without["status"], "PROVISIONED");
    assert_eq!(without["credentials"], json!({ "provider": { "type": "OKTA", "name": "OKTA" } }));
}

#[tokio::test]
async fn only_the_token_opens_the_api() {
    let org = Served::new().await;
    let url = format!("{}/api/v1/users", org.url);
    for authorization in
        ["", "SSWS", "SSWS wrong", &format!("Bearer {TOKEN}"), &format!("SSWS {TOKEN} ")[..15]]
    {
        let response = org.client.get(&url).header("Authorization", authorization).send().await.unwrap();
        assert_eq!(response.status(), 401, "{authorization}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["errorCode"], "E0000011");
        assert_eq!(error["errorLink"], "E0000011");
        assert_eq!(error["errorSummary"], "Invalid token provided");
        assert_eq!(error["errorCauses"], json!([]));
        assert!(error["errorId"].as_str().unwrap().starts_with("oae"));
    }
    assert_eq!(org.client.get(&url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_taken_login_is_refused_whatever_its_case_or_accents() {
    let org = Served::new().await;
    org.user("isaac.brock@example.com", hook_password()).await;
    for login in ["isaac.brock@example.com", "Isaac.Brock@EXAMPLE.com", "isáàc.bröck@example.com"] {
        let (status, error) = org.post("/api/v1/users", create(login, &hook_password())).await;
        assert_eq!(
            cause(status, &error),
            "login: An object with this field already exists in the current organization"
        );
        assert_eq!(error["errorSummary"], "Api validation failed: login");
    }
}

#[tokio::test]
async fn profiles_are_checked() {
    let org = Served::new().await;
    let long = "x".repeat(51);
    let cases = [
        ("firstName", json!(null), "firstName"),
        ("firstName", json!(""), "firstName"),
        ("lastName", json!(long), "lastName"),
        ("email", json!("isaac"), "email"),
        ("login", json!("isaac"), "login: Username must be in the form of an email address"),
        ("login", json!(format!("{}@example.com", "x".repeat(90))), "login"),
        ("secondEmail", json!("no address"), "secondEmail"),
        ("mobilePhone", json!("1".repeat(101)), "mobilePhone"),
        ("mobilePhone", json!(5_551_234), "mobilePhone"),
        ("countryCode", json!("USA"), "countryCode"),
    ];
    for (field, value, named) in cases {
        let mut request = create("isaac@example.com", &hook_password());
        request["profile"][field] = value;
        let (status, error) = org.post("/api/v1/users", request).await;
        assert!(cause(status, &error).starts_with(named), "{error}");
    }
    let mut request = create("isaac@example.com", &hook_password());
    request["profile"]["firstName"] = json!("é".repeat(50));
    assert_eq!(org.post("/api/v1/users", request).await.0, 200, "fifty characters, a hundred bytes");

    let url = format!("{}/api/v1/users", org.url);
    let post = || org.client.post(&url).header("Authorization", format!("SSWS {TOKEN}"));
    let answer = post().header("Content-Type", "application/json").body("{").send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["errorCode"], "E0000003");
    let answer = post().body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 415);
    assert_eq!(org.call(Method::PATCH, "/api/v1/users", None).await.1["errorCode"], "E0000022");
    assert_eq!(org.get("/api/v1/nothing").await.0, 404);
}

#[tokio::test]
async fn users_are_found_by_id_login_and_unique_short_name() {
    let org = Served::new().await;
    let id = org.user("isaac.brock@example.com", hook_password()).await;
    org.user("ana@example.com", hook_password()).await;
    org.user("ana@example.org", hook_password()).await;
    for key in [id.as_str(), "isaac.brock@example.com", "ISAAC.BROCK%40example.com", "Isaac.Brock"] {
        let (status, user) = org.get(&format!("/api/v1/users/{key}")).await;
        assert_eq!((status.as_u16(), user["id"].as_str()), (200, Some(id.as_str())), "{key}");
    }
    for key in ["ana", "nobody", "00u99999999999999999"] {
        let (status, error) = org.get(&format!("/api/v1/users/{key}")).await;
        assert_eq!((status.as_u16(), &error["errorCode"]), (404, &json!("E0000007")), "{key}");
    }
    let slashed = org.user("a/b@example.com", hook_password()).await;
    assert_eq!(org.get("/api/v1/users/a%2Fb@example.com").await.0, 404);
    assert_eq!(org.get(&format!("/api/v1/users/{slashed}")).await.0, 200);
}

#[tokio::test]
async fn lists_page_by_link_headers_and_filter_by_login() {
    let org = Served::new().await;
    for number in 0..5 {
        org.user(&format!("user{number}@example.com"), hook_password()).await;
    }
    let mut url = format!("{}/api/v1/users?limit=2", org.url);
    let mut logins = Vec::new();
    let mut pages = 0;
    loop {
        pages += 1;
        let request = org.client.get(&url).header("Authorization", format!("SSWS {TOKEN}"));
        let response = request.send().await.unwrap();
        let links: Vec<String> =
            response.headers().get_all("link").iter().map(|link| link.to_str().unwrap().to_owned()).collect();
        assert!(links[0].ends_with("rel=\"self\""));
        for user in response.json::<Vec<Value>>().await.unwrap() {
            logins.push(user["profile"]["login"].as_str().unwrap().to_owned());
        }
        match links.get(1) {
            Some(next) => {
                assert!(next.ends_with("; rel=\"next\""), "{next}");
                url = next[1..next.find('>').unwrap()].to_owned();
            }
            None => break,
        }
    }
    assert_eq!((pages, logins.len()), (3, 5));
    assert_eq!((logins[0].as_str(), logins[4].as_str()), ("user0@example.com", "user4@example.com"));

    let found = |query: &'static str| {
        let org = &org;
        async move { org.get(&format!("/api/v1/users?{query}")).await.1.as_array().map(Vec::len) }
    };
    assert_eq!(found("filter=profile.login%20eq%20%22user3@example.com%22").await, Some(1));
    assert_eq!(found("filter=profile.login%20eq%20%22USER3@example.com%22").await, Some(0), "exact");
    assert_eq!(found("search=profile.login+eq+%22USER3@example.com%22").await, Some(1), "any case");
    assert_eq!(found("filter=status%20eq%20%22ACTIVE%22").await, Some(5));
    let (status, error) = org.get("/api/v1/users?filter=profile.login%20xx%20%22a%22").await;
    assert_eq!((status.as_u16(), &error["errorCode"]), (400, &json!("E0000031")));
}

#[tokio::test]
async fn a_hash_may_be_set_while_staged_and_the_hook_at_any_time() {
    let org = Served::new().await;
    let hash = json!({ "hash": { "algorithm": "MD5", "value": "Ts5XphMjtSzP/b7wIZVnVA==" } });
    let body = json!({ "credentials": { "password": hash } });
    let (_, user) =
        org.post("/api/v1/users?activate=false", create("ana@example.com", &hook_password())).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());

    assert_eq!(org.post(&path, body.clone()).await.0, 200);
    assert_eq!(org.sign_in("ana", "Tr0ub4dor&3").await, 401, "staged");
    assert_eq!(org.post(&format!("{path}/lifecycle/activate?sendEmail=false"), json!({})).await.0, 200);
    assert_eq!(org.sign_in("ana", "Tr0ub4dor&3").await, 200);

    let (status, error) = org.post(&path, body).await;
    assert!(cause(status, &error).contains("STAGED"));
    let (status, user) = org.post(&path, json!({ "credentials": { "password": hook_password() } })).await;
    assert_eq!((status.as_u16(), &user["status"]), (200, &json!("ACTIVE")));
    assert_eq!(org.sign_in("ana", "Tr0ub4dor&3").await, 401, "now only the hook knows, and there is none");
}

#[tokio::test]
async fn updates_change_what_they_name_and_nothing_else() {
    let org = Served::new().await;
    let id = org.user("ana@example.com", hook_password()).await;
    org.user("bo@example.com", hook_password()).await;
    let path = format!("/api/v1/users/{id}");
    let change = |profile: Value| json!({ "profile": profile });

    let (_, user) =
        org.post(&path, change(json!({ "lastName": "Silva", "login": "ana.silva@example.com" }))).await;
    assert_eq!(user["profile"]["firstName"], "Isaac");
    assert_eq!(user["profile"]["lastName"], "Silva");
    assert_eq!(org.get("/api/v1/users/ana@example.com").await.0, 404, "the old login is free");
    assert_eq!(org.get("/api/v1/users/ana.silva").await.1["id"], json!(id));

    let (status, error) = org.post(&path, change(json!({ "login": "BO@example.com" }))).await;
    assert!(cause(status, &error).contains("already exists"));
    let (status, error) = org.post(&path, change(json!({ "lastName": null }))).await;
    assert!(cause(status, &error).starts_with("lastName"));
}

#[tokio::test]
async fn lifecycle_and_deletion() {
    let org = Served::new().await;
    let id = org.user("ana@example.com", json!({ "value": "correct horse" })).await;
    let path = format!("/api/v1/users/{id}");
    assert_eq!(org.sign_in("ana", "correct horse").await, 200);
    let (status, error) = org.post(&format!("{path}/lifecycle/activate"), json!({})).await;
    assert_eq!((status.as_u16(), &error["errorCode"]), (403, &json!("E0000016")));

    let reset = format!("{path}/lifecycle/reset_password");
    assert_eq!(org.post(&reset, json!({})).await.1["errorCode"], "E0000028");
    let (_, answer) = org.post(&format!("{reset}?sendEmail=false"), json!({})).await;
    assert!(answer["resetPasswordUrl"].as_str().unwrap().starts_with(&org.url));
    assert_eq!(org.get(&path).await.1["status"], "RECOVERY");
    assert_eq!(org.sign_in("ana", "correct horse").await, 401);

    assert_eq!(org.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(org.get(&path).await.1["status"], "DEPROVISIONED");
    assert_eq!(org.get("/api/v1/users").await.1, json!([]), "lists leave the deactivated out");
    let (status, error) = org.post("/api/v1/users", create("ana@example.com", &hook_password())).await;
    assert!(cause(status, &error).contains("already exists"), "until deleted the login is taken");
    assert_eq!(org.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(org.get(&path).await.0, 404);
    org.user("ana@example.com", hook_password()).await;
}

#[tokio::test]
async fn groups_take_members_at_creation_and_later() {
    let org = Served::new().await;
    let named = |name: &str| json!({ "profile": { "name": name } });
    let (_, group) = org.post("/api/v1/groups", named("Migrated_from_Legacy_20260101")).await;
    let (status, error) = org.post("/api/v1/groups", named("Migrated_from_Legacy_20260101")).await;
    assert!(cause(status, &error).starts_with("name:"));
    let group = group["id"].as_str().unwrap();
    let search = "/api/v1/groups?search=profile.name%20eq%20%22Migrated_from_Legacy_20260101%22";
    assert_eq!(org.get(search).await.1[0]["id"], json!(group));

    let mut request = create("ana@example.com", &hook_password());
    request["groupIds"] = json!([group]);
    assert_eq!(org.post("/api/v1/users", request.clone()).await.0, 200);
    let bo = org.user("bo@example.com", hook_password()).await;
    let member = format!("/api/v1/groups/{group}/users/{bo}");
    assert_eq!(org.call(Method::PUT, &member, None).await.0, 204);
    let members = format!("/api/v1/groups/{group}/users");
    assert_eq!(org.get(&members).await.1.as_array().unwrap().len(), 2);
    assert_eq!(org.call(Method::DELETE, &member, None).await.0, 204);
    assert_eq!(org.get(&members).await.1[0]["profile"]["login"], "ana@example.com");

    request["profile"]["login"] = json!("cy@example.com");
    request["groupIds"] = json!(vec![group; 21]);
    let (status, error) = org.post("/api/v1/users", request.clone()).await;
    assert!(cause(status, &error).starts_with("groupIds"));
    request["groupIds"] = json!(["00g99999999999999999"]);
    let (status, error) = org.post("/api/v1/users", request).await;
    assert!(cause(status, &error).starts_with("groupIds"));
    assert_eq!(org.get("/api/v1/users/cy").await.0, 404, "refused means not created");
}
