//! The index that takes text from anyone: a pipeline embeds what is written. An edge, by [`ModelHost`].

use message::Fingerprint;
use serde_json::{Value, json};
use tracing::info;

use super::bodies;
use super::host::ModelHost;
use super::trouble::{self, HostTrouble};
use crate::action::EMBEDDING;
use crate::patient::body_of;
use crate::settings::RequestSettings;
use crate::vectors::VectorKind;
use crate::wire::{Body, Method, Server, merge};

/// Where the fields stand in a mapping.
const FIELDS: &str = "/mappings/properties";

/// An index that takes text from anyone in its field `text`, and has a model embed it: by a pipeline, into the field `embedding`
/// ([`ModelHost::open_direct`]), or by the type of the field itself ([`ModelHost::open_semantic`]). It is apart from the indexes of
/// generations, which no one else writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectIndex {
    /// Its name.
    pub index: String,
    /// The fingerprint of what computes its vectors.
    pub model: Fingerprint,
    /// What that is called, for people.
    pub name: String,
    /// Dimension of its vectors.
    pub dimension: usize,
}

impl DirectIndex {
    /// The name of the pipeline that embeds what is written to it.
    #[must_use]
    pub fn pipeline(&self) -> String {
        format!("millrace-{}", self.index)
    }

    /// Why an index of this name is of no use, by what `_mapping` says; none when it is the one, with its vectors in `place`: the
    /// names of fields, with points between them.
    fn problem(&self, server: &dyn Server, mapping: &Value, place: &str) -> Option<String> {
        let found =
            mapping.as_object().filter(|found| found.len() == 1).and_then(|found| found.get(&self.index));
        let Some(found) = found else { return Some("another index: this name is an alias".to_owned()) };
        let field = found.pointer(&format!("{FIELDS}/{}", place.replace('.', "/properties/")));
        let (dimension, similarity) = server.vectors_of(field.unwrap_or(&Value::Null));
        match dimension {
            None => return Some(format!("something else: it has no vectors in {place}")),
            Some(dimension) if dimension != self.dimension as u64 => {
                return Some(format!("vectors of the dimension {dimension}"));
            }
            Some(_) => {}
        }
        if similarity != server.cosine() {
            return Some(format!("vectors that are compared by {similarity}"));
        }
        let model = found.pointer("/mappings/_meta/model").and_then(Value::as_str).unwrap_or("unknown");
        if model != self.model.as_str() {
            let name = found.pointer("/mappings/_meta/name").and_then(Value::as_str).unwrap_or("?");
            return Some(format!("vectors of the model {name} ({model})"));
        }
        None
    }

    /// What says in a mapping whose vectors these are.
    pub(super) fn meta(&self) -> Value {
        json!({"model": self.model, "name": self.name, "dimension": self.dimension})
    }

    /// Why an index of this name is refused that was made for something else.
    pub(super) fn other(&self, found: String) -> HostTrouble {
        let Self { index, model, name, dimension } = self;
        let expected = format!("one of the dimension {dimension} of the model {name} ({model})");
        HostTrouble::Other { index: index.clone(), found, expected }
    }

    /// The body that creates it.
    fn body(&self, server: &dyn Server, requests: &RequestSettings) -> Value {
        let kinds = VectorKind::defaults(server).unwrap_or_default();
        let vector = kinds.first().map(|kind| server.vector_field(self.dimension, kind));
        let mut index = json!({
            "number_of_shards": requests.index_shards, "number_of_replicas": requests.index_replicas,
            "default_pipeline": self.pipeline(),
        });
        merge(&mut index, server.vector_settings());
        json!({
            "settings": {"index": index},
            "mappings": {
                "_meta": self.meta(),
                "properties": {"text": {"type": "text"}, EMBEDDING: vector},
            },
        })
    }
}

impl ModelHost {
    /// Whether the index is there already. Writes nothing.
    ///
    /// # Errors
    /// [`HostTrouble::Other`] when it is there and of no use: another dimension, another model.
    pub async fn has_direct(&self, direct: &DirectIndex) -> Result<bool, HostTrouble> {
        self.fields(direct, EMBEDDING).await.map(|fields| fields.is_some())
    }

    /// The fields of the index, if it is there, and has vectors of this model in `place`.
    pub(super) async fn fields(
        &self,
        direct: &DirectIndex,
        place: &str,
    ) -> Result<Option<Value>, HostTrouble> {
        let path = format!("{}/_mapping", direct.index);
        let response = self.patient.send(Method::Get, &path, &Body::Empty).await?;
        match response.status {
            200 => {}
            404 => return Ok(None),
            _ => return Err(trouble::of_response(self.patient.refused(&response, &path), &response)),
        }
        let mapping = self.patient.json(&response)?;
        if let Some(found) = direct.problem(self.patient.server(), &mapping, place) {
            return Err(direct.other(found));
        }
        let found = mapping.get(&direct.index).and_then(|found| found.pointer(FIELDS));
        Ok(Some(found.cloned().unwrap_or_default()))
    }

