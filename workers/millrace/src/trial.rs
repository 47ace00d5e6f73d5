//! The whole system in one process, over a folder: the workers' own stages and the real server, with a broker and an
//! engine in memory. Nothing is kept when it ends.
//!
//! The only place where workers are combined: everywhere else, no worker depends on another.
//!
//! Reading order: `prepared` the splitter and the encoder · `difference` what changed in the folder · `stages` the
//! workers' stages · `page` the server.

mod difference;
mod page;
mod prepared;
mod stages;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use generation::{Names, Target, TopicReader};
use ledger::Folder;
use message::{DeadLetter, DocumentId, Status};
use objects::FolderStore;
use process::Failure;
use sink::{Reader as _, Sink as _};
use stream::Outgoing;
use stream::memory::Memory;
use tokio::sync::watch;

use crate::cli::Try;
use difference::{Change, Known};
use prepared::Prepared;
use stages::{Ground, Pipelines, steps};

/// Name of the indexes.
const INDEX: &str = "try";
/// Document records per page when the engine is read.
const PAGE: usize = 1_000;

/// The running system over a folder.
pub struct Trial {
    ground: Ground,
    bucket: String,
    known: Known,
    most_files: usize,
    steps: [TopicReader; 4],
    running: Pipelines,
    address: SocketAddr,
    /// Deleted with its content when this is dropped.
    _scratch: tempfile::TempDir,
}

/// What the folder contains at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Files.
    pub files: usize,
    /// Their total size in bytes.
    pub bytes: u64,
    /// Paths that are not readable files, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// The outcome for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOutcome {
    /// The number of its passages that are searchable.
    Passages(usize),
    /// It contains no text.
    Empty,
    /// It was refused, for this reason.
    Refused(String),
    /// The file is gone, and so is its text.
    Gone,
}

/// The outcome for all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Files whose text is searchable.
    pub live: usize,
    /// Files without text.
    pub empty: usize,
    /// Files that were refused, each with the reason.
    pub refused: BTreeMap<String, String>,
    /// Passages of all files.
    pub passages: u64,
    /// Searchable files by their language, where that is known.
    pub languages: BTreeMap<String, usize>,
}

impl Trial {
    /// Starts everything over the folder, and begins to read the files.
    ///
    /// # Errors
    /// When the folder is too large or cannot be read, there is no model, or the port is taken.
    pub async fn start(ask: &Try) -> Result<(Self, Found), Failure> {
        let bucket = ask.bucket();
        let told = |error: std::io::Error| format!("{}: {error}", ask.folder.display());
        let store = FolderStore::open(&bucket, &ask.folder).map_err(told)?;
        let store = if ask.writable { store } else { store.read_only() };
        let (files, found) = first_look(ask, &store).await?;
        let prepared = Prepared::open(ask)?;
        let scratch = tempfile::tempdir()?;
        let engine = sink::MemoryEngine::new(Names::new(INDEX, &prepared.generation)?);
        engine.ensure().await?;
        let ground = Ground {
            broker: Memory::default(),
            store,
            engine,
            folder: Folder::claim(scratch.path())?,
            closing: watch::Sender::new(false),
        };
        let steps = steps(&ground.engine).await?;
        let encoder = prepared.encoder.clone();
        let mut running = ground.start(ask, prepared, steps.clone());
        let address = page::serve(ask, &ground, encoder, &mut running).await?;
        let known = Known::default();
        let most_files = ask.most_files;
        let mut trial =
            Self { ground, bucket, known, most_files, steps, running, address, _scratch: scratch };
        trial.tell(files);
        Ok((trial, found))
    }

