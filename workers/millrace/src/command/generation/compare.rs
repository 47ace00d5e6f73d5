//! `generation compare`: does another generation find what the one that is served finds, does it hold the same, and which of
//! them answers better?
//!
//! `rankings` asks both for sampled passages · `golden` asks both what has known answers · `digests` reads all that they hold.

#[cfg(test)]
mod built;
mod digests;
mod golden;
mod rankings;

use std::process::ExitCode;

use message::GenerationEntry;
use process::Failure;
use serde::Serialize;
use sink::{Engine, EngineKind, Hit, Reader};

use self::digests::HeldBeside;
use self::golden::GoldenBeside;
use self::rankings::Comparison;
use super::Ground;
use crate::cli::{CompareGenerations, CompareThoroughly};
use crate::show;
use crate::world::{Destination, World};

/// Ranks that are compared.
const RANKS: usize = 10;

/// What rankings are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum RankedBy {
    /// Passages: both cut documents alike.
    Passages,
    /// Documents, where no passage of one is a passage of the other.
    Documents,
}

impl RankedBy {
    /// What was found, best first; each document once, at the place of its best passage.
    fn ranking<'a>(self, hits: impl IntoIterator<Item = &'a Hit>) -> Vec<String> {
        let mut ranking: Vec<String> = Vec::new();
        for hit in hits {
            let found = match self {
                Self::Passages => hit.id.as_str(),
                Self::Documents => hit.document.as_str(),
            };
            if !ranking.iter().any(|other| other == found) {
                ranking.push(found.to_owned());
            }
        }
        ranking
    }
}

/// What is served and another generation, in this order, and the engines that hold them.
struct Pair<'a, E> {
    entries: [&'a GenerationEntry; 2],
    engines: [&'a [Destination<E>]; 2],
}

impl<'a, E> Pair<'a, E> {
    /// What can be ranked in both.
    fn ranked(&self) -> RankedBy {
        let [served, other] = self.entries;
        if served.chunking == other.chunking { RankedBy::Passages } else { RankedBy::Documents }
    }

    /// Each engine, and the indexes of both in it.
    fn in_each(&self) -> impl Iterator<Item = (EngineKind, [&'a E; 2])> {
        let [served, other] = self.engines;
        served.iter().zip(other).map(|(one, beside)| (one.kind, [&one.engine, &beside.engine]))
    }
}

/// The same with what they are connected by.
struct Opened {
    entries: [GenerationEntry; 2],
    worlds: [World; 2],
}

impl Opened {
    fn pair(&self) -> Pair<'_, Engine> {
        let ([served, other], [here, there]) = (&self.entries, &self.worlds);
        Pair { entries: [served, other], engines: [here.engines.as_slice(), there.engines.as_slice()] }
    }
}

/// A generation beside the one that is served.
#[derive(Debug, Serialize)]
pub(in crate::command) struct GenerationsBeside {
    served: String,
    generation: String,
    comparisons: Vec<Comparison>,
    /// How well both answer, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden: Option<GoldenBeside>,
    /// What both hold in each engine, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    digests: Option<Vec<HeldBeside>>,
}

impl GenerationsBeside {
    /// Prints it for people.
    pub(in crate::command) fn print(&self) {
        self.comparisons.iter().for_each(rankings::print);
        let golden = self.golden.iter().flat_map(GoldenBeside::lines);
        let digests = self.digests.iter().flatten().flat_map(HeldBeside::lines);
        golden.chain(digests).for_each(|line| show::line(&line));
    }
}

pub(super) async fn run(ask: &CompareThoroughly) -> Result<ExitCode, Failure> {
    // Read first: what is wrong with it is told before anything is asked.
    let known = ask.golden.as_deref().map(golden::read).transpose()?;
    let opened = opened(&ask.rankings).await?;
    let pair = opened.pair();
    let mut beside = compared(&pair, ask.rankings.sample).await?;
    if let Some(known) = &known {
        beside.golden = Some(Box::pin(golden::beside(known, &pair, ask)).await?);
    }
    if ask.digests {
        beside.digests = Some(Box::pin(digests::beside(&pair)).await?);
    }
    if ask.rankings.ask.json {
        show::json(&beside)?;
    } else {
        beside.print();
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares the rankings of a generation with those of the one that is served.
///
/// # Errors
/// When there is none, or an engine does not answer.
pub(in crate::command) async fn beside(ask: &CompareGenerations) -> Result<GenerationsBeside, Failure> {
    let opened = opened(ask).await?;
    compared(&opened.pair(), ask.sample).await
}

async fn opened(ask: &CompareGenerations) -> Result<Opened, Failure> {
    let ground = Ground::new(&ask.ask);
    let registry = ground.registry().await?;
    let other = ground.target(&registry, ask.id.as_deref())?;
    let served = ground.served(&registry).ok_or("nothing is served by the registry yet")?;
    let worlds = [ground.world(&served)?, ground.world(&other)?];
    Ok(Opened { entries: [served, other], worlds })
}

/// The rankings of both beside each other in each engine, and those of the new one's engines.
async fn compared<E: Reader>(pair: &Pair<'_, E>, sample: usize) -> Result<GenerationsBeside, Failure> {
    let [served, other] = pair.entries;
    let mut comparisons = Vec::new();
    for (kind, both) in pair.in_each() {
        let name = format!("{} and {} in {}", served.id, other.id, kind.name());
        comparisons.push(rankings::compare(name, both, pair.ranked(), sample).await?);
    }
    let [_, engines] = pair.engines;
    if let [one, another] = engines {
        let name = format!("{} in {} and {}", other.id, one.kind.name(), another.kind.name());
        let both = [&one.engine, &another.engine];
        comparisons.push(rankings::compare(name, both, RankedBy::Passages, sample).await?);
    }
    Ok(GenerationsBeside {
        served: served.id.clone(),
        generation: other.id.clone(),
        comparisons,
        golden: None,
        digests: None,
    })
}

#[cfg(test)]
mod tests;
