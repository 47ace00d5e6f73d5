//! `POST /v1/ask`: an answer with citations, complete or as a stream.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use telemetry::{Counter, Histogram, count, observe};
use tokio::time::Instant;

use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::access::Principal;
use crate::application::BUILT_IN;
use crate::chat::answer::{AskError, ChatQuestion, begin};
use crate::chat::writing::{Begun, ChatEvent};
use crate::filters::Filters;
use crate::llm::{LlmError, Speaker, Turn};
use crate::question::{Mode, Question, Wrong, several, whole};

/// Most turns of a conversation so far, and most bytes of their text.
const MOST_TURNS: usize = 40;
const LONGEST_HISTORY: usize = 64 * 1024;

/// The body of a question to an application; its filters are those of a search.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    question: String,
    /// The conversation so far, oldest first.
    #[serde(default)]
    history: Vec<Said>,
    application: Option<String>,
    #[serde(default)]
    stream: bool,
    #[serde(default, deserialize_with = "whole")]
    prefix: Vec<String>,
    #[serde(default, deserialize_with = "several")]
    language: Vec<String>,
    #[serde(default, deserialize_with = "several")]
    format: Vec<String>,
    since: Option<String>,
    until: Option<String>,
}

/// A turn of the conversation so far.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    role: Role,
    content: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// The question, the application, and the conversation so far.
pub(super) struct Wanted {
    pub(super) application: String,
    pub(super) ask: ChatQuestion,
}

impl From<LlmError> for HttpRefusal {
    fn from(error: LlmError) -> Self {
        let message = error.to_string();
        match error {
            LlmError::Config(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "model_config", message),
            LlmError::Filtered(_) => Self::new(StatusCode::BAD_REQUEST, "content_filter", message),
            LlmError::Request(_) => Self::new(StatusCode::BAD_GATEWAY, "model_request", message),
            LlmError::Busy { retry_after, .. } => Self {
                retry_after: retry_after.map(|wait| wait.as_secs()),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "model_unavailable", message)
            },
            LlmError::Broken(_) => Self::new(StatusCode::BAD_GATEWAY, "model_broken", message),
        }
    }
}

impl From<AskError> for HttpRefusal {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Search(error) => error.into(),
            AskError::Model(error) => error.into(),
        }
    }
}

impl<P: Parts> Server<P> {
    /// Begins an answer for `principal`: passages it may not see are in no ranking, citation or prompt.
    pub(super) async fn begin(&self, principal: &Principal, wanted: Wanted) -> Result<Begun, HttpRefusal> {
        count(Counter::Asked, 1);
        principal.notes.add("ask", &wanted.ask.question);
        let application = self.application(&wanted.application).await?;
        let mut ask = wanted.ask;
        ask.allowed = principal.clause();
        Ok(begin(&self.search, &self.models, &application, ask).await?)
    }
}

/// A question with default settings.
pub(super) fn plain(question: &str, history: Vec<Turn>) -> ChatQuestion {
    ChatQuestion {
        question: question.trim().to_owned(),
        history,
        style: None,
        filter: Vec::new(),
        allowed: None,
        max_tokens: None,
        temperature: None,
        nonce: nonce(),
    }
}

/// A random mark that no document can contain, because it did not exist before.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    // The standard library's random keys, hashed with a value that differs each time.
    let mark = RandomState::new().hash_one(Instant::now());
    format!("{mark:016x}")
}

pub(super) async fn post<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let Json(body) = body?;
    if !body.stream {
        return Ok(Json(answered(&server, &principal, body).await?).into_response());
    }
    let begun_at = Instant::now();
    let begun = server.begin(&principal, wanted(body)?).await?;
    let mut sources = json!({"id": begun.id(), "citations": begun.sources, "passages": begun.passages});
    if let (Some(condensed), Some(sources)) = (&begun.condensed, sources.as_object_mut()) {
        sources.insert("condensed".to_owned(), json!(condensed));
    }
    let head = futures::stream::iter([Ok(named("sources", &sources))]);
    Ok(stream(head.chain(begun.events().map(move |event| Ok(shown(event, begun_at))))))
}

/// The complete answer for `principal`.
pub(super) async fn answered<P: Parts>(
    server: &Server<P>,
    principal: &Principal,
    body: Body,
) -> Result<Value, HttpRefusal> {
    let begun_at = Instant::now();
    let answer = server.begin(principal, wanted(body)?).await?.whole().await?;
    observe(Histogram::AnswerSeconds, begun_at.elapsed().as_secs_f64());
    Ok(with_time(json!(answer), begun_at))
}

fn wanted(body: Body) -> Result<Wanted, HttpRefusal> {
    let mut body = body;
    check(&body.question)?;
    let mut ask = plain(&body.question, turns(std::mem::take(&mut body.history))?);
    let application = body.application.clone().unwrap_or_else(|| BUILT_IN.to_owned());
    let Body { prefix, language, format, since, until, .. } = body;
    ask.filter = Filters { prefix, language, format, since, until }.clauses()?;
    Ok(Wanted { application, ask })
}

/// Whether that is a question at all.
fn check(text: &str) -> Result<(), Wrong> {
    let checked = Question::plain(text, Mode::default(), 1).check();
    let named = |wrong: Wrong| wrong.message.replace("the parameter q", "question");
    checked.map_err(|wrong| Wrong { field: "question", message: named(wrong) })
}

/// The turns of a conversation that is not too long to be read.
fn turns(history: Vec<Said>) -> Result<Vec<Turn>, HttpRefusal> {
    let bytes: usize = history.iter().map(|said| said.content.len()).sum();
    if history.len() > MOST_TURNS || bytes > LONGEST_HISTORY {
        let message = format!(
            "history has {} turns of {bytes} bytes: send the last {MOST_TURNS} at most, and {LONGEST_HISTORY} bytes",
            history.len()
        );
        let refusal = HttpRefusal::new(StatusCode::BAD_REQUEST, "question", message);
        return Err(HttpRefusal { field: Some("history".to_owned()), ..refusal });
    }
    let speaker = |role| match role {
        Role::User => Speaker::User,
        Role::Assistant => Speaker::Assistant,
    };
    Ok(history.into_iter().map(|said| Turn { speaker: speaker(said.role), text: said.content }).collect())
}

fn shown(event: Result<ChatEvent, LlmError>, begun_at: Instant) -> SseEvent {
    match event {
        Ok(ChatEvent::Delta(text)) => named("delta", &json!({"text": text})),
        Ok(ChatEvent::Done(answer)) => {
            observe(Histogram::AnswerSeconds, begun_at.elapsed().as_secs_f64());
            named("done", &with_time(json!(answer), begun_at))
        }
        Err(error) => named("error", &HttpRefusal::from(error).body()),
    }
}

fn with_time(mut answer: Value, begun_at: Instant) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        let took = u64::try_from(begun_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        answer.insert("took_ms".to_owned(), json!(took));
    }
    answer
}

fn named(name: &str, data: &Value) -> SseEvent {
    // Compact JSON: the data of an event must not contain line breaks.
    SseEvent::default().event(name).data(data.to_string())
}

/// A stream of events; a periodic comment keeps the connection open while a model thinks.
pub(super) fn stream(events: impl Stream<Item = Result<SseEvent, Infallible>> + Send + 'static) -> Response {
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
