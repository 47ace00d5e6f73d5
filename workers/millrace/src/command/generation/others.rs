//! Asks Kafka for the consumer groups of indexes of which the registry says nothing: see [`UnknownReaders`].

use generation::Generation;
use message::GenerationEntry;
use process::Failure;
use registry::{Registry, UnknownReaders, is_filled};
use sink::EngineKind;
use stream::Broker as _;
use stream::kafka::{Kafka, committed_offsets, groups};

/// Those that read what is made for `entry`. Kafka knows of every group in which topics it has handled something.
pub(super) async fn of(
    kafka: &Kafka,
    registry: &Registry,
    entry: &GenerationEntry,
) -> Result<UnknownReaders, Failure> {
    let (there, workers) = (groups(kafka).await?, EngineKind::ALL.map(EngineKind::worker));
    let named = UnknownReaders::named(registry, entry, &there, &workers);
    let generation = Generation::from(entry);
    Ok(UnknownReaders {
        writers: reading(kafka, &generation.vectors(), named.writers).await?,
        embedders: reading(kafka, &generation.chunks(), named.embedders).await?,
    })
}

/// Checks, before nobody fills `entry` any more, that no index is cut off of which the registry says nothing.
/// `chunk` and `embed` do not know such an index, and stop what the registry does not want.
pub(super) async fn permit(
    kafka: &Kafka,
    registry: &Registry,
    entry: &GenerationEntry,
    despite: bool,
) -> Result<(), Failure> {
    if despite || !is_filled(entry) {
        return Ok(());
    }
    let others = of(kafka, registry, entry).await?;
    others.check(registry, entry, "go on with --despite-others").map_err(Failure::from)
}

/// Those of `groups` that have handled something in `topic`; none where it is gone.
async fn reading(kafka: &Kafka, topic: &str, groups: Vec<String>) -> Result<Vec<String>, Failure> {
    if kafka.existing(topic).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut reading = Vec::new();
    for group in groups {
        if committed_offsets(kafka, &group, topic).await?.iter().any(Option::is_some) {
            reading.push(group);
        }
    }
    Ok(reading)
}

/// What the tests of these commands share.
#[cfg(test)]
pub(super) mod tests {
    use message::{ChangeAuthor, Fingerprint, IndexMapping};

    use super::*;

    pub(in crate::command::generation) fn author() -> ChangeAuthor {
        ChangeAuthor { by: "maria".to_owned(), at: 1 }
    }

    pub(in crate::command::generation) fn generation(space: &str, instance: u32) -> Generation {
        Generation {
            chunking: Fingerprint::of(&[("chunking", "c")]),
            space: Fingerprint::of(&[("space", space)]),
            dimension: 2,
            model: Fingerprint::of(&[("weights", space)]),
            name: "m".to_owned(),
            mapping: IndexMapping { instance, ..IndexMapping::of(3) },
        }
    }
}
