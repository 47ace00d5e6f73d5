//! Everything that the sources hold of one document. Pure.

use std::collections::HashSet;

use message::{ChunkId, DocumentId, Fingerprint, LedgerEntry, RunningDigest, content_digest};
use sink::{StoredChunk, StoredDocument};

/// A passage's id depends on the number of equal passages before it in the document; only numbers below this are tried.
const REPEATS: u32 = 64;
/// Maximum number of ids named to `chunk` in one request: 4 MB of its message. The next audit names the rest.
const MOST_SUSPECTS: usize = 100_000;

/// One document, as the sources hold it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The document.
    pub document: DocumentId,
    /// The etag of its object; none when the bucket does not list it.
    pub object: Option<String>,
    /// Its entry in the ledger.
    pub entry: Option<LedgerEntry>,
    /// What each engine holds, in the order in which the engines are named.
    pub engines: Vec<HeldDocument>,
}

/// What one engine holds of a document.
#[derive(Clone, Debug, Default)]
pub struct HeldDocument {
    /// Its record.
    pub record: Option<StoredDocument>,
    /// Its passages, unordered.
    pub passages: Vec<HeldPassage>,
}

/// What is compared of a passage; of its text only a digest is kept.
#[derive(Clone, Debug)]
pub struct HeldPassage {
    /// Its id.
    pub id: ChunkId,
    /// SHA-256 of its text.
    pub text: String,
    /// The space of its vector.
    pub space: Fingerprint,
    /// Whether its id is derived from its content.
    pub genuine: bool,
}

impl From<StoredChunk> for HeldPassage {
    fn from(chunk: StoredChunk) -> Self {
        let derived = |repeat| ChunkId::derive(&chunk.document, &chunk.heading_path, &chunk.text, repeat);
        let genuine = (0..REPEATS).any(|repeat| derived(repeat) == chunk.id);
        Self { text: content_digest(chunk.text.as_bytes()), genuine, space: chunk.space, id: chunk.id }
    }
}

impl HeldDocument {
    /// Adds one line per passage (document, ordinal, chunk id, text digest, fingerprint), in the record's order, to the
    /// digest of an index. Versions and vectors are left out, so that two indexes filled from the same log have the
    /// same digest.
    pub fn add_to(&self, digest: &mut RunningDigest) {
        let Some(stored) = &self.record else { return };
        let passages: std::collections::HashMap<&ChunkId, &HeldPassage> =
            self.passages.iter().map(|passage| (&passage.id, passage)).collect();
        for (ordinal, placement) in stored.record.chunks.iter().enumerate() {
            let passage = passages.get(&placement.id);
            let (text, space) = passage.map_or(("", ""), |p| (p.text.as_str(), p.space.as_str()));
            let line = format!("{}\t{ordinal}\t{}\t{text}\t{space}", stored.record.document, placement.id);
            digest.add(line.as_bytes());
        }
    }

    /// The digest of this document alone.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = RunningDigest::default();
        self.add_to(&mut digest);
        digest.hex()
    }
}

impl Seen {
    /// The passages that an engine holds but the ledger does not list: only a tombstone removes them.
    #[must_use]
    pub fn suspects(&self) -> Vec<ChunkId> {
        let live: HashSet<&ChunkId> =
            self.entry.iter().flat_map(|entry| &entry.chunks).map(|placement| &placement.id).collect();
        let held = self.engines.iter().flat_map(|held| &held.passages).map(|passage| &passage.id);
        let stale: std::collections::BTreeSet<&ChunkId> = held.filter(|id| !live.contains(id)).collect();
        stale.into_iter().take(MOST_SUSPECTS).cloned().collect()
    }
}
