use std::collections::BTreeMap;

use message::{FillSource, GenerationEntry, IndexMapping, RegistryEntry};

use super::*;

const INDEX: &str = "docs";

fn fingerprint(name: &str) -> Fingerprint {
    Fingerprint::of(&[("weights", name)])
}

fn model(name: &str, state: ModelState) -> RegistryEntry {
    RegistryEntry::Model(ModelEntry {
        fingerprint: fingerprint(name),
        name: name.to_owned(),
        bundle: None,
        files: BTreeMap::new(),
        dimension: 384,
        max_tokens: 256,
        scores: BTreeMap::new(),
        state,
        reason: (state == ModelState::Refused).then(|| "no gain".to_owned()),
    })
}

fn generation(id: &str, model: &str) -> RegistryEntry {
    RegistryEntry::Generation(GenerationEntry {
        id: id.to_owned(),
        index: INDEX.to_owned(),
        chunking: fingerprint("chunking"),
        model: fingerprint(model),
        cut_by: None,
        name: model.to_owned(),
        space: fingerprint("space"),
        dimension: 384,
        mapping: IndexMapping::of(4),
        source: FillSource::Vectors,
        barrier: BTreeMap::new(),
        state: BuildState::Built,
        reason: None,
        since: 1,
        by: "maria".to_owned(),
    })
}

fn serving(id: &str, previous: &str) -> RegistryEntry {
    RegistryEntry::Serving(ServingEntry {
        index: INDEX.to_owned(),
        id: id.to_owned(),
        previous: Some(previous.to_owned()),
        sequence: 2,
        by: "maria".to_owned(),
        at: 7,
    })
}

fn run(id: u64, state: RunState) -> TrainingRun {
    TrainingRun {
        id: format!("{id:012x}"),
        index: INDEX.to_owned(),
        trainer: "local".to_owned(),
        base: fingerprint("base"),
        data: None,
        job: None,
        output: None,
        model: None,
        state,
        stop: false,
        reason: None,
        outcome: None,
        since: id,
        by: "maria".to_owned(),
    }
}

fn picture(entries: impl IntoIterator<Item = RegistryEntry>) -> TrainingPicture {
    let mut registry = Registry::default();
    for entry in entries {
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
    }
    TrainingPicture::of(&registry, INDEX)
}

#[test]
fn the_model_that_is_served_is_named_and_comes_first() {
    let found = picture([
        model("a refused one", ModelState::Refused),
        model("candidate", ModelState::Candidate),
        model("tuned", ModelState::Accepted),
        model("base", ModelState::Accepted),
        generation("0123456789ab", "tuned"),
        serving("0123456789ab", "ba9876543210"),
    ]);
    let names: Vec<&str> = found.models.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["tuned", "candidate", "base", "a refused one"]);
    assert_eq!(found.models.iter().filter(|line| line.served).count(), 1);
    assert_eq!(found.models[3].reason.as_deref(), Some("no gain"));
    let serving = found.serving.unwrap();
    assert_eq!((serving.now.name.as_deref(), serving.now.model), (Some("tuned"), Some(fingerprint("tuned"))));
    assert_eq!((serving.since, serving.by.as_str()), (7, "maria"));
    let previous = serving.previous.unwrap();
    assert_eq!((previous.generation.as_str(), previous.name), ("ba9876543210", None), "it is forgotten");
}

