//! Pacing against a model of Okta's limiter, on a clock that only the model moves: hours in a moment, the same each
//! time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::super::clock::OktaClock;
use super::*;

/// One experiment.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Calls a minute that the bucket takes.
    limit: u64,
    share: f64,
    max_per_minute: Option<u32>,
    /// Share of the bucket that another tool takes, at random moments.
    others: f64,
    in_flight: usize,
    /// How far Okta's clock is from ours.
    skew: i64,
    /// Whether windows begin at full minutes, and not with the first call.
    aligned: bool,
    /// Okta takes no more than this at once; 0: any number.
    crowd: usize,
    /// From and until when the org is down, in minutes.
    down: Option<(u64, u64)>,
}

const PLAIN: Case = Case {
    limit: 600,
    share: 0.8,
    max_per_minute: None,
    others: 0.0,
    in_flight: 10,
    skew: 0,
    aligned: false,
    crowd: 0,
    down: None,
};

/// What came of it, behind the first two minutes.
#[derive(Debug, Default)]
struct Result {
    /// Calls of ours, 429s included.
    sent: u64,
    limited: u64,
    failed: u64,
    good: u64,
    /// What the rules allowed.
    allowed: f64,
    /// The most calls of ours within any minute.
    most_in_a_minute: usize,
    most_at_once: usize,
}

impl Result {
    fn used(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let good = self.good as f64;
        good / self.allowed
    }

    fn limited_share(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "small counts")]
        let shares = (self.limited as f64, self.sent as f64);
        shares.0 / shares.1
    }
}

/// Microseconds since the start, by nobody's clock.
type Micros = u64;
const SECOND: Micros = 1_000_000;
const WARM_UP: Micros = 120 * SECOND;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake,
    Arrives { sent: Micros },
    Answered { sent: Micros, code: u16, standing: Option<(u64, u64, u64)>, date: u64 },
    OtherTool,
}

/// Okta's limiter.
struct Limiter {
    case: Case,
    /// Okta's clock at the start, in microseconds since 1970.
    epoch: u64,
    ends: Micros,
    used: u64,
    at_once: usize,
}

impl Limiter {
    fn take(&mut self, now: Micros) -> bool {
        let minute = 60 * SECOND;
        if now >= self.ends {
            let okta = self.epoch + now;
            self.ends = if self.case.aligned { now + minute - okta % minute } else { now + minute };
            self.used = 0;
        }
        let free = self.used < self.case.limit;
        self.used += u64::from(free);
        free
    }

    fn standing(&self) -> (u64, u64, u64) {
        (self.case.limit, self.case.limit - self.used, (self.epoch + self.ends).div_ceil(SECOND))
    }
}

/// Numbers that look like chance (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

struct Model {
    case: Case,
    chance: Chance,
    start: Instant,
    clock: OktaClock,
    pacing: Pacing,
    limiter: Limiter,
    events: BinaryHeap<Reverse<(Micros, Event)>>,
    waiting: usize,
    wakes_at: Micros,
    result: Result,
    sends: Vec<Micros>,
    others_by_minute: BTreeMap<u64, u64>,
}

/// Runs a case for so many minutes, always with more to do than may go.
fn run(case: Case, minutes: u64, seed: u64) -> Result {
    let start = Instant::now();
    let ours = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let epoch = 1_700_000_000_u64.saturating_add_signed(case.skew) * SECOND + 371_000;
    let rules = Rules { share: case.share, max_per_minute: case.max_per_minute, in_flight: case.in_flight };
    let mut model = Model {
        case,
        chance: Chance(seed),
        start,
        clock: OktaClock::new(start, ours),
        pacing: Pacing::new(rules),
        limiter: Limiter { case, epoch, ends: 0, used: 0, at_once: 0 },
        events: BinaryHeap::new(),
        waiting: 0,
        wakes_at: 0,
        result: Result::default(),
        sends: Vec::new(),
        others_by_minute: BTreeMap::new(),
    };
    let end = minutes * 60 * SECOND;
    model.events.push(Reverse((0, Event::Wake)));
    if case.others > 0.0 {
        model.events.push(Reverse((SECOND, Event::OtherTool)));
    }
    while let Some(Reverse((now, event))) = model.events.pop().filter(|Reverse((now, _))| *now < end) {
        model.happen(now, event);
        model.go(now);
    }
    model.judge(minutes)
}

impl Model {
    fn at(&self, micros: Micros) -> Instant {
        self.start + Duration::from_micros(micros)
    }

