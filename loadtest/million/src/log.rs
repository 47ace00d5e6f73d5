//! Writes the topics that the workers read, and waits until a worker has read one.

use std::time::Duration;

use generation::TopicReader;
use message::Embedded;
use process::Failure;
use serde_json::{Value, json};
use stream::broker::Publisher;
use stream::kafka::{Kafka, committed_offsets, end_offsets};
use stream::{Broker as _, Outgoing};
use tokio::time::sleep;

use crate::data;
use crate::world::World;

/// Records that are sent at once.
const AT_ONCE: usize = 1_000;

/// A topic that is being written.
struct Writing<P> {
    publisher: P,
    records: Vec<Outgoing>,
    bytes: u64,
    written: u64,
}

impl<P: Publisher> Writing<P> {
    async fn add(&mut self, record: Outgoing) -> Result<(), Failure> {
        self.bytes += record.value.as_ref().map_or(0, |value| value.len() as u64);
        self.written += 1;
        self.records.push(record);
        if self.records.len() < AT_ONCE { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        self.publisher.write(std::mem::take(&mut self.records)).await?;
        Ok(())
    }
}

fn writing(kafka: &Kafka) -> Result<Writing<impl Publisher>, Failure> {
    Ok(Writing { publisher: kafka.after_write()?, records: Vec::new(), bytes: 0, written: 0 })
}

/// Writes the records of documents with `count` chunks to `vectors.<space>`.
pub(crate) async fn vectors(world: &World, count: u64) -> Result<Value, Failure> {
    let topic = topics::vectors(&world.generation.space);
    let mut writing = writing(&world.kafka)?;
    for number in 0..data::documents(count) {
        let document = data::document(number, count, (&world.generation, &world.encoder)).await?;
        let headers = data::headers(&document.record.document, number);
        let id = document.record.document.to_string();
        for chunk in document.chunks {
            let key = chunk.chunk.id.to_string();
            writing.add(Outgoing::json(&topic, &key, &Embedded::Chunk(chunk), headers.clone())?).await?;
        }
        writing.add(Outgoing::json(&topic, &id, &Embedded::Document(document.record), headers)?).await?;
    }
    writing.flush().await?;
    Ok(json!({"topic": topic, "records": writing.written, "bytes": writing.bytes}))
}

/// Writes `count` entries to `ledger.<chunking>`.
pub(crate) async fn ledger(world: &World, count: u64) -> Result<Value, Failure> {
    let topic = topics::ledger(&world.generation.chunking);
    let mut writing = writing(&world.kafka)?;
    for number in 0..count {
        let entry = data::entry(number, &world.generation)?;
        let headers = data::headers(&entry.document, number);
        writing.add(Outgoing::json(&topic, entry.document.as_str(), &entry, headers)?).await?;
    }
    writing.flush().await?;
    Ok(json!({"topic": topic, "records": writing.written, "bytes": writing.bytes}))
}

/// Waits until the group of `worker` (`index` or `replicate`) has committed all of `vectors.<space>`.
pub(crate) async fn wait(world: &World, worker: &str) -> Result<Value, Failure> {
    let reader = world.reader(worker).await?;
    loop {
        let behind = behind(&world.kafka, &reader).await?;
        if behind == 0 {
            return Ok(json!({"group": reader.group, "behind": 0}));
        }
        sleep(Duration::from_millis(500)).await;
    }
}

async fn behind(kafka: &Kafka, TopicReader { group, topic, .. }: &TopicReader) -> Result<i64, Failure> {
    let ends = end_offsets(kafka, topic).await?;
    let committed = committed_offsets(kafka, group, topic).await?;
    Ok(ends.iter().zip(committed).map(|(end, done)| end - done.map_or(0, |done| done.next)).sum())
}
