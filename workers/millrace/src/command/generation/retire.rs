//! `generation retire`: each step may be done twice, so that a command that was killed is simply asked again.

use std::process::ExitCode;
use std::time::Duration;

use generation::{Generation, Names, Target, TopicReader};
use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::rules::{self, RuleRefusal};
use registry::{Registry, RegistryError, UnknownReaders};
use serde_json::json;
use sink::{EngineKind, SinkError};
use stream::kafka::groups;
use tokio::time::{Instant, sleep};

use super::{BrokerClock, Ground, PAUSE, others};
use crate::cli::RetireGeneration;
use crate::show;
use crate::world::World;

pub(super) async fn run(ask: &RetireGeneration) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.ask);
    let (author, registry) = (ground.author(), ground.registry().await?);
    let entry = ground.target(&registry, Some(&ask.id))?;
    let deadline = Instant::now() + Duration::from_secs(ask.patience);
    let world = ground.world(&entry)?;
    let there = groups(&ground.kafka).await?;
    if let Some(cause) = unreached(&world.names, &there, &ask.ask.world.engines.written) {
        return Err(cause.into());
    }
    others::permit(&ground.kafka, &registry, &entry, ask.despite_others).await?;
    tell_other_clusters(&world, &there).await?;
    // What is left of one that is retired goes, too.
    let is_retired = entry.state == BuildState::Retired;
    let begun = if is_retired { None } else { begin(&ground, &entry, deadline).await? };
    let cause = match begun {
        Some(cause) => Some(cause),
        None => delete(&ground, (&entry, &world), deadline).await?,
    };
    if let Some(cause) = cause {
        show::note(&cause);
        return Ok(ExitCode::FAILURE);
    }
    let gone = (BuildState::Retired, None);
    ground.change(|registry| rules::mark(registry, ground.key(&ask.id), gone.clone(), &author)).await?;
    if ask.ask.json {
        show::json(&json!({ "generation": ask.id, "state": "retired" }))?;
    } else {
        show::line(&format!("{} is retired", ask.id));
    }
    Ok(ExitCode::SUCCESS)
}

/// Why nothing may be deleted: a writer of the generation writes to an engine that this command does not ask.
fn unreached(names: &Names, there: &[String], written: &[EngineKind]) -> Option<String> {
    let mut lacking = EngineKind::ALL.into_iter().filter(|kind| !written.contains(kind));
    let (kind, reader) =
        lacking.find_map(|kind| Some((kind, writers_of(kind, names, there).into_iter().next()?)))?;
    Some(format!(
        "the group {} wrote it to {}, which MILLRACE_ENGINES of this command lacks: name that engine, too, or its indexes would \
         stay there. Where it is gone for good, Kafka forgets the group 7 days after `{}` has ended",
        reader.group,
        kind.name(),
        reader.worker
    ))
}

/// The groups among `there` that write the indexes of `names` to an engine of this kind, in any cluster.
fn writers_of(kind: EngineKind, names: &Names, there: &[String]) -> Vec<TopicReader> {
    let former = TopicReader::former(kind.worker(), names);
    let mut found = TopicReader::among(kind.worker(), names, there);
    found.retain(|reader| *reader != former);
    found
}

