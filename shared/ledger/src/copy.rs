//! The working copy of one partition.

use std::sync::Arc;

use fault::Place;
use message::{DocumentId, LedgerEntry};
use stream::Broker;
use tracing::{info, warn};

use crate::batch::Batch;
use crate::counts::Counts;
use crate::error::LedgerError;
use crate::folder::LedgerPlace;
use crate::follow::{blocking, follow};
use crate::position::Position;
use crate::store::{Scan, State, Store};

/// The ledger of one partition, on disk. Its memory does not grow with the number of entries: it is bounded by
/// [`LedgerPlace::cache_bytes`] and the store's write buffers. Dropping it waits until the store has closed its files.
#[derive(Debug)]
pub struct WorkingCopy {
    store: Arc<Store>,
}

impl WorkingCopy {
    /// Opens the copy, or creates a new one if there is none or it cannot be trusted, and reads to the current end of
    /// the topic. Dropping the returned future stops the reading and closes the store.
    ///
    /// # Errors
    /// See [`LedgerError`]. Records read before a failure are kept and not read again, unless the copy is broken or is
    /// being replaced.
    pub async fn open<B: Broker>(broker: &B, place: LedgerPlace) -> Result<Self, LedgerError> {
        let finding = place.clone();
        let Some(store) = blocking(&place, move || find(&finding)).await? else {
            return Self::anew(broker, place).await;
        };
        match follow(broker, &store).await {
            Ok(()) => Ok(Self { store }.opened()),
            Err(error @ LedgerError::Broken { .. }) => {
                warn!(%error, "working copy dropped");
                close(&place, store).await?;
                Self::anew(broker, place).await
            }
            Err(error @ LedgerError::Changed { .. }) => {
                warn!(%error, "working copy dropped");
                Self::replace(broker, place, store).await
            }
            Err(error) => Err(error),
        }
    }

    async fn anew<B: Broker>(broker: &B, place: LedgerPlace) -> Result<Self, LedgerError> {
        let making = place.clone();
        let make = move || {
            making.discard()?;
            Store::make(&making).map(Arc::new)
        };
        let store = blocking(&place, make).await?;
        follow(broker, &store).await?;
        Ok(Self { store }.opened())
    }

    /// Copies a topic that was replaced. The old copy is kept until the new one is known to have lost nothing.
    async fn replace<B: Broker>(
        broker: &B,
        place: LedgerPlace,
        old: Arc<Store>,
    ) -> Result<Self, LedgerError> {
        let had = old.state();
        let making = place.clone();
        let make = move || {
            let note = old.note()?;
            drop(old);
            making.put_aside()?;
            let store = Store::make(&making)?;
            store.write(&Batch::of_note(note))?;
            Ok(Arc::new(store))
        };
        let store = blocking(&place, make).await?;
        follow(broker, &store).await?;
        let has = store.state();
        if let Some((had, has)) = lost(&had, &has) {
            close(&place, store).await?;
            let putting = place.clone();
            blocking(&place, move || putting.put_back()).await?;
            return Err(LedgerError::Lost { topic: place.topic, partition: place.partition, had, has });
        }
        blocking(&place.clone(), move || place.forget_aside()).await?;
        Ok(Self { store }.opened())
    }

