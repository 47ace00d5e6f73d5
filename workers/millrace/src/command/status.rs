//! `status [NAME] [--watch] [--until-searchable]`.

mod single;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use generation::Target;
use message::{DocumentId, Status};
use process::Failure;
use serde::Serialize;
use sink::{Reader, SinkError};
use stream::kafka::Kafka;
use tokio::time::{Instant, sleep};

use super::audit::is_equal;
use crate::audit::{Rules, scan, status_name};
use crate::cli;
use crate::entries::Entries;
use crate::merge::Cursor;
use crate::show::{self, ShownBar};
use crate::world::{Lag, Wait, World};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Maximum number of refused documents that are named, and of those without text; all are counted.
const NAMED: usize = 1_000;

/// The state of bucket, ledger, engines and workers.
#[derive(Debug, Serialize)]
struct Picture {
    /// Counts from bucket and ledger.
    #[serde(flatten)]
    counts: Counts,
    /// Document records and passages of each engine; none while it is unavailable or has no index.
    engines: BTreeMap<&'static str, Option<Held>>,
    /// Each worker and how far it is behind.
    lags: Vec<Lag>,
}

/// Counts from bucket and ledger.
#[derive(Debug, Default, Serialize)]
struct Counts {
    /// Objects in the bucket that are documents.
    objects: u64,
    /// Objects whose current etag is not the ledger's, and entries whose object is gone.
    unread: u64,
    /// Documents of the ledger by status.
    ledger: BTreeMap<&'static str, u64>,
    /// Those whose objects are in this bucket: the ledger knows all buckets.
    #[serde(skip)]
    here: BTreeMap<&'static str, u64>,
    /// Live passages according to the ledger.
    chunks: u64,
    /// Refused documents with their causes, at most 1,000.
    refused: Vec<(DocumentId, String)>,
    /// Documents without text, at most 1,000.
    empty: Vec<DocumentId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Held {
    documents: u64,
    chunks: u64,
}

pub(super) async fn run(ask: cli::StatusArguments) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world).await?;
    if let Some(name) = &ask.document {
        return single::tell(&world, name, ask.json).await;
    }
    let mut entries = world.entries().await?;
    let deadline = Instant::now() + Duration::from_secs(ask.patience);
    let bar = show::bar(0, "in the engines");
    loop {
        entries.catch_up().await?;
        let picture = picture(&world, &entries).await?;
        let settled = picture.is_settled();
        if !ask.watch && !ask.until_searchable {
            print(&picture, ask.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        progress(&picture, &bar, &ask)?;
        // Counts can agree by chance; only a full comparison is proof.
        if ask.until_searchable && settled && is_equal(&world).await? {
            bar.finish_and_clear();
            print(&picture, ask.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        if ask.until_searchable && Instant::now() > deadline {
            bar.finish_and_clear();
            print(&picture, ask.json)?;
            show::note(&format!(
                "not everything is searchable after {} s: see the lags above, and the workers' logs",
                ask.patience
            ));
            return Ok(ExitCode::FAILURE);
        }
        sleep(PAUSE).await;
    }
}

async fn picture(world: &World, entries: &Entries<Kafka>) -> Result<Picture, Failure> {
    let mut engines = BTreeMap::new();
    for one in &world.engines {
        engines.insert(one.kind.name(), held(&one.engine).await?);
    }
    Ok(Picture { counts: counts(world, entries).await?, engines, lags: world.lags().await? })
}

/// Merges bucket and ledger, so that neither is held in memory.
async fn counts(world: &World, entries: &Entries<Kafka>) -> Result<Counts, Failure> {
    let listing = scan::bucket(&world.store, &world.bucket, &world.scope);
    let mut bucket = Cursor::new("the listing of the bucket", listing);
    let mut ledger = Cursor::new("the ledger", entries.sorted(None));
    let (mut counts, rules) = (Counts::default(), Rules::of(world));
    loop {
        let next = [bucket.peek().await?, ledger.peek().await?].into_iter().flatten().min();
        let Some(document) = next else { return Ok(counts) };
        let (object, entry) = (bucket.next_of(&document).await?, ledger.next_of(&document).await?);
        let known = entry.as_ref().filter(|entry| entry.status != Status::Removed);
        let unread = known.map(|entry| &entry.etag) != object.as_ref();
        counts.unread += u64::from(unread && rules.is_listed(&document));
        counts.objects += u64::from(object.is_some());
        let Some(entry) = entry else { continue };
        *counts.ledger.entry(status_name(entry.status)).or_default() += 1;
        *counts.here.entry(status_name(entry.status)).or_default() += u64::from(object.is_some());
        counts.chunks += entry.chunks.len() as u64;
        match entry.status {
            Status::Refused if counts.refused.len() < NAMED => {
                counts.refused.push((document, entry.cause.unwrap_or_default()));
            }
            Status::Empty if counts.empty.len() < NAMED => counts.empty.push(document),
            Status::Live | Status::Empty | Status::Refused | Status::Removed => {}
        }
    }
}

async fn held<R: Reader>(engine: &R) -> Result<Option<Held>, Failure> {
    let counts = async {
        Ok::<_, SinkError>(Held {
            documents: engine.count(Target::Documents).await?,
            chunks: engine.count(Target::Chunks).await?,
        })
    };
    match counts.await {
        Ok(held) => Ok(Some(held)),
        Err(SinkError::Missing { .. } | SinkError::Unavailable { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Picture {
    /// Document records that each engine should hold.
    fn expected(&self) -> u64 {
        self.counts.ledger.iter().filter(|(status, _)| **status != "removed").map(|(_, count)| count).sum()
    }

    /// Whether nothing seems to be in progress.
    fn is_settled(&self) -> bool {
        let held = Some(Held { documents: self.expected(), chunks: self.counts.chunks });
        self.counts.unread == 0 && self.engines.values().all(|engine| *engine == held)
    }

    /// Number of document records that every engine holds, but at most the number of objects: during deletions, engines
    /// hold more than that.
    fn arrived(&self) -> u64 {
        let held = self.engines.values().map(|engine| engine.map_or(0, |held| held.documents));
        held.chain([self.counts.objects]).min().unwrap_or(0)
    }

    /// Number of objects of this bucket that have this status.
    fn of(&self, status: Status) -> u64 {
        self.counts.here.get(status_name(status)).copied().unwrap_or_default()
    }

    /// Number of objects that can be found: those that arrived, without the ones that have no passages.
    fn searchable(&self) -> u64 {
        self.arrived().saturating_sub(self.of(Status::Refused) + self.of(Status::Empty))
    }

    /// How many objects will not be searchable, and where they are named; nothing when there are none.
    fn unsearchable(&self, named: &str) -> String {
        let counts = [(self.of(Status::Refused), "refused"), (self.of(Status::Empty), "without text")];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
        if counts.is_empty() { String::new() } else { format!("; {} ({named})", counts.join(", ")) }
    }
}

fn progress(picture: &Picture, bar: &ShownBar, ask: &cli::StatusArguments) -> Result<(), Failure> {
    if ask.json {
        return Ok(show::json(picture)?);
    }
    bar.set_length(picture.counts.objects);
    bar.set_position(picture.arrived());
    if bar.is_hidden() || (ask.watch && !ask.until_searchable) {
        show::note(&in_one_line(picture));
    }
    Ok(())
}

fn in_one_line(picture: &Picture) -> String {
    let lags = picture.lags.iter().filter(|lag| lag.behind > 0);
    let lags: Vec<String> = lags.map(|lag| format!("{} {}", lag.worker, lag.behind)).collect();
    let behind =
        if lags.is_empty() { "nobody is behind".to_owned() } else { format!("behind: {}", lags.join(", ")) };
    format!(
        "{} of {} objects searchable in {}{}; {} unread; {behind}",
        picture.searchable(),
        picture.counts.objects,
        picture.engines.keys().copied().collect::<Vec<_>>().join(" and "),
        picture.unsearchable("`millrace status` names them"),
        picture.counts.unread
    )
}

fn print(picture: &Picture, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(show::json(picture)?);
    }
    for line in lines(picture) {
        show::line(&line);
    }
    Ok(())
}

fn lines(picture: &Picture) -> Vec<String> {
    let counts = &picture.counts;
    let statuses: Vec<String> =
        counts.ledger.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let mut lines = vec![
        format!("bucket         {} objects, {} not read yet", counts.objects, counts.unread),
        format!(
            "searchable     {} of {} objects{}",
            picture.searchable(),
            counts.objects,
            picture.unsearchable("named below")
        ),
        format!("ledger         {}; {} chunks live", statuses.join(", "), counts.chunks),
    ];
    lines.extend(picture.engines.iter().map(|(name, held)| match held {
        Some(held) => format!("{name:<14} {} documents, {} chunks", held.documents, held.chunks),
        None => format!("{name:<14} does not answer, or has no index yet"),
    }));
    for lag in &picture.lags {
        lines.push(format!("{:<14} {} behind on {}", lag.worker, lag.behind, lag.topic));
        lines.extend(troubles(lag));
    }
    let refused = counts.refused.iter();
    lines.extend(refused.map(|(document, cause)| format!("refused        {document}: {cause}")));
    lines.extend(unnamed("refused", counts.ledger.get(status_name(Status::Refused)), counts.refused.len()));
    lines.extend(counts.empty.iter().map(|document| format!("without text   {document}")));
    lines.extend(unnamed("without text", counts.ledger.get(status_name(Status::Empty)), counts.empty.len()));
    lines
}

/// How many are not named, if any.
fn unnamed(word: &str, all: Option<&u64>, named: usize) -> Option<String> {
    let more = all?.saturating_sub(named as u64);
    (more > 0).then(|| format!("{word:<14} and {more} more"))
}

/// The records that a worker's partitions wait at, and the partitions that may have missed deletions.
fn troubles(lag: &Lag) -> Vec<String> {
    let waits = lag.waits.iter().map(|Wait { partition, at }| {
        let since = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at.since));
        format!(
            "waits          {}/{partition} at offset {} since {since}: {}; `millrace skip {}/{partition} --reason …` refuses \
             that one record",
            lag.topic, at.offset, at.cause, lag.worker
        )
    });
    let stale = lag.stale.iter().map(|partition| {
        format!(
            "was behind     {} was further behind on {}/{partition} than deletions are kept: run `millrace reconcile` and \
             `millrace audit --repair`",
            lag.worker, lag.topic
        )
    });
    waits.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(key: &str) -> DocumentId {
        DocumentId::new("b", key).unwrap()
    }

    /// 35 objects in both engines: 29 with text, 2 without, 4 refused.
    fn picture() -> Picture {
        let held = Some(Held { documents: 35, chunks: 90 });
        let refused = |n: u8| (document(&format!("{n}.bin")), "binary data".to_owned());
        Picture {
            counts: Counts {
                objects: 35,
                unread: 0,
                ledger: BTreeMap::from([("empty", 2), ("live", 29), ("refused", 4), ("removed", 7)]),
                here: BTreeMap::from([("empty", 2), ("live", 29), ("refused", 4)]),
                chunks: 90,
                refused: (0..4).map(refused).collect(),
                empty: vec![document("a.md"), document("b.md")],
            },
            engines: BTreeMap::from([("elasticsearch", held), ("opensearch", held)]),
            lags: Vec::new(),
        }
    }

    #[test]
    fn what_cannot_be_found_is_counted_beside_what_can_and_named() {
        let picture = picture();
        assert!(picture.is_settled());
        assert_eq!(
            in_one_line(&picture),
            "29 of 35 objects searchable in elasticsearch and opensearch; 4 refused, 2 without text \
             (`millrace status` names them); 0 unread; nobody is behind"
        );
        let lines = lines(&picture);
        for line in [
            "searchable     29 of 35 objects; 4 refused, 2 without text (named below)",
            "refused        b/3.bin: binary data",
            "without text   b/a.md",
        ] {
            assert!(lines.iter().any(|other| other == line), "{line:?} is not in {lines:#?}");
        }
        assert!(!lines.iter().any(|line| line.contains("more")), "{lines:#?}");
    }

    #[test]
    fn where_all_can_be_found_nothing_else_is_said() {
        let mut picture = picture();
        picture.counts.here = BTreeMap::from([("live", 35)]);
        picture.counts.ledger = picture.counts.here.clone();
        (picture.counts.refused, picture.counts.empty) = (Vec::new(), Vec::new());
        assert!(lines(&picture).contains(&"searchable     35 of 35 objects".to_owned()));
        picture.engines.insert("opensearch", None);
        assert!(lines(&picture).contains(&"searchable     0 of 35 objects".to_owned()));
    }

    #[test]
    fn what_is_not_named_is_counted() {
        let mut picture = picture();
        picture.counts.ledger.insert("refused", 1_004);
        assert!(lines(&picture).contains(&"refused        and 1000 more".to_owned()));
    }
}
