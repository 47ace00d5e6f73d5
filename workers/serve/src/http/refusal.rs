//! Errors sent to clients: `{"error": {"type", "message", "field"?, "request_id"?}}`, a shape that OpenAI's clients
//! understand too. Pure.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use registry::RegistryError;
use registry::rules::RuleRefusal;
use serde_json::json;
use tracing::warn;

use crate::question::Wrong;
use crate::search::SearchError;

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRefusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error type, for programs.
    pub kind: &'static str,
    /// The message, for people: what to do.
    pub message: String,
    /// The invalid field or parameter.
    pub field: Option<String>,
    /// Seconds until a retry makes sense.
    pub retry_after: Option<u64>,
}

impl HttpRefusal {
    /// Creates an error response.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), field: None, retry_after: None }
    }

    /// The resource does not exist or may not be seen; the client does not learn which.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what}"))
    }

    /// The deadline has passed.
    #[must_use]
    pub fn timeout() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "no answer in time: try again")
    }

    /// A service behind this server does not answer; the cause is also logged.
    #[must_use]
    pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        let cause = process::chain(error);
        warn!(cause, "a request was not answered");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", cause)
    }

    /// The object under `error`.
    #[must_use]
    pub fn body(&self) -> serde_json::Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let (Some(field), Some(error)) = (&self.field, error.as_object_mut()) {
            error.insert("field".to_owned(), json!(field));
        }
        json!({ "error": error })
    }
}

impl From<Wrong> for HttpRefusal {
    fn from(wrong: Wrong) -> Self {
        let field = Some(wrong.field.to_owned()).filter(|field| !field.is_empty());
        Self { field, ..Self::new(StatusCode::BAD_REQUEST, "question", wrong.message) }
    }
}

impl From<SearchError> for HttpRefusal {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Question(wrong) => wrong.into(),
            SearchError::Late => Self::timeout(),
            error @ (SearchError::Unavailable(_) | SearchError::Unserved(_)) => Self::unavailable(&error),
        }
    }
}

impl From<RegistryError> for HttpRefusal {
    fn from(error: RegistryError) -> Self {
        let status = match &error {
            RegistryError::Refused(RuleRefusal::Unknown(_)) => StatusCode::NOT_FOUND,
            RegistryError::Refused(RuleRefusal::State { .. } | RuleRefusal::Otherwise(_))
            | RegistryError::Rival
            | RegistryError::Unreadable(_) => StatusCode::CONFLICT,
            RegistryError::Stream(_) => return Self::unavailable(&error),
        };
        let kind = if status == StatusCode::NOT_FOUND { "not_found" } else { "conflict" };
        Self::new(status, kind, error.to_string())
    }
}

impl From<QueryRejection> for HttpRefusal {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "question", rejection.body_text())
    }
}

impl From<JsonRejection> for HttpRefusal {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the body is larger than this server takes",
            );
        }
        Self::new(StatusCode::BAD_REQUEST, "question", rejection.body_text())
    }
}

impl HttpRefusal {
    /// The response with another body.
    pub(super) fn with_body(&self, body: serde_json::Value) -> Response {
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for HttpRefusal {
    fn into_response(self) -> Response {
        self.with_body(self.body())
    }
}
