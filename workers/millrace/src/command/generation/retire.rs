//! `generation retire`: each step may be done twice, so that a command that was killed is simply asked again.

use std::process::ExitCode;
use std::time::Duration;

use generation::{Generation, Target, TopicReader};
use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::rules::{self, RuleRefusal};
use registry::{Registry, RegistryError};
use serde_json::json;
use stream::kafka::groups;
use tokio::time::{Instant, sleep};

use super::{BrokerClock, Ground, PAUSE};
use crate::cli::RetireGeneration;
use crate::show;
use crate::world::World;

pub(super) async fn run(ask: &RetireGeneration) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.ask);
    let author = ground.author();
    let entry = ground.target(&ground.registry().await?, Some(&ask.id))?;
    let deadline = Instant::now() + Duration::from_secs(ask.patience);
    if entry.state != BuildState::Retired {
        let cause = match begin(&ground, &entry, deadline).await? {
            Some(cause) => Some(cause),
            None => delete(&ground, &entry, deadline).await?,
        };
        if let Some(cause) = cause {
            show::note(&cause);
            return Ok(ExitCode::FAILURE);
        }
        let gone = (BuildState::Retired, None);
        ground.change(|registry| rules::mark(registry, ground.key(&ask.id), gone, &author)).await?;
    }
    if ask.ask.json {
        show::json(&json!({ "generation": ask.id, "state": "retired" }))?;
    } else {
        show::line(&format!("{} is retired", ask.id));
    }
    Ok(ExitCode::SUCCESS)
}

/// Has everybody let go of it, as soon as a process that was cut off cannot answer from it any more; why not yet, when that
/// takes too long.
async fn begin(
    ground: &Ground<'_>,
    entry: &GenerationEntry,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    let (author, mut clock) = (ground.author(), BrokerClock::default());
    loop {
        let now = clock.now(&ground.registry().await?);
        let retire = |registry: &Registry| rules::retire(registry, ground.key(&entry.id), now, &author);
        match ground.change(retire).await {
            Ok(()) => return Ok(None),
            Err(RegistryError::Refused(RuleRefusal::Otherwise(cause))) if Instant::now() > deadline => {
                return Ok(Some(cause));
            }
            Err(RegistryError::Refused(RuleRefusal::Otherwise(_))) => sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Deletes what only this generation needs, as soon as nobody holds it; what is waited for, when that takes too long.
async fn delete(
    ground: &Ground<'_>,
    entry: &GenerationEntry,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    let world = ground.world(entry)?;
    let mut clock = BrokerClock::default();
    loop {
        let registry = ground.registry().await?;
        let holders = rules::holders(&registry, entry, clock.now(&registry));
        let cause = if holders.is_empty() {
            match delete_groups(&world, &topics_of(&registry, entry)).await {
                Ok(()) => break,
                Err(error) => error.to_string(),
            }
        } else {
            format!("{} is still loaded by {}", entry.id, holders.join(", "))
        };
        if Instant::now() > deadline {
            return Ok(Some(format!("{cause}; ask again, nothing is half done")));
        }
        sleep(PAUSE).await;
    }
    // Writers are gone with their groups; an index that is deleted under one would be created again.
    for one in &world.engines {
        for target in [Target::Chunks, Target::Documents] {
            one.engine.delete_index(target).await?;
        }
    }
    let registry = ground.registry().await?;
    for topic in topics_of(&registry, entry) {
        ground.kafka.delete_topic(&topic).await?;
    }
    Ok(None)
}

/// The groups of its writers, and those of `embed` and `chunk` if the topics that they fill go, too. Kafka refuses while one has
/// a member.
async fn delete_groups(world: &World, unneeded: &[String]) -> Result<(), Failure> {
    let mut readers = Vec::new();
    for one in &world.engines {
        readers.extend(world.writers(one).await?);
    }
    if unneeded.contains(&world.generation.vectors()) {
        readers.push(TopicReader::embed(&world.generation));
    }
    if unneeded.contains(&world.generation.ledger()) {
        readers.push(TopicReader::chunk(&world.generation.chunking));
    }
    let there = groups(&world.kafka).await?;
    for reader in readers.into_iter().filter(|reader| there.contains(&reader.group)) {
        world.kafka.delete_group(&reader.group).await?;
    }
    Ok(())
}

/// The topics that no other generation needs.
fn topics_of(registry: &Registry, entry: &GenerationEntry) -> Vec<String> {
    let others = registry.all_generations().filter(|other| {
        other.state != BuildState::Retired && (&other.index, &other.id) != (&entry.index, &entry.id)
    });
    let mut unneeded = own_topics(entry);
    for other in others {
        let needed = own_topics(other);
        unneeded.retain(|topic| !needed.contains(topic));
    }
    unneeded
}

fn own_topics(entry: &GenerationEntry) -> Vec<String> {
    let generation = Generation::from(entry);
    vec![generation.vectors(), generation.chunks(), generation.ledger()]
}

#[cfg(test)]
mod tests {
    use message::{ChangeAuthor, FillSource, Fingerprint, IndexMapping, RegistryEntry};

    use super::*;

    #[test]
    fn topics_go_with_the_last_generation_that_needs_them() {
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let generation = |space: &str, instance| Generation {
            chunking: Fingerprint::of(&[("chunking", "c")]),
            space: Fingerprint::of(&[("space", space)]),
            dimension: 2,
            model: Fingerprint::of(&[("weights", space)]),
            name: "m".to_owned(),
            mapping: IndexMapping { instance, ..IndexMapping::of(3) },
        };
        let entry = |space, instance| generation(space, instance).entry("docs", FillSource::Vectors, &author);
        let (old, resharded, other) = (entry("a", 0), entry("a", 1), entry("b", 0));
        let registry = |entries: &[&GenerationEntry]| {
            let mut registry = Registry::default();
            for entry in entries {
                let entry = RegistryEntry::Generation((*entry).clone());
                registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
            }
            registry
        };
        assert_eq!(topics_of(&registry(&[&old, &resharded]), &old), Vec::<String>::new());
        assert_eq!(topics_of(&registry(&[&old, &other]), &old), [generation("a", 0).vectors()]);
        assert_eq!(topics_of(&registry(&[&old]), &old).len(), 3);
        let gone = GenerationEntry { state: BuildState::Retired, ..resharded };
        assert_eq!(topics_of(&registry(&[&old, &gone]), &old).len(), 3);
    }
}
