//! The reference and what is remembered, as objects of the documents' bucket below `.millrace/`, which is never ingested. Stage.

use bytes::Bytes;
use message::{DocumentId, Fingerprint};
use objects::{Look, OWN_PREFIX, Store};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::decide::DriftState;
use crate::observation::DriftSample;
use crate::trouble::DriftTrouble;
use crate::window::Places;

/// The form of what is stored.
const FORMAT: u32 = 1;
/// What is stored is refused beyond so many bytes: a reference of 1,024 passages with 4,096 numbers each has half of it.
const LARGEST: u64 = 64 << 20;

/// What windows are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredReference {
    /// The form of this object.
    format: u32,
    /// The space that it is of.
    pub space: Fingerprint,
    /// The generation of which it was taken.
    pub generation: String,
    /// When: seconds since 1970.
    pub taken: u64,
    /// Passages and questions.
    pub sample: DriftSample,
}

impl StoredReference {
    /// A new one.
    #[must_use]
    pub fn new(space: Fingerprint, generation: String, taken: u64, sample: DriftSample) -> Self {
        Self { format: FORMAT, space, generation, taken, sample }
    }
}

/// What is remembered from look to look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredProgress {
    /// The form of this object.
    format: u32,
    /// The reference that it goes with, by when that was taken: with another one everything begins anew.
    pub reference: u64,
    /// Where the window of passages begins, in the topic of vectors.
    pub passages: Places,
    /// Since when: seconds since 1970.
    pub passages_since: u64,
    /// Where the window of questions begins, in the topic `queries`.
    pub questions: Places,
    /// Since when: seconds since 1970.
    pub questions_since: u64,
    /// What was decided so far.
    pub state: DriftState,
}

impl StoredProgress {
    /// Everything begins at these places.
    #[must_use]
    pub fn new(reference: u64, passages: Places, questions: Places) -> Self {
        let (passages_since, questions_since) = (reference, reference);
        let state = DriftState::default();
        Self { format: FORMAT, reference, passages, passages_since, questions, questions_since, state }
    }
}

/// Where the two objects stand.
#[derive(Clone, Debug)]
pub struct DriftObjects {
    reference: DocumentId,
    progress: DocumentId,
}

impl DriftObjects {
    /// Those of an index and a space, in a bucket.
    ///
    /// # Errors
    /// When the bucket's name is none.
    pub fn of(bucket: &str, index: &str, space: &Fingerprint) -> Result<Self, DriftTrouble> {
        let place = |ending: &str| {
            let key = format!("{OWN_PREFIX}drift/{index}-{}{ending}.json", space.short());
            let trouble = |error: message::InvalidDocumentId| DriftTrouble::Stored {
                object: format!("{bucket}/{key}"),
                cause: error.to_string(),
            };
            DocumentId::new(bucket, &key).map_err(trouble)
        };
        Ok(Self { reference: place("")?, progress: place(".state")? })
    }

    /// The reference; none before the first.
    ///
    /// # Errors
    /// When the store does not answer, or what it holds is of another form.
    pub async fn reference<S: Store>(&self, store: &S) -> Result<Option<StoredReference>, DriftTrouble> {
        let found: Option<StoredReference> = load(store, &self.reference).await?;
        found.map(|found| checked(found.format, &self.reference).map(|()| found)).transpose()
    }

    /// What is remembered; none before the first reference.
    ///
    /// # Errors
    /// As [`DriftObjects::reference`].
    pub async fn progress<S: Store>(&self, store: &S) -> Result<Option<StoredProgress>, DriftTrouble> {
        let found: Option<StoredProgress> = load(store, &self.progress).await?;
        found.map(|found| checked(found.format, &self.progress).map(|()| found)).transpose()
    }

    /// Stores a reference.
    ///
    /// # Errors
    /// When the store does not answer, or refuses.
    pub async fn keep_reference<S: Store>(
        &self,
        store: &S,
        kept: &StoredReference,
    ) -> Result<(), DriftTrouble> {
        save(store, &self.reference, kept).await
    }

    /// Stores what is remembered.
    ///
    /// # Errors
    /// When the store does not answer, or refuses.
    pub async fn keep_progress<S: Store>(
        &self,
        store: &S,
        kept: &StoredProgress,
    ) -> Result<(), DriftTrouble> {
        save(store, &self.progress, kept).await
    }
}

fn unusable(object: &DocumentId, cause: &dyn std::fmt::Display) -> DriftTrouble {
    DriftTrouble::Stored { object: object.to_string(), cause: cause.to_string() }
}

fn checked(format: u32, object: &DocumentId) -> Result<(), DriftTrouble> {
    if format == FORMAT {
        return Ok(());
    }
    Err(unusable(object, &format!("it has the form {format}, and this release reads {FORMAT}")))
}

async fn load<S: Store, T: DeserializeOwned>(
    store: &S,
    object: &DocumentId,
) -> Result<Option<T>, DriftTrouble> {
    match store.look(object, None, LARGEST).await? {
        Look::Found { bytes, .. } => {
            serde_json::from_slice(&bytes).map(Some).map_err(|error| unusable(object, &error))
        }
        Look::TooLarge { size, .. } => Err(unusable(object, &format!("it has {size} bytes"))),
        Look::Gone | Look::Unchanged => Ok(None),
    }
}

async fn save<S: Store, T: Serialize + Sync>(
    store: &S,
    object: &DocumentId,
    value: &T,
) -> Result<(), DriftTrouble> {
    let bytes = serde_json::to_vec(value).map_err(|error| unusable(object, &error))?;
    store.put(object, Bytes::from(bytes), "application/json").await?;
    Ok(())
}
