//! The input of a format: the bytes, and limits on the resources for reading them.

use std::cell::Cell;
use std::io::{ErrorKind, Read};

use crate::format::read;
use crate::{Extracted, Refusal};

/// Limits for reading one document, whatever it contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Maximum extracted text in bytes.
    pub text: usize,
    /// Maximum total size in bytes of everything unpacked from the document.
    pub unpacked: u64,
    /// Maximum nesting of documents: 1 is an archive of plain files.
    pub nesting: usize,
    /// Maximum number of documents within the document, at all depths together.
    pub members: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { text: 64 << 20, unpacked: 512 << 20, nesting: 4, members: 10_000 }
    }
}

/// The part of the [`Bounds`] used so far; shared by a document and everything within it.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    unpacked: Cell<u64>,
    members: Cell<usize>,
}

/// One document to read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its key or file name; only the extension is used, and only as a hint.
    pub key: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    depth: usize,
    bounds: &'a Bounds,
    spent: &'a Spent,
}

impl<'a> Source<'a> {
    pub(crate) fn new(key: &'a str, bytes: &'a [u8], bounds: &'a Bounds, spent: &'a Spent) -> Self {
        Self { key, bytes, depth: 0, bounds, spent }
    }

    /// The limits for reading the document.
    #[must_use]
    pub fn bounds(&self) -> &'a Bounds {
        self.bounds
    }

    /// Unpacks something from the document within the limits. All unpacking must go through this; it is the
    /// protection against decompression bombs.
    ///
    /// # Errors
    /// When a limit is exceeded, or `packed` cannot be read (`Refusal::Damaged` of `format`, a description with an
    /// article).
    pub fn unpack(&self, format: &'static str, packed: impl Read) -> Result<Vec<u8>, Refusal> {
        let left = self.bounds.unpacked.saturating_sub(self.spent.unpacked.get());
        let mut bytes = Vec::new();
        let read = read_at_most(packed, left.saturating_add(1), &mut bytes);
        let length = bytes.len() as u64;
        self.spent.unpacked.set(self.spent.unpacked.get().saturating_add(length));
        if length > left {
            return Err(Refusal::UnpacksTooFar { limit: self.bounds.unpacked });
        }
        // The file is not at fault: its reader's memory limit is below the limit on unpacked bytes.
        if read.as_ref().is_err_and(|error| error.kind() == ErrorKind::OutOfMemory) {
            return Err(Refusal::OutOfMemory);
        }
        read.map_err(|error| Refusal::Damaged { format, cause: error.to_string() })?;
        Ok(bytes)
    }

    /// Reads a document within this one.
    ///
    /// # Errors
    /// When it is refused, or nested too deep. [`Refusal::ends_all`] tells whether the outer document must be refused
    /// too.
    pub fn member(&self, key: &str, bytes: &[u8]) -> Result<Extracted, Refusal> {
        let members = self.spent.members.get() + 1;
        self.spent.members.set(members);
        if members > self.bounds.members {
            return Err(Refusal::TooManyMembers { limit: self.bounds.members });
        }
        if self.depth >= self.bounds.nesting {
            return Err(Refusal::NestedTooDeep { limit: self.bounds.nesting });
        }
        read(&Source { key, bytes, depth: self.depth + 1, ..*self })
    }
}

/// At most 16 KiB first.
const FIRST_STEP: usize = 16 << 10;

/// Reads at most `most` bytes, without allocating more memory than that; a growing vector would double its last step.
fn read_at_most(mut packed: impl Read, most: u64, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    loop {
        let step = bytes.len().max(FIRST_STEP).min(most - bytes.len());
        bytes.try_reserve_exact(step).map_err(|_| std::io::Error::from(ErrorKind::OutOfMemory))?;
        let read = packed.by_ref().take(step as u64).read_to_end(bytes)?;
        if read < step || bytes.len() >= most {
            return Ok(());
        }
    }
}
