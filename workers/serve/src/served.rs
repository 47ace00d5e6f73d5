//! What answers at a moment, and whether it may.

use std::sync::Arc;

use sink::SinkError;
use stream::Boottime;

use crate::lease::AnswerLease;
use crate::snapshot::Snapshot;

/// Why nothing is answered now. All of it passes without anybody touching this process, unless the words say otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UnservedReason {
    /// The registry was not heard yet.
    #[error("waiting for Kafka: this server has not heard yet which generation is served")]
    Unheard,
    /// It was heard, and then there was no proof for too long that nothing new was said.
    #[error(
        "this server has had no news for {seconds} s of which generation is served, and may not answer from what it knew: is \
         Kafka away?"
    )]
    Silent {
        /// Seconds that it may answer without news.
        seconds: u64,
    },
    /// The served generation is not loaded.
    #[error("the generation {id} is served, and this server has not loaded it")]
    Unloaded {
        /// Which.
        id: String,
        /// Why not; it is tried again.
        #[source]
        cause: Arc<LoadFault>,
    },
}

/// Why a generation is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// It takes a moment.
    #[error("it is being loaded")]
    Underway,
    /// The registry names it and does not describe it.
    #[error("the registry does not say what it is made of")]
    Unknown,
    /// Its questions need a model that is not here.
    #[error(
        "its model {name} ({model}) is not on this machine: put its bundle into a folder below MILLRACE_MODELS"
    )]
    NoModel {
        /// The model's name.
        name: String,
        /// The start of the model's fingerprint.
        model: String,
    },
    /// Its model is here and cannot be run.
    #[error("its model cannot be run: {0}")]
    Model(String),
    /// Another release of Millrace made it.
    #[error("{0}: serve it with the release of Millrace that made it")]
    Foreign(String),
    /// Its indexes are not there, hold something else, or cannot be asked.
    #[error("its indexes cannot be asked")]
    Indexes(#[from] SinkError),
    /// The engine did not answer in time.
    #[error("the engine gave no answer about its indexes in time")]
    Late,
}

/// What answers, and the lease for that: one value, so that a request sees both as they are at one moment.
#[derive(Debug)]
pub(crate) struct Served<E, R> {
    answers: Result<Arc<Snapshot<E, R>>, UnservedReason>,
    /// None where nothing is followed.
    lease: Option<AnswerLease>,
}

impl<E, R> Served<E, R> {
    /// Answers from `snapshot`, without asking anybody.
    pub(crate) fn alone(snapshot: Arc<Snapshot<E, R>>) -> Self {
        Self { answers: Ok(snapshot), lease: None }
    }

    /// Answers from nothing until the registry was heard, and then by `lease`.
    pub(crate) fn unheard(lease: AnswerLease) -> Self {
        Self { answers: Err(UnservedReason::Unheard), lease: Some(lease) }
    }

    /// What a request at `now` is answered from.
    pub(crate) fn take(&self, now: Boottime) -> Result<Arc<Snapshot<E, R>>, UnservedReason> {
        match &self.lease {
            Some(lease) if lease.holds(now) => self.answers.clone(),
            // It was just started, and its first word is on its way.
            Some(lease) if !lease.was_proved() => Err(UnservedReason::Unheard),
            Some(lease) => Err(UnservedReason::Silent { seconds: lease.length().as_secs() }),
            None => self.answers.clone(),
        }
    }

    /// Answers from something else. The lease stays.
    pub(crate) fn point(&mut self, answers: Result<Arc<Snapshot<E, R>>, UnservedReason>) {
        self.answers = answers;
    }

    /// The lease, where one is followed.
    pub(crate) fn lease(&mut self) -> Option<&mut AnswerLease> {
        self.lease.as_mut()
    }
}
