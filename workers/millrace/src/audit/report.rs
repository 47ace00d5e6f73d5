//! The counts and the report of an audit. Pure.

use std::collections::{BTreeMap, BTreeSet};

use message::{DocumentId, RunningDigest, Status};
use serde::Serialize;

use super::difference::{Difference, Rules, differences};
use super::seen::Seen;

/// Maximum number of documents that differ, and of differences, that are kept; the rest are only counted.
pub const MOST: usize = 10_000;

/// Counts the documents of the first look.
#[derive(Debug)]
pub struct Tally {
    rules: Rules,
    objects: u64,
    elsewhere: u64,
    ledger: BTreeMap<&'static str, u64>,
    ledger_chunks: u64,
    engines: Vec<EngineTally>,
    differing: BTreeSet<DocumentId>,
    /// The documents beyond those that are kept, and their differences.
    beyond: Beyond,
}

#[derive(Debug, Default)]
struct EngineTally {
    documents: u64,
    chunks: u64,
    digest: RunningDigest,
}

/// What exceeds [`MOST`] and is therefore only counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Documents that differ.
    pub documents: u64,
    /// Their differences.
    pub differences: u64,
}

impl Tally {
    /// A tally of no documents.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let engines = rules.engines.iter().map(|_| EngineTally::default()).collect();
        Self {
            rules,
            objects: 0,
            elsewhere: 0,
            ledger: BTreeMap::new(),
            ledger_chunks: 0,
            engines,
            differing: BTreeSet::new(),
            beyond: Beyond::default(),
        }
    }

    /// Counts the next document. Documents must come in order, because the digests depend on it.
    pub fn add(&mut self, seen: &Seen) {
        self.objects += u64::from(seen.object.is_some());
        if let Some(entry) = &seen.entry {
            self.elsewhere += u64::from(!self.rules.is_listed(&seen.document));
            *self.ledger.entry(status_name(entry.status)).or_default() += 1;
            self.ledger_chunks += entry.chunks.len() as u64;
        }
        for (tally, held) in self.engines.iter_mut().zip(&seen.engines) {
            tally.documents += u64::from(held.record.is_some());
            tally.chunks += held.passages.len() as u64;
            held.add_to(&mut tally.digest);
        }
        let found = differences(seen, &self.rules).len() as u64;
        if found > 0 && self.differing.len() < MOST {
            self.differing.insert(seen.document.clone());
        } else if found > 0 {
            self.beyond.documents += 1;
            self.beyond.differences += found;
        }
    }

    /// The rules by which documents are compared.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The documents that differ and need a second look, at most [`MOST`].
    #[must_use]
    pub fn differing(&self) -> &BTreeSet<DocumentId> {
        &self.differing
    }

    /// The report, given the results of the second look.
    #[must_use]
    pub fn report(self, again: SecondLook) -> Report {
        let counted = |tally: EngineTally| EngineReport {
            documents: tally.documents,
            chunks: tally.chunks,
            digest: tally.digest.hex(),
        };
        let names = self.rules.engines.iter().map(|name| (*name).to_owned());
        let total = again.total + self.beyond.differences;
        Report {
            equal: total == 0,
            objects: self.objects,
            elsewhere: self.elsewhere,
            ledger: self.ledger,
            ledger_chunks: self.ledger_chunks,
            engines: names.zip(self.engines.into_iter().map(counted)).collect(),
            differences: again.differences,
            differences_total: total,
            documents_differing: again.documents + self.beyond.documents,
            settled: again.settled,
            explained: again.explained,
            explained_total: again.explained_total,
            asked_again: None,
        }
    }
}

/// The results of the second look at the documents that differ.
#[derive(Debug, Default)]
pub struct SecondLook {
    /// Remaining differences, at most [`MOST`].
    pub differences: Vec<Difference>,
    /// Number of all remaining differences.
    pub total: u64,
    /// Number of documents that still differ.
    pub documents: u64,
    /// Number of documents that no longer differ: they were still being processed.
    pub settled: u64,
    /// Differences with a known reason, at most [`MOST`].
    pub explained: Vec<Explained>,
    /// Number of all differences with a known reason.
    pub explained_total: u64,
    /// The documents that differ, explained or not.
    pub left: BTreeSet<DocumentId>,
}

impl SecondLook {
    /// Adds the remaining differences of one document, each with its explanation, if there is one.
    pub fn add(&mut self, document: DocumentId, found: Vec<(Difference, Option<String>)>) {
        let mut differs = false;
        for (difference, cause) in found {
            if let Some(cause) = cause {
                self.explained_total += 1;
                if self.explained.len() < MOST {
                    self.explained.push(Explained { difference, cause });
                }
            } else {
                differs = true;
                self.total += 1;
                if self.differences.len() < MOST {
                    self.differences.push(difference);
                }
            }
        }
        self.documents += u64::from(differs);
        self.left.insert(document);
    }
}

/// A difference with a known reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The difference.
    #[serde(flatten)]
    pub difference: Difference,
    /// The reason: the store's message, or the cause of a dead letter.
    pub cause: String,
}

/// The result of an audit.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether nothing differs, apart from what is explained.
    pub equal: bool,
    /// Objects in the bucket that are documents.
    pub objects: u64,
    /// Documents of the ledger that are not compared with the bucket, because they are of another bucket or out of
    /// scope.
    pub elsewhere: u64,
    /// Documents of the ledger by status.
    pub ledger: BTreeMap<&'static str, u64>,
    /// Live passages according to the ledger.
    pub ledger_chunks: u64,
    /// The engines, by name.
    pub engines: BTreeMap<String, EngineReport>,
    /// Unexplained differences, at most 10,000.
    pub differences: Vec<Difference>,
    /// Number of all unexplained differences.
    pub differences_total: u64,
    /// Number of documents that have them.
    pub documents_differing: u64,
    /// Documents that differed at the first look but not at the second.
    pub settled: u64,
    /// Differences with a known reason, at most 10,000.
    pub explained: Vec<Explained>,
    /// Number of all differences with a known reason.
    pub explained_total: u64,
    /// Documents that `chunk` was asked to look at again (with --repair).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_again: Option<u64>,
}

/// One engine in the report.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct EngineReport {
    /// Document records.
    pub documents: u64,
    /// Passages.
    pub chunks: u64,
    /// The digest of the index.
    pub digest: String,
}

/// The name of a status, as shown.
#[must_use]
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Live => "live",
        Status::Empty => "empty",
        Status::Refused => "refused",
        Status::Removed => "removed",
    }
}
