//! What a model learns from: data that is made for a run, or that the run names. Stage: awaits a [`Store`].

use message::{DocumentId, TrainingRun};
use objects::{OWN_PREFIX, Remedy, Store, StoreError};

use crate::trainer::ObjectPlace;

/// What stands in a folder of training data once it is whole.
const MANIFEST: &str = "manifest.json";

/// Why a run has no training data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataTrouble {
    /// Not now: try again.
    #[error("training data cannot be had now: {0}")]
    Wait(String),
    /// Not at all; the text says what to do.
    #[error("{0}")]
    Unusable(String),
}

/// Makes training data. Dropping its future leaves nothing half done that the next call does not go on with.
pub trait DataMaker: Send + Sync {
    /// The digest of the data for this run: of what it names, or of what was made now. Asked again, it gives the same.
    ///
    /// # Errors
    /// See [`DataTrouble`].
    fn make(&self, run: &TrainingRun) -> impl Future<Output = Result<String, DataTrouble>> + Send;
}

/// Where the data with this digest is.
#[must_use]
pub fn data_place(bucket: &str, digest: &str) -> ObjectPlace {
    ObjectPlace { bucket: bucket.to_owned(), prefix: format!("{OWN_PREFIX}training/{digest}/") }
}

/// Takes only data that the run names and that is in the store: it makes none.
#[derive(Clone, Debug)]
pub struct NamedData<S> {
    store: S,
    bucket: String,
}

impl<S> NamedData<S> {
    /// Looks in this bucket.
    #[must_use]
    pub fn new(store: S, bucket: &str) -> Self {
        Self { store, bucket: bucket.to_owned() }
    }
}

impl<S: Store> DataMaker for NamedData<S> {
    async fn make(&self, run: &TrainingRun) -> Result<String, DataTrouble> {
        let Some(digest) = &run.data else {
            return Err(DataTrouble::Unusable(
                "the run names no training data: `millrace train data` makes it and says its digest, `millrace train now --data \
                 DIGEST` uses it"
                    .to_owned(),
            ));
        };
        if digest.len() != 12 || !digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DataTrouble::Unusable(format!(
                "{digest:?} is no digest of training data: it has 12 lower-case hex characters"
            )));
        }
        let place = data_place(&self.bucket, digest);
        let manifest: DocumentId =
            place.object(MANIFEST).map_err(|error| DataTrouble::Unusable(error.to_string()))?;
        match self.store.head(&manifest).await {
            Ok(Some(_)) => Ok(digest.clone()),
            Ok(None) => Err(DataTrouble::Unusable(format!(
                "there is no training data {digest} at {place}: `millrace train data` makes it and says its digest"
            ))),
            Err(error) => Err(of_store(&error)),
        }
    }
}

fn of_store(error: &StoreError) -> DataTrouble {
    match error.remedy() {
        Remedy::Refuse => DataTrouble::Unusable(error.to_string()),
        Remedy::Wait | Remedy::Alarm => DataTrouble::Wait(error.to_string()),
    }
}

/// Data in memory: whatever a run names, and otherwise what a test says.
#[derive(Clone, Debug, Default)]
pub struct MemoryData {
    /// The digest of what is made; none makes nothing.
    pub digest: Option<String>,
}

impl DataMaker for MemoryData {
    async fn make(&self, run: &TrainingRun) -> Result<String, DataTrouble> {
        let made = run.data.clone().or_else(|| self.digest.clone());
        made.ok_or_else(|| DataTrouble::Unusable("nothing is made in memory".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use message::{Fingerprint, RunState};
    use objects::{MemoryStore, StoreFault};

    use super::*;

    fn run(data: Option<&str>) -> TrainingRun {
        TrainingRun {
            id: "0123456789ab".to_owned(),
            index: "docs".to_owned(),
            trainer: "local".to_owned(),
            base: Fingerprint::of(&[("test", "base")]),
            data: data.map(str::to_owned),
            job: None,
            output: None,
            model: None,
            state: RunState::Planned,
            stop: false,
            reason: None,
            outcome: None,
            since: 1,
            by: "maria".to_owned(),
        }
    }

    #[tokio::test]
    async fn only_data_that_a_run_names_and_that_is_whole_is_used() {
        let (store, digest) = (MemoryStore::default(), "77ab01c2d3e4");
        store.ensure_bucket("documents", None).await.unwrap();
        let data = NamedData::new(store.clone(), "documents");
        for (named, words) in [
            (None, "names no training data"),
            (Some("../../secrets"), "no digest"),
            (Some(digest), "there is no training data"),
        ] {
            let cause = data.make(&run(named)).await.unwrap_err();
            assert!(matches!(&cause, DataTrouble::Unusable(why) if why.contains(words)), "{cause}");
        }
        let manifest = data_place("documents", digest).object(MANIFEST).unwrap();
        store.put(&manifest, b"{}".as_slice().into(), "").await.unwrap();
        assert_eq!(data.make(&run(Some(digest))).await, Ok(digest.to_owned()));
        store.inject(StoreFault::Unavailable { times: 1 });
        assert!(matches!(data.make(&run(Some(digest))).await, Err(DataTrouble::Wait(_))));
    }
}
