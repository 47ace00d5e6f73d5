//! Bulk requests: actions become lines, an answer is read item by item.
//!
//! Pure. Each action carries its external version and goes to the write alias; what the engine says is sorted by what
//! is to be done next, and nothing that was not acknowledged is ever counted as written.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fault::Mechanism;
use generation::{Names, Target};
use message::Version;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{Action, Operation};
use crate::sink::ItemAnswer;
use crate::wire::{Response, explain, reason};

#[cfg(test)]
mod tests;

/// The lines of one action: what is done, then (for a put) the item, each ended by a line break. The item's bytes are
/// shared with the action until the request is put together.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    header: Bytes,
    item: Option<Bytes>,
}

impl Lines {
    /// How an action goes to the write alias of its index.
    pub(crate) fn of(action: &Action, names: &Names) -> Self {
        let alias = names.write_alias(action.target);
        let header = if fault::is_off(Mechanism::ExternalVersions) {
            json!({"_index": alias, "_id": action.id})
        } else {
            json!({"_index": alias, "_id": action.id, "version": action.version, "version_type": "external"})
        };
        let (operation, item) = match &action.operation {
            Operation::Delete => ("delete", None),
            Operation::Put(body) => ("index", Some(body.clone())),
        };
        Self { header: format!("{}\n", json!({ operation: header })).into(), item }
    }

    /// What keeps a request that deletes from creating an index: both engines create one for a delete with an external
    /// version, even with `require_alias`, which they only heed for puts and updates; one operation that requires the
    /// alias keeps the whole request from it (`TransportBulkAction` of both). It changes nothing: no item has this id.
    pub(crate) fn guard(target: Target, names: &Names) -> Self {
        let alias = names.write_alias(target);
        let header =
            json!({"update": {"_index": alias, "_id": "millrace-requires-the-alias", "require_alias": true}});
        Self { header: format!("{header}\n").into(), item: Some(Bytes::from_static(br#"{"doc":{}}"#)) }
    }

    /// Bytes in a request.
    pub(crate) fn len(&self) -> usize {
        self.header.len() + self.item.as_ref().map_or(0, |item| item.len() + 1)
    }
}

/// The body of a request.
pub(crate) fn joined<'a>(lines: impl Iterator<Item = &'a Lines> + Clone) -> Bytes {
    let mut body = BytesMut::with_capacity(lines.clone().map(Lines::len).sum());
    for Lines { header, item } in lines {
        body.extend_from_slice(header);
        if let Some(item) = item {
            body.extend_from_slice(item);
            body.extend_from_slice(b"\n");
        }
    }
    body.freeze()
}

/// Places of consecutive items that together have at most `limit` bytes; an item that alone has more is alone.
pub(crate) fn split(sizes: &[usize], limit: usize) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0_usize;
    for (place, size) in sizes.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if bytes + size <= limit => part.push(place),
            _ => {
                parts.push(vec![place]);
                bytes = 0;
            }
        }
        bytes += size;
    }
    parts
}

/// What one answer means for the items that were sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// One reply for each item.
    Items(Vec<Reply>),
    /// Nothing is known to be done: send all of it again after a wait.
    Again {
        /// What happened.
        cause: String,
        /// The engine's wish.
        retry_after: Option<Duration>,
    },
    /// Too large, or one of the items spoils it: send halves; an item alone is refused.
    Halve(String),
    /// A human must act.
    Stop(String),
}

/// What one item's part of an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Nothing is left to do in this write.
    Final(ItemAnswer),
    /// Send this item again after a wait.
    Again(String),
}

#[derive(Deserialize)]
struct BulkAnswer {
    items: Vec<BTreeMap<String, Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "_id")]
    id: Option<String>,
    status: u16,
    error: Option<Value>,
}

/// Reads the answer to a request that held `actions`, in this order.
pub(crate) fn judge(response: &Response, actions: &[&Action]) -> Judgement {
    let cause = || format!("status {}: {}", response.status, reason(&response.body));
    match response.status {
        200 => judge_items(&response.body, actions),
        // 400 on the whole: one item cannot be read at all, and halves find out which.
        413 | 400 => Judgement::Halve(cause()),
        408 | 429 | 500 | 502..=504 => Judgement::Again { cause: cause(), retry_after: response.retry_after },
        _ => Judgement::Stop(cause()),
    }
}

