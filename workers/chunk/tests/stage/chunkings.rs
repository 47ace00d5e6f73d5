//! Several chunkings beside each other: which are run, as the registry says, and which references each answers.

use std::time::Duration;

use chunk::{ChunkTools, SplitterSource};
use generation::Generation;
use message::{
    BuildState, ChangeAuthor, DocumentReference, FillSource, GenerationEntry, IndexMapping, Passage,
    RegistryEntry,
};
use model::ModelSplitter;
use registry::{GenerationKey, Registry, RegistryWriter, read, rules};
use sandbox::InProcess;
use stream::memory::Memory;
use stream::{LaneSettings, Outgoing};
use tokio::time::{sleep, timeout};

use crate::bench::{Bench, LARGEST, MOST, PATIENCE, chunking, created, limits, look_again, splitter, until};

const INDEX: &str = "docs";

/// Splitters by the name of a generation: one for long passages, one for short ones, none for what is elsewhere.
#[derive(Clone)]
struct Cuts;

impl SplitterSource for Cuts {
    fn local(&self) -> GenerationEntry {
        entry("long")
    }

    fn has(&self, entry: &GenerationEntry) -> Result<(), String> {
        if entry.name == "elsewhere" { Err("no such model".to_owned()) } else { Ok(()) }
    }

    fn open(&self, entry: &GenerationEntry) -> Result<ModelSplitter, String> {
        self.has(entry)?;
        Ok(splitter(if entry.name == "long" { 64 } else { 16 }, MOST))
    }
}

fn entry(name: &str) -> GenerationEntry {
    let generation = Generation {
        space: chunking(&format!("space {name}")),
        chunking: chunking(name),
        dimension: 2,
        model: chunking(&format!("model {name}")),
        name: name.to_owned(),
        mapping: IndexMapping::of(4),
    };
    generation.entry(INDEX, FillSource::Reconcile, &author())
}

fn author() -> ChangeAuthor {
    ChangeAuthor { by: "maria".to_owned(), at: 1 }
}

/// A reference that is meant for one chunking alone.
fn only(name: &str, reference: Outgoing) -> Outgoing {
    let mut inner: DocumentReference = serde_json::from_slice(reference.value.as_deref().unwrap()).unwrap();
    inner.only = Some(chunking(name));
    Outgoing { value: Some(serde_json::to_vec(&inner).unwrap()), ..reference }
}

/// The passages of a chunking, by how many tokens each has.
fn passages(broker: &Memory, name: &str) -> Vec<u32> {
    let records = broker.records(&topics::chunks(&chunking(name)));
    let chunk = |record: &stream::Record| match serde_json::from_slice(record.value.as_deref()?) {
        Ok(Passage::Chunk(chunk)) => Some(chunk.tokens),
        _ => None,
    };
    records.iter().filter_map(chunk).collect()
}

/// How many ledger entries a chunking has.
fn entered(broker: &Memory, name: &str) -> usize {
    broker.records(&topics::ledger(&chunking(name))).len()
}

async fn bench() -> Bench {
    let bench = Bench::new(2).await;
    for name in ["long", "short", "elsewhere"] {
        bench.broker.create(&topics::chunks(&chunking(name)), 2);
        bench.broker.create(&topics::ledger(&chunking(name)), 2);
    }
    bench.broker.create(topics::MODELS, 1);
    bench
}

async fn change(
    broker: &Memory,
    rule: impl FnMut(&Registry) -> Result<Vec<RegistryEntry>, rules::RuleRefusal> + Send,
) {
    RegistryWriter::new(broker.clone(), INDEX).change(rule).await.unwrap();
}

/// Runs the worker while `driving` lasts.
async fn while_running(bench: &Bench, driving: impl Future<Output = ()>) {
    let tools = ChunkTools {
        store: bench.store.clone(),
        extractor: InProcess::default(),
        splitters: Cuts,
        limits: limits(LARGEST),
        copies: bench.copies(),
        lanes: LaneSettings::default(),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = chunk::follow(bench.broker.clone(), tools, async { drop(stopped.await) });
    let driving = async {
        driving.await;
        drop(stop);
    };
    timeout(PATIENCE, async { tokio::join!(running, driving) }).await.unwrap().0.unwrap();
}

#[tokio::test]
async fn documents_are_cut_anew_beside_the_old_passages_and_live_ones_for_both() {
    let bench = bench().await;
    let (broker, words) = (&bench.broker, "word ".repeat(40));
    bench.put("one.md", words.clone()).await;
    broker.append(&created("one.md"));
    while_running(&bench, async {
        until(|| entered(broker, "long") == 1).await;
        change(broker, |registry| rules::adopt(registry, entry("long"), &author())).await;
        change(broker, |registry| rules::start(registry, entry("short"))).await;
        change(broker, |registry| rules::start(registry, entry("elsewhere"))).await;
        // A group that is new begins at the start of the topic, and finds the document that came before it.
        until(|| entered(broker, "short") == 1).await;
        bench.put("two.md", words).await;
        broker.append(&created("two.md"));
        until(|| entered(broker, "long") == 2 && entered(broker, "short") == 2).await;
        // Nobody cuts for a generation that is paused.
        let id = entry("short").id;
        let key = GenerationKey { index: INDEX, id: &id };
        change(broker, |registry| rules::mark(registry, key, (BuildState::Paused, None), &author())).await;
        // The worker hears of it a little later.
        sleep(Duration::from_secs(1)).await;
        bench.put("three.md", "Three.").await;
        broker.append(&created("three.md"));
        until(|| entered(broker, "long") == 3).await;
        sleep(Duration::from_millis(300)).await;
        assert_eq!(entered(broker, "short"), 2);
    })
    .await;
    let (long, short) = (passages(broker, "long"), passages(broker, "short"));
    assert!(long.iter().any(|tokens| *tokens > 16) && short.len() > long.len(), "{long:?} {short:?}");
    assert!(short.iter().all(|tokens| *tokens <= 16), "{short:?}");
    // A tokenizer that is not on this machine is another one's work, and no failure.
    let id = entry("elsewhere").id;
    let registry = read(broker).await.unwrap();
    let elsewhere = registry.generation(GenerationKey { index: INDEX, id: &id }).unwrap();
    assert_eq!((elsewhere.state, entered(broker, "elsewhere")), (BuildState::Building, 0));
    assert!(bench.dead_letters().is_empty());
}

#[tokio::test]
async fn what_fills_one_chunking_does_not_make_the_others_look() {
    let bench = bench().await;
    let broker = &bench.broker;
    change(broker, |registry| rules::adopt(registry, entry("long"), &author())).await;
    change(broker, |registry| rules::start(registry, entry("short"))).await;
    bench.put("old.md", "Old.").await;
    bench.put("new.md", "New.").await;
    broker.append(&only("short", look_again("old.md")));
    broker.append(&only("long", look_again("new.md")));
    // What nobody runs any more is no refusal.
    broker.append(&only("gone", look_again("old.md")));
    bench.put("both.md", "Both.").await;
    broker.append(&look_again("both.md"));
    while_running(&bench, async {
        until(|| entered(broker, "long") == 2 && entered(broker, "short") == 2).await;
        sleep(Duration::from_millis(300)).await;
    })
    .await;
    let keys = |name: &str| {
        let records = broker.records(&topics::ledger(&chunking(name)));
        let mut keys: Vec<String> = records.iter().map(stream::Record::key_text).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(keys("long"), ["docs/both.md", "docs/new.md"]);
    assert_eq!(keys("short"), ["docs/both.md", "docs/old.md"]);
    assert!(bench.dead_letters().is_empty());
}
