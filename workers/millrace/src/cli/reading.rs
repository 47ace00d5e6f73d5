//! Arguments of the commands that read files without a server.

use std::path::PathBuf;

use clap::Args;
use model::ModelSettings;
use sandbox::SandboxSettings;

/// Which files are read, and what that may cost.
#[derive(Args, Debug)]
pub struct ReadingArguments {
    /// Files and folders; files and folders in a folder whose names begin with a dot are left out.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Larger files are refused: bytes.
    #[arg(long, env = "MILLRACE_LARGEST_DOCUMENT", default_value_t = 64 << 20)]
    pub largest_document: u64,
    /// What reading a document may cost.
    #[command(flatten)]
    pub sandbox: SandboxSettings,
}

/// `extract`
#[derive(Args, Debug)]
pub struct Extract {
    /// Which files.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
    /// Name the blocks of each text, too (with --json).
    #[arg(long, requires = "json")]
    pub blocks: bool,
}

/// `chunk`
#[derive(Args, Debug)]
pub struct ChunkArguments {
    /// Which files.
    #[command(flatten)]
    pub reading: ReadingArguments,
    /// For which model.
    #[command(flatten)]
    pub model: ModelSettings,
    /// A document with more chunks is refused.
    #[arg(long, env = "MILLRACE_MOST_CHUNKS", default_value_t = 20_000)]
    pub most_chunks: usize,
}
