#![expect(clippy::disallowed_types, reason = "edge: the HTTP server")]
//! The HTTP interface.

mod application;
mod ask;
mod chat;
pub mod connection;
mod document;
mod feedback;
mod generations;
pub mod guard;
pub mod host;
mod mcp;
mod me;
mod pace;
mod page;
mod pipeline;
pub mod refusal;
mod retrieval;
mod search;
mod training;
pub mod upload;

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
use crate::application::{AnswerModel, Application, Offer};
use crate::generations::Generations;
use crate::llm::Models;
use crate::pipeline::{Pipeline, Watched};
use crate::search::Search;
use connection::ConnectionDeadlines;
use guard::Gate;
use refusal::HttpRefusal;
use upload::Uploads;

/// Timeout of a request that is not a question, for store and engine together.
const DEADLINE: Duration = Duration::from_secs(20);
/// Maximum size of a body in bytes, except for uploads.
const LARGEST_BODY: usize = 1024 * 1024;

/// Maximum size of a judgement in bytes: a reason of [`crate::feedback::LONGEST_REASON`] characters, each as two escapes, and more
/// than enough for the rest.
const LARGEST_FEEDBACK: usize = 16 * 1024;

/// The components of a server.
pub trait Parts: Send + Sync + 'static {
    /// Embeds questions.
    type Encoder: Encoder + 'static;
    /// Searches.
    type Reader: Reader;
    /// Stores applications.
    type Catalog: Catalog;
    /// Stores documents.
    type Store: Store;
    /// The topics of the pipeline.
    type Topics: Watched;
}

/// The bucket of documents.
#[derive(Debug)]
pub struct ServedBucket<S> {
    /// Its name.
    pub name: String,
    /// Its object store.
    pub store: S,
}

/// The server.
pub struct Server<P: Parts> {
    /// Answers questions, from the served snapshot.
    pub search: Search<P::Encoder, P::Reader>,
    /// The applications. Independent of the generation, so that they survive a switch to another one.
    pub catalog: P::Catalog,
    /// The models that write answers.
    pub models: Models,
    /// The bucket of documents; without one they can be neither listed nor uploaded.
    pub bucket: Option<ServedBucket<P::Store>>,
    /// The state of the pipeline according to Kafka, if configured.
    pub pipeline: Option<Pipeline<P::Topics>>,
    /// The generations of the index, if a registry is followed.
    pub generations: Option<Generations<P::Topics>>,
    /// The kind of engine.
    pub engine: &'static str,
    /// Checks keys and rates.
    pub gate: Arc<Gate>,
    /// The outside name of the index.
    pub index: String,
    /// Takes uploaded files.
    pub uploads: Uploads,
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
        Application::built_in(AnswerModel { provider: provider.to_owned(), model })
    }
}

/// Serves until `stopping` is ready, then lets current requests finish, until a deadline.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve<P: Parts>(
    listen: SocketAddr,
    server: Arc<Server<P>>,
    stopping: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    serve_at(listener, server, ConnectionDeadlines::default(), stopping).await;
    Ok(())
}

/// The same with a listener that is already bound, and other deadlines.
pub async fn serve_at<P: Parts>(
    listener: TcpListener,
    server: Arc<Server<P>>,
    deadlines: ConnectionDeadlines,
    stopping: impl Future<Output = ()> + Send,
) {
    connection::serve(listener, routes(server, deadlines.body), deadlines, stopping).await;
}

/// All routes, grouped by the role they need, whose bodies come in time. There are no CORS headers, so pages of other sites
/// cannot read answers.
fn routes<P: Parts>(server: Arc<Server<P>>, patience: Duration) -> Router {
    let guarded = |routes: Router<Arc<Server<P>>>, role: AccessRole| {
        routes.layer(from_fn_with_state((Arc::clone(&server.gate), role), guard::admit))
    };
    let read = Router::new()
        .route("/v1/me", get(me::get::<P>))
        .route("/v1/search", get(search::get::<P>).post(search::post::<P>))
        .route("/v1/ask", post(ask::post::<P>))
        .route("/v1/models", get(chat::models::<P>))
        .route("/v1/models/{name}", get(chat::one_model::<P>))
        .route("/v1/chat/completions", post(chat::post::<P>))
        .route("/v1/feedback", post(feedback::post::<P>).layer(DefaultBodyLimit::max(LARGEST_FEEDBACK)))
        .route("/v1/documents", get(document::list::<P>))
        .route("/v1/document", get(document::get::<P>))
        .route("/retrieval", post(retrieval::post::<P>))
        .route_service("/mcp", mcp::service(&server))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    let write = Router::new().route("/v1/documents", put(document::put::<P>).delete(document::delete::<P>));
    let admin = Router::new()
        .route("/v1/pipeline", get(pipeline::get::<P>))
        .route("/v1/generations", get(generations::list::<P>))
        .route("/v1/training", get(training::get::<P>))
        .route("/v1/generations/rollback", post(generations::roll_back::<P>))
        .route("/v1/generations/{id}/promote", post(generations::promote::<P>))
        .route("/v1/generations/{id}/pause", post(generations::pause::<P>))
        .route("/v1/generations/{id}/resume", post(generations::resume::<P>))
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
        .layer(from_fn_with_state(patience, pace::keep))
        .layer(from_fn_with_state(Arc::clone(&server.gate), guard::house))
        .layer(from_fn(guard::name))
        .with_state(server)
}

async fn ready<P: Parts>(State(server): State<Arc<Server<P>>>) -> Response {
    match server.search.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            // Anybody may call this, so it does not reveal engine and index; the log and the admin port do.
            let message = error.to_string();
            HttpRefusal { message, ..HttpRefusal::from(error) }.into_response()
        }
    }
}
