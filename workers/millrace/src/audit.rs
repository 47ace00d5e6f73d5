//! Are bucket, ledger and both engines equal? Pure: what was seen goes in, a report comes out.

use std::collections::{BTreeMap, HashMap};

use message::{ChunkId, DocumentId, Fingerprint, LedgerEntry, Status, content_digest, sha256_hex};
use serde::Serialize;
use sink::{StoredChunk, StoredDocument};

/// A bucket as it was listed: each document with its change token.
pub type Listing = BTreeMap<DocumentId, String>;
/// A ledger as it was read.
pub type LedgerView = BTreeMap<DocumentId, LedgerEntry>;

/// What one engine holds.
#[derive(Debug, Default)]
pub struct EngineView {
    /// Document records.
    pub documents: BTreeMap<DocumentId, StoredDocument>,
    /// Passages, by document.
    pub chunks: HashMap<DocumentId, HashMap<ChunkId, Passage>>,
}

/// What is compared of a passage.
#[derive(Clone, Debug)]
pub struct Passage {
    /// SHA-256 of its text.
    pub text: String,
    /// The space of its vector.
    pub space: Fingerprint,
    /// Whether its id is the one that its content derives.
    pub genuine: bool,
}

/// A passage's id counts the repeats of its content in the document; more repeats than this are not looked for.
const REPEATS: u32 = 64;

impl EngineView {
    /// Takes a passage.
    pub fn add(&mut self, chunk: &StoredChunk) {
        let derived = |repeat| ChunkId::derive(&chunk.document, &chunk.heading_path, &chunk.text, repeat);
        let passage = Passage {
            text: content_digest(chunk.text.as_bytes()),
            space: chunk.space.clone(),
            genuine: (0..REPEATS).any(|repeat| derived(repeat) == chunk.id),
        };
        self.chunks.entry(chunk.document.clone()).or_default().insert(chunk.id.clone(), passage);
    }

    /// Passages in all.
    #[must_use]
    pub fn passages(&self) -> usize {
        self.chunks.values().map(HashMap::len).sum()
    }

    /// The digest of an index: SHA-256 over the sorted lines (document, ordinal, chunk id, text digest, fingerprint);
    /// versions and vectors are left out, so that two indexes filled from the same log have the same digest.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (document, record) in &self.documents {
            let chunks = self.chunks.get(document);
            for (ordinal, placement) in record.record.chunks.iter().enumerate() {
                let passage = chunks.and_then(|chunks| chunks.get(&placement.id));
                let (text, space) = passage.map_or(("", ""), |p| (p.text.as_str(), p.space.as_str()));
                lines.push(format!("{document}\t{ordinal}\t{}\t{text}\t{space}", placement.id));
            }
        }
        lines.sort_unstable();
        sha256_hex(lines.iter().map(String::as_bytes))
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// Which document.
    pub document: DocumentId,
    /// Between what: `ledger`, `opensearch`, `elasticsearch`.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

/// The whole comparison.
#[derive(Debug, Serialize)]
pub struct Report {
    /// True when nothing differs.
    pub equal: bool,
    /// Objects in the bucket.
    pub objects: usize,
    /// Documents of the ledger by status.
    pub ledger: BTreeMap<&'static str, usize>,
    /// Passages that the ledger says are live.
    pub ledger_chunks: usize,
    /// Each engine.
    pub engines: BTreeMap<String, EngineReport>,
    /// Everything that differs.
    pub differences: Vec<Difference>,
}

/// One engine in the report.
#[derive(Debug, Serialize)]
pub struct EngineReport {
    /// Document records.
    pub documents: usize,
    /// Passages.
    pub chunks: usize,
    /// The index digest.
    pub digest: String,
}

