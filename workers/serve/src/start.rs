//! Assembles a server and runs it.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use generation::Names;
use model::{Bundle, Encoder, OnnxSettings, Reranker};
use objects::S3Store;
use process::{Failure, Host, Readiness};
use sink::{Catalog, EngineKind, Reader, Sink};
use stream::kafka::Kafka;
use tokio::sync::{oneshot, watch};
use tokio::time::{Duration, sleep};
use tracing::{info, warn};

use crate::access::file::KeyFile;
use crate::audit_log::AuditLog;
use crate::config::{Config, RrfBy};
use crate::encoders::OpenEncoder;
use crate::following::{FollowSettings, FollowedSearch};
use crate::further::FurtherBundles;
use crate::generations::Generations;
use crate::http::guard::Gate;
use crate::http::upload::Uploads;
use crate::http::{self, Parts, ServedBucket, Server};
use crate::llm::Models;
use crate::pipeline::Pipeline;
use crate::rerank::Reranking;
use crate::sample::{Sample, SampleSettings};
use crate::search::Search;

/// How often the admin port's readiness is updated.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// What the caller has opened.
pub struct Opened<E> {
    /// The served indexes.
    pub names: Names,
    /// The engine that is searched.
    pub engine: EngineKind,
    /// Makes the encoders of further generations.
    pub open: OpenEncoder<E>,
    /// The bundles that these are made from.
    pub further: FurtherBundles,
    /// The settings.
    pub config: Config,
}

/// A server with S3 and any search engine.
#[derive(Debug)]
struct OverS3<E, R, C>(PhantomData<(E, R, C)>);

impl<E: Encoder + 'static, R: Reader, C: Catalog> Parts for OverS3<E, R, C> {
    type Encoder = E;
    type Reader = R;
    type Catalog = C;
    type Store = S3Store;
    type Topics = Kafka;
}

/// Serves until the process is asked to stop.
///
/// # Errors
/// When a setting is invalid, or the address cannot be bound.
pub async fn start<E: Encoder + 'static, R: Reader + Sink, C: Catalog>(
    Opened { names, engine, open, further, config }: Opened<E>,
    search: Search<E, R>,
    catalog: C,
    host: Host,
) -> Result<(), Failure> {
    let listen = config.serve_listen;
    let keys = config.serve_keys.as_deref().map(KeyFile::open).transpose()?;
    check_open(listen, keys.is_some())?;
    let log = audit_log(config.serve_audit_log.as_deref()).await?;
    let gate = Gate::new(keys, config.serve_rate).with_hosts(config.serve_hosts.unwrap_or_default());
    let store = S3Store::new(&config.store)?;
    let bucket = config.bucket.map(|name| ServedBucket { name, store: store.clone() });
    let kafka = Kafka::new(&config.kafka);
    let again = reranker(config.serve_reranker.as_deref(), config.serve_rerank_depth, &config.encoder.onnx)?;
    let engines = config.engines.written.clone();
    let writers = engines.iter().map(|engine| engine.worker()).collect();
    let kept = SampleSettings {
        share: config.serve_sample,
        feedback: config.serve_feedback,
        mask: config.serve_mask,
    };
    let (telling, heard) = watch::channel(None);
    let server: Server<OverS3<E, R, C>> = Server {
        search: search
            .with_reranker(again)
            .fused_by_engine(config.serve_rrf == RrfBy::Engine)
            .with_sample(Sample::start(kafka.clone(), kept))
            .with_floor(config.serve_least_relevance),
        catalog,
        models: Models::open(&config.llm)?,
        bucket,
        pipeline: Some(Pipeline::new(kafka.clone(), writers)),
        generations: Some(Generations::new(kafka.clone(), &config.index.index, engines, heard.clone())),
        engine: engine.name(),
        gate: Arc::new(gate.with_log(log)),
        index: config.index.index,
        uploads: Uploads::new(config.serve_largest_upload),
    };
    let (provider, _) = server.models.default_writer();
    info!(address = %listen, model = names.generation().name, answers = provider, "serving");
    let (server, readiness) = (Arc::new(server), host.readiness().clone());
    let following = FollowedSearch::new(&server.search, FollowSettings::new(instance()))?;
    let following = following.with_encoders(open).telling(telling);
    let stopping = async move { host.stopping().await };
    // The others learn that this process is gone when its last request has been answered.
    let (done, over) = oneshot::channel::<()>();
    let serving = async {
        let ended = http::serve(listen, Arc::clone(&server), stopping).await;
        drop(done);
        ended
    };
    let following = Box::pin(following.run(kafka, async { drop(over.await) }));
    tokio::select! {
        (ended, ()) = async { tokio::join!(serving, following) } => ended.map_err(|error| {
            format!("{listen} cannot be served: {error}; choose a free address with MILLRACE_SERVE_LISTEN").into()
        }),
        never = tell(&server.search, &readiness) => match never {},
        never = further.keep(store, heard) => match never {},
    }
}

async fn audit_log(path: Option<&Path>) -> Result<Option<AuditLog>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let opened = AuditLog::start(path).await.map_err(|error| {
        format!("MILLRACE_SERVE_AUDIT_LOG names {}, which cannot be written: {error}", path.display())
    });
    Ok(Some(opened?))
}

/// Without keys everybody may do everything, so only this machine may connect.
fn check_open(listen: SocketAddr, has_keys: bool) -> Result<(), Failure> {
    if !has_keys && !listen.ip().is_loopback() {
        return Err(format!(
            "{listen} can be reached from other machines, and without keys everybody may do everything: make keys with \
             `millrace key` and name their file in MILLRACE_SERVE_KEYS, or serve 127.0.0.1"
        )
        .into());
    }
    if !has_keys {
        warn!("no keys are configured: everybody on this machine may do everything");
    }
    Ok(())
}

/// What this process is called in the registry: by its machine and its number there, so that people find it, and by when it
/// started, because a container has the same number each time.
#[expect(clippy::disallowed_methods, reason = "edge: the name of this machine")]
fn instance() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("serve");
    format!("{name}-{}-{}", std::process::id(), stream::wall_seconds())
}

/// Keeps the admin port's readiness equal to that of `/readyz` here.
async fn tell<E: Encoder, R: Reader>(search: &Search<E, R>, readiness: &Readiness) -> Infallible {
    loop {
        let was = readiness.state();
        match search.ready().await {
            Ok(()) => {
                if was.is_err() {
                    info!("ready: the indexes are there");
                }
                readiness.ready();
            }
            Err(error) => {
                let cause = process::chain(&error);
                if was.is_ok() {
                    warn!(cause, "not ready any more");
                }
                readiness.waits(cause);
            }
        }
        sleep(TOLD_EVERY).await;
    }
}

fn reranker(folder: Option<&Path>, depth: usize, onnx: &OnnxSettings) -> Result<Option<Reranking>, Failure> {
    let open = |folder| Ok(Reranking::new(Reranker::open(&Bundle::open(folder)?, onnx)?, depth));
    folder.map(open).transpose()
}
