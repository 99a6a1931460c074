//! `keyferry.toml` and the environment, read into typed values and checked once, all problems at a time.
//!
//! Rooms never see this type: `cli` takes it apart and hands each room plain arguments.

mod asked;
mod cleanup;
mod dashboard;
mod environment;
mod import;
mod okta;
mod reference;
mod section;
mod server;
mod source;
mod telemetry;
mod throttle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Table;

pub use cleanup::Cleanup;
pub use dashboard::Dashboard;
pub use import::{Existing, Import, Merge, Unmapped, WITHOUT_MAPPING};
pub use okta::{Okta, PrivateKeyJwt};
pub use reference::{KeyReference, ReferenceError, SectionReference, reference};
pub use section::parse_duration;
pub use server::{Auth, HeaderAuth, OAuth2, Server, ServerLimits, Tls};
pub use source::Source;
pub use telemetry::Telemetry;
pub use throttle::Throttle;

use crate::schemes::Limits;
use crate::secret::Secret;
use section::{Reading, Section};

/// A shorter key could be guessed together with the names that it hides, in bytes.
const MIN_LEDGER_KEY: usize = 16;

/// The whole configuration.
#[derive(Debug)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[ledger]`
    pub ledger: Ledger,
    /// `[[source]]`, in the order in which they are asked.
    pub sources: Vec<Source>,
    /// `[[cleanup]]`, one for a source at most.
    pub cleanup: Vec<Cleanup>,
    /// `[okta]`
    pub okta: Option<Okta>,
    /// `[import]`
    pub import: Import,
    /// `[limits]`
    pub limits: Limits,
    /// `[log]`
    pub log: Log,
    /// `[telemetry]`
    pub telemetry: Telemetry,
    /// Where secrets were found.
    pub secret_places: SecretPlaces,
}

/// `[ledger]`
#[derive(Debug)]
pub struct Ledger {
    /// `sqlite:FILE` or `postgres://…`
    pub url: Secret,
    /// Key of the hash by which users are known in the ledger and in logs; one is made and kept in the ledger
    /// where it is not set.
    pub key: Option<Secret>,
    /// Events that may wait while the ledger is slow or down.
    pub queue: usize,
}

/// Where secrets stand, for whoever checks who may read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretPlaces {
    /// Keys whose secret is written out in the configuration's file.
    pub written_out: Vec<String>,
    /// Keys whose secret is in a file of its own.
    pub files: Vec<(String, PathBuf)>,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// One JSON object a line instead of text.
    pub json: bool,
    /// A filter as `tracing` knows them: `info`, `keyferry=debug`.
    pub level: String,
}

/// What a command needs of the configuration. A section that is not needed is still checked for form, but may be
/// incomplete: an export can run where the hook's secret is not known.
#[expect(clippy::struct_excessive_bools, reason = "each is a section of its own")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// `[server]`, with its authentication.
    pub server: bool,
    /// At least one `[[source]]`.
    pub sources: bool,
    /// `[okta]`, with its credentials.
    pub okta: bool,
    /// The account of every `[[cleanup]]` that is there.
    pub cleanup: bool,
}

impl Needs {
    /// Everything that is there must be complete.
    pub const ALL: Self = Self { server: true, sources: true, okta: true, cleanup: true };
    /// The stores alone: survey and export.
    pub const SOURCES: Self = Self { sources: true, ..Self::LEDGER };
    /// Stores and the org: an import.
    pub const IMPORT: Self = Self { sources: true, okta: true, ..Self::LEDGER };
    /// The hook: listeners and stores.
    pub const SERVICE: Self = Self { server: true, sources: true, ..Self::LEDGER };
    /// The stores, and what may write to them.
    pub const CLEANUP: Self = Self { sources: true, cleanup: true, ..Self::LEDGER };
    /// Nothing beyond the ledger.
    pub const LEDGER: Self = Self { server: false, sources: false, okta: false, cleanup: false };
}

/// One thing wrong with the configuration: the key, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Full key: `server.deadline`, `source[0].lookup`.
    pub key: String,
    /// What is wrong and the mend; never a secret.
    pub message: String,
}

/// Everything that is wrong, section by section.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} problem(s)", .0.len())]
pub struct Problems(pub Vec<Problem>);

