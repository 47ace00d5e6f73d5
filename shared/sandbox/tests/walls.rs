//! A document that has taken over its reader: whatever it tries beyond reading is refused.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test: it listens for what must not come, and clears up what may be written"
)]

use std::io::ErrorKind;
use std::net::TcpListener;
use std::num::NonZero;

use bytes::Bytes;
use rustix::process::{DumpableBehavior, dumpable_behavior};
use sandbox::{Extractor, Program, Sandbox, SandboxSettings};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
/// A program that ends at once.
const PROGRAM: &str = "/bin/true";

/// Which walls hold an attempt: each of them alone.
const BOTH: &[&str] = &["Landlock", "seccomp"];
const FILTER: &[&str] = &["seccomp"];

fn sandbox() -> Sandbox {
    let settings = SandboxSettings {
        extract_processes: NonZero::new(1),
        extract_memory: 64 << 20,
        ..SandboxSettings::default()
    };
    Sandbox::of(settings, Program { path: env!("CARGO_BIN_EXE_sandbox-child").into(), poison: true })
}

/// What became of an attempt in a child.
async fn told(sandbox: &Sandbox, attempt: &str) -> String {
    match sandbox.extract(&format!("poison-try-{attempt}"), Bytes::from_static(b"text")).await {
        Ok(_) => "nothing was tried".to_owned(),
        Err(unread) => unread.to_string(),
    }
}

/// Whether this system gives none of these walls.
fn is_open(sandbox: &Sandbox, walls: &[&str]) -> bool {
    walls.iter().all(|wall| sandbox.missing().iter().any(|missing| missing.starts_with(*wall)))
}

#[tokio::test]
async fn a_reader_that_a_document_took_over_reaches_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let written = std::env::temp_dir().join(format!("millrace-walls-{}", std::process::id()));
    let sandbox = sandbox();
    let attempts = [
        (format!("read {FILE}"), BOTH),
        (format!("write {}", written.display()), BOTH),
        (format!("connect {address}"), BOTH),
        (format!("exec {PROGRAM}"), BOTH),
        (format!("fork {PROGRAM}"), FILTER),
        ("socket".to_owned(), FILTER),
        ("pair".to_owned(), FILTER),
        ("environ".to_owned(), BOTH),
        ("memory".to_owned(), BOTH),
        ("descriptor".to_owned(), BOTH),
        ("signal".to_owned(), BOTH),
    ];
    for (attempt, walls) in attempts {
        let cause = told(&sandbox, &attempt).await;
        if is_open(&sandbox, walls) {
            println!("{attempt}: not asked, because this system gives no {walls:?}: {:?}", sandbox.missing());
        } else {
            assert!(cause.contains("it was refused"), "{attempt}: {cause}");
        }
    }
    if !is_open(&sandbox, BOTH) {
        assert!(!written.exists());
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    let extracted = sandbox.extract("a.md", Bytes::from_static(b"# A\n\nText.")).await.unwrap();
    assert_eq!(extracted.text, "A\n\nText.");
}

/// Else the test above would prove nothing.
#[test]
fn without_walls_the_same_attempts_succeed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let written = std::env::temp_dir().join(format!("millrace-no-walls-{}", std::process::id()));
    let attempts = [
        format!("read {FILE}"),
        format!("write {}", written.display()),
        format!("connect {address}"),
        format!("fork {PROGRAM}"),
        "socket".to_owned(),
        "pair".to_owned(),
    ];
    for attempt in attempts {
        let panic = std::panic::catch_unwind(|| fault::poison(&format!("poison-try-{attempt}"))).unwrap_err();
        let told = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(told.contains("it succeeded"), "{attempt}: {told}");
    }
    std::fs::remove_file(written).unwrap();
}

#[tokio::test]
async fn threads_can_be_started_within_the_walls() {
    let told = told(&sandbox(), "thread").await;
    assert!(told.contains("it succeeded"), "{told}");
}

/// As the same user, a child could otherwise read the passwords in its parent's variables.
#[tokio::test]
async fn who_has_started_a_child_shows_nobody_its_variables() {
    sandbox().extract("a.md", Bytes::from_static(b"text")).await.unwrap();
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
}
