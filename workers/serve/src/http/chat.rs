#![expect(clippy::disallowed_methods, reason = "edge: the HTTP server, and its clock")]
//! `POST /v1/chat/completions` and `GET /v1/models`, compatible with OpenAI's clients
//! (platform.openai.com/docs/api-reference/chat). `model` is an application's name; citations, space and generation are
//! additional fields. An answer's `id` is its name behind the prefix that these clients expect; `POST /v1/feedback` takes it.

mod completion;

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::Event as SseEvent;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::ask;
use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::access::Principal;
use crate::answer_id::{AnswerId, CHAT_PREFIX};
use crate::chat::writing::{Answer, ChatEvent};
use crate::llm::LlmError;
use completion::CompletionRequest;

/// The fields that are the same in all chunks of an answer.
#[derive(Clone)]
struct Envelope {
    id: String,
    created: u64,
    model: String,
}

impl Envelope {
    fn new(model: String, id: &AnswerId) -> Self {
        let created = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let created = created.map(|since| since.as_secs()).unwrap_or_default();
        Self { id: format!("{CHAT_PREFIX}{id}"), created, model }
    }

    fn of(&self, object: &str, more: &Value) -> Value {
        let mut body = json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model, "system_fingerprint": null,
        });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        body
    }

    fn chunk(&self, delta: &Value, finish: Option<&Answer>) -> Value {
        let reason = finish.map(|answer| answer.finish_reason);
        let mut choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason});
        if let (Some(answer), Some(choice)) = (finish, choice.as_object_mut()) {
            choice.insert("citations".to_owned(), json!(answer.citations));
        }
        let mut more = json!({"choices": [choice]});
        if let (Some(answer), Some(more)) = (finish, more.as_object_mut()) {
            more.insert("space".to_owned(), json!(answer.space));
            more.insert("generation".to_owned(), json!(answer.generation));
            more.insert("condensed".to_owned(), json!(answer.condensed));
        }
        self.of("chat.completion.chunk", &more)
    }
}

pub(super) async fn post<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<CompletionRequest>, JsonRejection>,
) -> Result<Response, ChatRefusal> {
    let Json(body) = body?;
    let (is_stream, with_usage) = (body.is_stream(), body.with_usage());
    let wanted = body.wanted()?;
    let application = wanted.application.clone();
    let begun = server.begin(&principal, wanted).await?;
    let envelope = Envelope::new(application, begun.id());
    if !is_stream {
        let answer = begun.whole().await?;
        let message = json!({"role": "assistant", "content": answer.answer, "refusal": null, "citations": answer.citations});
        let choice =
            json!({"index": 0, "message": message, "logprobs": null, "finish_reason": answer.finish_reason});
        let more = json!({
            "choices": [choice], "usage": answer.usage, "space": answer.space, "generation": answer.generation,
            "condensed": answer.condensed,
        });
        let body = envelope.of("chat.completion", &more);
        return Ok(Json(body).into_response());
    }
    let head = envelope.chunk(&json!({"role": "assistant", "content": ""}), None);
    let head = stream::iter([data(&head)]);
    let events = begun.events().flat_map(move |event| stream::iter(chunks(&envelope, event, with_usage)));
    Ok(ask::stream(head.chain(events).map(Ok)))
}

/// The chunks of one event. After an error there is no [DONE], because the answer is incomplete.
fn chunks(envelope: &Envelope, event: Result<ChatEvent, LlmError>, with_usage: bool) -> Vec<SseEvent> {
    match event {
        Ok(ChatEvent::Delta(text)) => vec![data(&envelope.chunk(&json!({"content": text}), None))],
        Ok(ChatEvent::Done(answer)) => {
            let mut chunks = vec![data(&envelope.chunk(&json!({}), Some(&answer)))];
            if with_usage {
                let usage = json!({"choices": [], "usage": answer.usage});
                chunks.push(data(&envelope.of("chat.completion.chunk", &usage)));
            }
            chunks.push(SseEvent::default().data("[DONE]"));
            chunks
        }
        Err(error) => vec![data(&ChatRefusal::from(error).body())],
    }
}

fn data(value: &Value) -> SseEvent {
    SseEvent::default().data(value.to_string())
}

pub(super) async fn models<P: Parts>(
    State(server): State<Arc<Server<P>>>,
) -> Result<Json<Value>, ChatRefusal> {
    let applications = server.applications().await?.applications;
    let models: Vec<Value> = applications.into_iter().map(|application| model(&application.name)).collect();
    Ok(Json(json!({"object": "list", "data": models})))
}

pub(super) async fn one_model<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ChatRefusal> {
    Ok(Json(model(&server.application(&name).await?.name)))
}

/// An application as OpenAI describes a model.
fn model(name: &str) -> Value {
    json!({"id": name, "object": "model", "created": 0, "owned_by": "millrace"})
}

/// An error as OpenAI's clients read it: with `param` and `code`, besides what it holds on every path.
pub(super) struct ChatRefusal(HttpRefusal);

impl ChatRefusal {
    fn body(&self) -> Value {
        let mut body = self.0.body();
        // Only an application can be missing here.
        let is_missing = self.0.status == StatusCode::NOT_FOUND;
        let param = self.0.field.as_deref().or(is_missing.then_some("model"));
        let code = if is_missing { "model_not_found" } else { self.0.kind };
        if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
            error.insert("param".to_owned(), json!(param));
            error.insert("code".to_owned(), json!(code));
            if self.0.status == StatusCode::BAD_REQUEST && self.0.kind == "question" {
                error.insert("type".to_owned(), json!("invalid_request_error"));
            }
        }
        body
    }
}

impl<T: Into<HttpRefusal>> From<T> for ChatRefusal {
    fn from(refusal: T) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for ChatRefusal {
    fn into_response(self) -> Response {
        self.0.with_body(self.body())
    }
}
