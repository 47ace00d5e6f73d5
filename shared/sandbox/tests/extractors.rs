//! Both extractors, in this process and in child processes, give the same results.

use bytes::Bytes;
use document::{Bounds, Extracted};
use sandbox::{Extractor, InProcess, Program, Sandbox, SandboxSettings, Unread};

fn sandbox(settings: SandboxSettings) -> Sandbox {
    Sandbox::of(settings, Program { path: env!("CARGO_BIN_EXE_sandbox-child").into(), poison: false })
}

const SAMPLES: [(&str, &[u8]); 7] = [
    ("a.md", b"# One\n\nText.\n\n## Two\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n"),
    ("a.html", b"<title>T</title><h1>H</h1><p>one<p>two<table><tr><th>a<tr><td>1</table>"),
    ("plain", b"Just text.\n\nAnd more of it, \xc3\xbc.\n"),
    ("empty.txt", b""),
    ("a.bin", b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
    ("a.txt", b"\xff\xff\xff\x00\x01"),
    ("no ending/ü ?", b"text"),
];

async fn read(extractor: &impl Extractor, key: &str, bytes: &[u8]) -> Result<Extracted, Unread> {
    extractor.extract(key, Bytes::copy_from_slice(bytes)).await
}

async fn same(a: &impl Extractor, b: &impl Extractor, key: &str, bytes: &[u8]) -> Result<Extracted, Unread> {
    let (a, b) = (read(a, key, bytes).await, read(b, key, bytes).await);
    assert_eq!(a, b, "{key}");
    assert!(!matches!(a, Err(Unread::Trouble(_))), "{a:?}");
    a
}

#[tokio::test]
async fn the_same_bytes_give_the_same() {
    let (one, two) = (InProcess::default(), sandbox(SandboxSettings::default()));
    for (key, bytes) in SAMPLES {
        let first = same(&one, &two, key, bytes).await;
        assert_eq!(first, read(&two, key, bytes).await, "the second time");
    }
}

/// A megabyte of blocks under one heading, and a document of one line.
#[tokio::test]
async fn long_documents_come_back_whole() {
    let (one, two) = (InProcess::default(), sandbox(SandboxSettings::default()));
    let many = format!("# {}\n\n{}", "Heading ".repeat(50), "A paragraph.\n\n".repeat(70_000));
    let extracted = same(&one, &two, "many.md", many.as_bytes()).await.unwrap();
    assert_eq!(extracted.blocks.len(), 70_001);
    let line = "word ".repeat(1 << 20);
    let extracted = same(&one, &two, "line.txt", line.as_bytes()).await.unwrap();
    assert!(extracted.text.len() > 5 << 19);
}

#[tokio::test]
async fn bounds_are_the_same() {
    let bounds = Bounds { text: 1_000, ..Bounds::default() };
    let settings = SandboxSettings { extract_text: bounds.text, ..SandboxSettings::default() };
    let (one, two) = (InProcess { bounds }, sandbox(settings));
    let cause = same(&one, &two, "a.txt", "word ".repeat(1_000).as_bytes()).await.unwrap_err().to_string();
    assert!(cause.contains("1000 bytes of text; raise MILLRACE_EXTRACT_TEXT"), "{cause}");
}
