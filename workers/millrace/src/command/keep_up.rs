//! `keep-up`: the circle from drift that is noticed to a model that is built, and served if that is wanted.
//!
//! Reading order: `next` what comes next, of which this keeps nothing · `acts` does it · `said` says it.

mod acts;
#[cfg(test)]
pub(super) mod made;
mod next;
mod said;

use std::process::ExitCode;
use std::time::Duration;

use generation::Generation;
use message::DriftReport;
use process::Failure;
use registry::Registry;
use serde_json::Value;
use stream::wall_seconds;

use self::acts::{ActEnd, Hands, asked};
use self::next::{KeepManner, NextAct, NextStep, SeenDrift, Sight, next};
use self::said::{Said, SaidLine};
use super::drift::each_report;
use super::generation::Ground;
use super::rounds::rounds;
use crate::cli::{GenerationAsk, KeepUp};
use crate::{show, world};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(30);
/// Before training data that came to nothing is made again: it reads the whole corpus, which changes slowly.
const LEARN_AGAIN: u64 = 3_600;
/// A year, in seconds: reports of drift are kept for less, and times stay ones that can be shown.
const LONGEST_PAUSE: u64 = 366 * 86_400;

pub(super) async fn run(ask: &KeepUp) -> Result<ExitCode, Failure> {
    if ask.world.generation.other.is_some() {
        return Err("keep-up is about what is served: leave --generation out".into());
    }
    // Refused here, it has cost nothing yet.
    ask.pairs.settings()?;
    let generation = asked(ask);
    let mut keeper = Keeper::new(ask, &generation);
    if ask.dry_run {
        keeper.say_next().await?;
        return Ok(ExitCode::SUCCESS);
    }
    rounds(ask.every.map(|_| LOOK), async || keeper.round().await).await
}

/// What keeps up one index.
struct Keeper<'a> {
    ground: Ground<'a>,
    ask: &'a KeepUp,
    hands: Hands<'a>,
    said: Said,
    manner: KeepManner,
    /// The generation of the bundle on this machine, once it was needed.
    local: Option<Generation>,
    /// How the last round failed: it is said once.
    failed: Option<String>,
}

/// What one look found.
struct KeptPicture {
    registry: Registry,
    served: Generation,
    step: NextStep,
}

impl<'a> Keeper<'a> {
    fn new(ask: &'a KeepUp, generation: &'a GenerationAsk) -> Self {
        let every = ask.every.map(|every| every.as_secs().min(LONGEST_PAUSE));
        let manner = KeepManner { promote: ask.promote, every, begun: wall_seconds(), learn_from: 0 };
        Self {
            ground: Ground::new(generation),
            ask,
            hands: Hands::new(ask),
            said: Said::new(ask.json),
            manner,
            local: None,
            failed: None,
        }
    }

    /// Acts until nothing is left to be done now.
    async fn round(&mut self) -> Result<ExitCode, Failure> {
        let done = self.until_rest().await;
        let failed = done.as_ref().err().map(|failure| process::chain(failure.as_ref()));
        let is_known = failed.is_some() && failed == self.failed;
        self.failed = failed;
        if is_known { Ok(ExitCode::FAILURE) } else { done.map(|()| ExitCode::SUCCESS) }
    }

    async fn until_rest(&mut self) -> Result<(), Failure> {
        loop {
            let KeptPicture { registry, served, step } = self.look().await?;
            let learns = matches!(step.act, NextAct::Learn { .. });
            if learns {
                let again = self.manner.every.map_or(LEARN_AGAIN, |every| every.min(LEARN_AGAIN));
                self.manner.learn_from = wall_seconds().saturating_add(again);
            }
            let (act, why) = (step.act.word(), step.why.clone());
            match self.hands.act(&step, (&registry, &served)).await {
                Ok(ActEnd::Done(what, found)) => self.said.done(&SaidLine { act, what, why, found })?,
                Ok(ActEnd::Later(what)) => {
                    self.said.stands(SaidLine { act, what, why, found: Value::Null })?;
                    // What cannot be learned now keeps nobody from looking for drift.
                    if !learns {
                        return Ok(());
                    }
                }
                Err(failure) => return Err(format!("{act}: {}", process::chain(failure.as_ref())).into()),
            }
        }
    }

    /// What comes next; what people should know is told.
    async fn look(&mut self) -> Result<KeptPicture, Failure> {
        let registry = self.ground.registry().await?;
        let served = match self.ground.served(&registry) {
            Some(entry) => Generation::from(&entry),
            None => self.local()?,
        };
        let (index, now) = (self.ground.index, wall_seconds());
        let mut seen = SeenDrift::default();
        let take = |report: DriftReport| {
            if report.index == index && report.space == served.space {
                seen.take(&report, now);
            }
        };
        each_report(&self.ground.kafka, take).await?;
        let sight = Sight { registry: &registry, index, served: &served, seen: &seen, now };
        let step = next(&sight, &self.manner);
        self.said.look();
        for words in &step.tells {
            self.said.stands(SaidLine::tell(words))?;
        }
        Ok(KeptPicture { registry, served, step })
    }

    /// What is served while the registry says nothing.
    fn local(&mut self) -> Result<Generation, Failure> {
        if let Some(known) = &self.local {
            return Ok(known.clone());
        }
        Ok(self.local.insert(world::local(&self.ask.world.generation)?).clone())
    }

    /// Says what would be done.
    async fn say_next(&mut self) -> Result<(), Failure> {
        let NextStep { act, why, .. } = self.look().await?.step;
        if self.ask.json {
            let (word, about) = (act.word(), act.about());
            show::json(&serde_json::json!({ "act": word, "what": about, "why": why, "dry_run": true }))?;
        } else {
            show::line(&format!("would {} {} ({why})", act.word(), act.about()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, OperatorCommand};

    fn asked_for(more: &[&str]) -> KeepUp {
        let words = ["millrace", "keep-up", "--model", "m"].iter().chain(more);
        let OperatorCommand::KeepUp(ask) = Cli::parse_from(words).ask else { panic!("another command") };
        *ask
    }

    #[tokio::test]
    async fn what_cannot_be_kept_up_is_refused_before_anything_is_asked() {
        let other = run(&asked_for(&["--generation", "0123456789ab"])).await.unwrap_err().to_string();
        assert!(other.contains("leave --generation out"), "{other}");
        let pairs = ["--dev-percent", "40", "--golden-percent", "40"];
        let pairs = run(&asked_for(&pairs)).await.unwrap_err().to_string();
        assert!(pairs.contains("at most 50"), "{pairs}");
    }

    #[test]
    fn a_pause_is_one_that_can_be_shown() {
        let ask = asked_for(&["--every", "9000years", "--promote"]);
        let generation = asked(&ask);
        let manner = Keeper::new(&ask, &generation).manner;
        assert_eq!((manner.every, manner.promote), (Some(LONGEST_PAUSE), true));
        let once = asked_for(&[]);
        let generation = asked(&once);
        assert_eq!(Keeper::new(&once, &generation).manner.every, None);
    }
}
