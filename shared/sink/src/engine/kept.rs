//! Checks what an engine made of a requested setting: some ignore one silently.

use generation::Generation;
use message::Fingerprint;
use serde_json::Value;
use tracing::{error, warn};

use super::Engine;
use crate::ensured::IndexState;
use crate::error::SinkError;
use crate::vectors::VectorKind;
use crate::wire::{Body, Method, Server};

/// Seconds for which deletions must be remembered: see `gc_deletes` in `mapping.rs`.
const REMEMBERED: u64 = 3_600;

impl Engine {
    /// The state of an existing index.
    pub(super) async fn state(&self, index: &str, created: bool) -> Result<IndexState, SinkError> {
        let path = format!("{index}/_settings?filter_path=*.settings.index");
        let answer = self.ask(Method::Get, path, Body::Empty).await?;
        let setting = |name: &str| answer.get(index)?.pointer("/settings/index")?.get(name)?.as_str();
        let Some(uuid) = setting("uuid") else {
            return Err(self.unavailable(format!("the index {index} told no uuid")));
        };
        let kept = setting("gc_deletes");
        let remembers = kept.and_then(seconds).is_some_and(|seconds| seconds >= REMEMBERED);
        if !remembers && self.told.is_news(format!("{index} forgets")) {
            error!(
                url = self.server.url(),
                index,
                gc_deletes = kept.unwrap_or("not kept"),
                "this index does not remember deletions for 1 h, as it was asked to: a write that comes late (after a retry, \
                 or of a process that slept) can bring a deleted passage back. Set index.gc_deletes to 1h; where the engine \
                 ignores that, run `millrace audit --repair` on a schedule"
            );
        }
        let shards = setting("number_of_shards").and_then(|text| text.parse().ok()).unwrap_or(1);
        let history = self.history(index, shards).await?;
        Ok(IndexState { uuid: uuid.to_owned(), history, remembers, created })
    }

    /// A digest of the history ids of the index's primary shards. A shard gets a new history when it is restored from
    /// a snapshot, or when a stale copy is forced to be primary: acknowledged writes may then be lost.
    async fn history(&self, index: &str, shards: usize) -> Result<Option<String>, SinkError> {
        let path = format!(
            "{index}/_stats/docs?level=shards&forbid_closed_indices=false&filter_path=indices.*.shards.*.routing.primary,\
             indices.*.shards.*.commit.user_data.history_uuid"
        );
        let response = self.send(Method::Get, path.clone(), Body::Empty).await?;
        match response.status {
            200 => {}
            400 | 403 | 405 | 410 => return Ok(self.without_history(index)),
            _ => return Err(self.failed(&response, &path)),
        }
        let answer = self.json(&response.body)?;
        let copies = answer.pointer("/indices").and_then(|indices| indices.get(index)?.get("shards"));
        let Some(copies) = copies.and_then(Value::as_object) else {
            return Err(self.unavailable(format!("no shard of the index {index} answers yet")));
        };
        if copies.len() < shards {
            let there = copies.len();
            return Err(self.unavailable(format!("{there} of {shards} shards of the index {index} answer")));
        }
        let told: Option<Vec<(&str, &str)>> =
            copies.iter().map(|(number, copies)| Some((number.as_str(), primary(copies)?))).collect();
        match told {
            Some(parts) => Ok(Some(Fingerprint::of(&parts).short().to_owned())),
            None => Ok(self.without_history(index)),
        }
    }

    fn without_history(&self, index: &str) -> Option<String> {
        if self.told.is_news(format!("{index} without history")) {
            warn!(
                url = self.server.url(),
                index,
                "the engine does not tell the history of this index (`GET INDEX/_stats?level=shards`): a snapshot that is \
                 restored over it would not be seen. Delete an index before you restore it, and run `millrace audit` after"
            );
        }
        None
    }
}

/// The history id of the primary among the copies of one shard.
fn primary(copies: &Value) -> Option<&str> {
    let is_primary =
        |copy: &&Value| copy.pointer("/routing/primary").and_then(Value::as_bool).unwrap_or_default();
    copies.as_array()?.iter().find(is_primary)?.pointer("/commit/user_data/history_uuid")?.as_str()
}

/// Rejects a field whose vectors have another dimension or similarity than `generation`, or are kept in another way than
/// its mapping says.
pub(super) fn check_vectors(
    server: &dyn Server,
    (index, created): (&str, bool),
    field: &Value,
    generation: &Generation,
) -> Result<(), SinkError> {
    let (dimension, similarity) = server.vectors_of(field);
    let mut told = vec![
        ("the dimension of vectors", dimension.unwrap_or(0).to_string(), generation.dimension.to_string()),
        ("the similarity", similarity, server.cosine().to_owned()),
    ];
    // Where the mapping does not say, a setting decided when the index was made, and may have changed since.
    if generation.mapping.vectors.contains_key(server.kind()) {
        let found = VectorKind::told(server.vectors(), field).map_or("unknown", |kind| kind.name);
        let expected = VectorKind::of(server, generation)?.name;
        told.push(("the kind of vectors", found.to_owned(), expected.to_owned()));
    }
    for (what, mut found, expected) in told {
        if found != expected {
            if created {
                found.push_str(
                    " by an engine that was asked for something else a moment ago and cannot be used",
                );
            }
            return Err(SinkError::Mismatch { index: index.to_owned(), what, found, expected });
        }
    }
    Ok(())
}

/// Parses an engine's time value, in seconds.
fn seconds(time: &str) -> Option<u64> {
    let end = time.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = time.split_at(end);
    let number: u64 = number.parse().ok()?;
    match unit {
        "d" => number.checked_mul(86_400),
        "h" => number.checked_mul(3_600),
        "m" => number.checked_mul(60),
        "s" => Some(number),
        "ms" => Some(number / 1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_engines_write_them() {
        let times = [("1h", 3_600), ("60m", 3_600), ("3600000ms", 3_600), ("2d", 172_800), ("0s", 0)];
        for (time, expected) in times {
            assert_eq!(seconds(time), Some(expected), "{time}");
        }
        for time in ["-1", "", "1", "h", "1 h", "99999999999999999999d"] {
            assert_eq!(seconds(time), None, "{time}");
        }
    }
}
