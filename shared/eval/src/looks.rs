//! How often a golden set was looked at. Stage: awaits a store.
//!
//! Who proves one candidate after the other on the same questions finds one that is better by chance: with an interval of 95 %,
//! one of forty. So each look is written down, before it is taken.

use message::DocumentId;
use objects::{Look, OWN_PREFIX, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::judged::JudgedData;

/// Lines that are kept; older ones are forgotten, and their number is not.
const MOST_LINES: usize = 1_000;
/// The most bytes that such a record has; each line has a few hundred.
const MOST_BYTES: u64 = 4 << 20;
/// How often a line is written that another program's writing took away.
const TRIES: u32 = 3;
/// Looks from which on a golden set should be made anew.
pub const MANY_LOOKS: u64 = 20;

/// A look at a golden set: one line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenLook {
    /// When: seconds since 1970, for people.
    pub at: u64,
    /// The golden questions: [`JudgedData::golden_digest`].
    pub golden: String,
    /// The training data that they stand in.
    pub data: String,
    /// The fingerprint of the model that was proven.
    pub candidate: String,
    /// The fingerprint of the one that it was compared with.
    pub base: String,
    /// How often these questions were looked at by then, this time included.
    #[serde(default)]
    pub looks: u64,
}

/// Why a look was not written down.
#[derive(Debug, thiserror::Error)]
pub enum LookTrouble {
    /// The store does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record cannot be kept.
    #[error("{0}")]
    Record(String),
}

impl GoldenLook {
    /// A look at the golden questions of `data` for a `candidate` beside a `base`, by their fingerprints.
    #[must_use]
    pub fn at(at: u64, data: &JudgedData, candidate: &str, base: &str) -> Self {
        let (golden, of) = (data.golden_digest.clone(), data.digest.clone());
        Self { at, golden, data: of, candidate: candidate.to_owned(), base: base.to_owned(), looks: 0 }
    }
}

/// Writes a look down for what is called `index`, and answers how often these questions were looked at by now.
///
/// # Errors
/// When the store does not take it.
pub async fn count<S: Store>(
    store: &S,
    bucket: &str,
    index: &str,
    look: &GoldenLook,
) -> Result<u64, LookTrouble> {
    let key = format!("{OWN_PREFIX}training/golden/{index}-looks.jsonl");
    let place = DocumentId::new(bucket, &key).map_err(|error| LookTrouble::Record(error.to_string()))?;
    // A store has no append, and not every one a put under a condition: another look may be written over at the same
    // moment. Both see that theirs is missing, and write it again.
    for _ in 0..TRIES {
        let (text, line, looks) = added(&read(store, &place).await?, look)?;
        store.put(&place, text.into(), "application/x-ndjson").await?;
        if read(store, &place).await?.lines().any(|there| there == line) {
            return Ok(looks);
        }
    }
    Err(LookTrouble::Record(format!(
        "the look was not kept in {place}: others write it at the same moment; try again"
    )))
}

async fn read<S: Store>(store: &S, place: &DocumentId) -> Result<String, LookTrouble> {
    match store.look(place, None, MOST_BYTES).await? {
        Look::Found { bytes, .. } => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Look::Gone | Look::Unchanged => Ok(String::new()),
        Look::TooLarge { size, .. } => Err(LookTrouble::Record(format!(
            "{place} has {size} bytes, and no more than {MOST_BYTES} were ever written there: move it away"
        ))),
    }
}

/// The record with one more line, that line, and the number in it. Lines that nobody understands stay.
fn added(text: &str, look: &GoldenLook) -> Result<(String, String, u64), LookTrouble> {
    let known = text.lines().filter_map(|line| serde_json::from_str::<GoldenLook>(line).ok());
    let before = known.filter(|known| known.golden == look.golden).map(|known| known.looks).max();
    let looks = before.unwrap_or_default() + 1;
    let line = serde_json::to_string(&GoldenLook { looks, ..look.clone() })
        .map_err(|error| LookTrouble::Record(error.to_string()))?;
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.push(&line);
    let kept = lines.get(lines.len().saturating_sub(MOST_LINES)..).unwrap_or_default();
    Ok((format!("{}\n", kept.join("\n")), line, looks))
}

#[cfg(test)]
mod tests {
    use objects::{MemoryStore, StoreFault};

    use super::*;

    fn look(golden: &str, at: u64) -> GoldenLook {
        let word = |text: &str| text.to_owned();
        GoldenLook {
            at,
            golden: word(golden),
            data: word("d"),
            candidate: word("c"),
            base: word("b"),
            looks: 0,
        }
    }

    async fn store() -> MemoryStore {
        let store = MemoryStore::default();
        store.ensure_bucket("docs", None).await.unwrap();
        store
    }

    #[tokio::test]
    async fn looks_at_each_golden_set_are_counted() {
        let store = store().await;
        let mut counted = Vec::new();
        for (golden, at) in [("one", 1), ("one", 2), ("two", 3), ("one", 4)] {
            counted.push(count(&store, "docs", "manual", &look(golden, at)).await.unwrap());
        }
        assert_eq!(counted, [1, 2, 1, 3]);
        // Each index has a record of its own.
        assert_eq!(count(&store, "docs", "other", &look("one", 5)).await.unwrap(), 1);
        let place = DocumentId::new("docs", ".millrace/training/golden/manual-looks.jsonl").unwrap();
        let text = read(&store, &place).await.unwrap();
        assert_eq!(text.lines().count(), 4);
        let last: GoldenLook = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!((last.at, last.looks, last.golden.as_str()), (4, 3, "one"));
    }

    #[test]
    fn the_record_is_bounded_and_its_count_is_not() {
        let mut text = "somebody's note\n".to_owned();
        let mut looks = 0;
        for at in 0..1_100 {
            (text, _, looks) = added(&text, &look("one", at)).unwrap();
        }
        assert_eq!((text.lines().count(), looks), (1_000, 1_100));
        assert!(text.len() < 4 << 20, "{}", text.len());
    }

    #[tokio::test]
    async fn a_store_that_does_not_answer_is_told() {
        let store = store().await;
        store.inject(StoreFault::DenyBucket("docs".to_owned()));
        assert!(matches!(count(&store, "docs", "manual", &look("one", 1)).await, Err(LookTrouble::Store(_))));
    }
}
