#![expect(clippy::disallowed_methods, reason = "edge: writes a file, and reads the clock")]
//! Who searched, asked, read, uploaded and changed what: a line of JSON for each such request, and for each that was refused
//! for its key. Edge.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::error;

use crate::access::AccessRole;

/// Lines that wait for the file, at most.
const WAITING: usize = 1_024;
/// How long a request waits for a place among them.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a request did, as its handlers say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditNote {
    /// Such as `search`, `ask`, `read`, `upload`.
    pub action: &'static str,
    /// The question, or the document.
    pub what: String,
}

/// The notes of one request; clones share them.
#[derive(Clone, Debug, Default)]
pub struct AuditNotes(Arc<Mutex<Vec<AuditNote>>>);

impl AuditNotes {
    /// Adds a note.
    pub fn add(&self, action: &'static str, what: &str) {
        let note = AuditNote { action, what: what.to_owned() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    /// All notes so far.
    #[must_use]
    pub fn taken(&self) -> Vec<AuditNote> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// Whoever compares principals compares who they are, not what they did.
impl PartialEq for AuditNotes {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for AuditNotes {}

/// A line of the log.
#[derive(Clone, Debug, Serialize)]
pub struct AuditLine {
    /// When it was answered, in UTC.
    pub time: String,
    /// The request's id, as in its answer and in the log.
    pub request: String,
    /// The key's name; absent without a known key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the key allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<AccessRole>,
    /// The method.
    pub method: String,
    /// The path, without its parameters.
    pub path: String,
    /// What was done.
    pub did: Vec<AuditNote>,
    /// The status of the answer.
    pub status: u16,
}

/// Appends lines to a file.
#[derive(Clone, Debug)]
pub struct AuditLog(Sender<String>);

impl AuditLog {
    /// Appends to the file at `path`, which is made if it is not there, and opened anew when it was renamed or deleted.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn start(path: &Path) -> std::io::Result<Self> {
        let file = open(path).await?;
        let (sender, receiver) = channel(WAITING);
        tokio::spawn(write(receiver, path.to_owned(), file));
        Ok(Self(sender))
    }

    /// Adds a line, as soon as there is room for it.
    pub async fn add(&self, line: &AuditLine) {
        let text = match serde_json::to_string(line) {
            Ok(text) => text + "\n",
            Err(cause) => return error!(%cause, "a line of the audit log cannot be written"),
        };
        if self.0.send_timeout(text, PATIENCE).await.is_err() {
            error!(request = line.request, "the audit log takes no more lines: one was lost");
        }
    }
}

/// The time now, as a line says it.
#[must_use]
pub fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

async fn open(path: &Path) -> std::io::Result<File> {
    // It holds questions: nobody else reads it.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).await
}

async fn write(mut lines: Receiver<String>, path: PathBuf, mut file: File) {
    while let Some(line) = lines.recv().await {
        if let Err(cause) = append(&line, &path, &mut file).await {
            error!(%cause, path = %path.display(), "a line of the audit log was not written");
        }
    }
}

async fn append(line: &str, path: &Path, file: &mut File) -> std::io::Result<()> {
    let there = tokio::fs::metadata(path).await.ok().map(|there| (there.dev(), there.ino()));
    let own = file.metadata().await?;
    if there != Some((own.dev(), own.ino())) {
        *file = open(path).await?;
    }
    file.write_all(line.as_bytes()).await?;
    file.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(request: &str) -> AuditLine {
        let notes = AuditNotes::default();
        notes.add("ask", "how many\ndays?");
        AuditLine {
            time: now(),
            request: request.to_owned(),
            key: Some("anna".to_owned()),
            role: Some(AccessRole::Read),
            method: "POST".to_owned(),
            path: "/v1/ask".to_owned(),
            did: notes.taken(),
            status: 200,
        }
    }

    async fn read(path: &Path, count: usize) -> Vec<serde_json::Value> {
        for _ in 0..500 {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if text.lines().count() >= count {
                return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} has not {count} lines", path.display())
    }

    #[tokio::test]
    async fn lines_are_appended_and_a_file_that_is_rotated_is_opened_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "{\"old\": true}\n").unwrap();
        let log = AuditLog::start(&path).await.unwrap();
        log.add(&line("one")).await;
        let lines = read(&path, 2).await;
        assert_eq!(
            (&lines[1]["request"], &lines[1]["did"][0]["what"]),
            (&"one".into(), &"how many\ndays?".into())
        );
        assert_eq!((&lines[1]["key"], &lines[1]["role"]), (&"anna".into(), &"read".into()));
        std::fs::rename(&path, folder.path().join("audit.1")).unwrap();
        log.add(&line("two")).await;
        assert_eq!(read(&path, 1).await[0]["request"], "two");
        assert!(AuditLog::start(&folder.path().join("none/audit.jsonl")).await.is_err());
    }
}
