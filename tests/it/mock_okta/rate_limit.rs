//! Rate-limit headers, and what happens when the bucket is empty; by a clock that the test sets.

use std::time::Duration;

use keyferry::demo::org::RateLimit;
use reqwest::Response;
use serde_json::{Value, json};

use super::{Served, TOKEN};

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn every_answer_tells_the_limit_and_an_empty_bucket_is_429_until_reset() {
    let org = Served::with(|settings| {
        settings.rate = RateLimit { limit: 2, window: Duration::from_mins(1) };
    })
    .await;
    let ask = |token: &'static str| {
        let request = org.client.get(format!("{}/api/v1/users", org.url));
        async move { request.header("Authorization", token).send().await.unwrap() }
    };
    let token: &'static str = format!("SSWS {TOKEN}").leak();

    let first = ask(token).await;
    assert_eq!(first.status(), 200);
    assert_eq!(header(&first, "x-rate-limit-limit"), "2");
    assert_eq!(header(&first, "x-rate-limit-remaining"), "1");
    assert_eq!(header(&first, "x-rate-limit-reset"), "1767225660", "sixty seconds after the first call");
    assert_eq!(header(&first, "date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    assert!(!header(&first, "x-okta-request-id").is_empty());

    let refused = ask("SSWS wrong").await;
    assert_eq!(refused.status(), 401);
    assert_eq!(header(&refused, "x-rate-limit-remaining"), "0", "a refused call counts too");

    *org.time.lock().unwrap() += Duration::from_secs(59);
    let third = ask(token).await;
    assert_eq!(third.status(), 429);
    assert_eq!(header(&third, "x-rate-limit-reset"), "1767225660");
    assert_eq!(header(&third, "date"), "Thu, 01 Jan 2026 00:00:59 GMT");
    let error: Value = third.json().await.unwrap();
    assert_eq!(error["errorCode"], "E0000047");
    assert_eq!(error["errorSummary"], "API call exceeded rate limit due to too many requests.");

    let sign_in = json!({ "username": "a", "password": "b" });
    assert_eq!(org.post("/api/v1/authn", sign_in).await.0, 401, "sign-in has a bucket of its own");

    *org.time.lock().unwrap() += Duration::from_secs(1);
    let fourth = ask(token).await;
    assert_eq!(fourth.status(), 200);
    assert_eq!(header(&fourth, "x-rate-limit-reset"), "1767225720");
}
