//! What is kept with a snapshot of a generation's indexes, whether the log can still follow it, and which snapshots may go.
//! Pure.
//!
//! A snapshot holds everything that stood before the offsets that the indexes' writer had committed when it began. So indexes
//! that are restored from it go on from there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sink::{EngineSnapshot, Ensured, SnapshotState, fits_snapshot};
use stream::{Committed, Memo};

/// Kept with each snapshot, in the engine. That is room for a kilobyte: the registry has the rest of the generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotNote {
    /// The generation's id.
    pub(crate) generation: String,
    /// What its indexes are called outside.
    pub(crate) index: String,
    /// The model's name, for people.
    pub(crate) model: String,
    /// Whose offsets these are.
    pub(crate) group: String,
    /// The topic that they are of.
    pub(crate) topic: String,
    /// The identity of the indexes, as their writer commits it; for people.
    pub(crate) identity: String,
    /// Passages that could be found when it began; for people.
    pub(crate) passages: u64,
    /// Documents that could be found when it began; for people.
    pub(crate) documents: u64,
    /// Who asked for it; for people.
    pub(crate) by: String,
    /// From where on the log is to be read.
    pub(crate) places: SavedPlaces,
}

/// Where a writer stood in its topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SavedPlaces {
    /// Partitions of the topic.
    pub(crate) partitions: usize,
    /// The partitions had all been read up to here at this time: seconds since 1970.
    pub(crate) at: u64,
    /// Deletions before this moment may have been missed: see [`Memo::stale`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale: Option<u64>,
    /// Partitions whose documents were another log's, up to an epoch: see [`Ensured::above_epoch`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) above: BTreeMap<i32, u64>,
    /// The next record of each partition. None where they were too many to be kept: then the log is read from its start, which
    /// only takes longer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) next: Vec<i64>,
    /// The digest of the record before: see [`Memo::last`]. None where they were too many to be kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) last: Vec<String>,
}

/// Whether the log can follow a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogReach {
    /// It holds everything that came after.
    Whole,
    /// It has forgotten deletions that came after.
    Forgets,
    /// It is not the log that the indexes were written from, or is gone.
    Another,
}

impl SavedPlaces {
    /// Where `worker` stands, by what its group committed for each partition, if that is about `indexes`. `now` is in seconds
    /// since 1970.
    ///
    /// # Errors
    /// Words for a person, when the offsets do not say what is in the indexes.
    pub(crate) fn of(
        worker: &str,
        indexes: &Ensured,
        committed: Vec<Option<Committed>>,
        now: u64,
    ) -> Result<Self, String> {
        let mut places = Self { partitions: committed.len(), at: now, ..Self::default() };
        for (partition, committed) in (0..).zip(committed) {
            let Some(Committed { next, memo }) = committed else {
                return Err(format!(
                    "`{worker}` has committed nothing for partition {partition}, so nothing tells what is in these indexes: start \
                     it, and ask again"
                ));
            };
            if !indexes.holds(&memo.identity) {
                return Err(format!(
                    "what `{worker}` committed for partition {partition} is about other indexes: it finds that out within a \
                     minute of being started; ask again then"
                ));
            }
            places.above.extend(indexes.above_epoch(&memo.identity).map(|epoch| (partition, epoch)));
            places.at = if memo.at == 0 { places.at } else { places.at.min(memo.at) };
            places.stale = places.stale.max(memo.stale);
            // What is being written again is in the indexes up to there only, and the digest is of another place.
            places.next.push(memo.replayed.map_or(next, |replayed| replayed.min(next)));
            places.last.push(if memo.replayed.is_none() { memo.last } else { String::new() });
        }
        Ok(places)
    }

    /// What the group that writes the restored `indexes` commits, to go on from here.
    pub(crate) fn committed(&self, indexes: &Ensured) -> Vec<Committed> {
        let place = |(partition, number): (usize, i32)| Committed {
            next: self.next.get(partition).copied().unwrap_or_default(),
            memo: Memo {
                identity: indexes.committed_as(self.above.get(&number).copied()),
                last: self.last.get(partition).cloned().unwrap_or_default(),
                at: self.at,
                stale: self.stale,
                ..Memo::default()
            },
        };
        (0..self.partitions).zip(0..).map(place).collect()
    }

