//! What is served at one time: an encoder, and the indexes of its space, with what is known of them. It never changes, and a
//! request keeps the one that it took: no answer is made from two.

use generation::{Names, Target};
use message::Fingerprint;
use model::Encoder;
use sink::{Reader, SinkError};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::{Duration, Instant};

use crate::languages::Languages;
use crate::relevance::judge::Judge;

/// Whoever asks whether the engine is there is answered by what it said so long ago at most.
const FRESH: Duration = Duration::from_secs(2);

/// One generation, as it is served.
#[derive(Debug)]
pub struct Snapshot<E, R> {
    pub(crate) encoder: E,
    pub(crate) reader: R,
    pub(crate) languages: Languages,
    pub(crate) judge: Judge,
    model: String,
    names: Names,
    checked: OnceCell<()>,
    seen: Mutex<Option<Instant>>,
}

impl<E: Encoder, R: Reader> Snapshot<E, R> {
    /// What `encoder`, called `model`, embeds questions for: the indexes of `names`, which `reader` reads. Nothing is asked
    /// yet.
    #[must_use]
    pub fn new(model: &str, encoder: E, reader: R, names: Names) -> Self {
        Self {
            encoder,
            reader,
            languages: Languages::default(),
            judge: Judge::default(),
            model: model.to_owned(),
            names,
            checked: OnceCell::new(),
            seen: Mutex::default(),
        }
    }

    /// What the embedding model is called.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The space of its vectors.
    #[must_use]
    pub fn space(&self) -> &Fingerprint {
        self.names.space()
    }

    /// Numbers in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.encoder.dimension()
    }

    /// The index of its passages.
    #[must_use]
    pub fn physical(&self) -> String {
        self.names.physical(Target::Chunks)
    }

    /// Its indexes.
    #[must_use]
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// Checks, until it was so once, that the indexes hold its space: what has another is never asked.
    pub(crate) async fn check(&self) -> Result<(), SinkError> {
        self.checked.get_or_try_init(|| self.reader.check(self.space())).await.copied()
    }

    /// The same as it is now: the engine may have gone since. While one asks it, others wait for its answer.
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
