//! How far a copy reflects its topic. Pure.

use message::sha256_hex;
use serde::{Deserialize, Serialize};
use stream::{Outgoing, Record};

/// The last record of the topic that a copy reflects. The digest shows whether the topic is still the one that the copy
/// was made from: a topic that was deleted and recreated has the same name, and the Kafka client offers no other
/// identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The offset of that record.
    pub last: i64,
    /// The SHA-256 of its key and value.
    pub digest: String,
}

impl Position {
    /// The position of a record with this key and value.
    #[must_use]
    pub fn new(offset: i64, key: &[u8], value: Option<&[u8]>) -> Self {
        Self { last: offset, digest: sha256_hex([key].into_iter().chain(value)) }
    }

    /// The position of a record that was read.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        Self::new(record.offset, record.key.as_deref().unwrap_or_default(), record.value.as_deref())
    }

    /// The position of a record that was written at `offset`.
    #[must_use]
    pub fn written(offset: i64, record: &Outgoing) -> Self {
        Self::new(offset, record.key.as_deref().unwrap_or_default(), record.value.as_deref())
    }

    /// The first offset that is not reflected.
    #[must_use]
    pub fn next(&self) -> i64 {
        self.last + 1
    }
}
