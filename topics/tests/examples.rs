//! Real messages, one per file under `examples/<topic>/`: each can be parsed, and serialising it again gives the
//! same.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "edge: reads the examples; a test")]

use std::path::Path;

use message::{
    Chunk, ChunkId, DeadLetter, DocumentReference, DriftReport, Embedded, LedgerEntry, Passage, QueryRecord,
    RegistryEntry, Said,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn examples(topic: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(topic);
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

/// Parses each example, serialises it again, and compares.
fn round_trip<T: Serialize + DeserializeOwned>(topic: &str) -> Vec<T> {
    let read = |(file, text): (String, String)| {
        let message: T = serde_json::from_str(&text).unwrap();
        let written = serde_json::to_value(&message).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(&text).unwrap(), "{file}");
        message
    };
    let messages: Vec<T> = examples(topic).into_iter().map(read).collect();
    assert!(messages.len() >= 2, "{topic} has too few examples");
    messages
}

/// An example must not show a wrong id.
fn id_is_derived(chunk: &Chunk) {
    assert_eq!(chunk.id, ChunkId::derive(&chunk.document, &chunk.heading_path, &chunk.text, 0));
}

#[test]
fn every_topic_has_examples() {
    for description in topics::descriptions().unwrap() {
        assert!(!examples(&description.name).is_empty(), "{}", description.name);
    }
}

#[test]
fn documents() {
    round_trip::<DocumentReference>("documents");
}

#[test]
fn confirmations() {
    round_trip::<Said>("confirmations");
}

#[test]
fn models() {
    round_trip::<RegistryEntry>("models");
}

/// What a reader knew of a question before there were judgements; see topics/README.md: it ignores what it does not know.
#[derive(serde::Deserialize)]
struct FormerQuery {
    question: String,
    hits: Vec<message::QueryHit>,
}

#[test]
fn queries() {
    let mut judged = 0;
    for record in round_trip::<QueryRecord>("queries") {
        match record {
            QueryRecord::Query(query) => {
                let text = serde_json::to_string(&query).unwrap();
                let former: FormerQuery = serde_json::from_str(&text).unwrap();
                assert_eq!((former.question, former.hits), (query.question, query.hits));
                assert!(query.cited.iter().all(|cited| query.shown.contains(cited)));
            }
            QueryRecord::Feedback(_) => judged += 1,
        }
    }
    assert!(judged > 0, "no example shows a judgement");
}

#[test]
fn drift() {
    round_trip::<DriftReport>("drift");
}

#[test]
fn ledger() {
    round_trip::<LedgerEntry>("ledger");
}

#[test]
fn chunks() {
    for passage in round_trip::<Passage>("chunks") {
        if let Passage::Chunk(chunk) = passage {
            id_is_derived(&chunk);
        }
    }
}

#[test]
fn vectors() {
    for record in round_trip::<Embedded>("vectors") {
        if let Embedded::Chunk(embedded) = record {
            id_is_derived(&embedded.chunk);
            let length = embedded.vector.0.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 1.0).abs() < 1e-6, "an example vector has length {length}");
        }
    }
}

#[test]
fn dead_letters() {
    round_trip::<DeadLetter>("dead-letters");
}
