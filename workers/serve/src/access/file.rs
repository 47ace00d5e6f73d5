#![expect(clippy::disallowed_methods, reason = "edge: reads the file of keys")]
//! The file of keys, read again when it changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tracing::{error, info};

use super::Keys;

/// How long a key that was taken out of the file still opens, at most.
const FRESH: Duration = Duration::from_secs(2);

/// The keys as the file has them now.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    keys: Arc<Keys>,
    modified: Option<SystemTime>,
    looked: Instant,
}

impl KeyFile {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn open(path: &Path) -> Result<Self, String> {
        let (keys, modified) = read(path)?;
        let last = Last { keys: Arc::new(keys), modified, looked: Instant::now() };
        Ok(Self { path: path.to_owned(), last: Mutex::new(last) })
    }

    /// The keys. A file that cannot be read any more leaves those that were read last, and says so in the log.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        // A panic elsewhere leaves this state whole: each change is one assignment.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.looked.elapsed() >= FRESH {
            last.looked = Instant::now();
            let modified = modified(&self.path);
            if modified != last.modified {
                last.modified = modified;
                match read(&self.path) {
                    Ok((keys, _)) => {
                        info!(path = %self.path.display(), "the keys were read again");
                        last.keys = Arc::new(keys);
                    }
                    Err(cause) => error!(cause, "the keys stay as they were"),
                }
            }
        }
        Arc::clone(&last.keys)
    }
}

fn read(path: &Path) -> Result<(Keys, Option<SystemTime>), String> {
    let modified = modified(path);
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let keys = Keys::parse(&text).map_err(|cause| format!("{}: {cause}", path.display()))?;
    Ok((keys, modified))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}
