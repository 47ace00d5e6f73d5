#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "edge: the admin port, served by one task for the life of the process"
)]
//! The admin port of every worker: `/metrics`, `/healthz`, `/readyz`. Read-only.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use telemetry::MetricsPage;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};
use tracing::info;

use crate::Host;

/// How often observations are sorted into histogram buckets, whether or not anybody reads the page.
const SETTLED_EVERY: Duration = Duration::from_secs(5);

/// The content type of the metrics page.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An address that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the admin port cannot be served on {address}: choose a free address with MILLRACE_METRICS_LISTEN")]
pub struct AdminError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Serves `page` and the readiness of `host` on `address` until the process ends. Returns the actual address: for
/// port 0 the system chooses one.
///
/// # Errors
/// When the address is in use or not of this machine.
pub async fn open(address: SocketAddr, page: MetricsPage, host: &Host) -> Result<SocketAddr, AdminError> {
    let failed = |source| AdminError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let metrics = Router::new().route("/metrics", get(metrics)).with_state(page.clone());
    let health = Router::new().route("/healthz", get(async || "alive\n")).route("/readyz", get(ready));
    let routes = metrics.merge(health.with_state(host.clone()));
    tokio::spawn(async move {
        tokio::select! {
            served = axum::serve(listener, routes) => drop(served),
            () = settle(&page) => {}
        }
    });
    info!(address = %bound, "admin port");
    Ok(bound)
}

async fn settle(page: &MetricsPage) {
    let mut ticks = interval(SETTLED_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        page.settle();
    }
}

async fn metrics(State(page): State<MetricsPage>) -> impl IntoResponse {
    ([(CONTENT_TYPE, PROMETHEUS)], page.text())
}

async fn ready(State(host): State<Host>) -> impl IntoResponse {
    let state =
        if host.is_stopping() { Err("asked to stop: draining".to_owned()) } else { host.readiness().state() };
    match state {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, format!("{cause}\n")),
    }
}
