//! The bytes as a file called `a.json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| document_fuzz::read("a.json", bytes));
