//! `[telemetry]`: where traces go.

use super::section::Section;

/// `[telemetry]`
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// `http://HOST:PORT` of a collector that takes OTLP over HTTP; none where nothing is traced.
    pub otlp: Option<String>,
    /// The share of calls that is traced.
    pub sample: f64,
    /// Whose spans they are.
    pub service_name: String,
}

pub(super) fn read(mut section: Section<'_>) -> Telemetry {
    let otlp = section.text("otlp").filter(|url| !url.is_empty());
    let host = otlp.as_deref().map(|url| url.strip_prefix("http://").unwrap_or_default());
    if host.is_some_and(|host| host.trim_end_matches('/').is_empty() || host.contains(['@', ' ', '?', '#'])) {
        let message =
            "must be the http:// address of a collector or agent nearby, such as \"http://127.0.0.1:4318\"";
        section.problem("otlp", message);
    }
    let telemetry = Telemetry {
        otlp,
        sample: section.share_or("sample", 1.0),
        service_name: section.text_or("service_name", "keyferry"),
    };
    section.finish();
    telemetry
}
