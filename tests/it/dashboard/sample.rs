//! A ledger in the seventh week of a migration, so that there is something to look at: 12,480 users in five formats, one of
//! which is mapped wrong. Written past the library, which has no way to write what was weeks ago.

use std::path::Path;
use std::time::SystemTime;

use keyferry::ledger::{Ledger, Shard};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Users of one format: scheme, how they went to Okta, how many, and of a thousand how many have signed in.
const FORMATS: [(&str, &str, i64, i64); 5] = [
    ("bcrypt", "hash", 5_220, 0),
    ("phpass", "hook", 3_940, 640),
    ("django-pbkdf2-sha256", "hook", 1_870, 575),
    ("ldap-ssha", "hash", 1_160, 0),
    ("sha1($salt.$pass)", "hook", 290, 0),
];

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % most.max(1)
    }
}

/// Fills a ledger that is not there yet.
pub(super) async fn fill(file: &Path) {
    let ledger = Ledger::open(&format!("sqlite:{}", file.display()), None).await.expect("a ledger");
    ledger.begin_pass(Shard::WHOLE, "tonight").await.expect("a pass");
    drop(ledger);
    let mut connection =
        SqliteConnectOptions::new().filename(file).connect().await.expect("the ledger opens");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(since.as_millis()).expect("a time");
    let mut chance = Chance(7);
    sqlx::raw_sql("BEGIN").execute(&mut connection).await.expect("begun");
    users(&mut connection, now, &mut chance).await;
    decisions(&mut connection, now, &mut chance).await;
    sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("written");
    connection.close().await.expect("closed");
}

async fn users(connection: &mut SqliteConnection, now: i64, chance: &mut Chance) {
    let mut number = 0;
    for (scheme, route, users, signed_in) in FORMATS {
        for _ in 0..users {
            number += 1;
            // One department after the other, each in a night.
            let night = match number % 20 {
                ..8 => 45,
                8..14 => 31,
                14..18 => 17,
                18 => 10,
                _ => 4,
            };
            let seeded_at = now - night * DAY + chance.below(7 * HOUR);
            // Most come within days.
            let wait = chance.below(now - seeded_at).min(chance.below(now - seeded_at));
            let arrived = chance.below(1_000) < signed_in;
            let last = arrived.then_some(seeded_at + wait);
            let state = match (arrived, chance.below(1_000)) {
                (true, ..880) => "confirmed",
                (true, _) => "verified",
                (false, ..6) => "rejected",
                (false, 990..) => "planned",
                (false, _) => "seeded",
            };
            let in_okta = !matches!(state, "rejected" | "planned");
            sqlx::query(
                "INSERT INTO users (source, user_key, route, state, scheme, first_decision_at, last_decision_at, \
                 verified, updated_at, seeded_at, confirmed_at) VALUES ('shop', $1, $2, $3, $4, $5, $5, $6, $7, $8, $9)",
            )
            .bind(format!("{number:032x}"))
            .bind(if state == "rejected" { "none" } else { route })
            .bind(state)
            .bind(scheme)
            .bind(last)
            .bind(i64::from(arrived))
            .bind(now)
            .bind(in_okta.then_some(seeded_at))
            .bind(last.filter(|_| state == "confirmed"))
            .execute(&mut *connection)
            .await
            .expect("a user");
        }
    }
}

/// The last day's sign-ins, few at night and many in the morning.
async fn decisions(connection: &mut SqliteConnection, now: i64, chance: &mut Chance) {
    for minute in 1..24 * 60 {
        let at = now - minute * MINUTE;
        let hour = (at % DAY) / HOUR;
        let busy = match hour {
            0..5 => 1,
            7..10 => 9,
            10..17 => 6,
            _ => 3,
        };
        for _ in 0..chance.below(busy + 1) + i64::from(busy > 3) {
            let (scheme, outcome, reason) = match chance.below(100) {
                ..55 => ("phpass", "verified", None),
                55..80 => ("django-pbkdf2-sha256", "verified", None),
                80..90 => ("phpass", "rejected", Some("wrong password")),
                90..97 => ("django-pbkdf2-sha256", "rejected", Some("wrong password")),
                97 => ("sha1($salt.$pass)", "rejected", Some("wrong password")),
                _ => ("phpass", "rejected", Some("inactive")),
            };
            sqlx::query(
                "INSERT INTO events (at, source, user_key, kind, outcome, reason, scheme, micros) \
                 VALUES ($1, 'shop', $2, 'decision', $3, $4, $5, 9000)",
            )
            .bind(at)
            .bind(format!("{:032x}", chance.below(12_000)))
            .bind(outcome)
            .bind(reason)
            .bind(scheme)
            .execute(&mut *connection)
            .await
            .expect("a decision");
        }
    }
}
