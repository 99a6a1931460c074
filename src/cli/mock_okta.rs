//! `keyferry mock-okta`: the imitation Okta org by itself, to point an import or a hook at.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args as ClapArgs;
use tokio::net::TcpListener;

use super::Exit;
use super::output;
use crate::demo::org::{Faults, HookEndpoint, Org, RateLimit, ServiceApp, Settings, Status};
use crate::secret::Secret;

/// `--token` where none is given. It guards nothing: the org forgets everything when it ends.
const DEFAULT_TOKEN: &str = "mock-okta-token";

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Where the org listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8030")]
    listen: SocketAddr,
    /// The API token that callers must send as `Authorization: SSWS …`; a text, or env:NAME
    #[arg(long, value_name = "TOKEN", default_value = DEFAULT_TOKEN)]
    token: String,
    /// The password import hook to call at the first sign-in of a hook user (http only)
    #[arg(long, value_name = "URL")]
    hook_url: Option<String>,
    /// A header for the hook call, several times for several: `Authorization: Basic …`, or `Authorization: env:NAME`
    #[arg(long, value_name = "HEADER", requires = "hook_url")]
    hook_header: Vec<String>,
    /// Calls that each family of endpoints takes in a minute
    #[arg(long, value_name = "CALLS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: u32,
    /// How long a window of the rate limit is, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    rate_window: u64,
    /// Calls that may be under way at once; more are refused. Okta's limit is 35 to 75
    #[arg(long, value_name = "CALLS", value_parser = clap::value_parser!(u32).range(1..))]
    max_concurrent: Option<u32>,
    /// An app that may get tokens by OAuth 2.0 client credentials and a private key (RS256): its id, and the file with
    /// its public key in PEM
    #[arg(long, value_name = "CLIENT_ID:FILE")]
    service_app: Option<String>,
    /// How long its tokens live, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, requires = "service_app")]
    token_lifetime: u64,
    /// Users who were there before: a file of create-user requests, one JSON object a line, each with a `status` of its
    /// own if it is not to be ACTIVE
    #[arg(long, value_name = "FILE")]
    existing: Option<PathBuf>,
    /// What goes wrong, and how likely it is: 500=0.01,500-after=0.01,reset-before=0.01,reset-after=0.01,slow=0.02:5s,
    /// slow-before=0.02:5s,rate-429=0.01,rate-429=0.01:2s,concurrency-429=0.01,clock-skew=+90s,read-only,search-lag=2s,
    /// event-repeat=0.1,event-disorder=0.1,event-lost=0.1,seed=7
    #[arg(long, value_name = "FAULTS")]
    faults: Option<Faults>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<Exit> {
    let hook = match hook(&args) {
        Ok(hook) => hook,
        Err(problem) => return Ok(bad(&problem)),
    };
    let Some(token) = resolve(&args.token) else {
        return Ok(bad("--token: the environment variable that it names is not set"));
    };
    let listener = match TcpListener::bind(args.listen).await {
        Ok(listener) => listener,
        Err(error) => return Ok(bad(&format!("--listen {}: {error}", args.listen))),
    };
    let base_url = format!("http://{}", listener.local_addr().context("the listener has no address")?);

    let mut settings = Settings::new(base_url.clone(), token);
    settings.rate = RateLimit { limit: args.rate_limit, window: Duration::from_secs(args.rate_window) };
    settings.max_concurrent = args.max_concurrent;
    settings.faults = args.faults.clone().unwrap_or_default();
    settings.service_app = match service_app(&args) {
        Ok(app) => app,
        Err(problem) => return Ok(bad(&format!("--service-app: {problem}"))),
    };
    let org = Org::new(settings)?;
    let has_hook = hook.is_some();
    if let Some(hook) = hook {
        org.register_hook(hook);
    }
    if let Some(file) = &args.existing
        && let Err(problem) = fill(&org, file)
    {
        return Ok(bad(&format!("--existing {}: {problem}", file.display())));
    }
    introduce(&base_url, &args, has_hook, org.user_count())?;
    let stop = super::serve::stop_signal()?;
    org.serve(listener, stop).await?;
    Ok(Exit::Done)
}

