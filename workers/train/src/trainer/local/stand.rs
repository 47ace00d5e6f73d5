//! How a run stands, by the files of its folder.

use super::child::Identity;
use super::folder::RunFolder;
use super::transfer::of_disk;
use super::{OVERTIME, said};
use crate::trainer::{JobState, TrainerTrouble, TrainingJob};

/// How a run's process stands.
#[derive(Debug)]
pub(super) enum Stand {
    /// Nothing runs, and nothing says how it ended; the process that did not say it, if there was one.
    Gone(Option<Identity>),
    /// It runs.
    Runs(Identity),
    /// It ended with this code.
    Ended(i32),
}

/// How the process of a run stands.
pub(super) fn stand(folder: &RunFolder) -> Result<Stand, TrainerTrouble> {
    let read = |name: &str| folder.read(name).map_err(|error| of_disk(folder.root(), &error));
    let identity = read("process")?.as_deref().and_then(Identity::parse);
    let is_alive = identity.as_ref().is_some_and(Identity::is_alive);
    // Read after it was looked at: one that ends in between has written it.
    let code = read("exit")?.and_then(|text| text.trim().parse().ok());
    Ok(match (code, identity) {
        (Some(code), _) => Stand::Ended(code),
        (None, Some(identity)) if is_alive => Stand::Runs(identity),
        // It was killed because we said so.
        (None, identity) if folder.has("stop") => {
            if let Some(identity) = identity {
                identity.kill_orphans(folder.root());
            }
            Stand::Ended(137)
        }
        (None, identity) => Stand::Gone(identity),
    })
}

/// What was ordered; none where nothing was.
pub(super) fn order(folder: &RunFolder) -> Result<Option<TrainingJob>, String> {
    let Some(text) = folder.read("job.json").map_err(|error| error.to_string())? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| format!("its job.json: {error}"))
}

/// How often it was started again.
pub(super) fn restarts(folder: &RunFolder) -> u32 {
    folder.read("restarts").ok().flatten().and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// Whether its output is in its place.
pub(super) fn is_delivered(folder: &RunFolder) -> bool {
    folder.read("delivered").ok().flatten().is_some_and(|names| names.lines().any(|name| name == "."))
}

/// What it is doing, for people.
pub(super) fn detail(folder: &RunFolder) -> String {
    if folder.has("stop") {
        return "it is being stopped".to_owned();
    }
    said::progress(&folder.tail("out.log")).unwrap_or_else(|| "it has begun".to_owned())
}

/// How a run that did not end well ended.
pub(super) fn ended(folder: &RunFolder, code: i32, hours: u64) -> JobState {
    match folder.read("stop").ok().flatten().as_deref() {
        Some(OVERTIME) => JobState::Failed {
            reason: format!("it took longer than {hours} hours (MILLRACE_TRAINER_HOURS), and was stopped"),
        },
        Some(reason) => JobState::Stopped { reason: reason.to_owned() },
        None => JobState::Failed { reason: said::reason(code, &folder.tail("err.log")) },
    }
}
