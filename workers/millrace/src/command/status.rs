//! `status [KEY] [--watch] [--until-searchable]`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use message::{DocumentId, LedgerEntry, Status};
use process::Failure;
use serde::Serialize;
use serde_json::json;
use sink::{Reader, SinkError, Target};
use tokio::time::{Instant, sleep};

use super::audit::look;
use crate::audit::{LedgerView, Listing, status_name};
use crate::cli;
use crate::show;
use crate::world::{Lag, World};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Where everything is.
#[derive(Debug, Serialize)]
struct Picture {
    /// Objects in the bucket.
    objects: usize,
    /// Objects that the ledger does not know in this version, and entries whose object is gone.
    unread: usize,
    /// Documents of the ledger by status.
    ledger: BTreeMap<&'static str, usize>,
    /// Passages that the ledger says are live.
    chunks: usize,
    /// Each engine: its document records and passages; none while it does not answer or has no index.
    engines: BTreeMap<&'static str, Option<Held>>,
    /// Each worker and how far it is behind.
    lags: Vec<Lag>,
    /// Refused documents with their causes.
    refused: Vec<(DocumentId, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Held {
    documents: u64,
    chunks: u64,
}

pub(super) async fn run(ask: cli::Status) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world)?;
    if let Some(key) = &ask.key {
        return one(&world, &DocumentId::new(&world.bucket, key)?, ask.json).await;
    }
    let (mut ledger, mut positions) = (LedgerView::new(), Vec::new());
    let deadline = Instant::now() + Duration::from_secs(ask.patience);
    let bar = show::bar(0, "searchable");
    loop {
        world.follow_ledger(&mut ledger, &mut positions).await?;
        let picture = picture(&world, &world.listing().await?, &ledger).await?;
        let settled = picture.is_settled();
        if !ask.watch && !ask.until_searchable {
            print(&picture, ask.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        progress(&picture, &bar, &ask)?;
        // Counts can agree by accident; only the comparison of everything is proof.
        if ask.until_searchable && settled && look(&world).await?.equal {
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

async fn picture(world: &World, bucket: &Listing, ledger: &LedgerView) -> Result<Picture, Failure> {
    let known = |(document, etag): &(&DocumentId, &String)| {
        ledger.get(*document).is_some_and(|entry| entry.status != Status::Removed && entry.etag == **etag)
    };
    let unread = bucket.iter().filter(|pair| !known(pair)).count();
    let gone =
        |entry: &&LedgerEntry| entry.status != Status::Removed && !bucket.contains_key(&entry.document);
    let mut statuses = BTreeMap::new();
    for entry in ledger.values() {
        *statuses.entry(status_name(entry.status)).or_default() += 1;
    }
    let refused = ledger.values().filter(|entry| entry.status == Status::Refused);
    Ok(Picture {
        objects: bucket.len(),
        unread: unread + ledger.values().filter(gone).count(),
        ledger: statuses,
        chunks: ledger.values().map(|entry| entry.chunks.len()).sum(),
        engines: BTreeMap::from([
            ("opensearch", held(&world.opensearch).await?),
            ("elasticsearch", held(&world.elasticsearch).await?),
        ]),
        lags: world.lags().await?,
        refused: refused
            .map(|entry| (entry.document.clone(), entry.cause.clone().unwrap_or_default()))
            .collect(),
    })
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
        let records = self.ledger.iter().filter(|(status, _)| **status != "removed");
        records.map(|(_, count)| *count as u64).sum()
    }

    /// True when nothing seems to be on its way.
    fn is_settled(&self) -> bool {
        let held = Some(Held { documents: self.expected(), chunks: self.chunks as u64 });
        self.unread == 0 && self.engines.values().all(|engine| *engine == held)
    }

    /// Document records that both engines hold; while deletions are under way they hold more than there are objects.
    fn searchable(&self) -> u64 {
        let held = self.engines.values().map(|engine| engine.map_or(0, |held| held.documents));
        held.chain([self.objects as u64]).min().unwrap_or(0)
    }
}

fn progress(picture: &Picture, bar: &ProgressBar, ask: &cli::Status) -> Result<(), Failure> {
    if ask.json {
        return Ok(show::json(picture)?);
    }
    bar.set_length(picture.objects as u64);
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
            "{} of {} objects searchable in both engines, {} unread; {behind}",
            picture.searchable(),
            picture.objects,
            picture.unread
        ));
    }
    Ok(())
}

fn print(picture: &Picture, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return Ok(show::json(picture)?);
    }
    let statuses: Vec<String> =
        picture.ledger.iter().map(|(status, count)| format!("{count} {status}")).collect();
    show::line(&format!("bucket         {} objects, {} not read yet", picture.objects, picture.unread));
    show::line(&format!("ledger         {}; {} chunks live", statuses.join(", "), picture.chunks));
    for (name, held) in &picture.engines {
        show::line(&match held {
            Some(held) => format!("{name:<14} {} documents, {} chunks", held.documents, held.chunks),
            None => format!("{name:<14} does not answer, or has no index yet"),
        });
    }
    for lag in &picture.lags {
        show::line(&format!("{:<14} {} behind on {}", lag.worker, lag.behind, lag.topic));
    }
    for (document, cause) in &picture.refused {
        show::line(&format!("refused        {document}: {cause}"));
    }
    Ok(())
}

/// Everything about one document.
async fn one(world: &World, document: &DocumentId, as_json: bool) -> Result<ExitCode, Failure> {
    use objects::Store as _;

    let object = world.store.head(document).await?;
    let (mut ledger, mut positions) = (LedgerView::new(), Vec::new());
    world.follow_ledger(&mut ledger, &mut positions).await?;
    let entry = ledger.get(document);
    let opensearch = world.opensearch.document(document).await?;
    let elasticsearch = world.elasticsearch.document(document).await?;
    let current = |stored: &Option<sink::StoredDocument>| {
        stored.as_ref().map(|stored| stored.record.version) == entry.map(|entry| entry.version)
    };
    let searchable = current(&opensearch) && current(&elasticsearch) && entry.is_some();
    if as_json {
        show::json(&json!({
            "document": document, "object": object.as_ref().map(|o| json!({ "etag": o.etag, "size": o.size })),
            "ledger": entry, "opensearch": opensearch.map(|s| s.record.version),
            "elasticsearch": elasticsearch.map(|s| s.record.version), "searchable": searchable,
        }))?;
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
    for (name, stored) in [("opensearch", &opensearch), ("elasticsearch", &elasticsearch)] {
        show::line(&match stored {
            Some(stored) => {
                format!("{name:<14} version {}, {} chunks", stored.record.version, stored.record.chunks.len())
            }
            None => format!("{name:<14} no record"),
        });
    }
    Ok(ExitCode::SUCCESS)
}
