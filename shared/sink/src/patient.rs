//! Single requests that are asked again while a server is busy: what is neither a bulk write nor a search for a reader.

use std::sync::Arc;
use std::time::Duration;

use backoff::Backoff;
use serde_json::Value;
use tokio::time::Instant;
use tracing::debug;

use crate::error::SinkError;
use crate::settings::RequestSettings;
use crate::wire::{Body, Method, Request, Response, Server, reason};

/// A server, and how long it is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Patient {
    server: Arc<dyn Server>,
    timeout: Duration,
    budget: Duration,
}

impl Patient {
    pub(crate) fn new(server: impl Server + 'static, requests: &RequestSettings) -> Self {
        Self { server: Arc::new(server), timeout: requests.timeout(), budget: requests.budget() }
    }

    pub(crate) fn server(&self) -> &dyn Server {
        &*self.server
    }

    pub(crate) fn url(&self) -> &str {
        self.server.url()
    }

    /// How long one thing is tried.
    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// Sends a request, again and again while there is no answer or the server says that it is busy, until the retry budget is
    /// used up. Every other answer is returned, whatever its status. A request whose answer was cut may be done twice.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Body) -> Result<Response, SinkError> {
        let (started, mut delays) = (Instant::now(), Backoff::SERVER.start());
        loop {
            let (path, body) = (path.to_owned(), body.clone());
            let request = Request { method, path, body, timeout: self.timeout };
            let (cause, retry_after) = match self.server.send(request).await {
                Ok(response) if !is_busy(response.status) => return Ok(response),
                Ok(response) => {
                    (format!("status {}: {}", response.status, reason(&response.body)), response.retry_after)
                }
                Err(failure) => (failure.0, None),
            };
            let delay = delays.next_delay(retry_after);
            if started.elapsed() + delay > self.budget {
                return Err(SinkError::Unavailable { url: self.url().to_owned(), cause, retry_after });
            }
            debug!(url = self.url(), cause, ?delay, "asking again");
            tokio::time::sleep(delay).await;
        }
    }

    /// The same, for a request of which only a JSON answer with a status of 200 or 201 is of use.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &Body) -> Result<Value, SinkError> {
        let response = self.send(method, path, body).await?;
        match response.status {
            200 | 201 => self.json(&response),
            _ => Err(self.refused(&response, path)),
        }
    }

    pub(crate) fn json(&self, response: &Response) -> Result<Value, SinkError> {
        serde_json::from_slice(&response.body).map_err(|error| SinkError::Unavailable {
            url: self.url().to_owned(),
            cause: format!("the answer was cut: {error}"),
            retry_after: None,
        })
    }

    /// What an error status means.
    pub(crate) fn refused(&self, response: &Response, path: &str) -> SinkError {
        let (url, cause) = (self.url().to_owned(), reason(&response.body));
        // What belongs to the question, and is of no use to a person.
        let operation = path.split('?').next().unwrap_or(path).to_owned();
        match response.status {
            401 | 403 => SinkError::Denied { url, cause },
            status => SinkError::Rejected { url, operation, status, cause },
        }
    }
}

/// JSON as a request's body.
pub(crate) fn body_of(value: &Value) -> Body {
    Body::Json(value.to_string().into())
}

/// Waiting helps. Not 500: ML Commons says so of a model that will never run.
fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429 | 502..=504)
}
