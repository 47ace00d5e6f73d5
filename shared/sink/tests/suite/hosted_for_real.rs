//! The whole way with a real OpenSearch with ML Commons (`compose/install opensearch-ml`, then `MILLRACE_OPENSEARCH_ML=1
//! compose/up opensearch`); where there is none, the test says so and does nothing. The model is tiny: `tests/data/mlcommons/tiny`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use message::Fingerprint;
use serde::Deserialize;
use serde_json::{Value, json};
use sink::{
    DirectIndex, HostTrouble, HostedModel, ModelHost, ModelSource, OpenSearchSettings, RequestSettings,
    TextSide, cosine,
};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
}

/// What `make.py` computed by hand, without the model's code.
#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    plain: Vec<Vec<f32>>,
    query: Vec<Vec<f32>>,
    passage: Vec<Vec<f32>>,
    digest: String,
}

fn tiny() -> (PathBuf, Expected) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mlcommons/tiny");
    (folder.join("tiny.zip"), serde_json::from_str(include_str!("../data/mlcommons/tiny/tiny.json")).unwrap())
}

fn requests() -> RequestSettings {
    RequestSettings { index_replicas: 0, request_timeout: 120, ..RequestSettings::default() }
}

/// None, with a word why, where OpenSearch runs no models.
async fn host() -> Option<ModelHost> {
    let settings = Flags::parse_from(["test"]).opensearch;
    let host = settings.model_host(&requests(), Duration::from_mins(5)).unwrap();
    match host.prepare(&ModelSource::File(PathBuf::new()), true).await {
        Ok(_) => Some(host),
        Err(HostTrouble::Absent { url }) => {
            println!("skipped: {url} has no ML Commons (compose/install opensearch-ml)");
            None
        }
        Err(trouble) => panic!("{trouble}"),
    }
}

fn model(name: &str, digest: &str, is_asymmetric: bool) -> HostedModel {
    let prefix = |word: &str| if is_asymmetric { format!("{word} : ") } else { String::new() };
    HostedModel {
        name: format!("test-{}-{name}", std::process::id()),
        version: "1".to_owned(),
        description: "tiny".to_owned(),
        digest: digest.to_owned(),
        bytes: 9241,
        dimension: 8,
        model_type: "bert".to_owned(),
        all_config: "{}".to_owned(),
        query_prefix: prefix("query"),
        passage_prefix: prefix("passage"),
    }
}

fn are_near(found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len());
        let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-5, "{apart}: {found:?} {expected:?}");
    }
}

