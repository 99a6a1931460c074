//! Lists in pages: `limit`, `after`, and the `Link` headers that lead from one page to the next.

use std::collections::HashMap;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::error::ApiError;

/// One page that is asked for.
pub(super) struct Page {
    parameters: HashMap<String, String>,
    limit: usize,
}

impl Page {
    /// `limit`, where it is not given, and the most it may be.
    pub(super) fn read(
        parameters: HashMap<String, String>,
        default: usize,
        most: usize,
    ) -> Result<Self, ApiError> {
        let limit = match parameters.get("limit").map(|limit| limit.parse::<usize>()) {
            None => default,
            Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
            Some(_) => {
                let cause = format!("limit: must be from 1 to {most}");
                return Err(ApiError::validation("limit", vec![cause]));
            }
        };
        Ok(Self { parameters, limit })
    }

    /// The id after which the page begins; that of nobody for the first page.
    pub(super) fn after(&self) -> &str {
        self.parameters.get("after").map_or("", String::as_str)
    }

    /// The answer: as many as the page takes of those that come after it begins, each with its id.
    pub(super) fn answer(
        &self,
        base_url: &str,
        path: &str,
        items: impl Iterator<Item = (String, Value)>,
    ) -> Response {
        let mut page = Vec::new();
        let mut last = None;
        let mut next = None;
        for (id, item) in items {
            if page.len() == self.limit {
                next = last;
                break;
            }
            page.push(item);
            last = Some(id);
        }
        let mut response = Json(page).into_response();
        let url = format!("{base_url}{path}");
        link(response.headers_mut(), &url, &self.parameters, "self");
        if let Some(next) = next {
            let mut parameters = self.parameters.clone();
            parameters.insert("after".into(), next);
            link(response.headers_mut(), &url, &parameters, "next");
        }
        response
    }
}

/// Adds `Link: <url?parameters>; rel="relation"`.
pub(super) fn link(headers: &mut HeaderMap, url: &str, parameters: &HashMap<String, String>, relation: &str) {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    if let Ok(link) = HeaderValue::try_from(format!("<{url}{mark}{query}>; rel=\"{relation}\"")) {
        headers.append(header::LINK, link);
    }
}
