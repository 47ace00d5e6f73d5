//! Why a look at documents and questions could not be had.

use model::EncodeError;
use objects::StoreError;
use sink::SinkError;
use stream::StreamError;

/// Why a look failed. Nothing of it was taken into account: the next look begins where this one did. The words say what to do.
#[derive(Debug, thiserror::Error)]
pub enum DriftTrouble {
    /// Kafka does not answer, or refuses.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The search engine does not answer, or refuses.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The object store does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model fails.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The topic for reports is not there.
    #[error("there is no topic `drift`: run `millrace topics apply` first")]
    NoTopic,
    /// A record of the vectors' topic is none.
    #[error("{topic}/{partition} holds at offset {offset} what is no passage ({cause}): see what wrote it")]
    Record {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// The record's offset.
        offset: i64,
        /// What is wrong with it.
        cause: String,
    },
    /// What was stored cannot be used.
    #[error(
        "{object} cannot be used ({cause}): take a new reference with `millrace drift measure --reference`"
    )]
    Stored {
        /// The object.
        object: String,
        /// What is wrong with it.
        cause: String,
    },
    /// There are too few passages for a reference.
    #[error(
        "the index has {found} passages, and a reference needs {needed}: look again when there are more documents"
    )]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
}

impl DriftTrouble {
    /// Whether it may be gone the next time, without anybody doing something.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Stream(error) => matches!(error, StreamError::Unavailable(_)),
            Self::Sink(error) => matches!(error, SinkError::Unavailable { .. }),
            Self::Store(error) => error.remedy() == objects::Remedy::Wait,
            Self::Encode(error) => error.remedy() == model::EncodeRemedy::Retry,
            Self::TooFew { .. } => true,
            Self::NoTopic | Self::Record { .. } | Self::Stored { .. } => false,
        }
    }
}
