//! Who was there before, in which status, what may be changed of them, and how they are found.

use std::time::Duration;

use keyferry::demo::org::{Faults, Status};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Served, cause, create, hook_password};

/// MD5 of `Tr0ub4dor&3`.
fn hash() -> Value {
    json!({ "hash": { "algorithm": "MD5", "value": "Ts5XphMjtSzP/b7wIZVnVA==" } })
}

fn credentials(password: &Value) -> Value {
    json!({ "credentials": { "password": password } })
}

#[tokio::test]
async fn somebody_may_be_there_in_any_status() {
    let org = Served::new().await;
    for (number, status) in [
        Status::Staged,
        Status::Provisioned,
        Status::Active,
        Status::Recovery,
        Status::PasswordExpired,
        Status::LockedOut,
        Status::Suspended,
        Status::Deprovisioned,
    ]
    .into_iter()
    .enumerate()
    {
        let login = format!("user{number}@example.com");
        let body = create(&login, &json!({ "value": "correct horse" }));
        let id = org.org.add_person(&body, status).unwrap();
        let path = format!("/api/v1/users/{id}");
        assert_eq!(org.get(&path).await.1["status"], status.name());
        let may = org.sign_in(&login, "correct horse").await == 200;
        assert_eq!(may, status == Status::Active, "{status:?}");

        let with_hash = org.post(&path, credentials(&hash())).await.0.as_u16();
        let expected = match status {
            Status::Staged => 200,
            Status::Deprovisioned => 403,
            _ => 400,
        };
        assert_eq!(with_hash, expected, "a hash: {status:?}");
        let with_hook = org.post(&path, credentials(&hook_password())).await.0.as_u16();
        assert_eq!(with_hook, if status == Status::Deprovisioned { 403 } else { 200 }, "a hook: {status:?}");
        assert_eq!(org.org.creations(&login), 0, "nobody created them here");
    }
    assert_eq!(org.org.user_count(), 8);
    let twice = create("USER1@example.com", &hook_password());
    let told = org.org.add_person(&twice, Status::Active).unwrap_err().to_string();
    assert!(told.contains("login: An object with this field already exists"), "{told}");
}

#[tokio::test]
async fn a_staged_user_keeps_the_imported_password_when_activated() {
    let org = Served::new().await;
    for (login, password, right) in [
        ("ana@example.com", hash(), "Tr0ub4dor&3"),
        ("bo@example.com", json!({ "value": "correct horse" }), "correct horse"),
    ] {
        let id = org.org.add_person(&create(login, &password), Status::Staged).unwrap();
        assert_eq!(org.sign_in(login, right).await, 401, "staged");
        let path = format!("/api/v1/users/{id}/lifecycle/activate?sendEmail=false");
        let (status, answer) = org.call(Method::POST, &path, None).await;
        assert_eq!((status.as_u16(), answer), (200, json!({})), "no token for whoever has a password");
        assert_eq!(org.get(&format!("/api/v1/users/{id}")).await.1["status"], "ACTIVE");
        assert_eq!(org.sign_in(login, right).await, 200);
    }
}

#[tokio::test]
async fn put_replaces_the_profile_and_post_adds_to_it() {
    let org = Served::new().await;
    let mut body = create("ana@example.com", &json!({ "value": "correct horse" }));
    body["profile"]["mobilePhone"] = json!("+1 555 0100");
    let id = org.org.add_person(&body, Status::Active).unwrap();
    let path = format!("/api/v1/users/{id}");

    let (_, user) = org.post(&path, json!({ "profile": { "nickName": "ana" } })).await;
    assert_eq!(
        (&user["profile"]["nickName"], &user["profile"]["mobilePhone"]),
        (&json!("ana"), &json!("+1 555 0100"))
    );
    let (status, error) = org.call(Method::PUT, &path, Some(json!({ "profile": { "nickName": "x" } }))).await;
    assert!(cause(status, &error).starts_with("firstName"), "a whole profile is needed");
    let whole = create("ana@example.com", &Value::Null)["profile"].take();
    let (status, user) = org.call(Method::PUT, &path, Some(json!({ "profile": whole }))).await;
    assert_eq!(status, 200, "{user}");
    assert_eq!((&user["profile"]["nickName"], &user["profile"]["mobilePhone"]), (&Value::Null, &Value::Null));
    assert_eq!(org.sign_in("ana", "correct horse").await, 200, "credentials that are not named stay");
}

