//! The threads, with real hashes.

use std::sync::Arc;

use futures_util::future::{join_all, poll_immediate};

use super::super::worker::{Subject, verdicts};
use super::super::*;
use crate::schemes::{Credential, Limits, Selection, find};

/// Longer than any of it takes.
const HOUR: Duration = Duration::from_hours(1);

fn pool(threads: usize, memory: u64) -> VerifyPool {
    VerifyPool::start(PoolSettings { threads: Some(threads), memory }, Arc::new(Metrics::new())).unwrap()
}

fn read(scheme: &str, stored: &str) -> Arc<Hash> {
    let credential = Credential { stored: stored.as_bytes(), ..Credential::default() };
    Arc::new(Selection::parse(scheme).unwrap().read(&credential, &Limits::default()).unwrap())
}

/// A scheme's worked example: the value and its password.
fn example(scheme: &str) -> (Arc<Hash>, &'static str) {
    let example = find(scheme).unwrap().example;
    (read(scheme, example.stored), example.password)
}

#[tokio::test]
async fn every_verdict_is_right_whatever_runs_beside_it() {
    let mut subjects: Vec<_> = [
        "phpass",
        "sha256-crypt",
        "sha512-crypt",
        "md5-crypt",
        "drupal7",
        "scrypt",
        "yescrypt",
        "sha1-crypt",
    ]
    .map(example)
    .to_vec();
    // bcrypt of cost 6, by the OpenBSD implementation in Python: `bcrypt.hashpw(b"", …)`.
    subjects.push((read("auto", "$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."), ""));
    // As little memory as one at a time needs.
    let shared = Arc::new(Shared::new(2, 1, Arc::new(Metrics::new())));
    let threads = [0, 1].map(|number| {
        let shared = Arc::clone(&shared);
        std::thread::spawn(move || shared.run_jobs(number))
    });
    let pool = VerifyPool { shared: Arc::clone(&shared) };
    let attempts = (0..240).map(|number| {
        let (hash, password) = subjects[number % subjects.len()].clone();
        let right = number % 7 < 3;
        let typed = if right { password.to_owned() } else { format!("{password}{number}") };
        let (pool, deadline) = (&pool, Instant::now() + HOUR);
        async move {
            let scheme = hash.scheme();
            let verified = pool.verify(hash, Secret::from(typed), deadline).await.unwrap();
            assert_eq!(verified.verdict == Verdict::Match, right, "{scheme}, {number}");
        }
    });
    join_all(attempts).await;
    assert_eq!(pool.in_use().waiting, 0);
    drop(pool);
    for thread in threads {
        thread.join().unwrap();
    }
    let text = shared.metrics.text();
    let ran = |line: &str| -> Option<u64> {
        let (labels, count) = line.strip_prefix("keyferry_verify_batches_total{")?.split_once("} ")?;
        let together = labels.split_once("together=\"")?.1.trim_end_matches('"');
        Some(together.parse::<u64>().ok()? * count.parse::<u64>().ok()?)
    };
    assert_eq!(text.lines().filter_map(ran).sum::<u64>(), 240, "{text}");
}

#[tokio::test]
async fn a_flood_of_callers_that_go_away_holds_nobody_up() {
    let pool = pool(1, 1 << 20);
    let (hash, password) = example("sha512-crypt");
    for _ in 0..300 {
        let verify = pool.verify(Arc::clone(&hash), Secret::from("x"), Instant::now() + HOUR);
        // Handed over, and let go of.
        assert!(poll_immediate(verify).await.is_none());
    }
    let verified = pool.verify(hash, Secret::from(password), Instant::now() + HOUR).await.unwrap();
    assert_eq!((verified.verdict, pool.in_use().waiting), (Verdict::Match, 0));
}

#[tokio::test]
async fn a_deadline_that_has_passed_is_told_so() {
    let (hash, password) = example("sha512-crypt");
    let verified = pool(1, 1 << 20).verify(hash, Secret::from(password), Instant::now()).await;
    assert!(matches!(verified, Err(Cause::Deadline)), "{verified:?}");
}

#[tokio::test]
async fn what_would_be_late_is_refused_at_once() {
    let pool = pool(1, 1 << 20);
    // bcrypt of cost 15: seconds.
    let hash = read("auto", "$2b$15$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.");
    let deadline = Instant::now() + Duration::from_millis(300);
    let first = pool.verify(Arc::clone(&hash), Secret::from("x"), deadline);
    let second = pool.verify(hash, Secret::from("x"), deadline);
    let (first, second) = tokio::join!(first, second);
    assert!(matches!(first, Err(Cause::Deadline)), "a free thread takes it whatever is expected: {first:?}");
    assert!(matches!(second, Err(Cause::WouldBeLate)), "{second:?}");
    let text = pool.shared.metrics.text();
    assert!(text.contains("keyferry_verify_refused_total{why=\"late\"} 1"), "{text}");
}

/// Memory of argon2 is taken over by the next of the same size, and given back wiped when there is no next.
#[tokio::test]
async fn memory_is_kept_and_bounded() {
    let pool = pool(2, 4 << 20);
    let stored = "$argon2id$v=19$m=2048,t=1,p=1$c29tZXNhbHQ$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let hash = read("argon2", stored);
    let attempts = (0..40).map(|_| pool.verify(Arc::clone(&hash), Secret::from("x"), Instant::now() + HOUR));
    assert!(
        join_all(attempts)
            .await
            .iter()
            .all(|verified| verified.as_ref().unwrap().verdict == Verdict::Mismatch)
    );
    let PoolUse { memory_used, memory_kept, .. } = pool.in_use();
    assert!(memory_used + memory_kept <= 4 << 20, "{memory_used} {memory_kept}");
    assert!(memory_used + memory_kept > 0);
}

#[test]
fn the_machine_is_measured_with_every_specimen() {
    let shared = Shared::new(1, 1 << 20, Arc::new(Metrics::new()));
    let specimens = std::mem::take(&mut shared.lock().specimens);
    assert!(specimens.len() >= crate::schemes::specimens().len());
    assert_eq!(specimens.last().unwrap().together, 1, "one alone is measured first");
    for specimen in &specimens {
        shared.measure(specimen);
    }
    let paces = &mut shared.lock().schedule.paces;
    for specimen in &specimens {
        let cost = specimen.hash.cost();
        let alone = Duration::from_micros(cost.micros);
        let work = work_of(&specimen.hash, alone, cost.memory, Instant::now(), shared.simd);
        let id = paces.id(&work.name, work.width);
        assert!(paces.is_measured(id, specimen.together), "{:?}", specimen.hash);
    }
}

/// One that may break down.
struct Fragile(bool);

impl Subject for Fragile {
    fn alone(&self, _: &mut Scratch) -> Verdict {
        assert!(!self.0, "it breaks down");
        Verdict::Match
    }

    fn together(all: &[Self], scratch: &mut Scratch) -> Vec<Verdict> {
        all.iter().map(|one| one.alone(scratch)).collect()
    }
}

#[test]
fn one_that_breaks_down_takes_no_other_with_it() {
    let verdicts = |fragile: &[bool]| {
        let jobs: Vec<_> = fragile.iter().copied().map(Fragile).collect();
        verdicts(&jobs, &mut Scratch::default())
    };
    let good = Some(Verdict::Match);
    assert_eq!(verdicts(&[false, true, false]), [good, None, good]);
    assert_eq!(verdicts(&[false, false]), [good, good]);
    assert_eq!(verdicts(&[true]), [None]);
    assert_eq!(verdicts(&[]), []);
}
