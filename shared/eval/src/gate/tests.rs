//! Controls: scores that are made, of which it is known what has to come of them.

use super::*;

/// Questions of a made set.
const QUESTIONS: u32 = 200;

/// Something between -1 and 1 that looks like chance and has a mean of almost 0: an additive recurrence with the golden
/// ratio.
fn noise(n: u32) -> f64 {
    ((f64::from(n) * 0.618_033_988_749_895).fract() - 0.5) * 2.0
}

fn scores(values: impl IntoIterator<Item = f64>) -> Vec<Scores> {
    values.into_iter().map(|ndcg| Scores { ndcg, ..Scores::default() }).collect()
}

/// A pair in which the candidate has `gain` more, with noise of ±.2 from question to question.
fn pair(name: &str, questions: u32, gain: f64) -> PairedScores {
    let base = |n: u32| 0.5 + 0.3 * noise(3 * n + 7);
    PairedScores {
        name: name.to_owned(),
        base: scores((0..questions).map(base)),
        candidate: scores((0..questions).map(|n| base(n) + gain + 0.2 * noise(n))),
    }
}

/// A candidate that has gained so much by vector, in hybrid and on the guard, and is alike in everything else.
fn input([vector, hybrid, guard]: [f64; 3]) -> GateInput {
    let measures = GateMeasures {
        golden_vector: pair("golden vector", QUESTIONS, vector),
        golden_hybrid: pair("golden hybrid", QUESTIONS, hybrid),
        guards: vec![pair("scifact test", QUESTIONS, guard)],
        latency: BeforeAfter { base: 0.005, candidate: 0.0051 },
        size: BeforeAfter { base: 90e6, candidate: 90e6 },
        dimension: 384,
    };
    let seeds = Some(SeedScores { base: 0.5, seeds: vec![0.55, 0.56, 0.54] });
    GateInput { measures, seeds, asked_dimension: 384, bounds: GateBounds::default() }
}

fn better() -> GateInput {
    input([0.05, 0.04, 0.02])
}

/// The names of the checks that do not hold.
fn failed(input: &GateInput) -> Vec<String> {
    let verdict = judge(input);
    let failed: Vec<&GateCheck> = verdict.checks.iter().filter(|check| !check.passed).collect();
    assert_eq!(verdict.accepted, failed.is_empty());
    assert_eq!(verdict.reasons.len(), failed.len());
    failed.into_iter().map(|check| check.name.clone()).collect()
}

#[test]
fn one_that_is_better_is_accepted() {
    let verdict = judge(&better());
    assert!(verdict.accepted && verdict.reasons.is_empty() && verdict.notes.is_empty(), "{verdict:?}");
    let names: Vec<&str> = verdict.checks.iter().map(|check| check.name.as_str()).collect();
    let expected = [
        "golden questions",
        "golden vector",
        "golden hybrid",
        "scifact test",
        "seeds",
        "latency",
        "size",
        "dimension",
    ];
    assert_eq!(names, expected);
    let gain = verdict.checks[1].difference;
    // Noise of ±.2 that is spread evenly has a deviation of .2 / √3; 1.96 of it over √200 are .016.
    assert!((gain.mean - 0.05).abs() < 0.003 && (gain.mean - gain.low - 0.016).abs() < 0.003, "{gain:?}");
    let summary = verdict.summary();
    assert!(summary.starts_with("accepted: golden vector: nDCG@10 +0.0"), "{summary}");
    assert!(!summary.contains("golden questions"), "{summary}");
}

#[test]
fn one_that_is_worse_is_refused_and_called_so() {
    let verdict = judge(&input([-0.05, -0.04, 0.0]));
    assert!(!verdict.accepted);
    assert!(verdict.reasons[0].contains("worse, and not by chance"), "{:?}", verdict.reasons);
    assert!(verdict.summary().starts_with("refused: golden vector"), "{}", verdict.summary());
}

#[test]
fn one_that_forgets_is_refused_however_much_it_gains() {
    assert_eq!(failed(&input([0.2, 0.2, -0.05])), ["scifact test"]);
}

#[test]
fn one_that_is_equal_is_refused() {
    let chance = input([0.0, 0.0, 0.05]);
    let gain = judge(&chance).checks[1].difference;
    assert!(gain.low < 0.0 && gain.high > 0.0, "{gain:?}");
    assert_eq!(failed(&chance), ["golden vector", "golden hybrid"]);
    // The very same scores: hybrid has lost nothing, and nothing was gained by vector.
    let mut same = better();
    same.measures.golden_vector.candidate.clone_from(&same.measures.golden_vector.base);
    same.measures.golden_hybrid.candidate.clone_from(&same.measures.golden_hybrid.base);
    assert_eq!(failed(&same), ["golden vector"]);
}

