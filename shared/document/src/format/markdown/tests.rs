//! Markdown as found in real documents.

use super::*;
use crate::format::extract_as;

fn read(source: &str) -> Extracted {
    extract_as(&Markdown, source.as_bytes()).unwrap()
}

/// Kind, heading path and text of each block.
fn blocks(source: &str) -> Vec<(BlockKind, String, String)> {
    let Extracted { text, blocks, .. } = read(source);
    blocks
        .iter()
        .map(|block| (block.kind, block.heading_path.join(" > "), text[block.range.clone()].to_owned()))
        .collect()
}

fn text(source: &str) -> String {
    read(source).text
}

#[test]
fn headings_make_the_path() {
    use BlockKind::{Heading, Paragraph};
    let found = blocks("# A\n\nintro\n\nB\n-\n\nb\n\n#### deep\n\nd\n\n## C {#c .x}\n\nc\n");
    let expected = [
        (Heading, "", "A"),
        (Paragraph, "A", "intro"),
        (Heading, "A", "B"),
        (Paragraph, "A > B", "b"),
        (Heading, "A > B", "deep"),
        (Paragraph, "A > B > deep", "d"),
        (Heading, "A", "C"),
        (Paragraph, "A > C", "c"),
    ];
    assert_eq!(found, expected.map(|(kind, path, text)| (kind, path.to_owned(), text.to_owned())));
}

#[test]
fn noise_is_dropped_and_what_a_reader_sees_stays() {
    for (source, expected) in [
        ("# Storage<a name=\"storage\"></a>\n", "Storage"),
        ("see [the *docs*](https://x.y/z \"t\") and <https://a.b>", "see the docs and https://a.b"),
        ("[ref]: https://x.y\n\nuse [ref]", "use ref"),
        ("a <!-- hidden --> b\n\n<!--\nhidden\n-->\n\nc", "a b\n\nc"),
        ("![Create a bucket](../images/1.png) now", "Create a bucket now"),
        ("put to oss://<bucket-name>/key", "put to oss://<bucket-name>/key"),
        ("a\\_b 1\\.14 &amp; `x < y`", "a_b 1.14 & x < y"),
        ("**Note**  \nThis topic", "Note\nThis topic"),
        ("hard\nwrapped\nlines", "hard wrapped lines"),
        ("中文\n换行", "中文换行"),
        ("one[^1]\n\n[^1]: the note", "one\n\nthe note"),
        ("- [x] done\n- [ ] open", "- [x] done\n- [ ] open"),
        ("<div align=\"center\">\n<h2>Logo</h2>\n\nText <b>bold</b>\n\n</div>", "Logo\n\nText bold"),
        ("see [删除](/cn.zh-CN/API 参考/a.md#), `[Send\\_x](https://x.y/z)`", "see 删除, Send_x"),
        ("- [a](/b c.md)\n  - [d](/e f.md)\n\n|[g](/h i.md)|\n|-|", "- a\n  - d\n\ng"),
        ("> quoted\n> text", "quoted text"),
    ] {
        assert_eq!(text(source), expected, "{source}");
    }
}

#[test]
fn lists_code_and_tables_are_blocks() {
    use BlockKind::{Code, ListItem, Paragraph, Table};
    let source = "intro\n\n3. one\n4. two\n\n   more of two\n\n   ```sh\n   $ ls\n     indented\n   ```\n   - sub\n\n\
                  |Name|Say|\n|--|--|\n|a|x **y**|\n|b|\n\nend";
    let found: Vec<_> = blocks(source).into_iter().map(|(kind, _, text)| (kind, text)).collect();
    let expected = [
        (Paragraph, "intro"),
        (ListItem, "3. one"),
        (ListItem, "4. two"),
        (ListItem, "more of two"),
        (Code, "$ ls\n  indented"),
        (ListItem, "- sub"),
        (Table, "Name | Say\na | x y\nb"),
        (Paragraph, "end"),
    ];
    assert_eq!(found, expected.map(|(kind, text)| (kind, text.to_owned())));
    assert_eq!(text("- a\n- b\n  - c\n    1. d\n"), "- a\n- b\n  - c\n    1. d");
}

#[test]
fn the_title_comes_from_front_matter_then_headings() {
    for (source, title, text) in [
        ("---\ntitle: T\n---\n## A\n\nx", Some("T"), "T\n\nA\n\nx"),
        ("---\ntitle: T\n---\n# T\n\nx", Some("T"), "T\n\nx"),
        ("x\n\n# A\n\n# B", Some("A"), "x\n\nA\n\nB"),
        ("## A\n\nx", Some("A"), "A\n\nx"),
        ("x\n\n## A", None, "x\n\nA"),
        ("---\n\nx", None, "x"),
    ] {
        let found = read(source);
        assert_eq!((found.title.as_deref(), found.text.as_str()), (title, text), "{source}");
    }
    let found = blocks("---\ntitle: T\n---\n# A\n\nx");
    assert_eq!(found[2].1, "T > A");
}

#[test]
fn depth_and_repetition_do_not_exhaust_the_reader() {
    let deep_quotes = ">".repeat(100_000) + " a\n" + &"b\n".repeat(100_000);
    let deep_lists = "- ".repeat(100_000) + "a\n" + &"b\n".repeat(100_000);
    let brackets = "[".repeat(50_000) + "a" + &"](".repeat(50_000);
    let emphasis = "*a _b ".repeat(20_000);
    for source in [deep_quotes, deep_lists, brackets, emphasis] {
        assert!(read(&source).text.contains('a'));
    }
}
