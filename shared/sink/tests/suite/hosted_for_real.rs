//! The whole way with a real OpenSearch with ML Commons (`compose/install opensearch-ml`, then `MILLRACE_OPENSEARCH_ML=1
//! compose/up opensearch`); where there is none, the test says so and does nothing. The model is tiny: `tests/data/mlcommons/tiny`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use message::Fingerprint;
use serde::Deserialize;
use sink::{
    DirectIndex, HostTrouble, HostedModel, ModelHost, ModelSource, OpenSearchSettings, RequestSettings,
    TextSide,
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
