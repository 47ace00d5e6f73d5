//! The client of ML Commons. An edge, by [`Patient`]; every wait has a deadline.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::answers::{self, HostedState, KnownModel, Odd, TaskStand};
use super::setting::{self, HostSetting};
use super::trouble::{self, HostTrouble};
use super::upload::Pieces;
use super::{HostedModel, ModelSource, TextSide, bodies};
use crate::error::SinkError;
use crate::opensearch::OpenSearchSettings;
use crate::patient::{Patient, body_of};
use crate::settings::RequestSettings;
use crate::wire::{Body, Method, reason};

/// Between two looks at a task.
const PAUSE: Duration = Duration::from_millis(500);
/// Looks at a model that stays silent about its last piece.
const LOOKS: u32 = 60;
const MODELS: &str = "_plugins/_ml/models";
const GROUPS: &str = "_plugins/_ml/model_groups";
/// What may name a model and embed by it: pipelines of indexing and of searching, and fields of the type `semantic`.
const USERS: [&str; 3] =
    ["_ingest/pipeline", "_search/pipeline", "_mapping?filter_path=**.model_id,**.search_model_id"];
/// What ML Commons says of a file that is not what was announced.
const CHANGED: &str = "model content changed";

/// OpenSearch, as far as it runs models.
#[derive(Clone, Debug)]
pub struct ModelHost {
    pub(super) patient: Patient,
    patience: Duration,
}

/// A model that ML Commons holds whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredModel {
    /// Its id.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Whether it was there before.
    pub existed: bool,
}

impl OpenSearchSettings {
    /// Prepares connections to ML Commons; sends nothing yet. A task (to fetch or to load a model) may take `patience`.
    ///
    /// # Errors
    /// When the settings are invalid.
    pub fn model_host(&self, requests: &RequestSettings, patience: Duration) -> Result<ModelHost, SinkError> {
        Ok(ModelHost { patient: self.patient(requests)?, patience })
    }
}

