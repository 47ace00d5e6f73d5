//! The stored form of an entry: a short header, so that counting does not parse JSON, followed by the entry's JSON.
//! Pure.

use message::{LedgerEntry, Status, Version};

/// Size of the header in bytes: status, version, number of chunks.
const HEAD: usize = 17;

/// The fields of an entry that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) status: Status,
    pub(crate) version: Version,
    pub(crate) chunks: u64,
}

impl Summary {
    pub(crate) fn of(entry: &LedgerEntry) -> Self {
        Self { status: entry.status, version: entry.version, chunks: entry.chunks.len() as u64 }
    }

    /// The epoch of the version.
    pub(crate) fn epoch(self) -> u32 {
        u32::try_from(self.version.epoch()).unwrap_or(u32::MAX)
    }

    /// The stored form: the header, then `json`.
    pub(crate) fn stored(self, json: &[u8]) -> Vec<u8> {
        let mut stored = Vec::with_capacity(HEAD + json.len());
        stored.push(match self.status {
            Status::Live => 0,
            Status::Empty => 1,
            Status::Refused => 2,
            Status::Removed => 3,
        });
        stored.extend(self.version.get().to_le_bytes());
        stored.extend(self.chunks.to_le_bytes());
        stored.extend(json);
        stored
    }

    /// Splits a value written by [`Self::stored`] into header and JSON; `None` if it is malformed.
    pub(crate) fn parse(stored: &[u8]) -> Option<(Self, &[u8])> {
        let (head, json) = stored.split_at_checked(HEAD)?;
        let (status, numbers) = head.split_first()?;
        let (version, chunks) = numbers.split_at_checked(8)?;
        let status = match status {
            0 => Status::Live,
            1 => Status::Empty,
            2 => Status::Refused,
            3 => Status::Removed,
            _ => return None,
        };
        let version = Version::from(u64::from_le_bytes(version.try_into().ok()?));
        Some((Self { status, version, chunks: u64::from_le_bytes(chunks.try_into().ok()?) }, json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_and_what_is_none_is_seen() {
        for status in [Status::Live, Status::Empty, Status::Refused, Status::Removed] {
            let summary = Summary { status, version: Version::first(7), chunks: 20_000 };
            let stored = summary.stored(b"{}");
            assert_eq!(Summary::parse(&stored), Some((summary, b"{}".as_slice())));
            assert_eq!(summary.epoch(), 7);
        }
        assert_eq!(Summary::parse(&[9; 40]), None);
        assert_eq!(Summary::parse(&[0; 16]), None);
    }
}
