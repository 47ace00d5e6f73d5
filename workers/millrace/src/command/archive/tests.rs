use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use generation::{Generation, TopicReader};
use message::{
    ChangeAuthor, Chunk, DocumentId, Embedded, EmbeddedChunk, FillSource, Headers, Passage, Vector, Version,
};
use objects::{Look, MemoryStore, Store as _};
use sink::{Ensured, IndexState};
use stream::memory::Memory;
use stream::{Outgoing, Record};

use super::export::ExportJob;
use super::file::FileLimits;
use super::import::{ImportJob, WriterBegin, manifest};
use super::manifest::{ArchivePlace, KnownWriter, LogManifest, MANIFEST, WrittenLog};
use super::row::{LogRow, RowKind};
use crate::bench::{self, BUCKET, Bench, document, space};
use crate::snapshots::SavedPlaces;

/// Partitions of the topics into which is imported: others than those of the export.
const OTHERS: i32 = 5;
/// Small enough for several groups and files.
const SMALL: FileLimits = FileLimits { group_rows: 4, group_bytes: 1 << 20, file_bytes: 2_000 };

fn headers(document: &DocumentId, version: u64) -> Headers {
    Headers::new(document.clone(), "0123456789abcdef0123456789abcdef").at(Version::from(version))
}

/// A record as `embed` writes it.
fn record(world: &Bench, (document, version): (&DocumentId, u64), embedded: &Embedded) -> Outgoing {
    let key = match embedded {
        Embedded::Chunk(chunk) => chunk.chunk.id.to_string(),
        Embedded::Document(record) => record.document.to_string(),
    };
    Outgoing::json(&world.generation.vectors(), &key, embedded, headers(document, version)).unwrap()
}

fn passage(world: &Bench, document: &DocumentId, text: &str, version: u64) {
    let chunk = Embedded::Chunk(bench::chunk(document, text, Version::from(version)));
    world.kafka.append(&record(world, (document, version), &chunk));
}

fn says(world: &Bench, document: &DocumentId, texts: &[&str], version: u64) {
    for text in texts {
        passage(world, document, text, version);
    }
    let own = Embedded::Document(bench::record(document, texts, Version::from(version)));
    world.kafka.append(&record(world, (document, version), &own));
}

fn gone(world: &Bench, document: &DocumentId, key: &str, version: u64) {
    let topic = world.generation.vectors();
    world.kafka.append(&Outgoing::tombstone(&topic, key, headers(document, version)));
}

/// Documents that were changed, deleted, and left as they were; and one of which a part is there.
async fn log() -> Bench {
    let world = bench::world().await;
    for n in 0..20 {
        says(&world, &document(&format!("k{n}")), &["one", "two"], 1);
    }
    let (changed, deleted) = (document("k3"), document("k4"));
    passage(&world, &changed, "three", 2);
    gone(&world, &changed, bench::chunk(&changed, "one", Version::from(1)).chunk.id.as_str(), 2);
    says(&world, &changed, &[], 2);
    for text in ["one", "two"] {
        gone(&world, &deleted, bench::chunk(&deleted, text, Version::from(1)).chunk.id.as_str(), 2);
    }
    gone(&world, &deleted, deleted.as_str(), 2);
    passage(&world, &document("torn"), "one", 1);
    world
}

fn place() -> ArchivePlace {
    ArchivePlace { bucket: BUCKET.to_owned(), prefix: ".millrace/export/1/".to_owned() }
}

/// What is exported of the world's log, and put into its store.
async fn exported(world: &Bench, folder: &Path) -> LogManifest {
    let (kafka, store, generation) = (&world.kafka, &world.store, &world.generation);
    let job = ExportJob { kafka, store, place: &place(), generation, folder };
    let written = job.run(SMALL).await.unwrap();
    let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
    let entry = generation.entry("m", FillSource::Reconcile, &author);
    let manifest = LogManifest::new(1, entry, (false, None), (written, Vec::new()));
    job.enter(&manifest).await.unwrap();
    manifest
}

/// A Kafka with nothing in it.
fn empty(generation: &Generation) -> Memory {
    let kafka = Memory::default();
    kafka.create(&generation.chunks(), OTHERS);
    kafka.create(&generation.vectors(), OTHERS);
    kafka
}

async fn imported(
    (kafka, store): (&Memory, &MemoryStore),
    begins: &[WriterBegin],
    folder: &Path,
) -> Result<u64, String> {
    let place = place();
    let manifest = manifest(store, &place).await.map_err(|error| error.to_string())?;
    let job = ImportJob { kafka, store, place: &place, manifest: &manifest, begins, folder };
    job.run().await.map_err(|error| error.to_string())
}

async fn content(store: &MemoryStore, object: &DocumentId) -> Bytes {
    let Look::Found { bytes, .. } = store.look(object, None, 1 << 20).await.unwrap() else {
        panic!("{object} is not there")
    };
    bytes
}

