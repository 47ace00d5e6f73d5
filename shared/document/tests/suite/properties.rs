//! What holds for any text and any limits.

use document::{Block, BlockKind, Extracted, Limits, Split, Splitter, Tokens, extract};
use message::{DocumentId, embedded_text};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use crate::tokenizers::{Blind, Bytes, Characters, MiniLm, Moody, Words};

/// Pieces of text that have broken splitters in the past.
fn fragment() -> impl Strategy<Value = String> {
    let chosen = prop::sample::select(vec![
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "。",
        "！",
        "；",
        ". ",
        "? ",
        "| ",
        "# ",
        "## ",
        "- ",
        "1. ",
        "```\n",
        "\n\n| k | v |\n|-|-|\n| a | b c |\n| d e | f |\n| g | h i j k |\n",
        "| l m | n |\n| o | p q |\n",
        "<table><thead><tr><th>k<th>v</thead><tr><td>a<td>b",
        "> ",
        "<p>",
        "</p>",
        "<pre>",
        "<h2>",
        "<table><tr><td>",
        "&amp;",
        "---\n",
        "👩‍👩‍👧‍👦",
        "🇩🇪🇫🇷",
        "🏳️‍🌈",
        "e\u{301}\u{323}",
        " \u{301}",
        "\u{600}1",
        "กำลังพัฒนา",
        "각각",
        "नमस्ते",
        "مرحبا",
        "\u{200b}\u{200b}",
        "\u{feff}",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{a0}",
        "\u{fffd}",
        "\u{fdfa}",
        "[](",
        "**",
        "`",
    ]);
    prop_oneof![
        4 => chosen.prop_map(str::to_owned),
        3 => "[a-z]{1,9} ",
        2 => "[\u{4e00}-\u{4eff}]{1,30}",
        1 => "[A-Za-z0-9+/]{50,400}",
        1 => "\\PC{1,20}",
        1 => any::<char>().prop_map(|character| character.to_string()),
        1 => prop::collection::vec("[\u{300}-\u{36f}]", 1..60).prop_map(|marks| format!("z{}", marks.concat())),
    ]
}

fn source() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..120).prop_map(|fragments| fragments.concat())
}

fn document() -> DocumentId {
    DocumentId::new("bucket", "key").unwrap()
}

/// Checks every guarantee on one document; returns its chunks.
fn check<T: Tokens>(tokens: &T, limits: &Limits, extracted: &Extracted) -> Result<Vec<Split>, TestCaseError> {
    struct Borrowed<'a, T>(&'a T);
    impl<T: Tokens> Tokens for Borrowed<'_, T> {
        fn special(&self) -> usize {
            self.0.special()
        }
        fn offsets(&self, text: &str) -> Vec<std::ops::Range<usize>> {
            self.0.offsets(text)
        }
        fn count(&self, text: &str) -> usize {
            self.0.count(text)
        }
    }
    let Ok(splitter) = Splitter::new(Borrowed(tokens), limits.clone()) else { return Ok(Vec::new()) };
    let splits = splitter.split(&document(), extracted).expect("every character fits");
    prop_assert_eq!(&splits, &splitter.split(&document(), extracted).expect("again"), "the same each time");
    let count = |split: &Split| {
        tokens.count(&format!("{}{}", limits.passage_prefix, embedded_text(&split.heading_path, &split.text)))
    };
    let mut at = 0;
    let mut outside = String::new();
    for (ordinal, split) in splits.iter().enumerate() {
        prop_assert_eq!(split.ordinal as usize, ordinal);
        prop_assert_eq!(split.tokens as usize, count(split));
        prop_assert!(
            split.tokens as usize <= limits.max_tokens,
            "{} tokens in {:?}",
            split.tokens,
            split.text
        );
        let (repeated, body) = split.text.split_at(split.repeated);
        prop_assert_eq!(body, &extracted.text[split.start..split.end], "offsets reproduce the text");
        columns_are_named(extracted, split, repeated)?;
        prop_assert!(!body.trim().is_empty() && split.end > at, "each chunk has something of its own");
        prop_assert!(split.start >= at || limits.overlap > 0);
        outside.push_str(extracted.text.get(at..split.start).unwrap_or_default());
        at = split.end;
    }
    outside.push_str(&extracted.text[at..]);
    headings_are_shown(extracted, &splits, &outside)?;
    graphemes_are_whole(tokens, limits, extracted, &splits)?;
    let mut ids: Vec<_> = splits.iter().map(|split| split.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    prop_assert_eq!(ids.len(), splits.len(), "ids differ");
    Ok(splits)
}

/// For tokenizers that count a passage alone as they do within its text.
fn overlaps_are_bounded<T: Tokens>(
    tokens: &T,
    limits: &Limits,
    extracted: &Extracted,
    splits: &[Split],
) -> Result<(), TestCaseError> {
    for pair in splits.windows(2) {
        let common = extracted.text.get(pair[1].start..pair[0].end).unwrap_or_default();
        prop_assert!(tokens.offsets(common).len() <= limits.overlap, "{:?}", common);
    }
    Ok(())
}

