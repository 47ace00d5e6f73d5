//! `put PATH…`.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::ExitCode;

use futures::StreamExt as _;
use message::DocumentId;
use objects::{S3Store, Store};
use process::Failure;
use serde_json::{Value, json};

use crate::cli::Put;
use crate::files::{Item, collect};
use crate::show;

/// Number of files uploaded concurrently.
const AT_ONCE: usize = 8;
/// Maximum number of files that are named one by one. Those that replaced other content always are.
const NAMED: usize = 50;

/// What became of a file.
#[derive(Debug)]
struct PutFile {
    document: DocumentId,
    size: u64,
    etag: String,
    effect: Effect,
}

/// What a file did to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    /// Nothing stood there.
    New,
    /// Other content stood there, and is gone.
    Replaced,
    /// The same content stood there.
    Same,
    /// The store did not say what stood there.
    Unknown,
}

/// How many files did what.
#[derive(Debug, Default)]
struct Tally {
    effects: BTreeMap<Effect, usize>,
    bytes: u64,
    named: usize,
    unnamed: usize,
}

pub(super) async fn run(ask: Put) -> Result<ExitCode, Failure> {
    let mut items = Vec::new();
    for path in &ask.paths {
        collect(path, &ask.prefix, &mut items)?;
    }
    let items = distinct(items)?;
    if items.is_empty() {
        return Err("there are no files in what was named".into());
    }
    let store = S3Store::new(&ask.bucket.store)?;
    let bar = show::bar(items.len() as u64, "putting");
    let (mut tally, mut failed) = (Tally::default(), 0);
    let puts = items.iter().map(|item| put(&store, &ask.bucket.bucket, item));
    let mut puts = futures::stream::iter(puts).buffer_unordered(AT_ONCE);
    while let Some((item, result)) = puts.next().await {
        bar.inc(1);
        match result {
            Ok(done) => {
                let is_named = tally.take(&done);
                if ask.json {
                    bar.suspend(|| show::json(&done.in_json()))?;
                } else if is_named {
                    bar.suspend(|| show::line(&done.line(item)));
                }
            }
            Err(failure) => {
                failed += 1;
                bar.suspend(|| {
                    show::note(&format!("{}: {}", item.path.display(), process::chain(failure.as_ref())));
                });
            }
        }
    }
    bar.finish_and_clear();
    if !ask.json {
        tally.print(items.len(), &ask.bucket.bucket);
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The files, each once. Of two files with one key either would replace the other, whichever came last.
fn distinct(items: Vec<Item>) -> Result<Vec<Item>, Failure> {
    let mut seen: HashMap<String, PathBuf> = HashMap::new();
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        match seen.get(&item.key) {
            None => {
                seen.insert(item.key.clone(), item.path.clone());
                kept.push(item);
            }
            Some(path) if *path == item.path => {}
            Some(path) => {
                let (first, second, key) = (path.display(), item.path.display(), &item.key);
                let remedy = "put each with a --prefix of its own, or name the folder above both";
                return Err(format!("{first} and {second} would both be put as {key}: {remedy}").into());
            }
        }
    }
    Ok(kept)
}

async fn put<'a, S: Store>(store: &S, bucket: &str, item: &'a Item) -> (&'a Item, Result<PutFile, Failure>) {
    let work = async {
        let bytes = tokio::fs::read(&item.path).await?;
        let size = bytes.len() as u64;
        let document = DocumentId::new(bucket, &item.key)?;
        // Whoever may write only is not kept from it; what else is wrong with the store, the next call says.
        let before = store.head(&document).await.ok();
        let etag = store.put(&document, bytes.into(), "application/octet-stream").await?;
        let effect = match before {
            None => Effect::Unknown,
            Some(None) => Effect::New,
            Some(Some(object)) if object.etag == etag => Effect::Same,
            Some(Some(_)) => Effect::Replaced,
        };
        Ok(PutFile { document, size, etag, effect })
    };
    (item, work.await)
}

impl Effect {
    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Replaced => "replaced",
            Self::Same => "same",
            Self::Unknown => "put",
        }
    }
}

