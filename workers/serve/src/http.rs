#![expect(clippy::disallowed_types, reason = "edge: the HTTP server")]
//! `GET /v1/search?q=…&mode=hybrid|keyword|vector&size=10`, `GET /healthz`, `GET /readyz`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::Encoder;
use serde::Deserialize;
use serde_json::json;
use sink::Reader;
use telemetry::{Counter, Histogram, count, observe};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tracing::warn;

use crate::search::{Mode, Search, SearchError};

/// A question waits at most this long for its answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// The parameters of a search.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default)]
    q: String,
    #[serde(default)]
    mode: Mode,
    #[serde(default = "ten")]
    size: usize,
}

fn ten() -> usize {
    10
}

/// Serves until `stopping` is ready, then lets requests in hand finish.
///
/// # Errors
/// When the address cannot be bound, or serving fails.
pub async fn serve<E: Encoder + 'static, R: Reader>(
    listen: SocketAddr,
    search: Arc<Search<E, R>>,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    axum::serve(listener, routes(search)).with_graceful_shutdown(stopping).await
}

/// Everything that is served.
pub fn routes<E: Encoder + 'static, R: Reader>(search: Arc<Search<E, R>>) -> axum::Router {
    axum::Router::new()
        .route("/v1/search", get(answer::<E, R>))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready::<E, R>))
        .with_state(search)
}

async fn answer<E: Encoder + 'static, R: Reader>(
    State(search): State<Arc<Search<E, R>>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    let parameters = match parameters {
        Ok(Query(parameters)) => parameters,
        Err(rejection) => return refusal(StatusCode::BAD_REQUEST, "question", &rejection.body_text()),
    };
    let begun = Instant::now();
    count(Counter::Questions, 1);
    let work = search.answer(&parameters.q, parameters.mode, parameters.size);
    let answered = tokio::time::timeout(DEADLINE, work).await;
    observe(Histogram::QuestionSeconds, begun.elapsed().as_secs_f64());
    match answered {
        Ok(Ok(answer)) => {
            let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            Json(json!({
                "query": parameters.q, "mode": answer.mode, "space": answer.space, "took_ms": took,
                "hits": answer.hits,
            }))
            .into_response()
        }
        Ok(Err(error)) => refused(&error),
        Err(_) => refusal(StatusCode::GATEWAY_TIMEOUT, "timeout", "no answer in time: try again"),
    }
}

async fn ready<E: Encoder + 'static, R: Reader>(State(search): State<Arc<Search<E, R>>>) -> Response {
    match search.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &SearchError) -> Response {
    match error {
        SearchError::Question(words) => refusal(StatusCode::BAD_REQUEST, "question", words),
        SearchError::Unavailable(_) => {
            let cause = process::chain(error);
            warn!(cause, "a question was not answered");
            refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable", &cause)
        }
    }
}

fn refusal(status: StatusCode, kind: &str, words: &str) -> Response {
    (status, Json(json!({ "error": { "type": kind, "message": words } }))).into_response()
}