impl Config {
    /// Reads the file, lays the environment over it, and checks everything.
    pub fn load(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        needs: Needs,
    ) -> Result<Self, Problems> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot be read: {error}; name another file with --config");
            Problems(vec![Problem { key: path.display().to_string(), message }])
        })?;
        Self::parse(&text, environment, needs)
    }

    /// The same from a text.
    pub fn parse(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
        needs: Needs,
    ) -> Result<Self, Problems> {
        let environment: BTreeMap<String, String> = environment.into_iter().collect();
        let mut table: Table =
            toml::from_str(text).map_err(|error| Problems(vec![syntax_problem(text, &error)]))?;
        let reading = Reading::new(environment.clone());
        environment::overlay(&mut table, &environment, &reading);
        read(Section::new(&reading, "", table), &reading, needs)
    }
}

fn read(mut root: Section<'_>, reading: &Reading, needs: Needs) -> Result<Config, Problems> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut keep = |needed: bool| {
        let noted = reading.take().into_iter();
        problems.extend(noted.filter(|noted| needed || !noted.only_if_needed).map(|noted| noted.problem));
    };
    let server = server::read(root.section("server"));
    keep(needs.server);
    let ledger = ledger(root.section("ledger"));
    keep(true);
    let (sources, all_read) = sources(&mut root, reading);
    keep(needs.sources);
    let cleanup = cleanups(&mut root, if all_read { &sources } else { &[] }, reading);
    keep(needs.cleanup);
    let okta = if root.has("okta") { okta::read(root.section("okta")) } else { None };
    keep(needs.okta);
    let import = import::read(root.section("import"), if all_read { &sources } else { &[] });
    keep(needs.sources);
    let limits = limits(root.section("limits"));
    let log = log(root.section("log"));
    let telemetry = telemetry::read(root.section("telemetry"));
    root.finish_with(&["okta"]);
    keep(true);
    match ledger {
        Some(ledger) if problems.is_empty() => {
            let secret_places = reading.secret_places();
            Ok(Config {
                server,
                ledger,
                sources,
                cleanup,
                okta,
                import,
                limits,
                log,
                telemetry,
                secret_places,
            })
        }
        _ => Err(Problems(problems)),
    }
}

fn ledger(mut section: Section<'_>) -> Option<Ledger> {
    section.default_is("url", "\"sqlite:keyferry-ledger.db\"");
    let url =
        if section.has("url") { section.secret("url") } else { Some("sqlite:keyferry-ledger.db".into()) };
    let known = |url: &Secret| {
        let kinds = ["sqlite:", "postgres://", "postgresql://"];
        url.expose_str().is_some_and(|url| kinds.iter().any(|kind| url.starts_with(kind)))
    };
    if url.as_ref().is_some_and(|url| !known(url)) {
        section.problem("url", "must begin with sqlite: or postgres://");
    }
    let key = section.secret("key");
    if key.as_ref().is_some_and(|key| key.len() < MIN_LEDGER_KEY) {
        section
            .problem("key", format!("is shorter than {MIN_LEDGER_KEY} bytes; make a random one and keep it"));
    }
    let queue = usize::try_from(section.integer_or("queue", 1..=1_000_000, 10_000)).unwrap_or(10_000);
    section.finish_with(&["url"]);
    Some(Ledger { url: url?, key, queue })
}

/// The sources, and whether none of them was left out for what is wrong with it.
fn sources(root: &mut Section<'_>, reading: &Reading) -> (Vec<Source>, bool) {
    let sections = root.sections("source");
    if sections.is_empty() {
        reading.note_missing("source", "is missing; write a [[source]] with name, url and lookup");
    }
    let count = sections.len();
    let sources: Vec<Source> = sections.into_iter().filter_map(source::read).collect();
    for (index, source) in sources.iter().enumerate() {
        if sources.iter().take(index).any(|other| other.settings.name == source.settings.name) {
            reading
                .note(format!("source[{index}].name"), "is the name of an earlier source; give it its own");
        }
    }
    let all_read = sources.len() == count;
    (sources, all_read)
}

fn cleanups(root: &mut Section<'_>, sources: &[Source], reading: &Reading) -> Vec<Cleanup> {
    let sections = root.sections("cleanup");
    let cleanups: Vec<Cleanup> =
        sections.into_iter().filter_map(|section| cleanup::read(section, sources)).collect();
    for (index, cleanup) in cleanups.iter().enumerate() {
        if cleanups.iter().take(index).any(|other| other.source == cleanup.source) {
            reading.note(format!("cleanup[{index}].source"), "has a [[cleanup]] already; write one for each");
        }
    }
    cleanups
}

