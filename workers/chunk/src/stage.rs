//! The worker: looks at each named object and writes what changed.

use std::sync::Arc;
use std::time::Duration;

use ::ledger::{Folder, LedgerPlace, WorkingCopy};
use document::shortened;
use futures::stream::TryStreamExt as _;
use message::{DocumentId, DocumentReference, Fingerprint, Headers, LedgerEntry, Status, content_digest};
use objects::{Buckets, Look, Remedy, Store};
use sandbox::Extractor;
use stream::{
    Broker, Committed, Lane, Outcome, Outgoing, Partition, Patience, Published, Record, Stage, Trouble,
    Verdict, wall_seconds,
};
use telemetry::{Counter, count};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::info;

use crate::asked::{Asked, repeated};
use crate::decision::{Decision, FoundObject, decide, etag_read, standing};
use crate::difference::{Before, DocumentChange, OutputTopics, SeenObject, changed, removed, same_content};
use crate::guard::GuardSettings;
use crate::ledger::PartitionLedger;
use crate::read::{DocumentReader, DocumentReading};
use crate::release::confirmed;

/// What all lanes share.
pub struct ChunkStage<B, O, E> {
    shared: Arc<Shared<O, E>>,
    broker: B,
}

struct Shared<O, E> {
    store: O,
    reader: DocumentReader<E>,
    chunking: Fingerprint,
    topics: OutputTopics,
    limits: StageLimits,
    copies: Copies,
    /// Limits how many working copies are being restored.
    restoring: Semaphore,
}

/// How many working copies may be restored at once: each restore holds a batch, a client queue and unwritten data,
/// some 30 MB.
const RESTORED_AT_ONCE: usize = 2;

/// Where the ledger's working copies are kept.
#[derive(Clone, Debug)]
pub struct Copies {
    /// This process's folder.
    pub folder: Folder,
    /// Memory cache in bytes, shared by all partitions.
    pub cache_bytes: usize,
}

/// What the stage accepts, and how much it does before it commits.
#[derive(Clone, Debug)]
pub struct StageLimits {
    /// The buckets that hold documents.
    pub buckets: Buckets,
    /// Maximum size of an object in bytes.
    pub largest: u64,
    /// How long one document may hold up its partition while the store answers for others.
    pub patience: Duration,
    /// Thresholds of the guard against mass deletion.
    pub guard: GuardSettings,
    /// A batch is committed after this many bytes of output (plus those of the document in hand): a few references
    /// can stand for a lot of text, and a transaction must end in time.
    pub enough: usize,
    /// A batch is committed after this time, with the document in hand. Otherwise 256 slow documents would become
    /// searchable only together, and all their work would be lost when the partition moves.
    pub long_enough: Duration,
}

/// One partition and the state of its documents.
pub struct ChunkLane<O, E> {
    shared: Arc<Shared<O, E>>,
    partition: Partition,
    ledger: PartitionLedger,
    patience: Patience,
    /// References below this offset may delete: a person confirmed it.
    confirmed: i64,
}

impl<B: Broker, O: Store, E: Extractor> ChunkStage<B, O, E> {
    /// A stage that fetches objects from `store`, parses them with `reader`, and keeps its ledgers in `copies`.
    pub fn new(
        broker: B,
        store: O,
        reader: DocumentReader<E>,
        (chunking, topics): (Fingerprint, OutputTopics),
        (limits, copies): (StageLimits, Copies),
    ) -> Self {
        let restoring = Semaphore::new(RESTORED_AT_ONCE);
        let shared = Shared { store, reader, chunking, topics, limits, copies, restoring };
        Self { shared: Arc::new(shared), broker }
    }
}

impl<B: Broker, O: Store, E: Extractor> Stage for ChunkStage<B, O, E> {
    type Lane = ChunkLane<O, E>;

    async fn open(
        &self,
        partition: Partition,
        committed: Option<&Committed>,
    ) -> Result<ChunkLane<O, E>, Trouble> {
        let Shared { topics, copies, limits, .. } = self.shared.as_ref();
        let Partition { number, count } = partition;
        let place = LedgerPlace {
            folder: copies.folder.clone(),
            topic: topics.ledger.clone(),
            partition: number,
            cache_bytes: copies.cache_bytes / usize::try_from(count).unwrap_or(1).max(1),
        };
        let turn = self.shared.restoring.acquire().await;
        let copy = WorkingCopy::open(&self.broker, place).await.map_err(|error| error.trouble())?;
        drop(turn);
        if copy.counts().documents() == 0 && self.has_chunks(number).await? {
            return Err(Trouble::alarm(format!(
                "the ledger {}/{number} is lost: it is empty, while {}/{number} holds chunks. Without it their \
                 documents cannot be deleted: run `millrace ledger rebuild`",
                topics.ledger, topics.chunks
            )));
        }
        let ledger = PartitionLedger::new(copy, limits.guard, committed, wall_seconds());
        Ok(ChunkLane {
            shared: Arc::clone(&self.shared),
            partition,
            ledger: ledger.map_err(|error| error.trouble())?,
            patience: Patience::new(limits.patience),
            confirmed: confirmed(&self.broker, &topics.confirmations, number).await?,
        })
    }
}

