//! Trains in a process on this machine. Stage: awaits a store, and a process.
//!
//! A run has a folder below the work folder: `data` and `base` are fetched into it, the process writes `out`, and what
//! is in `out` is put into the object store when it has ended. The process outlives this program: files in the
//! folder ([`folder`]) say that it runs and how it ended, so that a `train` that is started anew goes on watching it, and
//! two at once never start two. One that is gone without a word, as after a power cut, is started again and goes on from its
//! checkpoints; and what a run trained that failed is there for the next one.

mod child;
mod folder;
mod said;
mod stand;
mod transfer;

use std::io::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use model::Bundle;
use objects::FileStore;
use tracing::warn;

use super::{InvalidTrainerSettings, JobState, Trainer, TrainerTrouble, TrainingJob, is_run, shown};
use child::Program;
use folder::RunFolder;
use stand::{Stand, detail, ended, is_delivered, order, restarts, stand};
use transfer::{Undelivered, of_disk};

/// The manifest of training data.
const MANIFEST: &str = "manifest.json";
/// What stands in `stop` when it was over its time, and when somebody asked for it.
const OVERTIME: &str = "overtime";
const ASKED: &str = "asked to stop";
/// How often a process is started again that is gone without having said how it ended.
const RESTARTS: u32 = 3;
/// What is large in the folder of a run, and of no use once it has ended.
const LARGE: [&str; 4] = ["data", "base", "out", "trainer"];
/// Lines of standard error in a log, at most.
const ERRORS: usize = 50;
const GIB: u64 = 1 << 30;

/// The process that trains on this machine.
#[derive(Args, Clone, Debug)]
pub struct LocalSettings {
    /// Python with what the training needs (`compose/install trainer`).
    #[arg(
        id = "trainer-program",
        long = "trainer-program",
        env = "MILLRACE_TRAINER_PROGRAM",
        value_name = "FILE",
        default_value = "/var/tmp/millrace/dist/trainer/venv/bin/python"
    )]
    pub program: PathBuf,
    /// The script that it runs.
    #[arg(
        id = "trainer-script",
        long = "trainer-script",
        env = "MILLRACE_TRAINER_SCRIPT",
        value_name = "FILE",
        default_value = "compose/trainer/train.py"
    )]
    pub script: PathBuf,
    /// Folder in which each run has one of its own; several times the size of data and model must fit.
    #[arg(
        id = "trainer-work",
        long = "trainer-work",
        env = "MILLRACE_TRAINER_WORK",
        value_name = "DIR",
        default_value = "/var/tmp/millrace/trainer"
    )]
    pub work: PathBuf,
    /// How much the training gives way to other programs, 0 (not at all) to 19.
    #[arg(id = "trainer-nice", long = "trainer-nice", env = "MILLRACE_TRAINER_NICE", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=19))]
    pub nice: u8,
    /// Maximum address space of the training in GiB, which is more than the memory it uses; 0 for no limit.
    #[arg(id = "trainer-memory-gib", long = "trainer-memory-gib", env = "MILLRACE_TRAINER_MEMORY_GIB", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=65_536))]
    pub memory_gib: u64,
    /// Maximum size of a run's data and base in GiB.
    #[arg(id = "trainer-disk-gib", long = "trainer-disk-gib", env = "MILLRACE_TRAINER_DISK_GIB", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub disk_gib: u64,
    /// Maximum time of a training in hours.
    #[arg(id = "trainer-hours", long = "trainer-hours", env = "MILLRACE_TRAINER_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=720))]
    pub hours: u64,
    /// Seconds that a training may take to end when it is stopped; then it is killed.
    #[arg(id = "trainer-stop-seconds", long = "trainer-stop-seconds", env = "MILLRACE_TRAINER_STOP_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub stop_seconds: u64,
}

/// Trains in a process on this machine. Clones are the same trainer.
#[derive(Clone, Debug)]
pub struct LocalTrainer<S> {
    settings: Arc<LocalSettings>,
    store: Arc<S>,
}

impl<S: FileStore> LocalTrainer<S> {
    /// Prepares it; starts nothing.
    ///
    /// # Errors
    /// When its program or script is not there.
    pub fn open(settings: &LocalSettings, store: S) -> Result<Self, InvalidTrainerSettings> {
        check(settings).map_err(InvalidTrainerSettings)?;
        // The process stands in another folder. A link to Python is kept: its environment is found by it.
        let absolute = |path: &Path| {
            std::path::absolute(path)
                .map_err(|error| InvalidTrainerSettings(format!("{}: {error}", path.display())))
        };
        let settings = LocalSettings {
            program: absolute(&settings.program)?,
            script: absolute(&settings.script)?,
            work: absolute(&settings.work)?,
            ..settings.clone()
        };
        Ok(Self { settings: Arc::new(settings), store: Arc::new(store) })
    }

    /// What a job takes at most, for people.
    #[must_use]
    pub fn estimate(&self) -> String {
        let LocalSettings { hours, nice, .. } = *self.settings;
        format!("a process on this machine (nice {nice}), for at most {hours} hours")
    }