fn limits(mut section: Section<'_>) -> Limits {
    let default = Limits::default();
    let bytes = |section: &mut Section<'_>, key, most, default: usize| {
        let default = u32::try_from(default).unwrap_or(most);
        usize::try_from(section.integer_or(key, 1..=most, default)).unwrap_or(usize::MAX)
    };
    let limits = Limits {
        bcrypt_cost: section.integer_or("bcrypt_cost", 4..=31, default.bcrypt_cost),
        argon2_memory_kib: section.integer_or("argon2_memory_kib", 8..=4_194_304, default.argon2_memory_kib),
        argon2_passes: section.integer_or("argon2_passes", 1..=1_000, default.argon2_passes),
        scrypt_memory_kib: section.integer_or("scrypt_memory_kib", 1..=4_194_304, default.scrypt_memory_kib),
        rounds: section.integer_or("rounds", 1..=1_000_000_000, default.rounds),
        password_bytes: bytes(&mut section, "password_bytes", 65_536, default.password_bytes),
        salt_bytes: bytes(&mut section, "salt_bytes", 65_536, default.salt_bytes),
        stored_bytes: bytes(&mut section, "stored_bytes", 65_536, default.stored_bytes),
    };
    section.finish();
    limits
}

fn log(mut section: Section<'_>) -> Log {
    let json = section.word("format", &[("text", false), ("json", true)], false);
    let level = section.text_or("level", "info");
    if level.parse::<tracing_subscriber::filter::Targets>().is_err() {
        section
            .problem("level", "must be a level such as \"info\" or a filter such as \"info,keyferry=debug\"");
    }
    section.finish();
    Log { json, level }
}

