//! The workers and the servers of `serve` as processes, controlled through `compose/worker`, and the folders in which
//! faults are armed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fault::{Mechanism, Place};
use process::Failure;
use tokio::process::Command;

use crate::compaction::STALE_AFTER;
use crate::config::StoreServer;
use crate::mirror::LOST;
use crate::schedule::{Blow, Worker};

/// Timeout of a script in `compose/`; none takes this long.
const PATIENCE: Duration = Duration::from_mins(3);
/// Short sessions, so that the group notices a dead member quickly.
const SESSIONS: &str = "session.timeout.ms=6000;heartbeat.interval.ms=1000";

/// How many servers of `serve` run while questions are asked.
pub const SERVES: u32 = 2;

/// The addresses that workers connect to, which are the proxies', and the one that `serve` listens on.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The object store.
    pub store: String,
    /// OpenSearch.
    pub opensearch: String,
    /// Elasticsearch.
    pub elasticsearch: String,
    /// The first server of `serve`; the next one listens on the next port.
    pub serve: SocketAddr,
}

/// The workers of this instance.
#[derive(Debug)]
pub struct Fleet {
    compose: PathBuf,
    instance: PathBuf,
    endpoints: Endpoints,
    off: Option<Mechanism>,
    /// Which object store holds the bucket.
    pub store: StoreServer,
    /// Number of Kafka brokers.
    pub brokers: u32,
    /// Whether `intake` ignores the keys whose notices are to be lost.
    pub drops: AtomicBool,
}

impl Fleet {
    /// The workers of `instance`, started by the scripts in `compose`, optionally with one mechanism switched off.
    #[must_use]
    pub fn new(
        (compose, instance): (&Path, &Path),
        endpoints: Endpoints,
        off: Option<Mechanism>,
        (store, brokers): (StoreServer, u32),
    ) -> Self {
        let (compose, instance) = (compose.to_owned(), instance.to_owned());
        Self { compose, instance, endpoints, off, store, brokers, drops: AtomicBool::new(false) }
    }

    /// Starts process `number` of a worker; does nothing when it is already running.
    ///
    /// # Errors
    /// When it exits at once.
    pub async fn start(&self, worker: Worker, number: u32) -> Result<(), Failure> {
        self.keep_log(worker, number).await?;
        let folder = self.faults(worker, number);
        tokio::fs::create_dir_all(&folder).await?;
        let mut command = Command::new(self.compose.join("worker"));
        command.arg("start").arg(worker.name()).arg(number.to_string());
        command.args(self.arguments(worker)).env("MILLRACE_FAULTS", folder);
        command.env("MILLRACE_KAFKA_PROPERTIES", SESSIONS);
        // Small batches and limits, so that one seed sees many of each: `index` and `replicate` need several bulk
        // requests per batch, and a long document exceeds the queue, so that `chunk` pauses its consumption.
        let records = match worker {
            Worker::Chunk => "8",
            Worker::Index | Worker::Replicate => "128",
            Worker::Intake | Worker::Embed => "32",
        };
        command.env("MILLRACE_BATCH_RECORDS", records);
        command.env("MILLRACE_BULK_BYTES", "65536").env("MILLRACE_QUEUE_BYTES", "262144");
        // Low enough that nobody has to confirm a deletion, but above what the oracle deletes within this window.
        command.env("MILLRACE_GUARD_WINDOW", "60").env("MILLRACE_GUARD_LEAST", "20");
        command.env("MILLRACE_STALE_AFTER", STALE_AFTER.to_string());
        command.env("MILLRACE_SWITCHED_OFF", self.off.map_or("", Mechanism::name));
        run(command).await.map(|_| ())
    }

    fn arguments(&self, worker: Worker) -> Vec<String> {
        let pair = |flag: &str, value: &str| vec!["--".to_owned(), flag.to_owned(), value.to_owned()];
        match worker {
            Worker::Intake if self.drops.load(Ordering::Relaxed) => pair("--exclude-prefix", LOST),
            Worker::Intake | Worker::Embed => Vec::new(),
            Worker::Chunk => pair("--s3-endpoint", &self.endpoints.store),
            Worker::Index => pair("--opensearch-url", &self.endpoints.opensearch),
            Worker::Replicate => pair("--elasticsearch-url", &self.endpoints.elasticsearch),
        }
    }

    /// Applies `verb` (`stop`, `kill`, `pause`, `resume`) to a process.
    ///
    /// # Errors
    /// When the process is not running.
    pub async fn tell(&self, verb: &str, worker: Worker, number: u32) -> Result<(), Failure> {
        let mut command = Command::new(self.compose.join("worker"));
        command.arg(verb).arg(worker.name()).arg(number.to_string());
        run(command).await.map(|_| ())
    }

    /// Where server `number` of `serve` listens, counted from 1.
    #[must_use]
    pub fn serve_address(&self, number: u32) -> String {
        let first = self.endpoints.serve;
        format!("{}:{}", first.ip(), u32::from(first.port()) + number - 1)
    }

