//! Errors outside of bulk writes, classified by what the caller does next.

use std::time::Duration;

use crate::vectors::UnknownVectors;

/// A failed operation on an engine.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Wait and try again: the engine is unavailable, busy, or answered only in part.
    #[error("{url} is unavailable ({cause}): it is tried again; see that the server runs and can be reached")]
    Unavailable {
        /// The engine's address.
        url: String,
        /// What happened.
        cause: String,
        /// The engine's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Fix the credentials or their rights.
    #[error(
        "{url} refuses these credentials ({cause}): check user, password or API key and their rights on the index"
    )]
    Denied {
        /// The engine's address.
        url: String,
        /// The engine's reason.
        cause: String,
    },
    /// The index is missing: create it, or find out who deleted it.
    #[error(
        "the index {index} does not exist on {url}: its writer creates it at start, then it must be filled again"
    )]
    Missing {
        /// The engine's address.
        url: String,
        /// The index.
        index: String,
    },
    /// The index belongs to something else: neither read nor write it.
    #[error(
        "the index {index} was made for {what} {found}, and {expected} is wanted: give the other one a MILLRACE_INDEX of its own, or delete the index and fill it again"
    )]
    Mismatch {
        /// The index.
        index: String,
        /// What differs, such as `the space` or `the dimension`.
        what: &'static str,
        /// The index's value.
        found: String,
        /// The expected value.
        expected: String,
    },
    /// The engine will never accept this: a setting or this program is wrong.
    #[error(
        "{url} answered {operation} with {status} ({cause}): a setting or the engine's version does not fit"
    )]
    Rejected {
        /// The engine's address.
        url: String,
        /// The operation.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The engine's reason.
        cause: String,
    },
    /// The settings, or what a generation wants, are invalid.
    #[error("{setting} is invalid: {cause}")]
    Setting {
        /// The environment variable, or what else is set.
        setting: &'static str,
        /// What is wrong with it.
        cause: String,
    },
}

impl From<UnknownVectors> for SinkError {
    fn from(unknown: UnknownVectors) -> Self {
        Self::Setting { setting: "the generation's mapping", cause: unknown.to_string() }
    }
}
