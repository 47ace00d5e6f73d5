use clap::Parser;
use serde_json::json;

use super::*;
use crate::{ElasticsearchSettings, OpenSearchSettings};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
}

fn with_servers<T>(work: impl FnOnce(&dyn Server, &dyn Server) -> T) -> T {
    let flags = Flags::parse_from(["test"]);
    let requests = RequestSettings::default();
    let (from, to) =
        (flags.opensearch.patient(&requests).unwrap(), flags.elasticsearch.patient(&requests).unwrap());
    work(from.server(), to.server())
}

fn seen() -> Value {
    let seen: Value =
        serde_json::from_str(include_str!("../../../tests/data/mlcommons/mapping_direct.json")).unwrap();
    seen["body"].clone()
}

fn settings(uuid: &str) -> Value {
    json!({"direct-a": {"settings": {"index": {"uuid": uuid}}}})
}

fn shape(mapping: &Value) -> Result<CopyShape, CopyTrouble> {
    with_servers(|from, _| CopyShape::of(from, ("direct-a", mapping), &settings("u")))
}

#[test]
fn an_index_is_mapped_for_the_other_engine() {
    let shape = shape(&seen()).unwrap();
    assert_eq!((shape.vector.as_str(), shape.dimension), ("embedding", 384));
    let bodies = with_servers(|_, to| shape.targets(to, "http://o", &RequestSettings::default())).unwrap();
    let kinds =
        bodies.iter().map(|body| &body["mappings"]["properties"]["embedding"]["index_options"]["type"]);
    assert_eq!(kinds.collect::<Vec<_>>(), ["bbq_hnsw", "hnsw"]);
    let body = &bodies[0];
    let fields = &body["mappings"]["properties"];
    assert_eq!(fields["text"], json!({"type": "text"}));
    assert_eq!(fields["embedding"]["type"], "dense_vector");
    assert_eq!(
        (&fields["embedding"]["dims"], &fields["embedding"]["similarity"]),
        (&json!(384), &json!("cosine"))
    );
    assert_eq!(body["mappings"]["_meta"]["copied_from"]["uuid"], "u");
}

#[test]
fn only_the_copy_of_this_very_index_is_written_to() {
    let shape = shape(&seen()).unwrap();
    let check = |mapping: Value| {
        with_servers(|_, to| shape.check(to, ("t", &mapping)).map_err(|error| error.to_string()))
    };
    let bodies = with_servers(|_, to| shape.targets(to, "http://o", &RequestSettings::default())).unwrap();
    let body = &bodies[0];
    let copy = |change: fn(&mut Value)| {
        let mut mappings = body["mappings"].clone();
        change(&mut mappings);
        json!({"t": {"mappings": mappings}})
    };
    assert_eq!(check(copy(|_| ())), Ok(()));
    let error = check(copy(|one| one["properties"]["embedding"]["dims"] = 768.into())).unwrap_err();
    assert!(error.contains("dimension 768") && error.contains("dimension 384"), "{error}");
    let error = check(copy(|one| one["_meta"]["copied_from"]["uuid"] = "other".into())).unwrap_err();
    assert!(error.contains("the copy of another index"), "{error}");
    let error = check(copy(|one| one["_meta"] = Value::Null)).unwrap_err();
    assert!(error.contains("not made by this command"), "{error}");
    assert!(check(json!({"u": {}})).unwrap_err().contains("alias"));
}

#[test]
fn what_the_other_engine_does_not_have_is_refused_by_name() {
    let with = |field: Value| {
        let mut mapping = seen();
        mapping["direct-a"]["mappings"]["properties"]["more"] = field;
        shape(&mapping).map_err(|error| error.to_string())
    };
    assert!(with(json!({"type": "keyword", "fields": {"raw": {"type": "text"}}})).is_ok());
    assert!(with(json!({"properties": {"deep": {"type": "long"}}})).is_ok());
    let error = with(json!({"properties": {"deep": {"type": "semantic"}}})).unwrap_err();
    assert!(error.contains("more.deep") && error.contains("semantic"), "{error}");
    let error = with(json!({"type": "knn_vector", "dimension": 3})).unwrap_err();
    assert!(error.contains("2 fields with vectors"), "{error}");
    let mut l2 = seen();
    l2["direct-a"]["mappings"]["properties"]["embedding"]["space_type"] = "l2".into();
    assert!(shape(&l2).unwrap_err().to_string().contains("by l2"));
    assert!(shape(&json!({"a": {}, "b": {}})).is_err());
}
