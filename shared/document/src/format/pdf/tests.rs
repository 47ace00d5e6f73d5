//! Small files built here.

use super::*;
use crate::format::extract_as;

/// A file of these objects (the first is the catalog, the second the page tree), with its cross-reference table.
fn file(objects: &[String], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(bytes.len());
        bytes.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        bytes.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    bytes.extend(
        format!("trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n").bytes(),
    );
    bytes
}

const FONT: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";

/// A file with one page for each content; the objects from 3 on are the font, then a page and its content
/// alternately.
fn pages_with(contents: &[&str], font: &str, more: &[&str], catalog: &str, trailer: &str) -> Vec<u8> {
    let kids: Vec<_> = (0..contents.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        format!("<</Type/Pages/Count {}/Kids[{}]>>", contents.len(), kids.join(" ")),
        font.to_owned(),
    ];
    let first_more = 4 + 2 * contents.len();
    for (page, content) in contents.iter().enumerate() {
        let resources = format!("<</Font<</F 3 0 R>>/XObject<</I {first_more} 0 R>>>>");
        let stream = 5 + 2 * page;
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources{resources}/Contents {stream} 0 R>>"
        ));
        objects.push(format!("<</Length {}>>stream\n{content}\nendstream", content.len()));
    }
    objects.extend(more.iter().map(|object| (*object).to_owned()));
    file(&objects, trailer)
}

fn pages(contents: &[&str]) -> Vec<u8> {
    pages_with(contents, FONT, &[], "", "")
}

/// Lines at given positions.
fn lines(lines: &[(i32, i32, &str)]) -> String {
    let shown = lines.iter().map(|(x, y, text)| format!("BT /F 10 Tf {x} {y} Td ({text}) Tj ET"));
    shown.collect::<Vec<_>>().join("\n")
}

fn text(content: &str) -> String {
    extract_as(&Pdf, &pages(&[content])).unwrap().text
}

/// A picture of 200 by 200.
fn picture() -> String {
    let data = "00".repeat(200 * 200) + ">";
    format!(
        "<</Type/XObject/Subtype/Image/Width 200/Height 200/ColorSpace/DeviceGray/BitsPerComponent 8\
         /Filter/ASCIIHexDecode/Length {}>>stream\n{data}\nendstream",
        data.len()
    )
}

const SHOW_PICTURE: &str = "q 500 0 0 700 50 50 cm /I Do Q";

#[test]
fn lines_are_rejoined_into_paragraphs() {
    for (content, expected) in [
        (vec![(50, 700, "one line"), (50, 688, "goes on here")], "one line goes on here"),
        (vec![(50, 700, "a hyphen-"), (50, 688, "ated word")], "a hyphenated word"),
        (vec![(50, 700, "the North-"), (50, 688, "South line")], "the North- South line"),
        (vec![(50, 700, "one"), (50, 688, "more."), (50, 650, "two")], "one more.\n\ntwo"),
        (vec![(50, 688, "second"), (50, 700, "first")], "first second"),
        (vec![(50, 700, "split"), (74, 700, "word"), (110, 700, "and gap")], "split word and gap"),
    ] {
        assert_eq!(text(&lines(&content)), expected, "{content:?}");
    }
}

#[test]
fn columns_are_read_one_after_the_other() {
    let mut content =
        vec![(50, 780, "A title that stands over both of the columns and crosses the strip between")];
    for row in 0..8 {
        content.push((50, 740 - row * 12, "words in the left column of it"));
        content.push((320, 740 - row * 12, "words in the right column too"));
    }
    let found = text(&lines(&content));
    let (left, right) = (found.rfind("left").unwrap(), found.find("right").unwrap());
    assert!(found.starts_with("A title") && left < right, "{found}");
}

#[test]
fn cells_that_stand_apart_make_a_table() {
    let rows = [
        (50, 700, "name"),
        (200, 700, "size"),
        (50, 688, "a"),
        (200, 688, "1"),
        (50, 676, "bcde"),
        (200, 676, "2"),
    ];
    assert_eq!(text(&lines(&rows)), "name | size\na | 1\nbcde | 2");
}

