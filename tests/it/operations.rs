//! What operates keyferry is held to it: metrics, alerts, dashboards, units, proxies and the configurations in `deploy/`.
//! Prometheus', nginx', Caddy's and systemd's own programs judge what is theirs.

mod proxies;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use keyferry::config::{Config, Needs};
use keyferry::decision::{MetricReference, Metrics};
use serde_json::Value;

use crate::servers::missing;
use crate::service::{Store, payload};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> String {
    fs::read_to_string(top().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// An installed program; `None`, and a loud word, where it is not.
fn tool(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found
        .or_else(|| missing(&format!("{name} is not installed: install Debian's {package} to run this test")))
}

fn succeeds(output: &Output) {
    let words = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&words));
}

/// A store with one user, `ada@example.com`, whose password is `password`.
async fn store() -> Store {
    let hash = bcrypt::hash("password", 4).expect("a hash");
    Store::with_users(&[(1, "ada@example.com", &hash, true)]).await
}

/// Names of metrics in a text, without a histogram's parts.
fn metric_names(text: &str, known: &[MetricReference]) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c: char| !word(c)).filter(|word| word.starts_with("keyferry_"));
    let whole = |name: &str| known.iter().any(|metric| metric.name == name);
    words
        .map(|name| {
            let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
            histogram.filter(|base| !whole(name) && whole(base)).unwrap_or(name).to_owned()
        })
        .collect()
}

#[test]
fn alerts_dashboard_and_adapter_ask_for_metrics_that_there_are() {
    let known = Metrics::reference();
    for (document, least) in [
        ("deploy/prometheus/keyferry.rules.yml", 10),
        ("deploy/prometheus/keyferry.rules.test.yml", 10),
        ("deploy/grafana/keyferry.json", 20),
        ("deploy/kubernetes/prometheus-adapter.yaml", 1),
        ("docs/RUNBOOK.md", 5),
    ] {
        // What the adapter makes of a metric has a name of its own.
        let text = file(document).replace("keyferry_queue_seconds_per_second", "");
        let asked = metric_names(&text, &known);
        assert!(asked.len() >= least, "{document}: {asked:?}");
        for name in asked {
            assert!(known.iter().any(|metric| metric.name == name), "{document} asks for {name}");
        }
    }
}

/// Each `"expr"` of the dashboard, with its variables replaced.
fn dashboard_queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/keyferry.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries = targets.map(|target| target["expr"].as_str().expect("a query").to_owned());
    queries.map(|query| query.replace("$job", "keyferry").replace("$instance", ".*")).collect()
}

#[test]
fn the_dashboard_names_no_data_source_of_its_own() {
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/keyferry.json")).expect("JSON");
    let mut sources = 0;
    let mut left: Vec<&Value> = vec![&dashboard];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(source) = fields.get("datasource") {
                    assert_eq!(source["uid"], "${datasource}", "{source}");
                    sources += 1;
                }
                left.extend(fields.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    assert!(sources > 20);
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    assert!(dashboard["id"].is_null(), "an id of the installation that it came from");
}

#[test]
fn each_alert_has_words_a_part_of_the_runbook_and_two_tests() {
    let (rules, tests, runbook) = (
        file("deploy/prometheus/keyferry.rules.yml"),
        file("deploy/prometheus/keyferry.rules.test.yml"),
        file("docs/RUNBOOK.md"),
    );
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 12);
    for alert in alerts {
        let name = alert.lines().next().expect("a name");
        for needed in ["severity: ", "summary: ", "description: ", "runbook_url: "] {
            assert_eq!(alert.matches(needed).count(), 1, "{name}: {needed}");
        }
        let link = format!("\"docs/RUNBOOK.md#{}\"", name.to_lowercase());
        assert!(alert.contains(&link), "{name}: {link}");
        assert!(runbook.contains(&format!("\n### {name}\n")), "the runbook has no part for {name}");
        let of = format!("alertname: {name}\n");
        let outcomes: Vec<&str> =
            tests.split(&of).skip(1).filter_map(|test| test.trim_start().lines().next()).collect();
        assert_eq!(outcomes, ["exp_alerts:", "exp_alerts: []"], "{name}: fires, and is silent");
    }
}

