//! Builds the records to write when a document changed, in this order: new passages, tombstones of passages that are
//! gone, the document's record, and the ledger entry. Pure.

use std::collections::HashSet;

use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Fingerprint, Headers, LedgerEntry, Passage, Placement,
    Version,
};
use stream::Outgoing;

use crate::read::DocumentReading;

/// The topics that `chunk` writes and reads by name.
#[derive(Clone, Debug)]
pub struct OutputTopics {
    /// `chunks.<chunking>`.
    pub chunks: String,
    /// `ledger.<chunking>`.
    pub ledger: String,
    /// `confirmations`, which is only read.
    pub confirmations: String,
    /// Maximum record size of these topics in bytes, including headers and Kafka's own overhead.
    pub largest_record: usize,
}

impl OutputTopics {
    /// The topics of this chunking.
    #[must_use]
    pub fn of(chunking: &Fingerprint) -> Self {
        Self {
            chunks: topics::chunks(chunking),
            ledger: topics::ledger(chunking),
            confirmations: topics::CONFIRMATIONS.to_owned(),
            largest_record: topics::LARGEST_RECORD,
        }
    }
}

/// Upper bound on a record's bytes beside key and value: headers (a document's id of 1 KiB, the trace) and Kafka's
/// framing.
const BESIDE: usize = 4 << 10;

/// An object as the store returned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenObject {
    /// The store's etag.
    pub etag: String,
    /// SHA-256 of its content; empty when it was not read.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// The store's modification time, in seconds since 1970.
    pub modified: Option<i64>,
}

/// A change of one document, ready to commit.
#[derive(Debug)]
pub struct DocumentChange {
    /// The records to write, in order.
    pub outputs: Vec<Outgoing>,
    /// The ledger's new entry, which is also the last of the outputs.
    pub entry: LedgerEntry,
    /// Number of new passages.
    pub new: usize,
    /// Number of removed passages.
    pub gone: usize,
}

/// A document before a change.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// Which document.
    pub document: &'a DocumentId,
    /// Its ledger entry, if it has one.
    pub entry: Option<&'a LedgerEntry>,
    /// The epoch in which its versions start, if it has no entry.
    pub epoch: u32,
    /// The headers of the record that asks for the change; those of its outputs are made of them.
    pub headers: &'a Headers,
    /// Write everything again, even what has not changed.
    pub force: bool,
    /// Passages that an audit saw where they should not be: tombstones are written for them unless they are live.
    pub suspects: &'a [ChunkId],
}

impl Before<'_> {
    fn next_version(&self) -> Version {
        let next = self.entry.map_or(Version::first(self.epoch), |entry| entry.version.next());
        if self.force { next.leap() } else { next }
    }

    fn headers(&self, version: Version) -> Headers {
        self.headers.clone().at(version)
    }

    fn live(&self) -> impl Iterator<Item = &ChunkId> {
        self.entry.into_iter().flat_map(|entry| &entry.chunks).map(|placement| &placement.id)
    }

    /// Tombstones for all passages that are not in `staying`.
    fn tombstones(
        &self,
        topics: &OutputTopics,
        staying: &HashSet<&ChunkId>,
        version: Version,
    ) -> Vec<Outgoing> {
        let known: HashSet<&ChunkId> = self.live().collect();
        let strays = self.suspects.iter().filter(|id| !known.contains(*id));
        self.live()
            .chain(strays)
            .filter(|id| !staying.contains(*id))
            .map(|id| Outgoing::tombstone(&topics.chunks, id.as_str(), self.headers(version)))
            .collect()
    }
}

/// The object is gone: removes its passages and its record. The ledger entry stays, so that versions keep counting.
///
/// # Errors
/// When a message cannot be serialised.
pub fn removed(
    before: Before<'_>,
    topics: &OutputTopics,
    chunking: &Fingerprint,
) -> Result<DocumentChange, String> {
    let version = before.next_version();
    let mut outputs = before.tombstones(topics, &HashSet::new(), version);
    let gone = outputs.len();
    outputs.push(Outgoing::tombstone(&topics.chunks, before.document.as_str(), before.headers(version)));
    let entry = LedgerEntry::removed(before.document.clone(), version, chunking.clone());
    outputs.push(ledger_record(&before, topics, &entry)?);
    Ok(DocumentChange { outputs, entry, new: 0, gone })
}

