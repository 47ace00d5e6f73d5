//! The golden set: by which models are accepted or refused. It is frozen when it is first made, since scores on other
//! questions cannot be compared.

use std::collections::BTreeSet;

use message::{ChunkId, DocumentId, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::kind::PairKind;

/// The form of the file.
const FORMAT: u32 = 1;

/// A question of the golden set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GoldenQuestion {
    /// The passage that answers. Its id is that of its content, so that a passage that changes is another one.
    pub passage: ChunkId,
    /// What it was made from.
    pub kind: PairKind,
    /// What is asked.
    pub text: String,
}

/// The golden set of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenSet {
    /// The form of this file.
    pub format: u32,
    /// What the index is called outside.
    pub index: String,
    /// The digest of the training data with which it was frozen.
    pub data: String,
    /// Its documents: never trained on.
    pub documents: BTreeSet<DocumentId>,
    /// The SHA-256 of its questions.
    pub digest: String,
    /// Its questions.
    pub questions: Vec<GoldenQuestion>,
    /// How often somebody looked at scores on it: each look makes the next a little less worth.
    #[serde(default)]
    pub looks: u64,
}

/// A file that is no golden set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{place} is no golden set that this release can read ({cause}): restore it from a backup, or delete it to freeze another one, \
     which no earlier score can be compared with"
)]
pub struct UnreadableGoldenSet {
    place: String,
    cause: String,
}

impl GoldenSet {
    /// Freezes these questions and documents.
    #[must_use]
    pub fn new(
        index: &str,
        data: &str,
        documents: BTreeSet<DocumentId>,
        questions: Vec<GoldenQuestion>,
    ) -> Self {
        let (index, data, digest) = (index.to_owned(), data.to_owned(), digest(&questions));
        Self { format: FORMAT, index, data, documents, digest, questions, looks: 0 }
    }

    /// The key of the golden set of `index`, below the product's own prefix.
    #[must_use]
    pub fn key(own: &str, index: &str) -> String {
        format!("{own}training/golden/{index}.json")
    }

    /// Reads the file at `place`.
    ///
    /// # Errors
    /// When it is none, or was changed.
    pub fn read(place: &str, bytes: &[u8]) -> Result<Self, UnreadableGoldenSet> {
        let unreadable = |cause: String| UnreadableGoldenSet { place: place.to_owned(), cause };
        let set: Self = serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if set.format != FORMAT {
            return Err(unreadable(format!("its form is {}, and this release reads {FORMAT}", set.format)));
        }
        if digest(&set.questions) != set.digest {
            return Err(unreadable("its questions are not those of its digest".to_owned()));
        }
        Ok(set)
    }
}

/// The SHA-256 of questions, in hex.
fn digest(questions: &[GoldenQuestion]) -> String {
    sha256_hex(questions.iter().flat_map(|asked| {
        [asked.passage.as_str().as_bytes(), asked.kind.name().as_bytes(), asked.text.as_bytes()]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::id;

    #[test]
    fn a_set_is_read_as_it_was_written_and_not_when_it_was_changed() {
        let question = GoldenQuestion {
            passage: ChunkId::from_text("01"),
            kind: PairKind::Title,
            text: "a b".to_owned(),
        };
        let set = GoldenSet::new("docs", "0123456789ab", [id("a")].into(), vec![question]);
        let bytes = serde_json::to_vec(&set).unwrap();
        assert_eq!(GoldenSet::read("b/k", &bytes), Ok(set));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [("a b", "a c"), ("\"format\":1", "\"format\":2"), ("}", "")] {
            let cause =
                GoldenSet::read("b/k", text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
            assert!(cause.starts_with("b/k is no golden set"), "{cause}");
        }
        // A later release may add fields, and a file without looks has none.
        let older = text.replace(",\"looks\":0", ",\"more\":1");
        assert_eq!(GoldenSet::read("b/k", older.as_bytes()).unwrap().looks, 0);
        assert_eq!(GoldenSet::key(".millrace/", "docs"), ".millrace/training/golden/docs.json");
    }
}
