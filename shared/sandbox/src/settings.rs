//! What reading a document may cost.

use std::num::NonZero;
use std::time::Duration;

use clap::Args;
use document::Bounds;

/// So many children are enough for any worker: what follows is slower than reading.
const MOST_PROCESSES: usize = 4;

/// Limits within which documents are read. Each is named in the refusals that it causes.
#[derive(Args, Clone, Debug)]
pub struct SandboxSettings {
    /// Documents that are read at once, each in a process of its own; if not given, as many as there are processors, up to 4.
    #[arg(long, env = "MILLRACE_EXTRACT_PROCESSES")]
    pub extract_processes: Option<NonZero<usize>>,
    /// Memory that reading one document may take, beyond what the program itself takes: bytes.
    #[arg(long, env = "MILLRACE_EXTRACT_MEMORY", default_value_t = 1 << 30)]
    pub extract_memory: u64,
    /// Seconds of a processor that reading one document may take.
    #[arg(long, env = "MILLRACE_EXTRACT_CPU", default_value_t = 60)]
    pub extract_cpu: u64,
    /// Seconds that reading one document may last.
    #[arg(long, env = "MILLRACE_EXTRACT_DEADLINE", default_value_t = 180)]
    pub extract_deadline: u64,
    /// Text that one document may have, and as much again for where its blocks and parts stand: bytes.
    #[arg(long, env = "MILLRACE_EXTRACT_TEXT", default_value_t = Bounds::default().text)]
    pub extract_text: usize,
    /// To how much all that is packed in one document may unpack: bytes.
    #[arg(long, env = "MILLRACE_EXTRACT_UNPACKED", default_value_t = Bounds::default().unpacked)]
    pub extract_unpacked: u64,
    /// How deep documents may lie within one another; 1 is an archive of plain files.
    #[arg(long, env = "MILLRACE_EXTRACT_NESTING", default_value_t = Bounds::default().nesting)]
    pub extract_nesting: usize,
    /// How many documents may lie within one.
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
    /// What a format may make of a document.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            text: self.extract_text,
            unpacked: self.extract_unpacked,
            nesting: self.extract_nesting,
            members: self.extract_members,
        }
    }

    /// How many documents are read at once.
    #[must_use]
    pub fn processes(&self) -> usize {
        let found = || std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_PROCESSES);
        self.extract_processes.map_or_else(found, NonZero::get)
    }

    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.extract_deadline)
    }
}
