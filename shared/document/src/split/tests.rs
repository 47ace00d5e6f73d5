//! The splitter on small texts, with a tokenizer that can be followed by hand: one token per word, two special ones.

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
        assert_eq!(split.text[split.repeated..], extracted.text[split.start..split.end]);
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
    for (_, text) in split(18, &table) {
        let rows = text.strip_prefix("a | b\n").expect("the columns are named in each chunk");
        assert!(rows.lines().all(|line| line.starts_with('r') && line.ends_with('y')), "{text}");
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

/// `number` distinct words.
fn words(name: &str, number: usize) -> String {
    (0..number).map(|word| format!("{name}{word}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_table_names_its_columns_in_each_chunk() {
    let rows: Vec<String> = (0..20).map(|row| format!("| r{row} | x y |")).collect();
    let source = format!("before\n\n| k | value |\n|-|-|\n{}\n\nafter", rows.join("\n"));
    let splits = split_with(Limits { max_tokens: 24, ..Limits::default() }, &source);
    assert!(splits.len() > 3);
    for split in &splits {
        assert!(split.text.starts_with("k | value\n") || split.ordinal == 0, "{}", split.text);
        assert_eq!(split.repeated, if split.ordinal == 0 { 0 } else { "k | value\n".len() });
        assert_eq!(split.tokens as usize, Words.count(&split.text));
    }
    let ends_with_header = |split: &Split| split.text.trim_end().ends_with("k | value");
    assert!(!splits.iter().any(ends_with_header), "a header is not left behind");
}

#[test]
fn a_header_that_takes_too_much_room_is_not_repeated() {
    let source = format!("| {} | k |\n|-|-|\n{}", words("h", 9), "| a b | c |\n".repeat(20));
    let splits = split_with(Limits { max_tokens: 24, ..Limits::default() }, &source);
    assert!(splits.len() > 2 && splits.iter().all(|split| split.repeated == 0));
}

#[test]
fn an_overlap_begins_at_a_sentence_or_a_word() {
    let limits = |overlap| Limits { max_tokens: 26, overlap, ..Limits::default() };
    let sentences: Vec<String> = (0..40).map(|number| format!("A{number} b c d e.")).collect();
    let splits = split_with(limits(10), &sentences.join(" "));
    for pair in splits.windows(2) {
        let common = pair[0].end.checked_sub(pair[1].start).expect("chunks overlap");
        let shared = &pair[1].text[..common];
        assert!(shared.starts_with('A') && shared.split(' ').count() == 10, "{shared}");
    }
    let splits = split_with(limits(5), &words("w", 100));
    for pair in splits.windows(2) {
        assert_eq!(pair[1].text[..pair[0].end - pair[1].start].split(' ').count(), 5);
    }
    let splits = split_with(limits(5), &format!("# A\n\n{}\n\n# B\n\nb", words("a", 20)));
    assert_eq!(splits.last().map(|split| split.text.as_str()), Some("b"), "never over a heading");
}

#[test]
fn an_overlap_of_half_a_chunk_is_refused() {
    let limits = |overlap| Limits { max_tokens: 20, overlap, ..Limits::default() };
    assert!(matches!(Splitter::new(Words, limits(10)), Err(InvalidLimits::Overlap { .. })));
    assert!(Splitter::new(Words, limits(9)).is_ok());
}

#[test]
fn list_items_and_code_are_not_cut_when_they_fit() {
    let items: Vec<String> = (0..30).map(|item| format!("- {}", words(&format!("i{item}x"), 6))).collect();
    for split in split_with(Limits { max_tokens: 24, ..Limits::default() }, &items.join("\n")) {
        assert!(
            split.text.lines().all(|line| line.starts_with("- ") && line.split(' ').count() == 7),
            "{}",
            split.text
        );
    }
}

#[test]
fn a_block_that_is_not_small_has_chunks_of_its_own() {
    let words = |word: &str, count: usize| vec![word; count].join(" ");
    let (long, middle) = (words("l", 30), words("m", 8));
    // room for 18 words: more than 4 are not small, more than 2 are too many to lead
    let found = split(20, &format!("{long}\n\n{middle}\n\na a a\n\nb b b\n\n{middle}"));
    let texts: Vec<_> = found.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(texts, [words("l", 18), words("l", 12), middle.clone(), "a a a\n\nb b b".to_owned(), middle]);
    let found = split(20, &format!("lead:\n\n{long}\n\n{}\n\nend", words("m", 18)));
    let texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
    assert!(texts.first().is_some_and(|text| text.starts_with("lead:\n\nl l")), "{texts:?}");
}

#[test]
fn text_without_a_heading_above_it_is_under_the_title() {
    let page = "<title>Leave policy</title><p>one</p><h2>A</h2><p>two</p>";
    let extracted = extract("k.html", page.as_bytes()).unwrap();
    let document = DocumentId::new("b", "k.html").unwrap();
    let under = |max_tokens| {
        let limits = Limits { max_tokens, ..Limits::default() };
        let splits = Splitter::new(Words, limits).unwrap().split(&document, &extracted).unwrap();
        splits.into_iter().map(|split| (split.heading_path.join(" > "), split.text)).collect::<Vec<_>>()
    };
    assert_eq!(under(30), pairs([("Leave policy", "one"), ("A", "two")]));
    assert_eq!(under(5), pairs([("", "one"), ("A", "two")]), "a title without room is left out");
}
