//! What a group committed for indexes, carried over to those that a snapshot of them was restored into.
//!
//! Pure.

use crate::ensured::Ensured;
use crate::origin::Origin;

impl Ensured {
    /// Whether a group that committed `identity` wrote to these indexes, and its writes are still in them.
    #[must_use]
    pub fn holds(&self, identity: &str) -> bool {
        let indexes = self.identity();
        Origin::follows(&Origin::committed(&indexes, identity).identity(&indexes), identity)
    }

    /// The epoch up to which the documents in these indexes are another log's, by what a group committed for them: it writes
    /// only records above it. None where they are this log's own.
    #[must_use]
    pub fn above_epoch(&self, identity: &str) -> Option<u64> {
        match Origin::committed(&self.identity(), identity) {
            Origin::Another { epoch } => Some(epoch),
            Origin::ThisLog => None,
        }
    }

    /// What a group commits beside its offset when these indexes hold what was written before it, with `above` as
    /// [`Ensured::above_epoch`] told it of the indexes that it was written to.
    #[must_use]
    pub fn committed_as(&self, above: Option<u64>) -> String {
        let origin = above.map_or(Origin::ThisLog, |epoch| Origin::Another { epoch });
        origin.identity(&self.identity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensured::IndexState;

    fn indexes(chunks: &str, documents: &str) -> Ensured {
        let state = |uuid: &str| IndexState {
            uuid: uuid.to_owned(),
            history: Some("1".to_owned()),
            remembers: true,
            created: false,
        };
        Ensured { chunks: state(chunks), documents: state(documents) }
    }

    #[test]
    fn what_was_committed_for_other_indexes_is_not_in_these() {
        let mine = indexes("a", "b");
        for held in ["a/1 b/1", "a b", "a/1 b/1 above epoch 3"] {
            assert!(mine.holds(held), "{held}");
        }
        for other in ["c/1 b/1", "a/2 b/1", "a/2 b/1 above epoch 3", ""] {
            assert!(!mine.holds(other), "{other}");
        }
    }

    #[test]
    fn documents_of_another_log_are_not_forgotten_in_a_copy() {
        let (first, copy) = (indexes("a", "b"), indexes("c", "d"));
        for above in [None, Some(3)] {
            let told = first.above_epoch(&first.committed_as(above));
            assert_eq!(told, above);
            assert!(copy.holds(&copy.committed_as(told)));
            assert!(!copy.holds(&first.committed_as(told)));
        }
        assert_eq!(copy.committed_as(Some(3)), "c/1 d/1 above epoch 3");
    }
}