    fn happen(&mut self, now: Micros, event: Event) {
        match event {
            Event::Wake if now == self.wakes_at => self.wakes_at = Micros::MAX,
            // An earlier one was set since.
            Event::Wake => {}
            Event::OtherTool => {
                if self.limiter.take(now) {
                    *self.others_by_minute.entry(now / (60 * SECOND)).or_default() += 1;
                }
                // Exponential gaps: as often as its share, at no moment more than at another.
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let mean = 60e6 / (self.case.limit as f64 * self.case.others);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "positive and small"
                )]
                let gap = (-mean * (1.0 - self.chance.share()).max(1e-9).ln()) as Micros;
                self.events.push(Reverse((now + gap.max(1), Event::OtherTool)));
            }
            Event::Arrives { sent } => self.arrive(now, sent),
            Event::Answered { sent, code, standing, date } => self.learn(now, sent, code, standing, date),
        }
    }

    fn arrive(&mut self, now: Micros, sent: Micros) {
        let back = now + self.chance.between(20_000, 200_000);
        let okta = self.limiter.epoch + now;
        let down = self.case.down.is_some_and(|(from, until)| (from..until).contains(&(now / (60 * SECOND))));
        let (code, standing) = if down {
            (500, None)
        } else if self.case.crowd > 0 && self.limiter.at_once >= self.case.crowd {
            (430, Some((0, 0, okta / SECOND + 1)))
        } else if self.limiter.take(now) {
            self.limiter.at_once += 1;
            (200, Some(self.limiter.standing()))
        } else {
            (429, Some(self.limiter.standing()))
        };
        self.events.push(Reverse((back, Event::Answered { sent, code, standing, date: okta / SECOND })));
    }

    fn learn(&mut self, now: Micros, sent: Micros, code: u16, standing: Option<(u64, u64, u64)>, date: u64) {
        if code == 200 {
            self.limiter.at_once -= usize::from(self.case.crowd > 0 || self.limiter.at_once > 0);
        }
        let (sent_at, now_at) = (self.at(sent), self.at(now));
        self.clock.observe(SystemTime::UNIX_EPOCH + Duration::from_secs(date), sent_at, now_at);
        let standing = standing.map(|(limit, remaining, reset)| {
            let ends = self.clock.instant(reset);
            Standing { limit, remaining, reset, ends }
        });
        let outcome = match code {
            200 => Outcome::Answered,
            429 => Outcome::Limited,
            430 => Outcome::Crowded,
            _ => Outcome::Failed,
        };
        let jitter = self.chance.share();
        self.pacing.ended(Bucket::Users, sent_at, now_at, outcome, standing, jitter);
        self.pacing.release(Bucket::Users);
        if now >= WARM_UP {
            self.result.sent += 1;
            match code {
                200 => self.result.good += 1,
                429 | 430 => self.result.limited += 1,
                _ => self.result.failed += 1,
            }
        }
    }

    /// Lets go whatever may.
    fn go(&mut self, now: Micros) {
        let now_at = self.at(now);
        loop {
            let mut wait = None;
            match self.pacing.admit(Bucket::Users, now_at) {
                Ok(()) => self.waiting += 1,
                Err(found) => wait = Some(found),
            }
            while self.waiting > 0 {
                match self.pacing.send(now_at) {
                    Ok(()) => {
                        self.waiting -= 1;
                        self.sends.push(now);
                        let there = now + self.chance.between(30_000, 200_000);
                        self.events.push(Reverse((there, Event::Arrives { sent: now })));
                    }
                    Err(found) => {
                        wait = wait.or(Some(found));
                        break;
                    }
                }
            }
            self.result.most_at_once = self.result.most_at_once.max(self.pacing.flight().0);
            match wait {
                None => {}
                Some(Wait::ForAnswer) => return,
                Some(Wait::Until(until)) => {
                    // Nobody wakes at once.
                    let late = self.chance.between(100, 3_000);
                    let micros = until.duration_since(self.start).as_micros();
                    let wakes_at = u64::try_from(micros).unwrap_or(u64::MAX / 2) + late;
                    if wakes_at < self.wakes_at {
                        self.wakes_at = wakes_at;
                        self.events.push(Reverse((wakes_at, Event::Wake)));
                    }
                    return;
                }
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn judge(mut self, minutes: u64) -> Result {
        let limit = self.case.limit as f64;
        let ours = self.case.max_per_minute.map_or(f64::INFINITY, f64::from).min(limit * self.case.share);
        for minute in WARM_UP / (60 * SECOND)..minutes {
            let others = self.others_by_minute.get(&minute).copied().unwrap_or(0) as f64;
            let down = self.case.down.is_some_and(|(from, until)| (from..until).contains(&minute));
            self.result.allowed += if down { 0.0 } else { ours.min(limit - others) };
        }
        let mut first = 0;
        for (last, sent) in self.sends.iter().enumerate() {
            while self.sends[first] + 60 * SECOND <= *sent {
                first += 1;
            }
            self.result.most_in_a_minute = self.result.most_in_a_minute.max(last - first + 1);
        }
        self.result
    }
}

/// The promise: at least 95 % of the allowed calls, and fewer than 0.5 % answered 429.
fn keeps_the_promise(case: Case, seed: u64) {
    // As many calls a minute need fewer minutes to tell the same.
    let minutes = if case.limit > 1000 { 10 } else { 32 };
    let result = run(case, minutes, seed);
    let told = format!(
        "{case:?}, seed {seed}: used {:.4}, limited {:.5}, {result:?}",
        result.used(),
        result.limited_share()
    );
    assert!(result.used() >= 0.95, "{told}");
    assert!(result.limited_share() < 0.005, "{told}");
    // And no more than allowed, but for what the edges of the measurement add.
    assert!(result.used() <= 1.02, "{told}");
    assert!(result.most_at_once <= case.in_flight, "{told}");
}

#[test]
fn at_least_95_percent_of_what_is_allowed_and_hardly_any_429() {
    for limit in [100, 300, 600, 6000] {
        for share in [0.8, 1.0] {
            for others in [0.0, 0.15] {
                for aligned in [false, true] {
                    // 6000 a minute with 50 to 400 ms a call are 23 calls at once on average.
                    let in_flight = if limit > 1000 { 50 } else { 10 };
                    for (seed, skew) in [(1, 0), (2, 7 * 3600), (3, -40)] {
                        let case = Case { limit, share, others, in_flight, skew, aligned, ..PLAIN };
                        keeps_the_promise(case, seed);
                    }
                }
            }
        }
    }
}

#[test]
fn the_cap_holds_in_every_minute() {
    for cap in [1, 7, 60, 61, 100, 450] {
        let case = Case { max_per_minute: Some(cap), share: 1.0, ..PLAIN };
        let result = run(case, 32, 4);
        assert!(result.most_in_a_minute <= cap as usize, "{cap}: {result:?}");
        assert!(result.used() >= 0.95, "{cap}: {result:?}");
        assert_eq!(result.limited, 0, "{cap}: {result:?}");
    }
}

#[test]
fn an_org_that_is_down_is_asked_rarely_and_used_again_once_it_is_back() {
    let case = Case { down: Some((10, 20)), ..PLAIN };
    let result = run(case, 32, 5);
    assert!(result.failed < 60, "ten minutes of an org that is down: {result:?}");
    assert!(result.used() > 0.92, "{result:?}");
}

#[test]
fn a_crowded_org_gets_fewer_calls_at_once() {
    let case = Case { limit: 6000, in_flight: 40, crowd: 8, ..PLAIN };
    let result = run(case, 32, 6);
    // Every now and then one more is tried, and taken back.
    assert!(result.limited_share() < 0.02, "{result:?}");
    // Eight calls at once of 190 ms on their way there and back give at least this many.
    assert!(result.good > 30 * 60 * 8, "{result:?}");
}

#[test]
fn with_no_headers_at_all_calls_go_as_often_as_okta_s_usual_limit_allows() {
    let start = Instant::now();
    let mut pacing = Pacing::new(Rules { share: 0.8, max_per_minute: None, in_flight: 10 });
    let mut admitted = 0;
    for millis in 0..60_000 {
        let now = start + Duration::from_millis(millis);
        if pacing.admit(Bucket::Groups, now).is_ok() {
            admitted += 1;
            pacing.send(now).expect("few at once");
            pacing.ended(Bucket::Groups, now, now, Outcome::Answered, None, 0.5);
            pacing.release(Bucket::Groups);
        }
    }
    assert!((479..=481).contains(&admitted), "{admitted}");
    assert_eq!(pacing.allowed(Bucket::Groups), None);
}

proptest::proptest! {
    /// Headers come from outside: whatever they say, nothing panics, and after a while calls go again.
    #[test]
    fn no_headers_stop_it_for_good(
        answers in proptest::collection::vec(
            (0_u8..4, proptest::option::of((0_u64.., 0_u64.., 0_u64..)), 0_u64..100_000, 0.0..=1.0_f64),
            0..40,
        ),
        near in proptest::bool::ANY,
    ) {
        let start = Instant::now();
        let mut now = start;
        let mut clock = OktaClock::new(start, UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let mut pacing = Pacing::new(Rules { share: 0.8, max_per_minute: None, in_flight: 2 });
        for (kind, headers, later, jitter) in answers {
            let sent = now;
            if pacing.admit(Bucket::Users, now).is_ok() {
                let _ = pacing.send(now);
                pacing.release(Bucket::Users);
            }
            now += Duration::from_millis(later);
            let standing = headers.map(|(limit, remaining, reset)| {
                let (limit, remaining, reset) =
                    if near { (limit % 5, remaining % 5, 1_700_000_000 + reset % 500) } else { (limit, remaining, reset) };
                clock.observe(UNIX_EPOCH + Duration::from_secs(reset % 4_000_000_000), sent, now);
                Standing { limit, remaining, reset, ends: clock.instant(reset) }
            });
            let outcome = [Outcome::Answered, Outcome::Limited, Outcome::Crowded, Outcome::Failed][usize::from(kind)];
            pacing.ended(Bucket::Users, sent, now, outcome, standing, jitter);
            let _ = (pacing.allowed(Bucket::Users), pacing.pause(Bucket::Users, now));
        }
        // What holds a call up is known to end: the window, the pause, the spread of the slowest limit.
        let mut admitted = false;
        for _ in 0..10 {
            match pacing.admit(Bucket::Users, now) {
                Ok(()) => { admitted = true; break; }
                Err(Wait::ForAnswer) => break,
                Err(Wait::Until(until)) => now = now.max(until),
            }
        }
        proptest::prop_assert!(admitted, "{pacing:?}");
        proptest::prop_assert!(now < start + Duration::from_secs(4_000 + 4 * 600), "{:?}", now - start);
    }
}
