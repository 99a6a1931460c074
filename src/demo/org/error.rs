//! Okta's error object: code, summary, link, id, causes, and the status that each code goes with.
//!
//! Codes and summaries are those of Okta's published list. Causes name a field and what is wrong with it, never
//! the value of a credential.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A refusal as Okta words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    summary: String,
    causes: Vec<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, summary: impl Into<String>) -> Self {
        Self { status, code, summary: summary.into(), causes: Vec::new() }
    }

    /// `E0000001`: the request was understood and is not valid. `object` is the first thing that is wrong; a
    /// cause reads `field: what is wrong with it`.
    pub(super) fn validation(object: &str, causes: Vec<String>) -> Self {
        let summary = format!("Api validation failed: {object}");
        Self { causes, ..Self::new(StatusCode::BAD_REQUEST, "E0000001", summary) }
    }

    /// `E0000003`: not JSON, or not an object.
    pub(super) fn malformed() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E0000003", "The request body was not well-formed.")
    }

    /// `E0000004`: the one answer to every sign-in that failed.
    pub(super) fn authentication_failed() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E0000004", "Authentication failed")
    }

    /// `E0000006`: a token without the scope.
    pub(super) fn access_denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "E0000006",
            "You do not have permission to perform the requested action",
        )
    }

    /// `E0000007`: no such user or group.
    pub(super) fn not_found(id: &str, kind: &str) -> Self {
        // Bounded: the id comes from the request's path.
        let id: String = id.chars().take(100).collect();
        Self::new(StatusCode::NOT_FOUND, "E0000007", format!("Not found: Resource not found: {id} ({kind})"))
    }

    /// `E0000009`: the imitation itself failed.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "E0000009", "Internal Server Error")
    }

    /// `E0000010`: a write while the org is in read-only mode.
    pub(super) fn read_only() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "E0000010", "Service is in read only mode")
    }

    /// `E0000011`: no API token, or a wrong one.
    pub(super) fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided")
    }

    /// `E0000016`: activation of somebody who is active.
    pub(super) fn already_active() -> Self {
        Self::new(StatusCode::FORBIDDEN, "E0000016", "Activation failed because the user is already active")
    }

    /// `E0000021`: the body is not announced as JSON.
    pub(super) fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "E0000021",
            "Bad request.  Accept and/or Content-Type headers likely do not match supported values.",
        )
    }

    /// `E0000022`: the endpoint is there, the method is not.
    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "E0000022",
            "The endpoint does not support the provided HTTP method",
        )
    }

    /// `E0000028`: a query parameter that must be there is not.
    pub(super) fn missing_parameter(name: &str) -> Self {
        let causes = vec![format!("{name}: this query parameter is required")];
        let summary = "The request is missing a required parameter.";
        Self { causes, ..Self::new(StatusCode::BAD_REQUEST, "E0000028", summary) }
    }

    /// `E0000030`: a time that is none.
    pub(super) fn date() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "E0000030",
            "Bad request. Invalid date. Dates must be of the form yyyy-MM-dd'T'HH:mm:ss.SSSZZ, \
             e.g. 2013-01-01T12:00:00.000-07:00.",
        )
    }

    /// `E0000031`: a filter or search that Okta, or this imitation, does not know.
    pub(super) fn search_criteria() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E0000031", "Invalid search criteria.")
    }

    /// `E0000038`: the user's status does not allow it.
    pub(super) fn status() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "E0000038",
            "This operation is not allowed in the user's current status.",
        )
    }

    /// `E0000053`: what the System Log cannot be asked.
    pub(super) fn log_query(summary: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "E0000053", summary)
    }

    /// `E0000047`: the rate limit's bucket is empty.
    pub(super) fn rate_limited() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "E0000047",
            "API call exceeded rate limit due to too many requests.",
        )
    }

    /// `E0000107`: a hook that is active and would have to be inactive.
    pub(super) fn transition() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "E0000107",
            "The entity is not in the expected state for the requested transition.",
        )
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.summary)?;
        self.causes.iter().try_for_each(|cause| write!(f, "; {cause}"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let causes: Vec<_> = self.causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
        let body = json!({
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": format!("oae{}", super::random_id().unwrap_or_default()),
            "errorCauses": causes,
        });
        (self.status, Json(body)).into_response()
    }
}
