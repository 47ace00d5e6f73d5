//! Documents that do harm: each is refused and does not affect its neighbours.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test: it measures time"
)]

use std::num::NonZero;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sandbox::{Extractor, Program, Sandbox, SandboxSettings, Unread};

const MEMORY: u64 = 64 << 20;

fn settings() -> SandboxSettings {
    SandboxSettings {
        extract_processes: NonZero::new(1),
        extract_memory: MEMORY,
        extract_cpu: 1,
        extract_deadline: 20,
        ..SandboxSettings::default()
    }
}

fn sandbox(settings: SandboxSettings) -> Sandbox {
    Sandbox::of(settings, Program { path: env!("CARGO_BIN_EXE_sandbox-child").into(), poison: true })
}

async fn neighbour(sandbox: &Sandbox) {
    let extracted = sandbox.extract("a.md", Bytes::from_static(b"# A\n\nText.")).await.unwrap();
    assert_eq!((extracted.title.as_deref(), extracted.text.as_str()), (Some("A"), "A\n\nText."));
}

/// The cause of a key's refusal, read by a fresh child and by a reused one.
async fn refused(sandbox: &Sandbox, key: &str) -> String {
    let mut causes = Vec::new();
    for _ in 0..2 {
        let begun = Instant::now();
        match sandbox.extract(key, Bytes::from_static(b"text")).await {
            Err(Unread::Refused(cause)) => causes.push(cause),
            other => panic!("{key}: {other:?}"),
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{key}");
        neighbour(sandbox).await;
    }
    assert_eq!(causes[0], causes[1], "the same bytes give the same refusal");
    causes.remove(0)
}

#[tokio::test]
async fn what_ends_the_child_is_one_refusal_with_its_cause() {
    let sandbox = sandbox(settings());
    for (key, part) in [
        ("poison-abort", "ended the extractor (signal 6)"),
        ("poison-stack", "ended the extractor (signal 6: its parts lie too deep"),
        ("poison-panic", "failed inside (a bug on demand, "),
        ("poison-kill", "killed the extractor 3 times"),
        ("poison-loop", "more than 1 s of a processor; raise MILLRACE_EXTRACT_CPU"),
        ("poison-memory", "more than 64 MB of memory; raise MILLRACE_EXTRACT_MEMORY"),
    ] {
        let cause = refused(&sandbox, key).await;
        assert!(cause.contains(part), "{key}: {cause}");
    }
}

#[tokio::test]
async fn what_lasts_too_long_is_refused_at_the_deadline() {
    let sandbox = sandbox(SandboxSettings { extract_deadline: 1, ..settings() });
    let cause = refused(&sandbox, "poison-sleep").await;
    assert!(cause.contains("longer than 1 s; raise MILLRACE_EXTRACT_DEADLINE"), "{cause}");
}

#[tokio::test]
async fn what_is_printed_does_not_disturb_the_answers() {
    let sandbox = sandbox(settings());
    let extracted = sandbox.extract("poison-print", Bytes::from_static(b"text")).await.unwrap();
    assert_eq!(extracted.text, "text");
}

/// Each document leaks a third of the limit: without care, the fourth would be refused for memory that others took.
#[tokio::test]
async fn memory_that_others_took_is_not_blamed_on_a_document() {
    let sandbox = sandbox(settings());
    for _ in 0..8 {
        let extracted = sandbox.extract("poison-leak", Bytes::from_static(b"text")).await.unwrap();
        assert_eq!(extracted.text, "text");
    }
}

#[tokio::test]
async fn who_stops_the_child_from_outside_makes_trouble_and_no_refusal() {
    let sandbox = sandbox(settings());
    let unread = sandbox.extract("poison-term", Bytes::from_static(b"text")).await.unwrap_err();
    assert!(matches!(unread, Unread::Trouble(_)), "{unread:?}");
    neighbour(&sandbox).await;
}

#[tokio::test]
async fn a_child_that_cannot_be_started_is_trouble() {
    for path in ["/no/such/program", "/bin/true", "/proc/self/exe"] {
        let sandbox = Sandbox::of(settings(), Program { path: path.into(), poison: false });
        let unread = sandbox.extract("a.md", Bytes::from_static(b"text")).await.unwrap_err();
        assert!(
            matches!(&unread, Unread::Trouble(cause) if cause.contains("cannot be started")),
            "{unread:?}"
        );
    }
}

#[tokio::test]
async fn neighbours_go_on_while_one_loops() {
    let two = SandboxSettings { extract_processes: NonZero::new(2), ..settings() };
    let sandbox = sandbox(two);
    let looping = sandbox.extract("poison-loop", Bytes::from_static(b"text"));
    let reading = async {
        for _ in 0..20 {
            neighbour(&sandbox).await;
        }
    };
    let (looped, ()) = tokio::join!(looping, reading);
    assert!(matches!(looped, Err(Unread::Refused(_))), "{looped:?}");
}

/// A caller that goes away takes its child along; the next caller gets a fresh one.
#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_child_behind() {
    let sandbox = sandbox(settings());
    let reading = sandbox.extract("poison-sleep", Bytes::from_static(b"text"));
    assert!(tokio::time::timeout(Duration::from_millis(300), reading).await.is_err());
    neighbour(&sandbox).await;
}
