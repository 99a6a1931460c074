//! From a survey's formats and this machine's times to sign-ins a minute and cores.

use std::io::Read as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timing;

/// The hook's deadline where no configuration says otherwise.
pub(super) const DEADLINE: Duration = Duration::from_millis(2_500);
/// The part of the cores' time that verifications may take: a service that is busy to the last microsecond answers
/// late, and looking users up takes its part.
const USABLE: f64 = 0.85;
/// The longest report that is read, in bytes.
const REPORT_BYTES: u64 = 64 << 20;

/// What is read of `survey --json`.
#[derive(Debug, Deserialize)]
pub(super) struct Survey {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    scheme: String,
    parameters: String,
    active: u64,
    okta: Okta,
    verify: Option<Verify>,
}

#[derive(Debug, Deserialize)]
struct Okta {
    credential: String,
}

#[derive(Debug, Deserialize)]
struct Verify {
    kernel: Option<String>,
    estimate_micros: u64,
}

/// What the machine carries.
#[derive(Debug, Serialize)]
pub(super) struct Load {
    pub(super) deadline_micros: u64,
    /// Active users whom the hook verifies.
    pub(super) users: u64,
    pub(super) formats: Vec<Share>,
    /// Processor time of a sign-in on average, when several of a kind run together, in microseconds.
    pub(super) micros_each: f64,
    /// Sign-ins a minute that this machine carries, each within the deadline.
    pub(super) sign_ins_a_minute: u64,
    /// Sign-ins a minute when it is busiest.
    pub(super) storm: u64,
    /// Cores like this machine's that carry the storm.
    pub(super) cores_for_storm: u64,
}

/// One format's part in it.
#[derive(Debug, Serialize)]
pub(super) struct Share {
    pub(super) scheme: String,
    pub(super) parameters: String,
    pub(super) users: u64,
    pub(super) micros_alone: f64,
    pub(super) micros_together: f64,
    /// Whether the machine's speed at it was measured, or its time is the usual one.
    pub(super) measured: bool,
    /// Whether even one alone is too slow for the hook.
    pub(super) over_deadline: bool,
}

impl Survey {
    /// Reads a report; the error is told to the user.
    pub(super) fn read(file: &str) -> Result<Self, String> {
        let mut text = String::new();
        let read = |reader: &mut dyn std::io::Read, text: &mut String| {
            reader.take(REPORT_BYTES).read_to_string(text)
        };
        let done = match file {
            "-" => read(&mut std::io::stdin().lock(), &mut text),
            file => std::fs::File::open(file).and_then(|mut file| read(&mut file, &mut text)),
        };
        done.map_err(|error| format!("--survey: {file} cannot be read: {error}"))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("--survey: {file} is not what `keyferry survey --json` prints: {error}"))
    }
}

impl Load {
    /// `all_cores` is how much more all threads do than one. Without a `storm` a hundredth of the users come in a minute.
    pub(super) fn of(
        survey: Survey,
        timings: &[Timing],
        all_cores: f64,
        storm: Option<u64>,
        deadline: Duration,
    ) -> Self {
        let by_hook = |group: &Group| group.okta.credential == "hook" && group.active > 0;
        let mut formats: Vec<Share> = survey
            .groups
            .into_iter()
            .filter(by_hook)
            .filter_map(|group| Share::of(group, timings, deadline))
            .collect();
        formats.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| a.scheme.cmp(&b.scheme)));
        let users: u64 = formats.iter().map(|share| share.users).sum();
        let work: f64 = formats.iter().map(|share| micros(share.users) * share.micros_together).sum();
        let micros_each = if users == 0 { 0.0 } else { work / micros(users) };
        let a_minute_and_core = if micros_each > 0.0 { 60e6 * USABLE / micros_each } else { 0.0 };
        let storm = storm.unwrap_or(users.div_ceil(100));
        Self {
            deadline_micros: u64::try_from(deadline.as_micros()).unwrap_or(u64::MAX),
            users,
            formats,
            micros_each,
            sign_ins_a_minute: whole(a_minute_and_core * all_cores),
            storm,
            cores_for_storm: if a_minute_and_core > 0.0 {
                whole((micros(storm) / a_minute_and_core).ceil()).max(1)
            } else {
                0
            },
        }
    }
}

