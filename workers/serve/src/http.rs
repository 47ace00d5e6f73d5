#![expect(clippy::disallowed_types, reason = "edge: the HTTP server")]
//! Everything that is served over HTTP.

mod application;
mod ask;
mod chat;
mod document;
pub mod guard;
mod mcp;
mod me;
mod page;
mod pipeline;
pub mod refusal;
mod search;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use model::Encoder;
use objects::Store;
use sink::{Catalog, Reader};
use tokio::net::TcpListener;

use crate::access::AccessRole;
use crate::application::{AnswerWriter, Application, Offer};
use crate::llm::Models;
use crate::pipeline::{Pipeline, Watched};
use crate::search::Search;
use guard::Gate;
use refusal::HttpRefusal;

/// A request that is no question waits at most this long for store and engine.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes of a body that is no upload.
const LARGEST_BODY: usize = 1024 * 1024;

/// What a server is made of.
pub trait Parts: Send + Sync + 'static {
    /// What embeds questions.
    type Encoder: Encoder + 'static;
    /// What is searched.
    type Reader: Reader;
    /// What keeps applications.
    type Catalog: Catalog;
    /// Where documents are.
    type Store: Store;
    /// What moves them on their way here.
    type Topics: Watched;
}

/// The bucket that documents are in.
#[derive(Debug)]
pub struct ServedBucket<S> {
    /// Its name.
    pub name: String,
    /// The store that it is in.
    pub store: S,
}

/// What is served.
pub struct Server<P: Parts> {
    /// Answers questions, from the snapshot that is served.
    pub search: Search<P::Encoder, P::Reader>,
    /// Where applications are: beside the generations, so that they stay when another one is served.
    pub catalog: P::Catalog,
    /// Who writes answers.
    pub models: Models,
    /// Where documents are; none: they are neither listed nor uploaded.
    pub bucket: Option<ServedBucket<P::Store>>,
    /// What the broker says of the pipeline; none where there is none.
    pub pipeline: Option<Pipeline<P::Topics>>,
    /// What the engine is.
    pub engine: &'static str,
    /// Who may come in.
    pub gate: Arc<Gate>,
    /// What the index is called outside.
    pub index: String,
    /// Bytes of an upload at most.
    pub largest_upload: usize,
}

impl<P: Parts> std::fmt::Debug for Server<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("index", &self.index).field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl<P: Parts> Server<P> {
    fn bucket(&self) -> Result<&ServedBucket<P::Store>, HttpRefusal> {
        self.bucket.as_ref().ok_or_else(|| {
            HttpRefusal::not_found(
                "bucket here: start serve with MILLRACE_BUCKET and the settings of its store",
            )
        })
    }

    fn offer(&self) -> Offer<'_> {
        Offer { index: &self.index, providers: Models::PROVIDERS }
    }

    fn built_in(&self) -> Application {
        let (provider, model) = self.models.default_writer();
        Application::built_in(AnswerWriter { provider: provider.to_owned(), model })
    }
}

/// Serves until `stopping` is ready, then lets requests in hand finish.
///
/// # Errors
/// When the address cannot be bound, or serving fails.
pub async fn serve<P: Parts>(
    listen: SocketAddr,
    server: Arc<Server<P>>,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve_at(TcpListener::bind(listen).await?, server, stopping).await
}

/// The same at an address that is bound already.
///
/// # Errors
/// When serving fails.
pub async fn serve_at<P: Parts>(
    listener: TcpListener,
    server: Arc<Server<P>>,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, routes(server)).with_graceful_shutdown(stopping).await
}

/// Everything that is served, by the role that it needs. There are no CORS headers: no other site's page may read answers.
pub fn routes<P: Parts>(server: Arc<Server<P>>) -> Router {
    let guarded = |routes: Router<Arc<Server<P>>>, role: AccessRole| {
        routes.layer(from_fn_with_state((Arc::clone(&server.gate), role), guard::admit))
    };
    let read = Router::new()
        .route("/v1/me", get(me::get::<P>))
        .route("/v1/search", get(search::get::<P>).post(search::post::<P>))
        .route("/v1/ask", post(ask::post::<P>))
        .route("/v1/models", get(chat::models::<P>))
        .route("/v1/chat/completions", post(chat::post::<P>))
        .route("/v1/documents", get(document::list::<P>))
        .route("/v1/document", get(document::get::<P>))
        .route_service("/mcp", mcp::service(&server))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    let write = Router::new()
        .route("/v1/documents", put(document::put::<P>).delete(document::delete::<P>))
        .layer(DefaultBodyLimit::max(server.largest_upload));
    let admin = Router::new()
        .route("/v1/pipeline", get(pipeline::get::<P>))
        .route("/_application/rag", get(application::list::<P>).post(application::create::<P>))
        .route(
            "/_application/rag/{name}",
            get(application::get::<P>).put(application::put::<P>).delete(application::delete::<P>),
        )
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    Router::new()
        .route("/", get(page::index))
        .route("/assets/app.js", get(page::script))
        .route("/assets/app.css", get(page::style))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready::<P>))
        .merge(guarded(read, AccessRole::Read))
        .merge(guarded(write, AccessRole::Write))
        .merge(guarded(admin, AccessRole::Admin))
        .fallback(async || HttpRefusal::not_found("such path here"))
        .layer(from_fn(guard::name))
        .with_state(server)
}

async fn ready<P: Parts>(State(server): State<Arc<Server<P>>>) -> Response {
    match server.search.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            // Anybody may ask this: which engine and index it is about, the log and the admin port tell.
            let message = error.to_string();
            HttpRefusal { message, ..HttpRefusal::from(error) }.into_response()
        }
    }
}
