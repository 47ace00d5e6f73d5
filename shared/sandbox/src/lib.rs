//! The place where a document is read that may do harm.
//!
//! A parser that meets a file made to kill it may crash, loop, or take all memory. So [`Sandbox`] reads documents in child
//! processes with limits: what goes wrong there is the cause of one [`Unread::Refused`], and costs the program around it
//! nothing. The children are this same program, started with an argument that only [`child`] understands: call it first
//! in `main`. They read one document after another, and are replaced when one of them ended them or took much memory.
//! [`InProcess`] reads in this process, for tests and for text that is known.
//!
//! Guarantees: the same bytes give the same text or the same refusal (the deadline, which is time, aside); what cannot be
//! the document's fault, such as a child that cannot be started, is [`Unread::Trouble`].
//!
//! Order of files: [`SandboxSettings`] the limits · `frame` and `answer` what parent and child say to one another ·
//! `child` the child · `running` one child as the parent sees it · `end` how it ended, in words · `pool` all of them.

mod answer;
mod child;
mod end;
mod frame;
mod in_process;
mod pool;
mod running;
mod settings;

use bytes::Bytes;
use document::Extracted;

pub use child::child;
pub use in_process::InProcess;
pub use pool::{Program, Sandbox};
pub use settings::SandboxSettings;

/// Reads documents, whatever is in them.
pub trait Extractor: Send + Sync + 'static {
    /// Reads a document; `key` is the object's key or a file name, of which only the ending counts, as a hint.
    ///
    /// # Errors
    /// When the document cannot be read, or nothing can be read now.
    fn extract(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<Extracted, Unread>> + Send;
}

/// Why a document was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is the document's fault: another try gives the same answer. The cause is for a person.
    Refused(String),
    /// It is not: try again later.
    Trouble(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Refused(cause) | Self::Trouble(cause)) = self;
        f.write_str(cause)
    }
}

impl std::error::Error for Unread {}
