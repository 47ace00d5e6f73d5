//! The splitter on any text with any limits. The first four bytes choose the limits and the format.
#![no_main]

use document::{Limits, extract};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [tokens, overlap, prefix, kind, text @ ..] = bytes else { return };
    let key = ["a.md", "a.txt", "a.html"][usize::from(*kind) % 3];
    let Ok(extracted) = extract(key, text) else { return };
    let limits = Limits {
        max_tokens: usize::from(*tokens),
        overlap: usize::from(*overlap) / 4,
        passage_prefix: if prefix % 2 == 0 { String::new() } else { "passage: ".to_owned() },
        ..Limits::default()
    };
    document_fuzz::cut(&extracted, limits);
});
