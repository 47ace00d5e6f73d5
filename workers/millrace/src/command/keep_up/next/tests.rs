use super::*;
use crate::command::keep_up::made::{Made, drift_report as look, generation, of};
use crate::command::keep_up::manner::ActHolds;

/// When everything is looked at.
const NOW: u64 = 1_000;
/// Seconds between two measures.
const EVERY: u64 = 100;

/// What is served is the first generation of the model `old`.
fn made() -> Made {
    Made::default()
        .model("old", "accepted")
        .generation("old", 0, BuildState::Built, 10)
        .serving("old", 0, None, 10)
}

/// The run `a` ended at 500 and gave the model `new`.
fn gave() -> Made {
    made().model("new", "accepted").run("a", RunState::Accepted, Some("new"), 500)
}

fn seen(reports: &[DriftReport]) -> SeenDrift {
    let mut seen = SeenDrift::default();
    for report in reports {
        seen.take(report, NOW);
    }
    seen
}

/// A measure that was just taken and asks for nothing.
fn calm() -> SeenDrift {
    seen(&[look(990, false)])
}

fn alarmed() -> SeenDrift {
    seen(&[look(900, true), look(990, false)])
}

fn manner(promote: bool) -> KeepManner {
    KeepManner { promote, every: Some(EVERY), begun: 950, held: ActHolds::default() }
}

fn step(made: &Made, seen: &SeenDrift, manner: &KeepManner) -> NextStep {
    let (registry, served) = (made.registry(), generation("old", 0));
    next(&Sight { registry: &registry, index: "docs", served: &served, seen, now: NOW }, manner)
}

/// What is done without a promotion, and how much is told.
fn done(made: &Made, seen: &SeenDrift) -> (NextAct, usize) {
    let NextStep { tells, act, .. } = step(made, seen, &manner(false));
    (act, tells.len())
}

/// What is done while these acts are left alone until then.
fn held_back(made: &Made, seen: &SeenDrift, held: ActHolds) -> NextAct {
    step(made, seen, &KeepManner { held, ..manner(true) }).act
}

const REST: NextAct = NextAct::Rest { until: Some(1_090) };

fn learn() -> NextAct {
    NextAct::Learn { base: of("old") }
}

#[test]
fn nothing_is_done_while_a_run_has_not_ended() {
    for state in RunState::ALL.into_iter().filter(|state| !state.is_end()) {
        let made = gave().run("b", state, None, 600);
        let step = step(&made, &alarmed(), &manner(true));
        assert_eq!(step.act, NextAct::Wait { run: "b".to_owned(), state });
        assert!(step.why.contains("start `train` with MILLRACE_TRAINER=local"), "{}", step.why);
        assert!(step.act.about().contains(state.word()) && step.tells.is_empty());
    }
}

#[test]
fn an_accepted_model_is_built_proved_and_waits_for_a_person_or_is_promoted() {
    assert_eq!(done(&gave(), &calm()), (NextAct::Build { model: of("new") }, 0));
    let building = gave().generation("new", 0, BuildState::Building, 600);
    assert_eq!(done(&building, &alarmed()), (NextAct::Prove { id: Made::id("new", 0) }, 0));
    let built = building.generation("new", 0, BuildState::Built, 700);
    let told = step(&built, &calm(), &manner(false));
    assert_eq!(told.act, REST);
    let words = format!("`millrace generation promote {}`", Made::id("new", 0));
    assert!(told.tells[0].contains("is built and waits") && told.tells[0].contains(&words), "{told:?}");
    let promoted = step(&built, &calm(), &manner(true));
    assert_eq!((promoted.act, promoted.tells), (NextAct::Promote { id: Made::id("new", 0) }, Vec::new()));
    assert!(promoted.why.contains("run a gave new"), "{}", promoted.why);
}

