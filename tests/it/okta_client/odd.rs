//! Answers that no healthy org gives: what they mean, and that what may have had an effect is never sent twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt as _;
use keyferry::okta::client::{Bucket, CallError, Client, Code, PauseCause, Settings, SetupError};
use keyferry::okta::logs::LogFrom;
use keyferry::okta::user::{CreateUser, Credentials, HookKind, PasswordCredential, Profile};
use keyferry::okta::users::{User, UserQuery};
use keyferry::secret::Secret;

use super::scripted::{Reply, Scripted, answer, error, json};
use super::{client, client_with};

const USER: &str = r#"{"id":"00ub0oNGTSWTBKOLGLNR","status":"ACTIVE","created":"2013-06-24T16:39:18.000Z",
    "profile":{"login":"isaac.brock@example.com"},"credentials":{"provider":{"type":"IMPORT","name":"IMPORT"}}}"#;

async fn create(client: &Client) -> Result<User, CallError> {
    let profile = Profile(vec![("login", "isaac.brock@example.com"), ("lastName", "Brock")]);
    let credentials = Credentials { password: PasswordCredential::Hook(HookKind::Default) };
    let permit = client.admit(Bucket::Users).await;
    client.create_user(permit, &CreateUser { profile, credentials, group_ids: Vec::new() }).await
}

fn short(timeout: Duration) -> impl FnOnce(&mut Settings) {
    move |settings| {
        settings.timeout = timeout;
        settings.patience = Some(Duration::from_millis(1200));
    }
}

#[tokio::test]
async fn a_creation_whose_effect_is_unknown_is_lost_and_not_repeated() {
    let truncated = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"id\":".to_vec();
    for reply in [
        Reply::Close,
        Reply::Hang,
        Reply::Last(truncated),
        Reply::Last(b"not HTTP at all\r\n\r\n".to_vec()),
        answer(502, "content-type: text/html\r\n", "<html>Bad gateway for isaac.brock@example.com"),
        error(500, "E0000009", "Internal Server Error"),
        json(200, "{}"),
        json(200, &"x".repeat(300 << 10)),
        answer(200, "content-type: text/html\r\n", "<html>Please sign in"),
    ] {
        let server = Scripted::new([reply.clone()]).await;
        let client = client_with(&server.url, short(Duration::from_millis(400)));
        let lost = create(&client).await.expect_err("lost");
        assert!(matches!(lost, CallError::Lost(_)), "{reply:?}: {lost:?}");
        assert_eq!(server.lines(), ["POST /api/v1/users?activate=true"], "{reply:?}");
        assert!(!format!("{lost} {lost:?}").to_lowercase().contains("brock"), "{lost:?}");
    }
}

#[tokio::test]
async fn a_creation_that_had_no_effect_for_sure_is_repeated_as_it_was() {
    let past = "x-rate-limit-limit: 600\r\nx-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1\r\n";
    let crowded = "x-rate-limit-limit: 0\r\nx-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1\r\n";
    let limited =
        r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests."}"#;
    let server = Scripted::new([
        answer(429, past, limited),
        answer(429, crowded, limited),
        error(503, "E0000010", "Service is in read only mode"),
        json(200, USER),
    ])
    .await;
    let client = client(&server.url);
    assert_eq!(create(&client).await.expect("created").id, "00ub0oNGTSWTBKOLGLNR");
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|one| one.body == asked[0].body && one.line == asked[0].line));
    let pace = client.pace();
    assert_eq!((pace.calls, pace.limited, pace.retries), (4, 2, 3));
    assert_eq!(pace.max_in_flight, 5, "the crowded answer halves the flight");
    assert_eq!(pace.in_flight, 0);
}