/// A gain that is real and below the bound is not worth another model.
#[test]
fn a_gain_below_the_bound_is_not_enough_and_a_small_loss_of_a_guard_is_allowed() {
    let constant = |gain: f64| PairedScores {
        candidate: scores((0..QUESTIONS).map(|n| 0.5 + 0.3 * noise(3 * n + 7) + gain)),
        ..pair("golden vector", QUESTIONS, 0.0)
    };
    let with = |vector: f64, guard: f64| {
        let mut input = better();
        input.measures.golden_vector = constant(vector);
        input.measures.guards = vec![PairedScores { name: "g".to_owned(), ..constant(guard) }];
        failed(&input)
    };
    assert_eq!(with(0.004, 0.0), ["golden vector"]);
    assert_eq!(with(0.006, -0.009), Vec::<String>::new());
    assert_eq!(with(0.006, -0.011), ["g"]);
}

#[test]
fn every_seed_has_to_be_better() {
    let with = |seeds: Option<Vec<f64>>| {
        let mut input = better();
        input.seeds = seeds.map(|seeds| SeedScores { base: 0.5, seeds });
        failed(&input)
    };
    assert_eq!(with(Some(vec![0.55, 0.49, 0.6])), ["seeds"]);
    assert_eq!(with(Some(vec![0.55, 0.5])), ["seeds"], "equal is not better");
    assert_eq!(with(Some(Vec::new())), ["seeds"]);
    assert_eq!(with(Some(vec![0.55, f64::NAN])), ["seeds"]);
    assert_eq!(with(Some(vec![f64::INFINITY])), ["seeds"]);
    assert_eq!(with(None), Vec::<String>::new());
    let told = judge(&GateInput { seeds: None, ..better() }).notes;
    assert!(told[0].contains("seeds"), "{told:?}");
}

#[test]
fn what_is_no_number_or_no_pair_is_refused() {
    let with = |change: fn(&mut GateMeasures)| {
        let mut input = better();
        change(&mut input.measures);
        failed(&input)
    };
    // One of 200, which a third of the draws leave out.
    assert_eq!(with(|m| m.golden_vector.candidate[3].ndcg = f64::NAN), ["golden vector"]);
    assert_eq!(with(|m| m.golden_vector.base[3].ndcg = f64::NEG_INFINITY), ["golden vector"]);
    assert_eq!(with(|m| m.golden_hybrid.candidate[0].ndcg = f64::INFINITY), ["golden hybrid"]);
    assert_eq!(with(|m| m.guards[0].candidate[0].ndcg = f64::NAN), ["scifact test"]);
    assert_eq!(with(|m| m.guards[0].candidate.truncate(7)), ["scifact test"]);
    assert_eq!(with(|m| m.golden_hybrid = PairedScores::default()), [""]);
    assert_eq!(with(|m| m.latency.candidate = f64::NAN), ["latency"]);
    assert_eq!(with(|m| m.latency.base = 0.0), ["latency"]);
    assert_eq!(with(|m| m.size.candidate = f64::NAN), ["size"]);
    assert_eq!(with(|m| m.size.base = 0.0), ["size"]);
    // Everything is to be seen, and the registry's entry stays readable.
    let mut input = better();
    input.measures.guards[0].candidate[0].ndcg = f64::NAN;
    assert!(serde_json::to_string(&judge(&input)).unwrap().contains(r#""mean":null"#));
    let scores = input.measures.scores();
    assert!(scores.values().all(|value| value.is_finite()), "{scores:?}");
    assert!(
        scores.contains_key("scifact test ndcg@10 before") && !scores.contains_key("scifact test ndcg@10")
    );
    assert!(scores["golden vector ndcg@10 gain low"] > 0.005, "{scores:?}");
}

#[test]
fn with_few_questions_nothing_can_be_told() {
    let mut few = better();
    few.measures.golden_vector = pair("golden vector", 49, 0.3);
    few.measures.golden_hybrid = pair("golden hybrid", 49, 0.3);
    assert_eq!(failed(&few), ["golden questions"]);
    let reasons = judge(&few).reasons;
    assert!(reasons[0].contains("cannot be told: 49 golden questions, and 50"), "{reasons:?}");
    few.bounds.fewest_questions = 49;
    assert_eq!(failed(&few), Vec::<String>::new());
}

#[test]
fn one_that_is_slow_large_or_of_another_dimension_is_refused() {
    let with = |change: fn(&mut GateInput)| {
        let mut input = better();
        change(&mut input);
        failed(&input)
    };
    assert_eq!(with(|input| input.measures.latency.candidate = 0.0074), Vec::<String>::new());
    assert_eq!(with(|input| input.measures.latency.candidate = 0.0076), ["latency"]);
    // Of two that take microseconds, nobody waits for either.
    let quick = |input: &mut GateInput| input.measures.latency = BeforeAfter { base: 1e-5, candidate: 9e-4 };
    assert_eq!(with(quick), Vec::<String>::new());
    assert_eq!(with(|input| input.measures.size.candidate = 134e6), Vec::<String>::new());
    assert_eq!(with(|input| input.measures.size.candidate = 136e6), ["size"]);
    let any = |input: &mut GateInput| {
        input.measures.size.candidate = 900e6;
        input.bounds.size_ratio = None;
    };
    assert_eq!(with(any), Vec::<String>::new());
    assert_eq!(with(|input| input.asked_dimension = 256), ["dimension"]);
    assert_eq!(with(|input| input.measures.guards.clear()), Vec::<String>::new());
}
