//! Changes about to be written to a store, and the position they lead to. Pure.

use std::collections::BTreeMap;

use message::{DocumentId, LedgerEntry};
use stream::Record;

use crate::position::Position;
use crate::summary::Summary;

/// A batch is written once it holds this many bytes (2 MiB); the last entry may exceed the limit.
const FULL: usize = 2 << 20;

/// Changes to a store. The last change to a document wins.
#[derive(Default)]
pub(crate) struct Batch {
    /// The stored form of each document's entry; `None` removes the entry.
    pub(crate) changes: BTreeMap<DocumentId, Option<Vec<u8>>>,
    /// The last record read from the topic.
    last: Option<Record>,
    /// The position of the last record, if this process wrote it.
    written: Option<Position>,
    /// A new note; `None` keeps the current one.
    pub(crate) note: Option<Vec<u8>>,
    /// The highest epoch among these entries.
    pub(crate) epoch: u32,
    bytes: usize,
}

impl Batch {
    /// A batch of committed entries, the last of which is at `written`.
    pub(crate) fn committed(
        entries: &[LedgerEntry],
        note: Option<Vec<u8>>,
        written: Position,
    ) -> Result<Self, serde_json::Error> {
        let mut batch = Self { note, written: Some(written), ..Self::default() };
        for entry in entries {
            let json = serde_json::to_vec(entry)?;
            batch.put(entry, &json);
        }
        Ok(batch)
    }

    /// A batch that contains only the note of another copy.
    pub(crate) fn of_note(note: Option<Vec<u8>>) -> Self {
        Self { note, ..Self::default() }
    }

    /// Adds a record read from the topic.
    pub(crate) fn take(&mut self, record: Record) -> Result<(), String> {
        let key = record.key.as_deref().ok_or("it has no key")?;
        let key = String::from_utf8(key.to_vec()).map_err(|error| error.to_string())?;
        let document = DocumentId::try_from(key).map_err(|error| error.to_string())?;
        match record.value.as_deref() {
            None => {
                self.changes.insert(document, None);
            }
            Some(json) => {
                let entry: LedgerEntry = serde_json::from_slice(json).map_err(|error| error.to_string())?;
                if entry.document != document {
                    return Err(format!("its key names {document}, its value {}", entry.document));
                }
                self.put(&entry, json);
            }
        }
        self.bytes += record.bytes();
        self.last = Some(record);
        Ok(())
    }

    fn put(&mut self, entry: &LedgerEntry, json: &[u8]) {
        let summary = Summary::of(entry);
        self.epoch = self.epoch.max(summary.epoch());
        self.changes.insert(entry.document.clone(), Some(summary.stored(json)));
    }

    /// The position after these changes; `None` if there are no changes.
    pub(crate) fn position(&self) -> Option<Position> {
        self.written.clone().or_else(|| self.last.as_ref().map(Position::of))
    }

    /// Whether the batch should be written before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= FULL
    }
}
