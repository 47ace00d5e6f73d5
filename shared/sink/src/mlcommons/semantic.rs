//! The index whose field embeds by itself: OpenSearch's field type `semantic`. It needs no pipeline, and a question names no model.
//! An edge, by [`ModelHost`].
//!
//! Source: <https://docs.opensearch.org/latest/mappings/supported-field-types/semantic/>.

use serde_json::{Value, json};
use tracing::info;

use super::direct::DirectIndex;
use super::host::ModelHost;
use super::trouble::HostTrouble;
use crate::patient::body_of;
use crate::settings::RequestSettings;
use crate::vectors::VectorKind;
use crate::wire::{Method, Server, merge};

/// The field that is written and asked.
const FIELD: &str = "text";
/// Where the engine puts its vectors, unasked.
const VECTORS: &str = "text_semantic_info.embedding";
const TYPE: &str = "semantic";
const MODEL_ID: &str = "model_id";

/// The body that creates the index, whose field embeds by the model `id`.
fn body(server: &dyn Server, index: &DirectIndex, id: &str, requests: &RequestSettings) -> Value {
    let mut settings = json!({
        "number_of_shards": requests.index_shards, "number_of_replicas": requests.index_replicas,
    });
    merge(&mut settings, server.vector_settings());
    // Dimension and similarity come from what ML Commons knows of the model, and may not be named. The library may: by default it is
    // another one than everywhere else here.
    let kinds = VectorKind::defaults(server).unwrap_or_default();
    let vectors = kinds.first().copied().map(VectorKind::field);
    let field = json!({"type": TYPE, MODEL_ID: id, "dense_embedding_config": vectors});
    json!({
        "settings": {"index": settings},
        "mappings": {"_meta": index.meta(), "properties": {FIELD: field}},
    })
}

impl ModelHost {
    /// Whether the index is there already, with a field of the type `semantic`. Writes nothing.
    ///
    /// # Errors
    /// [`HostTrouble::Other`] when it is there and of no use: another dimension, another model, another type.
    pub async fn has_semantic(&self, index: &DirectIndex) -> Result<bool, HostTrouble> {
        self.semantic_field(index).await.map(|field| field.is_some())
    }

    /// Creates the index if it is missing, and has its field embed by the model `id`.
    ///
    /// # Errors
    /// [`HostTrouble::NoSemantic`] where the engine does not know the type; otherwise as [`ModelHost::has_semantic`].
    pub async fn open_semantic(
        &self,
        index: &DirectIndex,
        id: &str,
        requests: &RequestSettings,
    ) -> Result<(), HostTrouble> {
        if let Some(field) = self.semantic_field(index).await? {
            return self.embed_by(index, field, id).await;
        }
        let body = body_of(&body(self.patient.server(), index, id, requests));
        match self.ask(Method::Put, &index.index, &body).await {
            Ok(_) => {
                info!(url = self.url(), index = index.index, model = id, "index created");
                Ok(())
            }
            // Somebody else was faster; what it is is looked at.
            Err(error) if error.to_string().contains("resource_already_exists") => {
                self.semantic_field(index).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// Has a field that is there embed by the model `id`: the same model may have another id, once it was registered anew.
    async fn embed_by(&self, index: &DirectIndex, mut field: Value, id: &str) -> Result<(), HostTrouble> {
        if field.get(MODEL_ID).and_then(Value::as_str) == Some(id) {
            return Ok(());
        }
        // The field is sent whole: what were left out would count as changed, and the model alone may change.
        merge(&mut field, json!({MODEL_ID: id}));
        let body = body_of(&json!({"properties": {FIELD: field}}));
        self.ask(Method::Put, &format!("{}/_mapping", index.index), &body).await.map(drop)
    }

    /// The field as the mapping has it, if the index is there.
    async fn semantic_field(&self, index: &DirectIndex) -> Result<Option<Value>, HostTrouble> {
        let Some(fields) = self.fields(index, VECTORS).await? else { return Ok(None) };
        let field = fields.get(FIELD).cloned().unwrap_or_default();
        if field.get("type").and_then(Value::as_str) != Some(TYPE) {
            return Err(index.other(format!("something else: its field {FIELD} is not of the type {TYPE}")));
        }
        Ok(Some(field))
    }
}
