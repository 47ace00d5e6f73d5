//! `generation resume`: goes on where everybody stood, or says first what is done again where that is forgotten.
//!
//! Kafka forgets the offsets of a group that has had no member for 7 days. Indexes whose writer is forgotten hold what nobody knows
//! the place of, and the writer would refuse to go on: they are deleted, and filled from the start of the log. An `embed` that is
//! forgotten embeds the whole log again. `documents` keeps requests for 7 days, too: those that `chunk` had not handled are gone
//! then, and are asked for again by what its ledger lacks.

use std::process::ExitCode;

use generation::{Target, TopicReader};
use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::{ForgottenFill, upstream_fillers};
use sink::{Reader, SinkError};
use stream::kafka::{Kafka, committed_offsets};
use stream::{Broker, StreamError};

use super::start::{ask_for_all, estimate, with_barrier};
use super::{Barrier, Ground, mark};
use crate::cli::ResumeGeneration;
use crate::show;
use crate::world::World;

pub(super) async fn run(ask: &ResumeGeneration) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.mark.ask);
    let registry = ground.registry().await?;
    let entry = ground.target(&registry, Some(&ask.mark.id))?;
    if !matches!(entry.state, BuildState::Paused | BuildState::Failed) {
        return mark(&ask.mark, BuildState::Building, None).await;
    }
    let world = ground.world(&entry)?;
    let anew = anew(&world, &entry).await?;
    if anew.has_cost() {
        let base = ground.served(&registry).unwrap_or_else(|| entry.clone());
        let whole = estimate(&ground.world(&base)?, &base).await?;
        for line in anew.told(whole.passages, whole.tokens) {
            show::note(&line);
        }
        if !ask.yes {
            show::note("nothing was changed: run it again with --yes");
            return Ok(ExitCode::FAILURE);
        }
    }
    let barrier = begin_again(&world, &entry, &anew).await?;
    mark(&ask.mark, BuildState::Building, barrier).await
}

/// What is done again when a generation goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct BegunAnew {
    /// Engines whose indexes hold what nobody knows the place of.
    engines: Vec<&'static str>,
    /// Whether the log is embedded again.
    embeds: bool,
    /// Whether `chunk` may lack requests that are gone.
    asks: bool,
}

impl BegunAnew {
    /// What is done again of `entry`, whose world this is. `writers` has the groups of each engine, and `places` tells of a group
    /// the next record of each partition; none where it is forgotten, or was never known.
    async fn of<K: Broker, O, E: Reader>(
        world: &World<K, O, E>,
        (entry, writers): (&GenerationEntry, &[Vec<TopicReader>]),
        places: impl AsyncFn(&TopicReader) -> Result<Vec<Option<i64>>, StreamError>,
    ) -> Result<Self, Failure> {
        let mut anew = Self::default();
        for (one, readers) in world.engines.iter().zip(writers) {
            let mut is_known = false;
            for reader in readers {
                is_known |= places(reader).await?.iter().any(Option::is_some);
            }
            if !is_known && holds_something(&one.engine).await? {
                anew.engines.push(one.kind.name());
            }
        }
        let mut fillers = Vec::new();
        for (_, reader) in upstream_fillers(entry) {
            let places = places(&reader).await?;
            fillers.push((reader, places));
        }
        let ForgottenFill { embeds, asks } = ForgottenFill::of(&world.kafka, entry, &fillers).await?;
        Ok(Self { embeds, asks, ..anew })
    }

    /// Whether something is deleted or embedded again, which a person is asked for first.
    fn has_cost(&self) -> bool {
        self.embeds || !self.engines.is_empty()
    }

    /// What it costs, for people, where so much is served.
    fn told(&self, passages: u64, tokens: u64) -> Vec<String> {
        let mut told = Vec::new();
        if !self.engines.is_empty() {
            told.push(format!(
                "nothing is known of how far {} was: its indexes of this generation are deleted, and about {passages} passages are \
                 written again, from the start of the log",
                self.engines.join(" and ")
            ));
        }
        if self.embeds {
            told.push(format!(
                "nothing is known of how far `embed` was: about {passages} passages, {tokens} tokens, are embedded again"
            ));
        }
        told
    }
}

async fn anew(world: &World, entry: &GenerationEntry) -> Result<BegunAnew, Failure> {
    let mut writers = Vec::with_capacity(world.engines.len());
    for one in &world.engines {
        writers.push(world.writers(one).await?);
    }
    let next = async |reader: &TopicReader| next_records(&world.kafka, reader).await;
    BegunAnew::of(world, (entry, &writers), next).await
}

async fn next_records(kafka: &Kafka, reader: &TopicReader) -> Result<Vec<Option<i64>>, StreamError> {
    let committed = committed_offsets(kafka, &reader.group, &reader.topic).await?;
    Ok(committed.into_iter().map(|committed| committed.map(|committed| committed.next)).collect())
}

