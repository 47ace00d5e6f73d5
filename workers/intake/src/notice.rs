//! What a store said, whatever its format: the words of one notice, before anything is decided about them.

/// One event as a store announced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The format it came in, e.g. `minio`: one of a small closed set, fit for a metric's label.
    pub format: &'static str,
    /// The event's name as the store wrote it, e.g. `s3:ObjectCreated:Put`.
    pub name: String,
    /// The object that it speaks of; else what the notice lacks. Events of buckets or of the format itself have none.
    pub object: Result<NoticeObject, Missing>,
    /// When the store says it happened, as it wrote it.
    pub happened_at: Option<String>,
}

/// The field that a notice lacks, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(pub &'static str);

/// An object as a notice names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeObject {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: NoticeKey,
}

/// A key, as far as it is known how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKey {
    /// This is the key.
    Known(String),
    /// No document says whether the source encodes keys. Both readings are looked at, and the store decides.
    Either {
        /// As it was written.
        verbatim: String,
        /// The same, form-decoded.
        decoded: String,
    },
}

/// Something that cannot be read as a notice: a dead letter, with the original bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// Neither JSON nor Base64 of JSON.
    #[error(
        "{bytes} bytes that are neither JSON nor Base64 of JSON, beginning {beginning:?}; \
         point only the bucket's notifications at this topic"
    )]
    NotJson {
        /// How many bytes.
        bytes: usize,
        /// The first of them.
        beginning: String,
    },
    /// JSON of an unknown shape.
    #[error(
        "no known notice: {found}; known are {known}. Send the store's event unchanged, or add a format to \
         workers/intake/src/format.rs"
    )]
    UnknownShape {
        /// What was found instead: the top-level fields or the kind of value.
        found: String,
        /// The formats that are known.
        known: String,
    },
    /// Envelopes in envelopes in envelopes.
    #[error("more than {limit} envelopes around a notice; something wraps its own output")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A notice that does not say what happened, or to which object.
    #[error("{format} notice {name:?} has no {missing}; send the store's event unchanged")]
    Incomplete {
        /// The format.
        format: &'static str,
        /// The event's name.
        name: String,
        /// The path of the field.
        missing: &'static str,
    },
    /// A key that is no key in any store.
    #[error("{format} notice {name:?} of bucket {bucket:?} names an impossible key {key:?} ({reason})")]
    InvalidKey {
        /// The format.
        format: &'static str,
        /// The event's name.
        name: String,
        /// The bucket.
        bucket: String,
        /// The beginning of the key.
        key: String,
        /// Why it is impossible.
        reason: &'static str,
    },
}
