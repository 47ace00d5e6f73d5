//! The topics between workers: one file per topic, schemas, example messages.
//!
//! Pure: the YAML files are compiled in. Knows neither tokio nor Kafka.

use std::collections::BTreeMap;

use message::Fingerprint;
use serde::Deserialize;

/// Raw notices, as the store sent them.
pub const OBJECT_EVENTS: &str = "object-events";
/// One reference for each object touched.
pub const DOCUMENTS: &str = "documents";
/// Decisions of a person, e.g. to let a mass deletion pass.
pub const CONFIRMATIONS: &str = "confirmations";
/// Which models there are, what is built from them, and what is served.
pub const MODELS: &str = "models";
/// A sample of the questions asked.
pub const QUERIES: &str = "queries";
/// What each look at documents and questions found: whether the model is still right for them.
pub const DRIFT: &str = "drift";
/// Days for which `queries` keeps its records, unless somebody asks for others.
pub const QUERIES_DAYS: u32 = 7;
/// Records that workers had to refuse.
pub const DEAD_LETTERS: &str = "dead-letters";

/// Maximum record size in bytes, of every topic but `dead-letters` (which holds such a record in base64). Applies
/// before compression; otherwise a record once accepted could be rejected when written again.
pub const LARGEST_RECORD: usize = 8 << 20;

/// The files, in the order of the data flow.
const FILES: [(&str, &str); 10] = [
    ("object-events.yaml", include_str!("../object-events.yaml")),
    ("documents.yaml", include_str!("../documents.yaml")),
    ("confirmations.yaml", include_str!("../confirmations.yaml")),
    ("ledger.yaml", include_str!("../ledger.yaml")),
    ("chunks.yaml", include_str!("../chunks.yaml")),
    ("vectors.yaml", include_str!("../vectors.yaml")),
    ("models.yaml", include_str!("../models.yaml")),
    ("queries.yaml", include_str!("../queries.yaml")),
    ("drift.yaml", include_str!("../drift.yaml")),
    ("dead-letters.yaml", include_str!("../dead-letters.yaml")),
];

/// A topic as its file describes it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Its name; for topics with `per`, the part before the dot.
    pub name: String,
    /// What there is a separate topic for; none for a single topic.
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
    /// The Rust type of its values; none for a store's own format.
    pub schema: Option<String>,
}

/// What there is a separate topic for.
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
    /// As the operator asks.
    Asked(String),
}

/// A topic as it should exist in Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Number of partitions; none when the operator decides.
    pub partitions: Option<i32>,
    /// Its settings, as Kafka names them.
    pub settings: BTreeMap<String, String>,
}

impl Topic {
    /// The same, with its records kept for so many days.
    #[must_use]
    pub fn kept_for(mut self, days: u32) -> Self {
        let milliseconds = u64::from(days) * 86_400_000;
        self.settings.insert("retention.ms".to_owned(), milliseconds.to_string());
        self
    }
}

/// A file that is not a valid description.
#[derive(Debug, thiserror::Error)]
#[error("topics/{file} does not describe a topic: {cause}")]
pub struct InvalidDescription {
    file: &'static str,
    cause: String,
}

/// All topic descriptions, in the order of the data flow.
///
/// # Errors
/// When a file is not a valid description; a test ensures that all are.
pub fn descriptions() -> Result<Vec<Description>, InvalidDescription> {
    let parse = |(file, text): (&'static str, &str)| {
        serde_saphyr::from_str(text).map_err(|error| InvalidDescription { file, cause: error.to_string() })
    };
    FILES.into_iter().map(parse).collect()
}

/// All topics of one chunking and one space over it.
///
/// # Errors
/// When a file is not a valid description; a test ensures that all are.
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

/// The ledger topic of a chunking.
#[must_use]
pub fn ledger(chunking: &Fingerprint) -> String {
    per("ledger", chunking)
}

/// The passage topic of a chunking.
#[must_use]
pub fn chunks(chunking: &Fingerprint) -> String {
    per("chunks", chunking)
}

/// The vector topic of a space.
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
            MODELS.to_owned(),
            QUERIES.to_owned(),
            DRIFT.to_owned(),
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
    fn questions_are_kept_for_as_long_as_is_asked_for() {
        let fingerprint = Fingerprint::of(&[("a", "b")]);
        let all = all(&fingerprint, &fingerprint).unwrap();
        let queries = all.into_iter().find(|topic| topic.name == QUERIES).unwrap();
        assert_eq!(queries.clone().kept_for(QUERIES_DAYS), queries, "the file says the same");
        let longer = queries.kept_for(180);
        assert_eq!(longer.settings["retention.ms"], "15552000000");
        assert_eq!(longer.settings["cleanup.policy"], "delete");
    }

    #[test]
    fn what_must_stay_is_compacted_and_what_passes_is_deleted() {
        for description in descriptions().unwrap() {
            let policy = description.settings["cleanup.policy"].as_str();
            let stays =
                description.per.is_some() || [CONFIRMATIONS, MODELS].contains(&description.name.as_str());
            assert_eq!(policy == "compact", stays, "{}", description.name);
        }
    }
}
