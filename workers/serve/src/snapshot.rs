//! What is served at a time: an encoder, the indexes of its space, and cached facts about them. It is immutable, and
//! a request keeps the one it took, so that no answer mixes two.

use std::sync::Arc;

use generation::{Names, Target};
use message::Fingerprint;
use model::Encoder;
use sink::{Reader, SinkError};
use tokio::sync::{Mutex, OnceCell};
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
    checked: OnceCell<()>,
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
            checked: OnceCell::new(),
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

    /// Checks, until this has once succeeded, that the indexes hold its space; an index of another space is never
    /// queried.
    pub(crate) async fn check(&self) -> Result<(), SinkError> {
        self.checked.get_or_try_init(|| self.reader.check(self.space())).await.copied()
    }

    /// Checks again, because the engine may have become unavailable. While one caller asks the engine, others wait
    /// for its result.
    pub(crate) async fn check_again(&self) -> Result<(), SinkError> {
        let mut seen = self.seen.lock().await;
        if seen.is_some_and(|when| when.elapsed() < FRESH) {
            return Ok(());
        }
        *seen = None;
        self.reader.check(self.space()).await?;
        *seen = Some(Instant::now());
        Ok(())
    }
}
