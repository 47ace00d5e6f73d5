//! What is asked of the source and of the copy, page by page, and how the answers are read. Pure.

use message::Fingerprint;
use serde_json::{Map, Value, json};

use super::CopySlice;

/// How long the source keeps a point in time after each request for it.
pub(super) const KEEP: &str = "10m";
/// About so many bytes of vectors are in one page, as JSON.
const PAGE_BYTES: usize = 8 << 20;
/// What a number of a vector takes as JSON.
const NUMBER_BYTES: usize = 13;

/// An item of an index.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) version: u64,
    pub(super) routing: Option<String>,
    pub(super) source: Map<String, Value>,
}

/// A page of items, and what the next is asked after; none after the last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) after: Option<Value>,
}

/// The sum of the digests of items, in whatever order they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum([u128; 2]);

impl Item {
    /// The digest of its id and of everything but its vector.
    pub(super) fn digest(&self, vector: &str) -> Fingerprint {
        let mut rest = self.source.clone();
        rest.remove(vector);
        Fingerprint::of(&[("id", &self.id), ("source", &Value::Object(rest).to_string())])
    }

    /// Its vector, if it has one.
    pub(super) fn vector(&self, field: &str) -> Option<Vec<f32>> {
        serde_json::from_value(self.source.get(field)?.clone()).ok()
    }
}

impl Sum {
    pub(super) fn add(&mut self, digest: &Fingerprint) {
        let text = digest.as_str();
        let half = |part: Option<&str>| {
            part.and_then(|part| u128::from_str_radix(part, 16).ok()).unwrap_or_default()
        };
        let [front, back] = &mut self.0;
        *front ^= half(text.get(..32));
        *back ^= half(text.get(32..));
    }

    pub(super) fn join(&mut self, other: Self) {
        let ([front, back], [more, rest]) = (&mut self.0, other.0);
        *front ^= more;
        *back ^= rest;
    }

    /// The first 16 hex characters, for people.
    pub(super) fn short(self) -> String {
        let [front, _] = self.0;
        format!("{:016x}", front >> 64)
    }
}

/// Items a page: as many as keep it small, whatever the dimension.
pub(super) fn size(dimension: usize) -> usize {
    (PAGE_BYTES / (dimension.max(1) * NUMBER_BYTES)).clamp(50, 1000)
}

/// A point in time, and the order in which its items are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) id: String,
    pub(super) order: &'static str,
}

/// The order in which items lie there: it costs nothing, and OpenSearch knows it since 3.3.
pub(super) const AS_IT_LIES: &str = "_shard_doc";
/// An order that every version knows, for which it holds all ids in memory.
pub(super) const BY_ID: &str = "_id";

/// Counts the items of a point in time, and tries its order.
pub(super) fn count(point: &Point) -> Value {
    json!({
        "pit": {"id": point.id, "keep_alive": KEEP}, "size": 1, "track_total_hits": true, "_source": false,
        "sort": [{point.order: "asc"}],
    })
}

/// A page of a slice of a point in time.
pub(super) fn page(point: &Point, slice: CopySlice, (after, size): (Option<&Value>, usize)) -> Value {
    let mut body = json!({
        "pit": {"id": point.id, "keep_alive": KEEP}, "size": size, "track_total_hits": false, "version": true,
        "query": {"match_all": {}}, "sort": [{point.order: "asc"}],
    });
    if let Some(body) = body.as_object_mut() {
        if slice.of > 1 {
            body.insert("slice".to_owned(), json!({"id": slice.number, "max": slice.of}));
        }
        if let Some(after) = after {
            body.insert("search_after".to_owned(), after.clone());
        }
    }
    body
}

/// These items of the copy, with their vectors (which are no part of `_source` since Elasticsearch 9.2).
pub(super) fn these(items: &[Item], vector: Option<&str>) -> Value {
    let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
    let mut body = json!({
        "size": ids.len(), "track_total_hits": false, "version": true, "query": {"ids": {"values": ids}},
    });
    if let (Some(vector), Some(body)) = (vector, body.as_object_mut()) {
        body.insert("fields".to_owned(), json!([vector]));
        body.insert("_source".to_owned(), false.into());
    }
    body
}

/// The number of items, unless only a part answered.
pub(super) fn total(answer: &Value) -> Result<u64, String> {
    whole(answer)?;
    let total = answer.pointer("/hits/total/value").and_then(Value::as_u64);
    total.ok_or_else(|| "an answer without a total".to_owned())
}

/// The items of an answer, unless only a part answered. An item's vector may stand in `fields`.
pub(super) fn read(answer: &Value) -> Result<Page, String> {
    let hits = whole(answer)?;
    let items = hits.iter().map(item).collect::<Result<Vec<Item>, String>>()?;
    Ok(Page { items, after: hits.last().and_then(|hit| hit.get("sort")).cloned() })
}

fn item(hit: &Value) -> Result<Item, String> {
    let id = hit.get("_id").and_then(Value::as_str).ok_or("an item without id")?.to_owned();
    let version = hit.get("_version").and_then(Value::as_u64);
    let version = version.ok_or_else(|| format!("the item {id} came without its version"))?;
    let routing = hit.get("_routing").and_then(Value::as_str).map(str::to_owned);
    let part = |name: &str| hit.get(name).and_then(Value::as_object).cloned();
    let source = part("_source").or_else(|| part("fields")).unwrap_or_default();
    Ok(Item { id, version, routing, source })
}

fn whole(answer: &Value) -> Result<&[Value], String> {
    let failed = answer.pointer("/_shards/failed").and_then(Value::as_u64);
    let late = answer.get("timed_out").and_then(Value::as_bool);
    match (failed, late, answer.pointer("/hits/hits").and_then(Value::as_array)) {
        (Some(0), Some(false), Some(hits)) => Ok(hits),
        _ => Err(format!("only a part answered (shards failed: {failed:?}, late: {late:?})")),
    }
}

#[cfg(test)]
mod tests;
