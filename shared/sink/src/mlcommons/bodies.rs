//! What ML Commons is asked: request bodies. Pure.
//!
//! Sources: <https://docs.opensearch.org/latest/ml-commons-plugin/api/>, and for the upload by chunks, which is not documented, the
//! plugin's own code (`RestMLRegisterModelMetaAction`, `RestMLUploadModelChunkAction`) and its client opensearch-py-ml.

use serde_json::{Value, json};

use super::{HostedModel, TextSide};
use crate::wire::merge;

/// Largest piece of a model that ML Commons takes, in bytes.
pub(super) const PIECE_BYTES: u64 = 10_000_000;
/// Models that are looked at when one is searched for: more than anybody keeps of one name.
const MODELS: usize = 100;
/// The part of an answer that holds the vector.
pub(super) const OUTPUT: &str = "sentence_embedding";

/// Number of pieces that a model of so many bytes is sent in.
pub(super) fn pieces(bytes: u64) -> u64 {
    bytes.div_ceil(PIECE_BYTES).max(1)
}

/// Finds the group of this name.
pub(super) fn find_group(name: &str) -> Value {
    json!({"query": {"term": {"name.keyword": name}}, "size": 1})
}

/// Creates a group.
pub(super) fn group(name: &str) -> Value {
    // Groups are names with versions below; who may use what is the business of whoever looks after the cluster.
    json!({"name": name, "description": "made by Millrace"})
}

/// Finds the models of a group, without their content: each piece of a model is an item of the same index.
pub(super) fn find_models(group: &str) -> Value {
    json!({
        "size": MODELS,
        "query": {"bool": {
            "filter": {"term": {"model_group_id": group}},
            "must_not": {"exists": {"field": "chunk_number"}},
        }},
        "sort": [{"created_time": {"order": "desc", "unmapped_type": "date"}}],
        "_source": {"excludes": ["content", "model_content", "model_config"]},
    })
}

/// Begins the upload of a model by pieces.
pub(super) fn register_meta(group: &str, model: &HostedModel) -> Value {
    let mut body = described(group, model);
    merge(&mut body, json!({"total_chunks": pieces(model.bytes)}));
    body
}

/// Has ML Commons fetch a model.
pub(super) fn register_url(group: &str, model: &HostedModel, url: &str) -> Value {
    let mut body = described(group, model);
    merge(&mut body, json!({"url": url}));
    body
}

fn described(group: &str, model: &HostedModel) -> Value {
    json!({
        "name": model.name,
        "version": model.version,
        "description": model.description,
        "model_group_id": group,
        "function_name": "TEXT_EMBEDDING",
        "model_format": "TORCH_SCRIPT",
        "model_content_size_in_bytes": model.bytes,
        "model_content_hash_value": model.digest,
        "model_config": config(model),
    })
}

/// The graph pools and normalises by itself, which is what `sentence_transformers` says: its one output is taken as it is.
fn config(model: &HostedModel) -> Value {
    let mut config = json!({
        "model_type": model.model_type,
        "embedding_dimension": model.dimension,
        "framework_type": "SENTENCE_TRANSFORMERS",
        "all_config": model.all_config,
        "additional_config": {"space_type": "cosinesimil"},
    });
    // A prefix, even an empty one, makes a model asymmetric: every question and passage then has to say which it is.
    for (name, prefix) in [("query_prefix", &model.query_prefix), ("passage_prefix", &model.passage_prefix)] {
        if !prefix.is_empty() {
            merge(&mut config, json!({name: prefix}));
        }
    }
    config
}

/// Has texts embedded. A model with prefixes has to know which of them to put before these texts.
pub(super) fn predict(texts: &[&str], side: Option<TextSide>) -> Value {
    let mut body = json!({"text_docs": texts, "return_number": true, "target_response": [OUTPUT]});
    if let Some(side) = side {
        merge(&mut body, json!({"parameters": {"content_type": side.word()}}));
    }
    body
}

/// The pipeline that embeds what is written.
pub(super) fn pipeline(model: &str, description: &str) -> Value {
    json!({
        "description": description,
        "processors": [{"text_embedding": {"model_id": model, "field_map": {"text": "embedding"}}}],
    })
}

/// Sets cluster settings, so that they outlive a restart.
pub(super) fn settings<'a>(wanted: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
    let wanted: serde_json::Map<String, Value> =
        wanted.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    json!({ "persistent": wanted })
}
