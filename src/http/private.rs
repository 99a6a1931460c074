//! The private listener: whether the service lives, whether it can work, and how it fares. Never for the internet.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::decision::Decider;

/// `/healthz`, `/readyz` and `/metrics`.
pub fn private_router(decider: Arc<Decider>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(decider)
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    sources: BTreeMap<String, String>,
    ledger: &'static str,
}

/// 503 while a source is down. A ledger that is down only degrades the service: taking every replica out of the
/// balancer for it would end the sign-ins that it must never disturb.
async fn ready(State(decider): State<Arc<Decider>>) -> impl IntoResponse {
    let (health, ledger) = tokio::join!(decider.source_health(), decider.ledger_reachable());
    let sources_ok = health.iter().all(|source| source.error.is_none());
    let sources = health.into_iter().map(|source| {
        let words = source.error.map_or_else(|| "ok".to_owned(), |error| error.to_string());
        (source.name.to_string(), words)
    });
    let status = match (sources_ok, ledger) {
        (true, true) => "ready",
        (true, false) => "degraded",
        (false, _) => "not ready",
    };
    let code = if sources_ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let ledger = if ledger { "ok" } else { "not reachable" };
    (code, Json(Readiness { status, sources: sources.collect(), ledger }))
}

async fn metrics(State(decider): State<Arc<Decider>>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], decider.metrics_text())
}