#[test]
fn prometheus_takes_the_rules_their_tests_hold_and_every_query_is_one() {
    let Some(promtool) = tool("promtool", "prometheus") else { return };
    let run = |arguments: &[&str]| {
        let output =
            Command::new(&promtool).args(arguments).current_dir(top().join("deploy/prometheus")).output();
        succeeds(&output.expect("promtool runs"));
    };
    run(&["check", "config", "prometheus.yml"]);
    run(&["test", "rules", "keyferry.rules.test.yml"]);
    // The dashboard's queries as rules, so that Prometheus' own parser judges them.
    let folder = tempfile::tempdir().expect("a folder");
    let adapter = "sum(rate(keyferry_queue_seconds_sum{namespace=\"a\",pod=\"b\"}[1m])) by (pod)".to_owned();
    let mut rules = "groups:\n  - name: queries\n    rules:\n".to_owned();
    for (place, query) in dashboard_queries().into_iter().chain([adapter]).enumerate() {
        let query = serde_json::to_string(&query).expect("JSON");
        let _ = writeln!(rules, "      - {{ record: \"query:{place}\", expr: {query} }}");
    }
    let path = folder.path().join("queries.yml");
    fs::write(&path, rules).expect("written");
    run(&["check", "rules", path.to_str().expect("text")]);
}

/// The same in the older text format, which is what `promtool check metrics` reads.
fn as_classic(text: &str) -> String {
    let mut classic = String::new();
    let mut help = "";
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').expect("help").1;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            let (end, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                other => ("", other),
            };
            let _ = writeln!(classic, "# HELP {name}{end} {help}\n# TYPE {name}{end} {kind}");
        } else if !line.starts_with('#') {
            classic.push_str(line);
            classic.push('\n');
        }
    }
    classic
}

#[tokio::test]
async fn a_running_service_tells_what_the_reference_says_by_prometheus_conventions() {
    let store = store().await;
    let service = store.start("", "");
    assert_eq!(service.verdict("ada", "password").await, "VERIFIED");
    assert_eq!(service.verdict("ada", "wrong").await, "UNVERIFIED");
    assert_eq!(service.verdict("nobody", "password").await, "UNVERIFIED");
    assert_eq!(service.call_with("other", &payload("ada", "password")).await.0, 401);
    assert_eq!(service.private("/readyz").await.0, 200);
    let (_, text) = service.private("/metrics").await;
    assert!(text.contains("keyferry_source_up{source=\"shop\"} 1\n"), "{text}");
    assert!(text.contains(&format!("keyferry_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"))));
    let known = Metrics::reference();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).expect("a sample"));
        let name = metric_names(name, &known).pop_first().expect("a name");
        let metric = known.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("{line}"));
        let labels = rest.strip_prefix('{').and_then(|rest| rest.rsplit_once('}')).map_or("", |(l, _)| l);
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            let (label, value) = label.split_once("=\"").expect("a label");
            let value = value.trim_end_matches('"');
            let told = metric.labels.iter().find(|told| told.name == label);
            if label == "le" {
                continue;
            }
            let told = told.unwrap_or_else(|| panic!("the reference does not know {label} of {name}"));
            let empty = value.is_empty() && told.meaning.contains("empty");
            assert!(told.values.is_empty() || told.values.contains(&value) || empty, "{line}");
        }
    }
    let Some(promtool) = tool("promtool", "prometheus") else { return };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    child.stdin.take().expect("a pipe").write_all(as_classic(&text).as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    succeeds(&output);
}