    /// Whether the log can follow, which holds these offsets in each partition now; none where it is gone. It forgets deletions
    /// after `forgets` seconds.
    pub(crate) fn reach(&self, log: Option<&[Range<i64>]>, now: u64, forgets: u64) -> LogReach {
        let Some(log) = log.filter(|log| log.len() == self.partitions) else { return LogReach::Another };
        let next = |partition: usize| self.next.get(partition).copied().unwrap_or_default();
        let mut each = log.iter().enumerate();
        if each.clone().any(|(partition, held)| next(partition) > held.end) {
            return LogReach::Another;
        }
        let is_cut = each.any(|(partition, held)| next(partition) < held.start);
        let is_old = now.saturating_sub(self.at) > forgets || self.stale.is_some();
        if is_cut || is_old { LogReach::Forgets } else { LogReach::Whole }
    }
}

impl LogReach {
    /// For people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Whole => "the log can follow",
            Self::Forgets => {
                "older than the log keeps deletions: run `millrace audit --repair` of the new generation after a restore"
            }
            Self::Another => "its log is gone or another one: it cannot be restored as a generation",
        }
    }
}

impl SnapshotNote {
    /// What Millrace kept with a snapshot; none where it is not Millrace's, or a newer version's.
    pub(crate) fn of(snapshot: &EngineSnapshot) -> Option<Self> {
        serde_json::from_value(snapshot.note.clone()?).ok()
    }

    /// As it is kept: without digests, and then without offsets, when there are too many partitions for the room that an engine
    /// gives.
    ///
    /// # Errors
    /// Words for a person, when it is too long even so.
    pub(crate) fn fitted(mut self) -> Result<Value, String> {
        for _ in 0..3 {
            let value = serde_json::to_value(&self).map_err(|error| error.to_string())?;
            if fits_snapshot(&value) {
                return Ok(value);
            }
            if self.places.last.is_empty() {
                self.places.next.clear();
            }
            self.places.last.clear();
        }
        Err("engines keep 1,024 bytes with a snapshot, and what belongs to this one is longer: give a shorter --by".to_owned())
    }
}

/// The name of a snapshot that nobody named: what it is of, and when it was taken (seconds since 1970).
pub(crate) fn name_of(index: &str, generation: &str, at: u64) -> String {
    let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at)).to_string();
    let time: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{index}-{generation}-{}", time.to_lowercase())
}

/// The snapshots of `index` that may go when the newest `keep` whole ones are kept: everything older, whole or not, and of
/// whichever generation, so that those of one that was served before go in time, too. What is `served` (a generation's id) keeps its
/// newest whole one, however many of others are newer.
pub(crate) fn beyond<'a>(
    snapshots: &'a [EngineSnapshot],
    (index, served): (&str, &str),
    keep: usize,
) -> Vec<&'a str> {
    let of_index = |snapshot: &'a EngineSnapshot| {
        let note = SnapshotNote::of(snapshot).filter(|note| note.index == index)?;
        Some((snapshot, note.generation == served))
    };
    let mut all: Vec<(&EngineSnapshot, bool)> = snapshots.iter().filter_map(of_index).collect();
    all.sort_by_key(|(snapshot, _)| std::cmp::Reverse(snapshot.started));
    let (mut whole, mut has_served) = (0, false);
    let goes = |(snapshot, is_served): &(&EngineSnapshot, bool)| {
        let is_whole = snapshot.state == SnapshotState::Success;
        let is_newest_served = is_whole && *is_served && !has_served;
        let is_beyond = whole >= keep && !is_newest_served;
        whole += usize::from(is_whole);
        has_served |= is_newest_served;
        is_beyond && snapshot.state != SnapshotState::Running
    };
    all.into_iter().filter(goes).map(|(snapshot, _)| snapshot.name.as_str()).collect()
}

#[cfg(test)]
mod tests;
