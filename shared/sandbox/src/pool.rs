//! The pool of children: limits how many read at once, and reuses each while it is fit to go on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use document::Extracted;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::answer::{Answer, Outline, Request, Said};
use crate::end::{End, How};
use crate::running::Running;
use crate::{Extractor, SandboxSettings, Unread};

/// The program started as the child.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its path.
    pub path: PathBuf,
    /// Whether test keys do harm in it (only in builds with debug assertions; see [`fault::poison`]).
    pub poison: bool,
}

impl Default for Program {
    /// This program, even if its file has been replaced since it started.
    fn default() -> Self {
        Self { path: "/proc/self/exe".into(), poison: false }
    }
}

/// Reads documents in child processes with limits. Clones share the children; dropping the last one ends them.
#[derive(Clone, Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    program: Program,
    settings: SandboxSettings,
    turns: Semaphore,
    idle: Mutex<Vec<Running>>,
    missing: OnceLock<Vec<String>>,
}

impl Sandbox {
    /// A sandbox whose children are this program; its `main` must call [`crate::child`] first. Starts nothing yet.
    #[must_use]
    pub fn new(settings: SandboxSettings) -> Self {
        Self::of(settings, Program::default())
    }

    /// A sandbox whose children are another program.
    #[must_use]
    pub fn of(settings: SandboxSettings, program: Program) -> Self {
        let turns = Semaphore::new(settings.processes());
        let (idle, missing) = (Mutex::default(), OnceLock::new());
        Self { shared: Arc::new(Shared { program, settings, turns, idle, missing }) }
    }

    /// The walls around its children that this system does not give, each with the cause; none are known before the
    /// first child was started.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        self.shared.missing.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// An idle child, or else a new one.
    async fn take(&self) -> Result<Running, Unread> {
        let idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(child) => Ok(child),
            None => self.start().await,
        }
    }

    async fn start(&self) -> Result<Running, Unread> {
        let Shared { program, settings, .. } = self.shared.as_ref();
        let child = Running::start(program, settings.extract_memory)
            .await
            .map_err(|cause| Unread::Trouble(format!("the extractor cannot be started: {cause}")))?;
        self.note(&child.missing);
        Ok(child)
    }

    /// Says once what is missing around the children: it is the same for each of them.
    fn note(&self, missing: &[String]) {
        let is_first = self.shared.missing.set(missing.to_vec()).is_ok();
        if is_first && !missing.is_empty() {
            warn!(
                missing = missing.join(", "),
                "documents are read with fewer walls around the reader than there are: this system does not give them"
            );
        }
    }

    /// Returns a child to the pool.
    fn give_back(&self, child: Running) {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(child);
    }
}

impl Extractor for Sandbox {
    async fn extract(&self, key: &str, bytes: Bytes) -> Result<Extracted, Unread> {
        let settings = &self.shared.settings;
        let bounds = settings.bounds();
        let request = Request::new(key, settings.extract_cpu, &bounds);
        let head = serde_json::to_vec(&request).map_err(|error| Unread::Refused(error.to_string()))?;
        // Cannot fail: the semaphore is never closed.
        let _turn = self.shared.turns.acquire().await;
        let (mut child, mut tries) = (self.take().await?, 1);
        loop {
            let is_reused = child.documents > 0;
            let how = match child.ask(&head, &bytes, settings.deadline(), bounds.text).await {
                Ok((Said { answer, peak, last }, text)) => {
                    debug!(key, peak, last, tries, "read");
                    if last {
                        drop(child);
                    } else {
                        self.give_back(child);
                    }
                    match answer {
                        Answer::Read(outline) => return assembled(outline, text, settings).await,
                        Answer::Refused(cause) => return Err(Unread::Refused(cause)),
                        Answer::Ready { .. } => {
                            return Err(Unread::Trouble("the extractor started anew".to_owned()));
                        }
                    }
                }
                Err(how) => how,
            };
            let end = child.end(how).await;
            warn!(key, ?end, tries, "a document killed the extractor");
            if !end.is_doubtful(tries, is_reused) {
                return Err(end.verdict(settings));
            }
            (child, tries) = (self.start().await?, tries + 1);
        }
    }
}

/// Assembles a result on a blocking thread, because it may be large.
async fn assembled(outline: Outline, text: Vec<u8>, settings: &SandboxSettings) -> Result<Extracted, Unread> {
    let assembling = tokio::task::spawn_blocking(move || outline.into_extracted(text));
    let nonsense = || {
        let how = How::Nonsense("its answer does not fit together");
        End { how, words: String::new() }.verdict(settings)
    };
    assembling.await.ok().flatten().ok_or_else(nonsense)
}
