//! What a group commits of a partition: an offset, and what must be found again beside it. Pure.
//!
//! Kafka keeps a few bytes of metadata with each offset (4,096 by default), in the same transaction. Whoever opens the
//! partition next, on whatever machine, finds them there.

use serde::{Deserialize, Serialize};

use crate::record::Record;

/// What a group committed of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The next record to be handled.
    pub next: i64,
    /// What lies beside the offset.
    pub memo: Memo,
}

impl Committed {
    /// The records up to `last` are handled; while the log is handled again, they are handled again.
    pub(crate) fn pass(&mut self, last: &Record) {
        let next = last.offset + 1;
        if let Some(replayed) = &mut self.memo.replayed {
            *replayed = next;
        } else {
            (self.next, self.memo.last) = (next, digest_of(last));
        }
    }
}

/// What lies beside an offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// What the handled records went into: see [`crate::stage::Lane::identity`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// What the lane wants to find again: see [`crate::stage::Lane::note`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The log is being handled again, and this is the next record of that; those from here up to the offset are not in
    /// what `identity` names yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<i64>,
    /// The digest of the last record before the offset: another one there means that the log is another one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// When the partition was last read up to here, in seconds since 1970 by the reader's clock; 0 when not known.
    #[serde(skip_serializing_if = "is_zero")]
    pub at: u64,
    /// What was deleted from the log before this moment may have been missed, as the reader was away for longer than
    /// the log keeps deletions: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<u64>,
    /// What the partition waits at, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
}

/// A record that holds up its partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its offset.
    pub offset: i64,
    /// Since when, in seconds since 1970.
    pub since: u64,
    /// What is waited for, cut at [`Waiting::LONGEST`] characters.
    pub cause: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(at: &u64) -> bool {
    *at == 0
}

impl Waiting {
    /// Characters of a cause that are kept: JSON may need six bytes for one.
    pub const LONGEST: usize = 300;

    /// A record that waits since `since`.
    #[must_use]
    pub fn new(offset: i64, since: u64, cause: &str) -> Self {
        let mut short: String = cause.chars().take(Self::LONGEST).collect();
        if short.len() < cause.len() {
            short.push('…');
        }
        Self { offset, since, cause: short }
    }
}

impl Memo {
    /// As it lies beside the offset.
    #[must_use]
    pub fn to_metadata(&self) -> String {
        if *self == Self::default() { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    /// What lay beside an offset. Before there was more than an identity, it stood alone.
    #[must_use]
    pub fn from_metadata(metadata: &str) -> Self {
        serde_json::from_str(metadata)
            .unwrap_or_else(|_| Self { identity: metadata.to_owned(), ..Self::default() })
    }
}

/// The digest by which a log's record is known again: 16 hex characters of the SHA-256 of its key and value.
#[must_use]
pub fn digest_of(record: &Record) -> String {
    let key = record.key.as_deref().unwrap_or_default();
    let mut digest = message::sha256_hex([key].into_iter().chain(record.value.as_deref()));
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memo_survives_and_an_identity_that_stood_alone_is_read() {
        let waiting = Some(Waiting::new(4, 1_700_000_000, &"ü\n\"".repeat(1000)));
        let memo = Memo {
            identity: "a b above epoch 3".to_owned(),
            note: r#"{"began":1}"#.to_owned(),
            replayed: Some(7),
            last: "0123456789abcdef".to_owned(),
            at: 9,
            stale: Some(8),
            waiting,
        };
        let written = memo.to_metadata();
        assert!(written.len() < 4096, "{} bytes", written.len());
        assert_eq!(Memo::from_metadata(&written), memo);
        assert_eq!(Memo::from_metadata("uuid1 uuid2").identity, "uuid1 uuid2");
        assert_eq!(Memo::from_metadata(&Memo::default().to_metadata()), Memo::default());
    }
}