#[test]
fn a_model_is_told_with_its_furthest_generation_of_this_index() {
    let at = |id: &str, state, since| {
        let RegistryEntry::Generation(entry) = generation(id, "tuned") else { panic!("no generation") };
        GenerationEntry { state, since, ..entry }
    };
    let of = |entries: &[GenerationEntry]| {
        let entries = entries.iter().cloned().map(RegistryEntry::Generation);
        let models = [model("tuned", ModelState::Accepted), model("base", ModelState::Accepted)];
        let found = picture(models.into_iter().chain(entries)).models;
        assert_eq!((found[0].name.as_str(), &found[0].generation), ("base", &None), "none was begun with it");
        found[1].generation.clone().map(|found| (found.id, found.state))
    };
    let (retired, failed) =
        (at("000000000001", BuildState::Retired, 9), at("000000000002", BuildState::Failed, 2));
    let building = at("000000000003", BuildState::Building, 3);
    let (older, built) = (at("000000000004", BuildState::Built, 4), at("000000000005", BuildState::Built, 5));
    let another = GenerationEntry { index: "another".to_owned(), ..built.clone() };
    let told = |entry: &GenerationEntry| Some((entry.id.clone(), entry.state));
    assert_eq!(of(std::slice::from_ref(&another)), None);
    assert_eq!(of(&[retired.clone(), another]), told(&retired));
    assert_eq!(of(&[retired.clone(), failed.clone()]), told(&failed));
    assert_eq!(of(&[retired, building.clone(), failed.clone()]), told(&building));
    assert_eq!(of(&[built.clone(), older, building, failed]), told(&built));
}

#[test]
fn of_many_runs_the_newest_are_told_and_one_that_has_not_ended_first() {
    let mut runs: Vec<TrainingRun> = (10..40).map(|id| run(id, RunState::Refused)).collect();
    runs.push(run(1, RunState::Training));
    runs.push(TrainingRun { index: "another".to_owned(), ..run(99, RunState::Training) });
    let found = picture(runs.into_iter().map(RegistryEntry::Run)).runs;
    let since: Vec<u64> = found.iter().map(|line| line.since).collect();
    assert_eq!(since, [1].into_iter().chain((21..40).rev()).collect::<Vec<_>>());
}

#[test]
fn a_run_that_came_to_nothing_stopped_where_what_it_left_says() {
    let of = |state, has_job: bool, has_model: bool| {
        let (job, model) = (has_job.then(|| "job".to_owned()), has_model.then(|| fingerprint("new")));
        reached(&TrainingRun { job, model, ..run(1, state) })
    };
    assert_eq!(of(RunState::Submitting, false, false), RunState::Submitting);
    assert_eq!(of(RunState::Accepted, true, true), RunState::Judging);
    for state in [RunState::Failed, RunState::Stopped] {
        assert_eq!(of(state, false, false), RunState::Planned);
        assert_eq!(of(state, true, false), RunState::Training);
        assert_eq!(of(state, true, true), RunState::Judging);
    }
    assert_eq!(of(RunState::Refused, true, false), RunState::Trained);
    assert_eq!(of(RunState::Refused, true, true), RunState::Judging);
}

#[test]
fn scores_are_those_of_golden_questions_and_then_of_general_sets() {
    let proven = |name: &str, gain: f64| ProvenScore {
        name: name.to_owned(),
        after: 0.6 + gain,
        before: Some(0.6),
        gain: Some(gain),
        low: Some(gain - 0.01),
        high: Some(gain + 0.01),
    };
    let all = [
        proven("nfcorpus test", 0.0),
        proven("golden hybrid", 0.03),
        proven("golden vector", 0.04),
        ProvenScore { before: None, gain: None, low: None, high: None, ..proven("a test", 0.1) },
    ];
    let RegistryEntry::Model(entry) = model("tuned", ModelState::Accepted) else { panic!("no model") };
    let scores = all.iter().flat_map(ProvenScore::entries).collect();
    let found = line(&ModelEntry { scores, ..entry }).scores;
    let told: Vec<(&str, Mode)> = found.iter().map(|score| (score.set.as_str(), score.mode)).collect();
    let (vector, hybrid) = (Mode::Vector, Mode::Hybrid);
    assert_eq!(told, [("golden", vector), ("golden", hybrid), ("a test", vector), ("nfcorpus test", vector)]);
    assert_eq!((found[0].before, found[0].gain), (Some(0.6), Some(0.04)));
    assert_eq!((found[2].before, found[2].low), (None, None), "an evaluation that compared with nothing");
}
