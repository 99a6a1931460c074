//! `keyferry survey`: which hash formats the stores hold, and what will become of each.

mod render;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;
use indicatif::HumanCount;
use serde::Serialize;

use crate::config::Needs;
use crate::schemes::Kind;
use crate::seeding::sink::file::Destination;
use crate::seeding::survey::{self, GroupKey, Importable, Measured, Survey, SurveyError, Surveyed};

use super::progress::{Progress, rate};
use super::{ConfigArgs, Exit, interrupt, output, setup, stores};

/// All the time that measuring may take; scheme parameters beyond it are estimated.
const MEASURING: Duration = Duration::from_mins(1);

/// Reads every row and writes nothing. Users are grouped by scheme and parameters; one verification of each group is
/// measured on this machine, against the hook's deadline. Exit code 3 where rows are unreadable.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,

    /// Only this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Only rows for which this holds, in the store's own SQL over the columns of the users query
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,

    /// Where all unreadable rows go, as CSV: source, id, login, reason. The report names the first hundred of each
    /// reason
    #[arg(long, value_name = "FILE")]
    unreadable: Option<String>,

    /// The report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let unreadable = args.unreadable.as_deref().map(Destination::parse);
    if args.json && unreadable == Some(Destination::Stdout) {
        output::note("--json prints its report on standard output, where --unreadable would go too");
        return Ok(Exit::Bad);
    }
    let config = match setup::configuration(&args.config.config, Needs::SOURCES) {
        Ok(config) => config,
        Err(exit) => return Ok(exit),
    };
    let deadline = config.server.deadline;
    let surveyed: Vec<Surveyed> = match stores::open(config, args.source.as_deref()) {
        Ok(stores) => stores
            .into_iter()
            .map(|store| Surveyed { source: store.source, reader: Arc::new(store.reader) })
            .collect(),
        Err(exit) => return Ok(exit),
    };
    interrupt::survive_file_size_limit();
    let total = stores::count(surveyed.iter().map(|store| &store.source), args.filter.as_deref()).await;
    let mut progress = Progress::start(total);
    let mut rows = 0;
    let found = tokio::select! {
        found = survey::run(surveyed, args.filter, unreadable, |count| {
            rows = count;
            progress.rows(rows);
        }) => found,
        signal = interrupt::interrupted() => {
            drop(progress);
            output::note(&format!("keyferry: {signal} after {} rows", HumanCount(rows)));
            return Ok(Exit::Failed);
        }
    };
    let time = progress.finish();
    let survey = match found {
        Ok(survey) => survey,
        Err(SurveyError::Walk(error)) if stores::is_misconfigured(&error, rows) => {
            output::note(&error.to_string());
            return Ok(Exit::Bad);
        }
        Err(error) => return Err(error.into()),
    };
    let exit = if survey.unreadable_rows() == 0 { Exit::Done } else { Exit::WithRejects };
    let report = tokio::task::spawn_blocking(move || Report::new(survey, time, deadline)).await??;
    if args.json {
        output::json(&report)?;
    } else {
        render::print(&report)?;
    }
    Ok(exit)
}

/// The survey as it is printed; serializes to what `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    rows: u64,
    active: u64,
    inactive: u64,
    sources: Vec<SourceRows>,
    routes: Routes,
    groups: Vec<Group>,
    unreadable: Vec<UnreadableRows>,
    import_hours: ImportHours,
    deadline_micros: u64,
    seconds: f64,
    rows_per_second: u64,
}

#[derive(Debug, Serialize)]
struct SourceRows {
    name: String,
    rows: u64,
}

#[derive(Debug, Serialize)]
struct Routes {
    hash: u64,
    hook: u64,
    unreadable: u64,
    no_stored_value: u64,
}

#[derive(Debug, Serialize)]
struct Group {
    scheme: String,
    parameters: String,
    users: u64,
    /// Of all rows, 0 to 1.
    share: f64,
    active: u64,
    inactive: u64,
    okta: Okta,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<Verify>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "credential", rename_all = "lowercase")]
