#![expect(clippy::disallowed_methods, reason = "edge: the store on disk (fjall)")]
//! The store of one partition: entries by document and the position they reflect, written atomically.

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fault::Place;
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use message::{DocumentId, LedgerEntry};
use serde::{Deserialize, Serialize};

use crate::FIRST_EPOCH;
use crate::batch::Batch;
use crate::counts::Counts;
use crate::error::LedgerError;
use crate::folder::LedgerPlace;
use crate::position::Position;
use crate::summary::Summary;

/// Incremented when the stored format changes; a copy in another format is replaced.
const FORMAT: u32 = 1;
/// Size in bytes at which a memtable is flushed. Small, because each partition has its own.
const MEMTABLE: u64 = 2 << 20;
/// A write waits while memtables hold more bytes than this: they are flushed by a single thread, which may fall behind.
const UNWRITTEN: u64 = 4 * MEMTABLE;
/// How long a write waits for that thread at most. If the thread has failed, the next batch gets its error.
const STANDSTILL: Duration = Duration::from_secs(30);
/// Maximum size of the journals in bytes, the smallest that the store accepts; the files are sparse.
const JOURNAL: u64 = 64 << 20;
/// Maximum number of files that one partition's store keeps open.
const OPEN_FILES: usize = 32;

const META: &[u8] = b"m";
const NOTE: &[u8] = b"n";
const ENTRY: u8 = b'e';

/// What the store records about its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    format: u32,
    topic: String,
    partition: i32,
    /// None before the first record.
    pub(crate) position: Option<Position>,
    /// None while a new copy is being filled: entries are counted once, at the end.
    pub(crate) counts: Option<Counts>,
    /// The highest epoch of any entry seen so far.
    pub(crate) epoch: u32,
}

/// The store of one partition.
pub(crate) struct Store {
    // Dropped before the database, whose drop waits for its worker thread.
    entries: Keyspace,
    database: Database,
    pub(crate) place: LedgerPlace,
    state: Mutex<State>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens an existing copy.
    pub(crate) fn open(place: &LedgerPlace) -> Result<Self, LedgerError> {
        let path = place.copy();
        let (database, entries) = guarded(&path, || connect(place))?;
        let stored = guarded(&path, || entries.get(META))?;
        let stored = stored.ok_or_else(|| LedgerError::broken(&path, &"it was never finished"))?;
        let state: State =
            serde_json::from_slice(&stored).map_err(|error| LedgerError::broken(&path, &error))?;
        if (state.format, state.topic.as_str(), state.partition) != (FORMAT, &place.topic, place.partition) {
            return Err(LedgerError::broken(&path, &"it has another format, or belongs to another topic"));
        }
        Ok(Self { entries, database, place: place.clone(), state: Mutex::new(state) })
    }

    /// Creates an empty copy.
    pub(crate) fn make(place: &LedgerPlace) -> Result<Self, LedgerError> {
        let path = place.copy();
        if fault::fails(Place::CopyWrite) {
            return Err(LedgerError::Full { folder: path });
        }
        std::fs::create_dir_all(&path).map_err(|error| LedgerError::folder(&path, &error))?;
        let (database, entries) = guarded(&path, || connect(place)).map_err(unusable)?;
        let state = State {
            format: FORMAT,
            topic: place.topic.clone(),
            partition: place.partition,
            position: None,
            counts: None,
            epoch: FIRST_EPOCH,
        };
        let store = Self { entries, database, place: place.clone(), state: Mutex::new(state.clone()) };
        store.commit(state, |_, _| {}).map_err(unusable)?;
        Ok(store)
    }

    pub(crate) fn state(&self) -> State {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, document: &DocumentId) -> Result<Option<LedgerEntry>, LedgerError> {
        let Some(stored) = self.guarded(|| self.entries.get(key(document)))? else { return Ok(None) };
        self.parse(&stored).map(Some)
    }

    pub(crate) fn note(&self) -> Result<Option<Vec<u8>>, LedgerError> {
        Ok(self.guarded(|| self.entries.get(NOTE))?.map(|note| note.to_vec()))
    }

    /// Writes a batch and the position it leads to, atomically.
    pub(crate) fn write(&self, batch: &Batch) -> Result<(), LedgerError> {
        let mut next = self.state();
        if let Some(position) = batch.position() {
            next.position = Some(position);
        }
        next.epoch = next.epoch.max(batch.epoch);
        if let Some(counts) = &mut next.counts {
            for (document, stored) in &batch.changes {
                if let Some(before) = self.guarded(|| self.entries.get(key(document)))? {
                    counts.take_away(self.summary(&before)?);
                }
                if let Some(stored) = stored {
                    counts.add(self.summary(stored)?);
                }
            }
        }
        self.commit(next, |write, entries| {
            for (document, stored) in &batch.changes {
                match stored {
                    Some(stored) => write.insert(entries, key(document), stored.as_slice()),
                    None => write.remove(entries, key(document)),
                }
            }
            if let Some(note) = &batch.note {
                write.insert(entries, NOTE, note.as_slice());
            }
        })?;
        self.wait_for_tables();
        Ok(())
    }