fn introduce(base_url: &str, args: &Args, has_hook: bool, users: usize) -> std::io::Result<()> {
    // A token from the environment stays there.
    let token = args.token.strip_prefix("env:").map_or_else(|| args.token.clone(), |name| format!("${name}"));
    let hook = if has_hook { "called at the first sign-in" } else { "none; --hook-url sets one" };
    output::line(&format!(
        "An imitation Okta org listens at {base_url} until Ctrl-C. It keeps everything in memory.
  users:       {users}
  API token:   {token}
  hook:        {hook}
  rate limit:  {limit} calls in {window} s for each family of endpoints

Create a user whose password the hook knows:
  curl -s '{base_url}/api/v1/users?activate=true' -H \"Authorization: SSWS {token}\" -H 'Content-Type: application/json' \\
    -d '{{\"profile\":{{\"firstName\":\"Ana\",\"lastName\":\"Silva\",\"email\":\"ana@example.com\",\"login\":\"ana@example.com\"}},\"credentials\":{{\"password\":{{\"hook\":{{\"type\":\"default\"}}}}}}}}'
Sign in:
  curl -s {base_url}/api/v1/authn -H 'Content-Type: application/json' -d '{{\"username\":\"ana\",\"password\":\"…\"}}'",
        limit = args.rate_limit,
        window = args.rate_window,
    ))
}

fn hook(args: &Args) -> Result<Option<HookEndpoint>, String> {
    let Some(url) = &args.hook_url else { return Ok(None) };
    let mut headers = Vec::new();
    for header in &args.hook_header {
        let (name, value) = header
            .split_once(':')
            .ok_or("--hook-header: must be `Name: value`, such as `Authorization: env:HOOK_SECRET`")?;
        let value = resolve(value.trim()).ok_or_else(|| {
            format!("--hook-header {name}: the environment variable that it names is not set")
        })?;
        headers.push((name.trim().to_owned(), value));
    }
    HookEndpoint::new(url, headers).map(Some).map_err(|error| error.to_string())
}

fn service_app(args: &Args) -> Result<Option<ServiceApp>, String> {
    let Some(given) = &args.service_app else { return Ok(None) };
    let (id, file) =
        given.split_once(':').filter(|(id, _)| !id.is_empty()).ok_or("must be CLIENT_ID:FILE")?;
    let key = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let lifetime = Duration::from_secs(args.token_lifetime);
    ServiceApp::new(id, &key, lifetime).map(Some).map_err(|error| format!("{file}: {error}"))
}

/// Puts everybody of the file into the org.
fn fill(org: &Org, file: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let add = || {
            let mut body: serde_json::Value =
                serde_json::from_str(line).map_err(|_| "is not a JSON object".to_owned())?;
            let status = body.as_object_mut().and_then(|body| body.remove("status"));
            let status = match status.as_ref().map(|status| status.as_str().and_then(Status::named)) {
                None => Status::Active,
                Some(Some(status)) => status,
                Some(None) => return Err("`status` is none of Okta's".to_owned()),
            };
            org.add_person(&body, status).map_err(|error| error.to_string())
        };
        add().map_err(|problem| format!("line {}: {problem}", number + 1))?;
    }
    Ok(())
}

/// A text itself, or what the environment holds under `env:NAME`.
fn resolve(text: &str) -> Option<Secret> {
    match text.strip_prefix("env:") {
        None => Some(Secret::from(text)),
        Some(name) => std::env::var(name).ok().map(Secret::from),
    }
}

fn bad(problem: &str) -> Exit {
    output::note(&format!("keyferry mock-okta: {problem}"));
    Exit::Bad
}
