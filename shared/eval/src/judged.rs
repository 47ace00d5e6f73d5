#![expect(clippy::disallowed_methods, reason = "edge: reads and fetches the files of training data")]
//! The judged set of training data, as `millrace train data` writes it.

use std::collections::BTreeMap;
use std::path::Path;

use message::{DocumentId, InvalidDocumentId, content_digest};
use objects::{FileStore, OWN_PREFIX, StoreError};
use serde::Deserialize;

use crate::UnusableFile;
use crate::beir::RetrievalSet;
use crate::score::Grades;

/// The file that describes the others, written last.
pub const DATA_MANIFEST: &str = "manifest.json";
/// The version of the layout that this program reads.
const FORMAT: u64 = 1;

/// The folder of the judged set in training data.
const JUDGED: &str = "judged";
/// The split that decides, which training never sees.
const GOLDEN: &str = "golden";

/// The files that are read of training data, below its folder or prefix.
pub const JUDGED_FILES: [&str; 4] =
    [DATA_MANIFEST, "judged/corpus.jsonl", "judged/queries.jsonl", "judged/qrels/golden.tsv"];

/// What training data says of itself, and the questions that it keeps for the proof.
#[derive(Debug)]
pub struct JudgedData {
    /// Its digest: 12 hex digits.
    pub digest: String,
    /// The index whose documents it is made of.
    pub index: String,
    /// The digest of the golden questions and their judgements, 12 hex digits: two data sets may have the same.
    pub golden_digest: String,
    /// The golden questions.
    pub golden: RetrievalSet,
}

#[derive(Deserialize)]
struct DataManifest {
    format: u64,
    digest: String,
    index: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

impl JudgedData {
    /// Reads the golden split of the training data in `folder`, whose files have to be those that its manifest names.
    ///
    /// # Errors
    /// When a file is missing, cannot be read, or was changed.
    pub fn read(folder: &Path) -> Result<Self, UnusableFile> {
        let path = folder.join(DATA_MANIFEST);
        let bytes = content(&path)?;
        let manifest: DataManifest = serde_json::from_slice(&bytes)
            .map_err(|error| UnusableFile::new(&path, &format!("{error}: no manifest of training data")))?;
        if manifest.format != FORMAT {
            let cause = format!("its format is {}, and this program reads {FORMAT}", manifest.format);
            return Err(UnusableFile::new(&path, &cause));
        }
        for name in JUDGED_FILES.iter().filter(|name| **name != DATA_MANIFEST) {
            let Some(expected) = manifest.files.get(*name) else {
                return Err(UnusableFile::new(
                    &path,
                    &format!("it does not name {name}: make the data again"),
                ));
            };
            let file = folder.join(name);
            let found = content_digest(&content(&file)?);
            if found != *expected {
                let cause = format!(
                    "it has the sha-256 {found}, and the manifest says {expected}: it was changed, so that it proves nothing; make \
                     the data again"
                );
                return Err(UnusableFile::new(&file, &cause));
            }
        }
        let golden = RetrievalSet::read(&folder.join(JUDGED), GOLDEN)?;
        Ok(Self { digest: manifest.digest, index: manifest.index, golden_digest: digest_of(&golden), golden })
    }
}

/// Why training data was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchDataError {
    /// The store did not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not there.
    #[error("{0} is not there: make the data with `millrace train data`")]
    Gone(DocumentId),
    /// It cannot be kept here, or is not what it should be.
    #[error(transparent)]
    File(#[from] UnusableFile),
    /// What is called so cannot be in a store.
    #[error(transparent)]
    Place(#[from] InvalidDocumentId),
    /// Other data stands there.
    #[error("{place} holds the data {found}: make it again")]
    Other {
        /// The folder.
        place: String,
        /// The digest of what is there.
        found: String,
    },
}

/// Fetches the judged set of the training data `digest` from the `bucket` into `folder`, and reads it: the pairs that are trained
/// with stay where they are.
///
/// # Errors
/// See [`FetchDataError`].
pub async fn fetch_judged<S: FileStore>(
    store: &S,
    (bucket, digest): (&str, &str),
    folder: &Path,
) -> Result<JudgedData, FetchDataError> {
    for name in JUDGED_FILES {
        let place = DocumentId::new(bucket, &format!("{OWN_PREFIX}training/{digest}/{name}"))?;
        let file = folder.join(name);
        let above = file.parent().unwrap_or(folder);
        std::fs::create_dir_all(above).map_err(|error| UnusableFile::new(above, &error))?;
        if !store.save(&place, &file).await? {
            return Err(FetchDataError::Gone(place));
        }
    }
    let data = JudgedData::read(folder)?;
    if data.digest == digest {
        return Ok(data);
    }
    let place = format!("{bucket}/{OWN_PREFIX}training/{digest}/");
    Err(FetchDataError::Other { place, found: data.digest })
}

/// Over what is asked and what is right; the corpus around it does not count.
fn digest_of(set: &RetrievalSet) -> String {
    let mut text = String::new();
    let none = Grades::default();
    for asked in &set.questions {
        let grades: BTreeMap<_, _> = set.judged.get(&asked.id).unwrap_or(&none).iter().collect();
        let line = format!("{:?} {:?} {grades:?}\n", asked.id, asked.text);
        text.push_str(&line);
    }
    let mut digest = content_digest(text.as_bytes());
    digest.truncate(12);
    digest
}

fn content(path: &Path) -> Result<Vec<u8>, UnusableFile> {
    std::fs::read(path).map_err(|error| UnusableFile::new(path, &error))
}