/// The headers and the value of the last record of each key; none but whole documents are compared.
fn last(records: Vec<Record>) -> BTreeMap<String, (Headers, Option<String>)> {
    let one = |record: Record| {
        let value = record.value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned());
        (record.key_text(), (record.parse_headers().unwrap(), value))
    };
    records.into_iter().map(one).filter(|(_, (headers, _))| headers.document.key() != "torn").collect()
}

/// A record as it is read.
fn read(outgoing: &Outgoing) -> Record {
    Record {
        topic: outgoing.topic.as_str().into(),
        partition: 2,
        offset: 7,
        key: outgoing.key.clone(),
        value: outgoing.value.clone(),
        headers: outgoing.wire_headers(),
        timestamp: None,
        held: None,
    }
}

#[tokio::test]
async fn a_row_stands_for_the_record_that_it_was_made_of() {
    let mut world = bench::world().await;
    world.generation.dimension = 6;
    let document = document("päth/a b.md");
    let odd = vec![f32::NAN, -0.0, f32::INFINITY, f32::MIN_POSITIVE, f32::from_bits(1), -3.402_823_5e38];
    let chunk = |headings: &[&str]| {
        let heading_path = headings.iter().map(|&heading| heading.to_owned()).collect();
        let chunk =
            Chunk { heading_path, ..bench::chunk(&document, "a\n\"b\" 你好", Version::from(9)).chunk };
        Embedded::Chunk(EmbeddedChunk { chunk, space: space(), vector: Vector(odd.clone()) })
    };
    let own = Embedded::Document(bench::record(&document, &["one"], Version::from(9)));
    let nested = chunk(&["A", "B > C"]);
    for (embedded, kind) in [(chunk(&[]), RowKind::Chunk), (nested, RowKind::Chunk), (own, RowKind::Document)]
    {
        let before = record(&world, (&document, 9), &embedded);
        let row = LogRow::of(&read(&before), &world.generation).unwrap();
        assert_eq!((row.kind, row.partition, row.offset), (kind, 2, 7));
        assert!(!row.value.as_deref().unwrap().contains("vector"), "{row:?}");
        let [passage, vectors] = row.records(&world.generation).unwrap();
        assert_eq!(vectors, before);
        let passage_of: Passage = serde_json::from_slice(passage.value.as_deref().unwrap()).unwrap();
        let expected = match embedded {
            Embedded::Chunk(chunk) => Passage::Chunk(chunk.chunk),
            Embedded::Document(record) => Passage::Document(record),
        };
        assert_eq!((passage_of, passage.key, passage.headers), (expected, before.key, before.headers));
        assert_eq!(passage.topic, world.generation.chunks());
    }
    let before = Outgoing::tombstone(&world.generation.vectors(), "0123", headers(&document, 9));
    let row = LogRow::of(&read(&before), &world.generation).unwrap();
    let [passage, vectors] = row.records(&world.generation).unwrap();
    assert_eq!((row.kind, row.ends_a_document()), (RowKind::Gone, false));
    assert_eq!((vectors, passage.value, passage.headers), (before.clone(), None, before.headers));
}

#[tokio::test]
async fn what_is_of_another_space_or_dimension_is_no_row() {
    let mut world = bench::world().await;
    let document = document("a");
    let chunk = Embedded::Chunk(bench::chunk(&document, "one", Version::from(1)));
    let record = read(&record(&world, (&document, 1), &chunk));
    world.generation.dimension = 2;
    let cause = LogRow::of(&record, &world.generation).unwrap_err();
    assert!(cause.contains("1 numbers"), "{cause}");
    world.generation.space = world.generation.chunking.clone();
    let cause = LogRow::of(&record, &world.generation).unwrap_err();
    assert!(cause.contains("of the space"), "{cause}");
    let half = LogRow { value: None, ..LogRow::of(&record, &bench::world().await.generation).unwrap() };
    assert!(half.records(&world.generation).is_err());
}

#[tokio::test]
async fn an_import_gives_the_last_record_of_each_key_under_other_partitions() {
    let (world, folder) = (log().await, tempfile::tempdir().unwrap());
    let manifest = exported(&world, folder.path()).await;
    let files = &manifest.log.files;
    assert!(files.len() > 1, "several files: {files:?}");
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    assert_eq!((rows, manifest.log.records), (rows, rows - 1), "all but the part of a document");

    let kafka = empty(&world.generation);
    let begins = [WriterBegin { group: "index-1".to_owned(), identity: "a/1 b/2".to_owned() }];
    let taken = imported((&kafka, &world.store), &begins, folder.path()).await.unwrap();
    assert_eq!(taken, manifest.log.records);

    let (chunks, vectors) = (world.generation.chunks(), world.generation.vectors());
    let before = last(world.kafka.records(&vectors));
    assert_eq!(last(kafka.records(&vectors)), before);
    let passages = last(kafka.records(&chunks));
    assert!(passages.keys().eq(before.keys()));
    for (key, (headers, value)) in passages {
        let (expected, embedded) = &before[&key];
        assert_eq!((&headers, value.is_some()), (expected, embedded.is_some()), "{key}");
        assert!(!value.unwrap_or_default().contains("vector"));
    }
    for record in kafka.records(&chunks).iter().chain(&kafka.records(&vectors)) {
        let document = record.parse_headers().unwrap().document;
        assert_eq!(record.partition, message::partition_of(&document, OTHERS));
    }
    let embed = TopicReader::embed(&world.generation);
    let ends = kafka.ends(&vectors);
    for (partition, end) in (0..).zip(&ends) {
        assert_eq!(kafka.committed(&embed.group, &chunks, partition).unwrap().next, *end);
        let index = kafka.committed("index-1", &vectors, partition).unwrap();
        assert_eq!((index.next, index.memo.identity.as_str()), (*end, "a/1 b/2"));
    }
    assert_eq!(ends.len(), 5);
}

