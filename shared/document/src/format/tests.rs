//! What holds for every format, and how the format is chosen.

use super::*;

#[test]
fn the_kind_is_chosen_by_content_then_by_name() {
    for (key, bytes, expected) in [
        ("a/b.md", "# x", "markdown"),
        ("a/b.MARKDOWN", "# x", "markdown"),
        ("README.mdx", "# x", "markdown"),
        ("a.html", "x", "html"),
        ("a.HTM", "x", "html"),
        ("a.txt", "\u{feff} <!-- c --> <!DOCTYPE html><p>x", "html"),
        ("no-extension", "<?xml version='1.0'?>\n<html xmlns='x'>", "html"),
        ("a.txt", "x <html>", "text"),
        ("a.md/b", "x", "text"),
        ("md", "x", "text"),
        ("", "", "text"),
    ] {
        assert_eq!(extract(key, bytes.as_bytes()).unwrap().format, expected, "{key} {bytes}");
    }
    let utf16: Vec<u8> = "\u{feff}<html><p>x".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(extract("a", &utf16).unwrap().format, "html");
}

#[test]
fn a_document_without_text_is_not_a_refusal() {
    for key in ["a.txt", "a.md", "a.html"] {
        for bytes in ["", " \n\t\u{3000}\n", "\u{feff}"] {
            let extracted = extract(key, bytes.as_bytes()).unwrap();
            assert_eq!((extracted.text.as_str(), extracted.blocks.len()), ("", 0), "{key} {bytes:?}");
        }
    }
}

#[test]
fn known_binaries_are_refused_by_name() {
    for (bytes, name) in [
        (&b"\x89PNG\r\n\x1a\n"[..], "a PNG image"),
        (b"\x7fELF\x02\x01", "an ELF program"),
        (b"OggS\0\x02", "an OGG recording"),
    ] {
        assert_eq!(extract("a.txt", bytes), Err(Refusal::Unsupported { format: name }));
    }
    assert!(matches!(extract("a.md", b"abc\0\0def"), Err(Refusal::NotText { .. })));
}

#[test]
fn blocks_cover_the_text_and_their_headings_are_lines_of_it() {
    for (key, source) in [
        ("a.md", "# A\n\np1\n\n## B\n\n- x\n  - y\n\n```\ncode\n```\n\n|a|b|\n|-|-|\n|1|2|\n\n# C\n\nend"),
        (
            "a.html",
            "<h1>A</h1>p1<h2>B</h2><ul><li>x<ul><li>y</ul></ul><pre>code</pre><table><tr><td>1<td>2</table>",
        ),
        ("a.txt", "one\ntwo\n\nthree"),
    ] {
        let Extracted { text, blocks, .. } = extract(key, source.as_bytes()).unwrap();
        let mut at = 0;
        for block in &blocks {
            assert!(text[at..block.range.start].trim().is_empty(), "{key}");
            assert!(!text[block.range.clone()].trim().is_empty(), "{key}");
            for heading in block.heading_path.iter() {
                assert!(text.lines().any(|line| *line == **heading), "{key} {heading}");
            }
            at = block.range.end;
        }
        assert_eq!(at, text.len(), "{key}");
    }
}
