//! `generation status`, and the proof that a generation is built.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use message::{BuildState, GenerationEntry};
use process::Failure;
use registry::rules::{self, word};
use registry::{FillSpeed, WriterFill, fill_speeds};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::list::mapping;
use super::{Ground, PAUSE};
use crate::audit::audit;
use crate::cli::GenerationStatus;
use crate::fill::fills;
use crate::show;
use crate::world::Lag;

/// Between the two looks that tell how fast it goes.
const APART: Duration = Duration::from_secs(2);
/// Records that a writer without a barrier may be behind before an audit is worth it: uploads go on all the while.
const NEARLY: i64 = 100;
/// The same for those who read before the writers, whose records have not become passages yet.
const FLOWING: i64 = 1_000;
/// How long documents on their way may take at least before an audit counts them as different.
const SETTLE: Duration = Duration::from_secs(5);
/// The same at most, if there is so much time: writers that are further behind are waited for before the next audit.
const SETTLE_MOST: Duration = Duration::from_mins(1);

pub(super) async fn run(ask: &GenerationStatus) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.ask);
    let entry = ground.target(&ground.registry().await?, ask.id.as_deref())?;
    let deadline = Instant::now() + Duration::from_secs(ask.patience);
    if ask.until_built
        && let Some(cause) = until_built(&ground, &entry.id, deadline).await?
    {
        show::note(&format!("{} is not built after {} s: {cause}", entry.id, ask.patience));
        return Ok(ExitCode::FAILURE);
    }
    let entry = ground.target(&ground.registry().await?, Some(&entry.id))?;
    let world = ground.world(&entry)?;
    let mut now = fills(&world, &entry).await?;
    let mut speeds = BTreeMap::new();
    if now.iter().any(|fill| fill.missing > 0) {
        sleep(APART).await;
        let after = fills(&world, &entry).await?;
        speeds = fill_speeds(&now, &after, APART);
        now = after;
    }
    if ask.ask.json {
        show::json(&json!({ "generation": entry, "writers": now, "speeds": speeds }))?;
    } else {
        print(&entry, &now, &speeds);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(entry: &GenerationEntry, fills: &[WriterFill], speeds: &BTreeMap<String, Option<FillSpeed>>) {
    let reason = entry.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    show::line(&format!("{} is {}{reason}; {}, {}", entry.id, word(entry.state), entry.name, mapping(entry)));
    for fill in fills {
        show::line(&format!(
            "{:<14} {}",
            fill.writer,
            told(fill, speeds.get(&fill.group).copied().flatten())
        ));
    }
}

/// How far an engine is, for people.
fn told(fill: &WriterFill, speed: Option<FillSpeed>) -> String {
    let mut words = match (fill.missing, fill.whole) {
        (0, 0) => "follows the log".to_owned(),
        (0, _) => "has everything that was there when it began".to_owned(),
        (missing, whole) => format!("{missing} of {whole} records are missing"),
    };
    if let Some(FillSpeed { rate, left }) = speed {
        let left = Duration::from_secs_f64(left.round().clamp(1.0, 1e9));
        words = format!("{words}; {rate:.0} a second, {} left", humantime::format_duration(left));
    }
    if fill.behind > 0 {
        words = format!("{words}; {} behind the log", fill.behind);
    }
    if fill.waits > 0 {
        words = format!("{words}; {} partitions wait at a record: see `millrace status`", fill.waits);
    }
    words
}

/// What a generation lacks of being built; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) enum BuildLack {
    /// Records that are on their way, or a server that does not answer.
    Records(String),
    /// An audit, which reads everything, found it unequal.
    Equality(String),
}

/// Waits until a generation holds everything, proves it by audits, and enters it as built. What is missing, when it
/// does not come in time.
pub(in crate::command) async fn until_built(
    ground: &Ground<'_>,
    id: &str,
    deadline: Instant,
) -> Result<Option<String>, Failure> {
    loop {
        match until_audited(ground, id, deadline).await? {
            None => return Ok(None),
            Some(BuildLack::Records(cause)) => return Ok(Some(cause)),
            Some(BuildLack::Equality(cause)) if Instant::now() > deadline => return Ok(Some(cause)),
            Some(BuildLack::Equality(_)) => sleep(PAUSE).await,
        }
    }
}