/// Whether one of the indexes holds anything.
async fn holds_something<E: Reader>(engine: &E) -> Result<bool, SinkError> {
    unless_missing(engine.refresh().await)?;
    for target in [Target::Chunks, Target::Documents] {
        if unless_missing(engine.count(target).await)?.is_some_and(|count| count > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unless_missing<T>(answer: Result<T, SinkError>) -> Result<Option<T>, SinkError> {
    match answer {
        Err(SinkError::Missing { .. }) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Makes room for what is written again, and asks for what is gone. A new barrier, where something was asked for.
async fn begin_again(
    world: &World,
    entry: &GenerationEntry,
    anew: &BegunAnew,
) -> Result<Option<Barrier>, Failure> {
    for one in world.engines.iter().filter(|one| anew.engines.contains(&one.kind.name())) {
        for target in [Target::Chunks, Target::Documents] {
            one.engine.delete_index(target).await?;
        }
    }
    if !anew.asks {
        return Ok(None);
    }
    show::note(
        "requests to `chunk` may be gone that it had not handled: it is asked for everything of the bucket that its ledger lacks",
    );
    ask_for_all(world).await?;
    Ok(Some(with_barrier(&world.kafka, entry.clone()).await?.barrier))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use message::{ChangeAuthor, Embedded, FillSource, Headers, RegistryEntry, Version};
    use stream::{BeginGroup as _, Committed, Outgoing};

    use super::super::behind_barrier;
    use super::*;
    use crate::bench::{self, Bench};
    use crate::cli::{Cli, GenerationCommand, OperatorCommand};

    /// The groups that write to the engines of a world in memory.
    fn writers(world: &Bench) -> Vec<Vec<TopicReader>> {
        let engines = world.engines.iter();
        engines.map(|one| vec![TopicReader::former(one.kind.worker(), &world.names)]).collect()
    }

    async fn places_of(world: &Bench, reader: &TopicReader) -> Result<Vec<Option<i64>>, StreamError> {
        let committed = |partition| world.kafka.committed(&reader.group, &reader.topic, partition);
        let partitions = world.kafka.partitions(&reader.topic).await?;
        Ok((0..partitions).map(|partition| committed(partition).map(|committed| committed.next)).collect())
    }

    fn entry(world: &Bench, source: FillSource) -> GenerationEntry {
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let barrier = [(topics::DOCUMENTS.to_owned(), vec![1; 3])].into();
        GenerationEntry { barrier, ..world.generation.entry("m", source, &author) }
    }

    /// What a generation that is filled from there would do again.
    async fn found(world: &Bench, source: FillSource) -> BegunAnew {
        let entry = entry(world, source);
        let places = async |reader: &TopicReader| places_of(world, reader).await;
        BegunAnew::of(world, (&entry, &writers(world)), places).await.unwrap()
    }

    async fn commits(world: &Bench, reader: &TopicReader) {
        let partitions = world.kafka.partitions(&reader.topic).await.unwrap();
        let places = (0..partitions).map(|_| Committed { next: 1, ..Committed::default() }).collect();
        world.kafka.begin(&reader.group, &reader.topic, places).await.unwrap();
    }

    /// A document in both engines and in the log of vectors.
    async fn filled() -> Bench {
        let world = bench::world().await;
        let document = world.everywhere("a", &["one"]).await;
        let chunk = bench::chunk(&document, "one", Version::first(1));
        let headers = Headers::new(document, "").at(Version::first(1));
        let (topic, id) = (world.generation.vectors(), chunk.chunk.id.to_string());
        world.kafka.append(&Outgoing::json(&topic, &id, &Embedded::Chunk(chunk), headers).unwrap());
        world
    }

    #[tokio::test]
    async fn what_is_forgotten_begins_anew_and_a_person_is_asked_for_it() {
        let world = filled().await;
        let engines = vec!["opensearch", "elasticsearch"];
        let anew = found(&world, FillSource::Reconcile).await;
        assert_eq!(anew, BegunAnew { engines: engines.clone(), embeds: true, asks: false });
        let told = anew.told(140, 7_000);
        assert!(told[0].contains("opensearch and elasticsearch") && told[0].contains("140"), "{told:?}");
        assert!(told[1].contains("140 passages, 7000 tokens, are embedded again"), "{told:?}");
        // Others fill the log that this one is filled from.
        let vectors = found(&world, FillSource::Vectors).await;
        assert_eq!(vectors, BegunAnew { engines, ..BegunAnew::default() });

        for reader in writers(&world).iter().flatten() {
            commits(&world, reader).await;
        }
        let embeds = found(&world, FillSource::Chunks).await;
        assert_eq!(embeds, BegunAnew { embeds: true, ..BegunAnew::default() });
        assert!(embeds.has_cost());
        commits(&world, &TopicReader::embed(&world.generation)).await;
        let known = found(&world, FillSource::Reconcile).await;
        assert_eq!(known, BegunAnew::default());
        assert!(!known.has_cost() && known.told(140, 7_000).is_empty());
    }

    #[tokio::test]
    async fn what_never_began_costs_nothing() {
        let world = bench::world().await;
        assert_eq!(found(&world, FillSource::Reconcile).await, BegunAnew::default());
    }

    #[test]
    fn what_is_only_asked_for_again_costs_nothing() {
        let anew = BegunAnew { asks: true, ..BegunAnew::default() };
        assert!(!anew.has_cost(), "nothing is deleted or embedded again");
    }

    #[tokio::test]
    async fn what_is_asked_for_again_lies_before_the_new_barrier() {
        let entry = entry(&bench::world().await, FillSource::Reconcile);
        let entries = || vec![RegistryEntry::Generation(entry.clone())];
        let barrier: Barrier = [(topics::DOCUMENTS.to_owned(), vec![9; 3])].into();
        let moved = GenerationEntry { barrier: barrier.clone(), ..entry.clone() };
        assert_eq!(behind_barrier(entries(), Some(&barrier)), [RegistryEntry::Generation(moved)]);
        assert_eq!(behind_barrier(entries(), None), entries());
    }

    #[test]
    fn only_who_resumes_says_yes() {
        let parsed = |verb, more: &[&str]| {
            let words = ["millrace", "generation", verb, "0123456789ab", "--model", "m"];
            Cli::try_parse_from(words.iter().chain(more)).map(|cli| cli.ask)
        };
        let OperatorCommand::Generation(command) = parsed("resume", &["--yes"]).unwrap() else {
            panic!("another command")
        };
        let GenerationCommand::Resume(ask) = *command else { panic!("another command") };
        assert!(ask.yes);
        assert!(parsed("pause", &["--yes"]).is_err());
    }
}