    /// Deletes the index with all that is in it, and its pipeline. Neither needs to be there.
    ///
    /// # Errors
    /// When the engine is away or forbids it.
    pub async fn close_direct(&self, direct: &DirectIndex) -> Result<(), HostTrouble> {
        // The index first: it names the pipeline.
        for path in [direct.index.clone(), format!("_ingest/pipeline/{}", direct.pipeline())] {
            let response = self.patient.send(Method::Delete, &path, &Body::Empty).await?;
            if !matches!(response.status, 200 | 404) {
                return Err(trouble::of_response(self.patient.refused(&response, &path), &response));
            }
        }
        Ok(())
    }

    /// Has the pipeline of the index embed by the model `id`, and creates the index if it is missing.
    ///
    /// # Errors
    /// As [`ModelHost::has_direct`].
    pub async fn open_direct(
        &self,
        direct: &DirectIndex,
        id: &str,
        requests: &RequestSettings,
    ) -> Result<(), HostTrouble> {
        let exists = self.has_direct(direct).await?;
        let pipeline = direct.pipeline();
        let description = format!("made by Millrace: embeds by {} ({})", direct.name, direct.model.short());
        let body = body_of(&bodies::pipeline(id, &description));
        self.ask(Method::Put, &format!("_ingest/pipeline/{pipeline}"), &body).await?;
        if exists {
            // Somebody may have taken it away.
            let body = body_of(&json!({"index": {"default_pipeline": pipeline}}));
            return self.ask(Method::Put, &format!("{}/_settings", direct.index), &body).await.map(drop);
        }
        let body = body_of(&direct.body(self.patient.server(), requests));
        match self.ask(Method::Put, &direct.index, &body).await {
            // Somebody else was faster; what it is is looked at.
            Err(error) if error.to_string().contains("resource_already_exists") => {
                self.has_direct(direct).await.map(drop)
            }
            done => {
                info!(url = self.url(), index = direct.index, pipeline, "index created");
                done.map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::opensearch::OpenSearchSettings;

    fn direct(dimension: usize) -> DirectIndex {
        let model = Fingerprint::of(&[("weights", "a")]);
        DirectIndex { index: "docs-direct".to_owned(), model, name: "m".to_owned(), dimension }
    }

    fn mapping(dimension: usize, model: &str) -> Value {
        let seen: Value =
            serde_json::from_str(include_str!("../../tests/data/mlcommons/mapping_direct.json")).unwrap();
        let mut index = seen["body"]["direct-a"].clone();
        index["mappings"]["properties"]["embedding"]["dimension"] = dimension.into();
        index["mappings"]["_meta"] = json!({"model": model, "name": "old"});
        json!({ "docs-direct": index })
    }

    fn problem(direct: &DirectIndex, mapping: &Value) -> Option<String> {
        #[derive(clap::Parser)]
        struct Flags {
            #[command(flatten)]
            settings: OpenSearchSettings,
        }
        let flags = <Flags as clap::Parser>::parse_from(["test", "--opensearch-url", "http://127.0.0.1:1"]);
        let host = flags.settings.model_host(&RequestSettings::default(), Duration::ZERO).unwrap();
        direct.problem(host.patient.server(), mapping, EMBEDDING)
    }

    #[test]
    fn an_index_of_another_dimension_or_model_is_no_use_and_both_are_named() {
        let wanted = direct(384);
        let model = wanted.model.as_str().to_owned();
        assert_eq!(problem(&wanted, &mapping(384, &model)), None);
        assert_eq!(problem(&wanted, &mapping(768, &model)).unwrap(), "vectors of the dimension 768");
        assert_eq!(problem(&wanted, &mapping(384, "f00")).unwrap(), "vectors of the model old (f00)");
        let mut l2 = mapping(384, &model);
        l2["docs-direct"]["mappings"]["properties"]["embedding"]["space_type"] = "l2".into();
        assert_eq!(problem(&wanted, &l2).unwrap(), "vectors that are compared by l2");
        let no_vectors = json!({"docs-direct": {"mappings": {"properties": {"text": {"type": "text"}}}}});
        assert!(problem(&wanted, &no_vectors).unwrap().contains("no vectors"));
        let alias = json!({"other": mapping(384, &model)["docs-direct"]});
        assert!(problem(&wanted, &alias).unwrap().contains("alias"));
    }
}
