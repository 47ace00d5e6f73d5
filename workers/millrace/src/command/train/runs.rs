//! `train now`, `status`, `stop` and `log`: runs in the topic `models`, which a running `train` conducts.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use futures::stream::TryStreamExt as _;
use message::{
    ChangeAuthor, DocumentId, Fingerprint, ModelEntry, ModelState, RegistryEntry, RunState, TrainingRun,
};
use objects::{Look, OWN_PREFIX, S3Store, Store as _};
use process::Failure;
use registry::rules::{self, is_conducted};
use registry::{GenerationKey, Registry, RegistryWriter};
use serde_json::json;
use stream::kafka::Kafka;
use stream::{Broker as _, wall_seconds};

use crate::cli::{RegistrySettings, TrainLog, TrainNow, TrainStatus, TrainStop};
use crate::command::generation::NO_TOPIC;
use crate::show;

/// The largest log of a job that is shown, in bytes: `train` keeps its last lines only.
const LARGEST_LOG: u64 = 4 << 20;

/// `train now`
pub(super) async fn now(ask: &TrainNow) -> Result<ExitCode, Failure> {
    let (run, base) = enter(ask).await?;
    if ask.registry.json {
        show::json(&json!({ "run": run, "dry_run": ask.dry_run }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let what =
        format!("{} ({}) on the data {}, by {}", base.name, base.fingerprint.short(), ask.data, run.trainer);
    if ask.dry_run {
        show::line(&format!("would train {what}"));
    } else {
        show::line(&format!("{} trains {what}", run.id));
        show::note(&format!(
            "a running `train` with MILLRACE_TRAINER={} takes it; `millrace train status` shows how far it is",
            run.trainer
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Enters a run, and gives it and the model that it begins with; a dry run only finds out whether it could be. Prints nothing.
///
/// # Errors
/// When there is no such training data or base, the index has a run that has not ended, or a server does not answer.
pub(in crate::command) async fn enter(ask: &TrainNow) -> Result<(TrainingRun, ModelEntry), Failure> {
    if !is_digest(&ask.data) {
        return Err(format!("--data {:?} is no digest: it has 12 lower-case hex characters", ask.data).into());
    }
    let registry = read(&ask.registry).await?;
    let base = base(&registry, &ask.registry.index.index, ask.base.as_deref())?;
    let store = S3Store::new(&ask.bucket.store)?;
    let place = format!("{OWN_PREFIX}training/{}/manifest.json", ask.data);
    let manifest = DocumentId::new(&ask.bucket.bucket, &place)?;
    if store.head(&manifest).await?.is_none() {
        return Err(format!(
            "there is no training data {}: {manifest} is not there; `millrace train data` makes it and says its digest",
            ask.data
        )
        .into());
    }
    let reason = ask.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let run = TrainingRun {
        id: fresh_id(),
        index: ask.registry.index.index.clone(),
        trainer: ask.trainer.name().to_owned(),
        base: base.fingerprint.clone(),
        data: Some(ask.data.clone()),
        job: None,
        output: None,
        model: None,
        state: RunState::Planned,
        stop: false,
        reason: Some(format!("asked by {}{reason}", ask.by)),
        outcome: None,
        since: wall_seconds(),
        by: ask.by.clone(),
    };
    // What stands in the way is told by a dry run, too.
    rules::enter_run(&registry, run.clone())?;
    if !ask.dry_run {
        let writer = RegistryWriter::new(Kafka::new(&ask.registry.kafka), &run.index);
        writer.change(|registry| rules::enter_run(registry, run.clone())).await?;
    }
    Ok((run, base.clone()))
}

/// The model that is fine-tuned: it has to be where a trainer can fetch it. Where the registry does not say what is served yet, that
/// can only be the one accepted model that is there.
fn base<'a>(registry: &'a Registry, index: &str, beginning: Option<&str>) -> Result<&'a ModelEntry, Failure> {
    let model = if let Some(beginning) = beginning {
        rules::model_of(registry, beginning)?
    } else if let Some(served) = served(registry, index) {
        registry.model(served).ok_or_else(|| {
            format!(
                "the model {} that is served is not in the store, and a trainer could not fetch it: `millrace model add DIR` \
                 puts it there",
                served.short()
            )
        })?
    } else {
        let mut accepted = registry.all_models().filter(|model| model.state == ModelState::Accepted);
        match (accepted.next(), accepted.next()) {
            (Some(only), None) => only,
            (None, _) => {
                return Err("no model is in the store that could be fine-tuned: `millrace model add DIR` puts one there".into());
            }
            (Some(_), Some(_)) => {
                return Err("the registry does not say what is served yet, and several models are accepted: name the one to \
                            fine-tune (--base FINGERPRINT); `millrace model list` names them"
                    .into());
            }
        }
    };
    if model.bundle.is_none() {
        return Err(format!(
            "the model {} ({}) is only on the disks of workers: `millrace model add DIR` puts it where a trainer can fetch it",
            model.name,
            model.fingerprint.short()
        )
        .into());
    }
    Ok(model)
}

fn served<'a>(registry: &'a Registry, index: &'a str) -> Option<&'a Fingerprint> {
    let serving = registry.serving(index)?;
    registry.generation(GenerationKey { index, id: &serving.id }).map(|entry| &entry.model)
}

/// Whether training data may be called so.
fn is_digest(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// 12 hex characters that no other run has; the rule looks.
fn fresh_id() -> String {
    let bits = RandomState::new().hash_one((std::process::id(), wall_seconds()));
    format!("{:012x}", bits & 0xffff_ffff_ffff)
}

/// `train status`
pub(super) async fn status(ask: &TrainStatus) -> Result<ExitCode, Failure> {
    let registry = read(&ask.registry).await?;
    let index = &ask.registry.index.index;
    let runs = match &ask.id {
        Some(id) => vec![rules::run_of(&registry, index, id)?],
        None => shown(&registry, index, ask.all),
    };
    if ask.registry.json {
        show::json(&runs)?;
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        show::note("no model was trained for this index: `millrace train now` begins a run");
    }
    for run in runs {
        for line in lines(&registry, run) {
            show::line(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The runs of an index, the newest last; of those that have ended only the newest, unless `all` are wanted.
fn shown<'a>(registry: &'a Registry, index: &'a str, all: bool) -> Vec<&'a TrainingRun> {
    let mut runs: Vec<&TrainingRun> = registry.runs(index).collect();
    runs.sort_by_key(|run| (!run.state.is_end(), run.since));
    let newest = runs.iter().rposition(|run| run.state.is_end()).filter(|_| !all).unwrap_or_default();
    runs.into_iter().skip(newest).collect()
}

fn lines(registry: &Registry, run: &TrainingRun) -> Vec<String> {
    let stop = if run.stop && !run.state.is_end() { ", to be stopped" } else { "" };
    let by = if is_conducted(run) { format!("by {}", run.by) } else { "by no process yet".to_owned() };
    let by = if run.state.is_end() { String::new() } else { format!(" {by}") };
    let mut lines =
        vec![format!("{} {:<10} since {}{by}{stop}", run.id, run.state.word(), time_of(run.since))];
    let name = |model: &Fingerprint| {
        let name = registry.model(model).map_or("a model", |model| model.name.as_str());
        format!("{name} ({})", model.short())
    };
    let data = run.data.as_deref().map(|data| format!(" on the data {data}")).unwrap_or_default();
    let job = run.job.as_deref().map(|job| format!(", job {job}")).unwrap_or_default();
    lines.push(format!("    {} trains {}{data}{job}", run.trainer, name(&run.base)));
    lines.extend(run.reason.iter().map(|reason| format!("    begun: {reason}")));
    lines.extend(run.model.iter().map(|model| format!("    gave: {}", name(model))));
    lines.extend(run.outcome.iter().map(|outcome| format!("    {outcome}")));
    if run.state == RunState::Accepted {
        let model = run.model.as_ref().map_or("…", |model| model.short());
        lines.push(format!(
            "    `millrace generation start --with-model {model}` builds a generation with it"
        ));
    }
    lines
}

/// A time of the registry, for people.
pub(in crate::command) fn time_of(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// `train stop`
pub(super) async fn stop(ask: &TrainStop) -> Result<ExitCode, Failure> {
    let registry = read(&ask.registry).await?;
    let index = &ask.registry.index.index;
    let run = match &ask.id {
        Some(id) => rules::run_of(&registry, index, id)?,
        None => {
            registry.open_run(index).ok_or("there is no run that has not ended: nothing is to be stopped")?
        }
    };
    let author = ChangeAuthor { by: ask.by.clone(), at: wall_seconds() };
    rules::ask_to_stop(&registry, &run.id, &author)?;
    if !ask.dry_run {
        let writer = RegistryWriter::new(Kafka::new(&ask.registry.kafka), index);
        writer.change(|registry| rules::ask_to_stop(registry, &run.id, &author)).await?;
    }
    if ask.registry.json {
        show::json(&json!({ "run": run.id, "state": run.state, "dry_run": ask.dry_run }))?;
    } else if ask.dry_run {
        show::line(&format!("would stop {}, which is {}", run.id, run.state.word()));
    } else {
        show::line(&format!("{} is to be stopped: `train` stops its job and ends it", run.id));
    }
    Ok(ExitCode::SUCCESS)
}

/// `train log`
pub(super) async fn log(ask: &TrainLog) -> Result<ExitCode, Failure> {
    let registry = read(&ask.registry).await?;
    let index = &ask.registry.index.index;
    let run = match &ask.id {
        Some(id) => rules::run_of(&registry, index, id)?,
        None => shown(&registry, index, false).pop().ok_or("no model was trained for this index")?,
    };
    let words = words(&ask.registry, &run.id).await?;
    let job = job_log(ask, &run.id).await?;
    if ask.registry.json {
        show::json(&json!({ "run": run, "states": words, "log": job }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for word in &words {
        let outcome = word.outcome.as_deref().map(|outcome| format!(": {outcome}")).unwrap_or_default();
        show::line(&format!("{} {:<10} {}{outcome}", time_of(word.since), word.state.word(), word.by));
    }
    match job {
        Some(job) => job.lines().for_each(show::line),
        None => show::note("its trainer has said nothing yet"),
    }
    Ok(ExitCode::SUCCESS)
}

/// What the topic still holds of a run: the first word of each state.
async fn words(ask: &RegistrySettings, id: &str) -> Result<Vec<TrainingRun>, Failure> {
    let mut records = Kafka::new(&ask.kafka).reading(topics::MODELS, 0, 0);
    let (key, mut words) = (format!("run/{id}"), Vec::<TrainingRun>::new());
    while let Some(record) = records.try_next().await? {
        let value = record.value.as_deref().filter(|_| record.key_text() == key);
        if let Some(RegistryEntry::Run(run)) = value.and_then(|value| serde_json::from_slice(value).ok())
            && words.last().is_none_or(|last| last.state != run.state)
        {
            words.push(run);
        }
    }
    Ok(words)
}

/// The last lines of the job's log, as `train` kept them.
async fn job_log(ask: &TrainLog, id: &str) -> Result<Option<String>, Failure> {
    let object = DocumentId::new(&ask.bucket.bucket, &format!("{OWN_PREFIX}runs/{id}.log"))?;
    match S3Store::new(&ask.bucket.store)?.look(&object, None, LARGEST_LOG).await? {
        Look::Found { bytes, .. } => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Look::TooLarge { size, .. } => Err(format!("{object} has {size} bytes: read it there").into()),
        Look::Gone | Look::Unchanged => Ok(None),
    }
}

async fn read(ask: &RegistrySettings) -> Result<Registry, Failure> {
    let kafka = Kafka::new(&ask.kafka);
    if kafka.existing(topics::MODELS).await?.is_none() {
        return Err(NO_TOPIC.into());
    }
    Ok(registry::read(&kafka).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::keep_up::made::{Made, of};

    fn run(id: &str, state: RunState, since: u64) -> TrainingRun {
        TrainingRun {
            id: id.to_owned(),
            index: "docs".to_owned(),
            trainer: "local".to_owned(),
            base: Fingerprint::of(&[("test", "base")]),
            data: Some("77ab01c2d3e4".to_owned()),
            job: None,
            output: None,
            model: None,
            state,
            stop: false,
            reason: Some("asked by maria".to_owned()),
            outcome: None,
            since,
            by: "maria".to_owned(),
        }
    }

    #[test]
    fn an_id_is_one_that_the_rules_take() {
        let empty = Registry::default();
        for _ in 0..100 {
            assert!(rules::enter_run(&empty, run(&fresh_id(), RunState::Planned, 1)).is_ok());
        }
    }

    #[test]
    fn where_nothing_is_served_yet_the_only_accepted_model_is_fine_tuned() {
        let none = Made::default().model("refused", "refused");
        let failed = |made: &Made, asked| base(&made.registry(), "docs", asked).unwrap_err().to_string();
        assert!(failed(&none, None).contains("millrace model add"));
        let one = none.model("old", "accepted");
        assert_eq!(base(&one.registry(), "docs", None).unwrap().name, "old");
        let two = one.model("new", "accepted");
        assert!(failed(&two, None).contains("several models are accepted"));
        assert_eq!(base(&two.registry(), "docs", Some(of("new").as_str())).unwrap().name, "new");
    }

    #[test]
    fn the_open_run_is_shown_and_the_last_that_ended() {
        let runs = [
            run("000000000001", RunState::Failed, 10),
            run("000000000002", RunState::Training, 15),
            run("000000000003", RunState::Refused, 20),
        ];
        let mut registry = Registry::default();
        for run in runs {
            let entry = RegistryEntry::Run(run);
            registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 0).unwrap();
        }
        let ids =
            |all| -> Vec<&str> { shown(&registry, "docs", all).iter().map(|run| run.id.as_str()).collect() };
        assert_eq!(ids(true), ["000000000001", "000000000003", "000000000002"]);
        assert_eq!(ids(false), ["000000000003", "000000000002"]);
        assert!(shown(&registry, "wiki", true).is_empty());
        let training = registry.run("000000000002").unwrap();
        let lines = lines(&registry, training).join("\n");
        assert!(lines.contains("training") && lines.contains("by no process yet"), "{lines}");
    }
}