/// Compares everything.
#[must_use]
pub fn compare(
    bucket: &Listing,
    ledger: &LedgerView,
    engines: &BTreeMap<String, EngineView>,
    space: &Fingerprint,
) -> Report {
    let mut found = Findings::default();
    found.bucket_and_ledger(bucket, ledger);
    for (name, engine) in engines {
        found.engine(name, engine, ledger, space);
    }
    found.0.sort_unstable();
    let mut statuses = BTreeMap::new();
    for entry in ledger.values() {
        *statuses.entry(status_name(entry.status)).or_default() += 1;
    }
    let report = |engine: &EngineView| EngineReport {
        documents: engine.documents.len(),
        chunks: engine.passages(),
        digest: engine.digest(),
    };
    Report {
        equal: found.0.is_empty(),
        objects: bucket.len(),
        ledger: statuses,
        ledger_chunks: ledger.values().map(|entry| entry.chunks.len()).sum(),
        engines: engines.iter().map(|(name, engine)| (name.clone(), report(engine))).collect(),
        differences: found.0,
    }
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

#[derive(Default)]
struct Findings(Vec<Difference>);

impl Findings {
    fn add(&mut self, document: &DocumentId, place: &str, problem: impl Into<String>) {
        let (place, problem) = (place.to_owned(), problem.into());
        self.0.push(Difference { document: document.clone(), place, problem });
    }

    fn bucket_and_ledger(&mut self, bucket: &Listing, ledger: &LedgerView) {
        for (document, etag) in bucket {
            match ledger.get(document) {
                None => self.add(document, "ledger", "in the bucket, never read"),
                Some(entry) if entry.status == Status::Removed => {
                    self.add(document, "ledger", "in the bucket, and the ledger says removed");
                }
                Some(entry) if entry.etag != *etag => {
                    self.add(document, "ledger", "the bucket has another version than was read");
                }
                Some(_) => {}
            }
        }
        for (document, entry) in ledger {
            if entry.status != Status::Removed && !bucket.contains_key(document) {
                self.add(document, "ledger", "not in the bucket, and the ledger says it is");
            }
        }
    }

    fn engine(&mut self, name: &str, engine: &EngineView, ledger: &LedgerView, space: &Fingerprint) {
        let none = HashMap::new();
        for (document, entry) in ledger {
            let chunks = engine.chunks.get(document).unwrap_or(&none);
            self.record(name, engine.documents.get(document), entry);
            for placement in &entry.chunks {
                match chunks.get(&placement.id) {
                    None => self.add(document, name, format!("passage {} is missing", placement.id)),
                    Some(passage) if passage.space != *space => {
                        self.add(document, name, format!("passage {} is of another space", placement.id));
                    }
                    Some(passage) if !passage.genuine => {
                        self.add(document, name, format!("passage {} is not what its id says", placement.id));
                    }
                    Some(_) => {}
                }
            }
            let live: std::collections::HashSet<_> =
                entry.chunks.iter().map(|placement| &placement.id).collect();
            for id in chunks.keys().filter(|id| !live.contains(id)) {
                self.add(document, name, format!("passage {id} is stale: it should be gone"));
            }
        }
        for document in engine.documents.keys().chain(engine.chunks.keys()) {
            if !ledger.contains_key(document) {
                self.add(document, name, "there, and unknown to the ledger");
            }
        }
    }

    fn record(&mut self, name: &str, stored: Option<&StoredDocument>, entry: &LedgerEntry) {
        match (stored, entry.status) {
            (None, Status::Removed) => {}
            (Some(_), Status::Removed) => {
                self.add(&entry.document, name, "its record is there though it is removed");
            }
            (None, _) => self.add(&entry.document, name, "its record is missing"),
            (Some(stored), _) => {
                let record = &stored.record;
                if record.version != entry.version {
                    let problem =
                        format!("its record has version {}, the ledger {}", record.version, entry.version);
                    self.add(&entry.document, name, problem);
                } else if record.chunks != entry.chunks || record.status != entry.status {
                    self.add(&entry.document, name, "its record differs from the ledger");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