/// True when a request with these needs [`Lines::guard`].
pub(crate) fn deletes<'a>(mut actions: impl Iterator<Item = &'a Action>) -> bool {
    actions.any(|action| action.operation == Operation::Delete)
}

fn judge_items(body: &[u8], actions: &[&Action]) -> Judgement {
    let again = |cause: String| Judgement::Again { cause, retry_after: None };
    let answer: BulkAnswer = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(error) => return again(format!("the bulk answer was cut or is none: {error}")),
    };
    // The guard of a request that deletes is answered last, and its answer means nothing.
    let guards = usize::from(deletes(actions.iter().copied()));
    if !(actions.len()..=actions.len() + guards).contains(&answer.items.len()) {
        return again(format!("{} items were sent and {} answered", actions.len(), answer.items.len()));
    }
    let mut replies = Vec::with_capacity(actions.len());
    for (mut entry, action) in answer.items.into_iter().zip(actions) {
        let Some((_, item)) = entry.pop_first() else {
            return again("an item of the bulk answer is empty".to_owned());
        };
        if item.id.as_ref().is_some_and(|id| *id != action.id) {
            return again("the bulk answer is not in the order of the request".to_owned());
        }
        replies.push(reply(&item, action));
    }
    Judgement::Items(replies)
}

fn reply(item: &Item, action: &Action) -> Reply {
    let kind = item.error.as_ref().and_then(|error| error.get("type")?.as_str()).unwrap_or_default();
    let cause = || {
        let reason = item.error.as_ref().map_or_else(|| "no reason given".to_owned(), explain);
        format!("status {}: {reason}", item.status)
    };
    let gone = item.status == 404 && item.error.is_none() && action.operation == Operation::Delete;
    match item.status {
        200 | 201 if item.error.is_none() => Reply::Final(ItemAnswer::Done),
        404 if gone => Reply::Final(ItemAnswer::Done),
        409 => Reply::Final(conflict(&cause(), action)),
        // A block that is lifted by itself (a cluster that starts, 503) is waited for; any other needs a human.
        408 | 429 | 500 | 502..=504 if kind != "cluster_block_exception" || item.status == 503 => {
            Reply::Again(cause())
        }
        400 if is_about_the_alias(&cause()) => Reply::Final(ItemAnswer::Stop(cause())),
        400 | 413 => Reply::Final(ItemAnswer::Refused(cause())),
        _ => Reply::Final(ItemAnswer::Stop(cause())),
    }
}

/// A conflict says that the engine holds this version or a later one.
fn conflict(cause: &str, action: &Action) -> ItemAnswer {
    match current_version(cause) {
        Some(current) => held(current, action),
        None => ItemAnswer::Stop(format!("a conflict that names no current version: {cause}")),
    }
}

/// The answer when the engine holds `current`, not below the action's version. Only a version that the log cannot have
/// issued is somebody else's.
pub(crate) fn held(current: Version, action: &Action) -> ItemAnswer {
    if current <= action.highest {
        return ItemAnswer::Done;
    }
    let (id, highest) = (&action.id, action.highest);
    ItemAnswer::Stop(format!(
        "the engine holds version {current} (epoch {}) of {id}, above the highest that this log issued, {highest} (epoch \
         {}): another log wrote this index, or the ledger was rebuilt under an old epoch; raise the epoch, or use an \
         index of its own",
        current.epoch(),
        highest.epoch(),
    ))
}

fn current_version(reason: &str) -> Option<Version> {
    let (_, rest) = reason.split_once("current version [")?;
    let (number, _) = rest.split_once(']')?;
    number.parse::<u64>().ok().map(Version::from)
}

/// An alias of several indexes has no index to write to: this is no item's fault.
fn is_about_the_alias(cause: &str) -> bool {
    cause.contains("no write index is defined") || cause.contains("require_alias")
}
