//! The splitter on small texts, with a tokenizer that can be counted by hand: one token a word, two special ones.

use super::*;
use crate::extract;

struct Words;

impl Tokens for Words {
    fn special(&self) -> usize {
        2
    }

    fn offsets(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        text.split_whitespace()
            .map(|word| {
                let start = word.as_ptr().addr() - text.as_ptr().addr();
                start..start + word.len()
            })
            .collect()
    }

    fn count(&self, text: &str) -> usize {
        2 + text.split_whitespace().count()
    }
}

fn split_with(limits: Limits, source: &str) -> Vec<Split> {
    let document = DocumentId::new("b", "k.md").unwrap();
    let extracted = extract("k.md", source.as_bytes()).unwrap();
    let splits = Splitter::new(Words, limits).unwrap().split(&document, &extracted).unwrap();
    for split in &splits {
        assert_eq!(split.text, extracted.text[split.start..split.end]);
    }
    splits
}

fn split(max_tokens: usize, source: &str) -> Vec<(String, String)> {
    let limits = Limits { max_tokens, ..Limits::default() };
    split_with(limits, source).into_iter().map(|split| (split.heading_path.join(" > "), split.text)).collect()
}

fn pairs<const N: usize>(expected: [(&str, &str); N]) -> Vec<(String, String)> {
    expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn small_neighbours_under_one_heading_are_one_chunk() {
    let found = split(30, "# A\n\none\n\ntwo\n\n- three\n- four\n\n## B\n\nfive\n\n# C\n\nsix");
    assert_eq!(found, pairs([("A", "one\n\ntwo\n\n- three\n- four"), ("A > B", "five"), ("C", "six")]));
}

#[test]
fn a_heading_without_text_is_found_in_a_path_or_as_text() {
    assert_eq!(split(30, "# T\n\n## A\n\n## B\n"), pairs([("T", "A\n\nB")]));
    assert_eq!(split(30, "# T\n\n## A\n\nx"), pairs([("T > A", "x")]));
    assert_eq!(split(30, "# T\n\nx\n\n## A\n"), pairs([("T", "x\n\nA")]));
    assert_eq!(split(30, "# T\n"), pairs([("", "T")]));
}

#[test]
fn a_long_heading_path_loses_its_outermost_first() {
    // a third of 18 is 6 words, the separators count
    let found = split(18, "# a b c d\n\nintro\n\n## e f\n\n### g\n\ntext");
    assert_eq!(found, pairs([("a b c d", "intro"), ("e f > g", "text")]));
    let found = split(18, "# a b c d e f g h\n\ntext");
    assert_eq!(found, pairs([("", "a b c d e f g h\n\ntext")]), "a heading that no path can carry is text");
}

#[test]
fn blocks_are_kept_whole_when_they_fit() {
    let code = "```\na a a a\nb b b b\nc c c d\n```";
    let found = split(16, &format!("one two three\n\n{code}\n\nfour five six seven"));
    let texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["one two three", "a a a a\nb b b b\nc c c d", "four five six seven"]);
}

#[test]
fn what_does_not_fit_is_cut_at_lines_sentences_or_words() {
    let rows: Vec<String> = (0..9).map(|row| format!("| r{row} | x y |")).collect();
    let table = format!("|a|b|\n|-|-|\n{}", rows.join("\n"));
    for (_, text) in split(16, &table) {
        assert!(text.lines().all(|line| line.starts_with('r') || line.starts_with('a')), "{text}");
    }
    let prose = "Alpha beta gamma delta. Epsilon zeta eta theta. Iota kappa lambda mu. Nu xi omicron pi.";
    for (_, text) in split(14, prose) {
        assert!(text.ends_with('.'), "{text}");
    }
    let words = "w ".repeat(100);
    let found = split(16, &words);
    assert!(found.iter().all(|(_, text)| text.split(' ').all(|word| word == "w")));
    assert_eq!(found.iter().map(|(_, text)| text.split(' ').count()).sum::<usize>(), 100);
}

#[test]
fn repeats_have_ids_of_their_own_and_order_counts_from_zero() {
    let splits = split_with(Limits::default(), "# A\n\nsame\n\n# A\n\nsame\n\n# A\n\nsame");
    let mut ids: Vec<_> = splits.iter().map(|split| split.id.as_str().to_owned()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert_eq!(splits.iter().map(|split| split.ordinal).collect::<Vec<_>>(), [0, 1, 2]);
    let document = DocumentId::new("b", "k.md").unwrap();
    assert_eq!(splits[1].id, ChunkId::derive(&document, &["A".to_owned()], "same", 1));
}

#[test]
fn the_prefix_counts() {
    let limits = Limits { max_tokens: 16, passage_prefix: "p q r ".to_owned(), ..Limits::default() };
    let splits = split_with(limits, &"w ".repeat(50));
    assert!(splits.iter().all(|split| split.tokens <= 16));
    assert_eq!(splits[0].tokens as usize, 5 + splits[0].text.split(' ').count());
    let limits = Limits { max_tokens: 9, passage_prefix: "p q r ".to_owned(), ..Limits::default() };
    assert!(Splitter::new(Words, limits).is_err());
}

#[test]
fn too_many_chunks_are_an_error() {
    let document = DocumentId::new("b", "k").unwrap();
    let extracted = extract("k", "w ".repeat(1_000).as_bytes()).unwrap();
    let limits = Limits { max_tokens: 16, max_chunks: 10, ..Limits::default() };
    let outcome = Splitter::new(Words, limits).unwrap().split(&document, &extracted);
    assert!(matches!(outcome, Err(Unsplittable::TooManyChunks { limit: 10 })));
}

#[test]
fn a_word_without_end_does_not_make_a_chunk_without_end() {
    let source = "x".repeat(100_000);
    let found = split(16, &source);
    assert!(found.iter().all(|(_, text)| text.len() <= 16 * BYTES_PER_TOKEN));
    assert_eq!(found.iter().map(|(_, text)| text.len()).sum::<usize>(), source.len());
}
