#![expect(clippy::disallowed_types, reason = "edge: the address of the HTTP server")]
//! The server and its page, over the parts in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use objects::FolderStore;
use process::Failure;
use serve::http::connection::ConnectionDeadlines;
use serve::http::guard::Gate;
use serve::http::upload::Uploads;
use serve::http::{Parts, ServedBucket, Server, serve_at};
use serve::llm::Models;
use serve::pipeline::Pipeline;
use serve::{Search, Snapshot};
use stream::memory::Memory;
use tokio::net::TcpListener;

use super::prepared::SharedEncoder;
use super::stages::{Ground, Pipelines};
use crate::cli::Try;

/// The parts of a server in this process.
#[derive(Debug)]
struct InProcess;

impl Parts for InProcess {
    type Encoder = SharedEncoder;
    type Reader = sink::MemoryEngine;
    type Catalog = sink::MemoryEngine;
    type Store = FolderStore;
    type Topics = Memory;
}

/// Starts serving, until the ground is closed; returns the address.
pub(super) async fn serve(
    ask: &Try,
    ground: &Ground,
    encoder: SharedEncoder,
    tasks: &mut Pipelines,
) -> Result<SocketAddr, Failure> {
    // Any free port will do for a command that answers and ends: nobody opens its page.
    let port = if ask.questions.is_empty() { ask.port } else { 0 };
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(wanted).await.map_err(|error| {
        format!("{wanted} cannot be served: {error}; choose another port with --port (0: any that is free)")
    })?;
    let address = listener.local_addr()?;
    let names = sink::Sink::names(&ground.engine);
    let generation = names.generation();
    let server: Server<InProcess> = Server {
        search: Search::new(Snapshot::new(&generation.name, encoder, ground.engine.clone(), names.clone())),
        catalog: ground.engine.clone(),
        models: Models::open(&ask.llm)?,
        bucket: Some(ServedBucket { name: ask.bucket(), store: ground.store.clone() }),
        pipeline: Some(Pipeline::new(ground.broker.clone(), vec!["index"])),
        generations: None,
        engine: "memory",
        gate: Arc::new(Gate::new(None, 0)),
        index: names.index().to_owned(),
        uploads: Uploads::new(usize::try_from(ask.largest_document)?),
    };
    let mut closing = ground.closing.subscribe();
    let stopping = async move {
        let _asked = closing.wait_for(|closing| *closing).await.is_ok();
    };
    tasks.spawn(async move {
        serve_at(listener, Arc::new(server), ConnectionDeadlines::default(), stopping).await;
        Ok(())
    });
    Ok(address)
}
