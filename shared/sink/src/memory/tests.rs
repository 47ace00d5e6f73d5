//! Injected faults.

use generation::Generation;
use serde_json::json;

use super::*;

fn memory() -> (MemoryEngine, Vec<Action>) {
    let space = Fingerprint::of(&[]);
    let generation = Generation {
        chunking: space.clone(),
        space,
        dimension: 1,
        model: Fingerprint::of(&[("weights", "test")]),
        name: String::new(),
        mapping: message::IndexMapping::of(1),
    };
    let memory = MemoryEngine::new(Names::new("m", &generation).unwrap());
    for target in [Target::Chunks, Target::Documents] {
        memory.ensure_one(target).unwrap();
    }
    let action = |target, id: &str| Action {
        target,
        id: id.to_owned(),
        version: Version::from(1),
        highest: Version::from(1),
        operation: Operation::Put(item(target).to_string().into()),
    };
    let batch =
        vec![action(Target::Documents, "d"), action(Target::Chunks, "a"), action(Target::Chunks, "b")];
    (memory, batch)
}

fn item(target: Target) -> Value {
    let mut item = json!({"document": "docs/k", "version": 1, "space": Fingerprint::of(&[])});
    let more = match target {
        Target::Documents => json!({"status": "empty", "etag": "e", "size": 0, "chunks": []}),
        Target::Chunks => {
            let id = "0".repeat(32);
            json!({"id": id, "heading_path": [], "text": "t", "tokens": 1, "embedding": [1.0], "terms": "t"})
        }
    };
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item
}

/// One letter for each answer: d (Done), r (Refused), w (Wait), s (Stop).
async fn letters(memory: &MemoryEngine, batch: &[Action]) -> String {
    let letter = |answer: &ItemAnswer| match answer {
        ItemAnswer::Done => 'd',
        ItemAnswer::Refused(_) => 'r',
        ItemAnswer::Wait { .. } => 'w',
        ItemAnswer::Stop(_) => 's',
    };
    memory.write(batch.to_vec(), Boottime::now()).await.answers.iter().map(letter).collect()
}

fn stored(memory: &MemoryEngine) -> usize {
    memory.state().indexes.values().map(|index| index.items.len()).sum()
}

#[tokio::test]
async fn each_fault_strikes_once() {
    for (fault, answers, left) in [
        (Fault::Unavailable, "www", 0),
        (Fault::Lost, "www", 3),
        (Fault::Busy(1), "wdw", 1),
        (Fault::Busy(2), "wdd", 2),
        (Fault::Refuse("a".to_owned()), "drd", 2),
        (Fault::Stop("no".to_owned()), "sss", 0),
    ] {
        let (memory, batch) = memory();
        memory.inject(fault.clone());
        assert_eq!((letters(&memory, &batch).await.as_str(), stored(&memory)), (answers, left), "{fault:?}");
        assert_eq!(letters(&memory, &batch).await, "ddd");
        assert_eq!(stored(&memory), 3);
    }
}

/// What cannot be read back must never count as written.
#[tokio::test]
async fn what_millrace_does_not_write_is_refused() {
    let (memory, mut batch) = memory();
    batch[1].operation = Operation::Put(b"{}".as_slice().into());
    batch[2].operation = Operation::Put(b"{".as_slice().into());
    assert_eq!((letters(&memory, &batch).await.as_str(), stored(&memory)), ("drr", 1));
}
