use message::Fingerprint;

use super::*;

fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint::of(&[("test", name)])
}

fn run(state: RunState) -> TrainingRun {
    TrainingRun {
        id: "0123456789ab".to_owned(),
        index: "docs".to_owned(),
        trainer: "local".to_owned(),
        base: fingerprint("base"),
        data: Some("77ab01c2d3e4".to_owned()),
        job: Some("job-1".to_owned()),
        output: None,
        model: None,
        state,
        stop: false,
        reason: None,
        outcome: None,
        since: 1,
        by: "train@one".to_owned(),
    }
}

fn model(name: &str, state: ModelState) -> ModelEntry {
    ModelEntry {
        fingerprint: fingerprint(name),
        name: name.to_owned(),
        bundle: None,
        files: BTreeMap::new(),
        dimension: 8,
        max_tokens: 16,
        scores: BTreeMap::new(),
        state,
        reason: (state == ModelState::Refused).then(|| "it forgets".to_owned()),
    }
}

fn registry(entries: impl IntoIterator<Item = RegistryEntry>) -> Registry {
    let mut registry = Registry::default();
    for entry in entries {
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 0).unwrap();
    }
    registry
}

/// How the run stands, and how its models, after a change that its conductor wants.
fn after(there: &Registry, before: &TrainingRun, change: RunChange) -> (TrainingRun, Vec<ModelState>) {
    let all = entries(there, before, change).unwrap();
    let mut registry = there.clone();
    for entry in all {
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 0).unwrap();
    }
    let states = registry.all_models().map(|model| model.state).collect();
    (registry.run(&before.id).cloned().unwrap(), states)
}

fn registering(name: &str) -> RunChange {
    let next = TrainingRun { model: Some(fingerprint(name)), since: 9, ..run(RunState::Judging) };
    RunChange::Register { next, model: Box::new(model(name, ModelState::Candidate)) }
}

#[test]
fn a_model_is_entered_with_its_run_or_not_at_all() {
    let before = run(RunState::Trained);
    let there = registry([RegistryEntry::Run(before.clone())]);
    let (next, models) = after(&there, &before, registering("ours"));
    assert_eq!((next.state, models), (RunState::Judging, vec![ModelState::Candidate]));
    // Somebody else goes on with the run: its model is not entered either.
    let moved = TrainingRun { by: "train@two".to_owned(), ..before.clone() };
    assert!(entries(&registry([RegistryEntry::Run(moved)]), &before, registering("ours")).is_err());
    // It was written before.
    let RunChange::Register { next, .. } = registering("ours") else { panic!("another change") };
    let done = registry([RegistryEntry::Run(next)]);
    assert_eq!(entries(&done, &before, registering("ours")), Ok(Vec::new()));
}

#[test]
fn what_is_the_base_itself_or_was_refused_before_is_not_judged() {
    let before = run(RunState::Trained);
    let there = registry([
        RegistryEntry::Run(before.clone()),
        RegistryEntry::Model(model("base", ModelState::Accepted)),
    ]);
    let (next, models) = after(&there, &before, registering("base"));
    assert_eq!((next.state, models), (RunState::Refused, vec![ModelState::Accepted]));
    assert!(next.outcome.unwrap().contains("nothing was learnt"));
    let there = registry([
        RegistryEntry::Run(before.clone()),
        RegistryEntry::Model(model("ours", ModelState::Refused)),
    ]);
    let (next, models) = after(&there, &before, registering("ours"));
    assert_eq!((next.state, models), (RunState::Refused, vec![ModelState::Refused]));
    assert!(next.outcome.unwrap().contains("it forgets"));
}

#[test]
fn a_verdict_marks_the_model_unless_somebody_said_something_else() {
    let before = TrainingRun { model: Some(fingerprint("ours")), ..run(RunState::Judging) };
    let decided = |state| RunChange::Decide {
        next: ended(&before, (state, "the bounds".to_owned()), 9),
        scores: BTreeMap::from([("golden ndcg@10".to_owned(), 0.8)]),
    };
    let there =
        |state| registry([RegistryEntry::Run(before.clone()), RegistryEntry::Model(model("ours", state))]);
    let verdicts = [(RunState::Accepted, ModelState::Accepted), (RunState::Refused, ModelState::Refused)];
    for (state, marked) in verdicts {
        let (next, models) = after(&there(ModelState::Candidate), &before, decided(state));
        assert_eq!((next.state, models), (state, vec![marked]));
        assert_eq!(next.outcome.as_deref(), Some("the bounds"));
        for (word, said) in
            [(ModelState::Accepted, RunState::Accepted), (ModelState::Refused, RunState::Refused)]
        {
            let (next, models) = after(&there(word), &before, decided(state));
            assert_eq!((next.state, models), (said, vec![word]), "{state:?} against {word:?}");
        }
    }
    let gone = registry([RegistryEntry::Run(before.clone())]);
    let (next, models) = after(&gone, &before, decided(RunState::Accepted));
    assert_eq!((next.state, models), (RunState::Failed, Vec::new()));
}
