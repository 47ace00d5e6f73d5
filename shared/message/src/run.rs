//! Runs that train a model, in the topic `models`.
//!
//! A run lasts for hours, and whoever conducts it may die at any time: so what was done, and what is about to be done, stands
//! here first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Fingerprint;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A model that is trained for an index: what it begins with, how far it is, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrainingRun {
    /// 12 lower-case hex characters; also the token that the trainer's job carries.
    pub id: String,
    /// What the indexes are called outside for which the model is made.
    pub index: String,
    /// Who trains: `local` or `pai`.
    pub trainer: String,
    /// The model that is fine-tuned.
    pub base: Fingerprint,
    /// The digest of the training data, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The trainer's own name of the job, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Where its output stands, as `bucket/prefix/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What came out, once it is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Fingerprint>,
    /// How far it is.
    pub state: RunState,
    /// Somebody asked for it to be stopped.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stop: bool,
    /// Why it was begun; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it was refused, failed or was stopped, or what the proof says; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When the state was entered: seconds since 1970, by the writer's clock.
    pub since: u64,
    /// Who began it, and then which process conducts it.
    pub by: String,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Somebody asked for it; its training data is made or looked for.
    Planned,
    /// The trainer may have a job of it: it is asked for one before one is created.
    Submitting,
    /// The trainer has a job of it.
    Training,
    /// The job is done, and its output is read.
    Trained,
    /// The model is registered as a candidate, and is compared with the one that is served.
    Judging,
    /// The model passed: generations may be built with it.
    Accepted,
    /// The model did not pass; it stays, with the reason.
    Refused,
    /// It came to nothing.
    Failed,
    /// Somebody stopped it.
    Stopped,
}

impl RunState {
    /// All of them, in the order in which a run passes them.
    pub const ALL: [Self; 9] = [
        Self::Planned,
        Self::Submitting,
        Self::Training,
        Self::Trained,
        Self::Judging,
        Self::Accepted,
        Self::Refused,
        Self::Failed,
        Self::Stopped,
    ];

    /// The state as it is written, and as people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Submitting => "submitting",
            Self::Training => "training",
            Self::Trained => "trained",
            Self::Judging => "judging",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// Whether nothing follows it.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Accepted | Self::Refused | Self::Failed | Self::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_written_as_people_read_it() {
        for state in RunState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        assert_eq!(RunState::ALL.iter().filter(|state| state.is_end()).count(), 4);
    }
}