#[test]
fn only_the_newest_accepted_run_counts() {
    let newer = gave().model("newer", "accepted").run("0", RunState::Accepted, Some("newer"), 501);
    assert_eq!(done(&newer, &calm()), (NextAct::Build { model: of("newer") }, 0));
    // The older one is not built in its place, whatever stands in the way of the newest.
    assert_eq!(done(&newer.clone().model("newer", "refused"), &calm()), (REST, 0));
    let retired = newer.generation("newer", 0, BuildState::Retired, 600);
    assert_eq!(done(&retired, &calm()), (REST, 0));
    // A run that came to nothing afterwards takes nothing from it.
    let failed = gave().run("b", RunState::Failed, None, 600);
    assert_eq!(done(&failed, &calm()), (NextAct::Build { model: of("new") }, 0));
}

#[test]
fn a_model_that_is_served_refused_or_unknown_is_not_built() {
    let registry =
        gave().generation("new", 0, BuildState::Built, 600).serving("new", 0, Some(("old", 0)), 700);
    let registry = registry.registry();
    let (served, seen) = (generation("new", 0), calm());
    let sight = Sight { registry: &registry, index: "docs", served: &served, seen: &seen, now: NOW };
    assert_eq!(next(&sight, &manner(true)).act, REST);
    assert_eq!(done(&gave().model("new", "refused"), &calm()), (REST, 0));
    assert_eq!(done(&made().run("a", RunState::Accepted, Some("gone"), 500), &calm()), (REST, 0));
    // The same run means nothing to another index.
    let registry = gave().registry();
    let served = generation("old", 0);
    let sight = Sight { registry: &registry, index: "wiki", served: &served, seen: &seen, now: NOW };
    assert_eq!(next(&sight, &manner(true)).act, REST);
}

#[test]
fn a_generation_that_stands_still_is_told_and_nothing_is_trained_before() {
    for state in [BuildState::Paused, BuildState::Failed] {
        let made = gave().generation("new", 0, state, 600);
        let step = step(&made, &alarmed(), &manner(true));
        assert_eq!(step.act, REST);
        let resume = format!("`millrace generation resume {}`", Made::id("new", 0));
        assert!(step.tells.len() == 1 && step.tells[0].contains(&resume), "{:?}", step.tells);
    }
}

#[test]
fn what_a_person_went_back_from_or_retired_is_not_served_again() {
    let built = gave().generation("new", 0, BuildState::Built, 600);
    let back = built.serving("new", 0, Some(("old", 0)), 700).serving("old", 0, Some(("new", 0)), 800);
    assert_eq!(step(&back, &calm(), &manner(true)), step(&made(), &calm(), &manner(true)));
    for state in [BuildState::Retiring, BuildState::Retired] {
        let gone = gave().generation("new", 0, state, 600);
        assert_eq!(step(&gone, &calm(), &manner(true)), step(&made(), &calm(), &manner(true)));
        // And the next drift is learned from.
        assert_eq!(done(&gone, &alarmed()).0, learn());
    }
    // Went back, and then promoted another mapping of what was before: it is not `previous` any more.
    let later = back.generation("old", 1, BuildState::Built, 850).serving("old", 1, Some(("old", 0)), 900);
    let later = step(&later, &calm(), &manner(true));
    assert_eq!((later.act, later.tells.len()), (REST, 1));
}

#[test]
fn after_a_person_went_back_nothing_is_promoted_until_a_person_promotes() {
    let built = gave().generation("new", 0, BuildState::Built, 600);
    let back = built.serving("new", 0, Some(("old", 0)), 700).serving("old", 0, Some(("new", 0)), 800);
    // Its near twin is trained and built, and waits.
    let twin = back.model("twin", "accepted").run("b", RunState::Accepted, Some("twin"), 900);
    assert_eq!(step(&twin, &calm(), &manner(true)).act, NextAct::Build { model: of("twin") });
    let twin = twin.generation("twin", 0, BuildState::Built, 950);
    let gone = twin.clone().generation("new", 0, BuildState::Retired, 960);
    for made in [&twin, &gone] {
        let told = step(made, &calm(), &manner(true));
        let words = format!("`millrace generation promote {}`", Made::id("twin", 0));
        assert_eq!((&told.act, told.tells.len()), (&REST, 1));
        assert!(told.tells[0].contains(&words) && told.tells[0].contains("went back"), "{:?}", told.tells);
        assert!(!step(made, &calm(), &manner(false)).tells[0].contains("went back"));
    }
    // A person promotes another one: what is trained after that is served again.
    let other = twin.model("other", "accepted").generation("other", 0, BuildState::Built, 955);
    let other = other.serving("other", 0, Some(("old", 0)), 960);
    let later = other.model("third", "accepted").run("c", RunState::Accepted, Some("third"), 970);
    let registry = later.generation("third", 0, BuildState::Built, 980).registry();
    let (served, seen) = (generation("other", 0), calm());
    let sight = Sight { registry: &registry, index: "docs", served: &served, seen: &seen, now: NOW };
    assert_eq!(next(&sight, &manner(true)).act, NextAct::Promote { id: Made::id("third", 0) });
}

