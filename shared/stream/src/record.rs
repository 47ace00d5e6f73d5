//! What moves: a record that was read, and a record to be written. Pure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use message::{DeadLetter, Headers, document_on, trace_on};
use serde::Serialize;

/// A record that was read.
#[derive(Debug)]
pub struct Record {
    /// The topic it was read from.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; none for a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers as received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// When it was written, in milliseconds since 1970 by its writer's clock, if the broker knows. For people and for
    /// how far behind a reader is, never for ordering.
    pub timestamp: Option<i64>,
    /// Returns the bytes to the consumer's limit when the record is dropped.
    pub held: Option<Held>,
}

impl Record {
    /// Size of key, value and headers in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers
    }

    /// When it was written, in whole seconds since 1970, if the broker knows.
    #[must_use]
    pub fn written_at(&self) -> Option<u64> {
        self.timestamp.and_then(|millis| u64::try_from(millis / 1000).ok())
    }

    /// The headers that every record of ours carries.
    ///
    /// # Errors
    /// A cause for a dead letter, if a header is missing or malformed.
    pub fn parse_headers(&self) -> Result<Headers, String> {
        Headers::from_wire(&self.headers)
    }

    /// The key as text; empty if there is none.
    #[must_use]
    pub fn key_text(&self) -> String {
        String::from_utf8_lossy(self.key.as_deref().unwrap_or_default()).into_owned()
    }

    /// The trace it came with, shared by everything that follows from one notice.
    #[must_use]
    pub fn trace(&self) -> Option<String> {
        trace_on(&self.headers)
    }

    /// The dead letter that refuses this record.
    #[must_use]
    pub fn refused(&self, stage: &str, cause: &str) -> DeadLetter {
        DeadLetter {
            stage: stage.to_owned(),
            cause: cause.to_owned(),
            document: document_on(&self.headers),
            topic: self.topic.as_ref().to_owned(),
            partition: self.partition,
            offset: self.offset,
            key: self.key.as_ref().map(|bytes| STANDARD.encode(bytes)),
            value: self.value.as_ref().map(|bytes| STANDARD.encode(bytes)),
            trace: self.trace(),
        }
    }
}

/// A record to be written. Its document determines its partition, by the same function on every topic; a record without
/// a document goes to partition 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic.
    pub topic: String,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; none for a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Option<Headers>,
}

impl Outgoing {
    /// A record with a JSON value.
    ///
    /// # Errors
    /// A cause, if the value cannot be written as JSON.
    pub fn json<T: Serialize>(topic: &str, key: &str, value: &T, headers: Headers) -> Result<Self, String> {
        let value = serde_json::to_vec(value).map_err(|error| error.to_string())?;
        Ok(Self {
            topic: topic.to_owned(),
            key: Some(key.as_bytes().to_vec()),
            value: Some(value),
            headers: Some(headers),
        })
    }

    /// A tombstone, which deletes `key`.
    #[must_use]
    pub fn tombstone(topic: &str, key: &str, headers: Headers) -> Self {
        Self {
            topic: topic.to_owned(),
            key: Some(key.as_bytes().to_vec()),
            value: None,
            headers: Some(headers),
        }
    }

    /// Size of key and value in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len)
    }

    /// The headers in their wire format.
    #[must_use]
    pub fn wire_headers(&self) -> Vec<(String, Vec<u8>)> {
        self.headers.as_ref().map(Headers::to_wire).unwrap_or_default()
    }

    /// Its partition, out of `partitions`.
    #[must_use]
    pub fn partition(&self, partitions: i32) -> i32 {
        self.headers.as_ref().map_or(0, |headers| message::partition_of(&headers.document, partitions))
    }
}

/// Counts the bytes of one partition that wait in this process.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    /// Counts `bytes` until the returned value is dropped.
    #[must_use]
    pub fn hold(&self, bytes: usize) -> Held {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Held { gauge: self.clone(), bytes }
    }

    /// The bytes held now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bytes that count as held until this is dropped.
#[derive(Debug)]
pub struct Held {
    gauge: Gauge,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_gives_back_what_was_refused() {
        let record = Record {
            topic: "object-events".into(),
            partition: 7,
            offset: 42,
            key: Some(vec![0xff, 0]),
            value: Some(b"not json".to_vec()),
            headers: Vec::new(),
            timestamp: None,
            held: None,
        };
        let letter = record.refused("intake", "unknown shape");
        assert_eq!((letter.topic.as_str(), letter.partition, letter.offset), ("object-events", 7, 42));
        assert_eq!(STANDARD.decode(letter.value.unwrap()).unwrap(), b"not json");
        assert_eq!(STANDARD.decode(letter.key.unwrap()).unwrap(), [0xff, 0]);
    }

    #[test]
    fn held_bytes_are_given_back() {
        let gauge = Gauge::default();
        let held = gauge.hold(10);
        assert_eq!(gauge.bytes(), 10);
        drop(held);
        assert_eq!(gauge.bytes(), 0);
    }
}
