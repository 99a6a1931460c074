//! `keyferry rollback`: users whom the ledger created and nobody has used go, and nobody else.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use keyferry::demo::org::{Fault, FaultKind, Faults, Status};
use keyferry::ledger::{Observed, State};
use reqwest::Method;
use serde_json::{Value, json};

use crate::seeded::{GROUP, PASSWORD, Seeded};
use crate::shop::told;

const DEACTIVATE: &str = "POST /api/v1/users/{id}/lifecycle/deactivate";
const DELETE: &str = "DELETE /api/v1/users/{id}";

fn report(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {output:?}"))
}

#[tokio::test]
async fn whom_this_ledger_created_and_nobody_has_used_is_deleted() {
    let seeded = Seeded::with_store(8).await;
    let okta_ids = seeded.seed_all(1..=5).await;
    seeded.verify(2).await;
    seeded.confirm(&okta_ids[2], SystemTime::now()).await;
    let observed = Observed { okta_id: &okta_ids[3], status: "ACTIVE", last_login: Some(SystemTime::now()) };
    seeded.ledger.observe(&[observed]).await.expect("observed");
    let signed_in = seeded.seed_with([6], &json!({"value": PASSWORD})).await.remove(0);
    // Okta knows, and the ledger does not.
    seeded.sign_in(6).await;
    let attached = seeded.attach(7).await;
    let stranger = seeded.create("stranger@example.com", &[&seeded.group]).await;
    let group = ["rollback", "--group", GROUP];

    let (code, out, err) = told(&seeded.run(&[&group[..], &["--dry-run"]].concat()).await);
    assert_eq!(code, 0, "{err}");
    for told in [
        "8 members",
        "2  created by this ledger and never used: would be deleted",
        "4  signed in, or verified or confirmed: left",
        "1  in Okta before the import: left",
        "1  not known to this ledger: left",
        "The group itself is left.",
    ] {
        assert!(out.contains(told), "{told} is not in:\n{out}");
    }
    let (code, _, err) = told(&seeded.run(&group).await);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("2 users will be deleted from Okta for good") && err.contains("--yes"), "{err}");
    assert_eq!(seeded.calls(DEACTIVATE) + seeded.calls(DELETE), 0);

    let output = seeded.run(&[&group[..], &["--yes", "--json"]].concat()).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    let report = report(&output);
    let counts = ["members", "due", "deleted", "used", "existed", "strangers", "failed"]
        .map(|name| report[name].as_u64().expect("a count"));
    assert_eq!(counts, [8, 2, 2, 4, 1, 1, 0]);
    for gone in [&okta_ids[0], &okta_ids[4]] {
        assert_eq!(seeded.status(gone).await, None);
    }
    for left in [&okta_ids[1], &okta_ids[2], &okta_ids[3], &signed_in, &attached, &stranger] {
        assert_eq!(seeded.status(left).await.as_deref(), Some("ACTIVE"));
    }
    let path = format!("/api/v1/groups/{}", seeded.group);
    assert_eq!(seeded.call(Method::GET, &path, None).await.0, 200, "the group is left");
    let state = seeded.state(1).await;
    assert_eq!((state.state, state.okta_id, state.rolling_back), (State::Planned, None, false));

    // They can be created again, and taken back again.
    seeded.seed_all([1, 5]).await;
    let output = seeded.run(&[&group[..], &["--yes", "--json"]].concat()).await;
    assert_eq!(self::report(&output)["deleted"], 2);
}

#[tokio::test]
async fn all_pages_of_a_group_are_read() {
    let seeded = Seeded::with_store(1).await;
    for number in 0..450 {
        let login = format!("stranger{number}@example.com");
        let body = json!({"profile": {"firstName": "A", "lastName": "B", "email": login, "login": login}});
        let id = seeded.org.add_person(&body, Status::Active).expect("added");
        let member = format!("/api/v1/groups/{}/users/{id}", seeded.group);
        assert_eq!(seeded.call(Method::PUT, &member, None).await.0, 204);
    }
    let okta_id = seeded.seed(1).await;
    let output = seeded.run(&["rollback", "--group", GROUP, "--yes", "--json"]).await;
    let report = report(&output);
    assert_eq!(
        (&report["members"], &report["strangers"], &report["deleted"]),
        (&json!(451), &json!(450), &json!(1))
    );
    assert_eq!(seeded.status(&okta_id).await, None);
    assert_eq!(seeded.org.user_count(), 450);
}

/// Killed while Okta deletes somebody; and one who is in no group any more once they are deactivated.
#[tokio::test]
async fn whoever_was_begun_is_brought_to_the_end() {
    let seeded = Seeded::with_store(3).await;
    let okta_ids = seeded.seed_all(1..=3).await;
    let slow = Fault::new("DELETE", "/api/v1/users/{id}", FaultKind::Slow(Duration::from_mins(1)));
    let late = Fault::new(
        "POST",
        "/api/v1/users/{id}/lifecycle/deactivate",
        FaultKind::Slow(Duration::from_mins(1)),
    );
    seeded.org.set_faults(Faults { next: [slow, late].into(), ..Faults::default() });
    let group = ["rollback", "--group", GROUP, "--yes"];
    // One call waits for each of the two answers, and the third user may be done or not.
    seeded.kill_when(&group, async || seeded.org.faults_left() == 0).await;
    let mut begun = 0;
    for id in 1..=3 {
        begun += u32::from(seeded.state(id).await.rolling_back);
    }
    assert!(begun >= 2, "{begun} were begun");
    for okta_id in &okta_ids {
        let member = format!("/api/v1/groups/{}/users/{okta_id}", seeded.group);
        seeded.call(Method::DELETE, &member, None).await;
    }
    let output = seeded.run(&[&group[..], &["--json"]].concat()).await;
    assert_eq!(told(&output).0, 0, "{output:?}");
    assert_eq!(report(&output)["begun_before"], begun);
    for id in 1..=3 {
        let state = seeded.state(id).await;
        let gone = seeded.status(&okta_ids[usize::try_from(id - 1).expect("a place")]).await.is_none();
        assert!(gone == (state.state == State::Planned) && !state.rolling_back, "{id}: {state:?}");
    }
}

