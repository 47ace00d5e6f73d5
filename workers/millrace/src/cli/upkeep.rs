//! Arguments of the commands that compare, repair and replay.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use objects::Scope;
use stream::kafka::KafkaSettings;

use super::{BucketSettings, GenerationSettings, WorldSettings};

/// `audit`
#[derive(Args, Debug)]
pub struct Audit {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Say "look again" with force for every document that differs; `chunk` writes it under a new version.
    #[arg(long)]
    pub repair: bool,
    /// Print what each engine holds of each document: chunks and digest.
    #[arg(long)]
    pub documents: bool,
    /// How long a document that differs is looked at again and again, as it may be on its way, e.g. `5s`.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = humantime::parse_duration)]
    pub settle: Duration,
    /// Audit again and again, e.g. every `6h`, until SIGTERM; one line a round.
    #[arg(long, value_name = "DURATION", value_parser = pause)]
    pub every: Option<Duration>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `reconcile`
#[derive(Args, Debug)]
pub struct Reconcile {
    /// The bucket.
    #[command(flatten)]
    pub bucket: BucketSettings,
    /// Which of its objects are documents: the same as for `intake`.
    #[command(flatten)]
    pub scope: Scope,
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// For which model: it names the ledger.
    #[command(flatten)]
    pub generation: GenerationSettings,
    /// Where copies of the ledger are kept, and the place of a run that is interrupted.
    #[command(flatten)]
    pub data: DataSettings,
    /// Compare only keys that begin so.
    #[arg(long, default_value = "")]
    pub prefix: String,
    /// Reconcile again and again, e.g. every `6h`, until SIGTERM; one line a round.
    #[arg(long, value_name = "DURATION", value_parser = pause)]
    pub every: Option<Duration>,
    /// Begin at the start, even when a run of the last 24 hours was interrupted.
    #[arg(long)]
    pub from_start: bool,
    /// Say what differs, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `confirm`
#[derive(Args, Debug)]
pub struct Confirm {
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// For which model: it names the group of `chunk`.
    #[command(flatten)]
    pub generation: GenerationSettings,
    /// Only this partition of `documents`.
    #[arg(long)]
    pub partition: Option<i32>,
    /// Let the removals pass without being asked.
    #[arg(long)]
    pub yes: bool,
    /// Who says so; it is kept with the confirmation.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Print one JSON object per partition.
    #[arg(long)]
    pub json: bool,
}

/// `skip`
#[derive(Args, Debug)]
pub struct SkipRecord {
    /// The partition that waits, as `status` names it: WORKER/PARTITION, for example `chunk/3`.
    #[arg(value_name = "WORKER/PARTITION", value_parser = waiting_at)]
    pub partition: (String, i32),
    /// Why the record is skipped; it is kept with the dead letter.
    #[arg(long)]
    pub reason: String,
    /// Who says so; it is kept with the dead letter.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Parses `chunk/3`.
fn waiting_at(text: &str) -> Result<(String, i32), String> {
    let (worker, partition) = text.split_once('/').ok_or("name it as `millrace status` does: chunk/3")?;
    let partition = partition.parse().map_err(|_| format!("'{partition}' is no number of a partition"))?;
    Ok((worker.to_owned(), partition))
}

/// The ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Make the ledger anew after its topic, or all of Kafka, was lost: from the chunks topic, and from the engines where
    /// that does not know; exit code 1 when nothing was written.
    Rebuild(LedgerRebuild),
}

/// `ledger rebuild`
#[derive(Args, Debug)]
pub struct LedgerRebuild {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Partitions of the topics, where they are gone too.
    #[arg(long, env = "MILLRACE_PARTITIONS", default_value_t = 12, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub partitions: i32,
    /// Copies of each record, where the topics are gone too; by default one on each broker, at most three.
    #[arg(long, env = "MILLRACE_REPLICATION", value_parser = clap::value_parser!(i32).range(1..=10))]
    pub replication: Option<i32>,
    /// Go on when documents must be embedded again.
    #[arg(long)]
    pub yes: bool,
    /// Begin a new epoch even if the ledger lacks nothing.
    #[arg(long)]
    pub force: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What workers had to refuse.
#[derive(Debug, Subcommand)]
pub enum LettersCommand {
    /// List dead letters: offset, time, worker, document (or key) and cause.
    List(ListLetters),
    /// Show everything about one dead letter; exit code 1 when it is not there.
    Show(ShowLetter),
    /// Ask for dead letters again, when their cause is mended; exit code 1 when one cannot be. `chunk` looks at the
    /// document again and writes all of it; a raw notice that names no document is sent again as it was.
    Replay(ReplayLetters),
}

/// Which dead letters.
#[derive(Args, Clone, Debug)]
pub struct LetterFilter {
    /// Only what this worker refused.
    #[arg(long)]
    pub stage: Option<String>,
    /// Only documents whose names begin so, with or without the bucket.
    #[arg(long, value_name = "PREFIX")]
    pub document: Option<String>,
    /// Only causes that hold this, in whatever case.
    #[arg(long, value_name = "TEXT")]
    pub cause: Option<String>,
    /// Only what was read from topics whose names begin so.
    #[arg(long)]
    pub topic: Option<String>,
    /// Only letters that are not older, e.g. `2h`.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub since: Option<Duration>,
}

/// `dead-letters list`
#[derive(Args, Debug)]
pub struct ListLetters {
    /// Which.
    #[command(flatten)]
    pub filter: LetterFilter,
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Print one JSON object per letter, with the refused bytes in base64.
    #[arg(long)]
    pub json: bool,
}

/// `dead-letters show`
#[derive(Args, Debug)]
pub struct ShowLetter {
    /// Its offset, as `list` shows it.
    pub offset: i64,
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `dead-letters replay`
#[derive(Args, Debug)]
pub struct ReplayLetters {
    /// Their offsets, as `list` shows them.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub offsets: Vec<i64>,
    /// All that fit the filters.
    #[arg(long)]
    pub all: bool,
    /// Which, with --all.
    #[command(flatten)]
    pub filter: LetterFilter,
    /// Say what would be done, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How Kafka is reached.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Print one JSON object per letter.
    #[arg(long)]
    pub json: bool,
}

/// Where a command may keep files.
#[derive(Args, Clone, Debug)]
pub struct DataSettings {
    /// The folder of the working copies of the ledger, and of what a command keeps from one run to the next. Losing it
    /// loses nothing.
    #[arg(long = "data", env = "MILLRACE_DATA", default_value = "/var/tmp/millrace-data")]
    pub folder: PathBuf,
}

/// Parses a pause between rounds: at least a second.
pub(super) fn pause(text: &str) -> Result<Duration, String> {
    let pause = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if pause < Duration::from_secs(1) { Err("at least 1s".to_owned()) } else { Ok(pause) }
}
