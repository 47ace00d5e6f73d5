//! The indexes created, and that written items fit their mappings.

use std::collections::BTreeSet;

use clap::Parser;
use message::{
    About, Chunk, ChunkId, DocumentId, DocumentRecord, Embedded, EmbeddedChunk, Fingerprint, Status, Vector,
    Version,
};

use super::*;
use crate::engine::{Engine, kept};
use crate::wire::SearchDepth;
use crate::{EngineKind, EngineSettings, Operation, action_of};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    engines: EngineSettings,
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

/// The best bodies for both indexes of both engines: OpenSearch's first, passages first.
fn best_bodies() -> [Value; 4] {
    let flags = flags();
    let of = |kind, target| {
        let engine = connected(kind, &generation());
        bodies(&*engine.server, &flags.requests, &engine.names, target).unwrap().swap_remove(0)
    };
    let both = |kind| [of(kind, Target::Chunks), of(kind, Target::Documents)];
    let [[a, b], [c, d]] = [EngineKind::Opensearch, EngineKind::Elasticsearch].map(both);
    [a, b, c, d]
}

fn flags() -> Flags {
    Flags::parse_from(["test", "--opensearch-engine", "lucene", "--index-shards", "3"])
}

fn connected(kind: EngineKind, generation: &Generation) -> Engine {
    let flags = flags();
    kind.connect(&flags.engines, &flags.requests, Names::new("i", generation).unwrap()).unwrap()
}

/// A generation that says how the engine keeps vectors.
fn keeping(engine: EngineKind, kind: &str) -> Generation {
    let vectors = [(engine.name().to_owned(), kind.to_owned())].into();
    Generation { mapping: message::IndexMapping { vectors, ..message::IndexMapping::of(7) }, ..generation() }
}

/// The vector field of an index of that generation.
fn vector_field(engine: EngineKind, kind: &str) -> Value {
    let engine = connected(engine, &keeping(engine, kind));
    let bodies = bodies(&*engine.server, &flags().requests, &engine.names, Target::Chunks).unwrap();
    assert_eq!(bodies.len(), 1);
    bodies[0]["mappings"]["properties"][EMBEDDING].clone()
}

