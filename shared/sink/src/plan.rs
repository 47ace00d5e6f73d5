//! What an index must be, and what was found when it was ensured.

use message::Fingerprint;

/// What the two indexes of a generation are made for; it goes into each mapping's `_meta`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexPlan {
    /// The space of the vectors: a fence that every writer and reader checks.
    pub space: Fingerprint,
    /// The chunking within that space; for people.
    pub chunking: Fingerprint,
    /// The model's name; for people.
    pub model: String,
    /// Numbers in a vector.
    pub dimension: usize,
}

/// Both indexes, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ensured {
    /// The index of passages.
    pub chunks: IndexState,
    /// The index of document records.
    pub documents: IndexState,
}

/// One index, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexState {
    /// The engine's own identity of it. Another uuid than the last time means that somebody deleted the index and it
    /// was created anew, empty: what was written before must be written again.
    pub uuid: String,
    /// True when this call created it.
    pub created: bool,
}
