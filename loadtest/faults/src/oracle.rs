//! Changes the bucket as the mirror says, whatever else happens.

use std::collections::BTreeMap;
use std::time::Duration;

use message::DocumentId;
use objects::{S3Store, Store as _};
use process::Failure;
use tokio::sync::{Mutex, MutexGuard, mpsc};
use tokio::time::{Instant, sleep};

use crate::mirror::{Act, Mirror};
use crate::prng::Prng;
use crate::proxy::Change;

/// How long to wait for a store that is down.
const PATIENCE: Duration = Duration::from_mins(1);

/// Knows what the bucket must contain.
#[derive(Debug)]
pub struct Oracle {
    store: S3Store,
    bucket: String,
    state: Mutex<State>,
}

/// The state of the oracle.
#[derive(Debug)]
pub struct State {
    /// The expected bucket.
    pub mirror: Mirror,
    prng: Prng,
    /// How often each kind of change was made in this seed.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Oracle {
    /// An oracle for an empty bucket.
    #[must_use]
    pub fn new(store: S3Store, bucket: &str) -> Self {
        let state = State { mirror: Mirror::default(), prng: Prng::new(0, ""), counts: BTreeMap::new() };
        Self { store, bucket: bucket.to_owned(), state: Mutex::new(state) }
    }

    /// The state; nothing changes while the guard is held.
    pub async fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().await
    }

    /// Begins a seed.
    pub async fn begin(&self, seed: u64, drops: bool) {
        let mut state = self.state.lock().await;
        state.mirror.begin(seed, drops);
        state.prng = Prng::new(seed, "oracle");
        state.counts.clear();
    }

    /// Makes one random change and returns how long to wait until the next.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn change(&self) -> Result<Duration, Failure> {
        let mut state = self.state.lock().await;
        let State { mirror, prng, counts } = &mut *state;
        let (kind, acts) = mirror.next(prng);
        let pause = if prng.chance(25) { 0 } else { prng.between(150, 700) };
        *counts.entry(kind).or_default() += 1;
        self.perform(acts).await?;
        Ok(Duration::from_millis(pause as u64))
    }

    /// Puts this many new documents at once.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn burst(&self, documents: usize) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let State { mirror, prng, counts } = &mut *state;
        let acts = (0..documents).map(|_| mirror.put_new(prng)).collect();
        *counts.entry("put").or_default() += documents as u64;
        self.perform(acts).await
    }

    /// A random number from this seed's sequence.
    pub async fn draw(&self, least: usize, most: usize) -> u64 {
        self.state.lock().await.prng.between(least, most) as u64
    }

    /// Puts every object that this seed may touch once more, unchanged.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn touch_all(&self) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let acts = state.mirror.touch_all();
        *state.counts.entry("same").or_default() += acts.len() as u64;
        self.perform(acts).await
    }

    /// Puts a long document.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn long(&self) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let State { mirror, prng, counts } = &mut *state;
        let act = mirror.put_long(prng);
        *counts.entry("put a long one").or_default() += 1;
        self.perform(vec![act]).await
    }

    /// Edits or deletes each document touched last.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn disturb(&self) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let State { mirror, prng, counts } = &mut *state;
        let acts = mirror.disturb(prng);
        *counts.entry("disturb").or_default() += acts.len() as u64;
        self.perform(acts).await
    }

    /// Puts a document that an engine refuses, and returns its key.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn poison(&self) -> Result<String, Failure> {
        let mut state = self.state.lock().await;
        let State { mirror, prng, .. } = &mut *state;
        let (key, act) = mirror.put_poison(prng);
        self.perform(vec![act]).await?;
        Ok(key)
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// When the store stays unavailable.
    pub async fn delete(&self, key: &str) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        let act = state.mirror.delete(key);
        self.perform(vec![act]).await
    }

    /// Overwrites objects in the middle of a read, on request, until the channel closes.
    pub async fn obey(&self, mut changes: mpsc::Receiver<Change>) {
        while let Some(change) = changes.recv().await {
            let mut state = self.state.lock().await;
            let State { mirror, prng, counts } = &mut *state;
            let is_other = match mirror.overwrite(&change.key, prng) {
                Some(act) => self.perform(vec![act]).await.is_ok(),
                None => false,
            };
            *counts.entry("change while read").or_default() += u64::from(is_other);
            // A reader that has gone away does not need the answer.
            let _gone = change.done.send(is_other).is_err();
        }
    }

    /// Performs these acts, retrying each for up to [`PATIENCE`], because the mirror already includes it.
    async fn perform(&self, acts: Vec<Act>) -> Result<(), Failure> {
        for act in acts {
            let deadline = Instant::now() + PATIENCE;
            while let Err(error) = self.try_once(&act).await {
                if Instant::now() > deadline {
                    return Err(format!("the oracle could not reach the store: {error}").into());
                }
                sleep(Duration::from_millis(300)).await;
            }
        }
        Ok(())
    }

    async fn try_once(&self, act: &Act) -> Result<(), Failure> {
        match act {
            Act::Put(key, bytes) => {
                let document = DocumentId::new(&self.bucket, key)?;
                let bytes = bytes::Bytes::copy_from_slice(bytes);
                self.store.put(&document, bytes, "application/octet-stream").await?;
            }
            Act::Delete(key) => self.store.delete(&DocumentId::new(&self.bucket, key)?).await?,
        }
        Ok(())
    }
}
