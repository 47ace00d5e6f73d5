//! With a tiny WordPiece tokenizer (a word is one token, or its letters) whose file asks for truncation and padding.

use proptest::prelude::*;

use super::*;

const TINY: &[u8] = include_bytes!("../../tests/tiny/tokenizer.json");

fn tiny(passage: &str) -> Tokenizer {
    let prefixes = Prefixes { query: "query: ".to_owned(), passage: passage.to_owned() };
    Tokenizer::parse(TINY, "tiny", &prefixes).unwrap()
}

#[test]
fn truncation_and_padding_of_the_file_are_set_aside() {
    let tokenizer = tiny("");
    assert_eq!(tokenizer.special(), 2);
    assert_eq!(tokenizer.count(""), 2);
    assert_eq!(tokenizer.count("log of records"), 5);
    assert_eq!(tokenizer.count(&"log ".repeat(500)), 502);
}

#[test]
fn a_prefix_counts_and_is_not_in_the_offsets() {
    let tokenizer = tiny("passage: ");
    assert_eq!(tokenizer.special(), 4);
    assert_eq!(tokenizer.count("log of"), 6);
    assert_eq!(tokenizer.offsets("log of"), [0..3, 4..6]);
    let passage = tokenizer.encode("log", Role::Passage).unwrap();
    let query = tokenizer.encode("log", Role::Query).unwrap();
    assert_eq!(passage.ids.len(), 5);
    assert_eq!(passage.type_ids, [0; 5]);
    assert_ne!(passage.ids, query.ids);
}

#[test]
fn offsets_are_bytes_of_the_text_as_it_was_given() {
    let tokenizer = tiny("");
    // The normaliser lower-cases, drops accents, and separates CJK characters.
    assert_eq!(tokenizer.offsets("LOG 你好 é"), [0..3, 4..7, 7..10, 11..13]);
}

#[test]
fn what_the_vocabulary_does_not_hold_is_counted() {
    let tokenizer = tiny("passage: ");
    assert_eq!(tokenizer.unknown("log of records"), Some(0));
    assert_eq!(tokenizer.unknown("log 茶叶 of"), Some(2));
}

#[test]
fn what_is_no_tokenizer_is_refused() {
    let refused = |bytes: &[u8]| Tokenizer::parse(bytes, "tiny", &Prefixes::default());
    assert!(matches!(refused(b"{}"), Err(TokenizerError::Parse { .. })));
    let text =
        std::str::from_utf8(TINY).unwrap().replace("\"unk_token\":\"[UNK]\"", "\"unk_token\":\"[GONE]\"");
    assert!(matches!(refused(text.as_bytes()), Err(TokenizerError::Unknown { .. })));
}

proptest! {
    #[test]
    fn counts_offsets_and_tokens_agree(text in "[a-zA-Z .:你好éß🙂\u{301}\n]{0,80}") {
        let tokenizer = tiny("");
        let offsets = tokenizer.offsets(&text);
        prop_assert_eq!(tokenizer.count(&text), offsets.len() + tokenizer.special());
        prop_assert_eq!(tokenizer.encode(&text, Role::Passage).unwrap().ids.len(), tokenizer.count(&text));
        for range in &offsets {
            prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
        }
        prop_assert!(offsets.windows(2).all(|pair| pair[0].start <= pair[1].start));
    }
}
