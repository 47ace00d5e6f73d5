//! Reads documents that may be malicious.
//!
//! A parser that meets a crafted file may crash, loop, or use up all memory. [`Sandbox`] therefore reads documents in
//! child processes with limits: whatever goes wrong there becomes the cause of one [`Unread::Refused`] and does not
//! affect the calling program. The children are this same program, started with an argument that only [`child`]
//! understands: call it first in `main`. They read one document after another, and are replaced when a document
//! killed them or used much memory. [`InProcess`] reads in this process, for tests and trusted text.
//!
//! A crafted file may also take its parser over. So the child has walls: no files, no network, no other processes; and
//! the process that starts it shows its variables and memory to nobody. What that depends on is in
//! [README.md](../README.md); what a system does not give is told once, and is [`Sandbox::missing`].
//!
//! Guarantees: the same bytes give the same text or the same refusal (except for the deadline, which depends on
//! time). A failure that cannot be the document's fault, such as a child that does not start, is [`Unread::Trouble`].
//!
//! Reading order: [`SandboxSettings`] the limits · `frame` and `answer` the protocol · `child` the child · `confine` its
//! walls · `filter` and `calls` the system calls that it is refused · `running` one child as the parent sees it · `end`
//! how it ended, in words · `pool` all children.

mod answer;
mod calls;
mod child;
mod confine;
mod end;
mod filter;
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

/// Reads documents, whatever they contain.
pub trait Extractor: Send + Sync + 'static {
    /// Reads a document. `key` is the object's key or a file name; only its extension is used, as a hint.
    ///
    /// # Errors
    /// When the document cannot be read, or no document can be read at the moment.
    fn extract(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<Extracted, Unread>> + Send;
}

/// Why a document was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The document is at fault, and another attempt would give the same result. The cause is for a person.
    Refused(String),
    /// The document is not at fault: try again later.
    Trouble(String),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Refused(cause) | Self::Trouble(cause)) = self;
        f.write_str(cause)
    }
}

impl std::error::Error for Unread {}
