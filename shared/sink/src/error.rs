//! What goes wrong outside of bulk writes, by what the caller does next.

use std::time::Duration;

/// An operation on an engine that failed.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// Wait and try again: the engine is away, busy, or answered only in part.
    #[error("{url} is unavailable ({cause}): it is tried again; see that the server runs and can be reached")]
    Unavailable {
        /// The engine.
        url: String,
        /// What happened.
        cause: String,
        /// How long the engine asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// Mend the credentials or the rights.
    #[error(
        "{url} refuses these credentials ({cause}): check user, password or API key and their rights on the index"
    )]
    Denied {
        /// The engine.
        url: String,
        /// The engine's reason.
        cause: String,
    },
    /// Create the index, or look who deleted it.
    #[error(
        "the index {index} does not exist on {url}: its writer creates it at start, then it must be filled again"
    )]
    Missing {
        /// The engine.
        url: String,
        /// The index.
        index: String,
    },
    /// Never read or write: the index holds something else.
    #[error(
        "the index {index} was made for {what} {found}, and {expected} is wanted: give the other one a MILLRACE_INDEX of its own, or delete the index and fill it again"
    )]
    Mismatch {
        /// The index.
        index: String,
        /// `the space`, `the dimension`.
        what: &'static str,
        /// What the index says.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// The engine will never do this: a setting or this program is wrong.
    #[error(
        "{url} answered {operation} with {status} ({cause}): a setting or the engine's version does not fit"
    )]
    Rejected {
        /// The engine.
        url: String,
        /// What was asked.
        operation: String,
        /// The HTTP status.
        status: u16,
        /// The engine's reason.
        cause: String,
    },
    /// The settings make no client.
    #[error("{setting} is of no use: {cause}")]
    Setting {
        /// The environment variable.
        setting: &'static str,
        /// What is wrong with it.
        cause: String,
    },
}
