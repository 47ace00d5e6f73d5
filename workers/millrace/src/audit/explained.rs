//! Explains differences: an engine lacks what a worker refused, and the dead letter has the cause.
//!
//! Pure except for reading the topic. Only letters about documents that differ are kept, up to a limit.

use std::collections::{BTreeSet, HashMap};

use futures::stream::TryStreamExt as _;
use message::{DocumentId, Version};
use process::Failure;
use serde::Deserialize;
use sink::EngineKind;
use stream::{Broker, Record};

use super::difference::{Difference, Problem};
use crate::log;

/// Maximum number of letters kept; differences that only others would explain are reported as unexplained.
const MOST: usize = 100_000;

/// The dead letters about documents that differ, by the worker that refused and the record's key.
#[derive(Debug, Default)]
pub struct Letters(HashMap<(String, String), Letter>);

#[derive(Debug)]
struct Letter {
    version: Option<Version>,
    cause: String,
}

/// A dead letter without the bytes that were refused.
#[derive(Deserialize)]
struct Head {
    stage: String,
    cause: String,
}

impl Letters {
    /// Reads all letters about `documents`, up to the limit.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn about<K: Broker>(broker: &K, documents: &BTreeSet<DocumentId>) -> Result<Self, Failure> {
        let mut letters = Self::default();
        let mut records = log::all(broker, topics::DEAD_LETTERS).await?;
        while let Some(record) = records.try_next().await? {
            letters.take(&record, documents);
        }
        Ok(letters)
    }

    /// Keeps a letter; it replaces an earlier one about the same record. Unreadable letters explain nothing.
    fn take(&mut self, record: &Record, documents: &BTreeSet<DocumentId>) {
        let Ok(headers) = record.parse_headers() else { return };
        let head = record.value.as_deref().and_then(|value| serde_json::from_slice::<Head>(value).ok());
        if let Some(head) = head.filter(|_| documents.contains(&headers.document) && self.0.len() < MOST) {
            let letter = Letter { version: headers.version, cause: head.cause };
            self.0.insert((head.stage, record.key_text()), letter);
        }
    }

    /// Why an engine lacks what it should hold, if a worker refused that; otherwise none.
    #[must_use]
    pub fn explain(&self, difference: &Difference) -> Option<String> {
        let (key, version) = match &difference.problem {
            Problem::PassageMissing(id) => (id.as_str(), None),
            Problem::RecordMissing { ledger } | Problem::RecordVersion { ledger, .. } => {
                (difference.document.as_str(), Some(*ledger))
            }
            Problem::NeverRead
            | Problem::SaysRemoved
            | Problem::OtherVersion
            | Problem::NotInBucket
            | Problem::Unknown
            | Problem::RecordLeft
            | Problem::RecordDiffers
            | Problem::PassageSpace(_)
            | Problem::PassageForged(_)
            | Problem::PassageStale(_) => return None,
        };
        let writer = EngineKind::ALL.into_iter().find(|kind| difference.place == kind.name())?.worker();
        [writer, "embed"].into_iter().find_map(|stage| {
            let letter = self.0.get(&(stage.to_owned(), key.to_owned()))?;
            let fits = version.is_none() || letter.version == version;
            fits.then(|| format!("refused by {stage}: {}", letter.cause))
        })
    }
}

#[cfg(test)]
mod tests {
    use message::{ChunkId, DeadLetter, Headers};
    use stream::Outgoing;
    use stream::memory::Memory;

    use super::*;

    fn document() -> DocumentId {
        DocumentId::new("b", "k").unwrap()
    }

    fn letter(stage: &str, key: &str, version: u32) -> Outgoing {
        let letter = DeadLetter {
            stage: stage.to_owned(),
            cause: "too long".to_owned(),
            document: Some(document().to_string()),
            topic: "vectors".to_owned(),
            partition: 0,
            offset: 1,
            key: None,
            value: Some("AAAA".to_owned()),
            trace: None,
        };
        let headers = Headers::new(document(), "").at(Version::first(version));
        Outgoing::json(topics::DEAD_LETTERS, key, &letter, headers).unwrap()
    }

    #[tokio::test]
    async fn what_was_refused_is_explained_and_nothing_else() {
        let broker = Memory::default();
        broker.create(topics::DEAD_LETTERS, 1);
        for letter in [letter("index", "id-1", 1), letter("embed", "id-2", 1), letter("replicate", "b/k", 2)]
        {
            broker.append(&letter);
        }
        let letters = Letters::about(&broker, &BTreeSet::from([document()])).await.unwrap();
        let explain = |place, problem| {
            letters.explain(&Difference { document: document(), place, problem }).unwrap_or_default()
        };
        let missing = |id| Problem::PassageMissing(ChunkId::from_text(id));
        assert_eq!(explain("opensearch", missing("id-1")), "refused by index: too long");
        assert_eq!(explain("elasticsearch", missing("id-1")), "", "the other engine took it");
        assert_eq!(explain("elasticsearch", missing("id-2")), "refused by embed: too long");
        assert_eq!(explain("opensearch", missing("id-3")), "");
        let record = |version| Problem::RecordMissing { ledger: Version::first(version) };
        assert_eq!(explain("elasticsearch", record(2)), "refused by replicate: too long");
        assert_eq!(explain("elasticsearch", record(3)), "", "a later record was not refused");
        let none = Letters::about(&broker, &BTreeSet::new()).await.unwrap();
        assert!(none.0.is_empty(), "letters of documents that do not differ are not kept");
    }
}
