//! Traces by OpenTelemetry, where a collector is configured: one a call, with a span for each thing it waited for. Spans
//! are made when the call has ended, out of times that were noted on its way, so that a service without a collector
//! pays nothing. What a span may say comes from closed sets and the configuration; never a name, never a payload.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

/// How long the collector may take to answer, and the last spans to leave at the end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where traces go, and how many.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// `http://HOST:PORT` of a collector that takes OTLP; spans go to `/v1/traces` there.
    pub endpoint: String,
    /// The share of calls that is traced, from 0 to 1. A call that comes with a sampled trace is always traced.
    pub sample: f64,
    /// Whose spans they are.
    pub service_name: String,
}

/// The collector's URL cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent: {0}")]
pub struct TraceError(String);

/// Something that a call waited for.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// `authenticate`, `lookup`, `wait`, `verify` …
    pub name: &'static str,
    /// When it began.
    pub from: Instant,
    /// When it was over.
    pub to: Instant,
}

/// A call that has ended.
#[derive(Debug)]
pub struct TracedCall<'a> {
    /// When its head had arrived.
    pub from: Instant,
    /// When its answer was ready.
    pub to: Instant,
    /// The W3C `traceparent` that it came with.
    pub parent: Option<&'a str>,
    /// What it waited for, in order.
    pub stages: &'a [Stage],
    /// HTTP status of the answer.
    pub status: u16,
    /// `verified`, `rejected` or `unavailable`.
    pub outcome: &'static str,
    /// Why it was not verified.
    pub reason: Option<&'static str>,
    /// The scheme of the stored value.
    pub scheme: Option<&'a str>,
    /// The source that decided.
    pub source: Option<&'a str>,
}

/// Sends traces, behind the answers.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Starts a thread that sends what is traced. Nothing is sent yet, and a collector that is away loses spans and
    /// nothing else.
    pub fn start(settings: &TraceSettings) -> Result<Self, TraceError> {
        let endpoint = format!("{}/v1/traces", settings.endpoint.trim_end_matches('/'));
        // The exporter's client makes a runtime of its own, which must not happen inside of one.
        let built = std::thread::spawn(move || {
            SpanExporter::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(endpoint)
                .with_timeout(PATIENCE)
                .build()
        });
        let exporter = built
            .join()
            .map_err(|_| TraceError("the exporter cannot be made".to_owned()))?
            .map_err(|error| TraceError(error.to_string()))?;
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("keyferry");
        Ok(Self { provider, tracer })
    }

    /// Traces one call: a span for all of it, and one for each stage.
    pub fn call(&self, call: &TracedCall<'_>) {
        let clock = Clock::now();
        let mut attributes = vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("http.response.status_code", i64::from(call.status)),
            KeyValue::new("keyferry.outcome", call.outcome),
        ];
        let texts = [
            ("keyferry.reason", call.reason),
            ("keyferry.scheme", call.scheme),
            ("keyferry.source", call.source),
        ];
        for (name, text) in texts {
            attributes.extend(text.map(|text| KeyValue::new(name, text.to_owned())));
        }
        let root = SpanBuilder::from_name("password import")
            .with_kind(SpanKind::Server)
            .with_start_time(clock.at(call.from))
            .with_attributes(attributes);
        let root = root.start_with_context(&self.tracer, &parent(call.parent));
        if !root.span_context().is_sampled() {
            return;
        }
        let inside = Context::new().with_span(root);
        for stage in call.stages {
            let span = SpanBuilder::from_name(stage.name).with_start_time(clock.at(stage.from));
            span.start_with_context(&self.tracer, &inside).end_with_timestamp(clock.at(stage.to));
        }
        let root = inside.span();
        if call.status >= 500 {
            root.set_status(Status::error(call.reason.unwrap_or("unavailable")));
        }
        root.end_with_timestamp(clock.at(call.to));
    }

    /// Sends what is left, for a few seconds at most.
    pub async fn close(&self) {
        let provider = self.provider.clone();
        let closing = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE));
        let _ = closing.await;
    }
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Traces(…)")
    }
}

/// What both clocks say at one moment.
struct Clock {
    instant: Instant,
    system: SystemTime,
}

impl Clock {
    fn now() -> Self {
        Self { instant: Instant::now(), system: SystemTime::now() }
    }

    /// An instant of the past, as the system's clock would have told it.
    fn at(&self, instant: Instant) -> SystemTime {
        let ago = self.instant.saturating_duration_since(instant);
        self.system.checked_sub(ago).unwrap_or(self.system)
    }
}

/// The trace that the call is part of, where it came with one.
fn parent(traceparent: Option<&str>) -> Context {
    let Some(traceparent) = traceparent else { return Context::new() };
    let carrier: std::collections::HashMap<String, String> =
        [("traceparent".to_owned(), traceparent.to_owned())].into();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}
