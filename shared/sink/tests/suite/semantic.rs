//! How an index with a field of the type `semantic` is made. What the server answers is as OpenSearch documents it, and not as it
//! was seen; the real one is asked in `hosted_for_real`.

use std::time::Duration;

use message::Fingerprint;
use serde_json::{Value, json};
use sink::{DirectIndex, HostTrouble, ModelHost, RequestSettings, SinkError};

use super::hosted::{host, told};
use super::script::{Asked, Script, Step};

/// The field of the vectors, below `mappings`.
const EMBEDDING: &str = "/properties/text_semantic_info/properties/embedding";

fn index() -> DirectIndex {
    DirectIndex {
        index: "docs-semantic".to_owned(),
        model: Fingerprint::of(&[("weights", "a")]),
        name: "domain-emb".to_owned(),
        dimension: 384,
    }
}

/// The settings of the field's vectors, as they are asked for and kept.
fn vectors() -> Value {
    json!({"method": {"name": "hnsw", "engine": "lucene", "parameters": {"m": 16, "ef_construction": 100}}})
}

/// What `_mapping` says of the index, once it embeds by the model `id`.
fn mapping(id: &str) -> Value {
    let mut method = vectors()["method"].clone();
    method["space_type"] = "cosinesimil".into();
    let embedding = json!({"type": "knn_vector", "dimension": 384, "method": method});
    let text = json!({"type": "text", "index": false});
    let model = json!({"properties": {"id": text, "name": text, "type": text}});
    let mut field = json!({"type": "semantic", "model_id": id, "raw_field_type": "text"});
    field["dense_embedding_config"] = vectors();
    json!({"docs-semantic": {"mappings": {
        "_meta": {"model": index().model, "name": "domain-emb", "dimension": 384},
        "properties": {
            "text": field,
            "text_semantic_info": {"properties": {"embedding": embedding, "model": model}},
        },
    }}})
}

/// A server that has the index as `mapping` says, or has none and answers its creation with `created`.
async fn server(mapping: Option<Value>, created: (u16, Value)) -> (Script, ModelHost, RequestSettings) {
    let script = move |_: usize, asked: &Asked| {
        if asked.line.starts_with("get /docs-semantic/_mapping") {
            return mapping.as_ref().map_or_else(|| told(404, &json!({})), |mapping| told(200, mapping));
        }
        told(created.0, &created.1)
    };
    let server = Script::start(script).await;
    let (host, requests) = host(&server, Duration::from_secs(1));
    (server, host, requests)
}

fn done() -> (u16, Value) {
    (200, json!({"acknowledged": true}))
}

/// What was written: the request lines and bodies.
fn written(server: &Script) -> Vec<(String, Value)> {
    let asked = server.asked().into_iter().filter(|asked| !asked.line.starts_with("get "));
    let line = |asked: &Asked| asked.line.trim_end_matches(" http/1.1").to_owned();
    asked.map(|asked| (line(&asked), serde_json::from_str(&asked.body).unwrap())).collect()
}

fn refusal(cause: &str) -> (u16, Value) {
    let reason = format!("Failed to parse mapping [_doc]: {cause}");
    let caused = json!({"type": "mapper_parsing_exception", "reason": cause});
    let error = json!({"type": "mapper_parsing_exception", "reason": reason, "caused_by": caused});
    (400, json!({"error": error, "status": 400}))
}

#[tokio::test]
async fn the_field_embeds_by_the_model_and_needs_no_pipeline() {
    let (server, host, requests) = server(None, done()).await;
    assert!(!host.has_semantic(&index()).await.unwrap());
    assert!(written(&server).is_empty(), "a look writes nothing");
    host.open_semantic(&index(), "m", &requests).await.unwrap();
    let (line, body) = written(&server).pop().unwrap();
    assert_eq!(line, "put /docs-semantic");
    let field = &body["mappings"]["properties"]["text"];
    assert_eq!((&field["type"], &field["model_id"]), (&json!("semantic"), &json!("m")));
    // What comes from the model may not be named here: dimension and similarity.
    assert_eq!(field["dense_embedding_config"], vectors());
    assert_eq!(body["mappings"]["_meta"]["model"], index().model.as_str());
    assert_eq!(body["settings"]["index"]["knn"], true);
    assert!(body["settings"]["index"].get("default_pipeline").is_none(), "{body}");
}

