//! What is served at a time: an encoder, the indexes of its space, and cached facts about them. It is immutable, and
//! a request keeps the one it took, so that no answer mixes two.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use generation::{Names, Target};
use message::Fingerprint;
use model::Encoder;
use sink::{Reader, SinkError, StoredChunk, StoredDocument, check_spaces};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

use crate::languages::Languages;
use crate::relevance::judge::Judge;

/// How old a cached check of the engine may be.
const FRESH: Duration = Duration::from_secs(2);

/// A served generation.
#[derive(Debug)]
pub struct Snapshot<E, R> {
    pub(crate) encoder: Arc<E>,
    pub(crate) reader: R,
    pub(crate) languages: Languages,
    pub(crate) judge: Judge,
    model: String,
    names: Names,
    generation: String,
    /// Whether the indexes held its space when they were asked last, and nothing spoke against it since.
    is_checked: AtomicBool,
    seen: Mutex<Option<Instant>>,
}

impl<E: Encoder, R: Reader> Snapshot<E, R> {
    /// A snapshot of `encoder`, named `model`, and the indexes of `names`, read through `reader`. Nothing is queried
    /// yet.
    #[must_use]
    pub fn new(model: &str, encoder: E, reader: R, names: Names) -> Self {
        Self::sharing(model, Arc::new(encoder), reader, names)
    }

    /// The same with an encoder that other snapshots use, too.
    #[must_use]
    pub fn sharing(model: &str, encoder: Arc<E>, reader: R, names: Names) -> Self {
        Self {
            encoder,
            reader,
            languages: Languages::default(),
            judge: Judge::default(),
            model: model.to_owned(),
            generation: names.generation().short(),
            names,
            is_checked: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    /// The embedding model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The id of the generation, 12 characters.
    #[must_use]
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// The names of its indexes.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The vector space.
    #[must_use]
    pub fn space(&self) -> &Fingerprint {
        self.names.space()
    }

    /// Dimension of the vectors.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.encoder.dimension()
    }

    /// The physical index of the passages.
    #[must_use]
    pub fn physical(&self) -> String {
        self.names.physical(Target::Chunks)
    }

    /// The reader of its indexes.
    #[must_use]
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Checks that the indexes hold its space: before the first question, and again after [`Snapshot::doubt`]. An index that
    /// is known to be of another space is not queried.
    pub(crate) async fn check(&self) -> Result<(), SinkError> {
        if self.is_checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.reader.check(self.space()).await?;
        self.is_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Something of another space was found: the next question asks the indexes anew what they hold.
    pub(crate) fn doubt(&self) {
        self.is_checked.store(false, Ordering::Relaxed);
    }

    /// Refuses a document or its passages if one of them is of another space.
    pub(crate) fn check_document(
        &self,
        record: Option<&StoredDocument>,
        passages: &[StoredChunk],
    ) -> Result<(), SinkError> {
        let records = record.map(|record| &record.space);
        let passages = passages.iter().map(|passage| &passage.space);
        let checked = check_spaces(&self.names, Target::Documents, records)
            .and_then(|()| check_spaces(&self.names, Target::Chunks, passages));
        if checked.is_err() {
            self.doubt();
        }
        checked
    }

    /// Checks again, because the engine may have become unavailable. While one caller asks the engine, others wait
    /// for its result.
    pub(crate) async fn check_again(&self) -> Result<(), SinkError> {
        let mut seen = self.seen.lock().await;
        if seen.is_some_and(|when| when.elapsed() < FRESH) {
            return Ok(());
        }
        *seen = None;
        let checked = self.reader.check(self.space()).await;
        // What is away may come back as another index.
        self.is_checked.store(checked.is_ok(), Ordering::Relaxed);
        checked?;
        *seen = Some(Instant::now());
        Ok(())
    }
}
