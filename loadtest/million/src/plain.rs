#![expect(clippy::disallowed_methods, reason = "edge: a measurement reads the clock")]
//! The same data loaded plainly: ready bulk requests of 5 MB from files, sent by the engine's own client, as many at a
//! time as there are partitions. No versions, no log, no retries: what a load can cost at least.

use std::path::{Path, PathBuf};
use std::time::Instant;

use elasticsearch::Elasticsearch;
use elasticsearch::http::transport as elastic_transport;
use generation::{Names, Target};
use message::Embedded;
use opensearch::OpenSearch;
use opensearch::http::transport as open_transport;
use process::Failure;
use serde_json::{Value, json};
use sink::{Action, EngineKind, EngineSettings, Operation, Reader, Sink, action_of};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};
use tokio::task::JoinSet;

use crate::data;
use crate::world::World;

/// Bytes of a request.
const BULK: usize = 5 << 20;
/// What the index is called, beside that of the workers.
const NAME: &str = "plain";

/// Writes one file of requests for each of `parts` senders: pairs of lines, the document records last of each document.
pub(crate) async fn prepare(
    world: &World,
    count: u64,
    (folder, parts): (&Path, u64),
) -> Result<Value, Failure> {
    let names = Names::new(NAME, &world.generation)?;
    tokio::fs::create_dir_all(folder).await?;
    let mut files = Vec::new();
    for part in 0..parts {
        files.push(BufWriter::with_capacity(1 << 20, File::create(path(folder, part)).await?));
    }
    let mut bytes = 0;
    for number in 0..data::documents(count) {
        let document = data::document(number, count, (&world.generation, &world.encoder)).await?;
        let chunks = document.chunks.into_iter().map(Embedded::Chunk);
        for record in chunks.chain([Embedded::Document(document.record)]) {
            let action = action_of(&record, &world.generation.space)?;
            let lines = lines(&action, &names);
            bytes += lines.len();
            let file = usize::try_from(number % parts).ok().and_then(|part| files.get_mut(part));
            file.ok_or("no such part")?.write_all(&lines).await?;
        }
    }
    for mut file in files {
        file.flush().await?;
    }
    Ok(json!({"bytes": bytes, "parts": parts}))
}

fn path(folder: &Path, part: u64) -> PathBuf {
    folder.join(format!("part-{part}.ndjson"))
}

fn lines(action: &Action, names: &Names) -> Vec<u8> {
    let index = names.physical(action.target);
    let mut lines = json!({"index": {"_index": index, "_id": action.id}}).to_string().into_bytes();
    lines.push(b'\n');
    if let Operation::Put(body) = &action.operation {
        lines.extend_from_slice(body);
        lines.push(b'\n');
    }
    lines
}

/// Loads what [`prepare`] wrote into an index of its own, counts it, and deletes the index if the engine lets it.
pub(crate) async fn load(
    world: &World,
    engine: EngineKind,
    (folder, parts): (&Path, u64),
) -> Result<Value, Failure> {
    let names = Names::new(NAME, &world.generation)?;
    let client = Client::connect(engine, &world.settings.engines)?;
    anew((&world.engine(engine, &names)?, &names), client, (folder, parts)).await
}

/// The engine's own client.
#[derive(Clone)]
enum Client {
    OpenSearch(OpenSearch),
    Elasticsearch(Elasticsearch),
}

impl Client {
    fn connect(engine: EngineKind, settings: &EngineSettings) -> Result<Self, Failure> {
        match engine {
            EngineKind::Opensearch => {
                let url = settings.opensearch.opensearch_url.parse()?;
                let pool = open_transport::SingleNodeConnectionPool::new(url);
                let transport = open_transport::TransportBuilder::new(pool).disable_proxy().build()?;
                Ok(Self::OpenSearch(OpenSearch::new(transport)))
            }
            EngineKind::Elasticsearch => {
                let url = settings.elasticsearch.elasticsearch_url.parse()?;
                let pool = elastic_transport::SingleNodeConnectionPool::new(url);
                let transport = elastic_transport::TransportBuilder::new(pool).disable_proxy().build()?;
                Ok(Self::Elasticsearch(Elasticsearch::new(transport)))
            }
        }
    }

    /// Deletes the indexes; ones that are not there are deleted already.
    async fn delete(&self, names: &Names) -> Result<(), Failure> {
        for target in [Target::Chunks, Target::Documents] {
            let index = names.physical(target);
            let status = match self {
                Self::OpenSearch(client) => {
                    let parts = opensearch::indices::IndicesDeleteParts::Index(&[&index]);
                    client.indices().delete(parts).send().await?.status_code().as_u16()
                }
                Self::Elasticsearch(client) => {
                    let parts = elasticsearch::indices::IndicesDeleteParts::Index(&[&index]);
                    client.indices().delete(parts).send().await?.status_code().as_u16()
                }
            };
            if !matches!(status, 200 | 404) {
                return Err(format!("the index {index} cannot be deleted: status {status}").into());
            }
        }
        Ok(())
    }

    /// Sends ready lines, and fails unless every item was taken.
    async fn bulk(&self, lines: String) -> Result<(), Failure> {
        let answer: Value = match self {
            Self::OpenSearch(client) => {
                client.bulk(opensearch::BulkParts::None).body(vec![lines]).send().await?.json().await?
            }
            Self::Elasticsearch(client) => {
                client.bulk(elasticsearch::BulkParts::None).body(vec![lines]).send().await?.json().await?
            }
        };
        match answer.get("errors").and_then(Value::as_bool) {
            Some(false) => Ok(()),
            _ => Err(format!(
                "a plain bulk failed: {}",
                answer.to_string().chars().take(600).collect::<String>()
            )
            .into()),
        }
    }
}

/// Loads into a new index, whatever an earlier run left.
async fn anew<E: Sink + Reader>(
    (index, names): (&E, &Names),
    client: Client,
    (folder, parts): (&Path, u64),
) -> Result<Value, Failure> {
    client.delete(names).await?;
    index.ensure().await?;
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for part in 0..parts {
        senders.spawn(send(client.clone(), path(folder, part)));
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    index.refresh().await?;
    let (chunks, documents) = (index.count(Target::Chunks).await?, index.count(Target::Documents).await?);
    // An engine that is still merging a million vectors may not delete them in time: the next load, or wiping, does.
    if let Err(error) = client.delete(names).await {
        tracing::warn!(%error, "the plain index stays");
    }
    Ok(json!({"seconds": seconds, "chunks": chunks, "documents": documents}))
}

/// Sends a file in requests of [`BULK`] bytes, one after another.
async fn send(client: Client, file: PathBuf) -> Result<(), Failure> {
    let mut lines = BufReader::with_capacity(1 << 20, File::open(file).await?).lines();
    let mut request = String::with_capacity(BULK);
    while let Some(header) = lines.next_line().await? {
        let item = lines.next_line().await?.ok_or("a file of requests is cut")?;
        if !request.is_empty() && request.len() + header.len() + item.len() + 2 > BULK {
            client.bulk(std::mem::replace(&mut request, String::with_capacity(BULK))).await?;
        }
        request.push_str(&header);
        request.push('\n');
        request.push_str(&item);
        request.push('\n');
    }
    client.bulk(request).await
}