#[test]
fn every_index_remembers_deletions_and_refuses_unknown_fields() {
    for body in best_bodies() {
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
    let [opensearch, documents, elasticsearch, _] = best_bodies();
    assert_eq!(opensearch["settings"]["index"]["knn"], json!(true));
    assert!(documents["settings"]["index"].get("knn").is_none());
    let vector = |body: &Value| body["mappings"]["properties"][EMBEDDING].clone();
    let parameters = json!({"m": 16, "ef_construction": 100});
    let wanted = json!({
        "type": "knn_vector", "dimension": 384, "space_type": "cosinesimil",
        "method": {"name": "hnsw", "engine": "lucene", "parameters": parameters},
    });
    assert_eq!(vector(&opensearch), wanted);
    assert_eq!(vector(&elasticsearch), vector_field(EngineKind::Elasticsearch, "bbq_hnsw"));
}

#[test]
fn an_older_engine_is_offered_what_it_knows() {
    let engine = connected(EngineKind::Elasticsearch, &generation());
    let bodies = |target| bodies(&*engine.server, &flags().requests, &engine.names, target).unwrap();
    let of_passages = bodies(Target::Chunks);
    let vectors = of_passages.iter().map(|body| &body["mappings"]["properties"][EMBEDDING]);
    let wanted = ["bbq_hnsw", "hnsw"].map(|kind| vector_field(EngineKind::Elasticsearch, kind));
    assert_eq!(vectors.collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>());
    assert_eq!(bodies(Target::Documents).len(), 1);
}

#[test]
fn a_generation_says_how_its_vectors_are_kept() {
    let options = |kind: &str| json!({"type": kind, "m": 16, "ef_construction": 100});
    let with = |kind: &str, oversample: u32| {
        let mut options = options(kind);
        options["rescore_vector"] = json!({"oversample": oversample});
        json!({"index_options": options})
    };
    let parameters = json!({"m": 16, "ef_construction": 100});
    let graph = |library: &str, more: Value| {
        let mut field = json!({"method": {"name": "hnsw", "engine": library, "parameters": parameters}});
        merge(&mut field, more);
        field
    };
    let on_disk = |level: &str| graph("faiss", json!({"compression_level": level, "mode": "on_disk"}));
    let elasticsearch = [
        ("hnsw", json!({"index_options": options("hnsw")})),
        ("int8_hnsw", json!({"index_options": options("int8_hnsw")})),
        ("int4_hnsw", with("int4_hnsw", 2)),
        ("bbq_hnsw", with("bbq_hnsw", 5)),
    ];
    let opensearch = [
        ("lucene", graph("lucene", json!({}))),
        ("lucene_4x", graph("lucene", json!({"compression_level": "4x"}))),
        ("lucene_32x", graph("lucene", json!({"compression_level": "32x"}))),
        ("faiss", graph("faiss", json!({}))),
        ("faiss_fp16", graph("faiss", json!({"compression_level": "2x"}))),
        ("on_disk_8x", on_disk("8x")),
        ("on_disk_16x", on_disk("16x")),
        ("on_disk_32x", on_disk("32x")),
    ];
    let base = json!({"type": "dense_vector", "dims": 384, "index": true, "similarity": "cosine"});
    is_kept(EngineKind::Elasticsearch, &base, &elasticsearch);
    let base = json!({"type": "knn_vector", "dimension": 384, "space_type": "cosinesimil"});
    is_kept(EngineKind::Opensearch, &base, &opensearch);
}

/// Every kind of the engine is in `wanted`, with what it adds to `base`.
#[track_caller]
fn is_kept(engine: EngineKind, base: &Value, wanted: &[(&str, Value)]) {
    let names: Vec<&str> = engine.vectors().iter().map(|kind| kind.name).collect();
    assert_eq!(names, wanted.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, more) in wanted {
        let mut field = base.clone();
        merge(&mut field, more.clone());
        assert_eq!(vector_field(engine, name), field, "{name}");
    }
}

#[test]
fn what_loses_too_much_is_compared_twice() {
    let asked = |engine: EngineKind, kind: &str| {
        let engine = connected(engine, &keeping(engine, kind));
        let oversample = engine.vector_kind().unwrap().oversample;
        engine.server.nearest(&[1.0], &[], SearchDepth { size: 10, candidates: 40, oversample })
    };
    let field = |kind: &str| asked(EngineKind::Opensearch, kind)["query"]["knn"][EMBEDDING].clone();
    assert_eq!(field("lucene_32x")["rescore"], json!({"oversample_factor": 5}));
    assert!(field("lucene_4x").get("rescore").is_none());
    // Elasticsearch has it in the index.
    assert!(asked(EngineKind::Elasticsearch, "bbq_hnsw")["knn"].get("rescore_vector").is_none());
}

#[test]
fn an_index_that_keeps_its_vectors_otherwise_is_refused() {
    for (engine, kind, other) in [
        (EngineKind::Opensearch, "lucene_4x", "lucene_32x"),
        (EngineKind::Opensearch, "lucene", "faiss"),
        (EngineKind::Elasticsearch, "hnsw", "int8_hnsw"),
    ] {
        let connected = connected(engine, &generation());
        let check = |field: &Value, generation: &Generation| {
            kept::check_vectors(&*connected.server, ("i", false), field, generation)
        };
        let (one, next) = (vector_field(engine, kind), vector_field(engine, other));
        check(&one, &keeping(engine, kind)).unwrap();
        let error = check(&one, &keeping(engine, other)).unwrap_err().to_string();
        assert!(error.contains(&format!("the kind of vectors {kind}, and {other}")), "{error}");
        // A generation that does not say takes what it finds: a setting may have been another when the index was made.
        check(&one, &generation()).unwrap();
        check(&next, &generation()).unwrap();
    }
}

#[test]
fn a_kind_that_the_engine_does_not_have_is_refused_by_name() {
    let engine = connected(EngineKind::Opensearch, &keeping(EngineKind::Opensearch, "bbq_hnsw"));
    let error = bodies(&*engine.server, &flags().requests, &engine.names, Target::Chunks).unwrap_err();
    assert!(error.to_string().contains("'bbq_hnsw': its kinds are lucene, lucene_4x"), "{error}");
    let error = engine.vector_kind().unwrap_err().to_string();
    assert!(error.starts_with("the generation's mapping is invalid: opensearch"), "{error}");
    // What is said of another engine does not matter to this one.
    let engine = connected(EngineKind::Opensearch, &keeping(EngineKind::Elasticsearch, "bbq_hnsw"));
    assert_eq!(engine.vector_kind().unwrap().name, "lucene");
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
    let [chunks, documents, ..] = best_bodies();
    for (record, mapping) in [(Embedded::Chunk(chunk), chunks), (Embedded::Document(record), documents)] {
        let Operation::Put(item) = action_of(&record, &space).unwrap().operation else { panic!("a put") };
        let item: Value = serde_json::from_slice(&item).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<String>>();
        assert_eq!(keys(&item), keys(&mapping["mappings"]["properties"]));
    }
}