#[tokio::test]
async fn an_import_goes_into_empty_topics_only() {
    let (world, folder) = (log().await, tempfile::tempdir().unwrap());
    exported(&world, folder.path()).await;
    let kafka = empty(&world.generation);
    let key = Outgoing::tombstone(&world.generation.chunks(), "a", headers(&document("a"), 1));
    kafka.append(&key);
    let cause = imported((&kafka, &world.store), &[], folder.path()).await.unwrap_err();
    assert!(cause.contains("empty topics only") && cause.contains(&key.topic), "{cause}");
    assert!(kafka.records(&world.generation.vectors()).is_empty());
}

#[tokio::test]
async fn an_export_that_is_not_whole_is_refused() {
    let (world, folder) = (log().await, tempfile::tempdir().unwrap());
    exported(&world, folder.path()).await;
    let object = |name: &str| place().file(name).unwrap();
    let (last, form) = (object("part-00002.parquet"), object(MANIFEST));
    let (whole, manifest) = (content(&world.store, &last).await, content(&world.store, &form).await);
    let cut = |bytes: &Bytes| bytes.slice(..bytes.len() - 9);
    let other = String::from_utf8_lossy(&manifest).replacen("\"sha256\": \"", "\"sha256\": \"0", 1);
    let bad = [
        (&last, Some(cut(&whole)), "sha-256"),
        (&last, None, "is gone"),
        (&form, Some(Bytes::from(other)), "sha-256"),
        (&form, Some(cut(&manifest)), "it is cut"),
        (&form, None, "there is no"),
    ];
    for (object, content, expected) in bad {
        match content {
            Some(bytes) => drop(world.store.put(object, bytes, "").await.unwrap()),
            None => world.store.delete(object).await.unwrap(),
        }
        let kafka = empty(&world.generation);
        let cause = imported((&kafka, &world.store), &[], folder.path()).await.unwrap_err();
        assert!(cause.contains(expected), "{cause}");
        world.store.put(&last, whole.clone(), "").await.unwrap();
        world.store.put(&form, manifest.clone(), "").await.unwrap();
    }
    let kafka = empty(&world.generation);
    assert!(imported((&kafka, &world.store), &[], folder.path()).await.is_ok());
}

#[tokio::test]
async fn an_export_of_something_else_is_refused() {
    let world = bench::world().await;
    let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
    let entry = world.generation.entry("m", FillSource::Reconcile, &author);
    let manifest = LogManifest::new(1, entry, (false, None), (WrittenLog::default(), Vec::new()));
    assert_eq!(manifest.check("m", Some(&world.generation)), Ok(()));
    assert_eq!(manifest.check("m", None), Ok(()));
    let cause = manifest.check("docs", None).unwrap_err();
    assert!(cause.contains("MILLRACE_INDEX"), "{cause}");
    let other = Generation { space: world.generation.chunking.clone(), ..world.generation.clone() };
    let cause = manifest.check("m", Some(&other)).unwrap_err();
    assert!(cause.contains("MILLRACE_MODEL"), "{cause}");
}

#[tokio::test]
async fn a_writer_goes_on_with_indexes_that_are_proved_to_hold_all_of_it() {
    let world = bench::world().await;
    let state = |uuid: &str| IndexState {
        uuid: uuid.to_owned(),
        history: Some("1".to_owned()),
        remembers: true,
        created: false,
    };
    let indexes = |chunks: &str| Ensured { chunks: state(chunks), documents: state("d") };
    let mine = indexes("c");
    let places = SavedPlaces { next: vec![5, 9], above: [(1, 3)].into(), ..SavedPlaces::default() };
    let cause = KnownWriter::of("g", &mine, &places, &[5, 11]).unwrap_err();
    assert!(cause.contains("2 offsets behind"), "{cause}");
    let known = KnownWriter::of("g", &mine, &places, &[4, 9]).unwrap();
    let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
    let entry = world.generation.entry("m", FillSource::Reconcile, &author);
    let manifest = LogManifest::new(1, entry, (true, None), (WrittenLog::default(), vec![known]));
    let manifest = LogManifest::read(&serde_json::to_vec(&manifest).unwrap()).unwrap();
    let identity = manifest.identity("g", &mine).unwrap();
    assert!(mine.holds(&identity), "{identity}");
    assert_eq!(mine.above_epoch(&identity), Some(3), "as it was committed before");
    assert_eq!(manifest.identity("g", &indexes("made anew")), None);
    assert_eq!(manifest.identity("another cluster", &mine), None);
}
