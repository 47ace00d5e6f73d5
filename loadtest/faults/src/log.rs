//! Reads the ledger, passage and vector topics twice: continuously while they are written, so that every version of
//! every record is seen, and from the beginning after each seed, because that is what whoever fills an empty index
//! gets.
//!
//! Records seen in the first reading but missing in the second were compacted away; their count proves that Kafka
//! compacted while the workers were reading.

use std::collections::{BTreeMap, BTreeSet};

use message::LedgerEntry;
use process::Failure;
use stream::Record;

use crate::history::History;
use crate::world::{Follow, Ledger, World};

/// What has been read so far.
#[derive(Debug, Default)]
pub struct Log {
    ledger: Ledger,
    topics: [Topic; 3],
    broken: Vec<String>,
    /// Number of ledger entries, passages and vectors read since it was last reset.
    pub written: [u64; 3],
}

#[derive(Debug, Default)]
struct Topic {
    follow: Follow,
    history: History,
    /// Each record (partition and offset) not yet known to be compacted away, and whether it is a tombstone.
    seen: BTreeMap<(i32, i64), bool>,
}

/// What the topics contain now.
#[derive(Debug, Default)]
pub struct Words {
    /// The last ledger entry of each document.
    pub ledger: Ledger,
    /// For each topic: records out of order, and keys that end otherwise than the ledger says.
    pub differences: Vec<(String, Vec<String>)>,
    /// Records compacted away since they were read, and how many of them were tombstones.
    pub gone: [u64; 2],
}

fn names(world: &World) -> [String; 3] {
    let (chunking, space) = (&world.generation.chunking, &world.generation.space);
    [topics::ledger(chunking), topics::chunks(chunking), topics::vectors(space)]
}

impl Log {
    /// Reads the new records.
    ///
    /// # Errors
    /// When Kafka does not answer; what has been read by then still counts.
    pub async fn read(&mut self, world: &World) -> Result<(), Failure> {
        for (number, name) in names(world).iter().enumerate() {
            let Topic { follow, history, seen } = &mut self.topics[number];
            let news = follow.news(&world.kafka, name).await?;
            self.written[number] += news.len() as u64;
            seen.extend(news.iter().map(|r| ((r.partition, r.offset), r.value.is_none())));
            if number == 0 {
                enter(&mut self.ledger, &mut self.broken, &news)?;
            } else {
                history.add(&news);
            }
        }
        Ok(())
    }

    /// Reads the new records, then everything from the beginning.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn look(&mut self, world: &World) -> Result<Words, Failure> {
        self.read(world).await?;
        let mut words = Words::default();
        words.differences.push(("ledger".to_owned(), std::mem::take(&mut self.broken)));
        for (number, name) in names(world).iter().enumerate() {
            let now = Follow::default().news(&world.kafka, name).await?;
            let topic = &mut self.topics[number];
            let offsets: BTreeSet<(i32, i64)> = now.iter().map(|r| (r.partition, r.offset)).collect();
            topic.seen.retain(|place, deletes| {
                let stays = offsets.contains(place);
                words.gone[0] += u64::from(!stays);
                words.gone[1] += u64::from(!stays && *deletes);
                stays
            });
            if number == 0 {
                let mut broken = Vec::new();
                enter(&mut words.ledger, &mut broken, &now)?;
                continue;
            }
            let mut history = History::default();
            history.add(&now);
            let found = std::mem::take(&mut topic.history.broken);
            let found = found.into_iter().chain(history.differences(&words.ledger)).collect();
            words.differences.push((name.clone(), found));
        }
        Ok(words)
    }
}

/// Adds ledger entries; an entry whose version is not above its predecessor's is out of order.
fn enter(ledger: &mut Ledger, broken: &mut Vec<String>, records: &[Record]) -> Result<(), Failure> {
    for record in records {
        let entry: LedgerEntry = serde_json::from_slice(record.value.as_deref().unwrap_or_default())?;
        if let Some(before) = ledger.get(&entry.document).filter(|before| before.version >= entry.version) {
            broken.push(format!(
                "{}/{}@{}: version {} of {} after version {}",
                record.topic, record.partition, record.offset, entry.version, entry.document, before.version
            ));
        }
        ledger.insert(entry.document.clone(), entry);
    }
    Ok(())
}