#[tokio::test]
async fn the_ledger_is_counted_as_soon_as_it_is_there_and_a_source_that_is_away_is_told() {
    let store = store().await;
    let moved = store.path().join("moved.db");
    fs::rename(store.database(), &moved).expect("moved");
    let service = store.start("", "");
    assert_eq!(service.private("/readyz").await.0, 503);
    assert!(service.private("/metrics").await.1.contains("keyferry_source_up{source=\"shop\"} 0\n"));
    fs::rename(&moved, store.database()).expect("moved back");
    assert_eq!(service.verdict("ada", "password").await, "VERIFIED");
    assert!(service.private("/metrics").await.1.contains("keyferry_source_up{source=\"shop\"} 1\n"));
    while service.metric("keyferry_users_counted_timestamp_seconds ").await < 1.0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn systemd_takes_the_unit_and_finds_little_left_to_close() {
    let Some(analyze) = tool("systemd-analyze", "systemd") else { return };
    let unit = file("deploy/systemd/keyferry.service");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keyferry.service");
    fs::write(&path, unit.replace("/usr/local/bin/keyferry", env!("CARGO_BIN_EXE_keyferry")))
        .expect("written");
    let run = |arguments: &[&str]| {
        let output = Command::new(&analyze).args(arguments).arg(&path).output().expect("it runs");
        succeeds(&output);
        // `verify` tells of keys that it does not know, and ends with 0.
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["verify", "--man=no"]);
    // Of 100, where 0 is no exposure at all; a service of the network is never below 5.
    run(&["security", "--offline=true", "--threshold=15", "--no-pager"]);
}

#[test]
fn the_unit_binds_the_default_ports_and_sets_keys_that_there_are() {
    let unit = file("deploy/systemd/keyferry.service");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, value) in [
        ("hook-secret", "Basic c2VjcmV0"),
        ("ledger-key", "0123456789abcdef0123456789abcdef\n"),
        ("source-url", "sqlite:shop.db"),
    ] {
        assert!(unit.contains(&format!("LoadCredential={name}:/etc/keyferry/secrets/{name}\n")), "{name}");
        fs::write(folder.path().join(name), value).expect("written");
    }
    let environment = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let credentials = folder.path().to_str().expect("text");
    let environment: Vec<(String, String)> =
        environment.map(|(name, value)| (name.to_owned(), value.replace("%d", credentials))).collect();
    assert_eq!(environment.len(), 4);
    let text = "[[source]]\nname = \"shop\"\nlookup = \"SELECT :username\"\n";
    let config = Config::parse(text, environment, Needs::SERVICE).expect("valid");
    for address in [config.server.listen, config.server.private_listen] {
        assert!(unit.contains(&format!("SocketBindAllow=tcp:{}\n", address.port())));
    }
    assert!(config.server.auth.header[0].secret.matches(b"Basic c2VjcmV0"));
}

#[test]
fn the_configurations_for_containers_are_valid() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, value) in [
        ("hook-secret", "Basic c2VjcmV0"),
        ("ledger-key", "0123456789abcdef0123456789abcdef"),
        ("ledger-url", "postgres://keyferry@ledger/keyferry_ledger"),
        ("source-url", "postgres://reader@legacy/shop"),
        ("api-token", "00token"),
    ] {
        fs::write(folder.path().join(name), value).expect("written");
    }
    let folder = folder.path().to_str().expect("text");
    let read = |name: &str, needs| {
        let text = file(name).replace("/run/secrets/keyferry", folder).replace("/run/secrets/okta", folder);
        let secret = ("KEYFERRY_HOOK_SECRET".to_owned(), "Basic c2VjcmV0".to_owned());
        Config::parse(&text, [secret], needs).unwrap_or_else(|problems| panic!("{name}: {:?}", problems.0))
    };
    let service = read("deploy/kubernetes/keyferry.toml", Needs::SERVICE);
    let import = read("deploy/kubernetes/import/keyferry.toml", Needs::IMPORT);
    let minimal = read("deploy/compose/minimal.toml", Needs::SERVICE);
    for config in [&service, &minimal] {
        assert!(config.server.listen.ip().is_unspecified() && config.server.listen.port() == 8080);
        assert_eq!(config.server.private_listen.port(), 9090);
    }
    // The import must see what the service sees, or it would seed others than those who are verified.
    assert_eq!(service.sources.len(), import.sources.len());
    for (one, other) in service.sources.iter().zip(&import.sources) {
        let of = |source: &keyferry::config::Source| {
            let settings = &source.settings;
            (
                settings.name.clone(),
                settings.lookup.clone(),
                settings.users.clone(),
                source.scheme_text.clone(),
            )
        };
        assert_eq!(of(one), of(other));
        assert_eq!(one.profile, other.profile);
    }
}
