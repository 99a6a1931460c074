//! `keyferry bench`: what this machine's cores make of slow hashes, and how many sign-ins a minute they carry.

mod formats;
mod load;
mod measure;
mod render;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use serde::Serialize;

use super::{Exit, output, setup};
use crate::config::Needs;
use crate::schemes::Simd;

/// Measures verifications alone and together on one core. With a survey's report it tells how many sign-ins a minute
/// this machine carries of those formats, and how many cores a storm of them needs.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The configuration, for the deadline and the number of verify threads; the defaults where there is none
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// What `keyferry survey --json` printed; - for standard input
    #[arg(long, value_name = "FILE")]
    survey: Option<String>,

    /// Sign-ins a minute that are expected when it is busiest; otherwise a hundredth of the users whom the hook verifies
    #[arg(long, value_name = "NUMBER", requires = "survey")]
    storm: Option<u64>,

    /// One round of each measurement
    #[arg(long)]
    quick: bool,

    /// The report as JSON
    #[arg(long)]
    json: bool,
}

/// What was measured and what follows from it; serializes to what `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// Threads that verify at once.
    cores: usize,
    /// The vector instructions that kernels use.
    simd: &'static str,
    /// How much more all threads together do than one.
    all_cores: f64,
    kernels: Vec<Timing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<load::Load>,
}

/// Verifications of one format, so many at once on one core.
#[derive(Clone, Debug, Serialize)]
struct Timing {
    /// The kernel's name, or the scheme's where it has none.
    kernel: &'static str,
    scheme: &'static str,
    parameters: &'static str,
    /// How many run together.
    lanes: usize,
    /// Processor time for each, in microseconds.
    micros_each: f64,
    /// What is told of one alone beforehand.
    #[serde(skip)]
    estimate: f64,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let (deadline, threads) = match &args.config {
        None => (load::DEADLINE, None),
        Some(file) => match setup::configuration(file, Needs::LEDGER) {
            Ok(config) => (config.server.deadline, config.server.verify_threads),
            Err(exit) => return Ok(exit),
        },
    };
    let survey = match args.survey.as_deref().map(load::Survey::read).transpose() {
        Ok(survey) => survey,
        Err(error) => {
            output::note(&error);
            return Ok(Exit::Bad);
        }
    };
    let quick = args.quick;
    let mut report = tokio::task::spawn_blocking(move || Report::measure(threads, quick)).await??;
    report.load = survey.map(|survey| report.load(survey, args.storm, deadline));
    if args.json {
        output::json(&report)?;
    } else {
        render::print(&report)?;
    }
    Ok(Exit::Done)
}

impl Report {
    /// Takes the processor for some seconds.
    fn measure(threads: Option<usize>, quick: bool) -> anyhow::Result<Self> {
        let cores = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let formats = formats::all()?;
        let mut kernels = Vec::new();
        for format in &formats {
            kernels.extend(measure::alone_and_together(format, quick));
        }
        let all_cores = formats.first().map_or(1.0, |format| measure::all_cores(format, cores));
        Ok(Self { cores, simd: Simd::detect().name(), all_cores, kernels, load: None })
    }

    fn load(&self, survey: load::Survey, storm: Option<u64>, deadline: Duration) -> load::Load {
        load::Load::of(survey, &self.kernels, self.all_cores, storm, deadline)
    }
}
