//! `keyferry stragglers`: the list of who never signed in, and the resets, each mail sent once.

use std::time::{Duration, SystemTime};

use keyferry::demo::org::{Fault, FaultKind, Faults};
use keyferry::ledger::{Observed, ResetStep, State};
use reqwest::Method;
use serde_json::{Value, json};

use crate::seeded::{PASSWORD, Seeded};
use crate::shop::told;

const RESET: &str = "POST /api/v1/users/{id}/lifecycle/reset_password";
const RESET_PATH: &str = "/api/v1/users/{id}/lifecycle/reset_password";
const RECOVERY: Option<&str> = Some("RECOVERY");

fn read(seeded: &Seeded, name: &str) -> String {
    std::fs::read_to_string(seeded.path().join(name)).expect("the file is there")
}

fn report(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {output:?}"))
}

/// The ids in the list.
fn listed(list: &str) -> Vec<&str> {
    list.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect()
}

fn fault(seeded: &Seeded, kind: FaultKind, times: usize) {
    let next = (0..times).map(|_| Fault::new("POST", RESET_PATH, kind)).collect();
    seeded.org.set_faults(Faults { next, ..Faults::default() });
}

#[tokio::test]
async fn who_never_signed_in_is_listed_with_the_last_sign_in_of_the_legacy_store() {
    let seeded = Seeded::with_store(8).await;
    let okta_ids = seeded.seed_all(1..=6).await;
    seeded.verify(2).await;
    seeded.confirm(&okta_ids[2], SystemTime::now()).await;
    let signed_in = Observed { okta_id: &okta_ids[3], status: "ACTIVE", last_login: Some(SystemTime::now()) };
    seeded.ledger.observe(&[signed_in]).await.expect("observed");
    seeded
        .execute(
            "UPDATE users SET last_login = NULL WHERE id = 1; UPDATE users SET last_login = '2001-02-03' WHERE id = 5;
             UPDATE users SET login = 'o\"neil, amy' WHERE id = 6;
             UPDATE users SET last_login = strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-40 days') WHERE id = 6",
        )
        .await;
    let (code, list, err) = told(&seeded.run(&["stragglers"]).await);
    assert_eq!(code, 0, "{err}");
    assert_eq!(listed(&list), ["1", "5", "6"], "{list}");
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], "source,id,login,route,scheme,seeded_at,last_login,reset");
    assert!(lines[1].starts_with("shop,1,user1@example.com,hook,phpass,20"), "{list}");
    assert!(lines[1].ends_with("Z,,"), "{list}");
    assert!(lines[2].ends_with("Z,2001-02-03,"), "{list}");
    assert!(lines[3].starts_with("shop,6,\"o\"\"neil, amy\",hook,phpass,"), "{list}");
    for told in [
        "3 users never signed in, of 8 rows; listed in standard output",
        "3  shop, by hook",
        "1  less than 90 days ago",
        "1  a year ago or longer",
        "1  never",
        "Run `keyferry reconcile`",
    ] {
        assert!(err.contains(told), "{told} is not in:\n{err}");
    }

    // 2026-05-01T12:00:00Z
    let reconciled = SystemTime::UNIX_EPOCH + Duration::from_hours(493_788);
    seeded.ledger.note_reconciled(reconciled).await.expect("noted");
    let output = seeded.run(&["stragglers", "--where", "id < 6", "--out", "late.csv", "--json"]).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    assert_eq!(listed(&read(&seeded, "late.csv")), ["1", "5"]);
    let report = report(&output);
    assert_eq!(report["by"], json!([{"source": "shop", "route": "hook", "users": 2}]));
    assert_eq!(report["last_seen"], json!({"longer": 1, "never": 1}));
    assert_eq!(report["reconciled_at"], "2026-05-01T12:00:00Z");
    assert_eq!(report["resets"], Value::Null);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(seeded.path().join("late.csv")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(seeded.calls(RESET), 0);
}

#[tokio::test]
async fn whoever_was_in_okta_before_the_import_must_have_signed_in_since() {
    let seeded = Seeded::with_store(2).await;
    let before = seeded.attach(1).await;
    let after = seeded.attach(2).await;
    let day = Duration::from_hours(24);
    let now = SystemTime::now();
    for (okta_id, at) in [(&before, now - day), (&after, now + day)] {
        let observed = Observed { okta_id, status: "ACTIVE", last_login: Some(at) };
        seeded.ledger.observe(&[observed]).await.expect("observed");
    }
    let (_, list, err) = told(&seeded.run(&["stragglers"]).await);
    assert_eq!(listed(&list), ["1"], "{err}");
}

