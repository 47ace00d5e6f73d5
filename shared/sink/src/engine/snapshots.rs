//! Snapshots of both indexes, which the engine keeps in a repository: a folder that all of its nodes see, or a bucket.

use std::collections::BTreeMap;
use std::time::Duration;

use generation::Names;
use serde_json::Value;
use tracing::info;

use super::Engine;
use crate::ensured::Ensured;
use crate::error::SinkError;
use crate::wire::{Body, Method, Request, Response, reason};

mod bodies;

pub use bodies::{
    EngineSnapshot, InvalidSnapshotName, RestoreProgress, SnapshotName, SnapshotState, fits_snapshot,
};

/// How long one request may take: the engine reads and writes the repository meanwhile, which may be a slow bucket.
const LONGEST: Duration = Duration::from_mins(10);
/// The engine's words for a snapshot that is not there.
const MISSING: &str = "snapshot_missing_exception";

impl Engine {
    /// The state of both indexes, which have to be there and to be this generation's. Creates nothing.
    ///
    /// # Errors
    /// [`SinkError::Missing`] when one is not there, [`SinkError::Mismatch`] when it is for another space or dimension.
    pub async fn standing(&self) -> Result<Ensured, SinkError> {
        let generation = self.names.generation();
        self.check_both(&generation.space, Some(generation.dimension)).await?;
        let [chunks, documents] = bodies::both(&self.names);
        let (chunks, documents) = (self.state(&chunks, false).await?, self.state(&documents, false).await?);
        Ok(Ensured { chunks, documents })
    }

    /// Registers a repository of this `kind` (`s3`, `fs`) with settings of the engine, or changes one; the engine tries whether
    /// each of its nodes can write there. It gets a folder named like the engine within the place that is set.
    ///
    /// # Errors
    /// When the engine is away, has no such kind of repository, or cannot write there.
    pub async fn register_repository(
        &self,
        repository: &SnapshotName,
        kind: &str,
        settings: &BTreeMap<String, String>,
    ) -> Result<(), SinkError> {
        let body = bodies::repository(self.server.kind(), kind, settings);
        self.answered(Method::Put, format!("_snapshot/{repository}"), Some(body)).await.map(drop)
    }

    /// All snapshots in a repository, also those that are not Millrace's.
    ///
    /// # Errors
    /// When the engine is away, or has no such repository.
    pub async fn snapshots(&self, repository: &SnapshotName) -> Result<Vec<EngineSnapshot>, SinkError> {
        let path = format!("_snapshot/{repository}/_all");
        let answer = self.answered(Method::Get, path, None).await?;
        bodies::snapshots(&answer).map_err(|cause| self.unusable(&cause))
    }

    /// One snapshot; none when there is none of this name.
    ///
    /// # Errors
    /// As [`Engine::snapshots`].
    pub async fn snapshot(
        &self,
        repository: &SnapshotName,
        name: &SnapshotName,
    ) -> Result<Option<EngineSnapshot>, SinkError> {
        let path = format!("_snapshot/{repository}/{name}");
        let response = self.asked(Method::Get, path.clone(), None).await?;
        if is_missing(&response) {
            return Ok(None);
        }
        match bodies::snapshots(&self.read(&response, &path)?) {
            Ok(found) => Ok(found.into_iter().next()),
            Err(cause) if cause.contains(MISSING) => Ok(None),
            Err(cause) => Err(self.unusable(&cause)),
        }
    }

    /// Begins a snapshot of both indexes and keeps `note` with it (see [`fits_snapshot`]). It holds at least what was written
    /// before this call, and the engine goes on by itself: [`Engine::snapshot`] tells how far it is.
    ///
    /// # Errors
    /// As [`Engine::snapshots`]; also when a snapshot has this name, or an index is not there.
    pub async fn begin_snapshot(
        &self,
        repository: &SnapshotName,
        name: &SnapshotName,
        note: &Value,
    ) -> Result<(), SinkError> {
        let path = format!("_snapshot/{repository}/{name}?wait_for_completion=false");
        self.answered(Method::Put, path, Some(bodies::create(&self.names, note))).await?;
        info!(url = self.server.url(), %repository, %name, "snapshot begun");
        Ok(())
    }

    /// Deletes a snapshot; false when there was none of this name.
    ///
    /// # Errors
    /// As [`Engine::snapshots`].
    pub async fn delete_snapshot(
        &self,
        repository: &SnapshotName,
        name: &SnapshotName,
    ) -> Result<bool, SinkError> {
        let path = format!("_snapshot/{repository}/{name}");
        let response = self.asked(Method::Delete, path.clone(), None).await?;
        if is_missing(&response) {
            return Ok(false);
        }
        self.read(&response, &path).map(|_| true)
    }

