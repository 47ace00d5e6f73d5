//! Interprets error responses. Pure.
//!
//! Status and error codes are those of Model Studio (help.aliyun.com/en/model-studio/error-code-start), in its native
//! and its OpenAI-compatible form, and OpenAI's.

use std::time::Duration;

use serde_json::Value;

use crate::llm::LlmError;

/// Maximum number of characters quoted from a service's message.
const SHOWN: usize = 300;

/// The failure of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Retrying is useless.
    For(LlmError),
    /// Retrying may help.
    Passing {
        /// What went wrong.
        cause: String,
        /// The service's `Retry-After`.
        retry_after: Option<Duration>,
    },
}

impl Failure {
    /// The service was not reached, or did not answer.
    pub(super) fn away(cause: String) -> Self {
        Self::Passing { cause, retry_after: None }
    }

    /// Classifies a response by status and error code.
    pub(super) fn sorted(status: u16, body: &[u8], retry_after: Option<Duration>) -> Self {
        let (codes, message) = words(body);
        let has = |word: &str| codes.to_ascii_lowercase().contains(word);
        let cause = format!("status {status} {codes}: {message}");
        match status {
            // The provider's content filter answers 400.
            400 if has("datainspection") || has("data_inspection") || has("content_filter") => {
                Self::For(LlmError::Filtered(message))
            }
            400 if has("arrearage") => {
                Self::For(LlmError::Config(format!("the account is overdue: {cause}")))
            }
            401 | 403 | 404 => Self::For(LlmError::Config(format!(
                "the provider refuses key, model or address; check the settings of its provider: {cause}"
            ))),
            408 | 425 | 429 | 500..=599 => Self::Passing { cause, retry_after },
            _ => Self::For(LlmError::Request(cause)),
        }
    }

    /// Classifies an error in the middle of an answer, when it is too late to retry.
    pub(super) fn in_answer(error: &Value) -> LlmError {
        let body = Value::Object([("error".to_owned(), error.clone())].into_iter().collect());
        let (codes, message) = words(body.to_string().as_bytes());
        match Self::sorted(400, body.to_string().as_bytes(), None) {
            Self::For(error @ LlmError::Filtered(_)) => error,
            Self::For(_) | Self::Passing { .. } => {
                LlmError::Broken(format!("the provider says {codes}: {message}"))
            }
        }
    }
}

/// Code and type, and the message, in either form of error; or else the start of the body.
fn words(body: &[u8]) -> (String, String) {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = value.get("error").filter(|error| error.is_object()).unwrap_or(&value);
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let codes =
        [text("code"), text("type")].iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>();
    let message = match text("message") {
        "" => String::from_utf8_lossy(body).into_owned(),
        message => message.to_owned(),
    };
    (codes.join(" "), message.trim().chars().take(SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_sorted_by_what_can_be_done() {
        let compatible =
            |code: &str| format!(r#"{{"error":{{"message":"words","type":"t","code":"{code}"}}}}"#);
        let native = |code: &str| format!(r#"{{"code":"{code}","message":"words","request_id":"1"}}"#);
        for shape in [compatible, native] {
            let sorted = |status, code| Failure::sorted(status, shape(code).as_bytes(), None);
            assert!(matches!(sorted(401, "invalid_api_key"), Failure::For(LlmError::Config(_))));
            assert!(matches!(sorted(400, "Arrearage"), Failure::For(LlmError::Config(_))));
            assert!(matches!(sorted(403, "AllocationQuota.FreeTierOnly"), Failure::For(LlmError::Config(_))));
            assert!(matches!(sorted(400, "DataInspectionFailed"), Failure::For(LlmError::Filtered(_))));
            assert!(matches!(sorted(400, "data_inspection_failed"), Failure::For(LlmError::Filtered(_))));
            assert!(matches!(sorted(400, "InvalidParameter"), Failure::For(LlmError::Request(_))));
            assert!(matches!(sorted(413, ""), Failure::For(LlmError::Request(_))));
            assert!(matches!(sorted(429, "Throttling.RateQuota"), Failure::Passing { .. }));
            assert!(matches!(sorted(503, "ModelUnavailable"), Failure::Passing { .. }));
        }
        let wish = Some(Duration::from_secs(3));
        let Failure::Passing { cause, retry_after } = Failure::sorted(502, b"<html>Bad gateway", wish) else {
            panic!()
        };
        assert!(cause.contains("Bad gateway") && retry_after == wish, "{cause}");
    }
}