/// The object was read: writes only what differs from `before`, or everything if forced. If any record would exceed
/// the topic's limit, the document is refused, because Kafka would reject the record on every retry.
///
/// # Errors
/// When a message cannot be serialised.
pub fn changed(
    before: Before<'_>,
    topics: &OutputTopics,
    chunking: &Fingerprint,
    object: SeenObject,
    reading: DocumentReading,
) -> Result<DocumentChange, String> {
    let change = said(before, topics, chunking, object.clone(), reading)?;
    let largest = change.outputs.iter().map(|output| output.bytes() + BESIDE).max().unwrap_or_default();
    if largest <= topics.largest_record {
        return Ok(change);
    }
    let cause = format!(
        "one of its records would have {largest} bytes (for {} chunks), but the topic takes at most {} \
         (max.message.bytes): split the file, or lower MILLRACE_MOST_CHUNKS",
        change.entry.chunks.len(),
        topics.largest_record
    );
    said(before, topics, chunking, object, DocumentReading::refused(&cause))
}

fn said(
    before: Before<'_>,
    topics: &OutputTopics,
    chunking: &Fingerprint,
    object: SeenObject,
    reading: DocumentReading,
) -> Result<DocumentChange, String> {
    let version = before.next_version();
    let live: HashSet<ChunkId> = before.live().cloned().collect();
    let placements: Vec<Placement> = reading.splits.iter().map(placement).collect();
    let staying: HashSet<&ChunkId> = placements.iter().map(|placement| &placement.id).collect();
    let (language, format) = (reading.language.clone(), reading.format.clone());
    let about = About { language, format, modified: object.modified };
    let mut outputs = Vec::new();
    for split in reading.splits {
        if before.force || !live.contains(&split.id) {
            let key = split.id.to_string();
            let passage = Passage::Chunk(Chunk {
                id: split.id,
                document: before.document.clone(),
                version,
                heading_path: split.heading_path,
                text: split.text,
                tokens: split.tokens,
                about: about.clone(),
            });
            outputs.push(Outgoing::json(&topics.chunks, &key, &passage, before.headers(version))?);
        }
    }
    let new = outputs.len();
    outputs.extend(before.tombstones(topics, &staying, version));
    let gone = outputs.len() - new;
    let entry = LedgerEntry {
        document: before.document.clone(),
        version,
        status: reading.status,
        cause: reading.cause.clone(),
        etag: object.etag.clone(),
        digest: object.digest,
        chunking: chunking.clone(),
        chunks: placements.clone(),
    };
    // After its chunks, so that whoever sees the record sees all of them.
    let record = Passage::Document(DocumentRecord {
        document: before.document.clone(),
        version,
        status: reading.status,
        cause: reading.cause,
        title: reading.title,
        format: reading.format,
        language: reading.language,
        etag: object.etag,
        size: object.size,
        modified: object.modified,
        chunks: placements,
        parts: reading.parts,
        left_out: reading.left_out,
    });
    outputs.push(Outgoing::json(&topics.chunks, before.document.as_str(), &record, before.headers(version))?);
    outputs.push(ledger_record(&before, topics, &entry)?);
    Ok(DocumentChange { outputs, entry, new, gone })
}

/// The same bytes under another etag: only the ledger entry changes.
///
/// # Errors
/// When a message cannot be serialised.
pub fn same_content(
    before: Before<'_>,
    topics: &OutputTopics,
    entry: &LedgerEntry,
    etag: String,
) -> Result<DocumentChange, String> {
    let entry = LedgerEntry { etag, ..entry.clone() };
    let outputs = vec![ledger_record(&before, topics, &entry)?];
    Ok(DocumentChange { outputs, entry, new: 0, gone: 0 })
}

fn placement(split: &document::Split) -> Placement {
    Placement { id: split.id.clone(), start: split.start as u64, end: split.end as u64 }
}

fn ledger_record(
    before: &Before<'_>,
    topics: &OutputTopics,
    entry: &LedgerEntry,
) -> Result<Outgoing, String> {
    Outgoing::json(&topics.ledger, before.document.as_str(), entry, before.headers(entry.version))
}
