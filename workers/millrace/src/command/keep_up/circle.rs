//! Looks what comes next, does it, and looks again, until nothing is left to be done now. Stage: whoever calls it brings what is
//! looked at, and the hands.

use std::process::ExitCode;

use generation::Generation;
use process::Failure;
use registry::Registry;
use serde_json::Value;

use super::acts::ActEnd;
use super::manner::{AGAIN, KeepManner};
use super::next::{NextAct, NextStep};
use super::said::{Said, SaidLine};

/// What one look found.
pub(super) struct KeptPicture {
    /// What the step follows from.
    pub(super) registry: Registry,
    /// What is served.
    pub(super) served: Generation,
    /// What comes next.
    pub(super) step: NextStep,
}

/// Where one looks, and by what one acts.
pub(super) trait KeepWorld {
    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// What comes next.
    async fn look(&mut self, manner: &KeepManner) -> Result<KeptPicture, Failure>;

    /// Does what comes next.
    async fn act(&mut self, picture: &KeptPicture) -> Result<ActEnd, Failure>;
}

/// Goes round for one index.
pub(super) struct KeepCircle<W> {
    world: W,
    manner: KeepManner,
    said: Said,
    /// How the last round failed: it is said once.
    failed: Option<String>,
}

impl<W: KeepWorld> KeepCircle<W> {
    /// One that has not begun.
    pub(super) fn new(world: W, manner: KeepManner, said: Said) -> Self {
        Self { world, manner, said, failed: None }
    }

    /// Acts until nothing is left to be done now.
    pub(super) async fn round(&mut self) -> Result<ExitCode, Failure> {
        let done = self.until_rest().await;
        let failed = done.as_ref().err().map(|failure| process::chain(failure.as_ref()));
        let is_known = failed.is_some() && failed == self.failed;
        self.failed = failed;
        if is_known { Ok(ExitCode::FAILURE) } else { done.map(|()| ExitCode::SUCCESS) }
    }

    /// What comes next; what people should know is told.
    pub(super) async fn look(&mut self) -> Result<KeptPicture, Failure> {
        let picture = self.world.look(&self.manner).await?;
        self.said.look();
        for words in &picture.step.tells {
            self.said.stands(SaidLine::tell(words))?;
        }
        Ok(picture)
    }

    async fn until_rest(&mut self) -> Result<(), Failure> {
        loop {
            let picture = self.look().await?;
            let end = self.world.act(&picture).await;
            let NextStep { act, why, .. } = picture.step;
            let again = match &end {
                Ok(ActEnd::Done(..)) => None,
                Ok(ActEnd::Later { again, .. }) => *again,
                // Proving fails by what is away for a moment.
                Err(_) if matches!(act, NextAct::Prove { .. }) => None,
                Err(_) => Some(AGAIN),
            };
            // From now on, and not from when it began: an act may take hours.
            let is_held = again.is_some_and(|again| self.manner.hold(&act, self.world.now(), again));
            let act = act.word();
            match end {
                Ok(ActEnd::Done(what, found)) => self.said.done(&SaidLine { act, what, why, found })?,
                Ok(ActEnd::Later { what, .. }) => {
                    self.said.stands(SaidLine { act, what, why, found: Value::Null })?;
                    // What cannot be done now keeps nobody from doing the rest.
                    if !is_held {
                        return Ok(());
                    }
                }
                Err(failure) => return Err(format!("{act}: {}", process::chain(failure.as_ref())).into()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
