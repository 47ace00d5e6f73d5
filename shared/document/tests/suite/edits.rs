//! Edits to real documents: a passage is embedded again because its text changed, and hardly ever because of a
//! neighbour. Skipped where the documents are missing.
#![expect(clippy::disallowed_methods, reason = "edge: reads the real documents")]

use std::collections::BTreeSet;
use std::path::Path;

use document::{Limits, Split, Splitter, Tokens, extract};
use message::DocumentId;
use unicode_segmentation::UnicodeSegmentation;

use crate::tokenizers::{MiniLm, Words};

/// One passage in this many is edited.
const SHARE: usize = 100;
/// Maximum number of chunks embedded per chunk that an edit touches.
const MOST: f64 = 1.3;

const SENTENCE: &str = "The person on call checks this value once more before the release goes out.";

#[derive(Clone, Copy, Debug)]
enum Edit {
    Change,
    Insert,
    Delete,
}

/// The real Markdown documents: names and sources, sorted.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/docs/md");
    if !root.exists() {
        println!("skipped: no {}; the real documents are not part of the repository", root.display());
        return Vec::new();
    }
    let (mut folders, mut found) = (vec![root], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(source) = std::fs::read_to_string(&path)
                && path.extension().is_some_and(|ending| ending == "md")
            {
                found.push((path.to_string_lossy().into_owned(), source));
            }
        }
    }
    found.sort();
    found
}

fn split<T: Tokens>(splitter: &Splitter<T>, key: &str, source: &str) -> Vec<Split> {
    let extracted = extract(key, source.as_bytes()).unwrap();
    splitter.split(&DocumentId::new("docs", key).unwrap(), &extracted).unwrap()
}

/// The sentence in the middle of a passage, if it occurs exactly once in the source.
fn sentence<'a>(split: &'a Split, source: &str) -> Option<&'a str> {
    let sentences: Vec<&str> = split.text.split_sentence_bounds().map(str::trim).collect();
    let middle = sentences.len() / 2;
    let order = (middle..sentences.len()).chain((0..middle).rev());
    order.filter_map(|index| sentences.get(index).copied()).find(|sentence| {
        sentence.chars().filter(|character| character.is_alphabetic()).count() > 12
            && !sentence.contains(['\n', '|', '#'])
            && source.matches(sentence).count() == 1
    })
}

fn edited(source: &str, sentence: &str, edit: Edit) -> String {
    match edit {
        Edit::Change => {
            let middle = sentence.ceil_char_boundary(sentence.len() / 2);
            source.replacen(
                sentence,
                &format!("{} once more {}", &sentence[..middle], &sentence[middle..]),
                1,
            )
        }
        Edit::Insert => source.replacen(sentence, &format!("{sentence} {SENTENCE}"), 1),
        Edit::Delete => source.replacen(sentence, "", 1),
    }
}

/// A real document and its chunks.
struct Document {
    key: String,
    source: String,
    chunks: Vec<Split>,
}

/// Numbers of chunks touched and of new chunks, when one passage in a hundred is edited this way.
fn edit_all<T: Tokens>(splitter: &Splitter<T>, documents: &[Document], edit: Edit) -> (usize, usize) {
    let (mut seen, mut due, mut touched, mut embedded) = (0_usize, SHARE / 2, 0, 0);
    for Document { key, source, chunks } in documents {
        let mut now = source.clone();
        for chunk in chunks {
            seen += 1;
            if seen >= due
                && let Some(sentence) = sentence(chunk, source)
                && now.matches(sentence).count() == 1
            {
                now = edited(&now, sentence, edit);
                due += SHARE;
                touched += 1;
            }
        }
        if now != *source {
            let known: BTreeSet<_> = chunks.iter().map(|split| split.id.as_str()).collect();
            let after = split(splitter, key, &now);
            embedded += after.iter().filter(|split| !known.contains(split.id.as_str())).count();
        }
    }
    (touched, embedded)
}

fn run<T: Tokens>(name: &str, tokens: T, max_tokens: usize) {
    let splitter = Splitter::new(tokens, Limits { max_tokens, ..Limits::default() }).unwrap();
    let cut = |(key, source): (String, String)| {
        let chunks = split(&splitter, &key, &source);
        Document { key, source, chunks }
    };
    let documents: Vec<Document> = documents().into_iter().map(cut).collect();
    if documents.is_empty() {
        return;
    }
    let (mut touched, mut embedded) = (0, 0);
    for edit in [Edit::Change, Edit::Insert, Edit::Delete] {
        let (near, new) = edit_all(&splitter, &documents, edit);
        println!("{name}: {edit:?} in {near} chunks embeds {new}");
        touched += near;
        embedded += new;
    }
    let real = |number: usize| f64::from(u32::try_from(number).unwrap());
    let times = real(embedded) / real(touched);
    println!("{name}: {touched} chunks touched, {embedded} embedded: {times:.2} times");
    assert!(touched > 100 && times <= MOST, "{times:.2}");
}

#[test]
fn an_edit_embeds_little_more_than_it_touches() {
    match MiniLm::load() {
        Some(tokens) => run("all-MiniLM-L6-v2 at 256", tokens, 256),
        None => run("words at 128", Words, 128),
    }
}
