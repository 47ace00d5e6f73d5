//! EDGE: reads a model's file, piece by piece.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::bodies::PIECE_BYTES;
use super::trouble::HostTrouble;

/// The pieces of a file, of which one at a time is in memory.
#[derive(Debug)]
pub(super) struct Pieces {
    path: PathBuf,
    file: File,
    left: u64,
    number: u64,
}

impl Pieces {
    /// Opens a file, which has to have so many bytes.
    pub(super) async fn open(path: &Path, bytes: u64) -> Result<Self, HostTrouble> {
        let trouble = |cause: String| HostTrouble::File { file: path.to_path_buf(), cause };
        let file = File::open(path).await.map_err(|error| trouble(error.to_string()))?;
        let found = file.metadata().await.map_err(|error| trouble(error.to_string()))?.len();
        if found != bytes || bytes == 0 {
            return Err(trouble(format!(
                "it has {found} bytes where {bytes} were announced: has it changed?"
            )));
        }
        Ok(Self { path: path.to_path_buf(), file, left: bytes, number: 0 })
    }

    /// The next piece and its number, from 0; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<(u64, Bytes)>, HostTrouble> {
        let size = self.left.min(PIECE_BYTES);
        if size == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file.read_exact(&mut piece).await.map_err(|error| HostTrouble::File {
            file: self.path.clone(),
            cause: format!("it ended early, or cannot be read: {error}"),
        })?;
        self.left -= size;
        self.number += 1;
        Ok(Some((self.number - 1, piece.into())))
    }
}