    fn folder(&self, run: &str) -> Option<RunFolder> {
        is_run(run).then(|| RunFolder::new(&self.settings.work, run))
    }

    /// Fetches what is needed; what is there already is not fetched again.
    async fn fetch(&self, folder: &RunFolder, job: &TrainingJob) -> Result<(), TrainerTrouble> {
        let most = self.settings.disk_gib.saturating_mul(GIB);
        transfer::fetch(&*self.store, &job.data, MANIFEST, &folder.path("data"), most).await?;
        transfer::fetch(&*self.store, &job.base, Bundle::MANIFEST, &folder.path("base"), most).await
    }

    /// Starts the process, with scripts of the run's own.
    async fn start(&self, folder: &RunFolder, job: &TrainingJob) -> Result<(), TrainerTrouble> {
        let script = folder.own_script(&self.settings.script).map_err(|error| {
            TrainerTrouble::Denied(format!(
                "the training's scripts beside {} cannot be copied to {} ({error}): make them readable, and room for them",
                self.settings.script.display(),
                folder.root().display()
            ))
        })?;
        let [data, base, out] = ["data", "base", "out"].map(|name| folder.path(name).display().to_string());
        let program = Program {
            folder: folder.root(),
            nice: self.settings.nice,
            memory: self.settings.memory_gib.saturating_mul(GIB >> 10),
            interpreter: &self.settings.program,
            script: &script,
            arguments: job.arguments(&data, &base, &out),
        };
        program
            .start()
            .map_err(|error| TrainerTrouble::Denied(format!("/bin/sh cannot be started: {error}")))?;
        // Whether it has begun or not: `started` keeps a second one from it.
        if child::begun(|| folder.has("process")).await {
            Ok(())
        } else {
            Err(TrainerTrouble::Unclear(format!("nothing says in {} that it runs", folder.root().display())))
        }
    }

    /// Starts the process again that is gone without a word, with its machine or killed with `run.sh`: `train.py` goes on from its
    /// checkpoints. How often is written down before it is done, so that a machine that dies of it does not die of it for ever.
    async fn restart(&self, folder: &RunFolder, run: &str) -> Result<JobState, TrainerTrouble> {
        let of_disk = |error: Error| of_disk(folder.root(), &error);
        let job = match order(folder) {
            Ok(Some(job)) => job,
            Ok(None) => return Ok(JobState::Gone),
            Err(reason) => return Ok(JobState::Failed { reason }),
        };
        let running = |detail: String| JobState::Running { detail };
        let Some(_lock) = folder.lock().map_err(of_disk)? else {
            return Ok(running("another process prepares it".to_owned()));
        };
        // Looked at again: until the folder was locked another process may have started it.
        let Stand::Gone(before) = stand(folder)? else { return Ok(running(detail(folder))) };
        let times = restarts(folder);
        if times >= RESTARTS {
            keep(folder);
            return Ok(JobState::Failed {
                reason: format!(
                    "its process was gone without a word {} times, perhaps because this machine was switched off",
                    times + 1
                ),
            });
        }
        there("MILLRACE_TRAINER_PROGRAM", &self.settings.program).map_err(TrainerTrouble::Denied)?;
        if let Some(before) = before {
            before.kill_orphans(folder.root());
        }
        self.fetch(folder, &job).await?;
        let words = format!("its process was gone: it is started again ({} of {RESTARTS})", times + 1);
        warn!(run, "{words}");
        folder.write("restarts", &(times + 1).to_string()).map_err(of_disk)?;
        folder.add("out.log", &format!("train: {words}")).map_err(of_disk)?;
        folder.forget_process().map_err(of_disk)?;
        match self.start(folder, &job).await {
            Ok(()) => Ok(running(words)),
            Err(TrainerTrouble::Unclear(why)) => Err(TrainerTrouble::busy(why)),
            Err(trouble) => Err(trouble),
        }
    }

    /// Brings the output of a run that ended well to its place.
    async fn deliver(&self, folder: &RunFolder, run: &str) -> Result<JobState, TrainerTrouble> {
        let of_disk = |error: &Error| of_disk(folder.root(), error);
        let place = match order(folder) {
            Ok(Some(order)) => order.output,
            Ok(None) => return Ok(JobState::Failed { reason: "its job.json is gone".to_owned() }),
            Err(reason) => return Ok(JobState::Failed { reason }),
        };
        let Some(_lock) = folder.lock().map_err(|error| of_disk(&error))? else {
            return Ok(JobState::Running { detail: "its output is being stored".to_owned() });
        };
        match transfer::deliver(&*self.store, folder, run, &place).await {
            Ok(()) => {
                folder.add("delivered", ".").map_err(|error| of_disk(&error))?;
                folder.clear(&LARGE).map_err(|error| of_disk(&error))?;
                Ok(JobState::Succeeded)
            }
            Err(Undelivered::Unusable(reason)) => {
                folder.clear(&["data", "base", "trainer"]).map_err(|error| of_disk(&error))?;
                Ok(JobState::Failed { reason })
            }
            Err(Undelivered::Trouble(trouble)) => Err(trouble),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.stop_seconds)
    }
}

