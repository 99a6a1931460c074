//! The metrics reference as Markdown: one table, in the order in which they are registered.

use std::fmt::Write as _;

use super::cell;
use crate::decision::MetricReference;

const PREFACE: &str = "# Metrics\n\n\
<!-- Made by `keyferry reference metrics`; change src/decision/metrics.rs and src/decision/metrics/ instead. -->\n\n\
`GET /metrics` on the private listener, in the OpenMetrics text format. Labels come from closed sets and from the \
configuration, never from a request: a stranger can neither make series nor put a name into one. A series appears when \
something was first counted. [Alerts](../deploy/prometheus/keyferry.rules.yml) and a \
[Grafana dashboard](../deploy/grafana/keyferry.json) are made of these; what to do is in the [runbook](RUNBOOK.md#alerts).\n\n\
| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n";

/// The text of `docs/METRICS.md`.
pub(super) fn document(metrics: &[MetricReference]) -> String {
    let mut text = PREFACE.to_owned();
    for metric in metrics {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| match label.values {
                [] => format!("`{}`: {}", label.name, cell(label.meaning)),
                values => {
                    let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
                    let rest = if label.meaning.is_empty() { "" } else { ", " };
                    format!("`{}`: {}{rest}{}", label.name, values.join(", "), cell(label.meaning))
                }
            })
            .collect();
        // Writing into a string does not fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            metric.name,
            metric.kind,
            metric.unit,
            labels.join("; "),
            cell(&metric.help)
        );
    }
    text
}
