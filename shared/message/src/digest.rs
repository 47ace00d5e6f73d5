//! SHA-256: of content as it is, and of lists of parts for ids and fingerprints.

use sha2::{Digest, Sha256};

/// The SHA-256 of `bytes` in lower-case hex (64 characters), as `sha256sum` prints it.
#[must_use]
pub fn content_digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The SHA-256 of `parts` in lower-case hex (64 characters). Each part is preceded by its length as a little-endian
/// u64: `["ab", "c"]` and `["a", "bc"]` differ.
#[must_use]
pub fn sha256_hex<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}
