//! Files built to exhaust their reader: each is refused or read within its limits, and does not affect its
//! neighbours.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test: it measures time"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sandbox::{Extractor, Program, Sandbox, SandboxSettings, Unread};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A limit of a few seconds, scaled for a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_mins(2);

fn sandbox() -> Sandbox {
    let settings = SandboxSettings {
        extract_memory: 256 << 20,
        extract_cpu: 20,
        extract_text: 16 << 20,
        extract_unpacked: 32 << 20,
        ..SandboxSettings::default()
    };
    Sandbox::of(settings, Program { path: env!("CARGO_BIN_EXE_sandbox-child").into(), poison: false })
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An archive of files with the same content.
fn many(count: usize, bytes: &[u8]) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(|n| format!("{n}.zip")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bytes)).collect();
    archive(&files)
}

/// An archive nested three deep.
fn nested(depth: usize, innermost: &[u8]) -> Vec<u8> {
    (0..depth).fold(innermost.to_vec(), |inner, _| archive(&[("inner.zip", &inner)]))
}

/// A Word document in which ten entities would expand to a billion words.
fn billion_laughs() -> Vec<u8> {
    let mut xml = "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY e0 \"laugh \">".to_owned();
    for n in 1..10 {
        let before = format!("&e{};", n - 1).repeat(10);
        write!(xml, "<!ENTITY e{n} \"{before}\">").unwrap();
    }
    xml.push_str("]><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p>");
    xml.push_str("<w:r><w:t>&e9;</w:t></w:r></w:p></w:body></w:document>");
    let types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Override \
                 PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.\
                 wordprocessingml.document.main+xml\"/></Types>";
    archive(&[("[Content_Types].xml", types.as_bytes()), ("word/document.xml", xml.as_bytes())])
}

async fn is_bounded(sandbox: &Sandbox, name: &str, bytes: Vec<u8>) {
    let (begun, size) = (Instant::now(), bytes.len());
    let read = sandbox.extract(name, bytes.into()).await;
    let (took, what) = (
        begun.elapsed(),
        match &read {
            Ok(extracted) => format!("{} bytes of {}", extracted.text.len(), extracted.format),
            Err(unread) => unread.to_string(),
        },
    );
    println!("{name} ({size} bytes): {took:?}: {what}");
    assert!(took < PATIENCE, "{name}: {took:?}");
    assert!(!matches!(read, Err(Unread::Trouble(_))), "{name}: {what}");
    let neighbour = sandbox.extract("a.md", Bytes::from_static(b"# A\n\nText.")).await.unwrap();
    assert_eq!(neighbour.text, "A\n\nText.");
}

#[tokio::test]
async fn a_bomb_is_refused_or_read_within_its_limits_and_its_neighbours_are_fine() {
    let sandbox = sandbox();
    let zeros = vec![0; 64 << 20];
    let flat = archive(&[("bomb.txt", &zeros)]);
    let bombs: [(&str, Vec<u8>); 8] = [
        ("flat.zip", flat.clone()),
        ("wide.zip", many(1_000, &archive(&[("a.txt", &vec![b'a'; 1 << 20])]))),
        ("nested.zip", nested(3, &flat)),
        ("deep.zip", nested(50, b"text")),
        ("laughs.docx", billion_laughs()),
        ("deep.json", [vec![b'['; 10_000], vec![b']'; 10_000]].concat()),
        ("deep.html", "<div>".repeat(200_000).into_bytes()),
        ("line.txt", b"word ".repeat(12 << 20 >> 2)),
    ];
    for (name, bytes) in bombs {
        is_bounded(&sandbox, name, bytes).await;
    }
}

/// A single line, larger than the memory limit.
#[tokio::test]
async fn a_line_that_is_larger_than_its_memory_is_refused() {
    let settings = SandboxSettings { extract_memory: 32 << 20, ..SandboxSettings::default() };
    let sandbox =
        Sandbox::of(settings, Program { path: env!("CARGO_BIN_EXE_sandbox-child").into(), poison: false });
    let unread = sandbox.extract("line.txt", vec![b'a'; 64 << 20].into()).await.unwrap_err();
    assert!(unread.to_string().contains("more than 32 MB of memory"), "{unread}");
}
