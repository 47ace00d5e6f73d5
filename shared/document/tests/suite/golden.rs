//! Pins the results of extraction and splitting. When this fails, every document in every bucket would get different
//! chunks: undo the change, or raise `EXTRACTOR_VERSION` or `SPLITTER_VERSION` and pin the new digest.

use document::{EXTRACTOR_VERSION, Limits, SPLITTER_VERSION, Splitter, extract};
use message::{DocumentId, sha256_hex};

use crate::tokenizers::Words;

const DOCUMENTS: &[(&str, &str)] = &[
    (
        "a.txt",
        "One two three. Four five!\nSix seven.\n\nEight nine ten eleven twelve thirteen fourteen fifteen sixteen.",
    ),
    (
        "b.md",
        "---\ntitle: The title\n---\n# Set-up {#id}\n\nText with [a link](x) and `code`.\n\n1. first\n2. second\n   - third\n\n\
         ```\nfn main() {}\n```\n\n|a|b|\n|-|-|\n|1|2|\n\n## Empty\n\n## 中文\n\n第一句。第二句！第三句；第四句？第五句，很长很长很长。\n",
    ),
    (
        "c.html",
        "<!doctype html><title>T</title><nav>no</nav><main><h1>H</h1><p>a&nbsp;b<br>c</p><pre>x\n  y</pre>\
         <table><tr><th>k<th>v<tr><td>1<td>2</table><ul><li>i<li>j</ul></main>",
    ),
    ("d.csv", "name,price\napple,1\npear,2\nplum,3\nquince,4\n"),
    (
        "e.rst",
        "Title\n=====\n\nText with ``code`` and `a link <x>`_.\n\n- one\n- two\n\nPart\n----\n\n::\n\n   code\n",
    ),
    ("f.json", "{\"address\": {\"city\": \"Paris\", \"zip\": 75001}, \"names\": [\"a\", \"b\"]}"),
    ("g.rtf", "{\\rtf1\\ansi\\ansicpg1252 One \\'e9t\\'e9.\\par Two.\\par}"),
    ("h.eml", "From: a@b.c\nTo: d@e.f\nSubject: Hello\nMIME-Version: 1.0\n\nBody of the message.\n"),
    (
        "i.html",
        "<!doctype html><title>The title</title><p>Without a heading.</p><h2>Part</h2><p>Under one.</p>",
    ),
    (
        "j.html",
        "<!doctype html><title>Crane falls</title><meta property='og:type' content='article'><body><h1>Crane falls</h1>\
         <div class=story><p>The harbour of the town was closed on Monday after a crane fell across two of its three basins, and \
         ships waited outside of the breakwater for the tide of the evening. Nobody was hurt.</p><p>The crane was built in \
         1964 and had been inspected in spring. Inspectors found rust at the foot of one leg and asked for paint.</p></div>\
         <div class=related><h3>You may also like</h3><a href=/a>Mayor opens the swimming hall</a></div>",
    ),
];

#[test]
fn extraction_and_splitting_are_as_they_were() {
    let splitter = Splitter::new(Words, Limits { max_tokens: 16, ..Limits::default() }).unwrap();
    let mut text_parts = Vec::new();
    let mut split_parts = Vec::new();
    for (key, source) in DOCUMENTS {
        let extracted = extract(key, source.as_bytes()).unwrap();
        let document = DocumentId::new("bucket", key).unwrap();
        let ids = splitter.split(&document, &extracted).unwrap();
        split_parts.extend(ids.into_iter().map(|split| split.id.as_str().to_owned()));
        text_parts.push(format!("{:?} {:?}", extracted.blocks, extracted.title));
        text_parts.push(extracted.text);
    }
    let digest = |parts: &[String]| sha256_hex(parts.iter().map(String::as_bytes));
    assert_eq!(
        (EXTRACTOR_VERSION, digest(&text_parts).as_str(), SPLITTER_VERSION, digest(&split_parts).as_str()),
        (
            3,
            "78f41e128541567b77ba98e76e2dd2a31987f42631bafbad10a15cf0e726b316",
            3,
            "922005da3581fb0050ce83c24da17affc226bdc1dbcae470ae9b7ccbc2436488"
        )
    );
}
