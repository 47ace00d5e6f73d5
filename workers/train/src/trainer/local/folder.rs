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

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Bytes of a small file, or of the end of a log, that are read.
const MOST: u64 = 64 << 10;
/// The files that say how a run stands, and the pipes of `run.sh`.
const STANDING: [&str; 12] = [
    "process",
    "process.new",
    "stop",
    "exit",
    "exit.new",
    "out.pipe",
    "err.pipe",
    "out.log",
    "out.log.before",
    "err.log",
    "err.log.before",
    "delivered",
];

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

    /// Removes all that says that it ran: it may be started again, and goes on from the checkpoints in its output.
    pub(super) fn forget_process(&self) -> Result<(), Error> {
        for name in STANDING {
            removed(std::fs::remove_file(self.path(name)))?;
        }
        removed(std::fs::remove_dir(self.path("started")))
    }

    /// Removes folders whose content is no longer needed.
    pub(super) fn clear(&self, folders: &[&str]) -> Result<(), Error> {
        folders.iter().try_for_each(|name| removed(std::fs::remove_dir_all(self.path(name))))
    }
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
