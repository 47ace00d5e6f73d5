use crate::{BlockKind, Extracted, extract};

fn read(source: &str) -> Extracted {
    extract("a.rst", source.as_bytes()).unwrap()
}

fn blocks(source: &str) -> Vec<(BlockKind, String)> {
    let Extracted { text, blocks, .. } = read(source);
    blocks.iter().map(|block| (block.kind, text[block.range.clone()].to_owned())).collect()
}

#[test]
fn titles_of_any_adornment_make_the_path() {
    let extracted =
        read("=====\nTitle\n=====\n\nintro\n\nPart\n====\n\nSub *x*\n-----\ntext\n\n----\n\nNext\n====\nend");
    let paths: Vec<String> = extracted.blocks.iter().map(|block| block.heading_path.join(" > ")).collect();
    assert_eq!(extracted.text, "Title\n\nintro\n\nPart\n\nSub x\n\ntext\n\nNext\n\nend");
    assert_eq!(
        paths,
        ["", "Title", "Title", "Title > Part", "Title > Part > Sub x", "Title", "Title > Next"]
    );
    assert_eq!(extracted.title.as_deref(), Some("Title"));
}

#[test]
fn inline_marks_are_dropped_and_their_text_stays() {
    for (source, expected) in [
        ("**bold** and *it* ``a_b *c*`` 2 * 3 * 4", "bold and it a_b *c* 2 * 3 * 4"),
        (":ref:`label <target>` :func:`~os.path.join` :py:meth:`x`", "label os.path.join x"),
        (
            "`text <http://x>`_ `other`__ word_ snake_case_name [1]_ `<http://x>`_",
            "text other word snake_case_name [1] http://x",
        ),
        ("|sub| H\\ :sub:`2`\\ O \\*", "|sub| H2O *"),
        ("a ` b ** c", "a ` b ** c"),
    ] {
        assert_eq!(read(source).text, expected, "{source}");
    }
}

#[test]
fn lists_nest_and_code_is_verbatim() {
    assert_eq!(
        blocks(
            "Text::\n\n    code\n      more\n\n- one\n  two\n\n  - inner\n\n* three\n\n1. first\n2. second\n\n.. code-block:: py\n   :linenos:\n\n   x = 1\n\n>>> y\n1\n"
        ),
        [
            (BlockKind::Paragraph, "Text:".to_owned()),
            (BlockKind::Code, "code\n  more".to_owned()),
            (BlockKind::ListItem, "- one two".to_owned()),
            (BlockKind::ListItem, "- inner".to_owned()),
            (BlockKind::ListItem, "- three".to_owned()),
            (BlockKind::ListItem, "1. first".to_owned()),
            (BlockKind::ListItem, "2. second".to_owned()),
            (BlockKind::Code, "x = 1".to_owned()),
            (BlockKind::Code, ">>> y\n1".to_owned()),
        ]
    );
}

#[test]
fn directives_are_their_text() {
    let source = ".. note:: Mind\n   this.\n\n   More.\n\n.. warning::\n   :class: x\n\n   Hot.\n\n.. comment\n   dropped\n\n\
                  .. _target: http://x\n\n.. |s| image:: x.png\n\n.. toctree::\n   :maxdepth: 2\n\n   a\n   b\n\n\
                  .. image:: x.png\n   :alt: A picture\n\n.. function:: f(x)\n\n   Does it.\n\n.. [1] A footnote.\n\n\
                  :orphan:\n\n:Author: Ann\n\nTerm\n  Meaning.\n";
    assert_eq!(
        read(source).text,
        "Mind this.\n\nMore.\n\nHot.\n\nA picture\n\nf(x)\n\nDoes it.\n\n[1] A footnote.\n\nAuthor: Ann\n\nTerm\n\nMeaning."
    );
}

#[test]
fn tables_are_rows() {
    let grid = "+-----+------+\n| a   | b    |\n+=====+======+\n| 1   | two  |\n|     | more |\n+-----+------+\n| 3   | ``4``|\n+-----+------+\n\nend";
    let simple =
        "=====  ======\na      b\n=====  ======\n1      two\n       more\n3      ``4``\n=====  ======\n\nend";
    let listed = ".. csv-table::\n   :header: a, b\n\n   1, \"two more\"\n   3, ``4``\n\nend";
    for source in [grid, simple, listed] {
        let extracted = read(source);
        assert_eq!(extracted.text, "a | b\n1 | two more\n3 | 4\n\nend", "{source}");
        assert_eq!((extracted.blocks[0].kind, extracted.blocks[0].header), (BlockKind::Table, 5));
    }
}

#[test]
fn text_built_to_exhaust_the_reader_is_read_in_one_pass() {
    for source in [
        (0..500).map(|depth| " ".repeat(depth) + "- x\n\n").collect::<String>(),
        "`".repeat(100_001),
        "*a ".repeat(50_000),
        ":a".repeat(50_000),
        "==  ==\n".repeat(20_000),
        "+--+\n".repeat(20_000),
        "- ".repeat(50_000),
    ] {
        assert!(extract("a.rst", source.as_bytes()).is_ok());
    }
}
