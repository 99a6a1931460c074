//! Every call of ours and every answer of the imitation org against Okta's own description, by Prism between the two.

mod endpoints;
mod prism;
mod verbs;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use keyferry::demo::org::{Fault, FaultKind, Faults, Status};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{PHPASS, SPRING_BCRYPT, SPRING_SCRYPT};
use prism::{Checked, WRONG};

/// The password `test-password`, salted with `saltsalt`, in forms that go to Okta as a hash of each kind that it takes;
/// computed with Python's `hashlib`. The algorithm, and where the salt stands or what PBKDF2 is made of.
const HASHES: [(&str, &str, &str); 15] = [
    ("BCRYPT", "", SPRING_BCRYPT),
    ("MD5", "", "{MD5}37RQ7927U4cZfIRGBiNnWw=="),
    ("MD5", "POSTFIX", "{SMD5}/vpIbR+X4RpSpIPemlxfpHNhbHRzYWx0"),
    ("MD5", "PREFIX", "$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdHNhbHQ=$OUsLNiY6CMyuzxF4JHiyJQ=="),
    ("SHA-1", "", "{SHA}eJy+BAeECxwgQcszRS/2Dxm/WMw="),
    ("SHA-1", "POSTFIX", "{SSHA}k4psag/e6NkHwXf96L9EtM+tUdlzYWx0c2FsdA=="),
    ("SHA-1", "PREFIX", "$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdHNhbHQ=$qfI/iHQSA7XkvUpL8IPI+HYtm8A="),
    ("SHA-256", "", "{SHA256}xjiDP2m7+zwmevoKdENIEkNrjwioH9Jjxr5ocd5PEmU="),
    ("SHA-256", "POSTFIX", "{SSHA256}JXbl0giZ55GU6zRBmwEIS2nZKH5GAwXskAiWOkIruuZzYWx0c2FsdA=="),
    (
        "SHA-256",
        "PREFIX",
        "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdHNhbHQ=$hiqYRLUZWlLcGEINDpeg1K4JafEQA5zFQX4HB24BwlU=",
    ),
    (
        "SHA-512",
        "",
        "{SHA512}c2KtMdtdEMnxjhRjqxjdvpxUgZzO410G0LK09qrg+zqMDL9qSaIgoLRoU2X7ueHOa4/XWAcABv4lXD6B0ddUwA==",
    ),
    (
        "SHA-512",
        "POSTFIX",
        "{SSHA512}76QAuM86pggDB7xyHfqEw2Yws39KJQERTrlFpUy8rHjTxE4q9ZVUMOa4XzGPQZoE6yrzWpTQFLHR5VMOdEU7RnNhbHRzYWx0",
    ),
    (
        "SHA-512",
        "PREFIX",
        "$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$c2FsdHNhbHQ=$Ucz5PiXfs6FoV7GiVbyLxrmdmvc+uF9AotyXNOQKhGLth99nBKHE7oWjJAVkvN9/ERaug7luBHjqITduv9mnDA==",
    ),
    ("PBKDF2", "SHA256_HMAC", "pbkdf2_sha256$4096$saltsalt$R0vf3zx4+xE+N9EpAXSsuUMK8EnNKUV5eR8z+4t1SLc="),
    (
        "PBKDF2",
        "SHA512_HMAC",
        "$pbkdf2-sha512$4096$c2FsdHNhbHQ$cG0iMx8S3XT8zHpsF5FZDU2TUrKUmG8aPY0RbyARJnH.6lXiD0EAsBbO.tdpWV3C7FpiFD1DqpfCdru1ElRW6A",
    ),
];

/// Logins that paths, queries and JSON have to carry unharmed; the first as SQL writes it.
const ODD_LOGINS: [&str; 4] =
    ["o''brien+shop@example.com", "corp/amy@example.com", "50%25@example.com", "a#b?c&d=e@example.com"];