    /// Bounds the memory used by unflushed writes, however fast a topic is read.
    fn wait_for_tables(&self) {
        let until = Instant::now() + STANDSTILL;
        while self.database.write_buffer_size() > UNWRITTEN && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Counts the entries of a newly filled copy, if they have not been counted.
    pub(crate) fn count(&self) -> Result<(), LedgerError> {
        if self.lock().counts.is_some() {
            return Ok(());
        }
        let counts = self.recount()?;
        self.commit(State { counts: Some(counts), ..self.state() }, |_, _| {})
    }

    /// Counts every entry.
    pub(crate) fn recount(&self) -> Result<Counts, LedgerError> {
        let mut counts = Counts::default();
        let mut all = self.entries.range(range(None));
        while let Some((_, stored)) = self.guarded(|| all.next().map(fjall::Guard::into_inner).transpose())? {
            counts.add(self.summary(&stored)?);
        }
        Ok(counts)
    }

    fn commit(
        &self,
        next: State,
        fill: impl FnOnce(&mut fjall::OwnedWriteBatch, &Keyspace),
    ) -> Result<(), LedgerError> {
        let path = self.place.copy();
        if fault::fails(Place::CopyWrite) {
            return Err(LedgerError::Full { folder: path });
        }
        let meta = serde_json::to_vec(&next).map_err(|error| LedgerError::broken(&path, &error))?;
        let mut write = self.database.batch();
        fill(&mut write, &self.entries);
        write.insert(&self.entries, META, meta);
        self.guarded(|| write.commit())?;
        *self.lock() = next;
        Ok(())
    }

    fn summary(&self, stored: &[u8]) -> Result<Summary, LedgerError> {
        match Summary::parse(stored) {
            Some((summary, _)) => Ok(summary),
            None => Err(self.condemned(&"an entry has no head")),
        }
    }

    fn parse(&self, stored: &[u8]) -> Result<LedgerEntry, LedgerError> {
        let (_, json) = Summary::parse(stored).ok_or_else(|| self.condemned(&"an entry has no head"))?;
        serde_json::from_slice(json).map_err(|error| self.condemned(&error))
    }

    fn guarded<T>(&self, work: impl FnOnce() -> fjall::Result<T>) -> Result<T, LedgerError> {
        let done = guarded(&self.place.copy(), work);
        if matches!(done, Err(LedgerError::Broken { .. })) {
            self.place.condemn();
        }
        done
    }

    fn condemned(&self, cause: &dyn std::fmt::Display) -> LedgerError {
        self.place.condemn();
        LedgerError::broken(&self.place.copy(), cause)
    }
}

/// Entries in document order. A scan borrows its copy, so the copy is not changed meanwhile.
pub struct Scan<'a> {
    store: &'a Store,
    entries: fjall::Iter,
    failed: bool,
}

impl std::fmt::Debug for Scan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<'a> Scan<'a> {
    pub(crate) fn new(store: &'a Store, after: Option<&DocumentId>) -> Self {
        Self { store, entries: store.entries.range(range(after)), failed: false }
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<LedgerEntry, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.store.guarded(|| self.entries.next().map(fjall::Guard::into_inner).transpose());
        let entry = match next {
            Ok(stored) => stored.map(|(_, stored)| self.store.parse(&stored))?,
            Err(error) => Err(error),
        };
        self.failed = entry.is_err();
        Some(entry)
    }
}

fn connect(place: &LedgerPlace) -> fjall::Result<(Database, Keyspace)> {
    let database = Database::builder(place.copy())
        .cache_size(place.cache_bytes as u64)
        .max_cached_files(Some(OPEN_FILES))
        .max_journaling_size(JOURNAL)
        .worker_threads(1)
        .open()?;
    let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE);
    let entries = database.keyspace("ledger", options)?;
    Ok((database, entries))
}

fn key(document: &DocumentId) -> Vec<u8> {
    [&[ENTRY], document.as_str().as_bytes()].concat()
}

/// The key range of all entries, or of those after a document.
fn range(after: Option<&DocumentId>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let from = after.map_or(Bound::Included(vec![ENTRY]), |document| Bound::Excluded(key(document)));
    (from, Bound::Excluded(vec![ENTRY + 1]))
}

/// Calls the store. It panics on damage that its checksums do not cover, which is treated like any other damage.
fn guarded<T>(path: &Path, work: impl FnOnce() -> fjall::Result<T>) -> Result<T, LedgerError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(classify(path, &error)),
        Err(_) => Err(LedgerError::broken(path, &"the store panicked")),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the store's list is open; what is not named is damage")]
fn classify(path: &Path, error: &fjall::Error) -> LedgerError {
    let io = match error {
        fjall::Error::Locked => return LedgerError::InUse { folder: path.to_owned() },
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => Some(io),
        _ => None,
    };
    match io.map(|io| LedgerError::folder(path, io)) {
        Some(full @ LedgerError::Full { .. }) => full,
        _ => LedgerError::broken(path, error),
    }
}

/// If a new copy breaks, it is not damaged: its folder cannot be used.
fn unusable(error: LedgerError) -> LedgerError {
    if let LedgerError::Broken { folder, cause } = error {
        return LedgerError::Folder { folder, cause };
    }
    error
}

#[cfg(test)]
mod tests {
    use message::Status;

    use super::*;
    use crate::folder::Folder;

    /// A topic is read faster than tables are written; the unwritten bytes must stay bounded all the same.
    #[test]
    fn what_is_in_memory_is_bounded_however_fast_it_is_written() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::claim(data.path()).unwrap();
        let place = LedgerPlace { folder, topic: "ledger".to_owned(), partition: 0, cache_bytes: 1 << 20 };
        let store = Store::make(&place).unwrap();
        let summary = Summary { status: Status::Live, version: message::Version::first(1), chunks: 1 };
        let stored = summary.stored(&vec![b' '; 1 << 20]);
        for round in 0..40 {
            let mut batch = Batch::default();
            for number in 0..2 {
                let document = DocumentId::new("docs", &format!("{round}-{number}")).unwrap();
                batch.changes.insert(document, Some(stored.clone()));
            }
            store.write(&batch).unwrap();
            assert!(store.database.write_buffer_size() <= UNWRITTEN, "round {round}");
        }
        store.count().unwrap();
        assert_eq!(store.state().counts.unwrap().live, 80);
    }
}