#[tokio::test]
async fn exactly_the_listed_are_reset_and_whoever_signed_in_meanwhile_is_left() {
    let seeded = Seeded::with_store(6).await;
    let okta_ids = seeded.seed_all(1..=4).await;
    let signed_in = seeded.seed_with([5], &json!({"value": PASSWORD})).await.remove(0);
    seeded.confirm(&okta_ids[3], SystemTime::now()).await;
    // Okta knows, and the ledger does not yet.
    seeded.sign_in(5).await;

    let (code, _, err) = told(&seeded.run(&["stragglers", "--reset", "--dry-run"]).await);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("Password reset for 4 users") && err.contains("this is a dry run"), "{err}");
    let (code, _, err) = told(&seeded.run(&["stragglers", "--reset"]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("send a mail to 4 users") && err.contains("--yes"), "{err}");
    assert_eq!(seeded.calls(RESET), 0);

    let output =
        seeded.run(&["stragglers", "--reset", "--yes", "--limit", "2", "--out", "l", "--json"]).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    assert_eq!(report(&output)["resets"]["mailed"], 2);
    let output = seeded.run(&["stragglers", "--reset", "--yes", "--out", "l", "--json"]).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    let resets = &report(&output)["resets"];
    assert_eq!((&resets["mailed"], &resets["signed_in"]), (&json!(1), &json!(1)), "{resets}");
    for (okta_id, status) in okta_ids.iter().zip([RECOVERY, RECOVERY, RECOVERY, Some("ACTIVE")]) {
        assert_eq!(seeded.status(okta_id).await.as_deref(), status);
    }
    assert_eq!(seeded.status(&signed_in).await.as_deref(), Some("ACTIVE"));
    assert!(seeded.state(5).await.last_login.is_some(), "was observed");
    assert_eq!(seeded.calls(RESET), 3);

    // Nobody gets a second mail; the list says who had one.
    let (code, list, err) = told(&seeded.run(&["stragglers", "--reset", "--yes"]).await);
    assert_eq!(code, 0, "{err}");
    assert_eq!(listed(&list), ["1", "2", "3"]);
    assert!(list.lines().skip(1).all(|line| line.ends_with(",done")), "{list}");
    assert_eq!(seeded.calls(RESET), 3);
}

#[tokio::test]
async fn what_okta_refuses_for_one_user_is_that_user_s_failure() {
    let seeded = Seeded::with_store(4).await;
    let okta_ids = seeded.seed_all(1..=4).await;
    let suspend = format!("/api/v1/users/{}/lifecycle/suspend", okta_ids[1]);
    assert_eq!(seeded.call(Method::POST, &suspend, None).await.0, 200);
    for _ in 0..2 {
        let gone = format!("/api/v1/users/{}", okta_ids[2]);
        seeded.call(Method::DELETE, &gone, None).await;
    }
    let (code, _, err) = told(&seeded.run(&["stragglers", "--reset", "--yes"]).await);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("shop 2: Okta refused: E0000038"), "{err}");
    assert!(err.contains("shop 3: is no longer in Okta"), "{err}");
    for at in [0, 3] {
        assert_eq!(seeded.status(&okta_ids[at]).await.as_deref(), RECOVERY);
    }
    assert_eq!(seeded.state(2).await.reset, Some(ResetStep::Started));

    // What was in the way is gone: the same command goes on with them.
    let unsuspend = suspend.replace("suspend", "unsuspend");
    assert_eq!(seeded.call(Method::POST, &unsuspend, None).await.0, 200);
    told(&seeded.run(&["stragglers", "--reset", "--yes"]).await);
    assert_eq!(seeded.state(2).await.reset, Some(ResetStep::Done));
    assert_eq!(seeded.calls(RESET), 4, "one of them refused");
}

#[tokio::test]
async fn a_lost_answer_is_no_second_mail() {
    for kind in [FaultKind::ServerErrorAfter, FaultKind::ResetAfter] {
        let seeded = Seeded::with_store(3).await;
        let okta_ids = seeded.seed_all(1..=3).await;
        fault(&seeded, kind, 2);
        let output = seeded.run(&["stragglers", "--reset", "--yes", "--out", "l", "--json"]).await;
        assert_eq!(told(&output).0, 0, "{output:?}");
        assert_eq!(report(&output)["resets"]["mailed"], 3);
        assert_eq!(seeded.org.faults_left(), 0);
        assert_eq!(seeded.calls(RESET), 3, "{kind:?}");
        for okta_id in okta_ids {
            assert_eq!(seeded.status(&okta_id).await.as_deref(), RECOVERY);
        }
    }
}

#[tokio::test]
async fn a_call_without_effect_is_repeated() {
    for kind in [FaultKind::ServerError, FaultKind::ResetBefore, FaultKind::RateLimit(Some(Duration::ZERO))] {
        let seeded = Seeded::with_store(1).await;
        let okta_id = seeded.seed(1).await;
        fault(&seeded, kind, 1);
        let (code, _, err) = told(&seeded.run(&["stragglers", "--reset", "--yes"]).await);
        assert_eq!(code, 0, "{kind:?}: {err}");
        assert_eq!(seeded.calls(RESET), 2, "{kind:?}");
        assert_eq!(seeded.status(&okta_id).await.as_deref(), RECOVERY);
        assert_eq!(seeded.state(1).await.reset, Some(ResetStep::Done));
    }
}

