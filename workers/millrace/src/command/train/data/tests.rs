//! The command's core over a broker, a store and an engine in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use eval::beir::RetrievalSet;
use generation::{Generation, Names};
use message::{
    Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Headers, Passage,
    Placement, Query, Status, Vector, Version, content_digest,
};
use model::{Encoder as _, Hashing, Role};
use objects::{Look, MemoryStore, Store as _};
use sink::{Action, MemoryEngine, Sink as _, action_of, cosine};
use stream::{Boottime, Outgoing};
use training::{DataManifest, DataSplit, GoldenSet, PairSettings, TrainingPair};

use super::job::{self, DataJob, PreparedData};
use super::mine::Miner;
use crate::bench::{self, BUCKET, Bench};

/// Numbers of a vector.
const DIMENSION: usize = 512;
/// Passages of a document.
const PASSAGES: usize = 4;

fn settings() -> PairSettings {
    PairSettings { least_questions: 5, ..PairSettings::default() }
}

/// Numbers that are always the same (the constants of Knuth's MMIX generator).
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn written(number: u64) -> String {
        number.to_string().bytes().map(|digit| char::from(b'a' + (digit - b'0'))).collect()
    }

    /// A word that no other document has.
    fn own(&mut self, document: u64) -> String {
        Self::written(1_000 + document * 40 + self.below(40))
    }

    /// A word of the document's own, or one that all have.
    fn word(&mut self, document: u64) -> String {
        if self.below(10) < 6 { self.own(document) } else { Self::written(self.below(300)) }
    }

    /// A title or a heading.
    fn heading(&mut self, document: u64) -> String {
        (0..4).map(|_| self.own(document)).collect::<Vec<_>>().join(" ")
    }

    fn words(&mut self, document: u64, count: usize) -> Vec<String> {
        (0..count).map(|_| self.word(document)).collect()
    }
}

fn key(number: u64) -> String {
    format!("manual-{number:03}.md")
}

/// Passages of a document, each below the title and a heading of its own.
fn passages(number: u64) -> (String, Vec<(Vec<String>, String)>) {
    let mut draws = Draws(number + 1);
    let title = draws.heading(number);
    let passages = (0..PASSAGES).map(|_| {
        let heading = draws.heading(number);
        let sentences = (0..6).map(|_| format!("It {}.", draws.words(number, 11).join(" ")));
        let text = sentences.collect::<Vec<_>>().join(" ");
        (vec![title.clone(), heading], text)
    });
    let passages = passages.collect();
    (title, passages)
}

fn chunk(document: &DocumentId, (heading_path, text): (Vec<String>, String)) -> Chunk {
    let id = ChunkId::derive(document, &heading_path, &text, 0);
    Chunk { id, heading_path, ..Chunk::new(document.clone(), Version::first(1), &text) }
}

fn chunks(number: u64) -> Vec<Chunk> {
    let document = bench::document(&key(number));
    passages(number).1.into_iter().map(|passage| chunk(&document, passage)).collect()
}

fn append(world: &Bench, document: &DocumentId, key: &str, passage: &Passage) {
    let headers = Headers::new(document.clone(), "t").at(Version::first(1));
    world.kafka.append(&Outgoing::json(&world.generation.chunks(), key, passage, headers).unwrap());
}

/// Writes the passages of a document and its own record, as `chunk` does.
fn says(world: &Bench, number: u64) {
    let document = bench::document(&key(number));
    let chunks = chunks(number);
    let placed = chunks.iter().map(|chunk| Placement { id: chunk.id.clone(), start: 0, end: 1 }).collect();
    for chunk in chunks {
        append(world, &document, chunk.id.clone().as_str(), &Passage::Chunk(chunk));
    }
    let record = DocumentRecord::new(document.clone(), Version::first(1), Status::Live);
    let record = DocumentRecord { title: Some(passages(number).0), chunks: placed, ..record };
    append(world, &document, document.as_str(), &Passage::Document(record));
}

async fn corpus(documents: u64) -> Bench {
    let world = bench::world().await;
    (0..documents).for_each(|number| says(&world, number));
    world
}

fn job<'a>(world: &'a Bench, settings: &'a PairSettings) -> DataJob<'a, stream::memory::Memory, MemoryStore> {
    DataJob {
        kafka: &world.kafka,
        store: &world.store,
        bucket: BUCKET,
        index: "docs",
        generation: &world.generation,
        settings,
    }
}