impl ModelHost {
    /// The engine's address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.patient.url()
    }

    /// Makes sure that the cluster's settings allow such a model: returns those that it set, if it may (`configure`).
    ///
    /// # Errors
    /// [`HostTrouble::Absent`] without ML Commons, [`HostTrouble::Forbidden`] with the settings that are missing; otherwise when
    /// the engine is away or does not tell.
    pub async fn prepare(
        &self,
        source: &ModelSource,
        configure: bool,
    ) -> Result<Vec<HostSetting>, HostTrouble> {
        let unmet = self.unmet(matches!(source, ModelSource::Url(_))).await?;
        if unmet.is_empty() {
            return Ok(unmet);
        }
        if configure {
            self.configure(&unmet).await?;
            return Ok(unmet);
        }
        let what: Vec<String> = unmet.iter().map(ToString::to_string).collect();
        let (url, cause) = (self.url().to_owned(), "it has other settings".to_owned());
        Err(HostTrouble::Forbidden { url, cause, what: format!("set {}", what.join(" and ")) })
    }

    /// The cluster settings that have another value than a model from a file (or from an address, `by_url`) needs.
    async fn unmet(&self, by_url: bool) -> Result<Vec<HostSetting>, HostTrouble> {
        // Cluster settings say nothing of a plugin that is not there.
        self.group("millrace-is-it-there").await?;
        let settings = "_cluster/settings?include_defaults=true&filter_path=*.plugins.ml_commons";
        let settings = self.ask(Method::Get, settings, &Body::Empty).await?;
        let nodes =
            self.ask(Method::Get, "_nodes/_all/settings?filter_path=nodes.*.roles", &Body::Empty).await?;
        Ok(setting::unmet(&settings, &nodes, by_url))
    }

    /// Sets cluster settings, so that they outlive a restart.
    async fn configure(&self, settings: &[HostSetting]) -> Result<(), HostTrouble> {
        let wanted: Vec<(&str, Value)> = settings.iter().map(|one| (one.name, one.wanted.into())).collect();
        let body = bodies::settings(wanted.iter().map(|(name, value)| (*name, value)));
        self.ask(Method::Put, "_cluster/settings", &body_of(&body)).await.map(drop)
    }

    /// Makes the model known, in the group of its name: uses the one that has its digest, or else sends it whole. What is left of
    /// an upload that was interrupted is deleted first. `progress` hears how many of how many pieces are there.
    ///
    /// # Errors
    /// See [`HostTrouble`].
    pub async fn register(
        &self,
        model: &HostedModel,
        source: &ModelSource,
        progress: impl Fn(u64, u64) + Send,
    ) -> Result<RegisteredModel, HostTrouble> {
        let group = match self.group(&model.name).await? {
            Some(group) => group,
            None => self.create_group(&model.name).await?,
        };
        let choice = answers::choose(&self.models(&group).await?, &model.digest);
        for half in &choice.halves {
            warn!(url = self.url(), id = half, "deleting a model whose upload never ended");
            self.delete(half).await?;
        }
        if let Some(id) = choice.same {
            return Ok(RegisteredModel { id, group, existed: true });
        }
        let id = match source {
            ModelSource::File(file) => self.upload(&group, model, (file, &progress)).await?,
            ModelSource::Url(url) => self.fetch(&group, model, url).await?,
        };
        self.findable(&group, &id).await?;
        info!(url = self.url(), id, name = model.name, digest = model.digest, "model registered");
        Ok(RegisteredModel { id, group, existed: false })
    }

    /// Has nodes run a model, and waits until they do: true. Does nothing for one that runs: false.
    ///
    /// # Errors
    /// [`HostTrouble::Failed`] with what the nodes say, [`HostTrouble::Memory`], [`HostTrouble::Late`]; otherwise as
    /// [`ModelHost::register`]. A model whose file is not what was announced is deleted.
    pub async fn deploy(&self, id: &str) -> Result<bool, HostTrouble> {
        if self.known(id).await?.state == HostedState::Deployed {
            return Ok(false);
        }
        let answer = self.ask(Method::Post, &format!("{MODELS}/{id}/_deploy"), &Body::Empty).await?;
        let task = self.read(answers::id_of(&answer, "task_id"))?;
        match self.finished(&task, "deploying").await {
            Err(HostTrouble::Failed { url, doing, cause }) if cause.contains(CHANGED) => {
                self.undeploy(id).await?;
                self.delete(id).await?;
                let cause = format!(
                    "{cause}: its file changed while it was sent, so it was deleted; register it again"
                );
                Err(HostTrouble::Failed { url, doing, cause })
            }
            done => done.map(|_| true),
        }
    }

    /// Has no node run a model any more.
    ///
    /// # Errors
    /// As [`ModelHost::prepare`].
    pub async fn undeploy(&self, id: &str) -> Result<(), HostTrouble> {
        self.ask(Method::Post, &format!("{MODELS}/{id}/_undeploy"), &Body::Empty).await.map(drop)
    }

    /// The vectors of these texts, in their order. `side` is for a model with prefixes, and none for others.
    ///
    /// # Errors
    /// As [`ModelHost::deploy`].
    pub async fn predict(
        &self,
        id: &str,
        texts: &[&str],
        side: Option<TextSide>,
    ) -> Result<Vec<Vec<f32>>, HostTrouble> {
        let path = format!("_plugins/_ml/_predict/text_embedding/{id}");
        let answer = self.ask(Method::Post, &path, &body_of(&bodies::predict(texts, side))).await?;
        self.read(answers::vectors_of(&answer, texts.len()))
    }

    /// Undeploys and deletes the models of a group that are beyond its `keep` newest ones; never `model` itself, and none that
    /// a pipeline names, of indexing or of searching, or a field of an index. Returns their ids.
    ///
    /// # Errors
    /// As [`ModelHost::prepare`].
    pub async fn remove_old(&self, model: &RegisteredModel, keep: usize) -> Result<Vec<String>, HostTrouble> {
        let models = self.models(&model.group).await?;
        let old = answers::beyond(&models, keep, &model.id);
        let mut removed = Vec::new();
        if old.is_empty() {
            return Ok(removed);
        }
        let mut used = BTreeSet::new();
        for place in USERS {
            used.extend(answers::model_ids(&self.ask(Method::Get, place, &Body::Empty).await?));
        }
        for old in old.into_iter().filter(|old| !used.contains(&old.id)) {
            self.undeploy(&old.id).await?;
            self.delete(&old.id).await?;
            removed.push(old.id.clone());
        }
        Ok(removed)
    }

    async fn upload(
        &self,
        group: &str,
        model: &HostedModel,
        (file, progress): (&PathBuf, &(impl Fn(u64, u64) + Send)),
    ) -> Result<String, HostTrouble> {
        let mut pieces = Pieces::open(file, model.bytes).await?;
        let body = body_of(&bodies::register_meta(group, model));
        let answer = self.ask(Method::Post, &format!("{MODELS}/_register_meta"), &body).await?;
        let id = self.read(answers::id_of(&answer, "model_id"))?;
        let total = bodies::pieces(model.bytes);
        // In order: when the last has come, ML Commons takes the model for whole.
        while let Some((number, piece)) = pieces.next().await? {
            // It refuses the type of plain bytes, and reads none of this as JSON.
            self.ask(Method::Post, &format!("{MODELS}/{id}/upload_chunk/{number}"), &Body::Json(piece))
                .await?;
            progress(number + 1, total);
        }
        for _ in 0..LOOKS {
            if self.known(&id).await?.state != HostedState::Uploading {
                return Ok(id);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(self.late("registering", PAUSE * LOOKS))
    }

    /// Waits until a search finds the model whole: before that, whoever registers it again would take it for half an upload, delete
    /// it, and send it a second time.
    async fn findable(&self, group: &str, id: &str) -> Result<(), HostTrouble> {
        for _ in 0..LOOKS {
            let is_whole = |known: &KnownModel| known.id == id && known.state != HostedState::Uploading;
            if self.models(group).await?.iter().any(is_whole) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(self.late("finding", PAUSE * LOOKS))
    }

    async fn fetch(&self, group: &str, model: &HostedModel, url: &str) -> Result<String, HostTrouble> {
        let body = body_of(&bodies::register_url(group, model, url));
        let answer = self.ask(Method::Post, &format!("{MODELS}/_register"), &body).await?;
        let task = self.read(answers::id_of(&answer, "task_id"))?;
        let id = self.finished(&task, "fetching").await?;
        self.read(id.ok_or_else(|| "a task is done that names no model".to_owned()))
    }

    /// Waits until a task is done; returns the model that it names.
    async fn finished(&self, task: &str, doing: &'static str) -> Result<Option<String>, HostTrouble> {
        let started = Instant::now();
        loop {
            let answer = self.ask(Method::Get, &format!("_plugins/_ml/tasks/{task}"), &Body::Empty).await?;
            match self.read(answers::task(&answer))? {
                TaskStand::Done(model) => return Ok(model),
                TaskStand::Failed(cause) if trouble::is_memory(&cause) => {
                    return Err(HostTrouble::Memory { url: self.url().to_owned(), cause });
                }
                TaskStand::Failed(cause) => {
                    return Err(HostTrouble::Failed { url: self.url().to_owned(), doing, cause });
                }
                TaskStand::Going if started.elapsed() > self.patience => {
                    return Err(self.late(doing, self.patience));
                }
                TaskStand::Going => debug!(url = self.url(), task, doing, "waiting for a task"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The group of this name.
    async fn group(&self, name: &str) -> Result<Option<String>, HostTrouble> {
        let body = body_of(&bodies::find_group(name));
        Ok(answers::group_of(&self.ask(Method::Post, &format!("{GROUPS}/_search"), &body).await?))
    }

    async fn create_group(&self, name: &str) -> Result<String, HostTrouble> {
        let path = format!("{GROUPS}/_register");
        let response = self.patient.send(Method::Post, &path, &body_of(&bodies::group(name))).await?;
        if response.status != 200 {
            let cause = reason(&response.body);
            // Somebody else, or a repetition of this very request, was faster. A search may not see it yet; the refusal names it.
            if let Some((_, id)) = cause.rsplit_once("model group with ID: ") {
                return Ok(id.trim_end_matches('.').to_owned());
            }
            return Err(trouble::of_response(self.patient.refused(&response, &path), &response));
        }
        self.read(answers::id_of(&self.patient.json(&response)?, "model_group_id"))
    }

    /// The models of a group, newest first.
    async fn models(&self, group: &str) -> Result<Vec<KnownModel>, HostTrouble> {
        let body = body_of(&bodies::find_models(group));
        let answer = self.ask(Method::Post, &format!("{MODELS}/_search"), &body).await?;
        self.read(answers::models_of(&answer))
    }

    async fn known(&self, id: &str) -> Result<KnownModel, HostTrouble> {
        let answer = self.ask(Method::Get, &format!("{MODELS}/{id}"), &Body::Empty).await?;
        self.read(answers::known(id, &answer))
    }

    async fn delete(&self, id: &str) -> Result<(), HostTrouble> {
        let path = format!("{MODELS}/{id}");
        let response = self.patient.send(Method::Delete, &path, &Body::Empty).await?;
        match response.status {
            200 | 404 => Ok(()),
            _ => Err(trouble::of_response(self.patient.refused(&response, &path), &response)),
        }
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: &Body) -> Result<Value, HostTrouble> {
        let response = match self.patient.send(method, path, body).await {
            Ok(response) => response,
            Err(SinkError::Unavailable { url, cause, retry_after }) => {
                let said = cause.clone();
                return Err(trouble::of_cause(SinkError::Unavailable { url, cause, retry_after }, &said));
            }
            Err(error) => return Err(error.into()),
        };
        match response.status {
            200 | 201 => Ok(self.patient.json(&response)?),
            _ => Err(trouble::of_response(self.patient.refused(&response, path), &response)),
        }
    }

    fn read<T>(&self, result: Result<T, Odd>) -> Result<T, HostTrouble> {
        let url = self.url().to_owned();
        result.map_err(|cause| HostTrouble::Failed { url, doing: "telling of", cause })
    }

    fn late(&self, doing: &'static str, waited: Duration) -> HostTrouble {
        HostTrouble::Late { url: self.url().to_owned(), doing, seconds: waited.as_secs() }
    }
}
