//! `GET /v1/search` and `POST /v1/search`.

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use telemetry::{Counter, Histogram, count, observe};
use tokio::time::Instant;

use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::access::Principal;
use crate::question::{Parameters, Question};

pub(super) async fn get<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Response, HttpRefusal> {
    Ok(Json(found(&server, &principal, &parameters?.0).await?).into_response())
}

pub(super) async fn post<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    parameters: Result<Json<Parameters>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    Ok(Json(found(&server, &principal, &parameters?.0).await?).into_response())
}

/// The search result for `principal`: passages it may not see are in no ranking.
pub(super) async fn found<P: Parts>(
    server: &Server<P>,
    principal: &Principal,
    parameters: &Parameters,
) -> Result<Value, HttpRefusal> {
    let begun = Instant::now();
    let mut question = Question::of(parameters)?;
    question.limit(principal.clause())?;
    count(Counter::Questions, 1);
    principal.notes.add("search", &question.text);
    let answered = server.search.answer(&question).await;
    observe(Histogram::QuestionSeconds, begun.elapsed().as_secs_f64());
    let answer = answered?;
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut body = serde_json::to_value(answer).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.insert("query".to_owned(), Value::String(question.text));
        body.insert("took_ms".to_owned(), json!(took));
    }
    Ok(body)
}
