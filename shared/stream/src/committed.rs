//! What a group commits for a partition: an offset, and a memo that the next owner needs. Pure.
//!
//! Kafka stores a few bytes of metadata with each offset (4,096 by default), in the same transaction. Whoever opens the
//! partition next, on whatever machine, finds them there.

use serde::{Deserialize, Serialize};

use crate::record::Record;

/// What a group committed for a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The next record to be handled.
    pub next: i64,
    /// The metadata stored with the offset.
    pub memo: Memo,
}

impl Committed {
    /// Marks the records up to `last` as handled. During a replay only the progress of the replay moves.
    pub(crate) fn pass(&mut self, last: &Record) {
        let next = last.offset + 1;
        if let Some(replayed) = &mut self.memo.replayed {
            *replayed = next;
        } else {
            (self.next, self.memo.last) = (next, digest_of(last));
        }
    }
}

/// The metadata stored with an offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// What the handled records were written to: see [`crate::stage::Lane::identity`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// The lane's own note: see [`crate::stage::Lane::note`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The log is being handled again, and this is the next record to replay. The records from here up to the offset
    /// are not yet in what `identity` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<i64>,
    /// The digest of the last record before the offset. If the log holds another record there, it is another log.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// Everything that was written before this moment, in seconds since 1970, has been read; 0 if unknown.
    #[serde(skip_serializing_if = "is_zero")]
    pub at: u64,
    /// Deletions before this moment (in seconds since 1970) may have been missed, because the reader was behind for longer
    /// than its log keeps deletions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<u64>,
    /// The record that the partition is waiting at, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
}

/// A record that holds up its partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its offset.
    pub offset: i64,
    /// When it began to wait, in seconds since 1970.
    pub since: u64,
    /// What it waits for, truncated to [`Waiting::LONGEST`] characters.
    pub cause: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(at: &u64) -> bool {
    *at == 0
}

impl Waiting {
    /// Maximum length of a cause in characters. In JSON a character may take six bytes.
    pub const LONGEST: usize = 300;

    /// A record that has been waiting since `since`.
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
    /// The form stored with the offset.
    #[must_use]
    pub fn to_metadata(&self) -> String {
        if *self == Self::default() { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    /// Parses what was stored with an offset. Older versions stored only the identity, as plain text.
    #[must_use]
    pub fn from_metadata(metadata: &str) -> Self {
        serde_json::from_str(metadata)
            .unwrap_or_else(|_| Self { identity: metadata.to_owned(), ..Self::default() })
    }
}

/// The digest that identifies a record of a log: 16 hex characters of the SHA-256 of its key and value.
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
