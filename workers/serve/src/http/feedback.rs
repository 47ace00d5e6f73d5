//! `POST /v1/feedback`: what somebody thinks of an answer, or of a passage that it showed.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use message::AnswerJudgement;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::access::Principal;
use crate::feedback::{FeedbackError, SentFeedback, judge};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    answer: String,
    passage: Option<String>,
    judgement: AnswerJudgement,
    reason: Option<String>,
}

impl From<FeedbackError> for HttpRefusal {
    fn from(error: FeedbackError) -> Self {
        let message = error.to_string();
        match error {
            FeedbackError::Off | FeedbackError::Unknown => {
                Self::new(StatusCode::NOT_FOUND, "not_found", message)
            }
            FeedbackError::Field { field, .. } => Self {
                field: Some(field.to_owned()),
                ..Self::new(StatusCode::BAD_REQUEST, "feedback", message)
            },
            FeedbackError::Unavailable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            }
        }
    }
}

pub(super) async fn post<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    let Body { answer, passage, judgement, reason } = body?.0;
    let sent = SentFeedback { answer, passage, judgement, reason };
    let kept = judge(server.search.sample(), &principal, sent).await?;
    Ok(Json(json!({"answer": kept.answer, "judgement": judgement, "with_question": kept.with_question})))
}