    /// The address of the page.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scans the folder, and notifies the stages of what changed since the last scan; returns the keys.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn look(&mut self) -> Result<Vec<String>, Failure> {
        let tree = self.ground.store.tree(usize::MAX).await?;
        Ok(self.tell(tree.files))
    }

    fn tell(&mut self, files: Vec<objects::Entry>) -> Vec<String> {
        let changes = self.known.look(files, self.most_files);
        for change in &changes {
            let value = Some(change.notice(&self.bucket).into_bytes());
            // A store's notices name no document in a header.
            let topic = topics::OBJECT_EVENTS.to_owned();
            self.ground.broker.append(&Outgoing { topic, key: None, value, headers: None });
        }
        changes.iter().map(Change::key).map(str::to_owned).collect()
    }

    /// Number of files that were handed to the stages.
    #[must_use]
    pub fn files(&self) -> usize {
        self.known.count()
    }

    /// Whether every notice went through all steps. A step's output is the next one's input, so the steps are checked
    /// in the order of the data flow.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| self.behind(step) == 0)
    }

    fn behind(&self, step: &TopicReader) -> i64 {
        let broker = &self.ground.broker;
        let behind = |(partition, end)| {
            end - broker.committed(&step.group, &step.topic, partition).map_or(0, |committed| committed.next)
        };
        (0..).zip(broker.ends(&step.topic)).map(behind).sum()
    }

    /// Frees the records that every step has handled.
    pub fn release(&self) {
        for step in &self.steps {
            self.ground.broker.release(&step.topic);
        }
    }

    /// The number of files that have a document record, including refused ones that have one, and of searchable
    /// passages.
    ///
    /// # Errors
    /// Never, unless the engine lost its index.
    pub async fn arrived(&self) -> Result<(usize, u64), Failure> {
        let files = usize::try_from(self.ground.engine.count(Target::Documents).await?)?;
        Ok((files, self.ground.engine.count(Target::Chunks).await?))
    }

    /// The outcome for one file.
    ///
    /// # Errors
    /// As [`Trial::arrived`].
    pub async fn outcome(&self, key: &str) -> Result<FileOutcome, Failure> {
        let document = DocumentId::new(&self.bucket, key)?;
        let Some(stored) = self.ground.engine.document(&document).await? else {
            let letter = self.letters().remove(document.as_str()).filter(|_| self.known.has(key));
            return Ok(letter.map_or(FileOutcome::Gone, FileOutcome::Refused));
        };
        Ok(match stored.record.status {
            Status::Empty => FileOutcome::Empty,
            Status::Refused => FileOutcome::Refused(stored.record.cause.unwrap_or_default()),
            Status::Live | Status::Removed => FileOutcome::Passages(stored.record.chunks.len()),
        })
    }

    /// The outcome for all files.
    ///
    /// # Errors
    /// As [`Trial::arrived`].
    pub async fn outcomes(&self) -> Result<Outcomes, Failure> {
        let (_, passages) = self.arrived().await?;
        let mut outcomes = Outcomes { passages, ..Outcomes::default() };
        let mut letters = self.letters();
        let mut after = None;
        loop {
            let page = self.ground.engine.scan_documents(after.as_ref(), PAGE).await?;
            for stored in page.items {
                let record = stored.record;
                letters.remove(record.document.as_str());
                match record.status {
                    Status::Empty => outcomes.empty += 1,
                    Status::Refused => {
                        let key = record.document.key().to_owned();
                        outcomes.refused.insert(key, record.cause.unwrap_or_default());
                    }
                    Status::Live | Status::Removed => {
                        outcomes.live += 1;
                        if let Some(language) = record.language {
                            *outcomes.languages.entry(language).or_default() += 1;
                        }
                    }
                }
            }
            after = page.after;
            if after.is_none() {
                break;
            }
        }
        let named = letters.into_iter().filter_map(|(document, cause)| {
            Some((DocumentId::try_from(document).ok()?.key().to_owned(), cause))
        });
        outcomes.refused.extend(named.filter(|(key, _)| self.known.has(key)));
        Ok(outcomes)
    }

    /// The reasons for which documents were refused; the last one of each.
    fn letters(&self) -> BTreeMap<String, String> {
        let records = self.ground.broker.records(topics::DEAD_LETTERS).into_iter();
        let letters = records.filter_map(|record| {
            let letter: DeadLetter = serde_json::from_slice(record.value.as_deref()?).ok()?;
            Some((letter.document?, letter.cause))
        });
        letters.collect()
    }

    /// Waits until a stage or the server ends, which they do only when something is wrong.
    pub async fn ended(&mut self) -> Failure {
        match self.running.join_next().await {
            Some(Ok(Err(failure))) => failure,
            Some(Err(error)) => error.into(),
            Some(Ok(Ok(()))) | None => "a stage ended by itself (a bug)".into(),
        }
    }

    /// Stops everything, and waits until it has ended.
    pub async fn close(mut self) {
        self.ground.closing.send_replace(true);
        while self.running.join_next().await.is_some() {}
    }
}

/// What is in the folder; fails when that is more than a trial may hold.
async fn first_look(ask: &Try, store: &FolderStore) -> Result<(Vec<objects::Entry>, Found), Failure> {
    let tree = store.tree(ask.most_files).await?;
    let (files, bytes) = (tree.files.len(), tree.bytes());
    let folder = ask.folder.display();
    if tree.more {
        return Err(format!(
            "{folder} holds more than {} files, and this keeps everything in memory: name a folder below it, raise \
             --most-files, or run the real thing (README.md, Run it)",
            ask.most_files
        )
        .into());
    }
    if bytes > ask.most_bytes {
        return Err(format!(
            "{folder} holds {} MB and --most-bytes allows {} MB, as this keeps everything in memory: name a folder below it, \
             raise --most-bytes, or run the real thing (README.md, Run it)",
            bytes >> 20,
            ask.most_bytes >> 20
        )
        .into());
    }
    let left_out = tree.left_out.into_iter().map(|left| (left.path, left.cause)).collect();
    Ok((tree.files, Found { files, bytes, left_out }))
}
