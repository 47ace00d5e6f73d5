use crate::{BlockKind, Extracted, Refusal, extract};

fn read(source: &str) -> Extracted {
    extract("a", source.as_bytes()).unwrap()
}

fn blocks(extracted: &Extracted) -> Vec<(String, &str)> {
    let of = |block: &crate::Block| (block.heading_path.join(" > "), &extracted.text[block.range.clone()]);
    extracted.blocks.iter().filter(|block| block.kind != BlockKind::Heading).map(of).collect()
}

#[test]
fn a_small_value_is_one_block_with_the_keys_before_each_value() {
    let extracted = read(
        r#"{"name": "Ann", "age": 1e400, "big": 12345678901234567890123, "tags": ["a", "b", 3, true],
            "address": {"city": "Paris\nXe", "lines": [{"k": "1"}, {"k": "2"}]}, "none": null, "empty": [{}, "", []]}"#,
    );
    assert_eq!(
        extracted.text,
        "name: Ann\nage: 1e400\nbig: 12345678901234567890123\ntags: a, b, 3, true\n\
         address > city: Paris\nXe\naddress > lines > k: 1\naddress > lines > k: 2"
    );
    assert_eq!((extracted.format.as_str(), extracted.blocks.len()), ("json", 1));
    assert_eq!(extracted.title.as_deref(), Some("Ann"));
}

#[test]
fn a_large_value_is_under_its_key_and_its_records_are_blocks() {
    let (long, wide) = ("word ".repeat(400), "w".repeat(2_000));
    let source = format!(
        r#"{{"info": {{"version": 1}}, "people": [{{"n": "A"}}, {{"n": "B", "bio": "{long}", "home": {{"town": "{wide}"}}}}, {{"n": "C"}}],
            "words": ["{long}", "x"], "last": "y"}}"#
    );
    let extracted = read(&source);
    let long = long.trim();
    assert_eq!(
        blocks(&extracted),
        [
            (String::new(), "info > version: 1"),
            ("people".to_owned(), "n: A"),
            ("people".to_owned(), format!("n: B\nbio: {long}").as_str()),
            ("people > home".to_owned(), format!("town: {wide}").as_str()),
            ("people".to_owned(), "n: C"),
            ("words".to_owned(), format!("- {long}").as_str()),
            ("words".to_owned(), "- x"),
            (String::new(), "last: y"),
        ]
    );
    assert_eq!(extracted.title, None);
}

#[test]
fn a_record_a_line_is_a_block_each() {
    let extracted = read("{\"a\": 1, \"b\": \"x\"}\n\n{\"a\": 2}\n{\"a\": 3, \"b\n");
    assert_eq!(extracted.format, "ndjson");
    assert_eq!(extracted.text, "a: 1\nb: x\n\na: 2\n\n{\"a\": 3, \"b");
    assert_eq!(extracted.blocks.len(), 3);
}

#[test]
fn what_is_not_json_is_text() {
    for source in ["{\"a\": 1", "[link] and text", "{a}", "{\"a\": 1 // comment\n}", "{}x"] {
        let extracted = extract("a.json", source.as_bytes()).unwrap();
        assert_eq!((extracted.format.as_str(), extracted.text.as_str()), ("text", source));
    }
    assert_eq!(extract("a.json", b"\"only text\"").unwrap().text, "only text");
    assert_eq!(extract("a.json", b" ").unwrap().text, "");
    assert_eq!(read("[]").text, "");
}

#[test]
fn escapes_are_read_and_half_a_pair_stays() {
    let extracted =
        read(r#"{"k\u0065y": "\u4e2d\ud83d\ude00 \"q\" \\", "bad": "\ud800", "nul": "a\u0000b"}"#);
    assert_eq!(extracted.text, "key: 中😀 \"q\" \\\nbad: \\ud800\nnul: a\u{fffd}b");
}

#[test]
fn json_that_is_too_deep_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(read(&deep(128)).text.ends_with('1'));
        for depth in [129, 10_000, 1_000_000] {
            let refusal = extract("a.json", deep(depth).as_bytes()).unwrap_err();
            assert!(matches!(refusal, Refusal::TooComplex { limit: 128, .. }));
        }
    }
}

#[test]
fn a_notebook_is_its_cells() {
    let extracted = read(
        r##"{"nbformat": 4, "metadata": {}, "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "\n", "See *this*."]},
            {"cell_type": "code", "source": "print(1)", "outputs": [{"output_type": "stream", "text": ["1\n"]},
                {"data": {"text/plain": ["<Figure>"], "image/png": "iVBO"}}]},
            {"cell_type": "markdown", "source": "- end"}]}"##,
    );
    assert_eq!(extracted.format, "jupyter");
    assert_eq!(extracted.text, "Title\n\nSee this.\n\nprint(1)\n\n1\n\n<Figure>\n\n- end");
    let kinds: Vec<_> = extracted.blocks.iter().skip(2).map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Code, BlockKind::Code, BlockKind::Code, BlockKind::ListItem]);
    assert_eq!(extracted.blocks[2].heading_path.join(""), "Title");
}