#[test]
fn a_run_that_came_to_nothing_leaves_its_signal_unanswered_and_that_is_told() {
    for (state, became) in [(RunState::Failed, "failed"), (RunState::Stopped, "was stopped")] {
        let made = made().run("a", state, None, 950).ended("0123456789ab", "the machine went away");
        let step = step(&made, &alarmed(), &manner(false));
        assert_eq!((step.act, step.tells.len()), (REST, 1));
        for words in ["1970-01-01T00:15:00Z", "run a", became, "machine went away", "--data 0123456789ab"] {
            assert!(step.tells[0].contains(words), "{words}: {:?}", step.tells);
        }
        // It ended before the signal, another one followed, or nothing was signalled.
        assert_eq!(done(&made, &seen(&[look(960, true), look(990, false)])), (learn(), 0));
        assert_eq!(done(&made.clone().run("b", RunState::Refused, None, 960), &alarmed()), (REST, 0));
        assert_eq!(done(&made, &calm()), (REST, 0));
    }
}

#[test]
fn the_same_data_is_not_trained_again_once_it_was_judged() {
    let found = |state, data| {
        let registry = made().run("a", state, None, 500).ended("0123456789ab", "so").registry();
        let judged = |index, base| judged_before((&registry, index), &of(base), data).is_some();
        (judged("docs", "old"), judged("docs", "new"), judged("wiki", "old"))
    };
    for state in [RunState::Accepted, RunState::Refused] {
        assert_eq!(found(state, "0123456789ab"), (true, false, false));
        assert_eq!(found(state, "ba9876543210"), (false, false, false));
    }
    for state in [RunState::Failed, RunState::Stopped] {
        assert_eq!(found(state, "0123456789ab"), (false, false, false));
    }
}

#[test]
fn what_works_with_the_model_that_is_served_fetches_it() {
    let all = [learn(), NextAct::Measure, NextAct::Build { model: of("new") }];
    assert!(all.iter().all(NextAct::needs_served));
    let id = Made::id("new", 0);
    let none = [NextAct::Prove { id: id.clone() }, NextAct::Promote { id }, REST];
    assert!(!none.iter().any(NextAct::needs_served));
}

#[test]
fn what_came_to_nothing_a_short_while_ago_is_left_alone() {
    let building = gave().generation("new", 0, BuildState::Building, 600);
    let prove = |until| ActHolds { prove: until, ..ActHolds::default() };
    let id = Made::id("new", 0);
    assert_eq!(held_back(&building, &alarmed(), prove(NOW)), NextAct::Prove { id });
    // Nothing is trained meanwhile, and drift is measured.
    assert_eq!(held_back(&building, &alarmed(), prove(NOW + 1)), REST);
    assert_eq!(held_back(&building, &seen(&[look(900, true)]), prove(NOW + 1)), NextAct::Measure);
    let measure = |until| ActHolds { measure: until, ..ActHolds::default() };
    for reports in [vec![], vec![look(900, false)]] {
        assert_eq!(held_back(&made(), &seen(&reports), measure(NOW)), NextAct::Measure);
        let until = Some(NOW + 1);
        assert_eq!(held_back(&made(), &seen(&reports), measure(NOW + 1)), NextAct::Rest { until });
    }
    let once = KeepManner { every: None, held: measure(NOW + 1), ..manner(false) };
    assert_eq!(step(&made(), &seen(&[]), &once).act, NextAct::Rest { until: None });
}