impl<B: Broker, O: Store, E: Extractor> ChunkStage<B, O, E> {
    /// Whether the partition of the chunks topic has any record. Each chunk was written together with a ledger entry.
    async fn has_chunks(&self, partition: i32) -> Result<bool, Trouble> {
        let topic = &self.shared.topics.chunks;
        let first = self.broker.reading(topic, partition, 0).try_next().await;
        let first =
            first.map_err(|error| Trouble::wait(format!("the chunks {topic}/{partition}: {error}")))?;
        Ok(first.is_some())
    }
}

impl<O: Store, E: Extractor> Lane for ChunkLane<O, E> {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let (mut outcome, mut bytes, began) = (Outcome::default(), 0, Instant::now());
        let asked: Vec<_> = batch.iter().map(Asked::of).collect();
        let repeated = repeated(&asked);
        for ((place, record), (asked, repeated)) in
            batch.iter().enumerate().zip(asked.into_iter().zip(repeated))
        {
            let next = batch.get(place + 1..).unwrap_or_default();
            let answer = match asked {
                Err(cause) => Ok(Verdict::refuse(cause)),
                // What a person confirmed ends at an offset: the later record may be behind it.
                Ok(_) if repeated && record.offset >= self.confirmed => Ok(passed_over()),
                Ok(asked) => self.answer(record, &asked, next).await,
            };
            match answer {
                Ok(verdict) => {
                    bytes += verdict.bytes();
                    outcome.verdicts.push(verdict);
                    let limits = &self.shared.limits;
                    if bytes >= limits.enough || began.elapsed() >= limits.long_enough {
                        break;
                    }
                }
                Err(trouble) => {
                    outcome.retry = Some(trouble);
                    break;
                }
            }
        }
        outcome
    }

    fn note(&self) -> String {
        self.ledger.note()
    }

    async fn committed(&mut self, published: &Published) -> Result<(), Trouble> {
        self.ledger.confirm(&self.shared.topics.ledger, published)
    }
}

impl<O: Store, E: Extractor> ChunkLane<O, E> {
    /// The verdict for one record; `next` are the records after it.
    async fn answer(&mut self, record: &Record, asked: &Asked, next: &[Record]) -> Result<Verdict, Trouble> {
        let Asked { reference, headers } = asked;
        if reference.only.as_ref().is_some_and(|only| *only != self.shared.chunking) {
            return Ok(Verdict::Done(Vec::new()));
        }
        if !self.partition.holds(&reference.document) {
            // If two partitions counted versions of one document, its history would contradict itself.
            return Ok(Verdict::refuse(format!(
                "it is in partition {}, and its document belongs to another",
                self.partition.number
            )));
        }
        let buckets = &self.shared.limits.buckets;
        if !buckets.hold(reference.document.bucket()) {
            // The bucket may not exist or be closed to us, and the partition would wait for it forever.
            return Ok(Verdict::refuse(format!(
                "its bucket is none of those that MILLRACE_BUCKET names for this worker ({buckets}): name it and replay \
                 this letter, or have the store not tell of that bucket"
            )));
        }
        let entry = self.ledger.get(&reference.document).map_err(|error| error.trouble())?;
        let found = match self.look(reference, entry.as_ref()).await {
            Err(trouble)
                if self.is_its_own_fault(record.offset, &trouble, &reference.document, next).await =>
            {
                let waited = self.shared.limits.patience;
                FoundObject::Unreadable(format!(
                    "given up after {waited:?}, while the store answers for other objects: {}; then ask for the document \
                     again",
                    trouble.cause
                ))
            }
            found => found?,
        };
        if matches!(found, FoundObject::Gone) {
            self.guard(record.offset, entry.as_ref())?;
        }
        self.verdict(reference, headers, entry.as_ref(), found).await
    }

    /// Stops before a deletion that exceeds the guard's limit, unless a person confirmed it. The lane is reopened
    /// before each retry and then rereads the confirmations; an object that has reappeared by then is not deleted.
    fn guard(&mut self, offset: i64, entry: Option<&LedgerEntry>) -> Result<(), Trouble> {
        if entry.is_none_or(|entry| entry.status != Status::Live) {
            return Ok(());
        }
        if offset < self.confirmed {
            self.ledger.confirmed();
            return Ok(());
        }
        self.ledger.remove(wall_seconds()).map_err(|tripped| Trouble::reopen(tripped.to_string()))
    }