#[tokio::test]
async fn expressions_find_by_status_time_and_login() {
    let org = Served::new().await;
    for (number, status) in [Status::Active, Status::Staged, Status::Deprovisioned].into_iter().enumerate() {
        let login = format!("user{number}@example.com");
        org.org.add_person(&create(&login, &hook_password()), status).unwrap();
        *org.time.lock().unwrap() += Duration::from_secs(10);
    }
    let org = &org;
    let found = |parameter: &'static str, expression: &'static str| async move {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair(parameter, expression).finish();
        let (status, users) = org.get(&format!("/api/v1/users?{query}")).await;
        if status != 200 {
            return Err(users["errorCode"].as_str().unwrap().to_owned());
        }
        let logins = users
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["profile"]["login"].as_str().unwrap().to_owned());
        Ok(logins.map(|login| login[4..5].to_owned()).collect::<String>())
    };
    for (parameter, expression, expected) in [
        ("filter", r#"status eq "STAGED""#, "1"),
        ("filter", r#"status eq "STAGED" or status eq "DEPROVISIONED""#, "12"),
        ("filter", r#"lastUpdated gt "2026-01-01T00:00:00.000Z""#, "12"),
        (
            "filter",
            r#"lastUpdated ge "2026-01-01T01:00:10+01:00" and lastUpdated lt "2026-01-01T00:00:20.000Z""#,
            "1",
        ),
        ("filter", r#"profile.login eq "user0@example.com" or profile.login eq "user2@example.com""#, "02"),
        ("filter", r#"profile.login eq "USER0@example.com""#, ""),
        ("search", r#"profile.login eq "USER0@example.com""#, "0"),
        ("search", r#"profile.login sw "user" and (status lt "STAGED" or status gt "STAGED")"#, "02"),
        ("search", r#"profile.email co "BROCK" and created gt "2026-01-01T00:00:05.000Z""#, "12"),
    ] {
        assert_eq!(found(parameter, expression).await.as_deref(), Ok(expected), "{expression}");
    }
    for (parameter, expression, code) in [
        // Okta's description gives each its attributes and operators.
        ("filter", r#"profile.login sw "user""#, "E0000031"),
        ("filter", r#"profile.mobilePhone eq "1""#, "E0000031"),
        ("filter", r#"status gt "A""#, "E0000031"),
        ("filter", r#"lastUpdated gt "yesterday""#, "E0000030"),
        ("search", r#"status ne "ACTIVE""#, "E0000031"),
        ("search", r#"profile.city co "a""#, "E0000031"),
        ("search", r#"nonsense eq "a""#, "E0000031"),
    ] {
        assert_eq!(found(parameter, expression).await, Err(code.to_owned()), "{expression}");
    }

    org.org.set_faults(Faults { search_lag: Some(Duration::from_secs(15)), ..Faults::default() });
    let everybody = r#"profile.login sw "user""#;
    assert_eq!(found("search", everybody).await.as_deref(), Ok("01"), "a search lags behind");
    assert_eq!(
        found("filter", r#"status eq "DEPROVISIONED""#).await.as_deref(),
        Ok("2"),
        "a filter does not"
    );
}

#[tokio::test]
async fn groups_of_a_user_and_pages_of_members() {
    let org = Served::new().await;
    let (_, group) = org.post("/api/v1/groups", json!({ "profile": { "name": "Staff" } })).await;
    let group = group["id"].as_str().unwrap();
    for number in 0..3 {
        let mut body = create(&format!("user{number}@example.com"), &hook_password());
        body["groupIds"] = json!([group]);
        org.org.add_person(&body, Status::Active).unwrap();
    }
    let (_, groups) = org.get("/api/v1/users/user1/groups").await;
    assert_eq!(groups.as_array().unwrap().len(), 1);
    assert_eq!(groups[0]["profile"]["name"], "Staff");
    assert_eq!(org.get("/api/v1/users/nobody/groups").await.0, 404);

    let mut url = format!("/api/v1/groups/{group}/users?limit=2");
    let mut logins = Vec::new();
    loop {
        let response = org.send(Method::GET, &url, None).await.unwrap();
        let mut links =
            response.headers().get_all("link").iter().map(|link| link.to_str().unwrap().to_owned());
        let next = links.find(|link| link.ends_with("rel=\"next\""));
        let page: Vec<Value> = response.json().await.unwrap();
        logins.extend(page.iter().map(|user| user["profile"]["login"].as_str().unwrap().to_owned()));
        let Some(next) = next else { break };
        url = next[1 + org.url.len()..next.find('>').unwrap()].to_owned();
    }
    assert_eq!(logins, ["user0@example.com", "user1@example.com", "user2@example.com"]);
    let search = "/api/v1/groups?search=profile.name%20sw%20%22sta%22";
    assert_eq!(org.get(search).await.1[0]["id"], json!(group));
    let filter = "/api/v1/groups?filter=profile.name%20eq%20%22Staff%22";
    assert_eq!(org.get(filter).await.1["errorCode"], "E0000031", "a filter of groups does not know names");
}

#[tokio::test]
async fn an_enrolment_policy_makes_members_provisioned() {
    let org = Served::new().await;
    let (_, group) = org.post("/api/v1/groups", json!({ "profile": { "name": "Enrol" } })).await;
    let group = group["id"].as_str().unwrap();
    org.org.enrol_by_mail(Some(group));
    let mut body = create("ana@example.com", &hook_password());
    body["groupIds"] = json!([group]);
    assert_eq!(org.post("/api/v1/users", body).await.1["status"], "PROVISIONED");
    assert_eq!(
        org.post("/api/v1/users", create("bo@example.com", &hook_password())).await.1["status"],
        "ACTIVE"
    );
}

#[tokio::test]
async fn suspended_and_back() {
    let org = Served::new().await;
    let id = org.user("ana@example.com", json!({ "value": "correct horse" })).await;
    let to = |step: &str| format!("/api/v1/users/{id}/lifecycle/{step}");
    assert_eq!(org.call(Method::POST, &to("unsuspend"), None).await.1["errorCode"], "E0000038");
    assert_eq!(org.call(Method::POST, &to("suspend"), None).await.0, 200);
    assert_eq!(org.sign_in("ana", "correct horse").await, 401);
    assert_eq!(org.call(Method::POST, &to("suspend"), None).await.1["errorCode"], "E0000038");
    assert_eq!(org.call(Method::POST, &to("unsuspend"), None).await.0, 200);
    assert_eq!(org.sign_in("ana", "correct horse").await, 200);
    assert_eq!(org.call(Method::POST, &to("expire_password"), None).await.1["status"], "PASSWORD_EXPIRED");
    assert_eq!(org.sign_in("ana", "correct horse").await, 401);
}
