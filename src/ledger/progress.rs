//! How the migration went over time, for whoever looks on: users who came to Okta and users whose password arrived, by
//! hour or by day, and since when those wait who never signed in. Counts alone.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::store::on_pool;
use super::summary::Outcomes;
use super::write::millis;
use super::{Ledger, LedgerError, PATIENCE, SUMMARY, in_time};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// A course of up to so many hours is told by the hour, a longer one by the day.
const BY_HOUR: i64 = 72;
/// Most points of a course: what is older is in the first one's sums.
const POINTS: i64 = 400;

/// Users who came to Okta: in which hour since 1970, whether they wait (1 or 0), and how many.
type Seeded = (Option<i64>, i64, i64);
/// Users who signed in: in which hour, and how many.
type Arrived = (i64, i64);

/// The course of a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Course {
    /// How far two points are apart, in milliseconds: an hour or a day, by UTC.
    pub step: i64,
    /// From the first user to now, without gaps.
    pub points: Vec<Point>,
    /// Users who were given the hook and never signed in.
    pub waiting: Waiting,
}

/// Sums up to the end of one hour or day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Its beginning, in milliseconds since 1970.
    pub at: i64,
    /// Users whom Okta has by way of this ledger.
    pub seeded: u64,
    /// Users whose password was verified, or is known to have arrived.
    pub arrived: u64,
}

/// Users who wait for their first sign-in, by how long Okta has had them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Less than a week.
    pub week: u64,
    /// One to four weeks.
    pub month: u64,
    /// Four to eight weeks.
    pub two_months: u64,
    /// Eight weeks and longer.
    pub longer: u64,
    /// Nobody noted since when.
    pub unknown: u64,
}

impl Ledger {
    /// The course up to now. Reads every user.
    pub async fn course(&self, now: SystemTime) -> Result<Course, LedgerError> {
        const SEEDED: &str = "SELECT hour, waits, count(*) FROM (SELECT seeded_at / 3600000 AS hour, \
            CAST(CASE WHEN route = 'hook' AND state = 'seeded' THEN 1 ELSE 0 END AS BIGINT) AS waits FROM users \
            WHERE seeded_at IS NOT NULL OR (route = 'hook' AND state = 'seeded')) AS users GROUP BY hour, waits";
        // Okta never asks again once a password was right, so the last decision is the one that verified it.
        const ARRIVED: &str = "SELECT hour, count(*) FROM (SELECT CASE WHEN verified > 0 THEN last_decision_at \
            ELSE confirmed_at END / 3600000 AS hour FROM users WHERE state IN ('verified', 'confirmed')) AS users \
            WHERE hour IS NOT NULL GROUP BY hour";
        let (seeded, arrived) = in_time(SUMMARY, async {
            let seeded: Vec<Seeded> =
                on_pool!(&self.store, pool => sqlx::query_as(SEEDED).fetch_all(pool).await?);
            let arrived: Vec<Arrived> =
                on_pool!(&self.store, pool => sqlx::query_as(ARRIVED).fetch_all(pool).await?);
            Ok((seeded, arrived))
        })
        .await?;
        Ok(course(&seeded, &arrived, millis(now)))
    }

    /// Decisions of the time before `until`, by minute since 1970.
    pub async fn decisions_by_minute(
        &self,
        until: SystemTime,
        over: Duration,
    ) -> Result<Vec<(u32, Outcomes)>, LedgerError> {
        const COUNT: &str = "SELECT minute, outcome, count(*) FROM (SELECT at / 60000 AS minute, outcome FROM events \
            WHERE at >= $1 AND at < $2 AND kind = 'decision') AS decisions GROUP BY minute, outcome";
        let until = millis(until);
        let from = until.saturating_sub(i64::try_from(over.as_millis()).unwrap_or(i64::MAX));
        let rows: Vec<(i64, String, i64)> = in_time(PATIENCE, async {
            Ok(on_pool!(&self.store, pool => {
                sqlx::query_as(COUNT).bind(from).bind(until).fetch_all(pool).await?
            }))
        })
        .await?;
        let mut minutes: BTreeMap<u32, Outcomes> = BTreeMap::new();
        for (minute, outcome, decisions) in rows {
            if let Ok(minute) = u32::try_from(minute) {
                minutes
                    .entry(minute)
                    .or_default()
                    .add(&outcome, u64::try_from(decisions).unwrap_or_default());
            }
        }
        Ok(minutes.into_iter().collect())
    }
}