/// Says which groups wrote to clusters that this command does not reach: they go, and what they wrote stays.
async fn tell_other_clusters(world: &World, there: &[String]) -> Result<(), Failure> {
    for one in &world.engines {
        let mine = world.writers(one).await?;
        let others = writers_of(one.kind, &world.names, there).into_iter();
        for reader in others.filter(|reader| !mine.contains(reader)) {
            show::note(&format!(
                "the group {} wrote it to another {} than that of this command: its indexes stay there",
                reader.group,
                one.kind.name()
            ));
        }
    }
    Ok(())
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
    (entry, world): (&GenerationEntry, &World),
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    let mut clock = BrokerClock::default();
    loop {
        let registry = ground.registry().await?;
        if !registry.generation(ground.key(&entry.id)).is_some_and(|now| may_go(now.state)) {
            return Ok(Some(format!("{} was begun again meanwhile, and stays", entry.id)));
        }
        let holders = rules::holders(&registry, entry, clock.now(&registry));
        let cause = if let Some(cause) = held(world, &entry.id, &holders).await {
            cause
        } else {
            let others = others::of(&ground.kafka, &registry, entry).await?;
            match delete_groups(world, &topics_of(&registry, entry, &others)).await {
                Ok(()) => break,
                Err(error) => error.to_string(),
            }
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
    let others = others::of(&ground.kafka, &registry, entry).await?;
    for topic in topics_of(&registry, entry, &others) {
        ground.kafka.delete_topic(&topic).await?;
    }
    if let Some(kept) = others.kept(&world.generation) {
        show::note(&kept);
    }
    Ok(None)
}

/// Whether what a generation in this state has may be deleted. Of one that is retired something may be left: of a command that
/// did not reach it, or of a writer that made its index again.
fn may_go(state: BuildState) -> bool {
    matches!(state, BuildState::Retiring | BuildState::Retired)
}

/// Who has not let go of it: a server, or the clients outside that an alias leads to it.
async fn held(world: &World, id: &str, holders: &[String]) -> Option<String> {
    if !holders.is_empty() {
        return Some(format!("{id} is still loaded by {}", holders.join(", ")));
    }
    for one in &world.engines {
        for target in [Target::Chunks, Target::Documents] {
            let has_alias = one.engine.has_outside_alias(target).await;
            if let Some(cause) = asked_outside(one.kind, &world.names.outside_alias(target), has_alias) {
                return Some(cause);
            }
        }
    }
    None
}

/// Why an index may not be deleted, by whether it has the outside `alias`: that would go with it.
fn asked_outside(kind: EngineKind, alias: &str, has_alias: Result<bool, SinkError>) -> Option<String> {
    let (engine, worker) = (kind.name(), kind.worker());
    match has_alias {
        Ok(false) => None,
        Ok(true) => Some(format!(
            "the alias {alias} of {engine} still leads clients outside to it: `{worker}` moves it to what is served, so see that \
             `{worker}` runs and that every `serve` answers by what is served"
        )),
        Err(error) => Some(error.to_string()),
    }
}

/// The groups of its writers, and those of `embed` and `chunk` if the topics that they fill go, too. Kafka refuses while one has
/// a member.
async fn delete_groups(world: &World, unneeded: &[String]) -> Result<(), Failure> {
    let there = groups(&world.kafka).await?;
    let mut readers = Vec::new();
    for one in &world.engines {
        readers.extend(writers_of(one.kind, &world.names, &there));
    }
    if unneeded.contains(&world.generation.vectors()) {
        readers.push(TopicReader::embed(&world.generation));
    }
    if unneeded.contains(&world.generation.ledger()) {
        readers.push(TopicReader::chunk(&world.generation.chunking));
    }
    for reader in readers.into_iter().filter(|reader| there.contains(&reader.group)) {
        world.kafka.delete_group(&reader.group).await?;
    }
    Ok(())
}

/// The topics that no other generation needs, and nobody of whom the registry does not know.
fn topics_of(registry: &Registry, entry: &GenerationEntry, unknown: &UnknownReaders) -> Vec<String> {
    let others = registry.all_generations().filter(|other| {
        other.state != BuildState::Retired && (&other.index, &other.id) != (&entry.index, &entry.id)
    });
    let mut unneeded = own_topics(entry);
    for other in others {
        let needed = own_topics(other);
        unneeded.retain(|topic| !needed.contains(topic));
    }
    let needed = unknown.topics(&Generation::from(entry));
    unneeded.retain(|topic| !needed.contains(topic));
    unneeded
}

fn own_topics(entry: &GenerationEntry) -> Vec<String> {
    let generation = Generation::from(entry);
    vec![generation.vectors(), generation.chunks(), generation.ledger()]
}

#[cfg(test)]
mod tests {
    use generation::Cluster;
    use message::{FillSource, RegistryEntry};

    use super::super::others::tests::{author, generation};
    use super::*;

    fn entry(space: &str, instance: u32) -> GenerationEntry {
        generation(space, instance).entry("docs", FillSource::Vectors, &author())
    }

    fn registry(entries: &[&GenerationEntry]) -> Registry {
        let mut registry = Registry::default();
        for entry in entries {
            let entry = RegistryEntry::Generation((*entry).clone());
            registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
        }
        registry
    }

    #[test]
    fn topics_go_with_the_last_generation_that_needs_them() {
        let (old, resharded, other) = (entry("a", 0), entry("a", 1), entry("b", 0));
        let topics =
            |entries: &[&GenerationEntry]| topics_of(&registry(entries), &old, &UnknownReaders::default());
        assert_eq!(topics(&[&old, &resharded]), Vec::<String>::new());
        assert_eq!(topics(&[&old, &other]), [generation("a", 0).vectors()]);
        assert_eq!(topics(&[&old]).len(), 3);
        let gone = GenerationEntry { state: BuildState::Retired, ..resharded };
        assert_eq!(topics(&[&old, &gone]).len(), 3);
    }

    #[test]
    fn topics_stay_while_an_index_reads_them_of_which_the_registry_says_nothing() {
        let old = entry("a", 0);
        let registry = registry(&[&old]);
        let writers = UnknownReaders { writers: vec!["index-of-wiki".to_owned()], ..Default::default() };
        assert_eq!(topics_of(&registry, &old, &writers), Vec::<String>::new());
        let embedders = UnknownReaders { embedders: vec!["embed-for-wiki".to_owned()], ..Default::default() };
        assert_eq!(topics_of(&registry, &old, &embedders), [generation("a", 0).vectors()]);
    }

    #[test]
    fn an_engine_that_the_generation_was_written_to_has_to_be_named() {
        let generation = generation("a", 0);
        let names = |index: &str| Names::new(index, &generation).unwrap();
        let group =
            |worker, index| TopicReader::sink(worker, &names(index), &Cluster::known_by("uuid", "a")).group;
        let there = [group("index", "docs"), group("replicate", "docs")];
        let only = [EngineKind::Opensearch];
        let cause = unreached(&names("docs"), &there, &only).unwrap();
        assert!(cause.contains(&there[1]) && cause.contains("elasticsearch"), "{cause}");
        assert_eq!(unreached(&names("docs"), &there, &EngineKind::ALL), None);
        assert_eq!(unreached(&names("docs"), &there[..1], &only), None);
        assert_eq!(unreached(&names("wiki"), &there, &only), None);
    }

    #[test]
    fn an_index_stays_while_an_alias_leads_clients_outside_to_it() {
        let asked = |has_alias| asked_outside(EngineKind::Elasticsearch, "domain_vectors", has_alias);
        assert_eq!(asked(Ok(false)), None);
        let cause = asked(Ok(true)).unwrap();
        assert!(cause.contains("domain_vectors") && cause.contains("`replicate`"), "{cause}");
        // Whoever does not say that there is none may have one.
        let silent = SinkError::Unavailable { url: "u".to_owned(), cause: "c".to_owned(), retry_after: None };
        assert!(asked(Err(silent)).is_some());
    }

    #[test]
    fn what_is_left_of_a_retired_generation_may_go_and_nothing_of_one_that_was_begun_again() {
        use BuildState::{Building, Built, Failed, Paused, Retired, Retiring};
        assert!([Retiring, Retired].into_iter().all(may_go));
        assert!(![Building, Paused, Built, Failed].into_iter().any(may_go));
    }
}
