//! Documents as word processors write them.

use super::*;
use crate::format::extract_as;
use crate::{Block, BlockKind};

fn read(body: &str) -> Extracted {
    extract_as(&Rtf, format!("{{\\rtf1\\ansi\\ansicpg1252\\deff0\n{body}}}").as_bytes()).unwrap()
}

fn text(body: &str) -> String {
    read(body).text
}

#[test]
fn characters_are_read_in_the_code_page_of_their_font() {
    let fonts = "{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset204 Arial;}{\\f2\\fcharset128{\\*\\falt x} MS;}\
                 {\\f3\\fcharset134 Song;}{\\f4\\fcharset2 Symbol;}}";
    for (body, expected) in [
        ("caf\\'e9 \\f1\\'cf\\'f0\\'e8\\plain  \\'e9", "café При é"),
        ("{\\f2 \\'93\\'fa\\'96\\{}x", "日本x"),
        ("{\\f3 \\'b6\\'d4\\'cf\\'f3}", "对象"),
        ("\\u26085\\'93\\'fa", "日ú"),
        ("\\uc2\\u26085\\'93\\'fa\\u26412??{\\uc0\\u-257\\u233 e}\\u26085??", "日本ée日"),
        ("\\u-10240?\\u-8398?", "𐌲"),
        ("\\u-10240?x", "x"),
        ("a\\~b\\_c\\-d\\emdash e\\ldblquote f\\{\\\\\\}", "a\u{a0}b\u{2011}cd\u{2014}e\u{201c}f{\\}"),
        ("\\u8217\\par x", "\u{2019}\n\nx"),
    ] {
        assert_eq!(text(&format!("{fonts}{body}")), expected, "{body}");
    }
    assert_eq!(text("\\ansicpg936 \\'b6\\'d4\\'cf\\'f3"), "对象");
}

#[test]
fn only_what_is_shown_is_read() {
    for (body, expected) in [
        ("a{\\*\\unknown x{\\b y}}b{\\pict\\wmetafile8 0100{\\*\\x}\\bin4 }{\\}c}d", "abd"),
        ("{\\info{\\title T}{\\author A}}{\\colortbl;\\red0;}{\\header H\\par}x{\\footer F}", "x"),
        ("{\\header Only\\par this}", "Only\n\nthis"),
        ("a{\\field{\\*\\fldinst HYPERLINK \"u\"}{\\fldrslt link}}b", "alinkb"),
        ("a{\\v hidden}\\v h\\v0 b\\deleted c\\deleted0 d", "abd"),
        ("{\\object{\\*\\objdata 00}{\\result shown}}", "shown"),
        (
            "{\\shp{\\*\\shpinst{\\sp{\\sn n}{\\sv v}}{\\shptxt box}}{\\shprslt{\\*\\do{\\dptxbxtext box}}}}",
            "box",
        ),
        ("{\\upr{ansi}{\\*\\ud{unicode}}}", "unicode"),
        ("{\\mmath{\\*\\moMath{\\mr x}}}", "x"),
        ("text{\\footnote {\\super 1} note} goes on\\par next", "text goes on\n\n1 note\n\nnext"),
        ("one\\line two\\par three\\\nfour\\tab five}lost", "one\ntwo\n\nthree\n\nfour five"),
    ] {
        assert_eq!(text(body), expected, "{body}");
    }
    assert_eq!(read("{\\info{\\title The \\'e9}}x").title.as_deref(), Some("The é"));
}

#[test]
fn headings_lists_and_tables_are_what_they_are() {
    let styles = "{\\stylesheet{\\s0 Normal;}{\\s1\\outlinelevel0 \u{dc}1;}{\\s2 heading 2;}{\\*\\cs3 x;}}";
    let item =
        |level, marker, text| format!("\\pard{{\\listtext {marker}\\tab}}\\ilvl{level}\\ls1 {text}\\par ");
    let table =
        "\\trowd\\trhdr\\intbl n\\cell v\\cell\\row\\trowd\\pard\\intbl a\\par b\\cell {1}\\cell\\row\\pard ";
    let found = read(&format!(
        "{styles}{{\\pard\\s1 One\\par}}\\pard text\\par\\pard\\s2 Two\\par {}{}{}{table}after\\par\\pard\\outlinelevel0 End",
        item(0, "\\'b7", "x"),
        item(1, "o", "y"),
        item(0, "2.", "z"),
    ));
    let blocks: Vec<_> = found
        .blocks
        .iter()
        .map(|Block { range, kind, heading_path, .. }| {
            (*kind, heading_path.join(">"), &found.text[range.clone()])
        })
        .collect();
    let expected = [
        (BlockKind::Heading, "", "One"),
        (BlockKind::Paragraph, "One", "text"),
        (BlockKind::Heading, "One", "Two"),
        (BlockKind::ListItem, "One>Two", "- x"),
        (BlockKind::ListItem, "One>Two", "- y"),
        (BlockKind::ListItem, "One>Two", "2. z"),
        (BlockKind::Table, "One>Two", "n | v\na b | 1"),
        (BlockKind::Paragraph, "One>Two", "after"),
        (BlockKind::Heading, "", "End"),
    ];
    assert_eq!(blocks, expected.map(|(kind, path, text)| (kind, path.to_owned(), text)));
    assert_eq!(found.blocks[6].header, "n | v".len());
    assert!(found.text.contains("- x\n  - y\n2. z"));
    assert_eq!(text("\\trowd\\intbl framed\\par text\\cell\\row\\pard x"), "framed\n\ntext\n\nx");
}

#[test]
fn what_is_malformed_is_read_as_far_as_it_goes() {
    for (bytes, expected) in [
        (&b"{\\rtf1 a{\\b b"[..], "ab"),
        (b"\xef\xbb\xbf {\\rtf1 a\\", "a"),
        (b"{\\rtf1 a\\'zz\\u99999999999 b}", "azzb"),
        (b"{\\rtf1 }", ""),
        (b"no rtf", "no rtf"),
    ] {
        assert_eq!(extract_as(&Rtf, bytes).unwrap().text, expected);
    }
    assert_eq!(crate::extract("x", b"{\\rtf1 x}").unwrap().format, "rtf");
    let deep = format!("{{\\rtf1 {}", "{".repeat(100_000));
    assert!(matches!(extract_as(&Rtf, deep.as_bytes()), Err(Refusal::TooComplex { .. })));
    assert_eq!(text(&"{\\b x}".repeat(100_000)).len(), 100_000);
}
