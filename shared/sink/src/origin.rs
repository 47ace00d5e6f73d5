//! Which log the documents in an index come from.
//!
//! Pure. A version counts the changes of a document in one log's ledger; another log starts again at 1. If Kafka is
//! lost and nobody rebuilds the ledger under a higher epoch, the new log's versions are not above those in the
//! engine, every write looks like a late repetition, and the index silently stays as it was.

use message::Version;

use crate::ensured::{is_same, is_same_index};

/// Whose documents of one partition an index held before this group first wrote to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// None, or documents of the log being read.
    ThisLog,
    /// Documents of a log that this group never read, up to this epoch: only records of a higher epoch belong to this
    /// log.
    Another {
        /// That log's highest epoch.
        epoch: u64,
    },
}

/// Separates the identity of the indexes from the epoch.
const ABOVE: &str = " above epoch ";

impl Origin {
    /// Reads what was committed with the group's offset. It holds for the same indexes, even after they went back to
    /// an earlier state; for other indexes it says nothing.
    pub(crate) fn committed(indexes: &str, identity: &str) -> Self {
        let Some((before, epoch)) = identity.split_once(ABOVE) else { return Self::ThisLog };
        match epoch.parse() {
            Ok(epoch) if is_same_index(before, indexes) => Self::Another { epoch },
            _ => Self::ThisLog,
        }
    }

    /// Whether the offset committed under `identity` was written to the indexes `mine`, and its writes are still
    /// there.
    pub(crate) fn follows(mine: &str, identity: &str) -> bool {
        let parts = |identity: &str| match identity.split_once(ABOVE) {
            Some((indexes, epoch)) => (indexes.to_owned(), Some(epoch.to_owned())),
            None => (identity.to_owned(), None),
        };
        let (mine, committed) = (parts(mine), parts(identity));
        is_same(&mine.0, &committed.0) && mine.1 == committed.1
    }

    /// The text committed with each offset.
    pub(crate) fn identity(self, indexes: &str) -> String {
        match self {
            Self::ThisLog => indexes.to_owned(),
            Self::Another { epoch } => format!("{indexes}{ABOVE}{epoch}"),
        }
    }

    /// Why an action of this version must not be sent, if so.
    pub(crate) fn forbids(self, id: &str, version: Version) -> Option<String> {
        match self {
            Self::Another { epoch } if version.epoch() <= epoch => Some(format!(
                "the index held documents of epoch {epoch} before this group ever wrote to it, and {id} comes with the \
                 version {version} (epoch {}): Kafka or the group's offsets were lost, or another system writes this \
                 index. Run `millrace ledger rebuild`, which raises the epoch, before the workers write to new topics; or \
                 delete the index, which is then filled again from this log",
                version.epoch()
            )),
            Self::Another { .. } | Self::ThisLog => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_with_the_offset_for_the_same_indexes_only() {
        let another = Origin::Another { epoch: 3 };
        for origin in [Origin::ThisLog, another] {
            assert_eq!(Origin::committed("a b", &origin.identity("a b")), origin);
            assert_eq!(Origin::committed("a c", &origin.identity("a b")), Origin::ThisLog);
        }
        assert_ne!(another.identity("a b"), Origin::ThisLog.identity("a b"));
    }

    #[test]
    fn an_earlier_state_is_written_again_and_its_foreign_documents_are_not_forgotten() {
        let another = Origin::Another { epoch: 3 };
        let committed = another.identity("a/1 b/2");
        assert_eq!(Origin::committed("a/1 b/9", &committed), another);
        assert!(!Origin::follows(&another.identity("a/1 b/9"), &committed));
        // Committed by a version that did not record histories.
        for origin in [Origin::ThisLog, another] {
            assert!(Origin::follows(&origin.identity("a/1 b/2"), &origin.identity("a b")));
        }
        assert!(!Origin::follows("a/1 b/2", &another.identity("a b")));
        assert!(!Origin::follows("a/1 b/2", "c b"));
    }

    #[test]
    fn only_a_higher_epoch_is_this_logs_own() {
        let another = Origin::Another { epoch: 3 };
        assert_eq!(another.forbids("a", Version::first(4)), None);
        assert!(another.forbids("a", Version::first(2)).is_some());
        let cause = another.forbids("a", Version::first(3)).unwrap();
        assert!(cause.contains("ledger rebuild") && cause.contains("epoch 3"), "{cause}");
        assert_eq!(Origin::ThisLog.forbids("a", Version::first(0)), None);
    }
}
