//! The version of a document's state: it decides which write wins, in both engines.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// epoch·2^40 + counter. The counter goes up by one with each change of the document; the epoch goes up when the
/// ledger is lost and rebuilt. No clock is involved. It is the external version in both engines, whose versions go up
/// to 2^63 − 1, so the epoch has 23 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// Number of bits of the counter.
    pub const COUNTER_BITS: u32 = 40;

    /// The first version of a document in `epoch`.
    #[must_use]
    pub fn first(epoch: u32) -> Self {
        Self((u64::from(epoch) << Self::COUNTER_BITS) + 1)
    }

    /// The next version.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// A version 1,024 changes later, for a repair. Each deletion or change made in an engine by hand raises the
    /// version there by one without the log; a repair must be above that.
    #[must_use]
    pub fn leap(self) -> Self {
        Self(self.0 + 1024)
    }

    /// The epoch.
    #[must_use]
    pub fn epoch(self) -> u64 {
        self.0 >> Self::COUNTER_BITS
    }

    /// The number as sent to the engines.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_epoch_is_above_every_version_of_the_one_before() {
        let late = Version::from((1 << Version::COUNTER_BITS) + ((1 << Version::COUNTER_BITS) - 1));
        assert!(Version::first(2) > late);
        assert_eq!(Version::first(7).next().epoch(), 7);
    }
}
