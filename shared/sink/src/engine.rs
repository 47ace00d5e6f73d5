//! A search engine with the bulk and search protocol that OpenSearch and Elasticsearch share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use generation::{Cluster, Names};
use message::{DocumentId, Fingerprint, Version};
use serde_json::Value;
use stream::Boottime;
use tokio::sync::OnceCell;

use crate::action::Action;
use crate::ensured::Ensured;
use crate::error::SinkError;
use crate::settings::RequestSettings;
use crate::sink::{OutsideAliases, Sink, Written};
use crate::vectors::VectorKind;
use crate::wire::{Body, Method, Request, Response, Server, reason};

mod aliased;
mod catalog;
mod cluster;
mod ensure;
mod highest;
mod kept;
mod mapping;
mod read;
mod search;
pub(crate) mod snapshots;
mod write;

/// What has been logged, so that a repeated check logs each finding once.
#[derive(Debug, Default)]
struct Told(Mutex<BTreeSet<String>>);

/// What OpenSearch's k-NN plugin (3.6) says of a parameter that it knows, when the first searches after its start arrive at once: it
/// fills the table of names at the first use, unguarded. The next search is answered.
const JUST_STARTED: &str = "unknown method parameter found [ef_search]";

impl Told {
    /// Whether this is said for the first time.
    fn is_news(&self, what: String) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what)
    }
}

/// One generation of indexes on one engine. Clones, and engines made by [`Sink::over`], share the connections.
#[derive(Debug)]
pub struct Engine {
    server: Arc<dyn Server>,
    settings: RequestSettings,
    names: Names,
    /// See [`Reader::fused`](crate::Reader::fused).
    offers_fusion: Arc<OnceCell<bool>>,
    told: Arc<Told>,
}

impl Clone for Engine {
    fn clone(&self) -> Self {
        self.over(self.names.clone())
    }
}

impl Engine {
    pub(crate) fn new(server: impl Server + 'static, settings: RequestSettings, names: Names) -> Self {
        Self {
            server: Arc::new(server),
            settings,
            names,
            offers_fusion: Arc::default(),
            told: Arc::default(),
        }
    }

    /// Sends one request with the deadline and returns the response, whatever its status.
    async fn send(&self, method: Method, path: String, body: Body) -> Result<Response, SinkError> {
        let request = Request { method, path, body, timeout: self.settings.timeout() };
        self.server.send(request).await.map_err(|failure| self.unavailable(failure.0))
    }

    /// Sends one request and parses a JSON response; any status but 200 is an error.
    async fn ask(&self, method: Method, path: String, body: Body) -> Result<Value, SinkError> {
        let operation = path.clone();
        let response = self.send(method, path, body).await?;
        if response.status == 200 {
            self.json(&response.body)
        } else {
            Err(self.failed(&response, &operation))
        }
    }

    fn json(&self, body: &Bytes) -> Result<Value, SinkError> {
        serde_json::from_slice(body).map_err(|error| self.unavailable(format!("the answer was cut: {error}")))
    }

    fn unavailable(&self, cause: impl Into<String>) -> SinkError {
        SinkError::Unavailable { url: self.server.url().to_owned(), cause: cause.into(), retry_after: None }
    }

    /// Turns an error status into the error that tells the caller what to do next.
    fn failed(&self, response: &Response, operation: &str) -> SinkError {
        let mut error = self.sorted(response.status, reason(&response.body), operation);
        if let SinkError::Unavailable { retry_after, .. } = &mut error {
            *retry_after = response.retry_after;
        }
        error
    }

    fn sorted(&self, status: u16, cause: String, operation: &str) -> SinkError {
        let url = self.server.url().to_owned();
        match status {
            401 | 403 => SinkError::Denied { url, cause },
            404 => {
                SinkError::Missing { url, index: operation.split('/').next().unwrap_or(operation).to_owned() }
            }
            408 | 429 | 500 | 502..=504 => {
                let cause = format!("status {status}: {cause}");
                SinkError::Unavailable { url, cause, retry_after: None }
            }
            400 if cause.contains(JUST_STARTED) => {
                let cause = format!("it has just started: {cause}");
                SinkError::Unavailable { url, cause, retry_after: None }
            }
            status => SinkError::Rejected { url, operation: operation.to_owned(), status, cause },
        }
    }

    /// How the vectors of this generation are kept.
    fn vector_kind(&self) -> Result<&'static VectorKind, SinkError> {
        Ok(VectorKind::of(&*self.server, self.names.generation())?)
    }

    fn check_space(&self, space: &Fingerprint) -> Result<(), SinkError> {
        if self.names.space() == space {
            return Ok(());
        }
        Err(SinkError::Mismatch {
            index: self.names.physical(generation::Target::Chunks),
            what: "the space",
            found: self.names.space().to_string(),
            expected: space.to_string(),
        })
    }
}

impl Sink for Engine {
    fn kind(&self) -> &'static str {
        self.server.kind()
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn over(&self, names: Names) -> Self {
        Self {
            server: Arc::clone(&self.server),
            settings: self.settings.clone(),
            names,
            offers_fusion: Arc::clone(&self.offers_fusion),
            told: Arc::clone(&self.told),
        }
    }

    async fn cluster(&self) -> Result<Cluster, SinkError> {
        self.known_cluster().await
    }

    async fn ensure(&self) -> Result<Ensured, SinkError> {
        self.ensure_both().await
    }

    async fn name_outside(&self, whose: OutsideAliases) -> Result<(), SinkError> {
        match whose {
            OutsideAliases::Free => self.claim_outside().await,
            OutsideAliases::All => self.point_outside().await,
        }
    }

    async fn highest(&self, mine: impl Fn(&DocumentId) -> bool + Send) -> Result<Option<Version>, SinkError> {
        self.highest_of(mine).await
    }

    async fn write(&self, batch: Vec<Action>, proved: Boottime) -> Written {
        self.write_all(&batch, proved).await
    }
}
