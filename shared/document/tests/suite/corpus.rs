//! Every real document is read and split, and no chunk exceeds the limit. Skipped where the documents are missing.
#![expect(clippy::disallowed_methods, reason = "edge: reads the real documents and measures time")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use document::{Extracted, Limits, Split, Splitter, Tokens, extract};
use message::{DocumentId, embedded_text};

use crate::tokenizers::{MiniLm, Words};

/// All real documents, sorted.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/docs");
    if !root.exists() {
        println!("skipped: no {}; the real documents are not part of the repository", root.display());
        return Vec::new();
    }
    let mut folders = vec![root];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Extensions of the supported formats: such a file must not be refused.
fn is_text(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    matches!(ending, "md" | "mdx" | "txt" | "html" | "htm" | "rst" | "csv" | "org" | "json" | "ndjson")
}

#[derive(Default)]
struct Measured {
    files: usize,
    refused: usize,
    bytes: usize,
    text_bytes: usize,
    chunks: usize,
    tokens: usize,
    extracting: Duration,
    splitting: Duration,
    counting: Duration,
}

impl Measured {
    fn report(&self, name: &str) {
        let megabytes = |bytes: usize| real(bytes) / 1e6;
        println!(
            "{name}: {} files, {} more refused, {:.2} MB, {:.2} MB of text, {} chunks, {:.0} tokens a chunk",
            self.files,
            self.refused,
            megabytes(self.bytes),
            megabytes(self.text_bytes),
            self.chunks,
            real(self.tokens) / real(self.chunks.max(1)),
        );
        println!(
            "{name}: extracting {:.1} MB/s; splitting {:.2} MB/s of text, {:.2} s; counting each chunk alone {:.2} s",
            megabytes(self.bytes) / self.extracting.as_secs_f64(),
            megabytes(self.text_bytes) / self.splitting.as_secs_f64(),
            self.splitting.as_secs_f64(),
            self.counting.as_secs_f64(),
        );
    }
}

fn real(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn covers(extracted: &Extracted, splits: &[Split]) -> bool {
    let mut at = 0;
    let uncovered: usize = splits
        .iter()
        .map(|split| (split.start, split.end))
        .chain([(extracted.text.len(), extracted.text.len())])
        .map(|(start, end)| extracted.text[std::mem::replace(&mut at, end)..start].trim().len())
        .sum();
    let headings: usize = extracted
        .blocks
        .iter()
        .filter(|block| block.kind == document::BlockKind::Heading)
        .map(|block| block.range.len() + 2)
        .sum();
    uncovered <= headings
}

fn run<T: Tokens + Clone>(name: &str, tokens: &T, max_tokens: usize) {
    let splitter = Splitter::new(tokens.clone(), Limits { max_tokens, ..Limits::default() }).unwrap();
    let mut measured = Measured::default();
    for path in files() {
        let key = path.to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let started = Instant::now();
        let extracted = match extract(&key, &bytes) {
            Ok(extracted) => extracted,
            Err(refusal) => {
                assert!(!is_text(&path), "{key}: {refusal}");
                measured.refused += 1;
                continue;
            }
        };
        measured.extracting += started.elapsed();
        let started = Instant::now();
        let splits = splitter.split(&DocumentId::new("docs", &key).unwrap(), &extracted).unwrap();
        measured.splitting += started.elapsed();
        for split in &splits {
            let started = Instant::now();
            let counted = tokens.count(&embedded_text(&split.heading_path, &split.text));
            measured.counting += started.elapsed();
            assert!(
                counted <= max_tokens && counted == split.tokens as usize,
                "{key}: {counted} {}",
                split.tokens
            );
            assert_eq!(split.text[split.repeated..], extracted.text[split.start..split.end]);
            measured.tokens += counted;
        }
        assert!(covers(&extracted, &splits), "{key}: text is in no chunk");
        measured.files += 1;
        measured.bytes += bytes.len();
        measured.text_bytes += extracted.text.len();
        measured.chunks += splits.len();
    }
    measured.report(name);
}

#[test]
fn no_chunk_of_a_real_document_is_over_the_limit() {
    let Some(tokens) = MiniLm::load() else { return };
    run("all-MiniLM-L6-v2 at 256", &tokens, 256);
}

#[test]
fn no_chunk_of_a_real_document_is_over_a_small_limit() {
    run("words at 32", &Words, 32);
}
