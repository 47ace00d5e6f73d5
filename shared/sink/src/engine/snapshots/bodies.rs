//! Bodies of requests about snapshots, and what the answers say. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use generation::{Names, Target};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::explain;

/// Both engines refuse metadata of more bytes, as JSON without spaces.
const METADATA_BYTES: usize = 1_024;

/// The name of a snapshot or of a repository. It stands in the addresses of requests, so it is neither a pattern nor a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SnapshotName(String);

/// A name that would not be taken as a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use 1 to 200 of a-z, 0-9, `-`, `_` and `.`, a letter or digit first")]
pub struct InvalidSnapshotName;

impl FromStr for SnapshotName {
    type Err = InvalidSnapshotName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let allowed = |c: char| plain(c) || "-_.".contains(c);
        if text.starts_with(plain) && text.len() <= 200 && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSnapshotName)
        }
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A snapshot, as its engine tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EngineSnapshot {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: SnapshotState,
    /// The indexes in it.
    pub indexes: Vec<String>,
    /// When it began: milliseconds since 1970, by the engine's clock.
    pub started: i64,
    /// The shards that are not in it, and why.
    pub failures: Vec<String>,
    /// What Millrace kept with it; none in a snapshot that is not Millrace's.
    pub note: Option<Value>,
}

/// How far a snapshot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotState {
    /// The engine is at it.
    Running,
    /// It is whole.
    Success,
    /// Shards are missing.
    Partial,
    /// It cannot be used.
    Failed,
}

/// How far a restore is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreProgress {
    /// Neither index is there.
    Absent,
    /// Shards are being restored.
    Running,
    /// Every primary shard is restored and answers.
    Done,
    /// These shards cannot be restored, each with the engine's reason; or one index alone is there.
    Failed(Vec<String>),
}

impl EngineSnapshot {
    fn of(told: &Value) -> Option<Self> {
        let text = |name: &str| told.get(name).and_then(Value::as_str);
        let list = |name: &str| told.get(name).and_then(Value::as_array).into_iter().flatten();
        let state = match text("state")? {
            "SUCCESS" => SnapshotState::Success,
            "IN_PROGRESS" => SnapshotState::Running,
            "PARTIAL" => SnapshotState::Partial,
            _ => SnapshotState::Failed,
        };
        let whole = text("reason").map(str::to_owned);
        Some(Self {
            name: text("snapshot")?.to_owned(),
            state,
            indexes: list("indices").filter_map(Value::as_str).map(str::to_owned).collect(),
            started: told.get("start_time_in_millis").and_then(Value::as_i64).unwrap_or_default(),
            failures: list("failures").map(failure).chain(whole).collect(),
            note: told.pointer("/metadata/millrace").cloned(),
        })
    }
}

fn failure(told: &Value) -> String {
    let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or("unknown");
    let shard = told.get("shard_id").and_then(Value::as_i64).unwrap_or_default();
    format!("{}[{shard}]: {}", text("index"), text("reason"))
}

/// The snapshots in an answer, or the engine's reason for telling none.
pub(super) fn snapshots(answer: &Value) -> Result<Vec<EngineSnapshot>, String> {
    let failed = answer.get("failures").and_then(Value::as_object).and_then(|all| all.values().next());
    if let Some(error) = failed {
        return Err(explain(error));
    }
    let told = answer.get("snapshots").and_then(Value::as_array).ok_or("the answer names no snapshots")?;
    let one =
        |told| EngineSnapshot::of(told).ok_or_else(|| format!("a snapshot without name or state: {told}"));
    told.iter().map(one).collect()
}

/// Both indexes.
pub(super) fn both(names: &Names) -> [String; 2] {
    [Target::Chunks, Target::Documents].map(|target| names.physical(target))
}

