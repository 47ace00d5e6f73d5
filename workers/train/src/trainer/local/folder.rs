#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: the folder of a run, by which a `train` that is started anew knows what goes on"
)]
//! The folder of one run, and the small files in it that say how it stands.
//!
//! | name | what it says | written by |
//! |---|---|---|
//! | `job.json` | what was ordered | this program, before it starts anything |
//! | `started`, a folder | somebody runs it: no second one may | `run.sh`, first of all |
//! | `process` | boot, process and its start | `run.sh` |
//! | `stop` | it was asked to stop, and why | this program, before it sends a signal |
//! | `exit` | its exit code | `run.sh`, last of all |
//! | `delivered` | names of the files that are in their place; `.` when all are | this program |
//! | `restarts` | how often it was started again | this program, before it does so |
//! | `trainer`, a folder | the scripts that it runs | this program, once |
//!
//! Beside the folders of runs, `kept.checkpoints` is what the last run trained that failed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Bytes of a small file, or of the end of a log, that are read.
const MOST: u64 = 64 << 10;
/// The files that say how a run stands, and the pipes of `run.sh`.
const STANDING: [&str; 8] =
    ["process", "process.new", "stop", "exit", "exit.new", "out.pipe", "err.pipe", "delivered"];
/// The folder of the scripts.
const SCRIPTS: &str = "trainer";
/// What `train.py` goes on from, in its output.
const CHECKPOINTS: &str = "out/checkpoints";
/// No run is called so.
const KEPT: &str = "kept.checkpoints";

/// The folder of a run.
#[derive(Clone, Debug)]
pub(super) struct RunFolder(PathBuf);

/// Held while one process prepares or delivers a run; the system takes it back from a process that dies.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closing it unlocks the folder.
    _file: File,
}

impl RunFolder {
    pub(super) fn new(work: &Path, run: &str) -> Self {
        Self(work.join(run))
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Creates it, with these folders in it.
    pub(super) fn create(&self, folders: &[&str]) -> Result<(), Error> {
        // Passages and people's questions are in it: nobody else on this machine reads them.
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        folders.iter().try_for_each(|name| builder.create(self.path(name)))
    }

    /// Locks it; none when another process has it.
    pub(super) fn lock(&self) -> Result<Option<Lock>, Error> {
        let file = OpenOptions::new().create(true).append(true).open(self.path("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The start of a small file; none when it is not there.
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, Error> {
        let file = match File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Writes a small file so that nobody reads half of it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let beside = self.path(&format!("{name}.{}", std::process::id()));
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, self.path(name))
    }

    /// Adds a line to a small file.
    pub(super) fn add(&self, name: &str, line: &str) -> Result<(), Error> {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name))?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// The last lines of a log that `run.sh` keeps in two files.
    pub(super) fn tail(&self, name: &str) -> Vec<String> {
        let parts = [format!("{name}.before"), name.to_owned()].map(|name| end_of(&self.path(&name)));
        let text = parts.map(Result::unwrap_or_default).concat();
        String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
    }

    /// Removes all that says that it ran: it may be started again, and goes on from the checkpoints in its output. Its logs stay.
    pub(super) fn forget_process(&self) -> Result<(), Error> {
        for name in STANDING {
            removed(std::fs::remove_file(self.path(name)))?;
        }
        removed(std::fs::remove_dir(self.path("started")))
    }

    /// A copy of `script` and of what it needs, the run's own. It is made once: whoever updates the trainer under a run changes the next
    /// run only. What is copied are the Python files beside it, and those of `compose/model`, which write the graph.
    pub(super) fn own_script(&self, script: &Path) -> Result<PathBuf, Error> {
        let name = script.file_name().ok_or(ErrorKind::InvalidInput)?;
        let own = self.path(SCRIPTS);
        let copy = own.join(name);
        if copy.is_file() {
            return Ok(copy);
        }
        let fresh = self.path("trainer.new");
        removed(std::fs::remove_dir_all(&fresh))?;
        // As Python does: its modules are beside the file that a link leads to.
        let real = script.canonicalize()?;
        let from = real.parent().ok_or(ErrorKind::InvalidInput)?;
        copy_scripts(from, &fresh)?;
        copy_file(&real, &fresh.join(name))?;
        let models = [from.with_file_name("model"), from.join("model")];
        if let Some(model) = models.iter().find(|model| model.join("export.py").is_file()) {
            copy_scripts(model, &fresh.join("model"))?;
        }
        removed(std::fs::remove_dir_all(&own))?;
        std::fs::rename(&fresh, &own)?;
        Ok(copy)
    }

    /// Keeps what a run trained that failed, in the place of what was kept before; where no seed was finished, nothing. Whether it did.
    pub(super) fn keep_trained(&self) -> Result<bool, Error> {
        let (trained, kept) = (self.path(CHECKPOINTS), self.kept());
        if !trained.join("seed-1.json").is_file() {
            return Ok(false);
        }
        removed(std::fs::remove_dir_all(&kept))?;
        std::fs::rename(&trained, &kept)?;
        Ok(true)
    }

    /// Goes on from what was kept, unless it has something of its own. `train.py` throws it away where it is of other data, another
    /// base or other options.
    pub(super) fn take_trained(&self) -> Result<(), Error> {
        let trained = self.path(CHECKPOINTS);
        if trained.exists() { Ok(()) } else { removed(std::fs::rename(self.kept(), trained)) }
    }

    /// Where it is kept.
    pub(super) fn kept(&self) -> PathBuf {
        self.0.with_file_name(KEPT)
    }

    /// Removes folders whose content is no longer needed.
    pub(super) fn clear(&self, folders: &[&str]) -> Result<(), Error> {
        folders.iter().try_for_each(|name| removed(std::fs::remove_dir_all(self.path(name))))
    }
}

/// Copies the Python files of a folder.
fn copy_scripts(from: &Path, to: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for entry in std::fs::read_dir(from)? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        if path.extension().is_some_and(|extension| extension == "py") && path.is_file() {
            copy_file(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// Copies a file so that it is whole also after a power cut.
fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let mut file = File::create(to)?;
    std::io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

fn end_of(path: &Path) -> Result<Vec<u8>, Error> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn removed(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if !is_gone(&error) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