/// The parser's words without its quotation of the line, which may hold a secret.
fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Problem { key: format!("line {line}, column {column}"), message: error.message().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCT: &str = r#"
[server]
listen = "127.0.0.1:8080"
path = "/okta/password-import"
deadline = "2.5s"
private_listen = "127.0.0.1:9090"
[server.auth]
header = [{ name = "Authorization", secret = "env:KEYFERRY_HOOK_SECRET" }]
[ledger]
url = "sqlite:keyferry-ledger.db"
[[source]]
name = "shop"
url = "postgres://reader@db/shop"
lookup = "SELECT id, email AS login, password AS stored FROM users WHERE lower(email) = lower(:username)"
users = "SELECT id, email AS login, password AS stored FROM users WHERE id > :after ORDER BY id LIMIT :limit"
scheme = "auto"
[source.username]
trim = true
lowercase = true
default_domain = "example.com"
[source.profile]
firstName = "first_name"
[okta]
org_url = "https://example.okta.com"
api_token = "env:OKTA_API_TOKEN"
groups = ["Migrated_from_Legacy_{date}"]
share = 0.8
"#;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn problems(text: &str, pairs: &[(&str, &str)], needs: Needs) -> Vec<(String, String)> {
        let problems = Config::parse(text, environment(pairs), needs).expect_err("a bad configuration").0;
        problems.into_iter().map(|problem| (problem.key, problem.message)).collect()
    }

    #[test]
    fn the_documented_configuration_is_read() {
        let secrets = environment(&[("KEYFERRY_HOOK_SECRET", "Basic abc"), ("OKTA_API_TOKEN", "00token")]);
        let config = Config::parse(PRODUCT, secrets, Needs::ALL).expect("valid");
        assert_eq!(config.server.deadline.as_millis(), 2500);
        assert_eq!(config.server.auth.header[0].name, "authorization");
        assert!(config.server.auth.header[0].secret.matches(b"Basic abc"));
        assert_eq!(config.sources[0].settings.username.apply(" Alice "), "alice@example.com");
        assert_eq!(config.sources[0].profile, [("firstName".to_owned(), "first_name".to_owned())]);
        assert!((config.okta.expect("okta").share - 0.8).abs() < 1e-9);
    }

    #[test]
    fn a_secret_that_is_not_needed_may_be_absent() {
        assert!(Config::parse(PRODUCT, Vec::new(), Needs::SOURCES).is_ok());
        let found = problems(PRODUCT, &[], Needs::ALL);
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["server.auth.header[0].secret", "okta.api_token"]);
        assert!(found[0].1.contains("KEYFERRY_HOOK_SECRET"), "{found:?}");
    }

    #[test]
    fn all_problems_are_told_at_once_each_with_its_key() {
        let text = r#"
[server]
lisen = "127.0.0.1:1"
deadline = "3s"
path = "hook"
[[source]]
url = "oracle://x"
scheme = 7
[[source]]
name = "b"
url = "sqlite:x"
lookup = "SELECT 1"
[source.username]
rewrite = { pattern = "(", replace = "" }
[log]
format = "xml"
[mystery]
"#;
        let found = problems(text, &[], Needs::SERVICE);
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "server.path",
                "server.deadline",
                "server.auth.header",
                "server.lisen",
                "source[0].name",
                "source[0].url",
                "source[0].lookup",
                "source[0].scheme",
                "source[1].username.rewrite.pattern",
                "log.format",
                "mystery",
            ]
        );
        assert!(found[3].1.contains("`listen`"), "suggests the key that was meant: {found:?}");
    }

    #[test]
    fn three_seconds_are_refused_and_just_below_is_taken() {
        let with = |deadline: &str| PRODUCT.replace("2.5s", deadline);
        assert!(Config::parse(&with("2999ms"), Vec::new(), Needs::SOURCES).is_ok());
        for refused in ["3s", "3000ms", "1m", "0s"] {
            let found = problems(&with(refused), &[], Needs::SOURCES);
            assert_eq!(found[0].0, "server.deadline", "{refused}");
        }
    }

    #[test]
    fn the_event_hook_has_a_path_of_its_own_or_none() {
        let with = |line: &str| PRODUCT.replace("deadline = ", &format!("{line}\ndeadline = "));
        let read =
            |line: &str| Config::parse(&with(line), Vec::new(), Needs::SOURCES).map(|c| c.server.events_path);
        assert_eq!(read("").expect("valid").as_deref(), Some("/okta/events"));
        assert_eq!(read("events_path = \"/e\"").expect("valid").as_deref(), Some("/e"));
        assert_eq!(read("events_path = \"\"").expect("valid"), None);
        for bad in ["/okta/password-import", "events", "/a b", "/{a}", "/"] {
            let found = problems(&with(&format!("events_path = \"{bad}\"")), &[], Needs::SOURCES);
            assert_eq!(found[0].0, "server.events_path", "{bad}");
        }
        let own = format!("{PRODUCT}[server.events_auth]\n");
        let secrets = [("KEYFERRY_HOOK_SECRET", "Basic abc")];
        assert_eq!(problems(&own, &secrets, Needs::SERVICE)[0].0, "server.events_auth.header");
    }

    #[test]
    fn every_key_can_come_from_the_environment() {
        let config = Config::parse(
            PRODUCT,
            environment(&[
                ("KEYFERRY_SERVER__LISTEN", "127.0.0.1:1234"),
                ("KEYFERRY_SERVER__DEBUG_CONTEXT", "true"),
                ("KEYFERRY_SERVER__AUTH__HEADER__0__SECRET", "123456"),
                ("KEYFERRY_SERVER__AUTH__HEADER__1__NAME", "X-Key"),
                ("KEYFERRY_SERVER__AUTH__HEADER__1__SECRET", "next"),
                ("KEYFERRY_SOURCE__0__PAGE_SIZE", "77"),
                ("KEYFERRY_SOURCE__0__PROFILE__FIRSTNAME", "given"),
                ("KEYFERRY_LIMITS__BCRYPT_COST", "12"),
                ("KEYFERRY_HOOK_SECRET", "not a key of the configuration"),
            ]),
            Needs::SERVICE,
        )
        .expect("valid");
        assert_eq!(config.server.listen.port(), 1234);
        assert!(config.server.debug_context);
        assert!(config.server.auth.header[0].secret.matches(b"123456"));
        assert_eq!(config.server.auth.header[1].name, "x-key");
        assert_eq!(config.sources[0].settings.page_size, 77);
        assert_eq!(config.sources[0].profile, [("firstName".to_owned(), "given".to_owned())]);
        assert_eq!(config.limits.bcrypt_cost, 12);
    }

    #[test]
    fn an_override_that_leads_nowhere_is_a_problem() {
        let found = problems(
            PRODUCT,
            &[("KEYFERRY_SERVER__LISTENN", "x"), ("KEYFERRY_SOURCE__7__NAME", "x")],
            Needs::SOURCES,
        );
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert!(keys.contains(&"server.listenn") && keys.contains(&"KEYFERRY_SOURCE__7__NAME"), "{keys:?}");
    }

    #[test]
    fn a_syntax_error_tells_the_place_and_quotes_nothing() {
        let found = problems("[server]\nsecret = \"canary\nlisten = 1\n", &[], Needs::LEDGER);
        assert_eq!(found.len(), 1);
        assert!(found[0].0.starts_with("line 2, column "), "{found:?}");
        assert!(!format!("{found:?}").contains("canary"));
    }

    #[test]
    fn no_secret_is_in_the_debug_form() {
        let secrets = environment(&[("KEYFERRY_HOOK_SECRET", "canary-1"), ("OKTA_API_TOKEN", "canary-2")]);
        let config = Config::parse(&PRODUCT.replace("reader@", "reader:canary-3@"), secrets, Needs::ALL);
        assert!(!format!("{config:?}").contains("canary"));
    }
}
