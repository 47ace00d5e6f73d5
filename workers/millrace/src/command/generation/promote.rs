//! `generation promote` and `generation rollback`.

use std::process::ExitCode;
use std::time::Duration;

use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::rules::{self, RuleRefusal};
use registry::{Heard, Registry, RegistryError, follow};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

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
    /// Every process that answers does so by this generation.
    Served {
        /// Which.
        id: String,
        /// After so long it was served …
        committed: Duration,
        /// … and after so long by everybody.
        everywhere: Duration,
    },
    /// Why not, or not by everybody.
    Not(String),
}

pub(in crate::command) async fn run(
    ask: &PromoteGeneration,
    direction: Direction,
) -> Result<ExitCode, Failure> {
    match serve(ask, direction).await? {
        PromotionEnd::Not(cause) if ask.ask.json => show::json(&json!({ "error": cause }))?,
        PromotionEnd::Not(cause) => show::note(&cause),
        PromotionEnd::Served { id, committed, everywhere } => {
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
    }
    Ok(ExitCode::FAILURE)
}

/// Serves a generation from now on. Prints nothing.
///
/// # Errors
/// When there is none, it can never be served as it is, or a server does not answer.
pub(in crate::command) async fn serve(
    ask: &PromoteGeneration,
    direction: Direction,
) -> Result<PromotionEnd, Failure> {
    let ground = Ground::new(&ask.ask);
    let (sender, heard) = watch::channel(None);
    tokio::select! {
        never = follow(ground.kafka.clone(), sender) => match never {},
        done = promote(&ground, ask, direction, heard) => done,
    }
}

async fn promote(
    ground: &Ground<'_>,
    ask: &PromoteGeneration,
    direction: Direction,
    mut heard: watch::Receiver<Option<Heard>>,
) -> Result<PromotionEnd, Failure> {
    let begun = Instant::now();
    let deadline = begun + Duration::from_secs(ask.bounds.patience);
    let registry = latest(&mut heard, deadline).await?.registry;
    let entry = target(ground, &registry, ask.id.as_deref(), direction)?;
    if entry.state != BuildState::Built
        && let Some(cause) = until_built(ground, &entry.id, deadline).await?
    {
        return Ok(PromotionEnd::Not(format!("{} is not built: {cause}", entry.id)));
    }
    if let Some(cause) = behind(ground, &entry, ask.bounds.most_behind).await? {
        return Ok(PromotionEnd::Not(cause));
    }
    if let Some(cause) = commit(ground, &entry, &mut heard, deadline).await? {
        return Ok(PromotionEnd::Not(cause));
    }
    let committed = begun.elapsed();
    if let Some(late) = until_all(ground, &entry, &mut heard, deadline).await? {
        return Ok(PromotionEnd::Not(format!("{} is served, and not yet by {late}", entry.id)));
    }
    Ok(PromotionEnd::Served { id: entry.id, committed, everywhere: begun.elapsed() })
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

/// Writes the commit point, as soon as every process that answers has loaded it.
async fn commit(
    ground: &Ground<'_>,
    entry: &GenerationEntry,
    heard: &mut watch::Receiver<Option<Heard>>,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    let author = ground.author();
    loop {
        let latest = latest(heard, deadline).await?;
        let now = latest.now();
        let rule = |registry: &Registry| rules::promote(registry, ground.key(&entry.id), now, &author);
        let refused = match rule(&latest.registry) {
            Ok(_) => match ground.change(rule).await {
                Ok(()) => return Ok(None),
                Err(RegistryError::Refused(refused)) => refused,
                Err(error) => return Err(error.into()),
            },
            Err(refused) => refused,
        };
        match refused {
            RuleRefusal::Otherwise(cause) if Instant::now() > deadline => return Ok(Some(cause)),
            RuleRefusal::Otherwise(_) => more(heard).await,
            refused @ (RuleRefusal::Unknown(_) | RuleRefusal::State { .. }) => return Err(refused.into()),
        }
    }
}

/// Waits until every process answers by what is served now; those that do not, when it takes too long.
async fn until_all(
    ground: &Ground<'_>,
    entry: &GenerationEntry,
    heard: &mut watch::Receiver<Option<Heard>>,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    loop {
        let latest = latest(heard, deadline).await?;
        let is_heard = latest.registry.serving(ground.index).is_some_and(|serving| serving.id == entry.id);
        let late = rules::behind(&latest.registry, ground.index, latest.now());
        if is_heard && late.is_empty() {
            return Ok(None);
        }
        if Instant::now() > deadline {
            return Ok(Some(late.join(", ")));
        }
        more(heard).await;
    }
}
