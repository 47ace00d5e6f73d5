//! A parsed notice, whatever its format, before any decision about it.

/// One event as a store announced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The format it came in, e.g. `minio`: one of a small closed set, usable as a metric label.
    pub format: &'static str,
    /// The event's name as the store wrote it, e.g. `s3:ObjectCreated:Put`.
    pub name: String,
    /// The object it is about, or the field that is missing. Events about buckets or test messages have none.
    pub object: Result<NoticeObject, Missing>,
    /// The store's timestamp, as written.
    pub happened_at: Option<String>,
}

/// The path of a field that the notice lacks.
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

/// A key, and how certain its encoding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeKey {
    /// This is the key.
    Known(String),
    /// The source's encoding is not documented. Both readings are looked at, and the store decides.
    Either {
        /// As written.
        verbatim: String,
        /// Form-decoded.
        decoded: String,
    },
}

/// Something that is not a notice: it becomes a dead letter with the original bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// Neither JSON nor Base64 of JSON.
    #[error(
        "{bytes} bytes that are neither JSON nor Base64 of JSON, beginning {beginning:?}; \
         point only the bucket's notifications at this topic"
    )]
    NotJson {
        /// The size of the value in bytes.
        bytes: usize,
        /// The first of its bytes.
        beginning: String,
    },
    /// JSON of unknown structure.
    #[error(
        "no known notice: {found}; known are {known}. Send the store's event unchanged, or add a format to \
         workers/intake/src/format.rs"
    )]
    UnknownShape {
        /// What was found: the top-level fields, or the type of the value.
        found: String,
        /// The known formats.
        known: String,
    },
    /// Too many nested envelopes.
    #[error("more than {limit} envelopes around a notice; something wraps its own output")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A notice that lacks the change or the object.
    #[error("{format} notice {name:?} has no {missing}; send the store's event unchanged")]
    Incomplete {
        /// The format.
        format: &'static str,
        /// The event's name.
        name: String,
        /// The path of the missing field.
        missing: &'static str,
    },
    /// A key that no store allows.
    #[error("{format} notice {name:?} of bucket {bucket:?} names an impossible key {key:?} ({reason})")]
    InvalidKey {
        /// The format.
        format: &'static str,
        /// The event's name.
        name: String,
        /// The bucket.
        bucket: String,
        /// The start of the key.
        key: String,
        /// Why the key is invalid.
        reason: &'static str,
    },
}
