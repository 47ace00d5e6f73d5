//! Questions to the running `serve`. Edge.

use std::time::Duration;

use process::Failure;
use serde_json::Value;

use crate::cli::Mode;

/// Longer than `serve` itself takes for a question.
const DEADLINE: Duration = Duration::from_secs(30);

/// A `serve` to be asked.
#[derive(Debug)]
pub struct Asking {
    client: reqwest::Client,
    url: String,
}

impl Asking {
    /// Prepares to ask `url`.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn new(url: &str) -> Result<Self, Failure> {
        let client = reqwest::Client::builder().timeout(DEADLINE).no_proxy().build()?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned() })
    }

    /// The answer to a question, as `serve` gives it.
    ///
    /// # Errors
    /// When `serve` does not answer, or refuses; with its words.
    pub async fn search(&self, question: &str, mode: Mode, size: usize) -> Result<Value, Failure> {
        let size = size.to_string();
        let parameters = [("q", question), ("mode", mode.name()), ("size", size.as_str())];
        let sent = self.client.get(format!("{}/v1/search", self.url)).query(&parameters).send().await;
        let answer = sent.map_err(|error| {
            let cause = process::chain(&error);
            format!("serve at {} does not answer ({cause}): start it (compose/worker start serve), or set MILLRACE_SERVE_URL", self.url)
        })?;
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
