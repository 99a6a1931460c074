//! The System Log: polling that never ends, bounded queries that do, filters, and the shape of an event.

use std::time::Duration;

use keyferry::demo::org::EventType;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Served, hook_password};

/// An org whose log has `events` imports of ana's, ten seconds apart, the last at the time of the clock.
async fn with_events(events: u32) -> Served {
    let org = Served::new().await;
    org.user("ana@example.com", hook_password()).await;
    for number in 0..events {
        if number > 0 {
            *org.time.lock().unwrap() += Duration::from_secs(10);
        }
        let failure = (number % 2 == 1).then_some("the hook answered UNVERIFIED");
        assert!(org.org.write_event(EventType::ImportPassword, "ana@example.com", failure, None));
    }
    org
}

/// A page: the numbers of its events, by their uuid, and the path of the next.
async fn page(org: &Served, path: &str) -> (Vec<u64>, Option<String>) {
    let response = org.send(Method::GET, path, None).await.unwrap();
    assert_eq!(response.status(), 200);
    let links: Vec<_> =
        response.headers().get_all("link").iter().map(|link| link.to_str().unwrap().to_owned()).collect();
    assert!(links[0].ends_with("; rel=\"self\""));
    let next = links.get(1).map(|link| {
        assert!(link.ends_with("; rel=\"next\""));
        link[1 + org.url.len()..link.find('>').unwrap()].to_owned()
    });
    let events: Vec<Value> = response.json().await.unwrap();
    let number = |event: &Value| {
        let uuid = event["uuid"].as_str().unwrap();
        u64::from_str_radix(&uuid[uuid.len() - 12..], 16).unwrap()
    };
    (events.iter().map(number).collect(), next)
}

fn query(parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    format!("/api/v1/logs?{}", query.extend_pairs(parameters).finish())
}

#[tokio::test]
async fn polling_always_has_a_next_page_and_skips_nothing() {
    let org = with_events(5).await;
    let (first, next) = page(&org, "/api/v1/logs?limit=3").await;
    let (second, next) = page(&org, &next.unwrap()).await;
    assert_eq!((first, second), (vec![1, 2, 3], vec![4, 5]));
    let (third, next) = page(&org, &next.unwrap()).await;
    assert_eq!(third, [0; 0], "an empty page, and still a next one");
    // Published before the others, written after them.
    let early = *org.time.lock().unwrap() - Duration::from_secs(35);
    assert!(org.org.write_event(EventType::ImportPassword, "ana@example.com", None, Some(early)));
    let (fourth, next) = page(&org, &next.unwrap()).await;
    assert_eq!(fourth, [6]);
    assert_eq!(page(&org, &next.unwrap()).await.0, [0; 0]);
    assert!(!org.org.write_event(EventType::ImportPassword, "nobody@example.com", None, None));
}

