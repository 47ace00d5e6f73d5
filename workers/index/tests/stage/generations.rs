//! Which generations a writer fills, and who has the outside aliases: as the registry says.

use generation::{Generation, MAPPING_VERSION, Names, Target};
use message::{BuildState, ChangeAuthor, FillSource, GenerationEntry, IndexMapping, RegistryEntry};
use registry::{GenerationKey, Registry, RegistryWriter, read, rules};
use sink::{BuildingSettings, MemoryEngine as Engine, Sink, WriteSettings};
use stream::LaneSettings;
use stream::memory::Memory;
use tokio::time::{Duration, sleep, timeout};

use crate::{DEAD, PATIENCE, append_to, documents, generation, held};

const INDEX: &str = "docs";

pub(crate) fn names(generation: &Generation) -> Names {
    Names::new(INDEX, generation).unwrap()
}

/// The generation that is there, and one beside it with more shards.
pub(crate) fn both() -> [Generation; 2] {
    let first = Generation { mapping: IndexMapping::of(MAPPING_VERSION), ..generation() };
    let mapping = IndexMapping { shards: Some(2), ..first.mapping.clone() };
    [first.clone(), Generation { mapping, ..first }]
}

pub(crate) fn author() -> ChangeAuthor {
    ChangeAuthor { by: "maria".to_owned(), at: 1 }
}

pub(crate) fn entry(generation: &Generation) -> GenerationEntry {
    generation.entry(INDEX, FillSource::Vectors, &author())
}

pub(crate) fn broker() -> Memory {
    let broker = Memory::default();
    broker.create(&generation().vectors(), 4);
    broker.create(DEAD, 1);
    broker.create(topics::MODELS, 1);
    for n in 0..8 {
        append_to(&broker, &generation().vectors(), &format!("k{n}"));
    }
    broker
}

pub(crate) async fn change(
    broker: &Memory,
    rule: impl FnMut(&Registry) -> Result<Vec<RegistryEntry>, rules::RuleRefusal> + Send,
) {
    RegistryWriter::new(broker.clone(), INDEX).change(rule).await.unwrap();
}

/// Runs a worker over `engine` while `driving` goes on.
pub(crate) async fn run(broker: &Memory, engine: &(impl Sink + Clone), driving: impl Future<Output = ()>) {
    let (done, stopped) = tokio::sync::oneshot::channel::<()>();
    let settings = WriteSettings {
        worker: "index",
        lanes: LaneSettings::default(),
        building: BuildingSettings::default(),
    };
    let running = sink::run(broker.clone(), engine.clone(), settings, async { drop(stopped.await) });
    let driven = async {
        driving.await;
        drop(done);
    };
    let (ended, ()) = timeout(PATIENCE, async { tokio::join!(running, driven) }).await.expect("done in time");
    ended.unwrap();
}

/// Waits until the outside aliases belong to `engine`.
async fn named(engine: &Engine) {
    let names = engine.names();
    for target in [Target::Chunks, Target::Documents] {
        while engine.holder(&names.outside_alias(target)) != Some(names.physical(target)) {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn a_second_generation_is_filled_beside_the_first_and_the_aliases_follow_what_is_served() {
    let (broker, [first, second]) = (broker(), both());
    let old = Engine::new(names(&first));
    let new = old.over(names(&second));
    run(&broker, &old, async {
        // No registry yet: what the worker was started with.
        documents(&old, 8).await;
        named(&old).await;
        change(&broker, |registry| rules::adopt(registry, entry(&first), &author())).await;
        change(&broker, |registry| rules::start(registry, entry(&second))).await;
        documents(&new, 8).await;
        append_to(&broker, &first.vectors(), "late");
        documents(&old, 9).await;
        documents(&new, 9).await;
        // The one that is built never takes an alias.
        named(&old).await;
        let key = GenerationKey { index: INDEX, id: &second.short() };
        change(&broker, |registry| rules::mark(registry, key, (BuildState::Built, None), &author())).await;
        for (key, served) in [(second.short(), &new), (first.short(), &old), (second.short(), &new)] {
            let key = GenerationKey { index: INDEX, id: &key };
            change(&broker, |registry| rules::promote(registry, key, 0, &author())).await;
            named(served).await;
        }
    })
    .await;
    assert_eq!((held(&old).await.len(), held(&new).await.len()), (9, 9));
}

#[tokio::test]
async fn what_another_release_writes_is_left_alone_and_marked_by_nobody() {
    let (broker, [first, second]) = (broker(), both());
    let foreign = Generation { mapping: IndexMapping::of(MAPPING_VERSION + 1), ..second };
    let engine = Engine::new(names(&first));
    run(&broker, &engine, async {
        change(&broker, |registry| rules::adopt(registry, entry(&first), &author())).await;
        change(&broker, |registry| rules::start(registry, entry(&foreign))).await;
        documents(&engine, 8).await;
        sleep(Duration::from_secs(1)).await;
    })
    .await;
    let foreign = names(&foreign);
    assert!(engine.over(foreign.clone()).ensure().await.unwrap().chunks.created, "the index was created");
    let registry = read(&broker).await.unwrap();
    let key = GenerationKey { index: INDEX, id: &foreign.generation().short() };
    assert_eq!(registry.generation(key).unwrap().state, BuildState::Building);
}
