//! SHA-256 of content, and of lists of parts for ids and fingerprints.

use sha2::{Digest, Sha256};

/// The SHA-256 of `bytes` in lower-case hex (64 characters), as `sha256sum` prints it.
#[must_use]
pub fn content_digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The SHA-256 of `parts` in lower-case hex (64 characters). Each part is preceded by its length as a little-endian
/// u64, so that `["ab", "c"]` and `["a", "bc"]` differ.
#[must_use]
pub fn sha256_hex<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = RunningDigest::default();
    parts.into_iter().for_each(|part| digest.add(part));
    digest.hex()
}

/// [`sha256_hex`] computed incrementally, without keeping the parts.
#[derive(Clone, Debug, Default)]
pub struct RunningDigest(Sha256);

impl RunningDigest {
    /// Adds the next part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// The digest of the parts so far, in lower-case hex (64 characters).
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0.clone().finalize())
    }
}
