//! Limits on what reading a document may use.

use std::num::NonZero;
use std::time::Duration;

use clap::Args;
use document::Bounds;

/// Maximum default number of children: every later step is slower than reading.
const MOST_PROCESSES: usize = 4;

/// Limits for reading documents. A refusal names the limit that caused it.
#[derive(Args, Clone, Debug)]
pub struct SandboxSettings {
    /// Number of documents read concurrently, each in its own process; by default one per CPU core, up to 4.
    #[arg(long, env = "MILLRACE_EXTRACT_PROCESSES")]
    pub extract_processes: Option<NonZero<usize>>,
    /// Maximum memory for reading one document, in bytes, beyond what the program itself uses.
    #[arg(long, env = "MILLRACE_EXTRACT_MEMORY", default_value_t = 1 << 30)]
    pub extract_memory: u64,
    /// Maximum CPU time for reading one document, in seconds.
    #[arg(long, env = "MILLRACE_EXTRACT_CPU", default_value_t = 60)]
    pub extract_cpu: u64,
    /// Maximum time for reading one document, in seconds.
    #[arg(long, env = "MILLRACE_EXTRACT_DEADLINE", default_value_t = 180)]
    pub extract_deadline: u64,
    /// Maximum text of one document, in bytes; its outline of blocks and parts may take as much again.
    #[arg(long, env = "MILLRACE_EXTRACT_TEXT", default_value_t = Bounds::default().text)]
    pub extract_text: usize,
    /// Maximum total size of everything unpacked from one document, in bytes.
    #[arg(long, env = "MILLRACE_EXTRACT_UNPACKED", default_value_t = Bounds::default().unpacked)]
    pub extract_unpacked: u64,
    /// Maximum depth of documents within documents; 1 is an archive of plain files.
    #[arg(long, env = "MILLRACE_EXTRACT_NESTING", default_value_t = Bounds::default().nesting)]
    pub extract_nesting: usize,
    /// Maximum number of documents within one.
    #[arg(long, env = "MILLRACE_EXTRACT_MEMBERS", default_value_t = Bounds::default().members)]
    pub extract_members: usize,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        let Bounds { text, unpacked, nesting, members } = Bounds::default();
        Self {
            extract_processes: None,
            extract_memory: 1 << 30,
            extract_cpu: 60,
            extract_deadline: 180,
            extract_text: text,
            extract_unpacked: unpacked,
            extract_nesting: nesting,
            extract_members: members,
        }
    }
}

impl SandboxSettings {
    /// The limits that the formats enforce.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            text: self.extract_text,
            unpacked: self.extract_unpacked,
            nesting: self.extract_nesting,
            members: self.extract_members,
        }
    }

    /// Number of documents read concurrently.
    #[must_use]
    pub fn processes(&self) -> usize {
        let found = || std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_PROCESSES);
        self.extract_processes.map_or_else(found, NonZero::get)
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.extract_deadline)
    }
}