#[test]
fn what_was_proven_against_another_model_is_left_to_a_person() {
    let made = gave().model("other", "accepted").generation("other", 0, BuildState::Built, 400);
    let changed = made.serving("old", 0, Some(("other", 0)), 501);
    let told = step(&changed, &calm(), &manner(true));
    assert_eq!(told.act, REST);
    assert!(told.tells[0].contains("generation start --with-model"), "{told:?}");
    let built = changed.generation("new", 0, BuildState::Built, 600);
    let told = step(&built, &calm(), &manner(true));
    assert!(told.act == REST && told.tells[0].contains("generation promote"), "{told:?}");
    // The generation that was there first was only entered as served, with the next one.
    let entered = gave().generation("new", 0, BuildState::Built, 600).serving("old", 0, None, 550);
    assert_eq!(step(&entered, &calm(), &manner(true)).act, NextAct::Promote { id: Made::id("new", 0) });
}

#[test]
fn a_signal_begins_a_training_once() {
    let step = step(&made(), &alarmed(), &manner(false));
    assert_eq!((step.act, step.why.as_str()), (learn(), "drift: fewer are found; more are bad"));
    assert_eq!(done(&made(), &calm()), (REST, 0));
    // Every run counts, whatever became of it, from when it ended.
    for state in [RunState::Refused, RunState::Failed, RunState::Stopped] {
        assert_eq!(done(&made().run("a", state, None, 899), &alarmed()).0, learn());
        assert_eq!(done(&made().run("a", state, None, 900), &alarmed()).0, REST);
        let later = made().run("a", state, None, 900).run("b", state, None, 100);
        assert_eq!(done(&later, &alarmed()).0, REST);
    }
    // A model that is built and waits for a person keeps nobody from learning what is new.
    let built = gave().generation("new", 0, BuildState::Built, 600);
    assert_eq!(done(&built, &alarmed()), (learn(), 1));
}

#[test]
fn a_training_that_cannot_begin_is_told_or_left_for_later() {
    let on_disk = Made::default().model_on_disk("old");
    for made in [Made::default(), on_disk] {
        let step = step(&made, &alarmed(), &manner(false));
        assert_eq!(step.act, REST);
        assert!(
            step.tells.len() == 1 && step.tells[0].contains("`millrace model add DIR`"),
            "{:?}",
            step.tells
        );
    }
    let held = |learn| held_back(&made(), &alarmed(), ActHolds { learn, ..ActHolds::default() });
    assert_eq!((held(NOW), held(NOW + 1)), (learn(), REST));
}

#[test]
fn drift_is_measured_when_it_is_due() {
    let act = |reports: &[DriftReport], every| {
        step(&made(), &seen(reports), &KeepManner { every, ..manner(false) }).act
    };
    assert_eq!(act(&[], Some(EVERY)), NextAct::Measure);
    assert_eq!(act(&[look(900, false)], Some(EVERY)), NextAct::Measure);
    assert_eq!(act(&[look(901, false), look(700, false)], Some(EVERY)), NextAct::Rest { until: Some(1_001) });
    // Once: what was measured since it began is enough.
    assert_eq!(act(&[], None), NextAct::Measure);
    assert_eq!(act(&[look(949, false)], None), NextAct::Measure);
    assert_eq!(act(&[look(950, false)], None), NextAct::Rest { until: None });
    // A clock that was wrong keeps nobody from measuring.
    assert_eq!(act(&[look(NOW + 1, true)], Some(EVERY)), NextAct::Measure);
}

#[test]
fn the_newest_signal_counts_in_whatever_order_reports_come() {
    let mut first = look(800, true);
    first.signals.clear();
    let found = seen(&[look(900, true), first.clone(), look(990, false)]);
    let alarm = found.alarm.unwrap();
    assert_eq!((alarm.at, found.measured), (900, Some(990)));
    assert_eq!(seen(std::slice::from_ref(&first)).alarm.unwrap().words, first.text);
}