    /// An empty copy that does not follow a topic: entries are collected on disk here before they are written to one.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn detached(place: LedgerPlace) -> Result<Self, LedgerError> {
        let making = place.clone();
        let make = move || {
            making.discard()?;
            let store = Store::make(&making)?;
            store.count()?;
            Ok(Arc::new(store))
        };
        Ok(Self { store: blocking(&place, make).await? })
    }

    /// Adds entries to a copy that does not follow a topic. The last entry of a document wins.
    ///
    /// # Errors
    /// `Full` or `Broken`: start again.
    pub fn put(&mut self, entries: &[LedgerEntry]) -> Result<(), LedgerError> {
        let next = self.store.state().position.map_or(0, |position| position.next());
        self.apply(entries, None, Position::new(next, &[], None))
    }

    fn opened(self) -> Self {
        let (place, state) = (&self.store.place, self.store.state());
        let documents = self.counts().documents();
        info!(
            topic = place.topic,
            partition = place.partition,
            documents,
            position = ?state.position.map(|position| position.last),
            "ledger caught up"
        );
        self
    }

    /// Reads to the current end of the topic.
    ///
    /// # Errors
    /// See [`LedgerError`]; after `Changed` or `Broken`, open the copy again.
    pub async fn catch_up<B: Broker>(&mut self, broker: &B) -> Result<(), LedgerError> {
        follow(broker, &self.store).await
    }

    /// The entry of a document.
    ///
    /// # Errors
    /// `Broken`: open the copy again.
    pub fn get(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, LedgerError> {
        self.store.get(document)
    }

    /// Stores entries after their commit returned, at most one per document. `written` is the last record of that
    /// commit in this partition of the ledger. A `note` is written in the same batch; `None` keeps the current one.
    ///
    /// # Errors
    /// `Rewound` if the topic is no longer the one that was read; `Full`; `Broken`. In each case nothing was stored,
    /// and the copy must be opened again.
    pub fn apply(
        &mut self,
        entries: &[LedgerEntry],
        note: Option<Vec<u8>>,
        written: Position,
    ) -> Result<(), LedgerError> {
        fault::strike(Place::BeforeCopy);
        let recorded = self.store.state().position.map_or(-1, |position| position.last);
        if written.last <= recorded {
            let LedgerPlace { topic, partition, .. } = self.store.place.clone();
            return Err(LedgerError::Rewound { topic, partition, recorded, written: written.last });
        }
        let batch = Batch::committed(entries, note, written)
            .map_err(|error| LedgerError::broken(&self.store.place.copy(), &error))?;
        self.store.write(&batch)
    }

    /// A few bytes that the owner keeps with the entries; `None` if none were written since the copy was created.
    ///
    /// # Errors
    /// `Broken`: open the copy again.
    pub fn note(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        self.store.note()
    }

    /// All entries, or those after a document, in document order.
    #[must_use]
    pub fn scan(&self, after: Option<&DocumentId>) -> Scan<'_> {
        Scan::new(&self.store, after)
    }

    /// The number of documents by status.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.store.state().counts.unwrap_or_default()
    }

    /// Counts every entry; [`Self::counts`] returns the counts maintained by each write.
    ///
    /// # Errors
    /// `Broken`: open the copy again.
    pub fn recount(&self) -> Result<Counts, LedgerError> {
        self.store.recount()
    }

    /// The highest epoch of any entry seen so far; [`crate::FIRST_EPOCH`] if there was none.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.store.state().epoch
    }

    /// The last record of the topic that the copy reflects; `None` before the first.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.store.state().position
    }
}

/// The existing copy, if it can be opened.
fn find(place: &LedgerPlace) -> Result<Option<Arc<Store>>, LedgerError> {
    if !place.prepare()? {
        return Ok(None);
    }
    match Store::open(place) {
        Ok(store) => Ok(Some(Arc::new(store))),
        Err(error @ LedgerError::Broken { .. }) => {
            warn!(%error, "working copy dropped");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn close(place: &LedgerPlace, store: Arc<Store>) -> Result<(), LedgerError> {
    blocking(place, move || {
        drop(store);
        Ok(())
    })
    .await
}

/// The counts before and now, if entries are missing. A removed document keeps its entry, so the number of entries
/// never goes down except when a new epoch begins.
fn lost(had: &State, has: &State) -> Option<(u64, u64)> {
    let (before, now) = (had.counts?.documents(), has.counts.unwrap_or_default().documents());
    (now < before && has.epoch <= had.epoch).then_some((before, now))
}
