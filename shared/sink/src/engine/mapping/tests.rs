//! The indexes created, and that written items fit their mappings.

use std::collections::BTreeSet;

use clap::Parser;
use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Status, Vector,
    Version,
};

use super::*;
use crate::{ElasticsearchSettings, OpenSearchSettings, Operation, action_of};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
    #[command(flatten)]
    requests: RequestSettings,
}

fn generation() -> Generation {
    let space = Fingerprint::of(&[("model", "a")]);
    Generation {
        chunking: space.clone(),
        space,
        model: Fingerprint::of(&[("weights", "test")]),
        name: "m".to_owned(),
        dimension: 384,
        mapping: message::IndexMapping::of(7),
    }
}

/// Both bodies for both engines: OpenSearch's first, passages first.
fn bodies() -> [Value; 4] {
    let flags = Flags::parse_from(["test", "--opensearch-engine", "lucene", "--index-shards", "3"]);
    let names = Names::new("i", &generation()).unwrap();
    let one = flags.opensearch.connect(&flags.requests, names.clone()).unwrap();
    let two = flags.elasticsearch.connect(&flags.requests, names.clone()).unwrap();
    let of = |target| {
        let first = body(&*one.server, &flags.requests, &names, target);
        (first, body(&*two.server, &flags.requests, &names, target))
    };
    let ((a, c), (b, d)) = (of(Target::Chunks), of(Target::Documents));
    [a, b, c, d]
}

#[test]
fn every_index_remembers_deletions_and_refuses_unknown_fields() {
    for body in bodies() {
        let index = &body["settings"]["index"];
        assert_eq!((&index["gc_deletes"], &index["number_of_shards"]), (&json!("1h"), &json!(3)));
        let mappings = &body["mappings"];
        assert_eq!((&mappings["dynamic"], &mappings["_meta"]["dimension"]), (&json!("strict"), &json!(384)));
        assert_eq!(mappings["_meta"]["mapping"], json!(7));
        assert_eq!(mappings["_meta"]["space"], json!(generation().space));
        assert_eq!(body["aliases"].as_object().unwrap().len(), 1);
    }
}

#[test]
fn each_engine_has_its_own_vectors() {
    let [opensearch, documents, elasticsearch, _] = bodies();
    assert_eq!(opensearch["settings"]["index"]["knn"], json!(true));
    assert!(documents["settings"]["index"].get("knn").is_none());
    let vector = |body: &Value| body["mappings"]["properties"]["vector"].clone();
    let parameters = json!({"m": 16, "ef_construction": 100});
    let wanted = json!({
        "type": "knn_vector", "dimension": 384, "space_type": "cosinesimil",
        "method": {"name": "hnsw", "engine": "lucene", "parameters": parameters},
    });
    assert_eq!(vector(&opensearch), wanted);
    let options = json!({"type": "hnsw", "m": 16, "ef_construction": 100});
    let wanted = json!({
        "type": "dense_vector", "dims": 384, "index": true, "similarity": "cosine", "index_options": options,
    });
    assert_eq!(vector(&elasticsearch), wanted);
}

#[test]
fn what_is_written_has_exactly_the_fields_of_the_mapping() {
    let (document, space) = (DocumentId::new("b", "k").unwrap(), generation().space);
    let chunk = Chunk {
        id: ChunkId::from_text("0"),
        document: document.clone(),
        version: Version::first(0),
        heading_path: Vec::new(),
        text: String::new(),
        tokens: 1,
        about: About::default(),
    };
    let chunk = EmbeddedChunk { chunk, space: space.clone(), vector: Vector(Vec::new()) };
    let record = DocumentRecord::new(document, Version::first(0), Status::Empty);
    let [chunks, documents, ..] = bodies();
    for (record, mapping) in [(Embedded::Chunk(chunk), chunks), (Embedded::Document(record), documents)] {
        let Operation::Put(item) = action_of(&record, &space).unwrap().operation else { panic!("a put") };
        let item: Value = serde_json::from_slice(&item).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>();
        assert_eq!(keys(&item), keys(&mapping["mappings"]["properties"]));
    }
}