#[tokio::test]
async fn what_was_never_sent_is_said_to_be_so() {
    // A port that nobody listens on.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let client = client_with(&url, short(Duration::from_secs(5)));
    let error = create(&client).await.expect_err("nobody there");
    assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
    let error = client.check().await.expect_err("nobody there");
    assert!(matches!(error, CallError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_call_that_may_be_repeated_is_until_there_is_an_answer() {
    let truncated = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n[".to_vec();
    let server = Scripted::new([
        answer(500, "content-type: text/html\r\n", "<html>"),
        Reply::Close,
        Reply::Last(truncated),
        json(200, "[]"),
    ])
    .await;
    client(&server.url).check().await.expect("in the end");
    assert_eq!(server.lines(), ["GET /api/v1/users?limit=1"; 4]);

    let server = Scripted::new(vec![Reply::Hang; 20]).await;
    let client = client_with(&server.url, short(Duration::from_millis(200)));
    let error = client.check().await.expect_err("never");
    assert!(matches!(&error, CallError::Unavailable(why) if why.contains("in time")), "{error:?}");
    assert!(server.lines().len() > 1, "it was tried again");
}

#[tokio::test]
async fn answers_that_are_not_okta_s() {
    let elsewhere = "location: http://127.0.0.1:1/\r\n";
    for (reply, words) in [
        (answer(302, elsewhere, ""), "redirect"),
        (answer(200, "content-type: text/html\r\n", "<html>Please sign in"), "not the object"),
        (answer(403, "content-type: text/html\r\n", "<html>Blocked"), "proxy in between"),
        (answer(404, "", "no such page"), "without Okta's error object"),
        (json(200, &format!("[{}]", "1,".repeat(3 << 20))), "longer than any"),
        (json(200, "[{\"id\":\"../groups\"}]"), "not the object"),
    ] {
        let server = Scripted::new([reply]).await;
        let users = client(&server.url).users(UserQuery::default()).try_collect::<Vec<_>>().await;
        let error = users.expect_err(words);
        assert!(
            matches!(error, CallError::Unreadable(_)) && error.to_string().contains(words),
            "{words}: {error:?}"
        );
        assert_eq!(server.lines().len(), 1, "{words}");
    }
}

#[tokio::test]
async fn refusals_that_end_a_run() {
    for (reply, bad_token) in [
        (error(401, "E0000011", "Invalid token provided"), true),
        (error(401, "E0000005", "Invalid session"), true),
        (answer(401, "", ""), true),
        (error(403, "E0000006", "You do not have permission to perform the requested action"), false),
        (answer(403, "www-authenticate: Bearer error=\"insufficient_scope\"\r\n", ""), false),
    ] {
        let server = Scripted::new([reply.clone()]).await;
        let error = client(&server.url).check().await.expect_err("refused");
        assert!(error.ends_the_run(), "{error:?}");
        assert_eq!(matches!(error, CallError::BadToken(_)), bad_token, "{error:?}");
        assert_eq!(server.lines().len(), 1, "{reply:?}");
    }
    let server = Scripted::new([error(403, "E0000038", "not allowed in the user's current status")]).await;
    let error = client(&server.url).reset_password("00u1").await.expect_err("refused");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::Status));
    assert!(!error.ends_the_run());
}

#[tokio::test]
async fn pages_that_lead_elsewhere_or_to_themselves_end_with_an_error() {
    let elsewhere = Scripted::new([]).await;
    let server = Scripted::new([]).await;
    for (link, words) in [
        (format!("{}/api/v1/users?after=1", elsewhere.url), "elsewhere"),
        (format!("{}/api/v1/groups?after=1", server.url), "elsewhere"),
        (format!("{}/api/v1/users?limit=200", server.url), "same page"),
    ] {
        server.then(answer(200, &format!("link: <{link}>; rel=\"next\"\r\n"), "[]"));
        let pages = client(&server.url).users(UserQuery::default()).try_collect::<Vec<_>>().await;
        let error = pages.expect_err(&link);
        assert!(error.to_string().contains(words), "{link}: {error}");
    }
    assert_eq!(server.lines(), ["GET /api/v1/users?limit=200"; 3]);
    assert!(elsewhere.lines().is_empty(), "nothing is asked elsewhere");
}

#[tokio::test]
async fn the_log_is_read_on_where_it_was_left() {
    let server = Scripted::new([]).await;
    let url = server.url.clone();
    let link = format!("link: <{url}/api/v1/logs?after=1627500044869_1&filter=x>; rel=\"next\"\r\n");
    let event = r#"{"uuid":"dc9fd3c0-598c-11ef-8478-2b7584bf8d5a","published":"2024-08-13T15:58:20.353Z",
        "eventType":"user.import.password","outcome":{"result":"SUCCESS"},
        "target":[{"id":"00u1qw1mqitPHM8AJ0g7","type":"User","alternateId":"admin@example.com"}]}"#;
    server.then(answer(200, &link, &format!("[{event},{{\"odd\":1}}]")));
    server.then(answer(200, &link, "[]"));
    let client = client(&url);
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let filter = "eventType eq \"user.import.password\"";
    let page = client.log_page(LogFrom::Since(since), filter).await.expect("a page");
    assert_eq!((page.events.len(), page.unreadable), (1, 1));
    let next = page.next.expect("a next page");
    // After the newest event Okta leads to the same place, for what comes later.
    let empty = client.log_page(LogFrom::Next(next.clone()), filter).await.expect("a page");
    assert_eq!((empty.events.len(), empty.next), (0, Some(next)));
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/logs?since=2023-11-14T22%3A13%3A20.000Z&filter=eventType%20eq%20%22user.import.password%22&limit=200&sortOrder=ASCENDING",
            "GET /api/v1/logs?after=1627500044869_1&filter=x",
        ]
    );
    let elsewhere = LogFrom::Next("https://evil.example/api/v1/logs?after=1".into());
    assert!(matches!(client.log_page(elsewhere, filter).await, Err(CallError::Unreadable(_))));
}

