//! `snapshot …`: copies of a generation's indexes, which the engines keep, and new generations from them.

mod create;
mod delete;
mod list;
mod restore;

use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use process::Failure;
use serde_json::{Map, Value, json};
use sink::Engine;
use tokio::time::Instant;

use crate::cli::{SnapshotAsk, SnapshotCommand};
use crate::show;
use crate::world::{Destination, World};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(ask: SnapshotCommand) -> Result<ExitCode, Failure> {
    match ask {
        SnapshotCommand::Create(ask) => create::run(&ask).await,
        SnapshotCommand::List(ask) => list::run(&ask).await,
        SnapshotCommand::Restore(ask) => restore::run(&ask).await,
        SnapshotCommand::Delete(ask) => delete::run(&ask).await,
    }
}

/// What the engine of this name answered.
type Answer<T> = (&'static str, Result<T, Failure>);

/// Asks each engine the same, after its repository is registered where that is wanted. One that fails keeps no other from it.
async fn each<T>(
    world: &World,
    ask: &SnapshotAsk,
    mut work: impl AsyncFnMut(&Destination<Engine>) -> Result<T, Failure>,
) -> Vec<Answer<T>> {
    let mut answers = Vec::with_capacity(world.engines.len());
    for one in &world.engines {
        let answer = match registered(one, ask).await {
            Ok(()) => work(one).await,
            Err(failure) => Err(failure),
        };
        answers.push((one.kind.name(), answer));
    }
    answers
}

async fn registered(one: &Destination<Engine>, ask: &SnapshotAsk) -> Result<(), Failure> {
    if let Some(kind) = &ask.repository_type {
        let settings = ask.repository_settings.iter().cloned().collect();
        one.engine.register_repository(&ask.repository, kind, &settings).await?;
    }
    Ok(())
}

/// Prints what each engine answered, by `tell` or as JSON; the exit code is 1 when one of them failed.
fn told<T>(
    ask: &SnapshotAsk,
    answers: &[Answer<T>],
    as_json: impl Fn(&T) -> Value,
    tell: impl Fn(&str, &T),
) -> Result<ExitCode, Failure> {
    if ask.ask.json {
        let one = |(engine, answer): &Answer<T>| {
            let value = match answer {
                Ok(answer) => as_json(answer),
                Err(failure) => json!({ "error": process::chain(failure.as_ref()) }),
            };
            ((*engine).to_owned(), value)
        };
        show::json(&answers.iter().map(one).collect::<Map<String, Value>>())?;
    }
    let mut code = ExitCode::SUCCESS;
    for (engine, answer) in answers {
        match answer {
            Ok(answer) if !ask.ask.json => tell(engine, answer),
            Ok(_) => {}
            Err(failure) => {
                show::note(&format!("{engine}: {}", process::chain(failure.as_ref())));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// What is called so outside.
fn index_of(ask: &SnapshotAsk) -> &str {
    &ask.ask.world.generation.index.index
}

/// How old something may be, in seconds, before the log may have forgotten deletions that came after it: as workers say of
/// themselves.
fn forgets() -> u64 {
    stream::LaneSettings::default().stale_after_seconds
}

/// A moment, for people.
fn moment(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// Fails when more than `patience` seconds have passed since `began`.
fn check_patience((began, patience): (Instant, u64), what: &str) -> Result<(), Failure> {
    if began.elapsed() <= Duration::from_secs(patience) {
        return Ok(());
    }
    Err(format!("{what} is not done after {patience} s; the engine goes on with it").into())
}
