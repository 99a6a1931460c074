//! The bench for people.

use indicatif::HumanCount;

use super::super::output;
use super::load::Load;
use super::{Report, Timing};

pub(super) fn print(report: &Report) -> std::io::Result<()> {
    output::line(&format!(
        "{}, vector instructions: {}. Together they do {:.2} times what one does.\n",
        output::counted(report.cores as u64, "verify thread"),
        report.simd,
        report.all_cores
    ))?;
    kernels(report)?;
    report.load.as_ref().map_or(Ok(()), load)
}

fn kernels(report: &Report) -> std::io::Result<()> {
    let headings = ["scheme", "parameters", "one alone", "each together", "how many", "times faster"];
    let mut table = output::table(headings, 2, output::terminal_width());
    let mut timings = report.kernels.iter().peekable();
    while let Some(alone) = timings.next() {
        let same = |other: &&Timing| (other.scheme, other.parameters) == (alone.scheme, alone.parameters);
        let together = timings.next_if(same);
        table.add_row([
            alone.scheme.to_owned(),
            alone.parameters.to_owned(),
            time(alone.micros_each),
            together.map_or_else(String::new, |timing| time(timing.micros_each)),
            together.map_or_else(String::new, |timing| timing.lanes.to_string()),
            together
                .map_or_else(String::new, |timing| format!("{:.1}", alone.micros_each / timing.micros_each)),
        ]);
    }
    output::line(&table.trim_fmt())
}

fn load(load: &Load) -> std::io::Result<()> {
    output::line(&format!("\nThe hook verifies {}:\n", output::counted(load.users, "active user")))?;
    let headings = ["scheme", "parameters", "users", "one alone", "each together", ""];
    let mut table = output::table(headings, 2, output::terminal_width());
    for share in &load.formats {
        let note = match (share.over_deadline, share.measured) {
            (true, _) => "slower than the deadline",
            (false, false) => "not measured: the usual time",
            (false, true) => "",
        };
        table.add_row([
            share.scheme.clone(),
            share.parameters.clone(),
            HumanCount(share.users).to_string(),
            time(share.micros_alone),
            time(share.micros_together),
            note.to_owned(),
        ]);
    }
    output::line(&table.trim_fmt())?;
    if load.users == 0 {
        return Ok(());
    }
    output::line(&format!(
        "\nA sign-in takes {} of a core. This machine carries {} sign-ins a minute, each within {}.\n\
         A storm of {} a minute needs {} like these.",
        time(load.micros_each),
        HumanCount(load.sign_ins_a_minute),
        output::duration(load.deadline_micros),
        HumanCount(load.storm),
        output::counted(load.cores_for_storm, "core"),
    ))
}

/// To three digits.
fn time(micros: f64) -> String {
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        ..1_000.0 => format!("{micros:.0} µs"),
        ..10_000.0 => format!("{:.2} ms", micros / 1e3),
        ..100_000.0 => format!("{:.1} ms", micros / 1e3),
        ..1_000_000.0 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}