#[tokio::test]
async fn headers_tell_the_pace_and_okta_s_clock() {
    let server = Scripted::new([]).await;
    // 2025-11-14T22:13:20Z is 1763158400.
    let headers = "date: Fri, 14 Nov 2025 22:13:20 GMT\r\nx-rate-limit-limit: 300\r\nx-rate-limit-remaining: 1\r\nx-rate-limit-reset: 1763158440\r\n";
    server.then(answer(200, headers, "[]"));
    let client = client(&server.url);
    assert_eq!(client.pace().allowed_per_minute, None);
    client.check().await.expect("an answer");
    let now = client.okta_now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!((1_763_158_400..1_763_158_405).contains(&now), "{now}");
    let pace = client.pace();
    assert_eq!((pace.allowed_per_minute, pace.limit), (Some(240.0), Some(300)));
    assert_eq!(pace.pause_cause, Some(PauseCause::BucketUsed));
    let paused = pace.paused_for.expect("other tools have used the bucket");
    assert!((30..=41).contains(&paused.as_secs()), "{paused:?}");
    assert_eq!(client.pace_of(Bucket::Groups).paused_for, None, "other buckets go on");
}

#[tokio::test]
async fn connections_are_used_again_and_calls_at_once_are_bounded() {
    let server = Scripted::new([]).await;
    let client = client_with(&server.url, |settings| settings.in_flight = 3);
    for _ in 0..5 {
        client.check().await.expect("an answer");
    }
    assert_eq!(server.connections(), 1);
    assert!(server.asked()[0].head.contains(concat!("user-agent: keyferry/", env!("CARGO_PKG_VERSION"))));
    assert!(server.asked()[0].head.contains("authorization: ssws 00-test-token\r\n"));

    let most = Arc::new(AtomicUsize::new(0));
    let calls = (0..12).map(|_| {
        let (client, most) = (client.clone(), Arc::clone(&most));
        tokio::spawn(async move {
            let permit = client.admit(Bucket::Logs).await;
            drop(permit);
            client.log_page(LogFrom::Since(SystemTime::UNIX_EPOCH), "").await.expect("a page");
            most.fetch_max(client.pace().in_flight, Ordering::Relaxed);
        })
    });
    futures_util::future::try_join_all(calls.collect::<Vec<_>>()).await.expect("all");
    assert!(server.connections() <= 3, "{}", server.connections());
    assert!(most.load(Ordering::Relaxed) <= 3);
}

#[tokio::test]
async fn a_call_that_is_given_up_gives_its_place_back() {
    let server = Scripted::new([Reply::Hang, Reply::Hang]).await;
    let client = client_with(&server.url, |settings| settings.in_flight = 1);
    for asked in 1..=2 {
        let call = client.check();
        tokio::pin!(call);
        while server.lines().len() < asked {
            assert!(futures_util::poll!(&mut call).is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(client.pace().in_flight, 0);
    client.check().await.expect("a place is free");
}

#[test]
fn settings_that_cannot_be() {
    let new = |change: &dyn Fn(&mut Settings)| {
        let token = keyferry::okta::client::Credentials::Token(Secret::from("00t"));
        let mut settings = Settings::new("https://example.okta.com".into(), token);
        // What this machine trusts is not the question here.
        settings.org_url = "http://127.0.0.1:1".into();
        change(&mut settings);
        Client::new(settings)
    };
    assert!(new(&|_| {}).is_ok());
    assert!(matches!(new(&|s| s.org_url = "http://example.okta.com".into()), Err(SetupError::OrgUrl)));
    assert!(matches!(new(&|s| s.share = 0.0), Err(SetupError::Setting(_))));
    assert!(matches!(new(&|s| s.share = f64::NAN), Err(SetupError::Setting(_))));
    assert!(matches!(new(&|s| s.in_flight = 0), Err(SetupError::Setting(_))));
    for bad in ["", "two words", "line\nbreak", "tökén"] {
        let bad = new(&|s| s.credentials = keyferry::okta::client::Credentials::Token(Secret::from(bad)));
        assert!(matches!(bad, Err(SetupError::Token)));
    }
}