/// The only text before a chunk's own is the header rows of the table in which it starts.
fn columns_are_named(extracted: &Extracted, split: &Split, repeated: &str) -> Result<(), TestCaseError> {
    let Some(rows) = repeated.strip_suffix('\n') else {
        prop_assert!(repeated.is_empty());
        return Ok(());
    };
    let table = extracted.blocks.iter().find(|block| block.range.contains(&split.start));
    let header = table.map(|table| &extracted.text[table.range.start..table.range.start + table.header]);
    prop_assert_eq!(header, Some(rows));
    Ok(())
}

/// Outside of the chunks there are only white space and headings shown in a chunk's path.
fn headings_are_shown(extracted: &Extracted, splits: &[Split], outside: &str) -> Result<(), TestCaseError> {
    let mut expected = String::new();
    for Block { range, kind, .. } in &extracted.blocks {
        let covered = splits.iter().any(|split| split.start < range.end && split.end > range.start);
        if !covered {
            let heading = &extracted.text[range.clone()];
            prop_assert_eq!(*kind, BlockKind::Heading, "{:?} is in no chunk", heading);
            let shown = splits.iter().any(|split| split.heading_path.iter().any(|above| above == heading));
            prop_assert!(shown, "heading {:?} is shown nowhere", heading);
            expected.push_str(heading);
        }
    }
    let bare = |text: &str| text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
    prop_assert_eq!(bare(outside), bare(&expected));
    Ok(())
}

/// A chunk starts or ends within a grapheme only if that grapheme exceeds the limit.
fn graphemes_are_whole<T: Tokens>(
    tokens: &T,
    limits: &Limits,
    extracted: &Extracted,
    splits: &[Split],
) -> Result<(), TestCaseError> {
    for (start, grapheme) in extracted.text.grapheme_indices(true) {
        let end = start + grapheme.len();
        let cut = |at: usize| start < at && at < end;
        for split in splits.iter().filter(|split| cut(split.start) || cut(split.end)) {
            let whole = format!("{}{}", limits.passage_prefix, embedded_text(&split.heading_path, grapheme));
            let above = tokens.count(&whole) > limits.max_tokens || grapheme.len() > limits.max_tokens * 64;
            prop_assert!(above, "{:?} is cut by {:?}", grapheme, split.text);
        }
    }
    Ok(())
}

/// The chunks do not depend on the number of threads.
#[test]
fn threads_change_nothing() {
    let splitter = Splitter::new(Words, Limits { max_tokens: 40, overlap: 4, ..Limits::default() }).unwrap();
    let table = format!("| a | b |\n|-|-|\n{}", "| c d | e |\n".repeat(60));
    let text =
        format!("# T\n\n{}\n\n{table}\n\n{}", "One two three. ".repeat(90), "中文没有空格。".repeat(200));
    let extracted = extract("a.md", text.as_bytes()).unwrap();
    let alone = splitter.split(&document(), &extracted).unwrap();
    std::thread::scope(|scope| {
        let split = || splitter.split(&document(), &extracted).unwrap();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(split)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == alone));
    });
}

fn cases(cases: u32) -> ProptestConfig {
    // a failing case becomes a test of its own, not a file
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn promises_hold_for_any_text(
        source in source(),
        key in prop::sample::select(vec!["a.txt", "a.md", "a.html"]),
        max_tokens in 16_usize..200,
        prefix in prop::sample::select(vec!["", "passage: "]),
        overlap in prop::sample::select(vec![0, 0, 3, 7]),
    ) {
        // arbitrary text may contain a NUL, which is refused
        let Ok(extracted) = extract(key, source.as_bytes()) else { return Ok(()) };
        let limits = Limits { max_tokens, overlap, passage_prefix: prefix.to_owned(), ..Limits::default() };
        overlaps_are_bounded(&Words, &limits, &extracted, &check(&Words, &limits, &extracted)?)?;
        overlaps_are_bounded(&Characters, &limits, &extracted, &check(&Characters, &limits, &extracted)?)?;
        overlaps_are_bounded(&Bytes, &limits, &extracted, &check(&Bytes, &limits, &extracted)?)?;
        check(&Moody, &limits, &extracted)?;
        check(&Blind, &limits, &extracted)?;
    }
}

#[test]
fn promises_hold_with_a_real_tokenizer() {
    let Some(tokens) = MiniLm::load() else { return };
    let mut runner = proptest::test_runner::TestRunner::new(cases(150));
    let key = prop::sample::select(vec!["a.txt", "a.md", "a.html"]);
    let limits = (16_usize..200, prop::sample::select(vec![0, 5]));
    let outcome = runner.run(&(source(), key, limits), |(source, key, (max_tokens, overlap))| {
        let Ok(extracted) = extract(key, source.as_bytes()) else { return Ok(()) };
        let limits = Limits { max_tokens, overlap, ..Limits::default() };
        check(&tokens, &limits, &extracted).map(|_| ())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}
