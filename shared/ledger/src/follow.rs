//! Reads the topic from where a store stands, and writes what comes in batches of bounded size.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fault::Mechanism;
use stream::{Broker, Record};

use crate::batch::Batch;
use crate::error::LedgerError;
use crate::folder::LedgerPlace;
use crate::position::Position;
use crate::store::Store;

/// What the reading thread works with. Taken away to stop the reading, so that a thread waiting for Kafka does not keep
/// the store open.
type Shared = Arc<Mutex<Option<Follower>>>;

struct Follower {
    store: Arc<Store>,
    batch: Batch,
    /// The last record that the store reflects, which must be the first one read.
    expected: Option<Position>,
    failed: Option<LedgerError>,
}

/// Stops the reading thread when the future that waits for it is dropped.
struct Stop(Shared);

impl Drop for Stop {
    fn drop(&mut self) {
        drop(lock(&self.0).take());
    }
}

/// Catches `store` up with the end of the topic, committed records only.
pub(crate) async fn follow<B: Broker>(broker: &B, store: &Arc<Store>) -> Result<(), LedgerError> {
    let place = store.place.clone();
    let expected = store.state().position;
    let from = expected.as_ref().map_or(0, |position| position.last);
    let follower = Follower { store: Arc::clone(store), batch: Batch::default(), expected, failed: None };
    let shared = Arc::new(Mutex::new(Some(follower)));
    let _stop = Stop(Arc::clone(&shared));
    let taking = Arc::clone(&shared);
    let each = move |record| match lock(&taking).as_mut() {
        Some(follower) => follower.take(record),
        None => ControlFlow::Break(()),
    };
    let read = broker.read(&place.topic, place.partition, from, each).await;
    let Some(follower) = lock(&shared).take() else { return Ok(()) };
    if let Some(failed) = follower.failed {
        return Err(failed);
    }
    if let Err(source) = read {
        return Err(LedgerError::Stream { topic: place.topic, partition: place.partition, source });
    }
    blocking(&place, move || follower.finish()).await
}

impl Follower {
    fn take(&mut self, record: Record) -> ControlFlow<()> {
        match self.try_take(record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn try_take(&mut self, record: Record) -> Result<(), LedgerError> {
        if let Some(expected) = self.expected.take() {
            let same = Position::of(&record) == expected || fault::is_off(Mechanism::Position);
            return if same { Ok(()) } else { Err(self.changed()) };
        }
        let offset = record.offset;
        self.batch.take(record).map_err(|cause| {
            let LedgerPlace { topic, partition, .. } = self.store.place.clone();
            LedgerError::Unreadable { topic, partition, offset, cause }
        })?;
        if self.batch.is_full() {
            self.store.write(&std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), LedgerError> {
        if self.expected.is_some() {
            return Err(self.changed());
        }
        if self.batch.position().is_some() {
            self.store.write(&self.batch)?;
        }
        self.store.count()
    }

    fn changed(&self) -> LedgerError {
        LedgerError::Changed { topic: self.store.place.topic.clone(), partition: self.store.place.partition }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Option<Follower>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs work that waits for the disk on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    place: &LedgerPlace,
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(LedgerError::broken(&place.copy(), &error)))
}