impl<S: FileStore> Trainer for LocalTrainer<S> {
    async fn find(&self, run: &str) -> Result<Option<String>, TrainerTrouble> {
        let Some(folder) = self.folder(run) else { return Ok(None) };
        Ok(match stand(&folder)? {
            Stand::Gone(_) => None,
            Stand::Runs(_) | Stand::Ended(_) => Some(run.to_owned()),
        })
    }

    async fn create(&self, job: &TrainingJob) -> Result<String, TrainerTrouble> {
        let Some(folder) = self.folder(&job.run) else {
            return Err(TrainerTrouble::Refused(format!("{:?} cannot be the name of a folder", job.run)));
        };
        let of_disk = |error: Error| of_disk(folder.root(), &error);
        check(&self.settings).map_err(TrainerTrouble::Denied)?;
        folder.create(&["data", "base", "out"]).map_err(of_disk)?;
        let Some(_lock) = folder.lock().map_err(of_disk)? else {
            return Err(TrainerTrouble::busy("another process prepares this run"));
        };
        if let Stand::Gone(before) = stand(&folder)? {
            if let Some(before) = before {
                before.kill_orphans(folder.root());
            }
            folder.forget_process().map_err(of_disk)?;
            self.fetch(&folder, job).await?;
            let order = serde_json::to_string(job).map_err(|error| of_disk(error.into()))?;
            folder.write("job.json", &order).map_err(of_disk)?;
            folder.take_trained().map_err(of_disk)?;
            self.start(&folder, job).await?;
        }
        Ok(job.run.clone())
    }

    async fn look(&self, job: &str) -> Result<JobState, TrainerTrouble> {
        let Some(folder) = self.folder(job) else { return Ok(JobState::Gone) };
        match stand(&folder)? {
            Stand::Gone(_) => self.restart(&folder, job).await,
            Stand::Runs(process) => {
                let most = Duration::from_secs(self.settings.hours.saturating_mul(3600));
                if process.age() > most {
                    if !folder.has("stop") {
                        folder.write("stop", OVERTIME).map_err(|error| of_disk(folder.root(), &error))?;
                    }
                    process.end(self.patience()).await;
                }
                Ok(JobState::Running { detail: detail(&folder) })
            }
            Stand::Ended(0) if is_delivered(&folder) => Ok(JobState::Succeeded),
            Stand::Ended(0) => self.deliver(&folder, job).await,
            Stand::Ended(code) => {
                let state = ended(&folder, code, self.settings.hours);
                if matches!(state, JobState::Failed { .. }) {
                    keep(&folder);
                } else {
                    let _is_cleared = folder.clear(&LARGE).is_ok();
                }
                Ok(state)
            }
        }
    }

    async fn stop(&self, job: &str) -> Result<(), TrainerTrouble> {
        let Some(folder) = self.folder(job) else { return Ok(()) };
        let of_disk = |error: Error| of_disk(folder.root(), &error);
        let process = match stand(&folder)? {
            Stand::Runs(process) => Some(process),
            // It is not to be started again, and what its leader left behind is not to go on.
            Stand::Gone(before) if folder.has("job.json") => before,
            Stand::Gone(_) | Stand::Ended(_) => return Ok(()),
        };
        folder.write("stop", ASKED).map_err(of_disk)?;
        if let Some(process) = process {
            if !process.end(self.patience()).await {
                return Err(TrainerTrouble::busy("the training does not end, though it was killed"));
            }
            process.kill_orphans(folder.root());
        }
        // Nobody looks at a run that was stopped: what is large goes now.
        folder.clear(&LARGE).map_err(of_disk)
    }

    async fn log(&self, job: &str) -> Result<Vec<String>, TrainerTrouble> {
        let Some(folder) = self.folder(job) else { return Ok(Vec::new()) };
        let (mut lines, errors) = (folder.tail("out.log"), folder.tail("err.log"));
        let first = errors.len().saturating_sub(ERRORS);
        lines.extend(errors.into_iter().skip(first));
        Ok(shown(lines))
    }
}

/// Whether program and script are there.
fn check(settings: &LocalSettings) -> Result<(), String> {
    there("MILLRACE_TRAINER_PROGRAM", &settings.program)?;
    there("MILLRACE_TRAINER_SCRIPT", &settings.script)
}

fn there(setting: &str, file: &Path) -> Result<(), String> {
    if file.is_file() {
        return Ok(());
    }
    Err(format!(
        "{setting} is {}, where there is no file: install the trainer with compose/install trainer, or set it",
        file.display()
    ))
}

/// Keeps what a run trained that failed, for the next one; of the rest only the log is of use, and the disk may be why it failed.
fn keep(folder: &RunFolder) {
    if let Ok(true) = folder.keep_trained() {
        let words = "what was trained is kept: the next run with the same data, base and options goes on from it, unless you remove";
        let _is_said = folder.add("out.log", &format!("train: {words} {}", folder.kept().display())).is_ok();
    }
    let _is_cleared = folder.clear(&LARGE).is_ok();
}
