//! Builds bulk requests from actions, and reads the responses item by item.
//!
//! Pure. Each action carries its external version and goes to the write alias. Responses are classified by what to do
//! next, and only acknowledged items ever count as written.

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

/// The lines of one action: the operation, then for a put the item, each with a line break. The item's bytes are
/// shared with the action until the request is assembled.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    header: Bytes,
    item: Option<Bytes>,
}

impl Lines {
    /// The lines that send an action to the write alias of its index.
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

    /// An extra operation that keeps a request with deletes from creating an index. Both engines create a missing
    /// index for a delete with an external version, even with `require_alias`, which they heed only for puts and
    /// updates; but one operation that requires the alias makes the whole request fail (`TransportBulkAction` of
    /// both). This one changes nothing: no item has its id.
    pub(crate) fn guard(target: Target, names: &Names) -> Self {
        let alias = names.write_alias(target);
        let header =
            json!({"update": {"_index": alias, "_id": "millrace-requires-the-alias", "require_alias": true}});
        Self { header: format!("{header}\n").into(), item: Some(Bytes::from_static(br#"{"doc":{}}"#)) }
    }

    /// Size in the request, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.header.len() + self.item.as_ref().map_or(0, |item| item.len() + 1)
    }
}

/// The body of the request.
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

/// Groups consecutive items into requests of at most `limit` bytes; a larger item gets a request of its own. Returns
/// their positions.
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

/// What a response means for the items that were sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// One reply for each item.
    Items(Vec<Reply>),
    /// Nothing is known to have been done: send everything again after a wait.
    Again {
        /// What happened.
        cause: String,
        /// The engine's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The request is too large, or one item spoils it: send it in halves. A single item is refused.
    Halve(String),
    /// A human must act.
    Stop(String),
}

/// What one item's part of a response means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// This write has nothing left to do for the item.
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

/// Reads the response to a request that held `actions`, in this order.
pub(crate) fn judge(response: &Response, actions: &[&Action]) -> Judgement {
    let cause = || format!("status {}: {}", response.status, reason(&response.body));
    match response.status {
        200 => judge_items(&response.body, actions),
        // 400 for the whole request: one item cannot be parsed, and halving finds out which.
        413 | 400 => Judgement::Halve(cause()),
        408 | 429 | 500 | 502..=504 => Judgement::Again { cause: cause(), retry_after: response.retry_after },
        _ => Judgement::Stop(cause()),
    }
}

/// Whether a request with these actions needs [`Lines::guard`].
pub(crate) fn deletes<'a>(mut actions: impl Iterator<Item = &'a Action>) -> bool {
    actions.any(|action| action.operation == Operation::Delete)
}

fn judge_items(body: &[u8], actions: &[&Action]) -> Judgement {
    let again = |cause: String| Judgement::Again { cause, retry_after: None };
    let answer: BulkAnswer = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(error) => return again(format!("the bulk answer was cut or is none: {error}")),
    };
    // The guard is the last item of the response, and its result is irrelevant.
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
        // A block that goes away by itself (503: the cluster is starting) is waited for; any other block needs a
        // human.
        408 | 429 | 500 | 502..=504 if kind != "cluster_block_exception" || item.status == 503 => {
            Reply::Again(cause())
        }
        400 if is_about_the_alias(&cause()) => Reply::Final(ItemAnswer::Stop(cause())),
        400 | 413 => Reply::Final(ItemAnswer::Refused(cause())),
        _ => Reply::Final(ItemAnswer::Stop(cause())),
    }
}

/// A version conflict means that the engine already holds this version or a later one.
fn conflict(cause: &str, action: &Action) -> ItemAnswer {
    match current_version(cause) {
        Some(current) => held(current, action),
        None => ItemAnswer::Stop(format!("a conflict that names no current version: {cause}")),
    }
}

/// The answer when the engine holds `current`, which is not below the action's version. Only a version above the
/// highest that the log can have issued comes from another writer.
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

/// An alias of several indexes has no write index; that is no fault of the item.
fn is_about_the_alias(cause: &str) -> bool {
    cause.contains("no write index is defined") || cause.contains("require_alias")
}
