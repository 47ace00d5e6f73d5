//! What repeats, and what stops: with what really comes next, and hands that only pretend.

use std::collections::BTreeMap;

use message::{BuildState, DriftReport, RunState};

use super::*;
use crate::command::keep_up::made::{Made, drift_report, generation};
use crate::command::keep_up::manner::ActHolds;
use crate::command::keep_up::next::{SeenDrift, Sight, next};

/// When it begins.
const NOW: u64 = 100_000;
/// Seconds between two measures.
const EVERY: u64 = 10_000;
/// More acts than any round has.
const MANY: usize = 20;

/// How an act pretends to end.
#[derive(Clone, Copy)]
enum Pretended {
    Later(Option<u64>),
    Fails,
}

/// An index whose acts change nothing but the clock, and, where a measure is done, the reports.
struct PretendedWorld {
    made: Made,
    reports: Vec<DriftReport>,
    clock: u64,
    /// How acts end that are not done, and the seconds that each takes.
    ends: BTreeMap<&'static str, (Pretended, u64)>,
    acts: Vec<&'static str>,
}

impl KeepWorld for PretendedWorld {
    fn now(&self) -> u64 {
        self.clock
    }

    async fn look(&mut self, manner: &KeepManner) -> Result<KeptPicture, Failure> {
        let (registry, served) = (self.made.registry(), generation("old", 0));
        let mut seen = SeenDrift::default();
        for report in &self.reports {
            seen.take(report, self.clock);
        }
        let sight =
            Sight { registry: &registry, index: "docs", served: &served, seen: &seen, now: self.clock };
        let step = next(&sight, manner);
        Ok(KeptPicture { registry, served, step })
    }

    async fn act(&mut self, KeptPicture { step, .. }: &KeptPicture) -> Result<ActEnd, Failure> {
        let word = step.act.word();
        if let NextAct::Rest { .. } = step.act {
            return Ok(ActEnd::Later { what: step.act.about(), again: None });
        }
        self.acts.push(word);
        assert!(self.acts.len() < MANY, "it goes on and on: {:?}", self.acts);
        let Some((end, seconds)) = self.ends.get(word).copied() else {
            assert_eq!(word, "measure", "nobody said how it ends");
            self.reports.push(drift_report(self.clock, false));
            return Ok(ActEnd::Done("measured".to_owned(), Value::Null));
        };
        self.clock += seconds;
        match end {
            Pretended::Later(again) => Ok(ActEnd::Later { what: "not now".to_owned(), again }),
            Pretended::Fails => Err("it is away".into()),
        }
    }
}

/// The model `old` is served, and these reports were written.
fn circle(made: Made, reports: Vec<DriftReport>) -> KeepCircle<PretendedWorld> {
    let made = made.model("old", "accepted").generation("old", 0, BuildState::Built, 10);
    let made = made.serving("old", 0, None, 10);
    let world = PretendedWorld { made, reports, clock: NOW, ends: BTreeMap::new(), acts: Vec::new() };
    let manner = KeepManner { promote: true, every: Some(EVERY), begun: NOW, held: ActHolds::default() };
    KeepCircle::new(world, manner, Said::new(true))
}

/// A round `later` seconds from now: what was done, and whether it failed.
async fn round(circle: &mut KeepCircle<PretendedWorld>, later: u64) -> (Vec<&'static str>, bool) {
    circle.world.clock += later;
    circle.world.acts.clear();
    let is_failed = circle.round().await.is_err();
    (circle.world.acts.clone(), is_failed)
}

#[tokio::test]
async fn data_that_comes_to_nothing_is_made_again_an_hour_after_it_ended_however_long_it_took() {
    // Drift was signalled, and a measure is due.
    let mut circle = circle(Made::default(), vec![drift_report(NOW - EVERY, true)]);
    circle.world.ends.insert("learn", (Pretended::Later(Some(AGAIN)), 2 * AGAIN));
    assert_eq!(round(&mut circle, 0).await, (vec!["learn", "measure"], false));
    assert_eq!(round(&mut circle, AGAIN - 1).await, (vec![], false));
    assert_eq!(round(&mut circle, 1).await, (vec!["learn", "measure"], false));
}

#[tokio::test]
async fn what_fails_is_not_repeated_before_its_time() {
    let mut learns = circle(Made::default(), vec![drift_report(NOW - 1, true)]);
    learns.world.ends.insert("learn", (Pretended::Fails, 2 * AGAIN));
    assert_eq!(round(&mut learns, 0).await, (vec!["learn"], true));
    assert_eq!(round(&mut learns, 30).await, (vec![], false));
    assert_eq!(round(&mut learns, AGAIN - 30).await, (vec!["learn"], true));
    for end in [Pretended::Fails, Pretended::Later(Some(AGAIN))] {
        let is_failed = matches!(end, Pretended::Fails);
        let mut measures = circle(Made::default(), Vec::new());
        measures.world.ends.insert("measure", (end, 5));
        assert_eq!(round(&mut measures, 0).await, (vec!["measure"], is_failed));
        assert_eq!(round(&mut measures, AGAIN - 1).await, (vec![], false));
        assert_eq!(round(&mut measures, 1).await, (vec!["measure"], is_failed));
        // Who measures more often than that tries again as often.
        measures.manner.every = Some(60);
        assert_eq!(round(&mut measures, AGAIN).await.0, ["measure"]);
        assert_eq!(round(&mut measures, 60).await.0, ["measure"]);
    }
}

#[tokio::test]
async fn a_generation_that_is_unequal_is_audited_again_later_and_drift_is_measured_meanwhile() {
    let made = Made::default().model("new", "accepted").run("a", RunState::Accepted, Some("new"), 500);
    let made = made.generation("new", 0, BuildState::Building, 600);
    let mut circle = circle(made, Vec::new());
    circle.world.ends.insert("prove", (Pretended::Later(Some(900)), 60));
    assert_eq!(round(&mut circle, 0).await, (vec!["prove", "measure"], false));
    assert_eq!(round(&mut circle, 899).await, (vec![], false));
    assert_eq!(round(&mut circle, 1).await, (vec!["prove"], false));
    // What is only waited for ends the round, and the next one looks again.
    circle.world.ends.insert("prove", (Pretended::Later(None), 300));
    assert_eq!(round(&mut circle, EVERY).await, (vec!["prove"], false));
    assert_eq!(round(&mut circle, 30).await, (vec!["prove"], false));
}

#[tokio::test]
async fn the_same_failure_is_an_error_once() {
    let made = Made::default().model("new", "accepted").run("a", RunState::Accepted, Some("new"), 500);
    let mut circle = circle(made, Vec::new());
    circle.world.ends.insert("build", (Pretended::Fails, 1));
    assert_eq!(round(&mut circle, 0).await, (vec!["build"], true));
    assert_eq!(round(&mut circle, 30).await, (vec!["build"], false));
}
