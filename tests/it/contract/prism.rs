//! Prism between the program and the imitation org, and what it objects to.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Json;
use axum::routing::get;
use keyferry::demo::org::{Org, ServiceApp, Settings};
use keyferry::secret::Secret;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;

use crate::import::{Move, TOKEN};
use crate::node::Program;
use crate::relay::{Exchange, Relay};
use crate::servers::missing;
use crate::shop::Shop;

/// Okta's description, where it lies beside the project.
const DESCRIPTION: &str = "../shared/okta/management-subset.yaml";
/// The variable that names another place.
const DESCRIPTION_VARIABLE: &str = "KEYFERRY_OKTA_DESCRIPTION";
/// An endpoint that Okta describes and the imitation org does not have: here it answers what Okta never would.
pub(super) const WRONG: &str = "/api/v1/groups/rules";

/// A service app that gets tokens from the org, and its key.
pub(super) const SERVICE_APP: &str = "0oa1service";
const SERVICE_APP_PUBLIC_KEY: &str = include_str!("../mock_okta/service_app.pub.pem");

/// An answer that Okta's documents give and its description does not have. Prism lets it through and says so.
struct Undescribed {
    method: &'static str,
    /// As [`family`] gives it.
    family: &'static str,
    status: u16,
    /// Where else it stands.
    because: &'static str,
}

const UNDESCRIBED: [Undescribed; 2] = [
    Undescribed {
        method: "GET",
        family: "/api/v1/users",
        status: 401,
        because: "E0000011 of Okta's list of error codes; the description has 401 nowhere",
    },
    Undescribed {
        method: "GET",
        family: "/api/v1/users",
        status: 400,
        because: "E0000031 of Okta's list of error codes, for a filter that it does not know",
    },
];

/// Where the description has the endpoint that lets Okta call a hook.
const EXECUTE: &str = "  /api/v1/inlineHooks/{inlineHookId}/execute:";
/// Its bodies for other kinds of hooks. The description wants exactly one of all kinds to fit, and none
/// requires anything, so that several fit and no right call can be made. Only a password import's may stay.
const OTHER_HOOKS: [&str; 10] = [
    "TelephonyRequestExecute",
    "RegistrationInlineHookRequest",
    "TokenRequest",
    "SAMLPayloadExecute",
    "UserImportRequestExecute",
    "TelephonyResponse",
    "RegistrationInlineHookResponse",
    "TokenHookResponse",
    "SAMLHookResponse",
    "UserImportResponse",
];

/// The imitation org behind Prism, and a relay in front that notes what Prism lets through.
pub(super) struct Checked {
    pub(super) org: Org,
    pub(super) relay: Relay,
    prism: Program,
    /// What Prism reads.
    _description: NamedTempFile,
}

