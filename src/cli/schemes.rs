//! `keyferry schemes`: the registry, one scheme of it, and what an expression means.

mod markdown;

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use super::verify::pointed_out;
use super::{Exit, output};
use crate::schemes::{Entry, Explanation, entries, explain, find};

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// The registry as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// The registry as Markdown: the text of docs/SCHEMES.md
    #[arg(long)]
    markdown: bool,

    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Tells all about one scheme
    Show {
        /// Its name, one of its other names, or hashcat:N
        name: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Takes an expression apart: what it computes, what it needs, what it takes, what Okta makes of it
    Explain {
        /// Such as 'sha256($salt.$pass)'
        expression: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[expect(clippy::unused_async, reason = "every verb is called alike")]
pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    match args.verb {
        Some(Verb::Show { name, json }) => show(&name, json),
        Some(Verb::Explain { expression, json }) => explained(&expression, json),
        None => {
            if args.markdown {
                output::text(&markdown::document())?;
            } else if args.json {
                output::json(&entries().iter().map(Described::of).collect::<Vec<_>>())?;
            } else {
                list()?;
            }
            Ok(Exit::Done)
        }
    }
}

/// An entry as JSON.
#[derive(Serialize)]
struct Described {
    name: &'static str,
    aliases: &'static [&'static str],
    hashcat: &'static [u32],
    /// Whether `auto` recognises its values.
    auto: bool,
    prefixes: &'static [&'static str],
    expression: Option<&'static str>,
    layout: &'static str,
    software: &'static str,
    okta: &'static str,
    example: Example,
}

#[derive(Serialize)]
struct Example {
    stored: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pepper: Option<&'static str>,
    password: &'static str,
}

impl Described {
    fn of(entry: &Entry) -> Self {
        let example = &entry.example;
        Self {
            name: entry.name,
            aliases: entry.aliases,
            hashcat: entry.hashcat,
            auto: entry.auto(),
            prefixes: entry.prefixes,
            expression: entry.expression(),
            layout: entry.layout,
            software: entry.software,
            okta: entry.okta,
            example: Example {
                stored: example.stored,
                salt: example.salt,
                username: example.user,
                pepper: example.pepper,
                password: example.password,
            },
        }
    }
}

/// What verifying the example takes on a current server core; other parameters take more or less.
fn time(entry: &Entry) -> String {
    output::duration(entry.example_cost().micros)
}

fn modes(entry: &Entry) -> String {
    entry.hashcat.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn list() -> std::io::Result<()> {
    let mut table =
        output::table(["scheme", "auto", "hashcat", "Okta", "made by"], 5, output::terminal_width());
    for entry in entries() {
        let auto = if entry.auto() { "yes" } else { "" };
        table.add_row([entry.name, auto, &modes(entry), entry.okta, entry.software]);
    }
    output::line(&table.trim_fmt())?;
    output::line("\nAny other construction is written as an expression, such as md5(md5($pass).$salt):")?;
    output::line(
        "keyferry schemes explain 'md5(md5($pass).$salt)'. All about one scheme: keyferry schemes show NAME.",
    )
}

fn show(name: &str, json: bool) -> anyhow::Result<Exit> {
    let Some(entry) = find(name) else {
        output::note(&format!(
            "keyferry schemes show: there is no scheme `{name}`; keyferry schemes lists all"
        ));
        return Ok(Exit::Bad);
    };
    if json {
        output::json(&Described::of(entry))?;
        return Ok(Exit::Done);
    }
    output::line(entry.name)?;
    let field = |name: &str, value: &str| {
        if value.is_empty() { Ok(()) } else { output::line(&format!("  {name:<12} {value}")) }
    };
    field("also", &entry.aliases.join(", "))?;
    field("hashcat", &modes(entry))?;
    field("made by", entry.software)?;
    field("layout", entry.layout)?;
    field("expression", entry.expression().unwrap_or_default())?;
    field("auto", if entry.auto() { "recognises it" } else { "does not recognise it: name it" })?;
    field("takes", &time(entry))?;
    field("Okta", entry.okta)?;
    field("example", entry.example.stored)?;
    field("  salt", entry.example.salt.unwrap_or_default())?;
    field("  username", entry.example.user.unwrap_or_default())?;
    field("  pepper", entry.example.pepper.unwrap_or_default())?;
    field("  password", entry.example.password)?;
    Ok(Exit::Done)
}

fn explained(text: &str, json: bool) -> anyhow::Result<Exit> {
    let explanation = match explain(text) {
        Ok(explanation) => explanation,
        Err(error) => {
            output::note(&format!("keyferry schemes explain: {}", pointed_out(text, &error)));
            return Ok(Exit::Bad);
        }
    };
    let Explanation { tree, stored, layout, needs, cost, rounds, okta } = &explanation;
    let route = match (okta, rounds) {
        (None, _) => "as it imports the stored value".to_owned(),
        (Some(Ok(hash)), None) => format!("imports it as {}", hash.description()),
        (Some(Ok(hash)), Some(rounds)) => {
            format!("imports it as {}, from {rounds} rounds on", hash.algorithm())
        }
        (Some(Err(reason)), _) => format!("asks the hook: {reason}"),
    };
    if json {
        output::json(&serde_json::json!({
            "expression": text,
            "tree": tree.iter().map(|(depth, what)| serde_json::json!({"depth": depth, "what": what})).collect::<Vec<_>>(),
            "stored": stored,
            "layout": layout,
            "needs": needs.iter().map(|need| serde_json::json!({"name": need.name, "from": need.from})).collect::<Vec<_>>(),
            "rounds": rounds,
            "micros": cost.micros,
            "memory": cost.memory,
            "okta": route,
        }))?;
        return Ok(Exit::Done);
    }
    for (depth, what) in tree {
        output::line(&format!("{}{what}", "  ".repeat(*depth)))?;
    }
    output::line("")?;
    let field = |name: &str, value: &str| output::line(&format!("{name:<10} {value}"));
    if let Some(layout) = layout {
        field("layout", layout)?;
    }
    field("stored as", stored)?;
    match needs.as_slice() {
        [] => field("needs", "nothing besides $pass")?,
        needs => {
            for (index, need) in needs.iter().enumerate() {
                let name = if index == 0 { "needs" } else { "" };
                field(name, &format!("{} from {}", need.name, need.from))?;
            }
        }
    }
    let memory = match cost.memory {
        0 => String::new(),
        bytes => format!(" and {} KiB", bytes.div_ceil(1024)),
    };
    let rounds = rounds.map_or_else(String::new, |rounds| format!(", at {rounds} rounds"));
    field("takes", &format!("about {} µs{memory}{rounds}", cost.micros))?;
    field("Okta", &route)?;
    Ok(Exit::Done)
}
