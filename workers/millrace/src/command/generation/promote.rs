//! `generation promote` and `generation rollback`.

mod basis;
mod commit;

use std::process::ExitCode;
use std::time::Duration;

use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::rules;
use registry::{Heard, Registry, follow};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

pub(in crate::command) use self::basis::PromotionBasis;
use self::basis::{PromotionReach, reach};
use self::commit::{Commit, CommitPoint};
use super::status::until_built;
use super::{Ground, NO_TOPIC};
use crate::cli::PromoteGeneration;
use crate::fill::lags;
use crate::show;

/// Between two looks at who has loaded what.
const PAUSE: Duration = Duration::from_millis(500);

/// Which generation comes when none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::command) enum Direction {
    /// The newest.
    Forth,
    /// The one that was served before.
    Back,
}

/// What became of a promotion.
pub(in crate::command) enum PromotionEnd {
    /// It is served.
    Served {
        /// Which.
        id: String,
        /// After so long it was served …
        committed: Duration,
        /// … and after so long by everybody, or as long as that was waited for.
        everywhere: Duration,
        /// Who does not answer by it yet.
        late: Vec<String>,
    },
    /// Why not, or not any more.
    Not(String),
}

pub(in crate::command) async fn run(
    ask: &PromoteGeneration,
    direction: Direction,
) -> Result<ExitCode, Failure> {
    let cause = match serve(ask, direction, None).await? {
        PromotionEnd::Not(cause) => cause,
        PromotionEnd::Served { id, late, .. } if !late.is_empty() => served_without(&id, &late),
        PromotionEnd::Served { id, committed, everywhere, .. } => {
            let everywhere = everywhere.as_secs_f64();
            if ask.ask.json {
                show::json(&json!({
                    "serving": id, "committed_after": committed.as_secs_f64(), "everywhere_after": everywhere,
                }))?;
            } else {
                show::line(&format!("{id} is served, after {everywhere:.1} s"));
            }
            return Ok(ExitCode::SUCCESS);
        }
    };
    if ask.ask.json {
        show::json(&json!({ "error": cause }))?;
    } else {
        show::note(&cause);
    }
    Ok(ExitCode::FAILURE)
}

/// Says that a generation is served, and by whom not yet.
pub(in crate::command) fn served_without(id: &str, late: &[String]) -> String {
    format!("{id} is served, and not yet by {}", late.join(", "))
}

/// Serves a generation from now on, if what it was decided upon is still so: `basis`, or what is served as it begins. Prints
/// nothing.
///
/// # Errors
/// When there is none, it can never be served as it is, or a server does not answer.
pub(in crate::command) async fn serve(
    ask: &PromoteGeneration,
    direction: Direction,
    basis: Option<PromotionBasis>,
) -> Result<PromotionEnd, Failure> {
    let ground = Ground::new(&ask.ask);
    let (sender, heard) = watch::channel(None);
    tokio::select! {
        never = follow(ground.kafka.clone(), sender) => match never {},
        done = promote((&ground, basis), ask, direction, heard) => done,
    }
}

async fn promote(
    (ground, basis): (&Ground<'_>, Option<PromotionBasis>),
    ask: &PromoteGeneration,
    direction: Direction,
    mut heard: watch::Receiver<Option<Heard>>,
) -> Result<PromotionEnd, Failure> {
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(ask.bounds.patience);
    let registry = latest(&mut heard, deadline).await?.registry;
    let basis = basis.unwrap_or_else(|| PromotionBasis::seen(&registry, ground.index));
    let entry = target(ground, &registry, ask.id.as_deref(), direction)?;
    if entry.state != BuildState::Built
        && let Some(cause) = until_built(ground, &entry.id, deadline).await?
    {
        return Ok(PromotionEnd::Not(format!("{} is not built: {cause}", entry.id)));
    }
    let (author, most) = (ground.author(), ask.bounds.most_behind);
    let look = || Box::pin(behind(ground, &entry, most));
    let key = ground.key(&entry.id);
    let point = CommitPoint { broker: &ground.kafka, key, basis, author: &author, deadline };
    let sequence = match point.write(&mut heard, look).await? {
        Commit::At(sequence) => sequence,
        Commit::Not(cause) => return Ok(PromotionEnd::Not(cause)),
    };
    let committed = begun.elapsed();
    Ok(match until_all(ground, sequence, &mut heard, deadline).await? {
        PromotionReach::Overtaken { serving } => PromotionEnd::Not(format!(
            "{} was served, and something else was promoted meanwhile: {serving} is served",
            entry.id
        )),
        PromotionReach::Everywhere => {
            let everywhere = begun.elapsed();
            PromotionEnd::Served { id: entry.id, committed, everywhere, late: Vec::new() }
        }
        PromotionReach::Late(late) => {
            PromotionEnd::Served { id: entry.id, committed, everywhere: begun.elapsed(), late }
        }
    })
}

/// What the registry says now.
async fn latest(heard: &mut watch::Receiver<Option<Heard>>, deadline: Instant) -> Result<Heard, Failure> {
    let first = timeout_at(deadline, heard.wait_for(Option::is_some)).await;
    let first = first.map_err(|_| "the topic `models` cannot be read: is Kafka away?")?;
    let first = first?.clone().filter(|heard| heard.next.is_some());
    Ok(first.ok_or(NO_TOPIC)?)
}

/// Waits a little, or until the registry says something.
async fn more(heard: &mut watch::Receiver<Option<Heard>>) {
    tokio::select! {
        Ok(()) = heard.changed() => {}
        () = sleep(PAUSE) => {}
    }
}

fn target(
    ground: &Ground<'_>,
    registry: &Registry,
    id: Option<&str>,
    direction: Direction,
) -> Result<GenerationEntry, Failure> {
    if direction == Direction::Forth || id.is_some() {
        return ground.target(registry, id);
    }
    let previous = registry.serving(ground.index).and_then(|serving| serving.previous.as_deref());
    let previous = previous.ok_or("nothing was served before: there is nothing to go back to")?;
    ground.target(registry, Some(previous))
}

/// Why it would answer with less than there is. The marks of transactions count as records here: to leave them out takes long.
async fn behind(ground: &Ground<'_>, entry: &GenerationEntry, most: i64) -> Result<Option<String>, Failure> {
    let behind = lags(&ground.world(entry)?, entry).await?;
    Ok(rules::caught_up(&entry.id, behind, most).err().map(|refused| refused.to_string()))
}

/// Waits until every process answers by the commit point with this sequence, something else is promoted, or it takes too long.
async fn until_all(
    ground: &Ground<'_>,
    sequence: u64,
    heard: &mut watch::Receiver<Option<Heard>>,
    deadline: Instant,
) -> Result<PromotionReach, Failure> {
    loop {
        let latest = latest(heard, deadline).await?;
        match reach(&latest.registry, ground.index, sequence, latest.now()) {
            late @ PromotionReach::Late(_) if Instant::now() > deadline => return Ok(late),
            PromotionReach::Late(_) => more(heard).await,
            end @ (PromotionReach::Everywhere | PromotionReach::Overtaken { .. }) => return Ok(end),
        }
    }
}