impl Checked {
    /// `None`, and a loud word, where Prism or the description is missing.
    pub(super) async fn start() -> Option<Self> {
        let description = description()?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let upstream = format!("http://{}", listener.local_addr().expect("an address"));
        let org_itself = upstream.clone();
        let path = description.path().to_owned();
        let prism = tokio::task::spawn_blocking(move || {
            let arguments = ["proxy", "--errors", "--port", "0", path.to_str().expect("text"), &upstream];
            Program::start("@stoplight/prism-cli/dist/index.js", &arguments, "Prism is listening on ")
        });
        let prism = prism.await.expect("the start is waited for")?;
        let at = prism.ready.find("http://").expect("the line has its address");
        let relay = Relay::start().await;
        // Tokens and signing in are no part of the description.
        relay.lead_to(&[
            ("/oauth2/", &org_itself),
            ("/api/v1/authn", &org_itself),
            ("/", prism.ready[at..].trim()),
        ]);

        // The org names itself as its callers see it, or its links would lead past Prism.
        let mut settings = Settings::new(relay.url.clone(), Secret::from(TOKEN));
        settings.rate.limit = 600_000;
        let app = ServiceApp::new(SERVICE_APP, SERVICE_APP_PUBLIC_KEY, Duration::from_hours(1));
        settings.service_app = Some(app.expect("a key"));
        let org = Org::new(settings).expect("an org");
        let router = org.router().route(WRONG, get(|| async { Json(json!([{ "id": 7 }])) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Some(Self { org, relay, prism, _description: description })
    }

    /// A store with these users, to be moved to the org.
    pub(super) async fn campaign(&self, users: &[(&str, &str)]) -> Move {
        Move { shop: Shop::new(users).await, org: self.org.clone(), org_url: self.relay.url.clone() }
    }

    /// What Prism objects to, and no exception is made for.
    pub(super) fn violations(&self) -> Vec<String> {
        let exchanges = self.relay.exchanges();
        exchanges
            .iter()
            .flat_map(|exchange| objections(exchange).into_iter().map(move |it| (exchange, it)))
            .filter(|(exchange, objection)| !is_undescribed(exchange, objection))
            .map(|(exchange, it)| format!("{} {} {}: {it}", exchange.method, exchange.path, exchange.status))
            .collect()
    }

    /// Prism lets everything through, and everything that it was to see was there: method and family of paths.
    pub(super) fn is_kept(&self, asked: &[(&str, &str)]) {
        let violations = self.violations();
        assert!(violations.is_empty(), "{violations:#?}\n{}", self.prism.log());
        let exchanges = self.relay.exchanges();
        let seen = |method: &str, of: &str| {
            exchanges.iter().any(|exchange| exchange.method == method && family(&exchange.path) == of)
        };
        let unseen: Vec<_> = asked.iter().filter(|(method, of)| !seen(method, of)).collect();
        assert!(unseen.is_empty(), "nothing was asked of {unseen:?}");
    }
}

/// Okta's own description, but for [`OTHER_HOOKS`]; `None`, and a loud word, where it is missing.
fn description() -> Option<NamedTempFile> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join(DESCRIPTION);
    let path = std::env::var_os(DESCRIPTION_VARIABLE).map_or_else(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(&path) else {
        return missing(&format!(
            "Okta's description is not at {}: set {DESCRIPTION_VARIABLE} to where it is to run this test",
            path.display()
        ));
    };
    let (mut here, mut others) = (false, 0);
    let mut kept = Vec::new();
    for line in text.lines() {
        if line.starts_with("  /") {
            here = line == EXECUTE;
        }
        let named = line.trim().strip_prefix("- $ref: '#/components/schemas/");
        let other =
            named.and_then(|name| name.strip_suffix('\'')).is_some_and(|name| OTHER_HOOKS.contains(&name));
        if here && other {
            others += 1;
        } else {
            kept.push(line);
        }
    }
    assert_eq!(others, OTHER_HOOKS.len(), "each stands there once");
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a file");
    std::fs::write(file.path(), kept.join("\n")).expect("written");
    Some(file)
}

/// What Prism says of one exchange: in a header where it lets the answer through, else in its own answer.
fn objections(exchange: &Exchange) -> Vec<String> {
    let header = exchange.headers.get("sl-violations");
    let mut found: Vec<Value> = match header.map(|value| serde_json::from_slice(value.as_bytes())) {
        Some(Ok(Value::Array(found))) => found,
        Some(_) => vec![json!({ "message": "more violations than a header can hold" })],
        None => Vec::new(),
    };
    let kind = exchange.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/problem+json") {
        let problem: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        let named = problem["validation"].as_array().cloned().unwrap_or_default();
        found.extend(if named.is_empty() { vec![json!({ "message": problem })] } else { named });
    }
    let mut words: Vec<String> = found.iter().map(told).collect();
    words.sort();
    words.dedup();
    words
}

fn told(objection: &Value) -> String {
    let place: Vec<&str> = objection["location"]
        .as_array()
        .map(|place| {
            place
                .iter()
                .filter_map(Value::as_str)
                .filter(|step| !["request", "response"].contains(step))
                .collect()
        })
        .unwrap_or_default();
    let message =
        objection["message"].as_str().map_or_else(|| objection["message"].to_string(), str::to_owned);
    format!("{}: {message}", place.join("."))
}

fn is_undescribed(exchange: &Exchange, objection: &str) -> bool {
    let known = UNDESCRIBED.iter().any(|answer| {
        exchange.method == answer.method
            && family(&exchange.path) == answer.family
            && exchange.status == answer.status
            && !answer.because.is_empty()
    });
    known && objection.contains("Unable to match the returned status code")
}

/// The path without its query, with `{}` for each id.
pub(super) fn family(path: &str) -> String {
    const COLLECTIONS: [&str; 4] = ["users", "groups", "inlineHooks", "eventHooks"];
    let path = path.split('?').next().unwrap_or_default();
    let mut previous = "";
    let steps = path.split('/').map(|step| {
        let id = COLLECTIONS.contains(&previous) && !COLLECTIONS.contains(&step) && path != WRONG;
        previous = step;
        if id { "{}" } else { step }
    });
    steps.collect::<Vec<_>>().join("/")
}
