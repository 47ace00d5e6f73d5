//! The mappings of the two indexes. Raise [`generation::MAPPING_VERSION`] with every change here.
//!
//! Pure. With `dynamic: strict` an engine rejects an unknown field instead of guessing its type. `terms` is analysed
//! by `shared/analysis` and only split at spaces here, because stock builds of both engines lack analyzers for some
//! languages. `text` and `heading_path` use the standard analyzer, for outside clients.

use fault::Mechanism;
use generation::{Generation, Names, Target};
use serde_json::{Value, json};

use crate::action::EMBEDDING;
use crate::settings::RequestSettings;
use crate::vectors::{UnknownVectors, VectorKind};
use crate::wire::{Server, merge};

/// The bodies of the request that creates an index together with its write alias, one for each kind of vectors that will do,
/// best first: an engine takes the first that its version knows. Fails when the engine has no such kind as the generation wants.
pub(super) fn bodies(
    server: &dyn Server,
    settings: &RequestSettings,
    names: &Names,
    target: Target,
) -> Result<Vec<Value>, UnknownVectors> {
    let of = |properties: &Value| body(settings, names, target, properties);
    match target {
        Target::Documents => Ok(vec![of(&documents())]),
        Target::Chunks => {
            let kinds = VectorKind::choices(server, names.generation())?;
            let of_kind = |kind| {
                let mut body = of(&passages(server, names.generation().dimension, kind));
                merge(&mut body["settings"]["index"], server.vector_settings());
                body
            };
            Ok(kinds.into_iter().map(of_kind).collect())
        }
    }
}

fn body(settings: &RequestSettings, names: &Names, target: Target, properties: &Value) -> Value {
    let generation = names.generation();
    // Terms can be recomputed from the text, so `_source` leaves them out.
    let source = match target {
        Target::Chunks => json!({"excludes": ["terms"]}),
        Target::Documents => json!({}),
    };
    let wanted = &generation.mapping;
    let index = json!({
        "number_of_shards": wanted.shards.unwrap_or(settings.index_shards),
        "number_of_replicas": wanted.replicas.unwrap_or(settings.index_replicas),
        "gc_deletes": gc_deletes(),
    });
    json!({
        "settings": {"index": index},
        "mappings": {"dynamic": "strict", "_source": source, "_meta": meta(generation), "properties": properties},
        "aliases": {names.write_alias(target): {"is_write_index": true}},
    })
}

/// How long deletions are remembered. When an engine forgets one, a late write brings the deleted item back.
fn gc_deletes() -> &'static str {
    if fault::is_off(Mechanism::GcDeletes) { "0s" } else { "1h" }
}

fn meta(generation: &Generation) -> Value {
    json!({
        "space": generation.space, "chunking": generation.chunking, "model": generation.name,
        "dimension": generation.dimension, "mapping": generation.mapping.version,
    })
}

fn passages(server: &dyn Server, dimension: usize, kind: &VectorKind) -> Value {
    json!({
        EMBEDDING: server.vector_field(dimension, kind),
        "id": {"type": "keyword"}, "document": {"type": "keyword"}, "bucket": {"type": "keyword"},
        "key": {"type": "keyword"}, "text": {"type": "text"}, "heading_path": {"type": "text"},
        "tokens": {"type": "integer"}, "version": {"type": "long"}, "space": {"type": "keyword"},
        // Positions are never queried.
        "terms": {"type": "text", "analyzer": "whitespace", "index_options": "freqs"},
        "language": {"type": "keyword"}, "format": {"type": "keyword"},
        "modified": {"type": "date", "format": "epoch_second"},
    })
}

fn documents() -> Value {
    json!({
        "id": {"type": "keyword"}, "document": {"type": "keyword"}, "bucket": {"type": "keyword"},
        "key": {"type": "keyword"}, "version": {"type": "long"}, "status": {"type": "keyword"},
        "cause": {"type": "text"}, "title": {"type": "text"}, "format": {"type": "keyword"},
        "language": {"type": "keyword"},
        "etag": {"type": "keyword"}, "size": {"type": "long"}, "modified": {"type": "date", "format": "epoch_second"},
        "space": {"type": "keyword"},
        // Up to 20,000 placements: stored, never searched.
        "chunks": {"type": "object", "enabled": false}, "parts": {"type": "object", "enabled": false},
        "left_out": {"type": "object", "enabled": false},
    })
}

#[cfg(test)]
mod tests;