/// Registers a repository. Two clusters that write to one place destroy each other's snapshots, so each engine gets a folder of
/// its own there.
pub(super) fn repository(engine: &str, kind: &str, settings: &BTreeMap<String, String>) -> Value {
    let mut settings = settings.clone();
    let place = if kind == "fs" { "location" } else { "base_path" };
    let own = match settings.get(place) {
        Some(given) => format!("{}/{engine}", given.trim_end_matches('/')),
        None => engine.to_owned(),
    };
    settings.insert(place.to_owned(), own);
    json!({"type": kind, "settings": settings})
}

fn metadata(note: &Value) -> Value {
    json!({ "millrace": note })
}

/// Whether an engine takes `note` with a snapshot.
#[must_use]
pub fn fits_snapshot(note: &Value) -> bool {
    metadata(note).to_string().len() <= METADATA_BYTES
}

/// Begins a snapshot. Nothing of the cluster's own state belongs to it, and a shard that is away makes it fail.
pub(super) fn create(names: &Names, note: &Value) -> Value {
    json!({
        "indices": both(names).join(","), "include_global_state": false, "partial": false, "metadata": metadata(note),
    })
}

/// Restores the indexes of `from` under the names of `into`, which has the same index to the outside. Without aliases: those
/// in the snapshot are the names by which the others are written and served.
pub(super) fn restore(from: &Names, into: &Names) -> Value {
    let (before, after) = (from.generation().short(), into.generation().short());
    json!({
        "indices": both(from).join(","), "include_global_state": false, "include_aliases": false, "partial": false,
        "rename_pattern": format!("-{before}(?=$|-documents$)"), "rename_replacement": format!("-{after}"),
    })
}

/// How far the shards of two indexes that are there are restored, by `_cat/shards`.
pub(super) fn progress(indexes: &[String; 2], shards: &Value) -> RestoreProgress {
    let text =
        |shard: &Value, name: &str| shard.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let primaries = shards.as_array().into_iter().flatten().filter(|shard| text(shard, "prirep") == "p");
    let primaries: Vec<&Value> = primaries.collect();
    // One that is tried again is no longer unassigned; a shard whose restore failed is not tried again.
    let is_failed = |shard: &&&Value| {
        text(shard, "state") == "UNASSIGNED" && text(shard, "unassigned.reason") == "ALLOCATION_FAILED"
    };
    let failed: Vec<String> = primaries
        .iter()
        .filter(is_failed)
        .map(|shard| {
            let [index, number, why] = ["index", "shard", "unassigned.details"].map(|name| text(shard, name));
            format!("{index}[{number}]: {why}")
        })
        .collect();
    if !failed.is_empty() {
        return RestoreProgress::Failed(failed);
    }
    let is_there = |index: &String| primaries.iter().any(|shard| text(shard, "index") == *index);
    // One that moves to another node answers all the while.
    let answers = |shard: &&Value| ["STARTED", "RELOCATING"].contains(&text(shard, "state").as_str());
    if indexes.iter().all(is_there) && primaries.iter().all(answers) {
        RestoreProgress::Done
    } else {
        RestoreProgress::Running
    }
}

/// Whether every primary shard came from this snapshot of this repository, by `_recovery`, and there is one: a shard that waits for a
/// place is not told yet, and of none nothing is known.
pub(super) fn is_from(recovery: &Value, (repository, snapshot): (&SnapshotName, &SnapshotName)) -> bool {
    let indexes = recovery.as_object().into_iter().flat_map(|indexes| indexes.values());
    let shards = indexes.filter_map(|index| index.get("shards")?.as_array()).flatten();
    let is_primary = |shard: &&Value| shard.get("primary").and_then(Value::as_bool).unwrap_or_default();
    let mut primaries = shards.filter(is_primary).peekable();
    primaries.peek().is_some()
        && primaries.all(|shard| {
            let source = |name: &str| shard.get("source")?.get(name)?.as_str();
            (source("repository"), source("snapshot"))
                == (Some(repository.0.as_str()), Some(snapshot.0.as_str()))
        })
}

#[cfg(test)]
mod tests;
