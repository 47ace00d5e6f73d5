//! `POST /retrieval`: Dify's external knowledge API (docs.dify.ai, External Knowledge API). `knowledge_id` is the outside name
//! of the index, or an application, whose retriever then finds the passages.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::access::Principal;
use crate::filters::Filters;
use crate::found::{Answer, FoundPassage};
use crate::question::Question;

#[derive(Deserialize)]
pub(super) struct RetrievalRequest {
    knowledge_id: String,
    query: String,
    #[serde(default)]
    retrieval_setting: RetrievalSetting,
    metadata_condition: Option<MetadataCondition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RetrievalSetting {
    top_k: Option<usize>,
    score_threshold: f64,
}

#[derive(Deserialize)]
struct MetadataCondition {
    logical_operator: Option<String>,
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    name: Value,
    comparison_operator: String,
    value: Option<Value>,
}

/// An error as Dify reads it, besides what it holds on every path.
pub(super) struct RetrievalRefusal(HttpRefusal);

impl<T: Into<HttpRefusal>> From<T> for RetrievalRefusal {
    fn from(refusal: T) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for RetrievalRefusal {
    fn into_response(self) -> Response {
        let mut body = self.0.body();
        if let Some(body) = body.as_object_mut() {
            // 2001: the knowledge does not exist.
            let code = if self.0.status == StatusCode::NOT_FOUND { 2001 } else { self.0.status.as_u16() };
            body.insert("error_code".to_owned(), json!(code));
            body.insert("error_msg".to_owned(), json!(self.0.message));
        }
        self.0.with_body(body)
    }
}

pub(super) async fn post<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<RetrievalRequest>, JsonRejection>,
) -> Result<Json<Value>, RetrievalRefusal> {
    let Json(request) = body?;
    let application = if request.knowledge_id == server.index {
        server.built_in()
    } else {
        server.application(&request.knowledge_id).await?
    };
    let filters = request.metadata_condition.map(filters).transpose()?.unwrap_or_default();
    let mut question = application.question(&request.query, &filters.clauses()?)?;
    question.include.neighbours = false;
    question.size = request.retrieval_setting.top_k.unwrap_or(question.size);
    question.limit(principal.clause())?;
    principal.notes.add("search", &question.text);
    let answer = server.search.answer(&question).await?;
    let threshold = request.retrieval_setting.score_threshold;
    let is_relevant = server.search.is_relevant(&answer, application.retriever.least_relevance);
    // Without a threshold whoever asks judges by himself.
    let records =
        if threshold > 0.0 && !is_relevant { Vec::new() } else { records(&question, answer, threshold) };
    Ok(Json(json!({ "records": records })))
}

/// The passages with scores from 0 to 1. BM25 has no upper bound, so by keywords the best passage has 1.
fn records(question: &Question, answer: Answer, threshold: f64) -> Vec<Value> {
    let best = answer.hits.first().map_or(1.0, |hit| hit.score);
    let scale = if question.mode == crate::Mode::Keyword && best > 0.0 { best } else { 1.0 };
    let scored = answer.hits.into_iter().map(|hit| ((hit.score / scale).clamp(0.0, 1.0), hit));
    scored.filter(|(score, _)| *score >= threshold).map(|(score, hit)| record(score, &hit)).collect()
}

fn record(score: f64, hit: &FoundPassage) -> Value {
    let title = hit.title.clone().unwrap_or_else(|| hit.document.to_string());
    json!({
        "content": hit.text, "score": score, "title": title,
        "metadata": {
            "id": hit.id, "document": hit.document, "heading_path": hit.heading_path, "language": hit.about.language,
            "format": hit.about.format,
        },
    })
}

/// The filters of a search that say the same.
fn filters(condition: MetadataCondition) -> Result<Filters, HttpRefusal> {
    let wrong = |message: String| HttpRefusal {
        field: Some("metadata_condition".to_owned()),
        ..HttpRefusal::new(StatusCode::BAD_REQUEST, "question", message)
    };
    if condition.logical_operator.is_some_and(|operator| operator != "and") {
        return Err(wrong("metadata_condition: only the logical_operator and is supported".to_owned()));
    }
    let mut filters = Filters::default();
    for Condition { name, comparison_operator, value } in condition.conditions {
        let name = name.as_str().or_else(|| name.get(0)?.as_str()).unwrap_or_default().to_owned();
        let values = texts(value.unwrap_or_default());
        match (name.as_str(), comparison_operator.as_str()) {
            ("document", "start with") => filters.prefix.extend(values),
            ("language", "is" | "in") => filters.language.extend(values),
            ("format", "is" | "in") => filters.format.extend(values),
            (name, operator) => {
                return Err(wrong(format!(
                    "metadata_condition: {name} {operator} is not supported: there are document \"start with\", and language \
                     and format with \"is\" or \"in\""
                )));
            }
        }
    }
    Ok(filters)
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.into_iter().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}
