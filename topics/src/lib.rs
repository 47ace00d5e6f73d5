//! What is said between workers: one file per topic, schemas, example messages.
//!
//! Pure: the YAML files are part of the program. No tokio, no Kafka.

use std::collections::BTreeMap;

use message::Fingerprint;
use serde::Deserialize;

/// Raw notices, as the store sent them.
pub const OBJECT_EVENTS: &str = "object-events";
/// One reference per object touched.
pub const DOCUMENTS: &str = "documents";
/// Mass removals that a person confirmed.
pub const CONFIRMATIONS: &str = "confirmations";
/// A sample of the questions.
pub const QUERIES: &str = "queries";
/// What workers had to refuse.
pub const DEAD_LETTERS: &str = "dead-letters";

/// Bytes of the largest record of every topic but `dead-letters`, which holds such a record in base64. Before compression,
/// or what was taken once could not be taken again.
pub const LARGEST_RECORD: usize = 8 << 20;

/// The files, in the order of the flow.
const FILES: [(&str, &str); 8] = [
    ("object-events.yaml", include_str!("../object-events.yaml")),
    ("documents.yaml", include_str!("../documents.yaml")),
    ("confirmations.yaml", include_str!("../confirmations.yaml")),
    ("ledger.yaml", include_str!("../ledger.yaml")),
    ("chunks.yaml", include_str!("../chunks.yaml")),
    ("vectors.yaml", include_str!("../vectors.yaml")),
    ("queries.yaml", include_str!("../queries.yaml")),
    ("dead-letters.yaml", include_str!("../dead-letters.yaml")),
];

/// A topic as its file describes it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its name; of the topics with `per`, the part before the dot.
    pub name: String,
    /// What there is one topic for each of; none for a single topic.
    pub per: Option<Per>,
    /// What it holds.
    pub description: String,
    /// Who writes it.
    pub written_by: Vec<String>,
    /// Who reads it.
    pub read_by: Vec<String>,
    /// What its keys are.
    pub key: String,
    /// A number, or `as asked`.
    pub partitions: Partitions,
    /// Its settings, as Kafka names them.
    pub settings: BTreeMap<String, String>,
    /// The Rust type of its values; none where they are a store's own.
    pub schema: Option<String>,
}

/// What there is one topic for each of.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// `<name>.<chunking>`
    Chunking,
    /// `<name>.<space>`
    Space,
}

/// How many partitions.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Partitions {
    /// This many.
    Fixed(i32),
    /// What the operator asks for.
    Asked(String),
}

/// A topic as a broker should have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its partitions; none where the operator decides.
    pub partitions: Option<i32>,
    /// Its settings, as Kafka names them.
    pub settings: BTreeMap<String, String>,
}

/// A file that does not describe a topic.
#[derive(Debug, thiserror::Error)]
#[error("topics/{file} does not describe a topic: {cause}")]
pub struct InvalidDescription {
    file: &'static str,
    cause: String,
}

/// Every topic's description, in the order of the flow.
///
/// # Errors
/// When a file does not describe a topic; a test proves that none fails.
pub fn descriptions() -> Result<Vec<Description>, InvalidDescription> {
    let parse = |(file, text): (&'static str, &str)| {
        serde_saphyr::from_str(text).map_err(|error| InvalidDescription { file, cause: error.to_string() })
    };
    FILES.into_iter().map(parse).collect()
}

/// Every topic of one chunking and one space over it.
///
/// # Errors
/// When a file does not describe a topic; a test proves that none fails.
pub fn all(chunking: &Fingerprint, space: &Fingerprint) -> Result<Vec<Topic>, InvalidDescription> {
    let topic = |description: Description| Topic {
        name: match description.per {
            None => description.name,
            Some(Per::Chunking) => per(&description.name, chunking),
            Some(Per::Space) => per(&description.name, space),
        },
        partitions: match description.partitions {
            Partitions::Fixed(partitions) => Some(partitions),
            Partitions::Asked(_) => None,
        },
        settings: description.settings,
    };
    Ok(descriptions()?.into_iter().map(topic).collect())
}

/// What is live for each document, under a chunking.
#[must_use]
pub fn ledger(chunking: &Fingerprint) -> String {
    per("ledger", chunking)
}

/// Passages of a chunking.
#[must_use]
pub fn chunks(chunking: &Fingerprint) -> String {
    per("chunks", chunking)
}

/// Passages with vectors of a space.
#[must_use]
pub fn vectors(space: &Fingerprint) -> String {
    per("vectors", space)
}

fn per(name: &str, fingerprint: &Fingerprint) -> String {
    format!("{name}.{}", fingerprint.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_describes_a_topic() {
        let fingerprint = Fingerprint::of(&[("a", "b")]);
        let names: Vec<String> =
            all(&fingerprint, &fingerprint).unwrap().into_iter().map(|topic| topic.name).collect();
        let expected = [
            OBJECT_EVENTS.to_owned(),
            DOCUMENTS.to_owned(),
            CONFIRMATIONS.to_owned(),
            ledger(&fingerprint),
            chunks(&fingerprint),
            vectors(&fingerprint),
            QUERIES.to_owned(),
            DEAD_LETTERS.to_owned(),
        ];
        assert_eq!(names, expected);
        for topic in all(&fingerprint, &fingerprint).unwrap() {
            let Some(most) = topic.settings.get("max.message.bytes") else { continue };
            let expected = if topic.name == DEAD_LETTERS { LARGEST_RECORD / 2 * 3 } else { LARGEST_RECORD };
            assert_eq!(*most, expected.to_string(), "{}", topic.name);
        }
        for ((file, _), description) in FILES.iter().zip(descriptions().unwrap()) {
            assert_eq!(*file, format!("{}.yaml", description.name));
        }
    }

    #[test]
    fn what_must_stay_is_compacted_and_what_passes_is_deleted() {
        for description in descriptions().unwrap() {
            let policy = description.settings["cleanup.policy"].as_str();
            let stays = description.per.is_some() || description.name == CONFIRMATIONS;
            assert_eq!(policy == "compact", stays, "{}", description.name);
        }
    }
}
