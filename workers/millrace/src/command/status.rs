//! `status [KEY] [--watch] [--until-searchable]`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use generation::Target;
use indicatif::ProgressBar;
use message::{DocumentId, DocumentRecord, LeftOut, Status};
use process::Failure;
use serde::Serialize;
use serde_json::json;
use sink::{Reader, SinkError};
use stream::kafka::Kafka;
use tokio::time::{Instant, sleep};

use super::audit::is_equal;
use crate::audit::{Rules, scan, status_name};
use crate::cli;
use crate::entries::Entries;
use crate::merge::Cursor;
use crate::show;
use crate::world::{Lag, Wait, World};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Maximum number of refused documents that are named; all are counted.
const REFUSED: usize = 1_000;

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
    /// Live passages according to the ledger.
    chunks: u64,
    /// Refused documents with their causes, at most 1,000.
    refused: Vec<(DocumentId, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Held {
    documents: u64,
    chunks: u64,
}

pub(super) async fn run(ask: cli::StatusArguments) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world).await?;
    if let Some(key) = &ask.key {
        return one(&world, &DocumentId::new(&world.bucket, key)?, ask.json).await;
    }
    let mut entries = world.entries().await?;
    let deadline = Instant::now() + Duration::from_secs(ask.patience);
    let bar = show::bar(0, "searchable");
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
        counts.chunks += entry.chunks.len() as u64;
        if entry.status == Status::Refused && counts.refused.len() < REFUSED {
            counts.refused.push((document, entry.cause.unwrap_or_default()));
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
    fn searchable(&self) -> u64 {
        let held = self.engines.values().map(|engine| engine.map_or(0, |held| held.documents));
        held.chain([self.counts.objects]).min().unwrap_or(0)
    }
}

fn progress(picture: &Picture, bar: &ProgressBar, ask: &cli::StatusArguments) -> Result<(), Failure> {
    if ask.json {
        return Ok(show::json(picture)?);
    }
    bar.set_length(picture.counts.objects);
    bar.set_position(picture.searchable());
    if bar.is_hidden() || (ask.watch && !ask.until_searchable) {
        let lags: Vec<String> = picture
            .lags
            .iter()
            .filter(|lag| lag.behind > 0)
            .map(|lag| format!("{} {}", lag.worker, lag.behind))
            .collect();
        let behind = if lags.is_empty() {
            "nobody is behind".to_owned()
        } else {
            format!("behind: {}", lags.join(", "))
        };
        show::note(&format!(
            "{} of {} objects searchable in {}, {} unread; {behind}",
            picture.searchable(),
            picture.counts.objects,
            picture.engines.keys().copied().collect::<Vec<_>>().join(" and "),
            picture.counts.unread
        ));
    }
    Ok(())
}

fn print(picture: &Picture, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(show::json(picture)?);
    }
    let counts = &picture.counts;
    let statuses: Vec<String> =
        counts.ledger.iter().map(|(status, count)| format!("{count} {status}")).collect();
    show::line(&format!("bucket         {} objects, {} not read yet", counts.objects, counts.unread));
    show::line(&format!("ledger         {}; {} chunks live", statuses.join(", "), counts.chunks));
    for (name, held) in &picture.engines {
        show::line(&match held {
            Some(held) => format!("{name:<14} {} documents, {} chunks", held.documents, held.chunks),
            None => format!("{name:<14} does not answer, or has no index yet"),
        });
    }
    for lag in &picture.lags {
        show::line(&format!("{:<14} {} behind on {}", lag.worker, lag.behind, lag.topic));
        for line in troubles(lag) {
            show::line(&line);
        }
    }
    for (document, cause) in &counts.refused {
        show::line(&format!("refused        {document}: {cause}"));
    }
    Ok(())
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

/// Everything about one document.
async fn one(world: &World, document: &DocumentId, as_json: bool) -> Result<ExitCode, Failure> {
    use objects::Store as _;

    let object = world.store.head(document).await?;
    let entry = world.entries().await?.entry(document)?;
    let entry = entry.as_ref();
    let mut stored = Vec::with_capacity(world.engines.len());
    for one in &world.engines {
        stored.push((one.kind.name(), one.engine.document(document).await?.map(|stored| stored.record)));
    }
    let record = stored.iter().find_map(|(_, record)| record.as_ref());
    if as_json {
        let is_current = |record: &Option<DocumentRecord>| {
            record.as_ref().map(|record| record.version) == entry.map(|entry| entry.version)
        };
        let mut told = json!({
            "document": document, "object": object.as_ref().map(|o| json!({ "etag": o.etag, "size": o.size })),
            "ledger": entry, "searchable": entry.is_some() && stored.iter().all(|(_, record)| is_current(record)),
            "content": record.map(|record| json!({
                "title": record.title, "format": record.format, "language": record.language, "parts": record.parts,
                "left_out": record.left_out,
            })),
        });
        for (name, record) in &stored {
            told[*name] = json!(record.as_ref().map(|record| record.version));
        }
        show::json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    show::line(&format!("document       {document}"));
    show::line(&match &object {
        Some(object) => format!("bucket         {} bytes, etag {}", object.size, object.etag),
        None => "bucket         not there".to_owned(),
    });
    show::line(&match entry {
        Some(entry) => {
            let cause = entry.cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
            let read =
                if object.as_ref().is_some_and(|o| o.etag != entry.etag) { " (an older etag)" } else { "" };
            format!(
                "ledger         version {}, {}{read}{cause}; {} chunks",
                entry.version,
                status_name(entry.status),
                entry.chunks.len()
            )
        }
        None => "ledger         never read".to_owned(),
    });
    for (name, record) in &stored {
        show::line(&match record {
            Some(record) => {
                format!("{name:<14} version {}, {} chunks", record.version, record.chunks.len())
            }
            None => format!("{name:<14} no record"),
        });
    }
    for line in record.into_iter().flat_map(content) {
        show::line(&line);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a record says about the content of its document.
fn content(record: &DocumentRecord) -> Vec<String> {
    let title = record.title.as_ref().map(|title| format!("\"{title}\""));
    let about = [record.format.clone(), record.language.clone(), title].into_iter().flatten();
    let about: Vec<String> = about.chain(show::parts(&record.parts)).collect();
    let left_out = record.left_out.iter();
    let left_out = left_out.map(|LeftOut { name, cause }| format!("left out       {name}: {cause}"));
    (!about.is_empty())
        .then(|| format!("content        {}", about.join(", ")))
        .into_iter()
        .chain(left_out)
        .collect()
}