    /// Starts server `number` of `serve`: the first one asks Elasticsearch, the second one OpenSearch.
    ///
    /// # Errors
    /// When it exits at once.
    pub async fn start_serve(&self, number: u32) -> Result<(), Failure> {
        let Endpoints { opensearch, elasticsearch, .. } = &self.endpoints;
        let engine = if number == 1 { "elasticsearch" } else { "opensearch" };
        let mut command = Command::new(self.compose.join("worker"));
        command.arg("start").arg("serve").arg(number.to_string()).arg("--");
        command.arg("--serve-listen").arg(self.serve_address(number)).arg("--serve-engine").arg(engine);
        command.arg("--opensearch-url").arg(opensearch).arg("--elasticsearch-url").arg(elasticsearch);
        // Questions come faster than a person asks them.
        command.env("MILLRACE_SERVE_RATE", "0");
        run(command).await.map(|_| ())
    }

    /// Applies `verb` (`stop`, `kill`) to a server of `serve`.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn tell_serve(&self, verb: &str, number: u32) -> Result<(), Failure> {
        let mut command = Command::new(self.compose.join("worker"));
        command.arg(verb).arg("serve").arg(number.to_string());
        run(command).await.map(|_| ())
    }

    /// Applies `verb` (`start`, `stop`, `kill`) to a server.
    ///
    /// # Errors
    /// When the script fails.
    pub async fn server(&self, name: &str, verb: &str) -> Result<(), Failure> {
        let mut command = Command::new(self.compose.join("servers").join(name).join("run"));
        command.arg(verb);
        run(command).await.map(|_| ())
    }

    /// Applies `verb` (`start`, `stop`, `kill`, `pause`, `resume`, `cut`, `mend`) to one broker, or `truncate` to a
    /// partition.
    ///
    /// # Errors
    /// When the script fails.
    pub async fn broker(&self, node: &str, verb: &str) -> Result<(), Failure> {
        let mut command = Command::new(self.compose.join("servers/kafka/run"));
        command.arg(verb).arg(node);
        run(command).await.map(|_| ())
    }

    /// Arms a fault in a process: it strikes when the process reaches `place`.
    ///
    /// # Errors
    /// When the fault's file cannot be written.
    pub async fn arm(
        &self,
        (worker, process): (Worker, u32),
        place: Place,
        blow: Blow,
    ) -> Result<(), Failure> {
        let folder = self.faults(worker, process);
        let word = if blow == Blow::Kill { "kill" } else { "stop" };
        let waiting = folder.join(format!("{}.new", place.name()));
        tokio::fs::write(&waiting, word).await?;
        tokio::fs::rename(waiting, folder.join(place.name())).await?;
        Ok(())
    }

    /// Disarms a fault; true when it had already struck.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub async fn disarm(&self, (worker, process): (Worker, u32), place: Place) -> Result<bool, Failure> {
        let folder = self.faults(worker, process);
        let struck = folder.join(format!("{}.struck", place.name()));
        let had = tokio::fs::try_exists(&struck).await?;
        for path in [folder.join(place.name()), struck] {
            match tokio::fs::remove_file(path).await {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(had)
    }

    /// Whether an armed fault has struck.
    pub async fn has_struck(&self, (worker, process): (Worker, u32), place: Place) -> bool {
        let struck = self.faults(worker, process).join(format!("{}.struck", place.name()));
        tokio::fs::try_exists(struck).await.unwrap_or(false)
    }

    /// Whether a process exists; a paused one does.
    pub async fn runs(&self, worker: Worker, number: u32) -> bool {
        let file = self.instance.join("workers").join(format!("{}.pid", process_name(worker, number)));
        let Ok(text) = tokio::fs::read_to_string(file).await else { return false };
        let Some((pid, _)) = text.trim().split_once(' ') else { return false };
        let Ok(stat) = tokio::fs::read_to_string(format!("/proc/{pid}/stat")).await else { return false };
        // The state follows the name, which is in parentheses; Z is a zombie, dead but not yet reaped.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    /// How often `text` occurs in all logs of a process, including the logs of its earlier starts.
    pub async fn logged(&self, (worker, process): (Worker, u32), text: &str) -> usize {
        let name = format!("{}.log", process_name(worker, process));
        let mut times = 0;
        for path in [self.instance.join("logs").join(&name), self.instance.join("faults/logs").join(&name)] {
            let log = tokio::fs::read(path).await.unwrap_or_default();
            times += String::from_utf8_lossy(&log).matches(text).count();
        }
        times
    }

    fn faults(&self, worker: Worker, number: u32) -> PathBuf {
        self.instance.join("faults").join(process_name(worker, number))
    }

    /// Appends the log to the kept ones: `compose/worker` keeps only one old log, and all starts are wanted.
    async fn keep_log(&self, worker: Worker, number: u32) -> Result<(), Failure> {
        use tokio::io::AsyncWriteExt as _;

        if self.runs(worker, number).await {
            return Ok(());
        }
        let name = format!("{}.log", process_name(worker, number));
        let Ok(log) = tokio::fs::read(self.instance.join("logs").join(&name)).await else { return Ok(()) };
        let kept = self.instance.join("faults/logs");
        tokio::fs::create_dir_all(&kept).await?;
        let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(kept.join(name)).await?;
        file.write_all(&log).await?;
        file.flush().await?;
        Ok(())
    }
}

fn process_name(worker: Worker, number: u32) -> String {
    if number == 1 { worker.name().to_owned() } else { format!("{}-{number}", worker.name()) }
}

/// Runs a program to its end and returns its standard output.
///
/// # Errors
/// When it fails (with its output), or takes longer than three minutes.
pub async fn run(mut command: Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .map_err(|_| "a program took longer than three minutes")??;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    Err(format!("{program} ended with {}: {} {}", output.status, words.trim(), text.trim()).into())
}