#[tokio::test]
async fn kills_at_any_moment_and_faults_leave_nobody_half_way() {
    const USERS: i64 = 60;
    let seeded = Seeded::with_store(USERS).await;
    let okta_ids = seeded.seed_all(1..=USERS).await;
    let stranger = seeded.create("stranger@example.com", &[&seeded.group]).await;
    let chances = [
        (FaultKind::ServerError, 0.02),
        (FaultKind::ServerErrorAfter, 0.02),
        (FaultKind::ResetBefore, 0.02),
        (FaultKind::ResetAfter, 0.02),
    ];
    seeded.org.set_faults(Faults { seed: 7, chances: chances.into(), ..Faults::default() });
    let group = ["rollback", "--group", GROUP, "--yes"];
    let calls = || seeded.calls(DEACTIVATE) + seeded.calls(DELETE);
    for kill in 0..6 {
        let enough = calls() + 1 + 3 * kill;
        seeded.kill_when(&group, async || calls() >= enough).await;
    }
    let (code, out, err) = told(&seeded.run(&group).await);
    assert_eq!(code, 0, "{out}{err}");
    seeded.org.set_faults(Faults::default());
    for (okta_id, id) in okta_ids.iter().zip(1..) {
        assert_eq!(seeded.status(okta_id).await, None);
        let state = seeded.state(id).await;
        assert!(state.state == State::Planned && !state.rolling_back, "{id}: {state:?}");
    }
    assert_eq!(seeded.status(&stranger).await.as_deref(), Some("ACTIVE"));
    assert_eq!(seeded.org.user_count(), 1);
}

#[tokio::test]
async fn a_user_who_is_used_after_a_kill_is_left() {
    let seeded = Seeded::with_store(1).await;
    let okta_id = seeded.seed_with([1], &json!({"value": PASSWORD})).await.remove(0);
    let fault = Fault::new(
        "POST",
        "/api/v1/users/{id}/lifecycle/deactivate",
        FaultKind::RateLimit(Some(Duration::from_mins(1))),
    );
    seeded.org.set_faults(Faults { next: [fault].into(), ..Faults::default() });
    let group = ["rollback", "--group", GROUP, "--yes"];
    seeded.kill_when(&group, async || seeded.org.faults_left() == 0).await;
    assert!(seeded.state(1).await.rolling_back);
    seeded.sign_in(1).await;
    let (code, out, err) = told(&seeded.run(&group).await);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("1  signed in, or verified or confirmed: left"), "{out}");
    assert_eq!(seeded.status(&okta_id).await.as_deref(), Some("ACTIVE"));
}

#[tokio::test]
async fn what_cannot_be_right_is_told_and_nothing_is_called() {
    let seeded = Seeded::with_store(1).await;
    seeded.seed(1).await;
    let (code, _, err) = told(&seeded.run(&["rollback", "--group", "Migrated_{date}", "--yes"]).await);
    assert!(code == 1 && err.contains("no group of exactly that name; `{date}` is not replaced"), "{err}");
    let text = std::fs::read_to_string(seeded.path().join("keyferry.toml")).expect("there");
    let written = |text: &str| std::fs::write(seeded.path().join("keyferry.toml"), text).expect("written");
    written(&text.replace(crate::seeded::TOKEN, "00-another"));
    let (code, _, err) = told(&seeded.run(&["rollback", "--group", GROUP, "--yes"]).await);
    assert!(code == 1 && err.contains("E0000011"), "{err}");
    written(&text);
    seeded.ledger.bind("https://other.okta.com", &[], true).await.expect("bound");
    let (code, _, err) = told(&seeded.run(&["rollback", "--group", GROUP, "--yes"]).await);
    assert!(code == 1 && err.contains("belongs to the org https://other.okta.com"), "{err}");
    assert_eq!(seeded.calls(DEACTIVATE) + seeded.calls(DELETE), 0);
}

/// Asked on a terminal, which `script` of util-linux imitates.
#[tokio::test]
async fn on_a_terminal_the_number_of_users_is_asked_for() {
    let seeded = Seeded::with_store(2).await;
    let okta_ids = seeded.seed_all(1..=2).await;
    let asked = async |answer: &str| {
        let line = format!("{} rollback --group {GROUP}", env!("CARGO_BIN_EXE_keyferry"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(seeded.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                assert!(std::env::var("CI").map_or(true, |ci| ci != "true"), "script: {error}");
                return None;
            }
        };
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(answer.as_bytes()).expect("written");
        // The pipe stays open until it has ended, as a terminal does.
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().expect("it ends")).await;
        drop(input);
        Some(told(&output.expect("it ran")))
    };
    let Some((code, out, _)) = asked("1\n").await else { return };
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("Type the number, 2, to go on") && out.contains("Nothing was done."), "{out}");
    assert_eq!(seeded.status(&okta_ids[0]).await.as_deref(), Some("ACTIVE"));
    let (code, out, _) = asked("2\n").await.expect("it was there before");
    assert_eq!(code, 0, "{out}");
    assert_eq!(seeded.status(&okta_ids[0]).await, None);
    assert_eq!(seeded.status(&okta_ids[1]).await, None);
}
