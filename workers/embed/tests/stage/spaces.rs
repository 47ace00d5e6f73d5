//! Several models beside each other: which are run, as the registry says.

use std::num::NonZeroUsize;
use std::time::Duration;

use embed::EncoderSource;
use generation::Generation;
use message::{BuildState, ChangeAuthor, Embedded, FillSource, Fingerprint, GenerationEntry, IndexMapping};
use model::{Encoder as _, Hashing};
use registry::{GenerationKey, Registry, RegistryWriter, read, rules};
use stream::LaneSettings;
use stream::memory::Memory;
use tokio::time::{sleep, timeout};

use crate::bench::{DEAD, PATIENCE, passage};

const INDEX: &str = "docs";

/// Hashed words of as many dimensions as an entry says; of 9 dimensions there are none.
#[derive(Clone)]
struct Sizes;

impl EncoderSource for Sizes {
    type Encoder = Hashing;

    fn local(&self) -> GenerationEntry {
        entry(4)
    }

    fn has(&self, entry: &GenerationEntry) -> Result<(), String> {
        if entry.dimension == 9 { Err("no such model".to_owned()) } else { Ok(()) }
    }

    fn open(&self, entry: &GenerationEntry) -> Result<Hashing, String> {
        self.has(entry)?;
        Ok(Hashing::new(NonZeroUsize::new(entry.dimension).unwrap()))
    }
}

fn chunking() -> Fingerprint {
    Fingerprint::of(&[("chunking", "c")])
}

fn entry(dimension: usize) -> GenerationEntry {
    let encoder = Hashing::new(NonZeroUsize::new(dimension).unwrap());
    let generation = Generation {
        space: encoder.space(&chunking()),
        chunking: chunking(),
        dimension,
        model: encoder.model_fingerprint(),
        name: format!("hashing {dimension}"),
        mapping: IndexMapping::of(3),
    };
    generation.entry(INDEX, FillSource::Chunks, &ChangeAuthor { by: "maria".to_owned(), at: 1 })
}

fn author() -> ChangeAuthor {
    ChangeAuthor { by: "maria".to_owned(), at: 2 }
}

fn put(broker: &Memory, text: &str) {
    broker.append(&stream::Outgoing { topic: Generation::from(&entry(4)).chunks(), ..passage(text) });
}

/// The dimensions of the vectors that were written to the topic of `entry`.
fn written(broker: &Memory, entry: &GenerationEntry) -> Vec<usize> {
    let records = broker.records(&Generation::from(entry).vectors());
    let chunk = |record: &stream::Record| match serde_json::from_slice(record.value.as_deref()?) {
        Ok(Embedded::Chunk(chunk)) => Some((chunk.space, chunk.vector.0.len())),
        _ => None,
    };
    let vectors: Vec<(Fingerprint, usize)> = records.iter().filter_map(chunk).collect();
    assert!(vectors.iter().all(|(space, _)| *space == entry.space), "two spaces in one topic");
    vectors.into_iter().map(|(_, length)| length).collect()
}

async fn change(
    broker: &Memory,
    rule: impl FnMut(&Registry) -> Result<Vec<message::RegistryEntry>, rules::RuleRefusal> + Send,
) {
    RegistryWriter::new(broker.clone(), INDEX).change(rule).await.unwrap();
}

async fn until(broker: &Memory, entry: &GenerationEntry, count: usize) {
    while written(broker, entry).len() < count {
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_second_model_fills_its_own_space_beside_the_first_and_follows_what_is_new() {
    let broker = Memory::default();
    let (old, new, foreign) = (entry(4), entry(8), entry(9));
    broker.create(&Generation::from(&old).chunks(), 2);
    for entry in [&old, &new, &foreign] {
        broker.create(&Generation::from(entry).vectors(), 2);
    }
    broker.create(DEAD, 1);
    broker.create(topics::MODELS, 1);
    put(&broker, "one");
    put(&broker, "two");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running =
        embed::follow(broker.clone(), Sizes, LaneSettings::default(), async { drop(stopped.await) });
    let driving = async {
        until(&broker, &old, 2).await;
        change(&broker, |registry| rules::adopt(registry, old.clone(), &author())).await;
        change(&broker, |registry| rules::start(registry, new.clone())).await;
        change(&broker, |registry| rules::start(registry, foreign.clone())).await;
        until(&broker, &new, 2).await;
        put(&broker, "three");
        until(&broker, &old, 3).await;
        until(&broker, &new, 3).await;
        // Nobody writes to a generation that is paused.
        let key = GenerationKey { index: INDEX, id: &new.id };
        change(&broker, |registry| rules::mark(registry, key, (BuildState::Paused, None), &author())).await;
        // The worker hears of it a little later.
        sleep(Duration::from_secs(1)).await;
        put(&broker, "four");
        until(&broker, &old, 4).await;
        sleep(Duration::from_millis(300)).await;
        assert_eq!(written(&broker, &new).len(), 3);
        drop(stop);
    };
    let (ended, ()) = timeout(PATIENCE, async { tokio::join!(running, driving) }).await.unwrap();
    ended.unwrap();
    assert_eq!((written(&broker, &old), written(&broker, &new)), (vec![4; 4], vec![8; 3]));
    // A model that is not on this machine is another one's work, and no failure.
    let key = GenerationKey { index: INDEX, id: &foreign.id };
    assert_eq!(read(&broker).await.unwrap().generation(key).unwrap().state, BuildState::Building);
    assert!(written(&broker, &foreign).is_empty());
}
