#![expect(clippy::disallowed_methods, reason = "edge: the HTTP server, and its clock")]
//! `POST /v1/chat/completions` and `GET /v1/models`, compatible with OpenAI's clients
//! (platform.openai.com/docs/api-reference/chat). `model` is an application's name; citations, space and generation are
//! additional fields. An answer's `id` is its name behind the prefix that these clients expect; `POST /v1/feedback` takes it.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::sse::Event as SseEvent;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{self, Wanted, plain};
use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::access::Principal;
use crate::answer_id::{AnswerId, CHAT_PREFIX};
use crate::chat::writing::{Answer, ChatEvent};
use crate::llm::{LlmError, Speaker, Turn};

/// The supported fields; others are ignored, because clients send many that no application needs.
#[derive(Deserialize)]
pub(super) struct Body {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    temperature: Option<f32>,
    n: Option<u32>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Deserialize)]
struct ContentPart {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

impl Body {
    fn wanted(self) -> Result<Wanted, HttpRefusal> {
        let wrong = |field: &str, message: String| HttpRefusal {
            field: Some(field.to_owned()),
            ..HttpRefusal::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
        };
        if self.n.is_some_and(|n| n != 1) {
            return Err(wrong("n", "n has to be 1: there is one answer".to_owned()));
        }
        let (mut style, mut turns) = (Vec::new(), Vec::new());
        for message in self.messages {
            let text = text(message.content).map_err(|message| wrong("messages", message))?;
            match message.role.as_str() {
                "system" | "developer" => style.push(text),
                "user" => turns.push(Turn { speaker: Speaker::User, text }),
                "assistant" => turns.push(Turn { speaker: Speaker::Assistant, text }),
                other => {
                    return Err(wrong(
                        "messages",
                        format!("a message has the role {other:?}: give system, user or assistant"),
                    ));
                }
            }
        }
        // The conversation must end with the question.
        let question = match turns.pop() {
            Some(Turn { speaker: Speaker::User, text }) if !text.trim().is_empty() => text,
            _ => return Err(wrong("messages", "the last message has to be the user's question".to_owned())),
        };
        let mut ask = plain(&question, turns);
        ask.style = Some(style.join("\n\n")).filter(|style| !style.trim().is_empty());
        ask.max_tokens = self.max_completion_tokens.or(self.max_tokens);
        ask.temperature = self.temperature;
        Ok(Wanted { application: self.model, ask })
    }
}

fn text(content: Option<Content>) -> Result<String, String> {
    match content {
        None => Ok(String::new()),
        Some(Content::Text(text)) => Ok(text),
        Some(Content::Parts(parts)) => {
            let texts = parts.into_iter().map(|part| {
                part.text.ok_or_else(|| format!("a message holds {:?}: only text is understood", part.kind))
            });
            texts.collect::<Result<Vec<_>, _>>().map(|texts| texts.join("\n"))
        }
    }
}

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
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let Json(body) = body?;
    let is_stream = body.stream;
    let with_usage = body.stream_options.as_ref().is_some_and(|options| options.include_usage);
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
        Err(error) => vec![data(&HttpRefusal::from(error).body())],
    }
}

fn data(value: &Value) -> SseEvent {
    SseEvent::default().data(value.to_string())
}

pub(super) async fn models<P: Parts>(
    State(server): State<Arc<Server<P>>>,
) -> Result<Json<Value>, HttpRefusal> {
    let one = |name: String| json!({"id": name, "object": "model", "created": 0, "owned_by": "millrace"});
    let applications = server.applications().await?;
    let models: Vec<Value> = applications.into_iter().map(|application| one(application.name)).collect();
    Ok(Json(json!({"object": "list", "data": models})))
}
