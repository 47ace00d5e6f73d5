//! Any bytes under any name: the first byte chooses the extension, but the content takes precedence.
#![no_main]

use libfuzzer_sys::fuzz_target;

const KEYS: &[&str] = &[
    "a", "a.md", "a.txt", "a.html", "a.rst", "a.org", "a.rtf", "a.json", "a.ndjson", "a.csv", "a.tsv", "a.eml", "a.pdf",
    "a.docx", "a.pptx", "a.xlsx", "a.odt", "a.epub", "a.zip", "a.tar", "a.gz", "a.xml", "a.adoc", "a.mbox",
];

fuzz_target!(|bytes: &[u8]| {
    let [kind, bytes @ ..] = bytes else { return };
    document_fuzz::read(KEYS[usize::from(*kind) % KEYS.len()], bytes);
});
