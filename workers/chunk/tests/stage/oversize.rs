//! Files whose records Kafka would reject: they cost at most one dead letter, and do not affect their neighbours.

use std::io::Write as _;

use chunk::ChunkStage;
use chunk::difference::OutputTopics;
use message::{DocumentRecord, LedgerEntry, Passage, Status};
use objects::MemoryStore;
use sandbox::InProcess;
use stream::memory::Memory;
use stream::{Partition, Stage as _};

use crate::bench::{
    Bench, CHUNKS, LEDGER, MOST, Said, chunking, created, limits, look_again, page, reader, said, topics,
};

/// Larger than any topic accepts.
const LONG: usize = topics::LARGEST_RECORD + (1 << 20);
const BLOCK: usize = 512;

/// A stage for files of any size, and records of at most `largest_record` bytes.
fn stage(bench: &Bench, largest_record: usize, most: usize) -> ChunkStage<Memory, MemoryStore, InProcess> {
    let (reader, topics) = (reader(InProcess::default(), most), OutputTopics { largest_record, ..topics() });
    let (broker, store) = (bench.broker.clone(), bench.store.clone());
    ChunkStage::new(broker, store, reader, (chunking("a"), topics), (limits(u64::MAX), bench.copies()))
}

/// An entry of a GNU TAR archive: type and name in the header, then the content in whole blocks.
fn entry(kind: u8, name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0_u8; BLOCK];
    header[..name.len()].copy_from_slice(name.as_bytes());
    (&mut header[124..136]).write_all(format!("{:011o} ", content.len()).as_bytes()).unwrap();
    header[148..156].fill(b' ');
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar  \0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    (&mut header[148..155]).write_all(format!("{sum:06o}\0").as_bytes()).unwrap();
    header.extend_from_slice(content);
    header.resize(header.len().next_multiple_of(BLOCK), 0);
    header
}

/// An archive of files whose names may be longer than a header allows.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in files {
        archive.extend(entry(b'L', "././@LongLink", &[name.as_bytes(), &[0]].concat()));
        archive.extend(entry(b'0', "cut", content));
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn poison() -> Vec<(&'static str, Vec<u8>, Status)> {
    let long = "n".repeat(LONG);
    let program: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0";
    vec![
        ("title.html", format!("<html><head><title>{long}").into_bytes(), Status::Empty),
        ("name.json", format!("{{\"name\": \"{long}\"}}").into_bytes(), Status::Live),
        ("long-name.tar", tar(&[(&long, b"alpha")]), Status::Live),
        ("left-out.tar", tar(&[("a.md", b"alpha"), (&long, program)]), Status::Live),
        ("nothing.tar", tar(&[(&long, program)]), Status::Refused),
    ]
}

#[tokio::test]
async fn words_as_long_as_the_file_make_no_record_that_kafka_does_not_take() {
    let bench = Bench::new(1).await;
    let poison = poison();
    for (key, content, _) in &poison {
        bench.put(key, content.clone()).await;
        bench.broker.append(&created(key));
    }
    bench.put("neighbour.md", page(&["alpha"])).await;
    bench.broker.append(&created("neighbour.md"));
    let stage = stage(&bench, topics::LARGEST_RECORD, 20_000);
    bench.run_stage_until(stage, || bench.count(LEDGER) > poison.len()).await;

    let records =
        [bench.broker.records(CHUNKS), bench.broker.records(LEDGER), bench.broker.records("dead-letters")];
    for record in records.iter().flatten() {
        let (key, bytes) = (record.key_text(), record.bytes());
        assert!(bytes < topics::LARGEST_RECORD / 2, "{}/{key} has {bytes} bytes", record.topic);
    }
    assert_eq!(bench.entry("neighbour.md").status, Status::Live);
    for (key, _, status) in &poison {
        assert_eq!(bench.entry(key).status, *status, "{key}: {:?}", bench.entry(key).cause);
    }
    let [letter] = &bench.dead_letters()[..] else {
        panic!("one file is refused: {:?}", bench.dead_letters())
    };
    assert!(letter.document.as_deref() == Some("docs/nothing.tar"), "{letter:?}");
    let record = document_record(&bench, "title.html");
    assert!(record.title.as_ref().is_some_and(|title| title.starts_with('n') && title.ends_with('…')));
}

fn document_record(bench: &Bench, key: &str) -> DocumentRecord {
    let named =
        |passage: &Passage| matches!(passage, Passage::Document(record) if record.document.key() == key);
    let passages = bench.broker.records(CHUNKS);
    let mut passages =
        passages.iter().filter_map(|record| serde_json::from_slice(record.value.as_deref()?).ok());
    let Some(Passage::Document(record)) = passages.rfind(named) else { panic!("no record of {key}") };
    record
}

/// Whatever makes a record too large, the document is refused once, before Kafka would reject it, and its passages
/// are removed.
#[tokio::test]
async fn a_document_whose_record_no_topic_takes_is_refused_and_its_neighbour_goes_on() {
    let words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"];
    assert_eq!(words.len(), MOST);
    // The ledger entry of six chunks is the largest record of all.
    let six = {
        let bench = Bench::new(1).await;
        bench.put("a.md", page(&words)).await;
        bench.said(&mut bench.lane().await, created("a.md")).await;
        let largest = |topic| bench.broker.records(topic).iter().map(stream::Record::bytes).max().unwrap();
        largest(CHUNKS).max(largest(LEDGER))
    };
    let beside = 4 << 10;
    for (largest, refused) in [(six + beside, false), (six - 200 + beside, true)] {
        let bench = Bench::new(1).await;
        let mut lane = stage(&bench, largest, MOST).open(Partition::ONLY, None).await.unwrap();
        bench.put("a.md", page(&words[..2])).await;
        bench.said(&mut lane, created("a.md")).await;
        bench.put("a.md", page(&words)).await;
        bench.put("b.md", page(&["alpha"])).await;
        let verdicts = bench.say(&mut lane, &[created("a.md"), created("b.md")]).await;
        let entry: LedgerEntry = bench.entry("a.md");
        assert_eq!(bench.entry("b.md").status, Status::Live);
        if !refused {
            assert_eq!((entry.status, entry.chunks.len()), (Status::Live, MOST));
            continue;
        }
        let stream::Verdict::Refuse { cause, .. } = &verdicts[0] else { panic!("{verdicts:?}") };
        assert!(cause.contains("max.message.bytes") && cause.contains(&largest.to_string()), "{cause}");
        let gone = said(&verdicts[..1]).iter().filter(|said| matches!(said, Said::Gone(..))).count();
        assert_eq!((entry.status, entry.chunks.len(), gone), (Status::Refused, 0, 2));
        assert_eq!(bench.said(&mut lane, look_again("a.md")).await, [], "one dead letter is enough");
    }
}
