//! Builds search bodies and reads their responses.
//!
//! Pure. A partial response (a shard failed, or the search timed out) counts as a failure.

use message::{About, ChunkId, DocumentId, Fingerprint};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::action::EMBEDDING;
use crate::question::{Clause, Window, Words};
use crate::reader::{Hit, Page, Place, RANK_CONSTANT, StoredVector};
use crate::vectors::VectorKind;
use crate::wire::{SearchDepth, Server, explain, merge};

/// Why a response cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Partial: ask again later.
    Partial(String),
    /// The engine rejected the query, with this status.
    Rejected(u16, String),
}

/// The fields that a hit returns.
const BROUGHT: [&str; 8] =
    ["id", "document", "heading_path", "text", "language", "format", "modified", "space"];

pub(super) fn keyword(words: &Words, window: &Window) -> Value {
    brought(json!({ "query": matching(words, window) }), window)
}

/// Matches each passage against the query's terms in the passage's own language.
fn matching(words: &Words, window: &Window) -> Value {
    let one = |(language, terms)| {
        json!({"bool": {
            "filter": {"term": {"language": language}},
            "must": {"match": {"terms": {"query": terms}}},
        }})
    };
    let should: Vec<Value> = words.iter().map(one).collect();
    json!({"bool": {"filter": filter(&window.filter), "should": should, "minimum_should_match": 1}})
}

pub(super) fn nearest(server: &dyn Server, kind: &VectorKind, vector: &[f32], window: &Window) -> Value {
    brought(near(server, kind, vector, window), window)
}

fn near(server: &dyn Server, kind: &VectorKind, vector: &[f32], window: &Window) -> Value {
    let candidates = window.candidates.max(window.size);
    let depth = SearchDepth { size: window.size, candidates, oversample: kind.oversample };
    server.nearest(vector, &filter(&window.filter), depth)
}

/// Keyword and vector search, fused by the engine.
pub(super) fn fused(
    server: &dyn Server,
    kind: &VectorKind,
    words: &Words,
    vector: &[f32],
    window: &Window,
) -> Value {
    let (query, near) = (matching(words, window), near(server, kind, vector, window));
    let mut body = brought(server.fused(query, near, window.size, RANK_CONSTANT), window);
    // Retrievers and hybrid queries do not accept `track_total_hits`.
    body.as_object_mut().and_then(|body| body.remove("track_total_hits"));
    body
}

/// Adds the window's size and the returned fields to a search.
fn brought(mut body: Value, window: &Window) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.insert("size".to_owned(), window.size.into());
        body.insert("track_total_hits".to_owned(), false.into());
        body.insert("_source".to_owned(), json!(BROUGHT));
    }
    body
}

fn filter(clauses: &[Clause]) -> Vec<Value> {
    clauses.iter().map(clause).collect()
}

fn clause(clause: &Clause) -> Value {
    match clause {
        Clause::Prefix(prefixes) => any(&prefixes.iter().map(|prefix| begins(prefix)).collect::<Vec<_>>()),
        Clause::Within(places) => within(places),
        Clause::Language(languages) => json!({"terms": {"language": languages}}),
        Clause::Format(formats) => json!({"terms": {"format": formats}}),
        Clause::Since(time) => json!({"range": {"modified": {"gte": time, "format": "epoch_second"}}}),
        Clause::Before(time) => json!({"range": {"modified": {"lt": time, "format": "epoch_second"}}}),
    }
}

fn begins(prefix: &str) -> Value {
    json!({"prefix": {"document": {"value": prefix}}})
}

/// Holds where one of these holds; where there are none, nowhere.
fn any(should: &[Value]) -> Value {
    if should.is_empty() {
        return json!({"match_none": {}});
    }
    json!({"bool": {"should": should, "minimum_should_match": 1}})
}

/// See [`lies_at`](crate::question::lies_at): a prefix for each place, and the documents of which a place may be the name, which
/// together are one clause.
fn within(places: &[String]) -> Value {
    let under = |place: &String| begins(&format!("{}/", place.strip_suffix('/').unwrap_or(place)));
    let mut should: Vec<Value> = places.iter().map(under).collect();
    let names: Vec<&String> = places.iter().filter(|place| !place.ends_with('/')).collect();
    if !names.is_empty() {
        should.push(json!({"terms": {"document": names}}));
    }
    any(&should)
}

/// The languages of the passages; there are fewer languages than buckets.
pub(super) fn languages() -> Value {
    json!({
        "size": 0, "track_total_hits": false,
        "aggs": {"languages": {"terms": {"field": "language", "size": 1000}}},
    })
}

