//! `keep-up`: the circle from drift that is noticed to a model that is built, and served if that is wanted.
//!
//! Reading order: `next` what comes next, of which this keeps nothing · `manner` what is wanted · `acts` does it · `said` says it ·
//! `circle` goes round.

mod acts;
mod circle;
#[cfg(test)]
pub(super) mod made;
mod manner;
mod next;
mod said;

use std::process::ExitCode;
use std::time::Duration;

use generation::Generation;
use message::DriftReport;
use process::Failure;
use stream::wall_seconds;

use self::acts::{ActEnd, Hands, asked};
use self::circle::{KeepCircle, KeepWorld, KeptPicture};
use self::manner::{ActHolds, KeepManner};
use self::next::{NextStep, SeenDrift, Sight, next};
use self::said::Said;
use super::drift::each_report;
use super::generation::Ground;
use super::rounds::rounds;
use crate::cli::{GenerationAsk, KeepUp};
use crate::{show, world};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(30);
/// A year, in seconds: reports of drift are kept for less, and times stay ones that can be shown.
const LONGEST_PAUSE: u64 = 366 * 86_400;

pub(super) async fn run(ask: &KeepUp) -> Result<ExitCode, Failure> {
    if ask.world.generation.other.is_some() {
        return Err("keep-up is about what is served: leave --generation out".into());
    }
    // Refused here, it has cost nothing yet.
    ask.pairs.settings()?;
    let generation = asked(ask);
    let mut circle = KeepCircle::new(Keeper::new(ask, &generation), manner(ask), Said::new(ask.json));
    if ask.dry_run {
        say(&circle.look().await?.step, ask.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    rounds(ask.every.map(|_| LOOK), async || circle.round().await).await
}

fn manner(ask: &KeepUp) -> KeepManner {
    let every = ask.every.map(|every| every.as_secs().min(LONGEST_PAUSE));
    KeepManner { promote: ask.promote, every, begun: wall_seconds(), held: ActHolds::default() }
}

/// Says what would be done.
fn say(NextStep { act, why, .. }: &NextStep, is_json: bool) -> Result<(), Failure> {
    let (word, about) = (act.word(), act.about());
    if is_json {
        show::json(&serde_json::json!({ "act": word, "what": about, "why": why, "dry_run": true }))?;
    } else {
        show::line(&format!("would {word} {about} ({why})"));
    }
    Ok(())
}

/// What keeps up one index.
struct Keeper<'a> {
    ground: Ground<'a>,
    ask: &'a KeepUp,
    hands: Hands<'a>,
    /// The generation of the bundle on this machine, once it was needed.
    local: Option<Generation>,
}

impl<'a> Keeper<'a> {
    fn new(ask: &'a KeepUp, generation: &'a GenerationAsk) -> Self {
        Self { ground: Ground::new(generation), ask, hands: Hands::new(ask), local: None }
    }

    /// What is served while the registry says nothing.
    fn local(&mut self) -> Result<Generation, Failure> {
        if let Some(known) = &self.local {
            return Ok(known.clone());
        }
        Ok(self.local.insert(world::local(&self.ask.world.generation)?).clone())
    }
}

impl KeepWorld for Keeper<'_> {
    fn now(&self) -> u64 {
        wall_seconds()
    }

    async fn look(&mut self, manner: &KeepManner) -> Result<KeptPicture, Failure> {
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
        let step = next(&Sight { registry: &registry, index, served: &served, seen: &seen, now }, manner);
        Ok(KeptPicture { registry, served, step })
    }

    async fn act(&mut self, picture: &KeptPicture) -> Result<ActEnd, Failure> {
        self.hands.act(&picture.step, (&picture.registry, &picture.served)).await
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
        let wanted = manner(&asked_for(&["--every", "9000years", "--promote"]));
        assert_eq!((wanted.every, wanted.promote), (Some(LONGEST_PAUSE), true));
        assert_eq!(manner(&asked_for(&[])).every, None);
    }
}
