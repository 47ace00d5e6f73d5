//! Streams the records of a topic, however long its log is.

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use process::Failure;
use stream::{Broker, Record};

/// The committed records of a partition from offset `from` to its end, including what is added in the meantime.
pub fn records<K: Broker>(
    broker: &K,
    topic: &str,
    partition: i32,
    from: i64,
) -> BoxStream<'static, Result<Record, Failure>> {
    broker.reading(topic, partition, from).map_err(Failure::from).boxed()
}

/// The committed records of every partition, one partition after the other.
///
/// # Errors
/// When the broker does not answer, or the topic does not exist.
pub async fn all<'a, K: Broker>(
    broker: &'a K,
    topic: &'a str,
) -> Result<BoxStream<'a, Result<Record, Failure>>, Failure> {
    let partitions = broker.partitions(topic).await?;
    let each = move |partition| records(broker, topic, partition, 0);
    Ok(futures::stream::iter(0..partitions).flat_map(each).boxed())
}

#[cfg(test)]
mod tests {
    use stream::Outgoing;
    use stream::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn every_record_of_every_partition_comes() {
        let broker = Memory::default();
        broker.create("t", 1);
        for n in 0..20_u8 {
            let (topic, key) = ("t".to_owned(), Some(vec![n]));
            broker.append(&Outgoing { topic, key, value: Some(vec![0; 100]), headers: None });
        }
        let read: Vec<Record> = all(&broker, "t").await.unwrap().try_collect().await.unwrap();
        assert!(read.iter().map(|record| record.offset).eq(0..20));
        let rest: Vec<Record> = records(&broker, "t", 0, 18).try_collect().await.unwrap();
        assert_eq!(rest.len(), 2);
    }
}
