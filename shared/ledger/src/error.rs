//! Errors, classified by what the caller does next.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use stream::{StreamError, Trouble};

/// A failure of the ledger.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// Kafka failed: wait or raise an alarm, depending on the source.
    #[error("the ledger {topic}/{partition}: {source}")]
    Stream {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Kafka's error.
        source: StreamError,
    },
    /// A human must act: an entry that this version cannot read is never skipped.
    #[error(
        "the ledger {topic}/{partition} holds an entry that this version cannot read (offset {offset}: {cause}): run the \
         version that wrote it"
    )]
    Unreadable {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The entry's offset.
        offset: i64,
        /// What is wrong with it.
        cause: String,
    },
    /// A human must act: a removed document keeps its entry, so a smaller number means that entries were lost.
    #[error(
        "the ledger {topic}/{partition} lost entries: the working copy knew {had} documents, the topic gives {has}: run \
         `millrace ledger rebuild`"
    )]
    Lost {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Entries in the copy.
        had: u64,
        /// Entries in the topic.
        has: u64,
    },
    /// A human must act: the topic was emptied or replaced while the worker ran.
    #[error(
        "the ledger {topic}/{partition} lost entries: a record was written at offset {written}, and the working copy \
         reflects offset {recorded} already: run `millrace ledger rebuild`"
    )]
    Rewound {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The last offset that the copy reflects.
        recorded: i64,
        /// The offset of the new record.
        written: i64,
    },
    /// A human must act: another process holds the folder.
    #[error(
        "the folder {} is in use by another process: give each process its own MILLRACE_DATA",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A human must free space; then it recovers by itself.
    #[error("the disk of {} is full (the working copy of the ledger): free some space, or move MILLRACE_DATA", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
    },
    /// A human must act: the folder cannot be created or used.
    #[error("the folder {} cannot be used ({cause}): see its rights, or move MILLRACE_DATA", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The system's error.
        cause: String,
    },
    /// Open the copy again: it is rebuilt from the topic.
    #[error("the working copy in {} is broken ({cause}): it is read from the topic anew", folder.display())]
    Broken {
        /// The folder.
        folder: PathBuf,
        /// The store's error.
        cause: String,
    },
    /// Open the copy again: it was made from another topic with this name.
    #[error(
        "the ledger {topic}/{partition} is not the one that the working copy was made from: it is read anew"
    )]
    Changed {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
}

impl LedgerError {
    pub(crate) fn folder(folder: &Path, error: &std::io::Error) -> Self {
        let folder = folder.to_owned();
        if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            return Self::Full { folder };
        }
        Self::Folder { folder, cause: error.to_string() }
    }

    pub(crate) fn broken(folder: &Path, cause: &dyn Display) -> Self {
        Self::Broken { folder: folder.to_owned(), cause: cause.to_string() }
    }

    /// What the partition's lane does. Every failure reopens the lane, because the copy may be behind.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        let cause = self.to_string();
        match self {
            Self::Stream { source: StreamError::Unavailable(_) | StreamError::Fenced(_), .. }
            | Self::Broken { .. }
            | Self::Changed { .. } => Trouble { reopen: true, ..Trouble::wait(cause) },
            Self::Stream { source: StreamError::Fatal(_), .. }
            | Self::Unreadable { .. }
            | Self::Lost { .. }
            | Self::Rewound { .. }
            | Self::InUse { .. }
            | Self::Full { .. }
            | Self::Folder { .. } => Trouble::reopen(cause),
        }
    }
}