    /// Begins to restore the indexes of `from`, another generation of the same index, under the names of this one. They get no
    /// aliases, so that nobody writes or serves them yet; [`Engine::restored`] tells how far it is.
    ///
    /// # Errors
    /// As [`Engine::snapshots`]; also when the snapshot lacks one of them, or an index has one of the names already.
    pub async fn begin_restore(
        &self,
        repository: &SnapshotName,
        name: &SnapshotName,
        from: &Names,
    ) -> Result<(), SinkError> {
        let path = format!("_snapshot/{repository}/{name}/_restore?wait_for_completion=false");
        self.answered(Method::Post, path, Some(bodies::restore(from, &self.names))).await?;
        info!(url = self.server.url(), %repository, %name, "restore begun");
        Ok(())
    }

    /// How far the indexes of this generation are restored.
    ///
    /// # Errors
    /// When the engine is away.
    pub async fn restored(&self) -> Result<RestoreProgress, SinkError> {
        let both = bodies::both(&self.names);
        let mut missing = Vec::new();
        for index in &both {
            let response = self.asked(Method::Head, index.clone(), None).await?;
            match response.status {
                200 => {}
                404 => missing.push(format!("the index {index} is not there")),
                _ => return Err(self.refused(&response, index)),
            }
        }
        if missing.len() == both.len() {
            return Ok(RestoreProgress::Absent);
        }
        // A restore makes both at once.
        if !missing.is_empty() {
            return Ok(RestoreProgress::Failed(missing));
        }
        let columns = "index,shard,prirep,state,unassigned.reason,unassigned.details";
        let path = format!("_cat/shards/{}?format=json&h={columns}", both.join(","));
        Ok(bodies::progress(&both, &self.answered(Method::Get, path, None).await?))
    }

    /// Whether the indexes of this generation, which are there, were restored from this snapshot, as far as the engine knows: it
    /// forgets that when a shard moves or its node is started again.
    ///
    /// # Errors
    /// When the engine is away, or an index is not there.
    pub async fn is_restored_from(
        &self,
        repository: &SnapshotName,
        name: &SnapshotName,
    ) -> Result<bool, SinkError> {
        let path = format!("{}/_recovery", bodies::both(&self.names).join(","));
        let recovery = self.answered(Method::Get, path, None).await?;
        Ok(bodies::is_from(&recovery, (repository, name)))
    }

    /// Sends a request with a long deadline and returns the answer, whatever its status.
    async fn asked(&self, method: Method, path: String, body: Option<Value>) -> Result<Response, SinkError> {
        let body = body.map_or(Body::Empty, |body| Body::Json(body.to_string().into()));
        let request = Request { method, path, body, timeout: LONGEST };
        self.server.send(request).await.map_err(|failure| self.unavailable(failure.0))
    }

    async fn answered(&self, method: Method, path: String, body: Option<Value>) -> Result<Value, SinkError> {
        let response = self.asked(method, path.clone(), body).await?;
        self.read(&response, &path)
    }

    fn read(&self, response: &Response, path: &str) -> Result<Value, SinkError> {
        match response.status {
            200..=299 => self.json(&response.body),
            _ => Err(self.refused(response, path)),
        }
    }

    /// What an error status means here. Engines answer a repository or a snapshot at fault as if the server were in trouble, or
    /// an index not there.
    fn refused(&self, response: &Response, path: &str) -> SinkError {
        let cause = reason(&response.body);
        match response.status {
            401 | 403 => self.failed(response, path),
            _ if cause.contains("repository_") => self.unusable(&cause),
            400..=407 | 409..=428 | 500 => SinkError::Rejected {
                url: self.server.url().to_owned(),
                operation: path.to_owned(),
                status: response.status,
                cause,
            },
            _ => self.failed(response, path),
        }
    }

    fn unusable(&self, cause: &str) -> SinkError {
        let (engine, url) = (self.server.kind(), self.server.url());
        SinkError::Setting {
            setting: "the snapshot repository",
            cause: format!(
                "{engine} at {url}: {cause}; --repository-type and --repository-setting register one of a kind that this \
                 engine has (USING.md, \"Snapshots\"), and --engines names those that are asked at all"
            ),
        }
    }
}

fn is_missing(response: &Response) -> bool {
    response.status == 404 && reason(&response.body).contains(MISSING)
}