/// The org does what it was asked, and keyferry is killed before it hears of that.
#[tokio::test]
async fn a_kill_while_the_answer_is_on_its_way_is_no_second_mail() {
    let seeded = Seeded::with_store(2).await;
    let okta_ids = seeded.seed_all(1..=2).await;
    fault(&seeded, FaultKind::Slow(Duration::from_mins(1)), 2);
    let waiting = async || {
        let both = [seeded.status(&okta_ids[0]).await, seeded.status(&okta_ids[1]).await];
        both.iter().all(|status| status.as_deref() == RECOVERY)
    };
    seeded.kill_when(&["stragglers", "--reset", "--yes", "--out", "l"], waiting).await;
    for id in 1..=2 {
        assert_eq!(seeded.state(id).await.reset, Some(ResetStep::Started));
    }
    let output = seeded.run(&["stragglers", "--reset", "--yes", "--out", "l", "--json"]).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    assert_eq!(report(&output)["resets"]["mailed_before"], 2);
    assert_eq!(seeded.calls(RESET), 2);
    assert_eq!(seeded.state(2).await.reset, Some(ResetStep::Done));
}

#[tokio::test]
async fn kills_at_any_moment_leave_nobody_out() {
    const USERS: i64 = 60;
    const KILLS: u64 = 6;
    const AT_ONCE: u64 = 3;
    let seeded = Seeded::with_store(USERS).await;
    let okta_ids = seeded.seed_all(1..=USERS).await;
    let text = read(&seeded, "keyferry.toml").replace("[okta]", &format!("[okta]\nin_flight = {AT_ONCE}"));
    std::fs::write(seeded.path().join("keyferry.toml"), text).expect("written");
    let arguments = ["stragglers", "--reset", "--yes", "--out", "l"];
    for kill in 0..KILLS {
        let enough = seeded.calls(RESET) + 1 + kill;
        seeded.kill_when(&arguments, async || seeded.calls(RESET) >= enough).await;
    }
    let (code, _, err) = told(&seeded.run(&arguments).await);
    assert_eq!(code, 0, "{err}");
    for okta_id in &okta_ids {
        assert_eq!(seeded.status(okta_id).await.as_deref(), RECOVERY);
    }
    for id in 1..=USERS {
        let state = seeded.state(id).await;
        assert_eq!((state.state, state.reset), (State::Seeded, Some(ResetStep::Done)), "{id}");
    }
    // A call that was cut off before the org had read it is made again; one that had its effect is not.
    let most = u64::try_from(USERS).expect("a count") + KILLS * AT_ONCE;
    assert!(seeded.calls(RESET) <= most, "{} calls", seeded.calls(RESET));
}

#[tokio::test]
async fn a_wrong_token_is_told_before_anything_else() {
    let seeded = Seeded::with_store(1).await;
    seeded.seed(1).await;
    let text = read(&seeded, "keyferry.toml").replace(crate::seeded::TOKEN, "00-another");
    std::fs::write(seeded.path().join("keyferry.toml"), text).expect("written");
    let (code, list, err) = told(&seeded.run(&["stragglers", "--reset", "--yes"]).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("E0000011") && list.is_empty(), "{err}{list}");
    assert_eq!(seeded.calls(RESET), 0);
    // The list alone needs no org.
    assert_eq!(told(&seeded.run(&["stragglers"]).await).0, 0);
}

#[tokio::test]
async fn what_cannot_be_right_is_told() {
    let seeded = Seeded::with_store(1).await;
    seeded.seed(1).await;
    for (arguments, wanted) in [
        (&["stragglers", "--json"][..], "give that an --out"),
        (&["stragglers", "--yes"], "--reset"),
        (&["stragglers", "--dry-run"], "--reset"),
        (&["stragglers", "--source", "forum"], "no source has that name"),
        (&["stragglers", "--where", "nothing = 1"], "nothing"),
    ] {
        let (code, _, err) = told(&seeded.run(arguments).await);
        assert!(code == 1 && err.contains(wanted), "{arguments:?} {code}: {err}");
    }
    // A ledger of another org.
    seeded.ledger.bind("https://other.okta.com", &[], false).await.expect("bound");
    let (code, _, err) = told(&seeded.run(&["stragglers", "--reset", "--yes"]).await);
    assert!(code == 1 && err.contains("belongs to the org https://other.okta.com"), "{err}");
    assert_eq!(seeded.calls(RESET), 0);
}
