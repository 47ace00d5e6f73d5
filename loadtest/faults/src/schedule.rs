//! Which faults strike in a seed. Pure: the seed's number determines everything.

use fault::{Mechanism, Place};

use crate::dials::Kind;
use crate::outage::{Engine, Outage};
use crate::prng::Prng;
use crate::turnover::Turnover;

/// A worker that faults strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Worker {
    /// Turns notices into references.
    Intake,
    /// Turns references into chunks.
    Chunk,
    /// Turns chunks into vectors.
    Embed,
    /// Writes vectors to OpenSearch.
    Index,
    /// Writes vectors to Elasticsearch.
    Replicate,
}

impl Worker {
    /// All workers, in the order of the data flow.
    pub const ALL: [Self; 5] = [Self::Intake, Self::Chunk, Self::Embed, Self::Index, Self::Replicate];

    /// The program's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Chunk => "chunk",
            Self::Embed => "embed",
            Self::Index => "index",
            Self::Replicate => "replicate",
        }
    }

    /// The places where it can be struck.
    #[must_use]
    pub fn places(self) -> Vec<Place> {
        let sends = matches!(self, Self::Index | Self::Replicate);
        let reaches = |place: &Place| match place {
            Place::AfterFetch | Place::BeforeCommit | Place::AfterCommit => true,
            Place::AmidProduce | Place::AfterProduce => !sends,
            Place::BeforeSend | Place::AfterSend => sends,
            Place::BeforeCopy => self == Self::Chunk,
            Place::CopyWrite => false,
        };
        Place::ALL.iter().copied().filter(reaches).collect()
    }
}

/// What happens to a worker that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL; the process is started again.
    Kill,
    /// SIGSTOP, and SIGCONT after this many seconds; meanwhile another process takes over.
    Stop(u64),
}

/// A worker, a place and a blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// The worker.
    pub worker: Worker,
    /// The place in its code; none for release builds, which have no places and are struck at any moment.
    pub place: Option<Place>,
    /// The blow.
    pub blow: Blow,
    /// Which of the worker's processes: 1 or 2.
    pub process: u32,
}

impl Strike {
    /// The name under which it is counted and reported.
    #[must_use]
    pub fn name(&self) -> String {
        let (worker, place) = (self.worker.name(), self.place.map_or("at any moment", Place::name));
        let second = if self.process == 1 { "" } else { ", the second process" };
        match self.blow {
            Blow::Kill => format!("{worker} killed {place}{second}"),
            Blow::Stop(seconds) => format!("{worker} stopped {seconds} s {place}{second}"),
        }
    }
}

/// Everything that happens in a seed apart from the oracle's own changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Minimum duration of the activity in seconds; it continues until all faults have struck.
    pub seconds: u64,
    /// Strikes on workers, in tracks that run in parallel.
    pub tracks: Vec<Vec<Strike>>,
    /// Faults of the servers around the workers, one after another.
    pub outages: Vec<Outage>,
    /// The proxies' faults, in consecutive phases of equal length.
    pub phases: Vec<Vec<Kind>>,
    /// Whether notices of some keys are dropped.
    pub drops: bool,
    /// The engine that refuses a poisonous document, if any.
    pub poison: Option<Engine>,
    /// Number of long documents. If there are any, notices nearly as large as Kafka accepts are sent too.
    pub long: u32,
    /// The new generation that is built and promoted meanwhile, if any.
    pub turnover: Option<Turnover>,
}

/// The name under which large notices are counted and reported.
pub const LARGE_NOTICES: &str = "large notices";

/// Strikes in each seed, apart from a long stop.
const STRIKES: u64 = 4;
/// In one of this many seeds a worker is stopped for 90 s.
const LONG_EVERY: u64 = 4;

