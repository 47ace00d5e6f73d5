//! How far the indexes of a generation are, by its writers.

use generation::TopicReader;
use message::GenerationEntry;
use process::Failure;
use registry::{WriterFill, upstream_fillers};
use sink::EngineKind;
use stream::kafka::{committed_offsets, end_offsets, standings};

use crate::world::World;

/// Everyone who fills the indexes of a generation: the workers before the engines, and each engine's writer.
async fn writers(
    world: &World,
    entry: &GenerationEntry,
) -> Result<Vec<(&'static str, TopicReader)>, Failure> {
    let mut writers = upstream_fillers(entry);
    for one in &world.engines {
        let of_engine = world.writers(one).await?;
        writers.extend(of_engine.into_iter().map(|reader| (EngineKind::name(one.kind), reader)));
    }
    Ok(writers)
}

/// How far each writer is with `entry`, whose world this is.
///
/// # Errors
/// When Kafka does not answer.
pub(crate) async fn fills(world: &World, entry: &GenerationEntry) -> Result<Vec<WriterFill>, Failure> {
    let mut fills = Vec::new();
    for (writer, reader) in writers(world, entry).await? {
        let standings = standings(&world.kafka, &reader.group, &reader.topic).await?;
        fills.push(WriterFill::of(&world.kafka, entry, (writer, reader), &standings).await?);
    }
    Ok(fills)
}

/// How many offsets each writer of `entry` is behind its topic.
///
/// # Errors
/// When Kafka does not answer.
pub(crate) async fn lags(
    world: &World,
    entry: &GenerationEntry,
) -> Result<Vec<(&'static str, i64)>, Failure> {
    let each = writers(world, entry).await?.into_iter().map(|(writer, reader)| async move {
        let ends = end_offsets(&world.kafka, &reader.topic);
        let committed = committed_offsets(&world.kafka, &reader.group, &reader.topic);
        let (ends, committed) = futures::future::try_join(ends, committed).await?;
        // While a log is handled again, the committed offset says nothing of the index.
        let next = committed.into_iter().map(|committed| {
            committed.map_or(0, |committed| committed.memo.replayed.unwrap_or(committed.next))
        });
        Ok::<_, Failure>((writer, ends.into_iter().zip(next).map(|(end, next)| (end - next).max(0)).sum()))
    });
    futures::future::try_join_all(each).await
}
