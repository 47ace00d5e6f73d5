//! The fingerprint of a chunking: everything that decides a document's passages.

use message::Fingerprint;

use crate::Limits;

/// Increase it when [`crate::extract`] gives a different text or different blocks for any document, even because of a
/// dependency (`tests/suite/golden.rs` detects it).
pub const EXTRACTOR_VERSION: u32 = 3;

/// Increase it when [`crate::Splitter`] cuts any text differently.
pub const SPLITTER_VERSION: u32 = 3;

/// Identifies a chunking: workers with the same fingerprint make the same passages from the same bytes.
/// `tokenizer_sha256` is the digest of the model's `tokenizer.json` in hex.
#[must_use]
pub fn chunking_fingerprint(tokenizer_sha256: &str, limits: &Limits) -> Fingerprint {
    let extractor = EXTRACTOR_VERSION.to_string();
    let splitter = SPLITTER_VERSION.to_string();
    let (max_tokens, overlap) = (limits.max_tokens.to_string(), limits.overlap.to_string());
    let mut parts = vec![
        ("extractor", extractor.as_str()),
        ("splitter", splitter.as_str()),
        ("tokenizer", tokenizer_sha256),
        ("max_tokens", max_tokens.as_str()),
        ("passage_prefix", limits.passage_prefix.as_str()),
    ];
    // without an overlap the fingerprint stays as it was before overlaps existed
    if limits.overlap > 0 {
        parts.push(("overlap", overlap.as_str()));
    }
    Fingerprint::of(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_counts_but_the_chunk_ceiling() {
        let limits = Limits { max_tokens: 254, ..Limits::default() };
        let base = chunking_fingerprint("aa", &limits);
        assert_ne!(base, chunking_fingerprint("ab", &limits));
        assert_ne!(base, chunking_fingerprint("aa", &Limits { max_tokens: 255, ..limits.clone() }));
        assert_ne!(
            base,
            chunking_fingerprint("aa", &Limits { passage_prefix: "passage: ".to_owned(), ..limits.clone() })
        );
        assert_ne!(base, chunking_fingerprint("aa", &Limits { overlap: 20, ..limits.clone() }));
        assert_eq!(base, chunking_fingerprint("aa", &Limits { max_chunks: 7, ..limits }));
    }
}
