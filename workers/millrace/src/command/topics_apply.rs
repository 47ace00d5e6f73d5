//! `topics apply`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use generation::Generation;
use message::BuildState;
use process::Failure;
use serde_json::json;
use stream::Broker;
use stream::kafka::{Applied, Kafka, TopicSpec};

use crate::cli::{GenerationSettings, TopicsApply};
use crate::{show, world};

pub(super) async fn run(ask: TopicsApply) -> Result<ExitCode, Failure> {
    let kafka = Kafka::new(&ask.kafka);
    let generations = kept(&ask.generation, &kafka).await?;
    let wish = TopicWish {
        partitions: ask.partitions,
        replication: ask.replication,
        queries_days: Some(ask.queries_days),
    };
    let copies = apply(&kafka, &generations, wish, |done| tell(done, ask.json)).await?;
    if copies == 1 {
        show::note(
            "WARNING: each record has ONE copy. When that broker's disk is lost, everything that Kafka holds is lost: documents \
             are read and embedded again (workers/DISASTERS.md). Use three brokers in production; then --replication 3 \
             (the default) keeps every record through the loss of one",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Every generation whose topics are needed: those that the registry holds and that are not retired, or while it holds
/// none that of the bundle on this machine.
async fn kept<B: Broker>(settings: &GenerationSettings, broker: &B) -> Result<Vec<Generation>, Failure> {
    let registry = registry::look(broker).await?;
    let there = registry.generations(&settings.index.index);
    let kept: Vec<Generation> =
        there.filter(|entry| entry.state != BuildState::Retired).map(Generation::from).collect();
    if kept.is_empty() { Ok(vec![world::local(settings)?]) } else { Ok(kept) }
}

/// A completed step.
pub(super) enum Step<'a> {
    Proved,
    Topic(&'a TopicSpec, Applied),
}

/// What the topics' files leave to who applies them.
#[derive(Clone, Copy, Debug)]
pub(super) struct TopicWish {
    /// Partitions of the topics that hold documents' histories.
    pub(super) partitions: i32,
    /// Copies of each record; none for one on each broker, at most three.
    pub(super) replication: Option<i32>,
    /// Days for which `queries` keeps its records; none for who is not asked: a topic that is there stays as it is then.
    pub(super) queries_days: Option<u32>,
}

/// Proves that the broker gives compaction and transactions, and applies every topic; returns the number of copies
/// requested of each record.
pub(super) async fn apply(
    kafka: &Kafka,
    generations: &[Generation],
    wish: TopicWish,
    tell: impl Fn(Step<'_>) -> Result<(), Failure>,
) -> Result<i32, Failure> {
    let replication = match wish.replication {
        Some(replication) => replication,
        None => kafka.default_copies().await?,
    };
    kafka.prove(replication).await?;
    tell(Step::Proved)?;
    let mut all = BTreeMap::new();
    for generation in generations {
        let topics = topics::all(&generation.chunking, &generation.space)?;
        all.extend(topics.into_iter().map(|topic| (topic.name.clone(), topic)));
    }
    for topic in all.into_values() {
        let topic = match wish.queries_days {
            Some(days) if topic.name == topics::QUERIES => topic.kept_for(days),
            None if topic.name == topics::QUERIES && kafka.existing(&topic.name).await?.is_some() => continue,
            Some(_) | None => topic,
        };
        let partitions = topic.partitions.unwrap_or(wish.partitions);
        let spec = TopicSpec { name: topic.name, partitions, settings: topic.settings };
        let applied = kafka.apply(&spec, replication).await?;
        tell(Step::Topic(&spec, applied))?;
    }
    Ok(replication)
}

fn tell(step: Step<'_>, as_json: bool) -> Result<(), Failure> {
    let (spec, applied) = match step {
        Step::Topic(spec, applied) => (spec, applied),
        Step::Proved if as_json => return Ok(()),
        Step::Proved => {
            show::line("the broker gives compaction and transactions");
            return Ok(());
        }
    };
    let (word, changed) = match applied {
        Applied::Created => ("created", Vec::new()),
        Applied::Changed(settings) => ("changed", settings),
        Applied::Unchanged => ("unchanged", Vec::new()),
    };
    let TopicSpec { name, partitions, .. } = spec;
    if as_json {
        return Ok(show::json(
            &json!({ "topic": name, "partitions": partitions, "done": word, "settings": changed }),
        )?);
    }
    show::line(&format!("{word:<10} {name:<24} {partitions:>3} partitions  {}", changed.join(" ")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser as _;
    use message::{GenerationEntry, RegistryEntry};
    use stream::Outgoing;
    use stream::memory::Memory;

    use super::*;
    use crate::cli::{Cli, OperatorCommand, TopicsCommand};
    use crate::command::keep_up::made::Made;

    /// What is asked on a machine with this bundle.
    fn settings(model: &Path) -> GenerationSettings {
        let model = model.to_str().unwrap();
        let words =
            ["millrace", "topics", "apply", "--index", "docs", "--encoder", "hashing", "--model", model];
        let OperatorCommand::Topics(TopicsCommand::Apply(ask)) = Cli::parse_from(words).ask else {
            panic!("another command")
        };
        ask.generation
    }

    /// A broker whose registry holds these generations.
    fn broker(entries: Vec<GenerationEntry>) -> Memory {
        let broker = Memory::default();
        broker.create(topics::MODELS, 1);
        for entry in entries.into_iter().map(RegistryEntry::Generation) {
            let (topic, key) = (topics::MODELS.to_owned(), Some(entry.key().into_bytes()));
            let value = Some(serde_json::to_vec(&entry).unwrap());
            broker.append(&Outgoing { topic, key, value, headers: None });
        }
        broker
    }

    /// The models of those generations whose topics are needed.
    async fn models(broker: &Memory) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fixture::judged::bundle(folder.path(), "local", 8).unwrap();
        let kept = kept(&settings(folder.path()), broker).await.unwrap();
        let mut models: Vec<String> = kept.into_iter().map(|generation| generation.name).collect();
        models.sort();
        models
    }

    #[tokio::test]
    async fn topics_are_kept_for_every_generation_of_the_index_that_is_not_gone() {
        let made = Made::default()
            .generation("served", 0, BuildState::Built, 1)
            .generation("new", 0, BuildState::Building, 2)
            .generation("waiting", 0, BuildState::Paused, 3)
            .generation("broken", 0, BuildState::Failed, 4)
            .generation("going", 0, BuildState::Retiring, 5)
            .generation("gone", 0, BuildState::Retired, 6);
        let mut entries: Vec<GenerationEntry> = made.registry().all_generations().cloned().collect();
        let others = Made::default().generation("others", 0, BuildState::Built, 7).registry();
        entries.extend(
            others
                .all_generations()
                .map(|entry| GenerationEntry { index: "wiki".to_owned(), ..entry.clone() }),
        );
        assert_eq!(models(&broker(entries)).await, ["broken", "going", "new", "served", "waiting"]);
    }

    #[tokio::test]
    async fn while_the_registry_says_nothing_they_are_those_of_the_bundle_on_this_machine() {
        assert_eq!(models(&Memory::default()).await, ["local"]);
        let gone = Made::default().generation("gone", 0, BuildState::Retired, 1).registry();
        assert_eq!(models(&broker(gone.all_generations().cloned().collect())).await, ["local"]);
    }
}