impl Schedule {
    /// The schedule of a seed. Twenty consecutive seeds cover every place of every worker with both blows.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut prng = Prng::new(seed, "schedule");
        let first = seed.saturating_sub(1).saturating_mul(STRIKES);
        let strikes: Vec<Strike> = (first..first.saturating_add(STRIKES)).map(combination).collect();
        let mut tracks: Vec<Vec<Strike>> = strikes.iter().map(|strike| vec![*strike]).collect();
        if seed.is_multiple_of(LONG_EVERY) {
            tracks.push(vec![long_stop(seed, &strikes, &mut prng)]);
        }
        let number = usize::try_from(seed).unwrap_or_default();
        let outages = (0..2).map(|n| Outage::ALL[(number * 2 + n) % Outage::ALL.len()]).collect();
        let mut kinds = Kind::DIALLED.to_vec();
        prng.shuffle(&mut kinds);
        Self {
            seconds: 60,
            tracks,
            outages,
            phases: kinds.chunks(3).take(3).map(<[Kind]>::to_vec).collect(),
            drops: seed % 3 == 1,
            poison: match seed % 6 {
                2 => Some(Engine::OpenSearch),
                5 => Some(Engine::Elasticsearch),
                _ => None,
            },
            long: if seed % 5 == 3 { 3 } else { 0 },
            turnover: Turnover::drawn(seed),
        }
    }

    /// A long run: the schedules of `count` seeds in a row, from `first` on, with at most one poisonous document and one
    /// new generation in total.
    #[must_use]
    pub fn rounds(first: u64, count: u64) -> Vec<Self> {
        let mut rounds: Vec<Self> = (first..first.saturating_add(count)).map(Self::of).collect();
        let poisoned = rounds.iter_mut().filter(|schedule| schedule.poison.is_some());
        poisoned.skip(1).for_each(|schedule| schedule.poison = None);
        let renewing = rounds.iter_mut().filter(|schedule| schedule.turnover.is_some());
        renewing.skip(1).for_each(|schedule| schedule.turnover = None);
        rounds
    }

    /// One of two short schedules that are always the same.
    #[must_use]
    pub fn short(second: bool) -> Self {
        let strike = |worker, place, blow| Strike { worker, place: Some(place), blow, process: 1 };
        let (kill, stop) = (Blow::Kill, Blow::Stop(10));
        let (tracks, outages) = if second {
            let left = vec![strike(Worker::Embed, Place::AfterFetch, stop)];
            let right = vec![
                strike(Worker::Chunk, Place::AmidProduce, kill),
                strike(Worker::Replicate, Place::BeforeSend, kill),
            ];
            (vec![left, right], vec![Outage::NoBucket])
        } else {
            let left = vec![strike(Worker::Chunk, Place::AfterProduce, stop)];
            let right = vec![
                strike(Worker::Embed, Place::BeforeCommit, kill),
                strike(Worker::Index, Place::AfterSend, kill),
            ];
            (vec![left, right], vec![Outage::CopyFull])
        };
        let phases = if second {
            vec![vec![Kind::Items429, Kind::Cut, Kind::Changed]]
        } else {
            vec![vec![Kind::Items429, Kind::Whole413, Kind::BodyCut]]
        };
        Self { seconds: 25, tracks, outages, phases, drops: !second, poison: None, long: 0, turnover: None }
    }

    /// A seed of the negative control, with faults that only this mechanism makes harmless.
    #[must_use]
    pub fn without(mechanism: Mechanism, seed: u64) -> Self {
        let mut schedule = Self::of(seed);
        let strike = |worker, place, blow| Strike { worker, place: Some(place), blow, process: 1 };
        let both = |workers: [Worker; 2], places: &[Place], blow: Blow| {
            let track = |worker| places.iter().map(|place| strike(worker, *place, blow)).collect();
            workers.map(track).to_vec()
        };
        let transactional = [Worker::Chunk, Worker::Embed];
        schedule.outages.truncate(1);
        (schedule.long, schedule.turnover) = (0, None);
        schedule.tracks = match mechanism {
            Mechanism::Fencing => {
                let places = [Place::AfterProduce, Place::AfterFetch, Place::BeforeCommit];
                both(transactional, &places, Blow::Stop(10))
            }
            Mechanism::Transaction => both(transactional, &[Place::AmidProduce; 3], Blow::Kill),
            Mechanism::GcDeletes | Mechanism::ExternalVersions => {
                both([Worker::Index, Worker::Replicate], &[Place::BeforeSend; 3], Blow::Stop(15))
            }
            Mechanism::Position => {
                schedule.outages = vec![Outage::LogTruncated];
                // Dropped notices would need a reconciliation at the end, which would also repair what goes wrong here.
                schedule.drops = false;
                schedule.tracks
            }
            Mechanism::IdentityReplay => {
                // Another outage comes first, so that the index holds something by the time it is deleted.
                schedule.outages = vec![Outage::NoBucket, Outage::IndexDeleted(Engine::OpenSearch)];
                schedule.tracks
            }
            Mechanism::Guard => {
                schedule.outages = vec![Outage::KeysGone];
                schedule.tracks
            }
            Mechanism::ItemRetry => {
                schedule.phases = vec![vec![Kind::Items429]];
                schedule.tracks
            }
        };
        schedule
    }

    /// The same for release builds, which have no places for faults: workers are struck at any moment, and no disk is
    /// full.
    #[must_use]
    pub fn without_places(mut self) -> Self {
        let renewing = self.turnover.iter_mut().map(|turnover| &mut turnover.strike);
        self.tracks.iter_mut().flatten().chain(renewing).for_each(|strike| strike.place = None);
        self.outages.retain(|outage| *outage != Outage::CopyFull);
        self
    }

    /// The names of all faults that must have struck.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let renewing = self.turnover.iter().map(|turnover| &turnover.strike);
        let strikes = self.tracks.iter().flatten().chain(renewing).map(Strike::name);
        let outages = self.outages.iter().map(|outage| outage.name());
        let kinds = self.phases.iter().flatten().map(|kind| kind.name().to_owned());
        let mut names: Vec<String> = strikes.chain(outages).chain(kinds).collect();
        names.push("notices doubled".to_owned());
        names.push("notices re-ordered".to_owned());
        names.push("stray notices".to_owned());
        if self.poison.is_some() {
            names.push(Kind::Items400.name().to_owned());
        }
        if self.drops {
            names.push("notices dropped".to_owned());
        }
        if self.long > 0 {
            names.push(LARGE_NOTICES.to_owned());
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// An endless sequence that covers every worker at every place with both blows. Workers take turns, so that a seed
/// strikes different ones; kills and stops are about equally frequent in any stretch.
fn combination(number: u64) -> Strike {
    let number = usize::try_from(number).unwrap_or_default();
    let (turn, which) = (number / Worker::ALL.len(), number % Worker::ALL.len());
    let worker = Worker::ALL[which];
    let mut places = worker.places();
    Prng::new(which as u64, "places").shuffle(&mut places);
    let round = if places.len().is_multiple_of(2) { turn / places.len() } else { 0 };
    let blow = if (turn + which + round) % 2 == 0 { Blow::Kill } else { Blow::Stop(10) };
    let process = if number % 3 == 2 { 2 } else { 1 };
    Strike { worker, place: places.get(turn % places.len()).copied(), blow, process }
}

/// A stop of 90 s for a worker that nothing else strikes in this seed.
fn long_stop(seed: u64, strikes: &[Strike], prng: &mut Prng) -> Strike {
    let turn = usize::try_from(seed / LONG_EVERY).unwrap_or_default();
    let mut turns = (turn..turn + Worker::ALL.len()).map(|turn| Worker::ALL[turn % Worker::ALL.len()]);
    let is_free = |worker: &Worker| strikes.iter().all(|strike| strike.worker != *worker);
    let worker = turns.find(is_free).unwrap_or(Worker::Embed);
    let place = prng.pick(&worker.places()).copied();
    Strike { worker, place, blow: Blow::Stop(90), process: 1 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn twenty_seeds_hold_every_worker_place_blow_outage_and_kind() {
        let schedules: Vec<Schedule> = (1..=20).map(Schedule::of).collect();
        let struck: Vec<Strike> =
            schedules.iter().flat_map(|schedule| schedule.tracks.iter().flatten()).copied().collect();
        let has = |worker, place, blow| {
            struck
                .iter()
                .any(|strike| (strike.worker, strike.place, strike.blow) == (worker, Some(place), blow))
        };
        for worker in Worker::ALL {
            for place in worker.places() {
                for blow in [Blow::Kill, Blow::Stop(10)] {
                    assert!(has(worker, place, blow), "{worker:?} {place:?} {blow:?} never occurs");
                }
            }
            let second = struck.iter().filter(|strike| strike.worker == worker && strike.process == 2);
            assert!(second.count() >= 4, "{worker:?}");
        }
        let long: BTreeSet<Worker> = struck
            .iter()
            .filter(|strike| strike.blow == Blow::Stop(90))
            .map(|strike| strike.worker)
            .collect();
        assert!(long.len() >= 3, "{long:?} hang for 90 s");
        for outage in Outage::ALL {
            assert!(schedules.iter().any(|schedule| schedule.outages.contains(&outage)), "{outage:?}");
        }
        for kind in Kind::DIALLED {
            let times = schedules.iter().filter(|s| s.phases.iter().flatten().any(|other| *other == kind));
            assert!(times.count() >= 3, "{kind:?}");
        }
        assert!(schedules.iter().filter(|schedule| schedule.drops).count() >= 5);
        let poison: Vec<_> = schedules.iter().filter_map(|schedule| schedule.poison).collect();
        assert!(poison.contains(&Engine::OpenSearch) && poison.contains(&Engine::Elasticsearch));
    }

    #[test]
    fn a_long_run_holds_the_faults_of_its_seeds_and_one_poison() {
        let rounds = Schedule::rounds(3, 12);
        assert_eq!(rounds.len(), 12);
        assert_eq!(rounds.iter().filter(|schedule| schedule.poison.is_some()).count(), 1);
        assert_eq!(rounds.iter().filter(|schedule| schedule.turnover.is_some()).count(), 1);
        for (round, seed) in rounds.iter().zip(3..) {
            assert_eq!(
                (&round.tracks, &round.outages),
                (&Schedule::of(seed).tracks, &Schedule::of(seed).outages)
            );
        }
    }

    #[test]
    fn a_seed_is_always_the_same_and_has_enough_faults() {
        for seed in 1..=40 {
            let schedule = Schedule::of(seed);
            assert_eq!(schedule, Schedule::of(seed));
            let faults = schedule.tracks.iter().map(Vec::len).sum::<usize>() + schedule.outages.len();
            assert!((6..=10).contains(&faults), "{faults}");
            let long = schedule.tracks.iter().flatten().find(|strike| strike.blow == Blow::Stop(90));
            let same = |strike: &&Strike| long.is_some_and(|long| long.worker == strike.worker);
            assert!(schedule.tracks.iter().flatten().filter(same).count() <= 1, "seed {seed}");
            let stops =
                schedule.tracks.iter().flatten().filter(|strike| strike.blow == Blow::Stop(10)).count();
            assert!((1..=3).contains(&stops), "seed {seed} has {stops} stops");
        }
    }

    #[test]
    fn only_places_that_a_worker_passes_are_used_and_short_seeds_hold_no_long_stop() {
        for schedule in (1..=20).map(Schedule::of).chain([Schedule::short(false), Schedule::short(true)]) {
            for strike in schedule.tracks.iter().flatten() {
                assert!(
                    strike.place.is_some_and(|place| strike.worker.places().contains(&place)),
                    "{}",
                    strike.name()
                );
            }
        }
        for second in [false, true] {
            let schedule = Schedule::short(second);
            assert!(schedule.tracks.iter().flatten().all(|strike| strike.blow != Blow::Stop(90)));
        }
        for mechanism in Mechanism::ALL {
            for strike in Schedule::without(*mechanism, 4).tracks.iter().flatten() {
                assert!(
                    strike.place.is_some_and(|place| strike.worker.places().contains(&place)),
                    "{}",
                    strike.name()
                );
            }
        }
    }
}