#[tokio::test]
async fn an_index_that_embeds_by_this_model_stays_as_it_is() {
    let (server, host, requests) = server(Some(mapping("m")), done()).await;
    assert!(host.has_semantic(&index()).await.unwrap());
    host.open_semantic(&index(), "m", &requests).await.unwrap();
    assert!(written(&server).is_empty(), "{:?}", written(&server));
}

/// The same model was deleted in ML Commons, and registered again under another id.
#[tokio::test]
async fn a_field_learns_the_new_id_of_its_model_and_keeps_everything_else() {
    let (server, host, requests) = server(Some(mapping("gone")), done()).await;
    host.open_semantic(&index(), "m", &requests).await.unwrap();
    let field = mapping("m")["docs-semantic"]["mappings"]["properties"]["text"].clone();
    let body = json!({"properties": {"text": field}});
    assert_eq!(written(&server), [("put /docs-semantic/_mapping".to_owned(), body)]);
}

#[tokio::test]
async fn what_was_made_for_something_else_is_refused_before_anything_is_written() {
    let changed = |change: fn(&mut Value)| {
        let mut mapping = mapping("m");
        change(&mut mapping["docs-semantic"]["mappings"]);
        mapping
    };
    let cases = [
        (
            changed(|found| found.pointer_mut(EMBEDDING).unwrap()["dimension"] = 768.into()),
            "vectors of the dimension 768",
        ),
        (changed(|found| found["_meta"]["model"] = "f00".into()), "vectors of the model domain-emb (f00)"),
        (changed(|found| found["properties"]["text"]["type"] = "text".into()), "is not of the type semantic"),
        // The index with the pipeline.
        (
            changed(|found| found["properties"] = json!({"text": {"type": "text"}})),
            "no vectors in text_semantic_info.embedding",
        ),
    ];
    for (mapping, part) in cases {
        let (server, host, requests) = server(Some(mapping), done()).await;
        for trouble in [
            host.has_semantic(&index()).await.unwrap_err(),
            host.open_semantic(&index(), "m", &requests).await.unwrap_err(),
        ] {
            assert!(matches!(trouble, HostTrouble::Other { .. }), "{trouble}");
            let text = trouble.to_string();
            assert!(text.contains(part) && text.contains("dimension 384"), "{part}: {text}");
        }
        assert!(written(&server).is_empty(), "{:?}", written(&server));
    }
}

#[tokio::test]
async fn a_version_without_the_type_is_told_from_other_refusals() {
    for cause in [
        "No handler for type [semantic] declared on field [text]",
        // 3.1 hands on what it does not know.
        "unknown parameter [dense_embedding_config] on mapper [text] of type [text]",
    ] {
        let (_server, host, requests) = server(None, refusal(cause)).await;
        let trouble = host.open_semantic(&index(), "m", &requests).await.unwrap_err();
        assert!(matches!(trouble, HostTrouble::NoSemantic { .. }), "{trouble}");
        let text = trouble.to_string();
        for part in [cause, "from 3.2 on", "opensearch-neural-search", "--semantic"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let cause = "space_type is not defined or not a string in the additional_config of the model m.";
    let (_server, host, requests) = server(None, refusal(cause)).await;
    let trouble = host.open_semantic(&index(), "m", &requests).await.unwrap_err();
    assert!(matches!(trouble, HostTrouble::Engine(SinkError::Rejected { status: 400, .. })), "{trouble}");
    assert!(trouble.to_string().contains(cause), "{trouble}");
}

/// Between the look and the creation somebody else made it: theirs is looked at, and is the same or refused.
#[tokio::test]
async fn an_index_that_somebody_else_just_made_is_used_if_it_is_the_same() {
    let mut other = mapping("m");
    other["docs-semantic"]["mappings"]["_meta"]["model"] = "f00".into();
    for (theirs, is_same) in [(mapping("m"), true), (other, false)] {
        let script = move |number: usize, asked: &Asked| -> Step {
            if asked.line.starts_with("put ") {
                let error = json!({"type": "resource_already_exists_exception", "reason": "it exists"});
                return told(400, &json!({"error": error, "status": 400}));
            }
            if number == 0 { told(404, &json!({})) } else { told(200, &theirs) }
        };
        let server = Script::start(script).await;
        let (host, requests) = host(&server, Duration::from_secs(1));
        let opened = host.open_semantic(&index(), "m", &requests).await;
        assert_eq!(opened.is_ok(), is_same, "{opened:?}");
        assert_eq!(server.asked().len(), 3);
    }
}
