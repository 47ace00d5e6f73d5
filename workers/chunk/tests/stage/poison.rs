//! Documents that kill their reader: the worker's own program is the child here, as in production.

use std::num::NonZero;

use message::Status;
use objects::MemoryStore;
use sandbox::{Program, Sandbox, SandboxSettings};
use stream::Stage;
use stream::memory::Memory;

use crate::bench::{Bench, LARGEST, LEDGER, chunking, created, handle, page, stage_by};

/// Ways in which a document can harm its reader, and the resulting cause in the dead letter.
const POISON: [(&str, &str); 5] = [
    ("poison-abort.md", "ended the extractor (signal 6)"),
    ("poison-loop.md", "raise MILLRACE_EXTRACT_CPU"),
    ("poison-memory.md", "raise MILLRACE_EXTRACT_MEMORY"),
    ("poison-panic.md", "failed inside (a bug on demand"),
    ("poison-stack.md", "lie too deep"),
];

fn sandboxed(bench: &Bench, poison: bool) -> chunk::ChunkStage<Memory, MemoryStore, Sandbox> {
    let settings = SandboxSettings {
        extract_processes: NonZero::new(2),
        extract_memory: 64 << 20,
        extract_cpu: 1,
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::of(settings, Program { path: env!("CARGO_BIN_EXE_chunk").into(), poison });
    let (broker, store) = (bench.broker.clone(), bench.store.clone());
    stage_by(bench, (broker, store), sandbox, (chunking("a"), LARGEST))
}

#[tokio::test]
async fn a_document_that_kills_its_reader_costs_one_dead_letter_and_its_neighbours_nothing() {
    let bench = Bench::new(1).await;
    let mut keys = Vec::new();
    for (poison, _) in POISON {
        for key in [poison.to_owned(), poison.replace("poison", "after")] {
            bench.put(&key, page(&["alpha"])).await;
            keys.push(key);
        }
    }
    for key in &keys {
        bench.broker.append(&created(key));
    }
    let all_done = || bench.count(LEDGER) == keys.len();
    bench.run_stage_until(sandboxed(&bench, true), all_done).await;
    let letters = bench.dead_letters();
    assert_eq!(letters.len(), POISON.len());
    for ((poison, part), letter) in POISON.iter().zip(&letters) {
        assert!(letter.document.as_deref().is_some_and(|document| document.ends_with(poison)), "{letter:?}");
        assert!(letter.cause.contains(part), "{poison}: {}", letter.cause);
        assert_eq!(bench.entry(poison).status, Status::Refused);
    }
    for key in keys.iter().filter(|key| key.starts_with("after")) {
        assert_eq!(bench.entry(key).status, Status::Live, "{key}");
    }
}

/// Reading in a child gives the same output.
#[tokio::test]
async fn the_passages_are_those_of_a_reader_in_this_process() {
    let (one, two) = (Bench::new(1).await, Bench::new(1).await);
    for bench in [&one, &two] {
        bench.put("a.md", page(&["alpha", "beta"])).await;
    }
    let mut inside = one.lane().await;
    let mut outside = sandboxed(&two, false).open(stream::Partition::ONLY, None).await.unwrap();
    let said = one.said(&mut inside, created("a.md")).await;
    assert_eq!((said.len(), two.said(&mut outside, created("a.md")).await), (4, said));
}

/// A worker whose children cannot be started waits, because no document is at fault.
#[tokio::test]
async fn a_reader_that_cannot_be_started_is_waited_for() {
    let bench = Bench::new(1).await;
    bench.put("a.md", page(&["alpha"])).await;
    let sandbox = Sandbox::of(SandboxSettings::default(), Program { path: "/no/such".into(), poison: false });
    let (broker, store) = (bench.broker.clone(), bench.store.clone());
    let stage = stage_by(&bench, (broker, store), sandbox, (chunking("a"), LARGEST));
    let mut lane = stage.open(stream::Partition::ONLY, None).await.unwrap();
    let outcome = handle(&mut lane, &[created("a.md")]).await;
    let trouble = outcome.retry.unwrap();
    assert!(outcome.verdicts.is_empty() && trouble.cause.contains("cannot be started"), "{trouble:?}");
}
