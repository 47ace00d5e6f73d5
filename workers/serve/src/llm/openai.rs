//! Any service with OpenAI's chat interface: Bailian, vLLM, Ollama and others.
//!
//! Answers are always requested as streams, so that each piece has its own timeout. Retries happen only before the
//! answer begins: text that a reader has seen is never started again.

mod answer;
mod failure;

use std::collections::VecDeque;
use std::time::Duration;

use backoff::{Backoff, retry_after};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use secret::Secret;
use serde_json::{Value, json};
use sse::Events;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, warn};

use super::render::render;
use super::{LanguageModel, LlmError, Piece, Pieces, Prompt};
use answer::{Reading, Said};
use failure::Failure;

/// No further attempt begins later than this, or than twice the timeout: somebody waits for the answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time limit for a whole answer.
const LONGEST_ANSWER: Duration = Duration::from_mins(10);
/// Maximum size of an error response in bytes.
const LONGEST_ERROR: usize = 64 * 1024;
const CONNECT: Duration = Duration::from_secs(10);

/// A service and its API key. Clones share its connections.
#[derive(Clone, Debug)]
pub struct OpenAi {
    client: Client,
    url: Url,
    key: Option<Secret>,
    model: String,
    timeout: Duration,
}

impl OpenAi {
    /// The service at `url`, a path without `/chat/completions`. `setting` is the prefix of its settings' names.
    ///
    /// # Errors
    /// The invalid setting.
    pub fn new(
        setting: &str,
        url: &str,
        key: Option<Secret>,
        model: &str,
        timeout: Duration,
    ) -> Result<Self, LlmError> {
        let wrong = |cause: String| LlmError::Config(format!("{setting}_URL is {url:?}: {cause}"));
        let whole = format!("{}/chat/completions", url.trim_end_matches('/'));
        let parsed = Url::parse(&whole).map_err(|error| wrong(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("it has to begin with https:// or http://".to_owned()));
        }
        let client = Client::builder().connect_timeout(CONNECT).build();
        let client = client.map_err(|error| wrong(error.to_string()))?;
        Ok(Self { client, url: parsed, key, model: model.to_owned(), timeout })
    }

    /// The default model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    fn body(&self, prompt: &Prompt) -> Value {
        let mut body = json!({
            "model": prompt.model.as_deref().unwrap_or(&self.model), "messages": render(prompt),
            "max_tokens": prompt.max_tokens, "stream": true, "stream_options": {"include_usage": true},
        });
        if let (Some(temperature), Some(body)) = (prompt.temperature, body.as_object_mut()) {
            body.insert("temperature".to_owned(), json!(temperature));
        }
        body
    }

    /// One attempt: an answer that begins, or the failure.
    async fn try_once(&self, body: &Value) -> Result<Response, Failure> {
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        let sent = timeout(self.timeout, request.body(body.to_string()).send()).await;
        let sent = sent.map_err(|_| Failure::away(format!("no answer within {:?}", self.timeout)))?;
        let response = sent.map_err(|error| Failure::away(process::chain(&error.without_url())))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wish = retry_after(wish);
        let body = timeout(self.timeout, whole(response)).await.unwrap_or_default();
        Err(Failure::sorted(status.as_u16(), self.without_key(&body).as_bytes(), wish))
    }

    /// The service's message with the key removed, in case it repeats the key.
    fn without_key(&self, body: &[u8]) -> String {
        let words = String::from_utf8_lossy(body);
        match &self.key {
            Some(key) if !key.reveal().is_empty() => words.replace(key.reveal(), "***"),
            _ => words.into_owned(),
        }
    }

    /// Retries until the answer begins or the time is up.
    async fn begin(&self, body: &Value) -> Result<Response, LlmError> {
        let end = Instant::now() + (self.timeout * 2).min(PATIENCE);
        let mut delays = Backoff::SERVER.start();
        loop {
            let (cause, retry_after) = match self.try_once(body).await {
                Ok(response) => return Ok(response),
                Err(Failure::For(error)) => {
                    if matches!(error, LlmError::Config(_)) {
                        error!(host = self.url.host_str(), %error, "a language model cannot be used");
                    }
                    return Err(error);
                }
                Err(Failure::Passing { cause, retry_after }) => (cause, retry_after),
            };
            let delay = delays.next_delay(retry_after);
            if Instant::now() + delay >= end {
                return Err(LlmError::Busy { cause, retry_after });
            }
            warn!(host = self.url.host_str(), cause, ?delay, "a language model is asked again");
            sleep(delay).await;
        }
    }
}

/// The start of a body.
async fn whole(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() >= LONGEST_ERROR {
            break;
        }
    }
    body
}

/// An answer being read.
struct Open {
    response: Response,
    events: Events,
    reading: Reading,
    ready: VecDeque<Piece>,
    timeout: Duration,
    end: Instant,
    is_over: bool,
}

impl Open {
    async fn next(mut self) -> Result<Option<(Piece, Self)>, LlmError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                self.is_over = matches!(piece, Piece::Finish(_));
                return Ok(Some((piece, self)));
            }
            if self.is_over {
                return Ok(None);
            }
            let wait = self.timeout.min(self.end.saturating_duration_since(Instant::now()));
            let bytes = timeout(wait, self.response.chunk()).await;
            let bytes = bytes.map_err(|_| LlmError::Broken(format!("nothing came for {wait:?}")))?;
            let bytes = bytes.map_err(|error| LlmError::Broken(process::chain(&error.without_url())))?;
            let Some(bytes) = bytes else {
                return Err(LlmError::Broken("it ended without its mark ([DONE])".to_owned()));
            };
            let events = self.events.push(&bytes).map_err(|error| LlmError::Broken(error.to_string()))?;
            for event in events {
                match self.reading.event(&event)? {
                    Said::Nothing => {}
                    Said::Text(text) => self.ready.push_back(Piece::Text(text)),
                    Said::Done(finish) => {
                        self.ready.push_back(Piece::Finish(finish));
                        break;
                    }
                }
            }
        }
    }
}

impl LanguageModel for OpenAi {
    async fn answer(&self, prompt: Prompt) -> Result<Pieces, LlmError> {
        let response = self.begin(&self.body(&prompt)).await?;
        let open = Open {
            response,
            events: Events::default(),
            reading: Reading::default(),
            ready: VecDeque::new(),
            timeout: self.timeout,
            end: Instant::now() + LONGEST_ANSWER,
            is_over: false,
        };
        Ok(Box::pin(futures::stream::try_unfold(open, Open::next)))
    }
}
