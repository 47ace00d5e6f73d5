//! Finds what is wrong with one document. Pure.

use std::collections::{HashMap, HashSet};
use std::fmt;

use message::{ChunkId, DocumentId, Fingerprint, LedgerEntry, Status, Version};
use objects::Scope;
use serde::{Serialize, Serializer};
use sink::StoredDocument;

use super::seen::{HeldDocument, Seen};

/// The rules by which documents are compared.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The vector space that every passage must belong to.
    pub space: Fingerprint,
    /// The bucket that was listed.
    pub bucket: String,
    /// Which of its objects are documents.
    pub scope: Scope,
    /// The engines' names.
    pub engines: Vec<&'static str>,
}

impl Rules {
    /// Whether the bucket's listing decides if this document should exist. Documents of other buckets and documents out
    /// of scope are compared only between ledger and engines.
    #[must_use]
    pub fn is_listed(&self, document: &DocumentId) -> bool {
        document.bucket() == self.bucket && self.scope.leaves_out(document.key()).is_none()
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The document.
    pub document: DocumentId,
    /// Where it is: `ledger` (compared with the bucket), `opensearch` or `elasticsearch` (compared with the ledger).
    pub place: &'static str,
    /// The problem.
    #[serde(serialize_with = "words")]
    pub problem: Problem,
}

/// What can be wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// The bucket has the document, but the ledger does not.
    NeverRead,
    /// The bucket has the document, but the ledger says that it was removed.
    SaysRemoved,
    /// The object in the bucket is not the version that was read: its etag differs.
    OtherVersion,
    /// The ledger has the document, but the bucket does not.
    NotInBucket,
    /// An engine holds a record or passages of a document that the ledger does not know.
    Unknown,
    /// An engine still holds the record of a removed document.
    RecordLeft,
    /// An engine lacks the record.
    RecordMissing {
        /// The ledger's version.
        ledger: Version,
    },
    /// The record has another version than the ledger's entry.
    RecordVersion {
        /// The record's version.
        held: Version,
        /// The ledger's version.
        ledger: Version,
    },
    /// The record has the ledger's version, but other passages or another status.
    RecordDiffers,
    /// A passage is missing.
    PassageMissing(ChunkId),
    /// A passage's vector belongs to another space.
    PassageSpace(ChunkId),
    /// A passage's id does not match its content.
    PassageForged(ChunkId),
    /// A passage should have been deleted.
    PassageStale(ChunkId),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRead => f.write_str("in the bucket, never read"),
            Self::SaysRemoved => f.write_str("in the bucket, and the ledger says removed"),
            Self::OtherVersion => f.write_str("the bucket has another version than was read"),
            Self::NotInBucket => f.write_str("not in the bucket, and the ledger says it is"),
            Self::Unknown => f.write_str("there, and unknown to the ledger"),
            Self::RecordLeft => f.write_str("its record is there though it is removed"),
            Self::RecordMissing { .. } => f.write_str("its record is missing"),
            Self::RecordVersion { held, ledger } => {
                write!(f, "its record has version {held}, the ledger {ledger}")
            }
            Self::RecordDiffers => f.write_str("its record differs from the ledger"),
            Self::PassageMissing(id) => write!(f, "passage {id} is missing"),
            Self::PassageSpace(id) => write!(f, "passage {id} is of another space"),
            Self::PassageForged(id) => write!(f, "passage {id} is not what its id says"),
            Self::PassageStale(id) => write!(f, "passage {id} is stale: it should be gone"),
        }
    }
}

fn words<S: Serializer>(problem: &Problem, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(problem)
}

/// All differences of a document.
#[must_use]
pub fn differences(seen: &Seen, rules: &Rules) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |place, problem| {
        found.push(Difference { document: seen.document.clone(), place, problem });
    };
    if rules.is_listed(&seen.document)
        && let Some(problem) = between_bucket_and_ledger(seen.object.as_deref(), seen.entry.as_ref())
    {
        add("ledger", problem);
    }
    for (name, held) in rules.engines.iter().zip(&seen.engines) {
        match &seen.entry {
            Some(entry) => in_engine(held, entry, &rules.space).into_iter().for_each(|p| add(name, p)),
            None if held.record.is_some() || !held.passages.is_empty() => add(name, Problem::Unknown),
            None => {}
        }
    }
    found
}

fn between_bucket_and_ledger(object: Option<&str>, entry: Option<&LedgerEntry>) -> Option<Problem> {
    match (object, entry) {
        (Some(_), None) => Some(Problem::NeverRead),
        (Some(_), Some(entry)) if entry.status == Status::Removed => Some(Problem::SaysRemoved),
        (Some(etag), Some(entry)) if entry.etag != etag => Some(Problem::OtherVersion),
        (None, Some(entry)) if entry.status != Status::Removed => Some(Problem::NotInBucket),
        (Some(_) | None, Some(_)) | (None, None) => None,
    }
}

fn in_engine(held: &HeldDocument, entry: &LedgerEntry, space: &Fingerprint) -> Vec<Problem> {
    let mut found: Vec<Problem> = record(held.record.as_ref(), entry).into_iter().collect();
    let passages: HashMap<&ChunkId, _> = held.passages.iter().map(|passage| (&passage.id, passage)).collect();
    let mut live = HashSet::new();
    for id in entry.chunks.iter().map(|placement| &placement.id).filter(|id| live.insert(*id)) {
        match passages.get(id) {
            None => found.push(Problem::PassageMissing(id.clone())),
            Some(passage) if passage.space != *space => found.push(Problem::PassageSpace(id.clone())),
            Some(passage) if !passage.genuine => found.push(Problem::PassageForged(id.clone())),
            Some(_) => {}
        }
    }
    let stale = held.passages.iter().map(|passage| &passage.id).filter(|id| !live.contains(id));
    found.extend(stale.map(|id| Problem::PassageStale(id.clone())));
    found
}

fn record(stored: Option<&StoredDocument>, entry: &LedgerEntry) -> Option<Problem> {
    match (stored, entry.status) {
        (None, Status::Removed) => None,
        (Some(_), Status::Removed) => Some(Problem::RecordLeft),
        (None, _) => Some(Problem::RecordMissing { ledger: entry.version }),
        (Some(stored), _) => {
            let record = &stored.record;
            if record.version != entry.version {
                Some(Problem::RecordVersion { held: record.version, ledger: entry.version })
            } else if record.chunks != entry.chunks || record.status != entry.status {
                Some(Problem::RecordDiffers)
            } else {
                None
            }
        }
    }
}
