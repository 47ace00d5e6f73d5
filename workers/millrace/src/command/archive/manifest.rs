//! What an export is. Written last: files without it are none. Pure.
//!
//! `embed` splits the records of a document over transactions, so the end of the topic may lie within one. That document is
//! the last of its partition, and what stands of it is not taken ([`LogManifest::takes`]): its passages would be in the log
//! without the record that says which of them are live.

use std::fmt;

use generation::Generation;
use message::{DocumentId, GenerationEntry, InvalidDocumentId, ModelEntry};
use serde::{Deserialize, Serialize};
use sink::Ensured;

use crate::snapshots::SavedPlaces;

/// Its name below the prefix.
pub(super) const MANIFEST: &str = "manifest.json";
/// The form of files and manifest.
const FORM: u32 = 1;

/// Where an export is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ArchivePlace {
    /// The bucket.
    pub(super) bucket: String,
    /// What each key begins with; it ends with a slash.
    pub(super) prefix: String,
}

impl ArchivePlace {
    /// One of its objects.
    ///
    /// # Errors
    /// When that can be no key.
    pub(super) fn file(&self, name: &str) -> Result<DocumentId, InvalidDocumentId> {
        DocumentId::new(&self.bucket, &format!("{}{name}", self.prefix))
    }
}

impl fmt::Display for ArchivePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix)
    }
}

/// What an export is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LogManifest {
    /// The form of files and manifest.
    form: u32,
    /// The release that wrote it; for people.
    release: String,
    /// When it began: seconds since 1970.
    pub(super) at: u64,
    /// The generation whose log it is.
    pub(super) generation: GenerationEntry,
    /// Whether the registry says that it is served.
    pub(super) is_served: bool,
    /// What the registry says of its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<ModelEntry>,
    /// The topic; for people.
    pub(super) topic: String,
    /// What was written.
    pub(super) log: WrittenLog,
    /// Which indexes hold all of it.
    pub(super) writers: Vec<KnownWriter>,
}

/// What was written of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WrittenLog {
    /// The ends of the partitions when it began; for people.
    pub(super) ends: Vec<i64>,
    /// The offset after the last document of each partition that is there as a whole.
    pub(super) whole: Vec<i64>,
    /// Records before these.
    pub(super) records: u64,
    /// The files, in their order.
    pub(super) files: Vec<LogFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogFile {
    /// Its name below the prefix.
    pub(super) name: String,
    /// Its rows.
    pub(super) rows: u64,
    /// Its digest, as `sha256sum` prints it.
    pub(super) sha256: String,
}

/// A writer of an engine whose indexes hold everything that was exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownWriter {
    /// Its consumer group, which names the engine's cluster.
    pub(super) group: String,
    /// The identity of the indexes.
    pub(super) identity: String,
    /// See [`Ensured::above_epoch`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) above: Option<u64>,
}

impl KnownWriter {
    /// The writer of `indexes`, which stands at these places.
    ///
    /// # Errors
    /// Words for a person, when the indexes do not hold every record before `whole`.
    pub(super) fn of(
        group: &str,
        indexes: &Ensured,
        places: &SavedPlaces,
        whole: &[i64],
    ) -> Result<Self, String> {
        let behind: i64 = places.next.iter().zip(whole).map(|(next, whole)| (whole - next).max(0)).sum();
        if behind > 0 || places.next.len() != whole.len() {
            return Err(format!(
                "its writer is {behind} offsets behind what was exported. After the loss of Kafka its indexes could not be told \
                 from those of another log, and would have to be deleted and filled from the export: export again when \
                 `millrace status` says that it has caught up"
            ));
        }
        // Another number of partitions may follow. No record of this log is of such an epoch in any of them.
        let above = places.above.values().copied().max();
        Ok(Self { group: group.to_owned(), identity: indexes.committed_as(None), above })
    }
}

impl LogManifest {
    /// Of what was written of the log of `generation`.
    pub(super) fn new(
        at: u64,
        generation: GenerationEntry,
        (is_served, model): (bool, Option<ModelEntry>),
        (log, writers): (WrittenLog, Vec<KnownWriter>),
    ) -> Self {
        let topic = Generation::from(&generation).vectors();
        let release = env!("CARGO_PKG_VERSION").to_owned();
        Self { form: FORM, release, at, generation, is_served, model, topic, log, writers }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Words for a person, when it is none or not whole.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| {
            format!("it is cut, or was not written by `millrace export` ({error}): take another export")
        })?;
        if manifest.form != FORM {
            return Err(format!(
                "it has the form {}, and this release reads {FORM}: use the release {}, which wrote it",
                manifest.form, manifest.release
            ));
        }
        Ok(manifest)
    }

    /// Fails unless it is of what is called `index` outside, and of the topics of `here`, which is what the workers will read;
    /// none where the export itself says that.
    ///
    /// # Errors
    /// Words for a person.
    pub(super) fn check(&self, index: &str, here: Option<&Generation>) -> Result<(), String> {
        let GenerationEntry { index: of, id, name, chunking, space, .. } = &self.generation;
        if of != index {
            return Err(format!(
                "the export is of the index {of}, and MILLRACE_INDEX is {index}: set it to {of}"
            ));
        }
        if here.is_some_and(|here| here.chunking != *chunking || here.space != *space) {
            return Err(format!(
                "the export is of the generation {id} (model {name}), whose topics are others than those of the model and encoder \
                 here, which the workers would read: give those with which it was built (MILLRACE_MODEL, MILLRACE_ENCODER)"
            ));
        }
        Ok(())
    }

    /// Whether a record is taken, which stood at this place: see above.
    pub(super) fn takes(&self, partition: i32, offset: i64) -> bool {
        let whole = usize::try_from(partition).ok().and_then(|partition| self.log.whole.get(partition));
        whole.is_some_and(|whole| offset < *whole)
    }

    /// What the writer of this group commits where it has nothing to write again: the indexes hold all of it, and what came
    /// after. None where nothing proves that.
    pub(super) fn identity(&self, group: &str, indexes: &Ensured) -> Option<String> {
        let known = self.writers.iter().find(|known| known.group == group)?;
        indexes.holds(&known.identity).then(|| indexes.committed_as(known.above))
    }
}
