use crate::{BlockKind, extract};

#[test]
fn headings_lists_code_and_tables_are_read() {
    let source = "#+TITLE: My notes\n#+OPTIONS: toc:nil\n\n* TODO [#A] First /part/ :tag:more:\n:PROPERTIES:\n:ID: 1\n:END:\nSome *bold* text\n\
                  and [[http://x][a link]], a/b/c, =code= and 2 * 3 * 4.\n# comment\n\n- one\n  goes on\n- two\n1. three\n\n** Sub\n\
                  #+BEGIN_SRC sh\n  ls -l\n#+END_SRC\n\n| a | b |\n|---+---|\n| 1 | 2 |\n\n#+begin_quote\nSaid.\n#+end_quote\n: verbatim\n";
    let extracted = extract("a.org", source.as_bytes()).unwrap();
    assert_eq!(
        extracted.text,
        "My notes\n\nFirst part\n\nSome bold text and a link, a/b/c, code and 2 * 3 * 4.\n\n- one goes on\n- two\n1. three\n\n\
         Sub\n\nls -l\n\na | b\n1 | 2\n\nSaid.\n\nverbatim"
            .replace("ls -l", "  ls -l")
    );
    assert_eq!(extracted.title.as_deref(), Some("My notes"));
    let table = extracted.blocks.iter().find(|block| block.kind == BlockKind::Table).unwrap();
    assert_eq!((table.header, table.heading_path.join(" > ").as_str()), (5, "My notes > First part > Sub"));
}

#[test]
fn what_is_not_closed_is_read_to_the_end() {
    for source in ["#+begin_src\ncode", ":drawer:\nx", "| a", "* ", "[[a", "*a", "/".repeat(50_000).as_str()]
    {
        assert!(extract("a.org", source.as_bytes()).is_ok(), "{source}");
    }
}
