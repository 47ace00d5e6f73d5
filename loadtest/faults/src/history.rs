//! The history of a topic, record by record: each key's versions only ever rise, and its last record agrees with the
//! ledger. Pure.
//!
//! An audit of the engines cannot see every error: they reject a zombie's late record by its version. The topic keeps
//! that record, and whoever later fills an empty index from the topic would take it for the truth.

use std::collections::{BTreeMap, BTreeSet};

use message::{DocumentId, Status};
use stream::Record;

use crate::world::Ledger;

/// The last record of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    document: DocumentId,
    version: u64,
    tombstone: bool,
}

/// A topic as far as it has been read.
#[derive(Debug, Default)]
pub struct History {
    last: BTreeMap<String, Last>,
    /// Records whose version went down. They stay here even when a later record repairs the order.
    pub broken: Vec<String>,
}

impl History {
    /// Adds the next records.
    pub fn add(&mut self, records: &[Record]) {
        for record in records {
            let key = record.key_text();
            let place = || format!("{}/{}@{} ({key})", record.topic, record.partition, record.offset);
            let (document, version) = match record.parse_headers() {
                Ok(headers) => (headers.document, headers.version.map_or(0, message::Version::get)),
                Err(cause) => {
                    self.broken.push(format!("{}: {cause}", place()));
                    continue;
                }
            };
            let last = Last { document, version, tombstone: record.value.is_none() };
            if let Some(before) = self.last.get(&key).filter(|before| before.version >= version) {
                let document = &last.document;
                self.broken.push(format!(
                    "{}: version {version} of {document} after version {}",
                    place(),
                    before.version
                ));
            }
            self.last.insert(key, last);
        }
    }

    /// Keys whose last record disagrees with the ledger.
    #[must_use]
    pub fn differences(&self, ledger: &Ledger) -> Vec<String> {
        let mut found = Vec::new();
        let live: BTreeSet<&str> =
            ledger.values().flat_map(|entry| &entry.chunks).map(|p| p.id.as_str()).collect();
        for (key, last) in &self.last {
            let listed = match ledger.get(&last.document) {
                Some(entry) if *key == last.document.as_str() => entry.status != Status::Removed,
                Some(entry) => entry.chunks.iter().any(|placement| placement.id.as_str() == key),
                None => false,
            };
            if last.tombstone && listed {
                found.push(format!("{key} of {}: the last word deletes it, and it is live", last.document));
            } else if !last.tombstone && !listed {
                found.push(format!("{key} of {}: the last word is a stale record", last.document));
            }
        }
        found.extend(
            live.into_iter()
                .filter(|id| !self.last.contains_key(*id))
                .map(|id| format!("{id}: never written")),
        );
        found
    }
}

#[cfg(test)]
mod tests {
    use message::{ChunkId, Fingerprint, LedgerEntry, Placement, Version};
    use stream::Outgoing;

    use super::*;

    fn document() -> DocumentId {
        DocumentId::new("documents", "a.md").unwrap()
    }

    fn record(key: &str, version: u64, value: Option<&str>) -> Record {
        let headers = message::Headers::new(document(), "").at(Version::from(version));
        let outgoing = Outgoing::tombstone("chunks.x", key, headers);
        Record {
            topic: "chunks.x".into(),
            partition: 0,
            offset: 0,
            key: outgoing.key.clone(),
            value: value.map(|text| text.as_bytes().to_vec()),
            headers: outgoing.wire_headers(),
            timestamp: None,
            held: None,
        }
    }

    fn ledger(chunks: &[&str]) -> Ledger {
        let placement = |id: &&str| Placement { id: ChunkId::from_text(id), start: 0, end: 1 };
        let entry = LedgerEntry {
            document: document(),
            version: Version::from(3),
            status: Status::Live,
            cause: None,
            etag: String::new(),
            digest: String::new(),
            chunking: Fingerprint::of(&[]),
            chunks: chunks.iter().map(placement).collect(),
        };
        Ledger::from([(document(), entry)])
    }

    #[test]
    fn versions_that_go_up_and_end_as_the_ledger_says_are_right() {
        let mut history = History::default();
        history.add(&[record("a", 1, Some("x")), record("b", 1, Some("x"))]);
        history.add(&[record("b", 2, None), record("documents/a.md", 2, Some("x"))]);
        assert_eq!(history.broken, Vec::<String>::new());
        assert_eq!(history.differences(&ledger(&["a"])), Vec::<String>::new());
    }

    #[test]
    fn a_late_or_repeated_record_is_seen_for_ever() {
        let mut history = History::default();
        history.add(&[record("a", 1, Some("x")), record("a", 2, None), record("a", 1, Some("late"))]);
        assert_eq!(history.broken.len(), 1);
        history.add(&[record("a", 3, Some("x"))]);
        assert_eq!(history.broken.len(), 1);
        history.add(&[record("a", 3, Some("x"))]);
        assert_eq!(history.broken.len(), 2);
    }

    #[test]
    fn stale_missing_and_wrongly_deleted_passages_are_named() {
        let mut history = History::default();
        history.add(&[record("stale", 1, Some("x")), record("deleted", 2, None)]);
        let found = history.differences(&ledger(&["deleted", "absent"])).join("\n");
        for words in ["stale of", "deleted of documents/a.md: the last word deletes it", "absent: never"] {
            assert!(found.contains(words), "{found}");
        }
        assert_eq!(history.differences(&Ledger::new()).len(), 1);
    }
}
