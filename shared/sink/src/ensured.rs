//! The state of the indexes when they were ensured.
//!
//! Pure.

/// The current state of both indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ensured {
    /// The index of passages.
    pub chunks: IndexState,
    /// The index of document records.
    pub documents: IndexState,
}

/// The current state of one index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexState {
    /// The uuid that the engine gave it. A uuid other than last time means that the index was deleted and recreated
    /// empty: everything must be written to it again.
    pub uuid: String,
    /// A digest of its shards' history ids; none where the engine does not tell. A new history under the same uuid
    /// means that the index went back to an earlier state: it was restored from a snapshot, or a stale shard copy was
    /// promoted.
    pub history: Option<String>,
    /// Whether it remembers deletions for as long as a write may be late.
    pub remembers: bool,
    /// True when this call created it.
    pub created: bool,
}

impl Ensured {
    /// The identity of both indexes, committed with each offset: `UUID/HISTORY UUID/HISTORY`.
    pub(crate) fn identity(&self) -> String {
        let one = |state: &IndexState| match &state.history {
            Some(history) => format!("{}/{history}", state.uuid),
            None => state.uuid.clone(),
        };
        format!("{} {}", one(&self.chunks), one(&self.documents))
    }
}

/// Whether two identities denote the same indexes in the same history. Where one lacks a history (committed by an
/// older version, or the engine does not tell), only the uuids are compared.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    compare(one, other, |a, b| a.0 == b.0 && (a.1.is_none() || b.1.is_none() || a.1 == b.1))
}

/// Whether two identities denote the same indexes, whatever their history.
pub(crate) fn is_same_index(one: &str, other: &str) -> bool {
    compare(one, other, |a, b| a.0 == b.0)
}

type Part<'a> = (&'a str, Option<&'a str>);

fn compare(one: &str, other: &str, is_same: impl Fn(Part<'_>, Part<'_>) -> bool) -> bool {
    let (one, other) = (parts(one), parts(other));
    one.len() == other.len() && one.into_iter().zip(other).all(|(a, b)| is_same(a, b))
}

fn parts(identity: &str) -> Vec<Part<'_>> {
    let part = |word| match str::split_once(word, '/') {
        Some((uuid, history)) => (uuid, Some(history)),
        None => (word, None),
    };
    identity.split(' ').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_that_of_both_indexes_with_their_histories() {
        let state = |uuid: &str, history: Option<&str>| IndexState {
            uuid: uuid.to_owned(),
            history: history.map(str::to_owned),
            remembers: true,
            created: false,
        };
        let ensured = Ensured { chunks: state("a", Some("1")), documents: state("b", None) };
        assert_eq!(ensured.identity(), "a/1 b");
    }

    #[test]
    fn another_uuid_or_history_is_another_state_and_a_history_that_is_not_told_is_none() {
        for same in ["a/1 b/2", "a b/2", "a b"] {
            assert!(is_same("a/1 b/2", same) && is_same(same, "a/1 b/2"), "{same}");
        }
        for other in ["a/1 b/3", "c/1 b/2", "a/1", "", "a b c"] {
            assert!(!is_same("a/1 b/2", other) && !is_same(other, "a/1 b/2"), "{other}");
        }
        assert!(is_same_index("a/1 b/2", "a/1 b/3") && !is_same_index("a/1 b/2", "a/1 c/2"));
    }
}
