//! The demonstration's seeding: the real export to a file, and each of its lines sent to the org.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow, bail};
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::stores;
use super::migration::Migration;
use crate::okta::profile::LoginPattern;
use crate::seeding::export::{self, Export, Planned};
use crate::seeding::people::Merge;
use crate::seeding::plan::Planner;
use crate::seeding::profile::ProfileMap;
use crate::seeding::sink::Format;
use crate::seeding::sink::file::Destination;

/// How a user was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Route {
    /// With a hash that Okta imported.
    Hash,
    /// With the hook.
    Hook,
}

/// A row that was not sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Reject {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) login: String,
    pub(super) reason: String,
}

/// What was created, and what was not.
#[derive(Debug, Default, Serialize)]
pub(super) struct Seeding {
    /// By login.
    pub(super) created: BTreeMap<String, Route>,
    /// What the plan held back.
    pub(super) rejects: Vec<Reject>,
    /// What the org refused: login, code and cause.
    pub(super) refused: Vec<String>,
    /// Where the org is.
    #[serde(skip)]
    org_url: String,
}

/// Plans, writes and sends everybody.
pub(super) async fn run(migration: &Migration) -> anyhow::Result<Seeding> {
    let (out, rejects) = (migration.file("users.jsonl"), migration.file("rejects.csv"));
    let stores = stores::open(migration.config(false)?, None)
        .map_err(|_| anyhow!("the sample store cannot be opened"))?;
    let mut sources = Vec::new();
    for store in stores {
        let profile = ProfileMap::new(&store.profile, LoginPattern::Address)
            .map_err(|_| anyhow!("the demo's profile mapping is wrong"))?;
        let planner = Arc::new(Planner::new(store.reader, profile, false));
        sources.push(Planned { source: store.source, planner });
    }
    let job = Export {
        sources,
        match_on: vec!["login".to_owned()],
        merge: Merge::Fill,
        filter: None,
        format: Format::Okta,
        out: Destination::File(out.clone()),
        rejects: Destination::File(rejects.clone()),
        ledger: None,
    };
    export::run(job, |_| {}).await?;

    let mut seeding = Seeding { org_url: migration.org_url.clone(), ..Seeding::default() };
    for line in tokio::fs::read_to_string(out).await?.lines() {
        create(migration, line, &mut seeding).await?;
    }
    let rejects = tokio::fs::read(rejects).await?;
    seeding.rejects = csv::Reader::from_reader(rejects.as_slice()).deserialize().collect::<Result<_, _>>()?;
    Ok(seeding)
}

async fn create(migration: &Migration, line: &str, seeding: &mut Seeding) -> anyhow::Result<()> {
    let request: Value = serde_json::from_str(line).context("the export wrote a line that is not JSON")?;
    let login = request.pointer("/profile/login").and_then(Value::as_str).unwrap_or_default().to_owned();
    let password = request.pointer("/credentials/password").and_then(Value::as_object);
    let route = match password.map(|password| (password.contains_key("hash"), password.contains_key("hook")))
    {
        Some((true, false)) => Route::Hash,
        Some((false, true)) => Route::Hook,
        _ => bail!("the export wrote a user with neither a hash nor the hook"),
    };
    loop {
        let response = migration
            .client
            .post(format!("{}/api/v1/users?activate=true", migration.org_url))
            .header("Authorization", format!("SSWS {}", migration.token_text))
            .header("Content-Type", "application/json")
            .body(line.to_owned())
            .send()
            .await
            .context("the org does not answer")?;
        let (status, pause) = (response.status(), pause(response.headers()));
        let answer: Value = response.json().await.context("the org's answer is not JSON")?;
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        match status.as_u16() {
            200 => drop(seeding.created.insert(login, route)),
            429 => continue,
            _ => {
                let code = answer.get("errorCode").and_then(Value::as_str).unwrap_or_default();
                let cause = answer.pointer("/errorCauses/0/errorSummary").and_then(Value::as_str);
                seeding.refused.push(format!("{login}: {code} {}", cause.unwrap_or_default()));
            }
        }
        return Ok(());
    }
}

/// How long to wait before the next call: until the window ends, where nothing is left of it. By the org's own
/// clock, since ours may be wrong.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    if number("x-rate-limit-remaining")? > 0 {
        return None;
    }
    let reset = SystemTime::UNIX_EPOCH + Duration::from_secs(number("x-rate-limit-reset")?);
    let date = headers.get("date")?.to_str().ok()?;
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let now = time::PrimitiveDateTime::parse(date, format).ok()?.assume_utc();
    reset.duration_since(now.into()).ok()
}

impl Seeding {
    pub(super) fn by(&self, route: Route) -> usize {
        self.created.values().filter(|created| **created == route).count()
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "   {} users created in {}: {} with a hash that Okta imports, {} for the hook.\n",
            self.created.len(),
            self.org_url,
            self.by(Route::Hash),
            self.by(Route::Hook)
        );
        for reject in &self.rejects {
            let Reject { source, id, login, reason } = reject;
            let _ = writeln!(text, "   Not sent: {source} {id} ({login}): {reason}");
        }
        for refused in &self.refused {
            let _ = writeln!(text, "   Refused by Okta: {refused}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_is_waited_for_by_the_orgs_clock() {
        let headers = |remaining: &str| {
            let mut headers = HeaderMap::new();
            // RFC 9110's example date is 784111777 seconds after 1970.
            headers.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            headers.insert("x-rate-limit-reset", "784111800".parse().unwrap());
            headers.insert("x-rate-limit-remaining", remaining.parse().unwrap());
            headers
        };
        assert_eq!(pause(&headers("0")), Some(Duration::from_secs(23)));
        assert_eq!(pause(&headers("1")), None);
        assert_eq!(pause(&HeaderMap::new()), None);
    }
}
