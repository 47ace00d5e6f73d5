//! Requests to a running `serve`. Edge.

use std::time::Duration;

use process::Failure;
use reqwest::{RequestBuilder, Response};
use secret::Secret;
use serde_json::{Value, json};
use sse::Events;

use crate::cli::{SearchMode, ServeAddress};

/// Time limit for a request: as long as `serve` lets a model take for a whole answer.
const DEADLINE: Duration = Duration::from_mins(10);

/// A client of `serve`.
#[derive(Debug)]
pub struct Asking {
    client: reqwest::Client,
    url: String,
    key: Option<Secret>,
}

/// Which passages to find, and how.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The search mode.
    pub mode: SearchMode,
    /// Maximum number of passages.
    pub size: usize,
    /// How two rankings are fused.
    pub fusion: Option<&'a str>,
    /// Prefix of their documents' names, bucket included.
    pub prefix: Option<&'a str>,
    /// Maximum number of passages per document.
    pub per_document: Option<usize>,
}

impl Asking {
    /// Prepares the client; sends nothing yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be created.
    pub fn new(serve: &ServeAddress) -> Result<Self, Failure> {
        let client = reqwest::Client::builder().timeout(DEADLINE).no_proxy().build()?;
        let url = serve.serve_url.trim_end_matches('/').to_owned();
        Ok(Self { client, url, key: serve.serve_key.clone() })
    }

    /// The passages for a question, as `serve` returns them.
    ///
    /// # Errors
    /// When `serve` does not answer, or refuses; then with its message.
    pub async fn search(&self, question: &str, wanted: &Wanted<'_>) -> Result<Value, Failure> {
        let (size, per_document) =
            (wanted.size.to_string(), wanted.per_document.map(|most| most.to_string()));
        let mut parameters = vec![("q", question), ("mode", wanted.mode.name()), ("size", size.as_str())];
        let optional =
            [("fusion", wanted.fusion), ("prefix", wanted.prefix), ("per_document", per_document.as_deref())];
        parameters.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        self.answer(self.client.get(format!("{}/v1/search", self.url)).query(&parameters)).await
    }

    /// The answer of an application to a question, as `serve` returns it.
    ///
    /// # Errors
    /// As [`Asking::search`].
    pub async fn ask(&self, question: &str, application: &str) -> Result<Value, Failure> {
        self.ask_under(question, application, None).await
    }

    /// The same of documents under a prefix, bucket included.
    ///
    /// # Errors
    /// As [`Asking::search`].
    pub async fn ask_under(
        &self,
        question: &str,
        application: &str,
        prefix: Option<&str>,
    ) -> Result<Value, Failure> {
        let prefix: Vec<&str> = prefix.into_iter().collect();
        let body = json!({"question": question, "application": application, "prefix": prefix});
        self.answer(self.client.post(format!("{}/v1/ask", self.url)).json(&body)).await
    }

    /// The same within a conversation ([`Conversation::history`]); `said` hears each piece of the answer as it comes.
    ///
    /// # Errors
    /// As [`Asking::search`], and when the answer breaks off.
    ///
    /// [`Conversation::history`]: crate::conversation::Conversation::history
    pub async fn stream(
        &self,
        question: &str,
        history: &Value,
        application: &str,
        mut said: impl FnMut(&str),
    ) -> Result<Value, Failure> {
        let body =
            json!({"question": question, "history": history, "application": application, "stream": true});
        let mut answer = self.send(self.client.post(format!("{}/v1/ask", self.url)).json(&body)).await?;
        if !answer.status().is_success() {
            return self.read(answer).await;
        }
        let mut events = Events::default();
        while let Some(bytes) = answer.chunk().await? {
            for event in events.push(&bytes)? {
                let event: Value = serde_json::from_str(&event)?;
                if let Some(words) = event["error"]["message"].as_str() {
                    return Err(format!("serve at {}: {words}", self.url).into());
                }
                if event["answer"].is_string() {
                    return Ok(event);
                }
                said(event["text"].as_str().unwrap_or_default());
            }
        }
        Err(format!("the answer of serve at {} broke off: ask again", self.url).into())
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let answer = self.send(request).await?;
        self.read(answer).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key.reveal()),
            None => request,
        };
        let sent = request.send().await;
        Ok(sent.map_err(|error| {
            let cause = process::chain(&error);
            format!("serve at {} does not answer ({cause}): start it (compose/worker start serve), or set MILLRACE_SERVE_URL", self.url)
        })?)
    }

    async fn read(&self, answer: Response) -> Result<Value, Failure> {
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| {
            format!("{} answered {status} with what is no JSON ({error}): is that serve?", self.url)
        })?;
        if status.is_success() {
            return Ok(body);
        }
        let words = body["error"]["message"].as_str().unwrap_or("no reason given");
        Err(format!("serve at {} answered {status}: {words}", self.url).into())
    }
}
