#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "edge: a measurement reads its questions from a file, and answers on standard output"
)]
//! Asks a running `serve` the questions of a file, by so many clients at a time, each its next question as soon as the last
//! one is answered, and prints one line of JSON for each number of clients: requests a second, percentiles of the whole
//! request as a client sees it, and of each step that `serve` reports.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use process::Failure;
use secret::Secret;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

/// A request that takes longer fails the measurement.
const DEADLINE: Duration = Duration::from_mins(1);
/// Questions that are asked before it begins: connections, caches and the encoder are warm then.
const WARM: usize = 50;
/// Steps of an answer, as `serve` calls them.
const STEPS: [&str; 4] = ["embed_ms", "engine_ms", "fuse_ms", "place_ms"];

#[derive(Parser)]
#[command(name = "latency", about)]
struct Settings {
    /// A file of questions: one JSON object a line, the question in `text`, as in BEIR's queries.jsonl.
    questions: PathBuf,
    /// Where serve is.
    #[arg(long, env = "MILLRACE_SERVE_URL", default_value = "http://127.0.0.1:8080")]
    serve_url: String,
    /// A key that may read, where serve wants one.
    #[arg(long, env = "MILLRACE_SERVE_KEY", hide_env_values = true)]
    serve_key: Option<Secret>,
    /// keyword, vector or hybrid.
    #[arg(long, default_value = "hybrid")]
    mode: String,
    /// Clients at a time, one measurement each.
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    clients: Vec<usize>,
    /// Seconds of a measurement.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

/// What every client shares.
struct Load {
    client: reqwest::Client,
    url: String,
    key: Option<Secret>,
    mode: String,
    questions: Vec<String>,
    next: AtomicUsize,
}

/// Milliseconds of one request: seen from outside, then of each step.
type Taken = [f64; 1 + STEPS.len()];

impl Load {
    fn new(settings: &Settings) -> Result<Self, Failure> {
        let questions = std::fs::read_to_string(&settings.questions)?
            .lines()
            .map(serde_json::from_str::<Value>)
            .filter_map(|line| line.map(|line| Some(line.get("text")?.as_str()?.to_owned())).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        if questions.is_empty() {
            return Err(format!(
                "{} holds no questions: give one {{\"text\": …}} a line",
                settings.questions.display()
            )
            .into());
        }
        Ok(Self {
            client: reqwest::Client::builder().timeout(DEADLINE).no_proxy().build()?,
            url: format!("{}/v1/search", settings.serve_url.trim_end_matches('/')),
            key: settings.serve_key.clone(),
            mode: settings.mode.clone(),
            questions,
            next: AtomicUsize::new(0),
        })
    }

    async fn ask(&self) -> Result<Taken, Failure> {
        let question = &self.questions[self.next.fetch_add(1, Ordering::Relaxed) % self.questions.len()];
        let mut request = self.client.get(&self.url).query(&[("q", question), ("mode", &self.mode)]);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        let begun = Instant::now();
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let mut taken: Taken = [begun.elapsed().as_secs_f64() * 1_000.0; _];
        for (taken, step) in taken.iter_mut().skip(1).zip(STEPS) {
            *taken = answer.pointer(&format!("/timing/{step}")).and_then(Value::as_f64).unwrap_or_default();
        }
        Ok(taken)
    }
}

/// The answer's value below which a share of all lies.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list"
)]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = (share * (sorted.len() - 1) as f64).round() as usize;
    (sorted[place] * 10.0).round() / 10.0
}

fn report(taken: &[Taken]) -> Map<String, Value> {
    let mut report = Map::new();
    for (place, name) in ["request_ms"].into_iter().chain(STEPS).enumerate() {
        let mut one: Vec<f64> = taken.iter().map(|taken| taken[place]).collect();
        one.sort_by(f64::total_cmp);
        let (p50, p99) = (percentile(&one, 0.5), percentile(&one, 0.99));
        report.insert(name.to_owned(), json!({"p50": p50, "p99": p99}));
    }
    report
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
async fn measure(load: &Arc<Load>, clients: usize, seconds: u64) -> Result<Value, Failure> {
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for _ in 0..clients {
        let load = Arc::clone(load);
        asking.spawn(async move {
            let mut taken = Vec::new();
            while begun.elapsed() < Duration::from_secs(seconds) {
                taken.push(load.ask().await?);
            }
            Ok::<_, Failure>(taken)
        });
    }
    let mut taken = Vec::new();
    while let Some(one) = asking.join_next().await {
        taken.extend(one??);
    }
    let per_second = (taken.len() as f64 / begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let mut line = report(&taken);
    line.insert("mode".to_owned(), json!(load.mode));
    line.insert("clients".to_owned(), json!(clients));
    line.insert("requests".to_owned(), json!(taken.len()));
    line.insert("requests_per_second".to_owned(), json!(per_second));
    Ok(Value::Object(line))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = Settings::parse();
    let load = Arc::new(Load::new(&settings)?);
    for _ in 0..WARM {
        load.ask().await?;
    }
    for clients in &settings.clients {
        println!("{}", measure(&load, (*clients).max(1), settings.seconds).await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let taken: Vec<Taken> = (1..=101_u32).map(|n| [f64::from(n), 0.0, 1.0, 2.0, 3.0]).collect();
        let report = report(&taken);
        assert_eq!(report["request_ms"], json!({"p50": 51.0, "p99": 100.0}));
        assert_eq!(report["place_ms"], json!({"p50": 3.0, "p99": 3.0}));
    }
}
