//! What an audit counts and says. Pure.

use std::collections::{BTreeMap, BTreeSet};

use message::{DocumentId, RunningDigest, Status};
use serde::Serialize;

use super::difference::{Difference, Rules, differences};
use super::seen::Seen;

/// So many documents that differ, and so many differences, are kept; the rest is counted.
pub const MOST: usize = 10_000;

/// Everything that is counted while the documents pass.
#[derive(Debug)]
pub struct Tally {
    rules: Rules,
    objects: u64,
    elsewhere: u64,
    ledger: BTreeMap<&'static str, u64>,
    ledger_chunks: u64,
    engines: Vec<EngineTally>,
    differing: BTreeSet<DocumentId>,
    /// Differences of the documents beyond those that are kept.
    beyond: Beyond,
}

#[derive(Debug, Default)]
struct EngineTally {
    documents: u64,
    chunks: u64,
    digest: RunningDigest,
}

/// What is only counted, since there is too much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Documents that differ.
    pub documents: u64,
    /// Their differences.
    pub differences: u64,
}

impl Tally {
    /// Nothing was seen yet.
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

    /// Takes the next document, in the order of documents.
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

    /// What documents are compared by.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The documents that differ, at most [`MOST`]: they are to be looked at again.
    #[must_use]
    pub fn differing(&self) -> &BTreeSet<DocumentId> {
        &self.differing
    }

    /// The whole comparison, with what was found when the documents that differ were looked at again.
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

/// What was found when the documents that differ were looked at again, one by one.
#[derive(Debug, Default)]
pub struct SecondLook {
    /// What differs still, at most [`MOST`].
    pub differences: Vec<Difference>,
    /// All of them.
    pub total: u64,
    /// The documents that they are of.
    pub documents: u64,
    /// Documents that differ no more: they were on their way.
    pub settled: u64,
    /// What differs for a known reason, at most [`MOST`].
    pub explained: Vec<Explained>,
    /// All of them.
    pub explained_total: u64,
}

impl SecondLook {
    /// Takes what is left of one document's differences: each with its explanation, if there is one.
    pub fn add(&mut self, left: Vec<(Difference, Option<String>)>) {
        let mut differs = false;
        for (difference, cause) in left {
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
    }
}

/// A difference that is as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
    /// Why: the store's word, or the cause of a dead letter.
    pub cause: String,
}

/// The whole comparison.
#[derive(Debug, Serialize)]
pub struct Report {
    /// True when nothing differs that has no explanation.
    pub equal: bool,
    /// Objects in the bucket that are documents.
    pub objects: u64,
    /// Documents of the ledger that are not compared with the bucket: of another bucket, or outside of the scope.
    pub elsewhere: u64,
    /// Documents of the ledger by status.
    pub ledger: BTreeMap<&'static str, u64>,
    /// Passages that the ledger says are live.
    pub ledger_chunks: u64,
    /// Each engine.
    pub engines: BTreeMap<String, EngineReport>,
    /// What differs, at most 10,000.
    pub differences: Vec<Difference>,
    /// All of them.
    pub differences_total: u64,
    /// The documents that they are of.
    pub documents_differing: u64,
    /// Documents that differed at the first look and not at the second.
    pub settled: u64,
    /// What differs for a known reason, at most 10,000.
    pub explained: Vec<Explained>,
    /// All of them.
    pub explained_total: u64,
    /// Documents for which "look again" was said (with --repair).
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

/// A status as it is shown.
#[must_use]
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Live => "live",
        Status::Empty => "empty",
        Status::Refused => "refused",
        Status::Removed => "removed",
    }
}
