use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::*;
use crate::decision::Cause;

/// With fields that nobody knows, numbers that a reader would round, and the password's text elsewhere.
const BODY: &str = r#"{"eventId":"e1", "eventTime":"2020-01-17T21:23:56.000Z",
 "eventType":"com.okta.user.credential.password.import","new":[1e400, 0.10, "\u0061"],
 "data":{"context":{"more":{"password":"kept"},"credential":{"username":"ann@example.com", "password":"p\"w\u00e4","n":1.50}},
 "action":{"credential":"UNVERIFIED"}}}"#;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn one_value_is_replaced_and_the_rest_stays_as_it_came() {
    let kept = text(&redacted(BODY.as_bytes()).unwrap());
    assert!(!kept.contains('\n') && !kept.contains("p\\\"w"), "{kept}");
    for part in
        [r#"[1e400, 0.10, "\u0061"]"#, r#"{"password":"kept"}"#, "ann@example.com", r#""n":1.50"#, "e1"]
    {
        assert!(kept.contains(part), "{part} in {kept}");
    }
    assert!(kept.contains(r#""username":"ann@example.com","password":"[redacted]","n":1.50"#), "{kept}");
}

#[test]
fn what_is_written_can_be_read_and_gets_a_password_again() {
    let at = UNIX_EPOCH + Duration::from_secs(1_579_296_236);
    let payload = redacted(BODY.as_bytes()).unwrap();
    for (decision, expect, was_wrong) in [
        (Decision::Verified, Some(Verdict::Verified), false),
        (Decision::Rejected(Reason::WrongPassword), Some(Verdict::Unverified), true),
        (Decision::Rejected(Reason::UnknownUser), Some(Verdict::Unverified), false),
        (Decision::Unavailable(Cause::Deadline), None, false),
    ] {
        let entry = entry(&payload, decision, at);
        assert_eq!(text(&entry).lines().count(), 1);
        let recorded = Recorded::read(&entry).unwrap();
        assert_eq!(
            (recorded.expect(), recorded.is_redacted(), recorded.was_wrong()),
            (expect, true, was_wrong)
        );
        let body = recorded.body(Some(&Secret::from("p\"wä"))).unwrap();
        let call = super::super::parse(&body).unwrap();
        assert!(call.password.matches("p\"wä".as_bytes()));
    }
    let open = entry(&unredacted(BODY.as_bytes()).unwrap(), Decision::Verified, at);
    let recorded = Recorded::read(&open).unwrap();
    assert!(!recorded.is_redacted());
    assert!(super::super::parse(&recorded.body(None).unwrap()).unwrap().password.matches("p\"wä".as_bytes()));
}

#[test]
fn an_expectation_may_stand_beside_data_and_is_not_sent() {
    let with = BODY.replacen('{', r#"{"expect":"UNVERIFIED","#, 1);
    let recorded = Recorded::read(with.as_bytes()).unwrap();
    assert_eq!((recorded.expect(), recorded.is_redacted()), (Some(Verdict::Unverified), false));
    let sent: Value =
        serde_json::from_str(&text(&recorded.body(None).unwrap()).replace("1e400", "1")).unwrap();
    assert!(sent.get("expect").is_none() && sent["data"]["context"]["credential"]["username"].is_string());
}

#[test]
fn an_event_becomes_a_new_one() {
    let at = UNIX_EPOCH + Duration::from_secs(1_579_296_236);
    let body = text(&fresh(BODY.as_bytes(), "e\"2", at).unwrap());
    assert!(body.contains(r#""eventId":"e\"2""#) && body.contains("2020-01-17T21:23:56.000Z"), "{body}");
    let without = fresh(br#"{"data":{}}"#, "e2", at).unwrap();
    let without: Value = serde_json::from_slice(&without).unwrap();
    assert_eq!(without, json!({"data": {}, "eventId": "e2", "eventTime": "2020-01-17T21:23:56.000Z"}));
}

#[test]
fn a_payload_without_its_password_is_known() {
    for none in [r#""password":null"#, r#""password":"[redacted]""#, r#""other":1"#] {
        let body = BODY.replace(r#""password":"p\"w\u00e4""#, none);
        let recorded = Recorded::read(body.as_bytes()).unwrap();
        assert!(recorded.is_redacted(), "{none}");
        let sent = recorded.body(Some(&Secret::from("new"))).unwrap();
        assert!(super::super::parse(&sent).unwrap().password.matches(b"new"), "{none}");
    }
    let recorded =
        Recorded::read(BODY.replace(r#""password":"p\"w\u00e4""#, r#""password":"""#).as_bytes()).unwrap();
    assert!(!recorded.is_redacted(), "an empty password is one");
    assert_eq!(recorded.body(Some(&Secret::new(vec![0xff]))).map(|_| ()), Err(Unreadable::PasswordNotText));
}

#[test]
fn what_is_no_recorded_call_is_told_without_a_word_of_it() {
    for (bad, why) in [
        (String::new(), Unreadable::NotAnObject),
        ("[]".into(), Unreadable::NotAnObject),
        (format!("{BODY}x"), Unreadable::NotAnObject),
        ("{}".into(), Unreadable::NotACall),
        (r#"{"payload":[]}"#.into(), Unreadable::NotACall),
        (BODY.replace("username", "user"), Unreadable::NotACall),
        (BODY.replace(r#""p\"w\u00e4""#, "7"), Unreadable::NotACall),
        (BODY.replace(r#""n":1.50"#, r#""password":"canary""#), Unreadable::NotACall),
        (BODY.replace("password.import", "other"), Unreadable::WrongEventType),
        (BODY.replacen('{', r#"{"expect":"verified","#, 1), Unreadable::Expectation),
        (BODY.replacen('{', r#"{"expect":7,"#, 1), Unreadable::Expectation),
    ] {
        assert_eq!(Recorded::read(bad.as_bytes()).map(|_| ()), Err(why), "{bad}");
        assert!(!why.to_string().contains("canary"));
    }
    assert_eq!(Recorded::read(b"\xff").map(|_| ()), Err(Unreadable::NotAnObject));
    assert_eq!(redacted(b"{}").map(|_| ()), Err(Unreadable::NotACall));
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_no_password_survives(text: Vec<u8>, password: String, cut in 0..BODY.len()) {
        let _ = (Recorded::read(&text), redacted(&text));
        let _ = BODY.as_bytes().get(..cut).map(Recorded::read);
        let canary = format!("canary-{password}");
        let body = BODY.replace(r#""p\"w\u00e4""#, &serde_json::to_string(&canary).unwrap());
        proptest::prop_assert!(!self::text(&redacted(body.as_bytes()).unwrap()).contains("canary"));
        let recorded = Recorded::read(body.as_bytes()).unwrap();
        let again = recorded.body(Some(&Secret::from(canary.as_str()))).unwrap();
        proptest::prop_assert!(super::super::parse(&again).unwrap().password.matches(canary.as_bytes()));
    }
}
