//! The records of a partition one after the other: a piece of them is held, however long the log is.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _, try_unfold};
use process::Failure;
use stream::{Broker, Record};

/// Bytes of records that are held at once (and one record more).
const PIECE: usize = 4 << 20;

/// The committed records of a partition from offset `from` on, to its end as it is when that is reached.
pub fn records<'a, K: Broker>(
    broker: &'a K,
    topic: &'a str,
    partition: i32,
    from: i64,
) -> BoxStream<'a, Result<Record, Failure>> {
    let pieces = try_unfold(from, move |from| async move {
        let (records, next) = piece(broker, topic, partition, from).await?;
        Ok::<_, Failure>(if records.is_empty() { None } else { Some((records, next)) })
    });
    pieces.map_ok(|records| futures::stream::iter(records.into_iter().map(Ok))).try_flatten().boxed()
}

/// The committed records of every partition, one partition after the other.
///
/// # Errors
/// When the broker does not answer, or the topic is not there.
pub async fn all<'a, K: Broker>(
    broker: &'a K,
    topic: &'a str,
) -> Result<BoxStream<'a, Result<Record, Failure>>, Failure> {
    let partitions = broker.partitions(topic).await?;
    let each = move |partition| records(broker, topic, partition, 0);
    Ok(futures::stream::iter(0..partitions).flat_map(each).boxed())
}

async fn piece<K: Broker>(
    broker: &K,
    topic: &str,
    partition: i32,
    from: i64,
) -> Result<(VecDeque<Record>, i64), Failure> {
    let read = Arc::new(Mutex::new(VecDeque::new()));
    let (filling, mut bytes) = (Arc::clone(&read), 0);
    let each = move |record: Record| {
        bytes += record.bytes();
        filling.lock().unwrap_or_else(PoisonError::into_inner).push_back(record);
        if bytes > PIECE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let next = broker.read(topic, partition, from, each).await?;
    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((std::mem::take(&mut read), next))
}

#[cfg(test)]
mod tests {
    use stream::Outgoing;
    use stream::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn every_record_comes_whatever_the_pieces() {
        let broker = Memory::default();
        broker.create("t", 1);
        for n in 0..20_u8 {
            let (topic, key) = ("t".to_owned(), Some(vec![n]));
            broker.append(&Outgoing { topic, key, value: Some(vec![0; 1 << 20]), headers: None });
        }
        let read: Vec<Record> = all(&broker, "t").await.unwrap().try_collect().await.unwrap();
        assert!(read.iter().map(|record| record.offset).eq(0..20));
        let (held, next) = piece(&broker, "t", 0, 3).await.unwrap();
        assert_eq!((held.len(), next), (4, 7), "what is held is bounded");
        let rest: Vec<Record> = records(&broker, "t", 0, 18).try_collect().await.unwrap();
        assert_eq!(rest.len(), 2);
    }
}