#[tokio::test]
async fn a_filter_leaves_events_out_and_polling_goes_past_them() {
    let org = with_events(5).await;
    org.org.write_event(EventType::SessionStart, "ana@example.com", None, None);
    let filter = r#"eventType eq "user.import.password" and outcome.result eq "SUCCESS""#;
    let (first, next) = page(&org, &query(&[("filter", filter), ("limit", "2")])).await;
    let (second, next) = page(&org, &next.unwrap()).await;
    assert_eq!((first, second), (vec![1, 3], vec![5]));
    assert_eq!(page(&org, &next.unwrap()).await.0, [0; 0]);

    for (filter, expected) in [
        (r#"eventType eq "user.session.start" or outcome.result eq "FAILURE""#, vec![2, 4, 6]),
        (r#"eventType sw "user.import""#, vec![1, 2, 3, 4, 5]),
        (r#"eventType ne "user.import.password""#, vec![6]),
        (r#"target.alternateId eq "ana@example.com" and severity eq "WARN""#, vec![2, 4]),
    ] {
        assert_eq!(page(&org, &query(&[("filter", filter)])).await.0, expected, "{filter}");
    }
    assert_eq!(page(&org, &query(&[("q", "login ANA")])).await.0, [6]);
}

#[tokio::test]
async fn bounded_queries_are_in_order_and_end() {
    let org = with_events(5).await;
    let early = *org.time.lock().unwrap() - Duration::from_secs(35);
    org.org.write_event(EventType::ImportPassword, "ana@example.com", None, Some(early));
    let bounds = [("since", "2026-01-01T00:00:00.000Z"), ("until", "2026-01-01T00:00:30.000Z")];
    // Published at 0, 10, 20, 30, 40 and, the sixth, 5 seconds past.
    let (first, next) = page(&org, &query(&[bounds[0], bounds[1], ("limit", "3")])).await;
    let (second, next_again) = page(&org, &next.unwrap()).await;
    assert_eq!((first, second, next_again), (vec![1, 6, 2], vec![3, 4], None));
    let (all, next) = page(&org, &query(&[bounds[0], bounds[1], ("limit", "5")])).await;
    assert_eq!((all.len(), next), (5, None), "a page that is just full is the last");

    let descending = ("sortOrder", "DESCENDING");
    let (first, next) = page(&org, &query(&[descending, ("limit", "4")])).await;
    let (second, next_again) = page(&org, &next.unwrap()).await;
    assert_eq!((first, second, next_again), (vec![5, 4, 3, 2], vec![6, 1], None));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let org = with_events(1).await;
    for (parameter, value, code) in [
        ("filter", r#"eventType eqq "x""#, "E0000053"),
        ("filter", r#"published gt "2026-01-01T00:00:00.000Z""#, "E0000053"),
        ("since", "yesterday", "E0000001"),
        ("until", "2026-13-01T00:00:00Z", "E0000001"),
        ("since", "2025-06-01T00:00:00Z", "E0000053"),
        ("limit", "1001", "E0000001"),
        ("limit", "many", "E0000001"),
        ("sortOrder", "asc", "E0000001"),
        ("after", "soon", "E0000001"),
    ] {
        let (status, error) = org.get(&query(&[(parameter, value)])).await;
        assert_eq!((status.as_u16(), &error["errorCode"]), (400, &json!(code)), "{parameter}={value}");
    }
    let (status, error) = org.get(&query(&[("filter", r#"some_invalid_field eq "x""#)])).await;
    assert_eq!(
        (status.as_u16(), &error["errorSummary"]),
        (400, &json!("field is not valid: some_invalid_field"))
    );
    *org.time.lock().unwrap() += Duration::from_hours(24 * 8);
    assert_eq!(page(&org, "/api/v1/logs").await.0, [0; 0], "seven days, where no beginning is given");
}

#[tokio::test]
async fn an_event_has_what_oktas_have() {
    let org = with_events(2).await;
    let (_, events) = org.get("/api/v1/logs").await;
    let event = &events[1];
    for (pointer, expected) in [
        ("/eventType", "user.import.password"),
        ("/published", "2026-01-01T00:00:10.000Z"),
        ("/version", "0"),
        ("/severity", "WARN"),
        ("/outcome/result", "FAILURE"),
        ("/outcome/reason", "the hook answered UNVERIFIED"),
        ("/actor/type", "User"),
        ("/target/0/type", "User"),
        ("/target/0/alternateId", "ana@example.com"),
        ("/target/0/displayName", "Isaac Brock"),
        ("/client/ipAddress", "127.0.0.1"),
        ("/transaction/type", "WEB"),
    ] {
        assert_eq!(event.pointer(pointer).and_then(Value::as_str), Some(expected), "{pointer}");
    }
    assert_eq!(event["target"][0]["id"], org.get("/api/v1/users/ana").await.1["id"]);
    assert!(events[0]["outcome"].get("reason").is_none(), "none where it worked");
    assert_eq!(org.get("/api/v1/org").await.1["status"], "ACTIVE");
}