impl Share {
    /// None for what the survey could not measure: groups beyond the thousandth.
    fn of(group: Group, timings: &[Timing], deadline: Duration) -> Option<Self> {
        let verify = group.verify?;
        let estimate = micros(verify.estimate_micros);
        // Of a scheme without a kernel, what the same scheme took with other parameters.
        let name = verify.kernel.as_deref().unwrap_or(&group.scheme);
        let of_kernel = || timings.iter().filter(|timing| timing.kernel == name);
        let nearest = of_kernel()
            .filter(|timing| timing.lanes == 1)
            .min_by(|a, b| far(a.estimate, estimate).total_cmp(&far(b.estimate, estimate)));
        let alone = nearest.map_or(estimate, |timing| estimate * timing.micros_each / timing.estimate);
        let gain = nearest.and_then(|alone| {
            let same = |timing: &&Timing| timing.parameters == alone.parameters && timing.lanes > 1;
            Some((alone.micros_each / of_kernel().find(same)?.micros_each).max(1.0))
        });
        Some(Self {
            scheme: group.scheme,
            parameters: group.parameters,
            users: group.active,
            micros_alone: alone,
            micros_together: alone / gain.unwrap_or(1.0),
            measured: nearest.is_some(),
            over_deadline: alone > deadline.as_secs_f64() * 1e6,
        })
    }
}

/// How many times larger one is than the other, as a logarithm.
fn far(one: f64, other: f64) -> f64 {
    (one.max(1.0) / other.max(1.0)).ln().abs()
}

/// Exact below 2^53, which is far beyond any count of users or microseconds here.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(super) fn micros(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, which is right here")]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(lanes: usize, micros_each: f64) -> Timing {
        Timing {
            kernel: "bcrypt",
            scheme: "bcrypt",
            parameters: "cost 10",
            lanes,
            micros_each,
            estimate: 50_000.0,
        }
    }

    /// 1,000 users of bcrypt 12 on a machine that needs 40 ms for cost 10 alone and 16 ms each together: 64 ms each, so that
    /// a core at 85 % carries 60 / 0.064 x 0.85 = 796 a minute.
    #[test]
    fn sign_ins_and_cores_follow_from_the_kernel_s_times() {
        let survey = r#"{"groups": [
            {"scheme": "bcrypt", "parameters": "cost 12", "users": 1500, "active": 1000, "okta": {"credential": "hook"},
             "verify": {"micros": 1, "kernel": "bcrypt", "estimate_micros": 200000}},
            {"scheme": "bcrypt", "parameters": "cost 10", "users": 9, "active": 9, "okta": {"credential": "hash"},
             "verify": {"micros": 1, "kernel": "bcrypt", "estimate_micros": 50000}}]}"#;
        let survey: Survey = serde_json::from_str(survey).unwrap();
        let timings = [timing(1, 40_000.0), timing(5, 16_000.0)];
        let load = Load::of(survey, &timings, 2.0, Some(2_000), DEADLINE);
        assert_eq!((load.users, load.formats.len()), (1000, 1));
        assert!((load.micros_each - 64_000.0).abs() < 1.0, "{load:?}");
        assert_eq!((load.sign_ins_a_minute, load.cores_for_storm), (1593, 3), "{load:?}");
        assert!((load.formats[0].micros_alone - 160_000.0).abs() < 1.0);
        assert!(!load.formats[0].over_deadline);
    }

    #[test]
    fn what_is_no_survey_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}").unwrap();
        let why = Survey::read(file.path().to_str().unwrap()).unwrap_err();
        assert!(why.contains("keyferry survey --json") && why.contains("groups"), "{why}");
    }
}
