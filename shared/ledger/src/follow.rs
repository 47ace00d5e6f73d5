//! Reads the topic from the store's position on, and writes the records in batches of bounded size.

use std::sync::Arc;

use fault::Mechanism;
use futures::stream::TryStreamExt as _;
use stream::{Broker, Record, StreamError};

use crate::batch::Batch;
use crate::error::LedgerError;
use crate::folder::LedgerPlace;
use crate::position::Position;
use crate::store::Store;

/// Catches `store` up with the end of the topic, reading committed records only. Dropping the future stops the reading;
/// a batch that is being written at that moment is still written completely.
pub(crate) async fn follow<B: Broker>(broker: &B, store: &Arc<Store>) -> Result<(), LedgerError> {
    let place = &store.place;
    // The last record that the store reflects must be the first one read.
    let mut expected = store.state().position;
    let from = expected.as_ref().map_or(0, |position| position.last);
    let mut records = broker.reading(&place.topic, place.partition, from);
    let mut batch = Batch::default();
    while let Some(record) = records.try_next().await.map_err(|source| away(place, source))? {
        if let Some(expected) = expected.take() {
            if Position::of(&record) == expected {
                continue;
            }
            notice_change(place)?;
        }
        take(&mut batch, record, place)?;
        if batch.is_full() {
            let (store, full) = (Arc::clone(store), std::mem::take(&mut batch));
            blocking(place, move || store.write(&full)).await?;
        }
    }
    if expected.is_some() {
        notice_change(place)?;
    }
    let store = Arc::clone(store);
    blocking(place, move || {
        if batch.position().is_some() {
            store.write(&batch)?;
        }
        store.count()
    })
    .await
}

/// Fails because the topic does not hold the copy's last record at its offset, unless the check is switched off. Either
/// the topic was replaced, or that record was compacted away.
fn notice_change(place: &LedgerPlace) -> Result<(), LedgerError> {
    if fault::is_off(Mechanism::Position) {
        return Ok(());
    }
    Err(LedgerError::Changed { topic: place.topic.clone(), partition: place.partition })
}

fn take(batch: &mut Batch, record: Record, place: &LedgerPlace) -> Result<(), LedgerError> {
    let offset = record.offset;
    batch.take(record).map_err(|cause| {
        let LedgerPlace { topic, partition, .. } = place.clone();
        LedgerError::Unreadable { topic, partition, offset, cause }
    })
}

fn away(place: &LedgerPlace, source: StreamError) -> LedgerError {
    LedgerError::Stream { topic: place.topic.clone(), partition: place.partition, source }
}

/// Runs blocking disk work on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    place: &LedgerPlace,
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(LedgerError::broken(&place.copy(), &error)))
}
