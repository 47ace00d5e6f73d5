#![expect(clippy::disallowed_types, reason = "edge: the connections of the HTTP server")]
//! The connections of the HTTP server, each with deadlines. `axum::serve` has none, so a client that says half a request would
//! hold a connection, and the end of the process, for as long as it likes.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

/// How long clients may keep a connection waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionDeadlines {
    /// Until the header of the next request is whole. So it is also how long an idle connection is kept.
    pub header: Duration,
    /// Until a body begins, and between its pieces.
    pub body: Duration,
    /// Until the requests in progress are answered when the server stops.
    pub drain: Duration,
}

impl Default for ConnectionDeadlines {
    fn default() -> Self {
        Self {
            // Usual proxies keep an idle connection for 60 s: they should be the ones who close it.
            header: Duration::from_secs(75),
            body: Duration::from_secs(20),
            // A question has 20 s; and Kubernetes kills what has not ended after 30.
            drain: Duration::from_secs(25),
        }
    }
}

/// Serves `routes` until `stopping` is ready; then lets the requests in progress finish until the deadline, and cuts off the others.
pub(super) async fn serve(
    mut listener: TcpListener,
    routes: Router,
    deadlines: ConnectionDeadlines,
    stopping: impl Future<Output = ()>,
) {
    // Only HTTP/1: for a client that says nothing, the choice between versions has no deadline.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(deadlines.header);
    let builder = Arc::new(builder);
    let (closing, asked) = watch::channel(());
    let mut open = JoinSet::new();
    let mut stopping = pin!(stopping);
    loop {
        tokio::select! {
            () = stopping.as_mut() => break,
            (stream, _) = Listener::accept(&mut listener) => {
                open.spawn(converse(stream, routes.clone(), Arc::clone(&builder), asked.clone()));
            }
            Some(_ended) = open.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(());
    let all = async { while open.join_next().await.is_some() {} };
    if timeout(deadlines.drain, all).await.is_err() {
        warn!(connections = open.len(), drain = ?deadlines.drain, "not all requests ended in time: they are cut off");
        open.shutdown().await;
    }
}

/// One connection, to its end.
async fn converse(
    stream: TcpStream,
    routes: Router,
    builder: Arc<Builder<TokioExecutor>>,
    mut asked: watch::Receiver<()>,
) {
    let service = TowerToHyperService::new(routes);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _closing = asked.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        debug!(cause = process::chain(error.as_ref()), "a connection broke off");
    }
}
