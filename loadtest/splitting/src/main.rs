//! Cuts the same Markdown by Millrace and by `text-splitter`, one after another on one thread, and prints the best of
//! some rounds as a line of JSON each: `splitting TOKENIZER.json LIMIT MEGABYTES ROUNDS FOLDER…`.
//!
//! Files are taken in the order of their names, folder after folder, and again from the start until there are so many
//! megabytes. Both get the same tokenizer and the same limit. `text-splitter` is given the source (`MarkdownSplitter`)
//! and the extracted text (`TextSplitter`); Millrace extracts and cuts, and each chunk's tokens are counted. Seconds are
//! those of the processor.

use std::error::Error;
use std::path::{Path, PathBuf};

use document::{Extracted, Limits, Splitter, extract};
use message::{DocumentId, embedded_text};
use model::{Prefixes, Tokenizer};
use text_splitter::{ChunkConfig, MarkdownSplitter, TextSplitter};

/// One document: its name, source and reading text.
struct Document {
    key: String,
    source: String,
    extracted: Extracted,
}

fn markdown_files(folder: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            markdown_files(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            into.push(path);
        }
    }
    Ok(())
}

fn documents(folders: &[String], bytes: usize) -> Result<Vec<Document>, Box<dyn Error>> {
    let mut files = Vec::new();
    for folder in folders {
        markdown_files(Path::new(folder), &mut files)?;
    }
    let (mut documents, mut total) = (Vec::new(), 0);
    for path in files.iter().cycle() {
        if total >= bytes || (documents.len() >= files.len() && total == 0) {
            break;
        }
        let Ok(source) = std::fs::read_to_string(path) else { continue };
        total += source.len();
        let key = path.to_string_lossy().into_owned();
        let extracted = extract(&key, source.as_bytes())?;
        documents.push(Document { key, source, extracted });
    }
    Ok(documents)
}

/// Seconds that this thread has had of a processor: others on the machine then change little. Linux only.
fn processor_seconds() -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells a thread's time");
    let nanoseconds: f64 = spent.split(' ').next().and_then(|first| first.parse().ok()).expect("a number");
    nanoseconds / 1e9
}

/// The least processor seconds of some rounds, and what the last one gave.
fn timed<T>(rounds: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::INFINITY;
    let mut result = None;
    for _ in 0..rounds.max(1) {
        let started = processor_seconds();
        let made = std::hint::black_box(work());
        best = best.min(processor_seconds() - started);
        result = Some(made);
    }
    (best, result.expect("one round at least"))
}

struct Report {
    limit: usize,
    source_bytes: usize,
    millrace: f64,
}

impl Report {
    /// One line of JSON. `times` says how many times as fast Millrace is over the same text.
    fn line(&mut self, what: &str, seconds: f64, bytes: usize, chunks: usize, tokens: usize) {
        let number = |value: usize| f64::from(u32::try_from(value).unwrap_or(u32::MAX));
        println!(
            "{}",
            serde_json::json!({
                "what": what,
                "limit": self.limit,
                "mb": (number(bytes) / 1e4).round() / 100.0,
                "processor_seconds": (seconds * 1e3).round() / 1e3,
                "mb_per_second": (number(bytes) / 1e4 / seconds).round() / 100.0,
                "chunks": chunks,
                "tokens_per_chunk": (number(tokens) / number(chunks.max(1))).round(),
                "millrace_is_times_as_fast": (seconds / self.millrace * 100.0).round() / 100.0,
            })
        );
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [tokenizer, limit, megabytes, rounds, folders @ ..] = arguments else {
        return Err("splitting TOKENIZER.json LIMIT MEGABYTES ROUNDS FOLDER…".into());
    };
    let (limit, megabytes, rounds): (usize, usize, usize) =
        (limit.parse()?, megabytes.parse()?, rounds.parse()?);
    let bytes = std::fs::read(tokenizer)?;
    let ours = Tokenizer::parse(&bytes, "benchmark", &Prefixes::default())?;
    let mut library = tokenizers::Tokenizer::from_bytes(&bytes).map_err(|error| error.to_string())?;
    library.with_truncation(None).map_err(|error| error.to_string())?;
    library.with_padding(None);
    let documents = documents(folders, megabytes * 1_000_000)?;
    let source_bytes: usize = documents.iter().map(|document| document.source.len()).sum();
    let text_bytes: usize = documents.iter().map(|document| document.extracted.text.len()).sum();
    let count = |text: &str| library.encode_fast(text, true).map_or(0, |encoding| encoding.len());

    let splitter = Splitter::new(ours, Limits { max_tokens: limit, ..Limits::default() })?;
    let split = |document: &Document, extracted: &Extracted| {
        let id = DocumentId::new("bench", &document.key).expect("a name");
        splitter.split(&id, extracted).expect("it can be cut")
    };
    let (both, _) = timed(rounds, || {
        let all = documents.iter().map(|document| {
            let extracted = extract(&document.key, document.source.as_bytes()).expect("Markdown");
            split(document, &extracted).len()
        });
        all.sum::<usize>()
    });
    let (cutting, splits) = timed(rounds, || {
        documents.iter().flat_map(|document| split(document, &document.extracted)).collect::<Vec<_>>()
    });
    let tokens: usize = splits.iter().map(|split| split.tokens as usize).sum();
    let over = splits.iter().filter(|split| {
        let counted = count(&embedded_text(&split.heading_path, &split.text));
        counted > limit || counted != split.tokens as usize
    });
    assert_eq!(over.count(), 0, "the library counts as we do, and no chunk is over");
    let mut report = Report { limit, source_bytes, millrace: both };
    report.line("millrace: extract and split", both, source_bytes, splits.len(), tokens);
    report.millrace = cutting;
    report.line("millrace: split", cutting, text_bytes, splits.len(), tokens);

    let (once, all) =
        timed(rounds, || documents.iter().map(|document| count(&document.extracted.text)).sum::<usize>());
    report.line("tokenise once", once, text_bytes, documents.len(), all);

    let config = || Ok::<_, Box<dyn Error>>(ChunkConfig::new(limit).with_sizer(&library).with_trim(true));
    let markdown = MarkdownSplitter::new(config()?);
    report.millrace = both;
    let (seconds, chunks) = timed(1, || {
        documents.iter().flat_map(|document| markdown.chunks(&document.source)).collect::<Vec<_>>()
    });
    let tokens = chunks.iter().map(|chunk| count(chunk)).sum();
    report.line("text-splitter: MarkdownSplitter", seconds, report.source_bytes, chunks.len(), tokens);
    let plain = TextSplitter::new(config()?);
    report.millrace = cutting;
    let (seconds, chunks) = timed(1, || {
        documents.iter().flat_map(|document| plain.chunks(&document.extracted.text)).collect::<Vec<_>>()
    });
    let tokens = chunks.iter().map(|chunk| count(chunk)).sum();
    report.line("text-splitter: TextSplitter", seconds, text_bytes, chunks.len(), tokens);
    Ok(())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Err(error) = run(&arguments) {
        eprintln!("splitting: {error}");
        std::process::exit(1);
    }
}
