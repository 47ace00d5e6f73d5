#![expect(clippy::disallowed_methods, reason = "edge: reads the file of keys")]
//! The file of keys, reread when it changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tracing::{error, info};

use super::Keys;

/// How long a key removed from the file may still work.
const FRESH: Duration = Duration::from_secs(2);

/// The keys currently in the file.
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

    /// The current keys. If the file can no longer be read, the last ones stay valid and an error is logged.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        // A panic elsewhere cannot leave this state half-changed: each change is one assignment.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.looked.elapsed() >= FRESH {
            last.looked = Instant::now();
            let modified = modified(&self.path);
            if modified != last.modified {
                last.modified = modified;
                match read(&self.path) {
                    Ok((keys, _)) => {
                        info!(path = %self.path.display(), "the keys have been reloaded");
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
