//! Notices captured from real stores and samples published by vendors, where this machine has them (skipped
//! otherwise), and the topic's examples.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "edge: reads captured notices, and says when there are none; a test"
)]

use std::path::{Path, PathBuf};

use intake::{NoticeAnswer, Scope, WantedObjects, answer};
use message::Why;
use serde_json::Value;

fn vectors(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/vectors").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// All keys of the buckets in the captured notices, the vendors' samples and the topic's examples.
fn wanted() -> WantedObjects {
    let buckets = "docs,verdocs,sourcebucket,documents,manuals".parse().unwrap();
    WantedObjects { buckets, scope: Scope::default() }
}

fn lines(name: &str) -> Vec<(String, NoticeAnswer)> {
    let Some(path) = vectors(name) else { return Vec::new() };
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| (line.to_owned(), answer(line.as_bytes(), &wanted()))).collect()
}

fn counts(captured: &[(String, NoticeAnswer)]) -> (usize, usize, usize, usize) {
    let why = |wanted: Why| {
        captured
            .iter()
            .flat_map(|(_, answer)| &answer.references)
            .filter(|reference| reference.why == wanted)
            .count()
    };
    let ignored = captured.iter().map(|(_, answer)| answer.ignored.len()).sum();
    let refused = captured.iter().map(|(_, answer)| answer.refusals.len()).sum();
    (why(Why::Created), why(Why::Removed), ignored, refused)
}

#[test]
fn minio() {
    let captured = lines("notices-captured/minio.jsonl");
    if captured.is_empty() {
        return;
    }
    for (line, answer) in &captured {
        // MinIO writes the decoded name beside the encoded one: our decoding must agree.
        let named = serde_json::from_str::<Value>(line).unwrap()["Key"].as_str().unwrap().to_owned();
        let ours: Vec<&str> = answer.references.iter().map(|reference| reference.document.as_str()).collect();
        assert!(ours.is_empty() || ours == [named.as_str()], "{ours:?} is not {named:?}");
        assert!(answer.ignored.iter().all(|ignored| ignored.format == "minio"));
    }
    assert_eq!(counts(&captured), (18, 8, 4, 0));
}

#[test]
fn versitygw() {
    let captured = lines("notices-captured/versitygw.jsonl");
    if captured.is_empty() {
        return;
    }
    let documents: Vec<&str> = captured
        .iter()
        .flat_map(|(_, answer)| &answer.references)
        .map(|reference| reference.document.as_str())
        .collect();
    assert!(documents.contains(&"docs/odd dir/中文 报告+v1 (final)&=%41?.md"), "{documents:?}");
    assert!(documents.contains(&"docs/del/d1+x y.txt"), "{documents:?}");
    assert_eq!(counts(&captured), (9, 5, 2, 0));
}

#[test]
fn published_by_aws() {
    let Some(folder) = vectors("s3-events/aws-lambda-go") else { return };
    for (file, document) in [
        ("events__testdata__s3-event.json", Some("sourcebucket/Happy Face.jpg")),
        ("events__testdata__s3-event-with-decoded.json", Some("sourcebucket/Happy Face.jpg")),
        ("events__testdata__s3-lifecycle-event.json", None),
        ("events__testdata__s3-replication-event.json", None),
        ("events__testdata__s3-restore-event.json", None),
    ] {
        let answer = answer(&std::fs::read(folder.join(file)).unwrap(), &wanted());
        assert!(answer.refusals.is_empty(), "{file}: {:?}", answer.refusals);
        if let Some(document) = document {
            assert_eq!(answer.references[0].document.as_str(), document, "{file}");
        }
    }
}

#[test]
fn the_examples_of_the_topic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../topics/examples/object-events");
    for entry in std::fs::read_dir(folder).unwrap() {
        let answer = answer(&std::fs::read(entry.unwrap().path()).unwrap(), &wanted());
        assert_eq!((answer.references.len(), answer.refusals.len()), (1, 0), "{answer:?}");
    }
}

/// The complete JSON examples in the documentation of AWS and OSS; those with remarks are not valid JSON.
#[test]
fn published_in_documentation() {
    let Some(folder) = vectors("s3-events") else { return };
    let mut read = 0;
    for vendor in ["aliyun-oss-docs", "aws-docs"] {
        for entry in std::fs::read_dir(folder.join(vendor)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for block in
                text.split("```").skip(1).step_by(2).filter(|block| block.trim_start().starts_with('{'))
            {
                if serde_json::from_str::<Value>(block).is_ok() {
                    let answer = answer(block.as_bytes(), &wanted());
                    // Some examples are policies, which are not notices and so are refused.
                    let notice = ["eventSource", "s3:TestEvent"].iter().any(|word| block.contains(word));
                    assert_eq!(answer.refusals.is_empty(), notice, "{block}: {:?}", answer.refusals);
                    read += usize::from(notice);
                }
            }
        }
    }
    assert!(read > 0, "no whole example was found");
}