fn course(seeded: &[Seeded], arrived: &[Arrived], now: i64) -> Course {
    let mut waiting = Waiting::default();
    for (hour, _, users) in seeded.iter().filter(|(_, waits, _)| *waits > 0) {
        let class = match hour.map(|hour| now.saturating_sub(hour * HOUR) / DAY) {
            None => &mut waiting.unknown,
            Some(..7) => &mut waiting.week,
            Some(7..28) => &mut waiting.month,
            Some(28..56) => &mut waiting.two_months,
            Some(56..) => &mut waiting.longer,
        };
        *class += u64::try_from(*users).unwrap_or_default();
    }
    let came = seeded.iter().filter_map(|(hour, _, users)| Some(((*hour)?, *users, 0)));
    let changes = came.chain(arrived.iter().map(|(hour, users)| (*hour, 0, *users)));
    let this_hour = now / HOUR;
    // A clock that was wrong once must not stretch the course into the future.
    let changes: Vec<(i64, i64, i64)> = changes.map(|(hour, s, a)| (hour.min(this_hour), s, a)).collect();
    let Some(first) = changes.iter().map(|(hour, ..)| *hour).min() else {
        return Course { step: HOUR, points: Vec::new(), waiting };
    };
    let hours = if this_hour - first <= BY_HOUR { 1 } else { DAY / HOUR };
    let (first, last) = ((first / hours).max(this_hour / hours - POINTS + 1), this_hour / hours);
    let mut steps: BTreeMap<i64, (i64, i64)> = (first..=last).map(|step| (step, (0, 0))).collect();
    for (hour, seeded, arrived) in changes {
        let step = steps.entry((hour / hours).clamp(first, last)).or_default();
        *step = (step.0 + seeded, step.1 + arrived);
    }
    let mut sum = (0_u64, 0_u64);
    let points = steps.into_iter().map(|(step, (seeded, arrived))| {
        sum.0 += u64::try_from(seeded).unwrap_or_default();
        sum.1 += u64::try_from(arrived).unwrap_or_default();
        Point { at: step * hours * HOUR, seeded: sum.0, arrived: sum.1 }
    });
    Course { step: hours * HOUR, points: points.collect(), waiting }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 500_000 * HOUR + 1_234;

    #[test]
    fn a_short_course_is_told_by_the_hour_without_gaps() {
        let hour = NOW / HOUR;
        let course = course(&[(Some(hour - 3), 0, 5), (Some(hour - 1), 1, 2)], &[(hour - 1, 4)], NOW);
        assert_eq!(course.step, HOUR);
        let points: Vec<_> =
            course.points.iter().map(|p| (p.at / HOUR - hour, p.seeded, p.arrived)).collect();
        assert_eq!(points, [(-3, 5, 0), (-2, 5, 0), (-1, 7, 4), (0, 7, 4)]);
        assert_eq!(course.waiting, Waiting { week: 2, ..Waiting::default() });
    }

    #[test]
    fn a_long_course_is_told_by_the_day_and_bounded() {
        let hour = NOW / HOUR;
        let seeded = [(Some(hour - 24 * 60), 1, 100), (Some(hour - 24 * 30), 1, 10), (None, 1, 3)];
        let told = course(&seeded, &[(hour + 50, 7)], NOW);
        assert_eq!((told.step, told.points.len()), (DAY, 61));
        let last = told.points.last().unwrap();
        assert_eq!((last.seeded, last.arrived), (110, 7), "nothing is later than now");
        let waiting = Waiting { longer: 100, two_months: 10, unknown: 3, ..Waiting::default() };
        assert_eq!(told.waiting, waiting);
        let old = course(&[(Some(10), 0, 1)], &[], NOW);
        assert_eq!((old.points.len(), old.points[0].seeded), (400, 1));
        assert_eq!(course(&[], &[], NOW).points, []);
    }

    #[tokio::test]
    async fn the_ledger_tells_decisions_by_minute() {
        let ledger = Ledger::open("sqlite::memory:", None).await.unwrap();
        let minute = 30_000_000_u32;
        let at =
            |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(minute) * 60 + seconds);
        let event = |seconds, outcome, reason| super::super::DecisionEvent {
            at: at(seconds),
            outcome,
            reason,
            source: None,
            user_id: None,
            login: None,
            scheme: None,
            micros: 1,
        };
        let events = [
            event(0, "verified", None),
            event(59, "rejected", Some("wrong password")),
            event(60, "verified", None),
            event(120, "verified", None),
        ];
        ledger.record(&events).await.unwrap();
        let told = ledger.decisions_by_minute(at(120), Duration::from_hours(1)).await.unwrap();
        let told: Vec<_> = told.iter().map(|(at, of)| (at - minute, of.verified, of.rejected)).collect();
        assert_eq!(told, [(0, 1, 1), (1, 1, 0)]);
        assert_eq!(ledger.course(at(0)).await.unwrap().points, []);
    }
}
