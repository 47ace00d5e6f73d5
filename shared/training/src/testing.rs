//! Corpora for tests.

use std::collections::HashMap;

use message::{ChunkId, DocumentId, Version};

use crate::copies::Copies;
use crate::corpus::{SourceDocument, SourcePassage};
use crate::kind::Surroundings;
use crate::repeats;

/// What stands around the documents of a corpus, where nobody has asked anything.
pub(crate) fn around(corpus: &[SourceDocument]) -> Surroundings {
    let copies = Copies::of(corpus);
    Surroundings {
        headings: repeats::headings(corpus, &copies),
        most_headings: 2,
        sentences: repeats::sentences(corpus, &copies),
        asked: HashMap::new(),
    }
}

/// Words of no language, others for each number; a sentence has twelve of them.
pub(crate) fn prose(number: usize, words: usize) -> String {
    let mut text = String::new();
    for n in 0..words {
        let word = crate::draw::number(number as u64, "prose", &n.to_string()) % 5_000;
        text.push_str(if n % 12 == 0 { "Word" } else { "word" });
        text.push_str(&letters(word));
        text.push_str(if n % 12 == 11 { ". " } else { " " });
    }
    text.trim_end().to_owned()
}

fn letters(mut number: u64) -> String {
    let mut text = String::new();
    loop {
        text.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
        if number == 0 {
            return text;
        }
    }
}

pub(crate) fn id(key: &str) -> DocumentId {
    DocumentId::new("b", key).unwrap()
}

pub(crate) fn passage(document: &DocumentId, path: &[&str], text: &str) -> SourcePassage {
    let heading_path: Vec<String> = path.iter().map(|heading| (*heading).to_owned()).collect();
    SourcePassage {
        id: ChunkId::derive(document, &heading_path, text, 0),
        heading_path,
        text: text.to_owned(),
    }
}

/// A document without title and headings.
pub(crate) fn document(key: &str, texts: &[&str]) -> SourceDocument {
    let document = id(key);
    let passages = texts.iter().map(|text| passage(&document, &[], text)).collect();
    SourceDocument { document, version: Version::first(1), title: None, passages }
}

/// A document with a title of its own and a section of its own for each passage.
pub(crate) fn handbook(number: usize, sections: usize) -> SourceDocument {
    let document = id(&format!("handbook-{number:04}"));
    let title = format!("Manual {}", prose(10_000 + number, 2).replace('.', ""));
    let passages = (0..sections)
        .map(|n| {
            let unit = number * 100 + n;
            let heading = format!("About {}", prose(20_000 + unit, 3).replace('.', ""));
            passage(&document, &[&title, &heading], &prose(50_000 + unit, 72))
        })
        .collect();
    SourceDocument { document, version: Version::first(1), title: Some(title), passages }
}

/// Handbooks, each different from all others.
pub(crate) fn library(documents: usize, sections: usize) -> Vec<SourceDocument> {
    (0..documents).map(|number| handbook(number, sections)).collect()
}