pub(super) fn languages_of(answer: &Value) -> Result<Vec<String>, Unusable> {
    whole(answer)?;
    let buckets = answer.pointer("/aggregations/languages/buckets").and_then(Value::as_array);
    let keys = buckets.into_iter().flatten().filter_map(|bucket| bucket.get("key")?.as_str());
    Ok(keys.map(str::to_owned).collect())
}

/// How many passages there are for which all clauses hold, and how many of them hold each term. Anonymous filters return their
/// buckets in order.
pub(super) fn frequencies(terms: &[&str], among: &[Clause]) -> Value {
    let filters: Vec<Value> = terms.iter().map(|term| json!({"term": {"terms": term}})).collect();
    let mut body = json!({"size": 0, "track_total_hits": true, "query": {"bool": {"filter": filter(among)}}});
    // Engines reject an aggregation over no filters.
    if !filters.is_empty() {
        merge(&mut body, json!({"aggs": {"terms": {"filters": {"filters": filters}}}}));
    }
    body
}

pub(super) fn frequencies_of(answer: &Value, count: usize) -> Result<(u64, Vec<u64>), Unusable> {
    whole(answer)?;
    let buckets = answer.pointer("/aggregations/terms/buckets").and_then(Value::as_array);
    let holding = buckets.into_iter().flatten().filter_map(|bucket| bucket.get("doc_count")?.as_u64());
    let holding: Vec<u64> = holding.collect();
    match answer.pointer("/hits/total/value").and_then(Value::as_u64) {
        Some(all) if holding.len() == count => Ok((all, holding)),
        _ => Err(Unusable::Partial(format!("{count} terms were asked for and {} answered", holding.len()))),
    }
}

/// The first passages by id, without vectors.
pub(super) fn drawn(size: usize) -> Value {
    json!({
        "size": size, "track_total_hits": false, "_source": {"excludes": [EMBEDDING]},
        "query": {"match_all": {}}, "sort": [{"id": "asc"}],
    })
}

/// These chunks, without vectors.
pub(super) fn passages(ids: &[ChunkId]) -> Value {
    json!({
        "size": ids.len(), "track_total_hits": false, "_source": {"excludes": [EMBEDDING]},
        "query": {"ids": {"values": ids}},
    })
}

/// A page of all chunks, or of one document's, sorted by document and id. Both are keywords, so the order is that of
/// bytes.
pub(super) fn scan(document: Option<&DocumentId>, after: Option<&Place>, size: usize) -> Value {
    let query = match document {
        Some(document) => json!({"term": {"document": document}}),
        None => json!({"match_all": {}}),
    };
    let mut body = json!({
        "size": size, "track_total_hits": false, "_source": {"excludes": [EMBEDDING]},
        "query": query, "sort": [{"document": "asc"}, {"id": "asc"}],
    });
    if let (Some(after), Some(body)) = (after, body.as_object_mut()) {
        body.insert("search_after".to_owned(), json!([after.document, after.id]));
    }
    body
}

pub(super) fn vectors(server: &dyn Server, ids: &[ChunkId]) -> Value {
    let mut body = server.with_vectors();
    if let Some(body) = body.as_object_mut() {
        body.insert("size".to_owned(), ids.len().into());
        body.insert("query".to_owned(), json!({"ids": {"values": ids}}));
    }
    body
}

/// Several searches of one index as the lines of an `_msearch` request.
pub(super) fn lines(index: &str, bodies: &[Value]) -> String {
    let header = json!({"index": index, "allow_partial_search_results": false});
    let lines: Vec<String> = bodies.iter().map(|body| format!("{header}\n{body}\n")).collect();
    lines.concat()
}

/// The responses of an `_msearch`, in order.
pub(super) fn answers(whole: &Value, count: usize) -> Result<Vec<&Value>, Unusable> {
    let answers: Vec<&Value> =
        whole.get("responses").and_then(Value::as_array).into_iter().flatten().collect();
    if answers.len() == count {
        Ok(answers)
    } else {
        Err(Unusable::Partial(format!("{count} questions were asked and {} answered", answers.len())))
    }
}

/// The hits of a response, unless it is partial.
pub(super) fn whole(answer: &Value) -> Result<&[Value], Unusable> {
    if let Some(error) = answer.get("error") {
        let status =
            answer.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        return Err(Unusable::Rejected(status.unwrap_or(500), explain(error)));
    }
    let failed = answer.pointer("/_shards/failed").and_then(Value::as_u64);
    let late = answer.get("timed_out").and_then(Value::as_bool);
    match (failed, late, answer.pointer("/hits/hits").and_then(Value::as_array)) {
        (Some(0), Some(false), Some(hits)) => Ok(hits),
        _ => Err(Unusable::Partial(format!(
            "only a part answered (shards failed: {failed:?}, late: {late:?})"
        ))),
    }
}

