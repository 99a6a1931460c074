//! The registry, with a record of what is registered: the metrics reference comes from it, so that no metric can be
//! missing there. Labels stand in a table, a line for each metric that has some; a test finds one that has none.

use std::any::type_name;

use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Metric, Registry, Unit};
use serde::Serialize;

use super::progress::STATES;

/// What the name of every metric begins with.
const PREFIX: &str = "keyferry";

/// One metric of the reference.
#[derive(Debug, Serialize)]
pub struct MetricReference {
    /// As Prometheus knows it, unit and `_total` included; a histogram's without `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// `counter`, `gauge`, `histogram` or `info`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// A base unit, or empty for a count.
    pub unit: String,
    /// Its labels.
    pub labels: &'static [LabelReference],
    /// What it tells.
    pub help: String,
    /// Whether it has labels that the table does not know.
    #[serde(skip)]
    pub labels_missing: bool,
}

/// A label and what it can be.
#[derive(Debug, Serialize)]
pub struct LabelReference {
    /// Its name.
    pub name: &'static str,
    /// The closed set of its values; empty where they come from the configuration or the store.
    pub values: &'static [&'static str],
    /// What the values are, where they do not say it themselves.
    pub meaning: &'static str,
}

const fn label(name: &'static str, values: &'static [&'static str], meaning: &'static str) -> LabelReference {
    LabelReference { name, values, meaning }
}

const OUTCOME: LabelReference = label("outcome", &["verified", "rejected", "unavailable"], "");
const SOURCE: LabelReference = label("source", &[], "`name` of a `[[source]]`");
const SCHEME: LabelReference = label(
    "scheme",
    &[],
    "name of the stored value's scheme; `other` after the first 64, empty where none was read",
);
const LISTENER: LabelReference = label("listener", &["public", "private"], "");
const STATUS: LabelReference = label("status", &[], "HTTP status");
const KERNEL: LabelReference =
    label("kernel", &[], "`bcrypt`, `pbkdf2…`, `chain…` with the digest; `none` for schemes without one");

/// The labels of each metric, by the name that it is registered with.
const LABELS: &[(&str, &[LabelReference])] = &[
    ("http_answers", &[STATUS]),
    (
        "decisions",
        &[
            OUTCOME,
            label(
                "reason",
                &[
                    "wrong password",
                    "unknown user",
                    "inactive",
                    "ambiguous username",
                    "unreadable hash",
                    "too costly",
                    "too many failures",
                    "source down",
                    "would be late",
                    "deadline",
                    "internal failure",
                ],
                "empty where verified",
            ),
            SCHEME,
            label("source", &[], "`name` of a `[[source]]`; empty where no source knows the user"),
        ],
    ),
    (
        "auth_refused",
        &[label(
            "why",
            &[
                "no valid credentials",
                "malformed token",
                "wrong algorithm",
                "wrong kind of token",
                "no key id",
                "unknown key",
                "the issuer's keys are not known",
                "wrong signature",
                "wrong issuer",
                "wrong audience",
                "scope missing",
                "wrong client",
                "token expired",
                "token not yet valid",
                "wrong source",
            ],
            "",
        )],
    ),
    ("connections", &[LISTENER]),
    (
        "connections_refused",
        &[LISTENER, label("why", &["in all", "of one address", "system"], "the limit that was reached")],
    ),
    (
        "connections_closed",
        &[LISTENER, label("why", &["slow head", "idle", "TLS hand-shake", "made room"], "")],
    ),
    ("lookup", &[SOURCE]),
    ("verify", &[SCHEME]),
    ("decision", &[OUTCOME]),
    ("verify_batches", &[KERNEL, label("together", &[], "how many ran together")]),
    ("verify_run_estimate", &[KERNEL]),
    ("verify_refused", &[label("why", &["late", "over its share", "full"], "")]),
    ("verify_dropped", &[label("why", &["gone", "late"], "")]),
    ("verify_memory", &[label("state", &["used", "kept"], "")]),
    ("throttled", &[label("by", &["user", "address"], "what had failed too often")]),
    ("event_deliveries", &[STATUS]),
    (
        "events",
        &[label("outcome", &["confirmed", "known", "unknown user", "failure", "ignored", "unreadable"], "")],
    ),
    ("source_connections", &[SOURCE, label("state", &["idle", "busy"], "")]),
    ("source_connections_max", &[SOURCE]),
    ("source_up", &[SOURCE]),
    ("mapping_doubtful", &[SCHEME, SOURCE]),
    ("build", &[label("version", &[], "of keyferry")]),
    (
        "users",
        &[
            label("route", &["hash", "hook", "none"], "how the password comes"),
            SOURCE,
            label("state", &STATES, ""),
        ],
    ),
];

/// A registry that remembers.
pub(super) struct Catalogue {
    pub(super) registry: Registry,
    references: Vec<MetricReference>,
}

impl Catalogue {
    pub(super) fn new() -> Self {
        Self { registry: Registry::with_prefix(PREFIX), references: Vec::new() }
    }

    /// As [`Registry::register`]: the name without prefix and `_total`, the help without a stop.
    pub(super) fn register(&mut self, name: &str, help: &str, metric: impl Metric) {
        self.note(name, help, None, &metric);
        self.registry.register(name, help, metric);
    }

    /// As [`Registry::register_with_unit`]: the unit becomes part of the name.
    pub(super) fn register_with_unit(&mut self, name: &str, help: &str, unit: Unit, metric: impl Metric) {
        self.note(name, help, Some(unit.as_str()), &metric);
        self.registry.register_with_unit(name, help, unit, metric);
    }

    /// All that is registered, in that order.
    pub(super) fn into_references(self) -> Vec<MetricReference> {
        self.references
    }

    fn note<M: Metric>(&mut self, name: &str, help: &str, unit: Option<&str>, metric: &M) {
        let kind = match metric.metric_type() {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
            MetricType::Info => "info",
            MetricType::Unknown => "unknown",
        };
        let unit_part = unit.map(|unit| format!("_{unit}")).unwrap_or_default();
        let end = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let labels = LABELS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, labels)| *labels);
        self.references.push(MetricReference {
            name: format!("{PREFIX}_{name}{unit_part}{end}"),
            kind,
            unit: unit.unwrap_or_default().to_owned(),
            labels,
            help: help.to_owned(),
            // Only for a test, which is why the compiler's name of a type is good enough.
            labels_missing: labels.is_empty() && type_name::<M>().contains("::Family<"),
        });
    }
}
