//! Makes training data of one generation and keeps it. Stage: awaits a broker and a store.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use generation::Generation;
use message::DocumentId;
use objects::{OWN_PREFIX, Store};
use process::Failure;
use stream::Broker;
use training::{
    CorpusSample, DataManifest, DataOrigin, GoldenSet, MANIFEST_FILE, PairSettings, TrainingPlan, plan,
};

use super::{folder, read};

/// Whose training data is made, and how.
pub(super) struct DataJob<'a, K, O> {
    /// Kafka.
    pub(super) kafka: &'a K,
    /// The object store.
    pub(super) store: &'a O,
    /// The bucket of documents.
    pub(super) bucket: &'a str,
    /// What the index is called outside.
    pub(super) index: &'a str,
    /// What is served.
    pub(super) generation: &'a Generation,
    /// What is asked for.
    pub(super) settings: &'a PairSettings,
}

/// What will be made.
pub(super) struct PreparedData {
    /// Pairs, questions and documents.
    pub(super) plan: TrainingPlan,
    /// The golden set that was frozen before.
    pub(super) golden: Option<GoldenSet>,
    /// About which percentage of the documents was read; none when it was all of them.
    pub(super) percent: Option<u64>,
}

/// What was made.
pub(super) struct MadeData {
    /// What it is.
    pub(super) manifest: DataManifest,
    /// Its other files.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl<K: Broker, O: Store> DataJob<'_, K, O> {
    /// Reads the corpus and chooses pairs. Writes nothing.
    ///
    /// # Errors
    /// When Kafka or the store does not answer, a record cannot be read, or the corpus is too little: with words that say
    /// what to do.
    pub(super) async fn prepare(&self) -> Result<PreparedData, Failure> {
        let golden = read::golden(self.store, &read::golden_place(self.bucket, self.index)?).await?;
        let (most, seed) = (self.settings.most_passages, self.settings.seed);
        let sample = CorpusSample::new(most, seed, read::always(golden.as_ref()));
        let corpus = read::corpus(self.kafka, &self.generation.chunks(), sample).await?;
        let asked = read::asked(self.kafka).await?;
        let plan = plan(&corpus.documents, &asked, golden.as_ref(), self.settings)?;
        Ok(PreparedData { plan, golden, percent: corpus.percent })
    }

    /// The files of what was prepared.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    pub(super) fn made(&self, plan: &TrainingPlan) -> Result<MadeData, Failure> {
        let origin = DataOrigin {
            index: self.index.to_owned(),
            generation: self.generation.short(),
            space: self.generation.space.clone(),
            model: self.generation.model.clone(),
        };
        let files = plan.files()?;
        let manifest = DataManifest::new(origin, self.settings, plan, &files)?;
        Ok(MadeData { manifest, files })
    }

    /// Puts it into the store, unless it is there; freezes the golden set where none is. Says where.
    ///
    /// # Errors
    /// When the store does not answer, or another golden set was frozen meanwhile.
    pub(super) async fn put(&self, made: &MadeData, prepared: &PreparedData) -> Result<String, Failure> {
        let prefix = format!("{OWN_PREFIX}training/{}/", made.manifest.digest);
        let place = |name: &str| DocumentId::new(self.bucket, &format!("{prefix}{name}"));
        let whole = place(MANIFEST_FILE)?;
        let is_there = self.store.head(&whole).await?.is_some();
        if !is_there {
            for (name, bytes) in &made.files {
                let bytes = Bytes::from(bytes.clone());
                self.store.put(&place(name)?, bytes, content_type(name)).await?;
            }
        }
        if prepared.golden.is_none() {
            self.freeze(&prepared.plan.golden(self.index, &made.manifest.digest)).await?;
        }
        if !is_there {
            let bytes = Bytes::from(serde_json::to_vec_pretty(&made.manifest)?);
            self.store.put(&whole, bytes, "application/json").await?;
        }
        Ok(format!("{}/{prefix}", self.bucket))
    }

    /// A store has no way to write only what is not there that all of them know. So it is looked at before and after: two
    /// who freeze at once with the same settings freeze the same, and with others one of them is told.
    async fn freeze(&self, set: &GoldenSet) -> Result<(), Failure> {
        let place = read::golden_place(self.bucket, self.index)?;
        if read::golden(self.store, &place).await?.is_none() {
            let bytes = Bytes::from(serde_json::to_vec_pretty(set)?);
            self.store.put(&place, bytes, "application/json").await?;
        }
        let kept = read::golden(self.store, &place).await?;
        if kept.is_some_and(|kept| kept.documents == set.documents && kept.digest == set.digest) {
            return Ok(());
        }
        Err(format!("somebody froze another golden set at {place} meanwhile: ask again, and it is kept to")
            .into())
    }
}

/// Writes training data into a folder. Freezes nothing.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(folder: &Path, made: &MadeData) -> Result<(), Failure> {
    let manifest = serde_json::to_vec_pretty(&made.manifest)?;
    folder::write(folder, &made.files, (MANIFEST_FILE, &manifest))
}

fn content_type(name: &str) -> &'static str {
    match Path::new(name).extension() {
        Some(ending) if ending == "tsv" => "text/tab-separated-values",
        _ => "application/x-ndjson",
    }
}
