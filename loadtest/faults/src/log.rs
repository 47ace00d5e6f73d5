//! The topics of a document's history, read twice: on and on while they are written, so that every record's version is
//! seen, and once more from their beginning after each seed, since that is what whoever fills an empty index is given.
//!
//! Records that were there at the first reading and are not at the second were compacted away: their count proves that
//! Kafka cleaned while the workers read.

use std::collections::{BTreeMap, BTreeSet};

use message::LedgerEntry;
use process::Failure;
use stream::Record;

use crate::history::History;
use crate::world::{Follow, Ledger, World};

/// What was read.
#[derive(Debug, Default)]
pub struct Log {
    ledger: Ledger,
    topics: [Topic; 3],
    broken: Vec<String>,
    /// Ledger entries, passages and vectors that were read since they were last taken.
    pub written: [u64; 3],
}

#[derive(Debug, Default)]
struct Topic {
    follow: Follow,
    history: History,
    /// Each record that was read and is not known to be gone, and whether it deletes.
    seen: BTreeMap<(i32, i64), bool>,
}

/// What the topics say now.
#[derive(Debug, Default)]
pub struct Words {
    /// The last entry of each document.
    pub ledger: Ledger,
    /// What breaks the order, or ends otherwise than the ledger.
    pub differences: Vec<(String, Vec<String>)>,
    /// Records that are gone since they were read, and how many of them deleted something.
    pub gone: [u64; 2],
}

fn names(world: &World) -> [String; 3] {
    let (chunking, space) = (&world.generation.chunking, &world.generation.space);
    [topics::ledger(chunking), topics::chunks(chunking), topics::vectors(space)]
}

impl Log {
    /// Reads on.
    ///
    /// # Errors
    /// When Kafka does not answer; what was read until then counts.
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

    /// Reads on, and then everything from the beginning.
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

/// Takes entries; an entry whose version is not above that of the one before it breaks the order.
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