/// Waits until a generation holds everything, proves it by one audit, and enters it as built. What is missing, when it
/// does not come in time or the audit finds differences. A server may go away for a moment in hours of building: that is waited
/// for, and told.
pub(in crate::command) async fn until_audited(
    ground: &Ground<'_>,
    id: &str,
    deadline: Instant,
) -> Result<Option<BuildLack>, Failure> {
    let mut told = String::new();
    loop {
        let lack = match ground.registry().await {
            Ok(registry) => {
                let entry = ground.target(&registry, Some(id))?;
                if entry.state == BuildState::Built {
                    return Ok(None);
                }
                check_building(&entry)?;
                missing(ground, &entry, deadline).await
            }
            Err(error) => Err(error),
        };
        let cause = match lack {
            Ok(None) => {
                let author = ground.author();
                let change = (BuildState::Built, None);
                ground
                    .change(|registry| rules::mark(registry, ground.key(id), change.clone(), &author))
                    .await?;
                return Ok(None);
            }
            Ok(Some(lack @ BuildLack::Equality(_))) => return Ok(Some(lack)),
            Ok(Some(BuildLack::Records(cause))) => cause,
            Err(error) => {
                let cause = process::chain(error.as_ref());
                if cause != told {
                    show::note(&format!("waiting: {cause}"));
                    told.clone_from(&cause);
                }
                cause
            }
        };
        if Instant::now() > deadline {
            return Ok(Some(BuildLack::Records(cause)));
        }
        sleep(PAUSE).await;
    }
}

/// Only one that is being built becomes built by waiting.
fn check_building(GenerationEntry { id, state, reason, .. }: &GenerationEntry) -> Result<(), Failure> {
    if *state == BuildState::Building {
        return Ok(());
    }
    let reason = reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    Err(format!("{id} is {}{reason}: `millrace generation resume {id}`", word(*state)).into())
}

/// What a generation lacks of being built. Uploads go on meanwhile: what differs has until the deadline to arrive, however far
/// behind the writers are.
async fn missing(
    ground: &Ground<'_>,
    entry: &GenerationEntry,
    deadline: Instant,
) -> Result<Option<BuildLack>, Failure> {
    let world = ground.world(entry)?;
    let fills = fills(&world, entry).await?;
    if let Some(fill) = fills.iter().find(|fill| fill.missing > 0 || fill.whole == 0 && fill.behind > NEARLY)
    {
        return Ok(Some(BuildLack::Records(format!("{}: {}", fill.writer, told(fill, None)))));
    }
    if let Some(lag) = on_their_way(&world.upstream().await?) {
        return Ok(Some(BuildLack::Records(lag)));
    }
    let mut entries = world.entries().await?;
    let settle = deadline.saturating_duration_since(Instant::now()).clamp(SETTLE, SETTLE_MOST);
    let report = audit(&world, &mut entries, settle, None, |_, _| Ok(())).await?;
    Ok((!report.equal).then(|| BuildLack::Equality(unequal(&entry.id, report.differences.len()))))
}

/// Which reader before the writers is so far behind that an audit, which reads everything, cannot be equal yet; for people.
fn on_their_way(lags: &[Lag]) -> Option<String> {
    let lag = lags.iter().find(|lag| lag.behind > FLOWING)?;
    Some(format!("{} is {} records of {} behind: see `millrace status`", lag.worker, lag.behind, lag.topic))
}

fn unequal(id: &str, differing: usize) -> String {
    format!(
        "the audit finds {differing} differences: `millrace audit --generation {id}` names them, \
         `millrace reconcile --generation {id}` looks at objects of the bucket that nobody told of, and \
         `millrace audit --generation {id} --repair` has what differs written again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_waits_for_documents_on_their_way_and_not_for_a_stream_that_flows() {
        let lag = |worker, behind| Lag {
            worker,
            topic: "documents".to_owned(),
            group: "group".to_owned(),
            behind,
            waits: Vec::new(),
            stale: Vec::new(),
        };
        assert_eq!(on_their_way(&[lag("intake", 0), lag("chunk", FLOWING)]), None);
        let cause = on_their_way(&[lag("intake", 3), lag("chunk", FLOWING + 1)]).unwrap();
        assert!(cause.starts_with("chunk is 1001 records of documents behind"), "{cause}");
    }
}
