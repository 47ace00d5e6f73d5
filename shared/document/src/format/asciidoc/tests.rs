use super::*;
use crate::{Block, extract};

fn read(text: &str) -> Extracted {
    extract("a.adoc", text.as_bytes()).unwrap()
}

fn blocks(found: &Extracted) -> Vec<(String, &str)> {
    found
        .blocks
        .iter()
        .map(|Block { range, heading_path, .. }| (heading_path.join(" > "), &found.text[range.clone()]))
        .collect()
}

#[test]
fn a_document_is_its_title_headings_and_text() {
    let found = read(
        "= The *title*\nAda Lovelace <ada@x.org>\n:version: 2.4\n:!toc:\n// nothing\n\nFor version {version}, see\nlink:a.html[the manual] \
         and <<setup,Set-up>>.\n\n[[setup]]\n== Set-up\n\n////\nhidden\n////\n\nNOTE: Use `max_bytes` (not {unknown}) from \
         https://x.org[the site, window=_blank].\n\n[source,rust]\n.An example\n----\nfn main() {}\n\n// kept\n----\n\n=== Deeper\n\n====\nIn \
         an example.\n====\n",
    );
    assert_eq!(found.title.as_deref(), Some("The title"));
    let expected = [
        ("", "The title"),
        ("The title", "Ada Lovelace <ada@x.org>"),
        ("The title", "For version 2.4, see the manual and Set-up."),
        ("The title", "Set-up"),
        ("The title > Set-up", "NOTE: Use max_bytes (not {unknown}) from the site."),
        ("The title > Set-up", "An example"),
        ("The title > Set-up", "fn main() {}\n\n// kept"),
        ("The title > Set-up", "Deeper"),
        ("The title > Set-up > Deeper", "In an example."),
    ];
    assert_eq!(blocks(&found), expected.map(|(path, text)| (path.to_owned(), text)));
    assert_eq!(found.blocks[6].kind, BlockKind::Code);
}

#[test]
fn lists_keep_their_markers_and_depths() {
    let found = read(
        "* one\ngoes on\n** two\n* three\n\n. first\n.. inner\n. second\n\n1. as it\n7. stands\n\nCPU:: what thinks\nDisk::\nwhat keeps\n\n<1> \
         called out\n",
    );
    assert_eq!(
        found.text,
        "- one goes on\n  - two\n- three\n1. first\n  1. inner\n2. second\n1. as it\n7. stands\n- CPU: what thinks\n- Disk: what keeps\n1. called out"
    );
}

#[test]
fn tables_have_the_columns_that_they_say_and_their_header() {
    let table = |text: &str| {
        let found = read(text);
        let block = found.blocks.iter().find(|block| block.kind == BlockKind::Table).unwrap().clone();
        (found.text[block.range.clone()].to_owned(), block.header)
    };
    for (text, shown, header) in [
        ("|===\n|a |b\n\n|1 |2\n|3\n|4\n|===", "a | b\n1 | 2\n3 | 4", 5),
        ("[cols=\"1,2\"]\n|===\n|1 |2\n|3 |4\n|===", "1 | 2\n3 | 4", 0),
        (
            "[%header,cols=2*]\n|===\n|a |b\n|1 |with \\| a bar\ngoes on\n|===",
            "a | b\n1 | with | a bar goes on",
            5,
        ),
        (
            "[cols=\"^.^40,<.^60\"]\n|===\n^.^h|Field ^.^h| Text\n| a | First\n| b | Second\n|===",
            "Field | Text\na | First\nb | Second",
            12,
        ),
        ("|===\n|a|b|\n|1|2|\n|===", "a | b\n1 | 2", 0),
    ] {
        assert_eq!(table(text), (shown.to_owned(), header), "{text}");
    }
}

#[test]
fn what_is_not_closed_is_read_to_the_end() {
    for text in [
        "----\ncode",
        "|===\n|a",
        "[source",
        "image::x.png[A picture",
        "<<open",
        "++++\n<b>x</b>",
        ".",
        "== ",
        ":a:",
        "....\n",
        "{",
    ] {
        let found = read(text);
        assert!(
            found.blocks.iter().all(|block| !found.text[block.range.clone()].trim().is_empty()),
            "{text}"
        );
    }
    assert_eq!(read("----\ncode").text, "code");
    assert_eq!(read("++++\n<b>x</b>\n++++").text, "x");
    assert_eq!(read("[[an-anchor]]see m[[0]]").text, "see m[[0]]");
    assert_eq!(read("image::x.png[A picture, width=2]").text, "A picture");
}
