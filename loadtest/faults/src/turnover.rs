//! How a seed changes what is served: a new generation of indexes, its promotion, and what follows. Pure: the seed's
//! number determines everything, by sequences of its own, so that seeds without one stay as they were.

use std::time::Duration;

use generation::Generation;
use message::IndexMapping;

use crate::prng::Prng;
use crate::schedule::{Blow, Strike, Worker};

/// In so many of a hundred seeds a new generation is built and promoted.
const SHARE: usize = 25;
/// The workers that may be killed while what is served changes.
const KILLED: [Worker; 3] = [Worker::Index, Worker::Replicate, Worker::Embed];

/// What happens to the generations once the new one is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aftermath {
    /// Both stay.
    Stay,
    /// The one before is served again, and both stay.
    Rollback,
    /// The one before is retired.
    Retire,
}

/// The new generation of a seed, and the faults on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// Tells the generation apart from those of other seeds.
    pub instance: u32,
    /// Primary shards of its indexes. They are always named: otherwise they would be those of what is served, which an earlier
    /// seed may have left.
    pub shards: u32,
    /// How long after the first change of the bucket it is begun.
    pub begins: Duration,
    /// When the command that begins it is killed, if it is. It is asked again.
    pub start_killed: Option<Duration>,
    /// The kill of a writer while it fills the new indexes.
    pub strike: Strike,
    /// When each command that promotes, rolls back or retires is killed, if it is. It is asked again.
    pub switch_killed: Option<Duration>,
    /// Whether somebody else asks for the same promotion at the same time.
    pub rival: bool,
    /// The worker that is killed while what is served changes, unless another fault holds it.
    pub killed: Worker,
    /// Which server of `serve` is killed then, if one is.
    pub serve_killed: Option<u32>,
    /// What follows.
    pub after: Aftermath,
}

impl Turnover {
    /// The turnover that a seed has by its own numbers; most have none.
    #[must_use]
    pub fn drawn(seed: u64) -> Option<Self> {
        Prng::new(seed, "generations").chance(SHARE).then(|| Self::of(seed))
    }

    /// The turnover that a seed has if it must have one.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut prng = Prng::new(seed, "turnover");
        let begins = Duration::from_secs(prng.between(3, 12) as u64);
        let shards = 1 + u32::from(prng.chance(50));
        let start_killed = moment(40, &mut prng);
        let worker = if prng.chance(50) { Worker::Index } else { Worker::Replicate };
        let place = prng.pick(&worker.places()).copied();
        let strike = Strike { worker, place, blow: Blow::Kill, process: 1 };
        let switch_killed = moment(50, &mut prng);
        let rival = prng.chance(40);
        let killed = prng.pick(&KILLED).copied().unwrap_or(Worker::Index);
        let serve_killed = prng.chance(40).then(|| 1 + u32::from(prng.chance(50)));
        let after = match prng.below(3) {
            0 => Aftermath::Stay,
            1 => Aftermath::Rollback,
            _ => Aftermath::Retire,
        };
        let instance = u32::try_from(seed).unwrap_or(u32::MAX).max(1);
        Self {
            instance,
            shards,
            begins,
            start_killed,
            strike,
            switch_killed,
            rival,
            killed,
            serve_killed,
            after,
        }
    }

    /// The turnover of a short seed: no server is killed, since others wait half a minute for one that is gone.
    #[must_use]
    pub fn short(seed: u64) -> Self {
        Self { serve_killed: None, after: Aftermath::Stay, ..Self::of(seed) }
    }

    /// The arguments of `millrace generation` that begin it.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let (instance, shards) = (self.instance.to_string(), self.shards.to_string());
        ["start", "--instance", &instance, "--shards", &shards].map(str::to_owned).into()
    }

    /// The generation that these arguments must begin beside `first`, whose vectors it shares.
    #[must_use]
    pub fn generation(&self, first: &Generation) -> Generation {
        let mapping =
            IndexMapping { shards: Some(self.shards), instance: self.instance, ..first.mapping.clone() };
        Generation { mapping, ..first.clone() }
    }

    /// The workers that may be killed while what is served changes, the preferred one first.
    #[must_use]
    pub fn victims(&self) -> Vec<Worker> {
        let others = KILLED.into_iter().filter(|worker| *worker != self.killed);
        [self.killed].into_iter().chain(others).collect()
    }
}

/// In `percent` of a hundred cases, a moment within the second and a half that a command takes.
fn moment(percent: usize, prng: &mut Prng) -> Option<Duration> {
    let is_drawn = prng.chance(percent);
    is_drawn.then(|| Duration::from_millis(prng.between(50, 1500) as u64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use message::Fingerprint;

    use super::*;

    fn first() -> Generation {
        let fingerprint = Fingerprint::of(&[("test", "turnover")]);
        Generation {
            chunking: fingerprint.clone(),
            space: fingerprint.clone(),
            dimension: 2,
            model: fingerprint,
            name: "test".to_owned(),
            mapping: IndexMapping::of(generation::MAPPING_VERSION),
        }
    }

    #[test]
    fn twenty_seeds_hold_every_aftermath_and_every_kill() {
        let all: Vec<Turnover> = (1..=20).map(Turnover::of).collect();
        for after in [Aftermath::Stay, Aftermath::Rollback, Aftermath::Retire] {
            assert!(all.iter().filter(|turnover| turnover.after == after).count() >= 3, "{after:?}");
        }
        for worker in KILLED {
            assert!(all.iter().any(|turnover| turnover.victims().first() == Some(&worker)), "{worker:?}");
        }
        let count = |is: fn(&Turnover) -> bool| all.iter().filter(|turnover| is(turnover)).count();
        assert!(count(|turnover| turnover.start_killed.is_some()) >= 3);
        assert!(count(|turnover| turnover.switch_killed.is_some()) >= 5);
        assert!(count(|turnover| turnover.rival) >= 3);
        assert!(count(|turnover| turnover.shards == 2) >= 3);
        for serve in 1..=2 {
            assert!(all.iter().any(|turnover| turnover.serve_killed == Some(serve)), "serve {serve}");
        }
        for turnover in &all {
            let Strike { worker, place, .. } = turnover.strike;
            assert!(place.is_some_and(|place| worker.places().contains(&place)), "{turnover:?}");
        }
    }

    #[test]
    fn some_seeds_have_a_turnover_and_it_is_always_the_same() {
        let drawn: Vec<u64> = (1..=30).filter(|seed| Turnover::drawn(*seed).is_some()).collect();
        assert_eq!(drawn, [4, 6, 10, 11, 15, 23]);
        for seed in drawn {
            assert_eq!(Turnover::drawn(seed), Some(Turnover::of(seed)));
        }
    }

    #[test]
    fn each_seed_begins_another_generation_of_the_same_space() {
        let ids: BTreeSet<String> = (1..=40)
            .map(|seed| Turnover::of(seed).generation(&first()).short())
            .chain([first().short()])
            .collect();
        assert_eq!(ids.len(), 41);
        let sharded = (1..=40).map(Turnover::of).find(|turnover| turnover.shards == 2).unwrap();
        assert_eq!(sharded.generation(&first()).space, first().space);
        let instance = sharded.instance.to_string();
        assert_eq!(sharded.arguments(), ["start", "--instance", instance.as_str(), "--shards", "2"]);
    }
}