    /// Whether one document has held up its partition for too long while the store answers for another one behind it.
    /// A store that answers for none is waited for.
    async fn is_its_own_fault(
        &mut self,
        offset: i64,
        trouble: &Trouble,
        document: &DocumentId,
        next: &[Record],
    ) -> bool {
        if trouble.alarm || !self.patience.is_spent(offset) {
            return false;
        }
        let others = next.iter().filter_map(|record| Some(record.parse_headers().ok()?.document));
        match others.into_iter().find(|other| other != document) {
            Some(other) => self.shared.store.head(&other).await.is_ok(),
            None => false,
        }
    }

    /// Looks at the object. A fault of the object itself is an `Ok` answer; everything else is trouble.
    async fn look(
        &self,
        reference: &DocumentReference,
        entry: Option<&LedgerEntry>,
    ) -> Result<FoundObject, Trouble> {
        let unless = etag_read(standing(entry, reference.force, &self.shared.chunking));
        match self.shared.store.look(&reference.document, unless, self.shared.limits.largest).await {
            Ok(Look::Gone) => Ok(FoundObject::Gone),
            Ok(Look::Unchanged) => Ok(FoundObject::Unchanged),
            Ok(Look::Found { etag, size, last_modified, bytes }) => {
                let digest = content_digest(&bytes);
                Ok(FoundObject::Read(SeenObject { etag, digest, size, modified: last_modified }, bytes))
            }
            Ok(Look::TooLarge { etag, size }) => {
                let limit = self.shared.limits.largest;
                let cause = format!(
                    "the object has {size} bytes and MILLRACE_LARGEST_DOCUMENT is {limit}: raise it, or split the file"
                );
                Ok(FoundObject::TooLarge { etag, size, cause })
            }
            Err(error) => {
                let cause = process::chain(&error);
                match error.remedy() {
                    Remedy::Refuse => Ok(FoundObject::Unreadable(cause)),
                    Remedy::Wait => Err(Trouble { retry_after: error.retry_after(), ..Trouble::wait(cause) }),
                    Remedy::Alarm => Err(Trouble::alarm(cause)),
                }
            }
        }
    }

    async fn verdict(
        &mut self,
        reference: &DocumentReference,
        headers: &Headers,
        entry: Option<&LedgerEntry>,
        found: FoundObject,
    ) -> Result<Verdict, Trouble> {
        let document = &reference.document;
        let force = reference.force || entry.is_some_and(LedgerEntry::is_provisional);
        let suspects = if force { reference.suspects.as_slice() } else { &[] };
        let epoch = self.ledger.epoch();
        let before = Before { document, entry, epoch, headers, force, suspects };
        let (topics, chunking) = (&self.shared.topics, &self.shared.chunking);
        let change = match decide(entry, found, reference.force, chunking) {
            Decision::Nothing => return Ok(unchanged()),
            Decision::Refuse(cause) => return Ok(Verdict::refuse(shortened(&cause))),
            Decision::Remove => removed(before, topics, chunking),
            Decision::Renew(entry, etag) => same_content(before, topics, entry, etag),
            Decision::RefuseUnread(object, cause) => {
                changed(before, topics, chunking, object, DocumentReading::refused(&cause))
            }
            Decision::Read(object, bytes) => {
                let reading = self.shared.reader.read(document.clone(), bytes).await?;
                changed(before, topics, chunking, object, reading)
            }
        };
        Ok(self.settle(change.map_err(Trouble::alarm)?))
    }

    fn settle(&mut self, change: DocumentChange) -> Verdict {
        count(Counter::ChunksNew, change.new as u64);
        count(Counter::ChunksGone, change.gone as u64);
        let entry = &change.entry;
        info!(
            document = %entry.document, version = %entry.version, status = ?entry.status,
            chunks = entry.chunks.len(), new = change.new, gone = change.gone, "document"
        );
        let refused = entry.status == Status::Refused && !is_ledger_only(&change.outputs);
        let cause = entry.cause.clone().unwrap_or_default();
        if let Some(record) = change.outputs.last() {
            self.ledger.propose(change.entry, record);
        }
        if refused {
            Verdict::Refuse { cause, outputs: change.outputs }
        } else {
            Verdict::Done(change.outputs)
        }
    }
}

/// Whether only the ledger changes. The same unreadable bytes were already refused under another etag, and one dead
/// letter is enough.
fn is_ledger_only(outputs: &[Outgoing]) -> bool {
    outputs.len() == 1
}

fn passed_over() -> Verdict {
    count(Counter::ReferencesRepeated, 1);
    Verdict::Done(Vec::new())
}

fn unchanged() -> Verdict {
    count(Counter::DocumentsUnchanged, 1);
    Verdict::Done(Vec::new())
}