#[tokio::test]
#[ignore = "real: opensearch with ML Commons"]
async fn a_model_is_registered_once_and_embeds_as_it_should() {
    let Some(host) = host().await else { return };
    let (file, expected) = tiny();
    let texts: Vec<&str> = expected.texts.iter().map(String::as_str).collect();
    for is_asymmetric in [false, true] {
        let model = model(if is_asymmetric { "two" } else { "one" }, &expected.digest, is_asymmetric);
        let source = ModelSource::File(file.clone());
        let first = host.register(&model, &source, |_, _| ()).await.unwrap();
        let again = host.register(&model, &source, |_, _| ()).await.unwrap();
        assert_eq!((again.id.as_str(), first.existed, again.existed), (first.id.as_str(), false, true));
        host.deploy(&first.id).await.unwrap();
        host.deploy(&first.id).await.unwrap();
        if is_asymmetric {
            let found = host.predict(&first.id, &texts, Some(TextSide::Query)).await.unwrap();
            are_near(&found, &expected.query);
            let found = host.predict(&first.id, &texts, Some(TextSide::Passage)).await.unwrap();
            are_near(&found, &expected.passage);
        } else {
            are_near(&host.predict(&first.id, &texts, None).await.unwrap(), &expected.plain);
        }
        let direct = DirectIndex {
            index: format!("{}-direct", model.name),
            model: Fingerprint::of(&[("weights", &expected.digest)]),
            name: model.name.clone(),
            dimension: 8,
        };
        assert!(!host.has_direct(&direct).await.unwrap());
        host.open_direct(&direct, &first.id, &requests()).await.unwrap();
        host.open_direct(&direct, &first.id, &requests()).await.unwrap();
        assert!(host.has_direct(&direct).await.unwrap());
        let wider = DirectIndex { dimension: 16, ..direct.clone() };
        let trouble = host.has_direct(&wider).await.unwrap_err().to_string();
        assert!(trouble.contains("dimension 8") && trouble.contains("dimension 16"), "{trouble}");
        host.close_direct(&direct).await.unwrap();
        host.undeploy(&first.id).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "real: opensearch with ML Commons"]
async fn a_file_that_is_not_the_announced_one_does_not_run() {
    let Some(host) = host().await else { return };
    let (file, _) = tiny();
    let model = model("wrong", &"0".repeat(64), false);
    let registered = host.register(&model, &ModelSource::File(file), |_, _| ()).await.unwrap();
    let trouble = host.deploy(&registered.id).await.unwrap_err();
    assert!(trouble.to_string().contains("model content changed"), "{trouble}");
    let trouble = host.deploy(&registered.id).await.unwrap_err();
    assert!(trouble.to_string().contains("find model"), "it was deleted: {trouble}");
}

/// Posts what somebody posts who knows nothing of Millrace.
async fn posted(path: &str, kind: &'static str, body: String) -> Value {
    use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use opensearch::http::{Method, transport::Transport};

    let server = Transport::single_node(&Flags::parse_from(["test"]).opensearch.opensearch_url).unwrap();
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    let body = Some(Bytes::from(body));
    server.send(Method::Post, path, headers, None::<&()>, body, None).await.unwrap().json().await.unwrap()
}

/// The passage that is nearest to a question, by its place.
fn nearest(question: &[f32], passages: &[Vec<f32>]) -> usize {
    let near = |at: &usize| cosine(question, &passages[*at]);
    (0..passages.len()).max_by(|a, b| near(a).total_cmp(&near(b))).unwrap()
}

/// Writes every text as it is, and asks with every text: no vector, no pipeline and no model is named.
async fn finds_what_is_nearest(index: &str, expected: &Expected, is_asymmetric: bool) {
    let lines = |(at, text): (usize, &String)| {
        let item = json!({"index": {"_id": at.to_string()}});
        format!("{item}\n{}\n", json!({ "text": text }))
    };
    let lines: Vec<String> = expected.texts.iter().enumerate().map(lines).collect();
    let path = format!("{index}/_bulk?refresh=true");
    let answer = posted(&path, "application/x-ndjson", lines.concat()).await;
    assert_eq!(answer["errors"], false, "{answer}");
    let (questions, passages) =
        if is_asymmetric { (&expected.query, &expected.passage) } else { (&expected.plain, &expected.plain) };
    for (text, question) in expected.texts.iter().zip(questions) {
        let query = json!({"neural": {"text": {"query_text": text, "k": expected.texts.len()}}});
        let body = json!({"_source": ["text"], "query": query}).to_string();
        let answer = posted(&format!("{index}/_search"), "application/json", body).await;
        let best = &answer["hits"]["hits"][0]["_source"];
        let wanted = &expected.texts[nearest(question, passages)];
        assert_eq!(best, &json!({ "text": wanted }), "{text}: {answer}");
    }
}

#[tokio::test]
#[ignore = "real: opensearch with ML Commons"]
async fn a_semantic_field_embeds_plain_text_and_is_asked_without_a_model() {
    let Some(host) = host().await else { return };
    let (file, expected) = tiny();
    for is_asymmetric in [false, true] {
        let name = if is_asymmetric { "field-two" } else { "field-one" };
        let model = model(name, &expected.digest, is_asymmetric);
        let registered = host.register(&model, &ModelSource::File(file.clone()), |_, _| ()).await.unwrap();
        host.deploy(&registered.id).await.unwrap();
        let index = DirectIndex {
            index: format!("{}-semantic", model.name),
            model: Fingerprint::of(&[("weights", &expected.digest)]),
            name: model.name.clone(),
            dimension: 8,
        };
        assert!(!host.has_semantic(&index).await.unwrap());
        host.open_semantic(&index, &registered.id, &requests()).await.unwrap();
        host.open_semantic(&index, &registered.id, &requests()).await.unwrap();
        assert!(host.has_semantic(&index).await.unwrap());
        finds_what_is_nearest(&index.index, &expected, is_asymmetric).await;
        let wider = DirectIndex { dimension: 16, ..index.clone() };
        let trouble = host.has_semantic(&wider).await.unwrap_err().to_string();
        assert!(trouble.contains("dimension 8") && trouble.contains("dimension 16"), "{trouble}");
        // The same file under another name is another model in ML Commons: the field is given its id, and finds the same.
        let again = HostedModel { name: format!("{}-again", model.name), ..model };
        let again = host.register(&again, &ModelSource::File(file.clone()), |_, _| ()).await.unwrap();
        host.deploy(&again.id).await.unwrap();
        host.open_semantic(&index, &again.id, &requests()).await.unwrap();
        finds_what_is_nearest(&index.index, &expected, is_asymmetric).await;
        host.close_direct(&index).await.unwrap();
        for id in [&registered.id, &again.id] {
            host.undeploy(id).await.unwrap();
        }
    }
}