impl PutFile {
    fn line(&self, item: &Item) -> String {
        let PutFile { document, effect, .. } = self;
        let more = if *effect == Effect::Replaced { ": other content stood there" } else { "" };
        format!("{:<9} {document}  from {}{more}", effect.word(), item.path.display())
    }

    fn in_json(&self) -> Value {
        json!({
            "key": self.document.key(), "document": self.document, "size": self.size, "etag": self.etag,
            "effect": self.effect.word(),
        })
    }
}

impl Tally {
    /// Counts a file; true when it is to be named.
    fn take(&mut self, file: &PutFile) -> bool {
        *self.effects.entry(file.effect).or_default() += 1;
        self.bytes += file.size;
        if file.effect == Effect::Replaced {
            return true;
        }
        let is_named = self.named < NAMED;
        if is_named {
            self.named += 1;
        } else {
            self.unnamed += 1;
        }
        is_named
    }

    fn print(&self, files: usize, bucket: &str) {
        if self.unnamed > 0 {
            show::note(&format!("and {} more, which replaced nothing: --json names all", self.unnamed));
        }
        show::line(&self.line(files, bucket));
    }

    fn line(&self, files: usize, bucket: &str) -> String {
        let done: usize = self.effects.values().sum();
        let word = |(effect, count): (&Effect, &usize)| format!("{count} {}", effect.word());
        let effects: Vec<String> = self.effects.iter().map(word).collect();
        let effects = if effects.is_empty() { String::new() } else { format!(": {}", effects.join(", ")) };
        format!("put {done} of {files} files, {} bytes, into {bucket}{effects}", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use objects::{MemoryStore, StoreFault};

    use super::*;

    fn item(path: &str, key: &str) -> Item {
        Item { path: PathBuf::from(path), key: key.to_owned() }
    }

    #[tokio::test]
    async fn what_a_file_does_to_its_key_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leave.md");
        let item = item(path.to_str().unwrap(), "leave.md");
        let store = MemoryStore::default();
        store.ensure_bucket("b", None).await.unwrap();
        let mut tally = Tally::default();
        for (content, effect) in [
            ("30 days", Effect::New),
            ("30 days", Effect::Same),
            ("31 days", Effect::Replaced),
            ("31 days", Effect::Unknown),
        ] {
            tokio::fs::write(&path, content).await.unwrap();
            if effect == Effect::Unknown {
                store.inject(StoreFault::Unavailable { times: 1 });
            }
            let done = put(&store, "b", &item).await.1.unwrap();
            assert_eq!(done.effect, effect);
            assert!(tally.take(&done));
            let line = done.line(&item);
            assert!(line.starts_with(effect.word()) && line.contains("b/leave.md  from "), "{line}");
            assert_eq!(line.contains("other content stood there"), effect == Effect::Replaced, "{line}");
            assert_eq!(done.in_json()["effect"], effect.word());
            assert_eq!(done.in_json()["document"], "b/leave.md");
        }
        let expected = "put 4 of 5 files, 28 bytes, into b: 1 new, 1 replaced, 1 same, 1 put";
        assert_eq!(tally.line(5, "b"), expected);
    }

    #[test]
    fn of_many_files_those_that_replaced_something_are_named() {
        let file = |effect| PutFile {
            document: DocumentId::new("b", "k").unwrap(),
            size: 1,
            etag: "e".to_owned(),
            effect,
        };
        let mut tally = Tally::default();
        let named = (0..NAMED + 7).filter(|_| tally.take(&file(Effect::New))).count();
        assert_eq!((named, tally.unnamed), (NAMED, 7));
        assert!(tally.take(&file(Effect::Replaced)));
        assert!(!tally.take(&file(Effect::Same)));
    }

    #[test]
    fn two_files_never_become_one_object() {
        let same = vec![item("a/leave.md", "leave.md"), item("a/leave.md", "leave.md")];
        assert_eq!(distinct(same).unwrap(), [item("a/leave.md", "leave.md")]);
        let two = vec![item("hr/leave.md", "leave.md"), item("it/leave.md", "leave.md")];
        let cause = distinct(two).unwrap_err().to_string();
        for words in ["hr/leave.md", "it/leave.md", "put as leave.md", "--prefix"] {
            assert!(cause.contains(words), "{words:?} is not in {cause}");
        }
    }
}
