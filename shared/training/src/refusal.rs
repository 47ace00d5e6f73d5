//! Why a corpus gives no training data.

use crate::split::DataSplit;

/// Why nothing is made. The words say what is missing and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorpusRefusal {
    /// Nothing was read.
    #[error(
        "there is no live document with text: put documents into the bucket, and wait until `millrace status` says that they are \
         searchable"
    )]
    Empty,
    /// All would be on one side.
    #[error(
        "the corpus is one document, so that nothing could be held out to prove a model by: put its parts as documents of their own, \
         at least {wanted}"
    )]
    OneDocument {
        /// Documents that are needed.
        wanted: usize,
    },
    /// Too few to learn from.
    #[error(
        "the corpus has {found} documents and training needs {wanted}: put more documents; the model that is served serves so few \
         well enough"
    )]
    FewDocuments {
        /// Documents that there are.
        found: usize,
        /// Documents that are needed.
        wanted: usize,
    },
    /// Copies are one side of a split.
    #[error(
        "the {documents} documents are near-copies of each other: only {groups} of them differ, and training needs {wanted}. Copies \
         cannot be held out from each other: put documents with other contents, and leave out versions of the same one"
    )]
    NearCopies {
        /// Documents that there are.
        documents: usize,
        /// Groups of near-copies among them.
        groups: usize,
        /// Groups that are needed.
        wanted: usize,
    },
    /// Too little that could be asked.
    #[error("the corpus gives {found} pairs and training needs {wanted}: {missing}")]
    FewPairs {
        /// Pairs that there are.
        found: usize,
        /// Pairs that are needed.
        wanted: usize,
        /// Which kinds gave none, and what to do.
        missing: String,
    },
    /// Too little to prove anything by.
    #[error(
        "the {split} documents give {found} questions and {wanted} are needed: put more documents, raise {setting}, or draw others \
         with another --seed"
    )]
    FewQuestions {
        /// Which documents.
        split: &'static str,
        /// Questions that there are.
        found: usize,
        /// Questions that are needed.
        wanted: usize,
        /// The setting that holds more documents out.
        setting: &'static str,
    },
    /// The documents that models were proved by are gone.
    #[error(
        "of the {frozen} frozen golden questions {found} are left, and {wanted} are needed: their documents were changed or deleted. \
         Put these back; or delete .millrace/training/golden/{index}.json from the bucket to freeze others, which no earlier score can \
         be compared with"
    )]
    GoldenGone {
        /// Questions that were frozen.
        frozen: usize,
        /// Questions whose passages are still there.
        found: usize,
        /// Questions that are needed.
        wanted: usize,
        /// What the index is called outside.
        index: String,
    },
}

impl CorpusRefusal {
    /// Too few questions of the documents that are held out for `split`.
    pub(crate) fn few_questions(split: DataSplit, found: usize, wanted: usize) -> Self {
        let (split, setting) = match split {
            DataSplit::Golden => ("golden", "--golden-percent"),
            DataSplit::Dev | DataSplit::Train => ("dev", "--dev-percent"),
        };
        Self::FewQuestions { split, found, wanted, setting }
    }
}