#[derive(Deserialize)]
struct Passage {
    id: ChunkId,
    document: DocumentId,
    heading_path: Vec<String>,
    text: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    modified: Option<i64>,
    space: Fingerprint,
}

pub(super) fn hits(answer: &Value) -> Result<Vec<Hit>, Unusable> {
    let read = |hit: &Value| {
        let Passage { id, document, heading_path, text, language, format, modified, space } = source(hit)?;
        let score = hit.get("_score").and_then(Value::as_f64).unwrap_or_default();
        let about = About { language, format, modified };
        Ok(Hit { id, document, heading_path, text, about, space, score })
    };
    whole(answer)?.iter().map(read).collect()
}

/// The stored items in a response, unless it is partial.
pub(super) fn sources<T: DeserializeOwned>(answer: &Value) -> Result<Vec<T>, Unusable> {
    whole(answer)?.iter().map(source).collect()
}

pub(super) fn page<T: DeserializeOwned>(answer: &Value, size: usize) -> Result<Page<T>, Unusable> {
    let hits = whole(answer)?;
    let items = hits.iter().map(source).collect::<Result<Vec<T>, _>>()?;
    let last = hits.last().filter(|_| hits.len() >= size);
    Ok(Page { items, after: last.and_then(place) })
}

fn place(hit: &Value) -> Option<Place> {
    let part = |path| hit.pointer(path)?.as_str().map(str::to_owned);
    Some(Place { document: part("/sort/0")?, id: part("/sort/1")? })
}

pub(super) fn stored_vectors(answer: &Value) -> Result<Vec<StoredVector>, Unusable> {
    let read = |hit: &Value| {
        let id = hit.get("_id").and_then(Value::as_str).unwrap_or_default();
        let within = |part: &str| hit.get(part)?.get(EMBEDDING);
        let numbers = within("_source").or_else(|| within("fields"));
        let vector = numbers.cloned().and_then(|numbers| serde_json::from_value(numbers).ok());
        let vector =
            vector.ok_or_else(|| Unusable::Partial(format!("the chunk {id} came without its vector")))?;
        Ok(StoredVector { id: ChunkId::from_text(id), vector })
    };
    whole(answer)?.iter().map(read).collect()
}

/// The stored item of a hit or of a `_doc` response.
pub(super) fn source<T: DeserializeOwned>(hit: &Value) -> Result<T, Unusable> {
    let id = hit.get("_id").and_then(Value::as_str).unwrap_or_default();
    let source = hit.get("_source").cloned().unwrap_or_default();
    serde_json::from_value(source).map_err(|error| {
        Unusable::Rejected(200, format!("the item {id} is not as Millrace writes it: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(failed: u64, late: bool) -> Value {
        let space = Fingerprint::of(&[]);
        let source = json!({"id": "1", "document": "b/k", "heading_path": [], "text": "t", "space": space});
        json!({
            "timed_out": late, "_shards": {"failed": failed},
            "hits": {"hits": [{"_id": "1", "_score": 1.5, "_source": source, "sort": ["b/k", "1"]}]},
        })
    }

    #[test]
    fn only_whole_answers_count() {
        assert_eq!(hits(&answer(0, false)).unwrap().len(), 1);
        for partial in [answer(1, false), answer(0, true), json!({}), Value::Null] {
            assert!(matches!(hits(&partial), Err(Unusable::Partial(_))), "{partial}");
        }
        let error = json!({"error": {"type": "x"}, "status": 404});
        assert_eq!(hits(&error), Err(Unusable::Rejected(404, "x".to_owned())));
    }

    #[test]
    fn a_place_is_what_is_under_it_and_the_document_of_its_name() {
        let places = ["docs/hr", "docs/tax/"].map(str::to_owned);
        let expected = json!({"bool": {
            "should": [
                {"prefix": {"document": {"value": "docs/hr/"}}},
                {"prefix": {"document": {"value": "docs/tax/"}}},
                {"terms": {"document": ["docs/hr"]}},
            ],
            "minimum_should_match": 1,
        }});
        assert_eq!(clause(&Clause::Within(places.to_vec())), expected);
        assert_eq!(clause(&Clause::Within(Vec::new())), json!({"match_none": {}}));
    }

    #[test]
    fn a_full_page_has_a_successor_and_the_last_has_none() {
        let place = Place { document: "b/k".to_owned(), id: "1".to_owned() };
        assert_eq!(page::<Value>(&answer(0, false), 1).unwrap().after, Some(place));
        assert_eq!(page::<Value>(&answer(0, false), 2).unwrap().after, None);
    }
}