async fn prepared(world: &Bench) -> PreparedData {
    job(world, &settings()).prepare().await.unwrap()
}

async fn refused(world: &Bench, settings: &PairSettings) -> String {
    let Err(failure) = job(world, settings).prepare().await else { panic!("it was prepared") };
    failure.to_string()
}

/// Prepares and puts; says what was made.
async fn put(world: &Bench) -> DataManifest {
    let (settings, prepared) = (settings(), prepared(world).await);
    let job = job(world, &settings);
    let made = job.made(&prepared.plan).unwrap();
    let place = job.put(&made, &prepared).await.unwrap();
    assert_eq!(place, format!("{BUCKET}/.millrace/training/{}/", made.manifest.digest));
    made.manifest
}

/// Every object below `.millrace/`, by its key.
async fn stored(store: &MemoryStore) -> BTreeMap<String, Vec<u8>> {
    let (mut listing, mut all) = (store.list(BUCKET, ".millrace/"), BTreeMap::new());
    while let Some(entries) = listing.next().await.unwrap() {
        for entry in entries {
            let object = DocumentId::new(BUCKET, &entry.key).unwrap();
            let Look::Found { bytes, .. } = store.look(&object, None, 1 << 24).await.unwrap() else {
                panic!("{object} is not there")
            };
            all.insert(entry.key, bytes.to_vec());
        }
    }
    all
}

#[tokio::test]
async fn data_is_put_with_its_manifest_and_the_golden_set_is_frozen() {
    let world = corpus(60).await;
    let manifest = put(&world).await;
    let stored = stored(&world.store).await;
    let prefix = format!(".millrace/training/{}/", manifest.digest);
    let read: DataManifest = serde_json::from_slice(&stored[&format!("{prefix}manifest.json")]).unwrap();
    assert_eq!(read, manifest);
    assert_eq!(manifest.documents.len(), 60);
    for (name, digest) in &manifest.files {
        assert_eq!(content_digest(&stored[&format!("{prefix}{name}")]), *digest, "{name}");
    }
    let golden = GoldenSet::read("", &stored[".millrace/training/golden/docs.json"]).unwrap();
    assert_eq!(
        (golden.data.as_str(), golden.questions.len()),
        (manifest.digest.as_str(), manifest.counts.golden)
    );
    assert_eq!(stored.len(), manifest.files.len() + 2);
    // Asked again, nothing changes.
    assert_eq!(put(&world).await, manifest);
    assert_eq!(self::stored(&world.store).await, stored);
}

