//! An edit changes only the chunks near it; otherwise each edit would embed a document anew.

use std::collections::BTreeSet;

use document::{Limits, Split, Splitter, Tokens, extract};
use message::DocumentId;

use crate::tokenizers::{Characters, Words};

/// A small pseudo-random generator: the same text on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn sentence(&mut self) -> String {
        let words: Vec<_> = (0..5 + self.below(15)).map(|_| format!("w{}", self.below(3_000))).collect();
        format!("{}.", words.join(" "))
    }

    fn paragraph(&mut self) -> String {
        let sentences: Vec<_> = (0..=self.below(6)).map(|_| self.sentence()).collect();
        sentences.join(" ")
    }
}

fn split<T: Tokens>(tokens: T, max_tokens: usize, key: &str, source: &str) -> Vec<Split> {
    let extracted = extract(key, source.as_bytes()).unwrap();
    let limits = Limits { max_tokens, ..Limits::default() };
    let document = DocumentId::new("bucket", key).unwrap();
    Splitter::new(tokens, limits).unwrap().split(&document, &extracted).unwrap()
}

/// How many chunks of `after` are new.
fn new_chunks(before: &[Split], after: &[Split]) -> usize {
    let known: BTreeSet<_> = before.iter().map(|split| split.id.as_str()).collect();
    after.iter().filter(|split| !known.contains(split.id.as_str())).count()
}

/// Mean and maximum number of new chunks when `insert` is inserted at many positions of `parts`.
fn insertions(
    parts: &[String],
    separator: &str,
    insert: &str,
    cut: impl Fn(&str) -> Vec<Split>,
) -> (f64, usize, usize) {
    let before = cut(&parts.join(separator));
    let places: Vec<usize> = (1..20).map(|place| place * parts.len() / 20).collect();
    let mut counts = Vec::new();
    for place in places {
        let mut edited = parts.to_vec();
        edited.insert(place, insert.to_owned());
        counts.push(new_chunks(&before, &cut(&edited.join(separator))));
    }
    let total: u32 = counts.iter().map(|count| u32::try_from(*count).unwrap()).sum();
    let mean = f64::from(total) / f64::from(u32::try_from(counts.len()).unwrap());
    (mean, counts.into_iter().max().unwrap_or_default(), before.len())
}

#[test]
fn a_new_paragraph_changes_only_chunks_near_it() {
    let mut numbers = Numbers(7);
    let paragraphs: Vec<_> = (0..400).map(|_| numbers.paragraph()).collect();
    let insert = numbers.paragraph();
    let (mean, most, chunks) =
        insertions(&paragraphs, "\n\n", &insert, |text| split(Words, 254, "a.txt", text));
    println!(
        "paragraphs without headings: {chunks} chunks, new after an insertion: mean {mean:.1}, most {most}"
    );
    assert!(chunks > 60 && mean < 4.0 && most <= 10, "{chunks} {mean} {most}");
}

#[test]
fn a_new_sentence_changes_only_chunks_near_it_even_in_one_paragraph() {
    let mut numbers = Numbers(11);
    let sentences: Vec<_> = (0..1_500).map(|_| numbers.sentence()).collect();
    let insert = numbers.sentence();
    let (mean, most, chunks) = insertions(&sentences, " ", &insert, |text| split(Words, 254, "a.txt", text));
    println!("one paragraph: {chunks} chunks, new after an insertion: mean {mean:.1}, most {most}");
    assert!(chunks > 60 && mean < 4.0 && most <= 10, "{chunks} {mean} {most}");
}

#[test]
fn a_character_changes_only_chunks_near_it_even_in_one_word() {
    let mut numbers = Numbers(13);
    let characters: Vec<_> = (0..20_000)
        .map(|_| char::from_u32(0x4e00 + u32::try_from(numbers.below(2_000)).unwrap()).unwrap().to_string())
        .collect();
    let (mean, most, chunks) =
        insertions(&characters, "", "新", |text| split(Characters, 254, "a.txt", text));
    println!(
        "one run of Han characters: {chunks} chunks, new after an insertion: mean {mean:.1}, most {most}"
    );
    assert!(chunks > 80 && mean < 4.0 && most <= 10, "{chunks} {mean} {most}");
}

#[test]
fn an_edit_never_reaches_beyond_its_heading() {
    let mut numbers = Numbers(17);
    let mut sections: Vec<_> = (0..20)
        .map(|section| {
            let text: Vec<_> = (0..12).map(|_| numbers.paragraph()).collect();
            format!("# Section {section}\n\n{}", text.join("\n\n"))
        })
        .collect();
    let before = split(Words, 254, "a.md", &sections.join("\n\n"));
    sections[9] = sections[9].replacen("\n\n", "\n\nAn inserted paragraph of a few words.\n\n", 2);
    let after = split(Words, 254, "a.md", &sections.join("\n\n"));
    let known: BTreeSet<_> = before.iter().map(|split| split.id.as_str()).collect();
    let new: Vec<_> = after.iter().filter(|split| !known.contains(split.id.as_str())).collect();
    assert!(!new.is_empty());
    assert!(new.iter().all(|split| split.heading_path == ["Section 9"]));
}