/// More groups than a create-user request takes.
const GROUPS: usize = 23;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_keeps_to_okta_s_own_description() {
    let Some(checked) = Checked::start().await else { return };
    let mut users: Vec<(String, &str)> =
        ODD_LOGINS.iter().map(|login| ((*login).to_owned(), PHPASS)).collect();
    users.extend(
        (1..).zip(HASHES).map(|(number, (_, _, stored))| (format!("hash{number}@example.com"), stored)),
    );
    users.push(("active.stranger@example.com".to_owned(), SPRING_BCRYPT));
    users.push(("staged.stranger@example.com".to_owned(), SPRING_BCRYPT));
    let everybody = users.len();
    let quoted: Vec<(&str, String)> =
        users.iter().map(|(login, stored)| (login.as_str(), format!("'{stored}'"))).collect();
    let rows: Vec<(&str, &str)> = quoted.iter().map(|(login, stored)| (*login, stored.as_str())).collect();
    let campaign = checked.campaign(&rows).await;
    for (login, status) in [("active.stranger", Status::Active), ("staged.stranger", Status::Staged)] {
        let login = format!("{login}@example.com");
        let profile = json!({ "firstName": "Other", "lastName": "Person", "email": login, "login": login });
        let body =
            json!({ "profile": profile, "credentials": { "password": { "value": "Old-Okta-password-1" } } });
        checked.org.add_person(&body, status).expect("a stranger");
    }
    let there = json!({ "profile": { "name": "Group 07" } });
    campaign.call(Method::POST, "/api/v1/groups", there).await;
    let names = (0..GROUPS).fold(String::new(), |mut names, number| {
        let _ = write!(names, "\"Group {number:02}\", ");
        names
    });
    let rest = format!("groups = [{names}]\n[import]\nexisting = \"attach_hook\"\n");
    campaign.shop.execute("ALTER TABLE users ADD COLUMN team TEXT DEFAULT 'R&D \"core\"'").await;
    let teams = "groups = \"SELECT team FROM users WHERE id = :id\"";
    campaign.shop.configure(teams, &campaign.tail("sqlite:ledger.db", &rest));

    let looked = campaign.report(&["--dry-run", "--look"]).await;
    // Okta's other 429: too many calls at once.
    let crowded = Fault::new("POST", "/api/v1/users", FaultKind::Concurrency);
    checked.org.set_faults(Faults::default().once(crowded));
    let first = campaign.report(&[]).await;
    campaign
        .shop
        .execute(&format!(
            "UPDATE users SET last_name = 'Fry' WHERE id = 1; UPDATE users SET stored = '{SPRING_SCRYPT}' WHERE id = 5;
             INSERT INTO users (login, stored) VALUES ('late@example.com', '{PHPASS}')"
        ))
        .await;
    let delta = campaign.report(&[]).await;

    checked.is_kept(&[
        ("GET", "/api/v1/users"),
        ("POST", "/api/v1/users"),
        ("GET", "/api/v1/users/{}"),
        ("POST", "/api/v1/users/{}"),
        ("POST", "/api/v1/users/{}/lifecycle/activate"),
        ("GET", "/api/v1/groups"),
        ("POST", "/api/v1/groups"),
        ("PUT", "/api/v1/groups/{}/users/{}"),
    ]);
    assert_eq!(looked.0, 0, "{}", looked.1);
    assert_eq!((first.0, &first.1["attached"]), (0, &2.into()), "{}", first.1);
    assert_eq!(first.1["users"], everybody - 2, "{}", first.1);
    assert_eq!((delta.0, &delta.1["users"], &delta.1["updated"]), (0, &1.into(), &2.into()), "{}", delta.1);
    assert_eq!(checked.org.user_count(), everybody + 1);
    assert_eq!(credentials_sent(&checked), credentials_expected());
    let statuses: BTreeSet<u16> = checked.relay.exchanges().iter().map(|it| it.status.as_u16()).collect();
    assert!([200, 204, 400, 404, 429].iter().all(|status| statuses.contains(status)), "{statuses:?}");
}

/// What the create-user requests had for credentials: algorithm, and salt's place or PBKDF2's HMAC.
fn credentials_sent(checked: &Checked) -> BTreeSet<(String, String)> {
    let exchanges = checked.relay.exchanges();
    let creations =
        exchanges.iter().filter(|it| it.method == Method::POST && it.path.starts_with("/api/v1/users?"));
    creations
        .map(|creation| {
            let body: Value = serde_json::from_slice(&creation.sent).expect("JSON");
            let password = &body["credentials"]["password"];
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let hash = &password["hash"];
            let made =
                text(&hash["saltOrder"]).or_else(|| text(&hash["digestAlgorithm"])).unwrap_or_default();
            match text(&hash["algorithm"]) {
                Some(algorithm) => (algorithm, made),
                None => ("hook".to_owned(), text(&password["hook"]["type"]).expect("a kind of hook")),
            }
        })
        .collect()
}

fn credentials_expected() -> BTreeSet<(String, String)> {
    let hashes = HASHES.iter().map(|(algorithm, made, _)| ((*algorithm).to_owned(), (*made).to_owned()));
    hashes.chain([("hook".to_owned(), "default".to_owned())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_okta_does_not_describe_is_noticed() {
    let Some(checked) = Checked::start().await else { return };
    let campaign = checked.campaign(&[]).await;
    let hook = json!({ "password": { "hook": { "type": "default" } } });
    let login = json!({ "profile": { "login": 7 }, "credentials": hook });
    campaign.call(Method::POST, "/api/v1/users?activate=true", login).await;
    campaign.call(Method::GET, "/api/v1/users?limit=all", Value::Null).await;
    campaign.call(Method::GET, "/api/v1/nothing", Value::Null).await;
    let credential = json!({ "data": { "context": { "credential": { "username": "amy", "password": 7 } } } });
    campaign.call(Method::POST, "/api/v1/inlineHooks/cal1/execute", credential).await;
    assert_eq!(checked.org.calls().len(), 0, "none of them came through");
    campaign.call(Method::GET, WRONG, Value::Null).await;
    let violations = checked.violations();
    let expected =
        ["profile.login", "query.limit", "/api/v1/nothing", "credential.password", "Response body property"];
    for expected in expected {
        assert!(
            violations.iter().any(|violation| violation.contains(expected)),
            "{expected}: {violations:#?}"
        );
    }
}
