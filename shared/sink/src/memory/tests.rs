//! Faults on demand.

use super::*;

fn memory() -> (Memory, Vec<Action>) {
    let space = Fingerprint::of(&[]);
    let plan =
        IndexPlan { space: space.clone(), chunking: space.clone(), model: String::new(), dimension: 1 };
    let memory = Memory::new(Names::new("m", &space).unwrap());
    for target in [Target::Chunks, Target::Documents] {
        memory.ensure_one(&plan, target).unwrap();
    }
    let action = |target, id: &str| Action {
        target,
        id: id.to_owned(),
        version: Version::from(1),
        highest: Version::from(1),
        operation: Operation::Put(b"{}".as_slice().into()),
    };
    let batch =
        vec![action(Target::Documents, "d"), action(Target::Chunks, "a"), action(Target::Chunks, "b")];
    (memory, batch)
}

/// One letter an answer: Done, Refused, Wait, Stop.
async fn letters(memory: &Memory, batch: &[Action]) -> String {
    let letter = |answer: &Answer| match answer {
        Answer::Done => 'd',
        Answer::Refused(_) => 'r',
        Answer::Wait { .. } => 'w',
        Answer::Stop(_) => 's',
    };
    memory.write(batch.to_vec(), Boottime::now()).await.answers.iter().map(letter).collect()
}

fn stored(memory: &Memory) -> usize {
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