#[tokio::test]
async fn what_is_in_a_folder_can_be_trained_on_and_measured_by() {
    let (world, folder) = (corpus(60).await, tempfile::tempdir().unwrap());
    let (settings, prepared) = (settings(), prepared(&world).await);
    let made = job(&world, &settings).made(&prepared.plan).unwrap();
    let to = folder.path().join("data");
    super::folder::check(&to).unwrap();
    job::write(&to, &made).unwrap();
    assert!(super::folder::check(&to).unwrap_err().to_string().contains("empty folder"));
    assert!(stored(&world.store).await.is_empty(), "nothing is frozen");
    for split in ["dev", "golden"] {
        let set = RetrievalSet::read(&to.join("judged"), split).unwrap();
        assert!(set.questions.len() >= 5 && set.corpus.len() == 60 * PASSAGES);
        let ids: BTreeSet<&str> = set.corpus.iter().map(|one| one.id.as_str()).collect();
        let mut right = set.judged.values().flat_map(|grades| grades.keys());
        assert!(right.all(|id| ids.contains(id.as_str())));
    }
    let lines = String::from_utf8(made.files["train.jsonl"].clone()).unwrap();
    let pairs: Vec<TrainingPair> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(pairs, prepared.plan.pairs);
    assert!(lines.starts_with(r#"{"query":""#), "{}", lines.lines().next().unwrap());
}

#[tokio::test]
async fn a_frozen_golden_set_is_kept_to_while_documents_come() {
    let world = corpus(60).await;
    let first = put(&world).await;
    (60..120).for_each(|number| says(&world, number));
    let second = put(&world).await;
    assert_ne!(first.digest, second.digest);
    let golden = |manifest: &DataManifest| -> Vec<String> {
        let placed = manifest.documents.iter().filter(|placed| placed.split == DataSplit::Golden);
        placed.map(|placed| placed.document.to_string()).collect()
    };
    assert_eq!(golden(&first), golden(&second));
    let qrels = "judged/qrels/golden.tsv";
    assert_eq!(first.files[qrels], second.files[qrels], "the same questions with the same answers");
    let set =
        GoldenSet::read("", &stored(&world.store).await[".millrace/training/golden/docs.json"]).unwrap();
    assert_eq!(set.data, first.digest, "frozen once");
}

#[tokio::test]
async fn a_corpus_that_is_too_little_is_refused_and_nothing_is_written() {
    for (documents, expected) in
        [(0, "no live document"), (1, "one document"), (20, "20 documents and training needs 30")]
    {
        let world = corpus(documents).await;
        let cause = refused(&world, &settings()).await;
        assert!(cause.contains(expected), "{cause}");
        assert!(stored(&world.store).await.is_empty());
    }
    let world = corpus(40).await;
    let cause = refused(&world, &PairSettings { least_pairs: 5_000, ..settings() }).await;
    assert!(cause.contains("training needs 5000") && cause.contains("no question is kept"), "{cause}");
}

#[tokio::test]
async fn a_golden_set_that_cannot_be_read_is_never_replaced() {
    let world = corpus(60).await;
    put(&world).await;
    let place = DocumentId::new(BUCKET, ".millrace/training/golden/docs.json").unwrap();
    world.store.put(&place, "{}".into(), "").await.unwrap();
    let cause = refused(&world, &settings()).await;
    assert!(cause.contains(place.as_str()) && cause.contains("no golden set"), "{cause}");
    // Another one that appears between the look and the freezing is not written over either.
    world.store.delete(&place).await.unwrap();
    let settings = settings();
    let (job, prepared) = (job(&world, &settings), prepared(&world).await);
    let other = GoldenSet::new("docs", "0", [place.clone()].into(), Vec::new());
    world.store.put(&place, serde_json::to_vec(&other).unwrap().into(), "").await.unwrap();
    let made = job.made(&prepared.plan).unwrap();
    let cause = job.put(&made, &prepared).await.unwrap_err().to_string();
    assert!(cause.contains("another golden set"), "{cause}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named() {
    let world = corpus(1).await;
    let headers = Headers::new(bench::document("new"), "t").at(Version::first(1));
    let topic = world.generation.chunks();
    world.kafka.append(&Outgoing::json(&topic, "new", &"of a later release", headers).unwrap());
    let cause = refused(&world, &settings()).await;
    assert!(cause.contains(&topic) && cause.contains("newer release"), "{cause}");
}

#[tokio::test]
async fn a_larger_corpus_is_sampled_and_golden_documents_are_always_read() {
    let world = corpus(60).await;
    let all = put(&world).await;
    (60..200).for_each(|number| says(&world, number));
    let settings = PairSettings { most_passages: 200, ..settings() };
    let prepared = job(&world, &settings).prepare().await.unwrap();
    assert!(prepared.percent.is_some_and(|percent| (10..45).contains(&percent)), "{:?}", prepared.percent);
    assert!(prepared.plan.documents.len() <= 50);
    let read: BTreeSet<&DocumentId> = prepared.plan.documents.iter().map(|placed| &placed.document).collect();
    let mut golden = all.documents.iter().filter(|placed| placed.split == DataSplit::Golden);
    assert!(golden.all(|placed| read.contains(&placed.document)));
}

#[tokio::test]
async fn a_question_whose_answer_cites_a_passage_becomes_a_pair() {
    let world = corpus(60).await;
    let trained = prepared(&world).await.plan.pairs[0].document.clone();
    let number = (0..60).find(|number| bench::document(&key(*number)) == trained).unwrap();
    let cited = chunks(number)[1].clone();
    let query = Query::new("how is it done in practice?", "hybrid", world.generation.space.clone());
    let query = Query { id: Some("1".to_owned()), cited: vec![cited.id.clone()], ..query };
    let value = Some(serde_json::to_vec(&query).unwrap());
    world.kafka.append(&Outgoing { topic: topics::QUERIES.to_owned(), key: None, value, headers: None });
    let other = Some(b"{\"kind\":\"of a later release\"}".to_vec());
    world.kafka.append(&Outgoing {
        topic: topics::QUERIES.to_owned(),
        key: None,
        value: other,
        headers: None,
    });
    let pairs = prepared(&world).await.plan.pairs;
    let asked = pairs.iter().find(|pair| pair.query == query.question).unwrap();
    assert_eq!((&asked.chunk, &asked.positive), (&cited.id, &cited.embedded_text()));
}

/// An index of these documents, with the encoder's vectors.
async fn index(documents: u64, encoder: &Hashing) -> (MemoryEngine, Vec<(DocumentId, String, Vec<f32>)>) {
    let space = Fingerprint::of(&[("space", "hashed")]);
    let generation = Generation {
        chunking: Fingerprint::of(&[("chunking", "c")]),
        space: space.clone(),
        dimension: DIMENSION,
        model: encoder.model_fingerprint(),
        name: "hashing".to_owned(),
        mapping: message::IndexMapping::of(generation::MAPPING_VERSION),
    };
    let engine = MemoryEngine::new(Names::new("docs", &generation).unwrap());
    engine.ensure().await.unwrap();
    let mut all = Vec::new();
    for number in 0..documents {
        for chunk in chunks(number) {
            let text = chunk.embedded_text();
            let vector = encoder.embed(vec![text.clone()], Role::Passage).await.unwrap().remove(0);
            all.push((chunk.document.clone(), text, vector.clone()));
            let embedded =
                Embedded::Chunk(EmbeddedChunk { chunk, space: space.clone(), vector: Vector(vector) });
            let batch: Vec<Action> = vec![action_of(&embedded, &space).unwrap()];
            assert_eq!(engine.write(batch, Boottime::now()).await.done(), 1);
        }
    }
    (engine, all)
}

#[tokio::test]
async fn negatives_come_from_the_live_index_below_the_margin_and_the_first_ranks() {
    let world = corpus(60).await;
    let encoder = Hashing::new(NonZeroUsize::new(DIMENSION).unwrap());
    let (engine, all) = index(60, &encoder).await;
    let mut plan = prepared(&world).await.plan;
    let miner = Miner { encoder: &encoder, engine: &engine, depth: 30 };
    miner.mine(&mut plan, |_| ()).await.unwrap();
    let split: BTreeMap<DocumentId, DataSplit> =
        plan.documents.iter().map(|placed| (placed.document.clone(), placed.split)).collect();
    let mut found = 0;
    for pair in &plan.pairs {
        assert!(pair.negatives.len() <= 1);
        let Some(negative) = pair.negatives.first() else { continue };
        found += 1;
        let question = encoder.embed(vec![pair.query.clone()], Role::Query).await.unwrap().remove(0);
        let positive = encoder.embed(vec![pair.positive.clone()], Role::Passage).await.unwrap().remove(0);
        let (document, _, vector) = all.iter().find(|(_, text, _)| text == negative).unwrap();
        let near = cosine(&question, vector);
        assert!(near <= 0.95 * cosine(&question, &positive) + 1e-6, "{pair:?}");
        let nearer = |least: f64| all.iter().filter(|(_, _, other)| cosine(&question, other) > least).count();
        assert!(nearer(near - 1e-9) >= 5 && nearer(near + 1e-9) < 30, "{pair:?}");
        assert!(*document != pair.document && split[document] == DataSplit::Train);
    }
    assert!(found * 2 > plan.pairs.len(), "{found} of {}", plan.pairs.len());
}

#[tokio::test]
async fn an_index_of_something_else_gives_no_negatives() {
    let world = corpus(60).await;
    let encoder = Hashing::new(NonZeroUsize::new(DIMENSION).unwrap());
    let (engine, _) = index(0, &encoder).await;
    let mut plan = prepared(&world).await.plan;
    Miner { encoder: &encoder, engine: &engine, depth: 30 }.mine(&mut plan, |_| ()).await.unwrap();
    assert!(plan.pairs.iter().all(|pair| pair.negatives.is_empty()));
    engine.drop_index(generation::Target::Chunks);
    let miner = Miner { encoder: &encoder, engine: &engine, depth: 30 };
    let cause = miner.mine(&mut plan, |_| ()).await.unwrap_err().to_string();
    assert!(cause.contains("does not exist"), "{cause}");
}
