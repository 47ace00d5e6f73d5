//! The interface between what is said to an engine and how it gets there.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::vectors::VectorKind;

/// An engine's dialect and transport. OpenSearch and Elasticsearch differ in nothing else.
pub(crate) trait Server: std::fmt::Debug + Send + Sync {
    /// The engine's name in lower case.
    fn kind(&self) -> &'static str;

    /// Its name for cosine similarity.
    fn cosine(&self) -> &'static str;

    /// Its address, without credentials.
    fn url(&self) -> &str;

    /// Sends one request and reads the whole response within the request's timeout.
    fn send(&self, request: Request) -> Sending<'_>;

    /// The ways in which it can keep vectors.
    fn vectors(&self) -> &'static [VectorKind];

    /// The names of those that are taken where a mapping does not say, best first: a new index has the first that the engine's
    /// version knows and that suits the dimension.
    fn default_vectors(&self) -> &'static [&'static str];

    /// The mapping of a vector field, compared by cosine in an HNSW graph and kept as `kind`.
    fn vector_field(&self, dimension: usize, kind: &VectorKind) -> Value;

    /// Dimension and similarity of a field in a mapping that the engine returned, with its defaults filled in.
    fn vectors_of(&self, field: &Value) -> (Option<u64>, String);

    /// The index settings (an object) that an index with vectors needs.
    fn vector_settings(&self) -> Value;

    /// The part of a search body that finds the nearest vectors among those for which every clause of `filter` holds.
    fn nearest(&self, vector: &[f32], filter: &[Value], depth: SearchDepth) -> Value;

    /// The part of a search body that fuses two searches, a query and the result of [`Server::nearest`], by
    /// reciprocal rank fusion over the first `size` of each, with `constant`.
    fn fused(&self, query: Value, nearest: Value, size: usize, constant: u32) -> Value;

    /// The part of a search body that returns only the stored vectors.
    fn with_vectors(&self) -> Value;
}

/// How many nearest vectors a search returns and considers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SearchDepth {
    /// Maximum number of passages returned.
    pub(crate) size: usize,
    /// Vectors that each shard considers; at least `size`.
    pub(crate) candidates: usize,
    /// How many times `size` are compared by their whole vectors: see [`VectorKind::oversample`].
    pub(crate) oversample: Option<u32>,
}

/// A pending response.
pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + 'a>>;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The HTTP method.
    pub(crate) method: Method,
    /// Path and query, without a leading slash.
    pub(crate) path: String,
    /// The body.
    pub(crate) body: Body,
    /// Timeout, counted from now.
    pub(crate) timeout: Duration,
}

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read.
    Get,
    /// Look whether it is there.
    Head,
    /// Create.
    Put,
    /// Ask or do.
    Post,
    /// Delete.
    Delete,
}

/// A request's body.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// None.
    Empty,
    /// One JSON value.
    Json(Bytes),
    /// JSON values, each followed by a line break (NDJSON).
    Lines(Bytes),
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The `Retry-After` header, if it was given in seconds.
    pub(crate) retry_after: Option<Duration>,
    /// The whole body.
    pub(crate) body: Bytes,
}

/// No response, or an incomplete one: the server may or may not have done what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Body {
    /// The body and its content type, for the clients.
    pub(crate) fn parts(self) -> (Option<Bytes>, &'static str) {
        match self {
            Self::Empty => (None, "application/json"),
            Self::Json(bytes) => (Some(bytes), "application/json"),
            Self::Lines(bytes) => (Some(bytes), "application/x-ndjson"),
        }
    }
}

/// Puts the entries of the second JSON object into the first.
pub(crate) fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// An error and its sources, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}

/// The engine's own words in an error body; the beginning of the body if it is something else.
pub(crate) fn reason(body: &[u8]) -> String {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    match value.as_ref().and_then(|value| value.get("error")) {
        Some(error) => explain(error),
        None => shortened(&String::from_utf8_lossy(body)),
    }
}

/// Type, reason and first cause of an engine's `error` object (or text).
pub(crate) fn explain(error: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut parts = match error.as_str() {
        Some(whole) => vec![whole.to_owned()],
        None => vec![text(error.get("type")), text(error.get("reason"))],
    };
    parts.push(text(error.pointer("/caused_by/reason")));
    parts.retain(|part| !part.is_empty());
    parts.dedup();
    shortened(&parts.join(": "))
}

fn shortened(text: &str) -> String {
    const MOST: usize = 600;
    if text.is_empty() {
        return "no reason given".to_owned();
    }
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reasons_are_the_engines_own_words() {
        let error =
            json!({"error": {"type": "a", "reason": "b", "caused_by": {"reason": "c"}}, "status": 400});
        assert_eq!(reason(error.to_string().as_bytes()), "a: b: c");
        assert_eq!(reason(br#"{"error":"text"}"#), "text");
        assert_eq!(reason(b"<html>"), "<html>");
        assert_eq!(reason(b""), "no reason given");
        assert!(reason("你".repeat(3000).as_bytes()).chars().count() < 700);
    }
}
