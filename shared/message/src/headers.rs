//! What every record carries beside its value, and the one function that chooses its partition.

use crate::{DocumentId, Version, sha256_hex};

/// The headers `document`, `version` and `trace`. A tombstone has only these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// Whose record it is; decides the partition.
    pub document: DocumentId,
    /// The version of the document that this record belongs to; absent on `documents`, which come before versions.
    pub version: Option<Version>,
    /// 32 hex characters that follow one notice through every topic.
    pub trace: String,
}

/// A trace derived from `parts`, the same for the same parts (half a SHA-256, 32 hex characters).
#[must_use]
pub fn trace<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut trace = sha256_hex(parts);
    trace.truncate(32);
    trace
}

/// The partition of `document` among `partitions` (at least 1). Computed from the document on every topic, never
/// from the record's key, so that a document's whole history is one partition of each topic.
#[must_use]
pub fn partition_of(document: &DocumentId, partitions: i32) -> i32 {
    let digest = sha256_hex([document.as_str().as_bytes()]);
    let head = digest.get(..8).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let count = u32::try_from(partitions).unwrap_or(1).max(1);
    i32::try_from(head % count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_spread_and_stable() {
        let mut seen = [0_u32; 12];
        for n in 0..1200 {
            let document = DocumentId::new("b", &format!("k{n}")).unwrap();
            let partition = partition_of(&document, 12);
            assert_eq!(partition, partition_of(&document, 12));
            seen[usize::try_from(partition).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
        // Fixed for ever: another result would split a document's history over two partitions.
        assert_eq!(partition_of(&DocumentId::new("documents", "a.md").unwrap(), 12), 8);
    }
}