enum Okta {
    Hash { algorithm: &'static str },
    Hook { reason: String },
}

#[derive(Debug, Serialize)]
struct Verify {
    micros: u64,
    /// What runs several of them together; none where each runs alone.
    kernel: Option<&'static str>,
    /// What a usual server takes, in microseconds.
    estimate_micros: u64,
    /// False where it is the scheme's estimate.
    measured: bool,
    over_deadline: bool,
}

#[derive(Debug, Serialize)]
struct UnreadableRows {
    reason: String,
    rows: u64,
    /// The first of them.
    named: Vec<NamedRow>,
}

#[derive(Debug, Serialize)]
struct NamedRow {
    source: String,
    id: Option<String>,
}

/// Hours of one create-user call for each user, at the rates Okta publishes.
#[derive(Debug, Serialize)]
struct ImportHours {
    at_600_a_minute: f64,
    at_100_a_minute: f64,
}

impl Report {
    /// Measures each group, which takes the processor for a while.
    fn new(survey: Survey, time: Duration, deadline: Duration) -> anyhow::Result<Self> {
        let routes = Routes {
            hash: survey.by_hash(),
            hook: survey.by_hook(),
            unreadable: survey.unreadable_rows(),
            no_stored_value: survey.no_stored_value,
        };
        let mut unreadable = survey.unreadable;
        unreadable.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.reason.cmp(&b.reason)));
        let mut groups: Vec<(GroupKey, survey::Group)> = survey.groups.into_iter().collect();
        groups.sort_by(|(a, one), (b, two)| two.users.cmp(&one.users).then_with(|| a.cmp(b)));
        let times = measure(&groups)?;
        let hours = |a_minute: u32| {
            let users = u32::try_from(routes.hash + routes.hook).unwrap_or(u32::MAX);
            f64::from(users) / f64::from(a_minute) / 60.0
        };
        Ok(Self {
            rows: survey.rows,
            active: survey.active,
            inactive: survey.rows - survey.active,
            sources: survey
                .by_source
                .into_iter()
                .map(|(name, rows)| SourceRows { name: name.to_string(), rows })
                .collect(),
            import_hours: ImportHours { at_600_a_minute: hours(600), at_100_a_minute: hours(100) },
            routes,
            groups: groups
                .into_iter()
                .zip(times)
                .map(|((key, group), time)| Group::new(key, &group, time, survey.rows, deadline))
                .collect(),
            unreadable: unreadable.into_iter().map(UnreadableRows::from).collect(),
            deadline_micros: micros(deadline),
            seconds: time.as_secs_f64(),
            rows_per_second: rate(survey.rows, time),
        })
    }
}

impl Group {
    fn new(
        key: GroupKey,
        group: &survey::Group,
        time: Option<Measured>,
        rows: u64,
        deadline: Duration,
    ) -> Self {
        Self {
            scheme: key.scheme.to_string(),
            parameters: key.parameters,
            users: group.users,
            share: share(group.users, rows),
            active: group.active,
            inactive: group.users - group.active,
            okta: match key.okta {
                Importable::Hash(algorithm) => Okta::Hash { algorithm },
                Importable::Hook(reason) => Okta::Hook { reason: reason.into_owned() },
            },
            verify: group.sample.as_ref().zip(time).map(|(hash, time)| Verify {
                micros: micros(time.time),
                kernel: hash.kind().map(Kind::kernel),
                estimate_micros: hash.cost().micros,
                measured: time.measured,
                over_deadline: time.time > deadline,
            }),
        }
    }
}

impl From<survey::Unreadable> for UnreadableRows {
    fn from(unreadable: survey::Unreadable) -> Self {
        let named = |(source, id): (Arc<str>, _)| NamedRow { source: source.to_string(), id };
        Self {
            reason: unreadable.reason,
            rows: unreadable.rows,
            named: unreadable.named.into_iter().map(named).collect(),
        }
    }
}

fn measure(groups: &[(GroupKey, survey::Group)]) -> anyhow::Result<Vec<Option<Measured>>> {
    let mut wrong = [0; 16];
    getrandom::fill(&mut wrong)?;
    let start = Instant::now();
    let samples = groups.iter().filter_map(|(_, group)| group.sample.as_ref());
    let mut measured =
        survey::measure(samples, hex::encode(wrong).as_bytes(), MEASURING, || start.elapsed()).into_iter();
    Ok(groups.iter().map(|(_, group)| group.sample.as_ref().and_then(|_| measured.next())).collect())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// To four digits, which is as much as anyone reads.
fn share(part: u64, whole: u64) -> f64 {
    let ten_thousandths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    f64::from(u16::try_from(ten_thousandths).unwrap_or(u16::MAX)) / 10_000.0
}