#[test]
fn pages_are_parts_and_what_they_share_is_left_out() {
    let contents: Vec<String> = (1..=5)
        .map(|page| {
            let (number, body) = (format!("Page {page} of 5"), format!("text {}", "abcde".repeat(page)));
            lines(&[(50, 780, "The running header"), (50, 600, &body), (280, 30, &number)])
        })
        .collect();
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    let found = extract_as(&Pdf, &pages(&contents)).unwrap();
    assert_eq!(found.text.lines().filter(|line| !line.is_empty()).count(), 5, "{}", found.text);
    assert!(!found.text.contains("header") && !found.text.contains("of 5"));
    assert_eq!(found.parts.iter().map(|part| part.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    // on few pages, repetition cannot be detected
    let found = extract_as(&Pdf, &pages(&contents[..3])).unwrap();
    assert_eq!(found.text.matches("The running header").count(), 3);
}

#[test]
fn bookmarks_name_the_headings_and_properties_the_title() {
    let content = lines(&[(50, 700, "1. Opening"), (50, 660, "text of it")]);
    let more =
        ["<</First 7 0 R>>", "<</Title(Opening)/Next 7 0 R>>", "<</Title(\\376\\377\\000T\\000\\351)>>"];
    let bytes = pages_with(&[&content], FONT, &more, "/Outlines 6 0 R", "/Info 8 0 R");
    let found = extract_as(&Pdf, &bytes).unwrap();
    assert_eq!(found.title.as_deref(), Some("Té"));
    assert_eq!(found.blocks[0].kind, BlockKind::Heading);
    assert_eq!(&*found.blocks[1].heading_path[0], "1. Opening");
}

#[test]
fn ligatures_are_letters_and_bold_by_drawing_twice_is_once() {
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[1/fi/fl 3/bullet]>>>>";
    let content =
        "BT /F 10 Tf 50 700 Td (\\001nd \\002ow) Tj ET BT /F 10 Tf 50 700 Td (\\001nd \\002ow) Tj ET";
    let found = extract_as(&Pdf, &pages_with(&[content], font, &[], "", "")).unwrap();
    assert_eq!(found.text, "find flow");
}

#[test]
fn pictures_without_text_ask_for_recognition() {
    let scanned = pages_with(&[SHOW_PICTURE, SHOW_PICTURE], FONT, &[&picture()], "", "");
    let refusal = extract_as(&Pdf, &scanned).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::NoTextLayer {
            what: "a PDF document of 2 scanned pages holds pictures and no text".to_owned()
        }
    );
    let mixed = pages_with(&[&lines(&[(50, 700, "text")]), SHOW_PICTURE], FONT, &[&picture()], "", "");
    let found = extract_as(&Pdf, &mixed).unwrap();
    assert_eq!((found.text.as_str(), found.parts.len()), ("text", 2));
    assert_eq!(found.left_out[0].name, "page 2");
    assert_eq!(extract_as(&Pdf, &pages(&[""])).unwrap().text, "");
}

#[test]
fn glyphs_without_characters_are_no_text() {
    let font = "<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 1/LastChar 3\
                /Widths[9 9 9]/Encoding<</Differences[1/g1x/g2x/g3x]>>/CharProcs<<>>/Resources<<>>>>";
    let bytes = pages_with(&["BT /F 10 Tf 50 700 Td (\\001\\002\\003\\001\\002) Tj ET"], font, &[], "", "");
    assert!(matches!(extract_as(&Pdf, &bytes), Err(Refusal::NoTextLayer { .. })));
}

#[test]
fn damaged_and_encrypted_files_say_so() {
    for bytes in [
        &b"%PDF-1.7\n"[..],
        b"%PDF-",
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>",
    ] {
        assert!(matches!(crate::extract("a.pdf", bytes), Err(Refusal::Damaged { .. })), "{bytes:?}");
    }
    let encryption = format!(
        "/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O<{0}>/U<{0}>>>/ID[<00><00>]",
        "41".repeat(32)
    );
    let locked = pages_with(&["BT ET"], FONT, &[], "", &encryption);
    assert_eq!(extract_as(&Pdf, &locked), Err(Refusal::Encrypted { format: NAME }));
}

#[test]
fn the_header_may_stand_behind_junk_but_not_be_quoted() {
    let mut bytes = b"\0\x01junk\xff\n".to_vec();
    bytes.extend(pages(&[&lines(&[(50, 700, "found")])]));
    assert_eq!(crate::extract("x", &bytes).unwrap().text, "found");
    assert_eq!(crate::extract("x", b"a file starts with %PDF-1.7").unwrap().format, "text");
}

#[test]
fn what_is_cut_off_never_panics() {
    let whole = pages(&[&lines(&[(50, 700, "some text"), (50, 688, "and more")])]);
    for end in 0..whole.len() {
        drop(extract_as(&Pdf, &whole[..end]));
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x15;
        drop(extract_as(&Pdf, &bytes));
    }
}
