//! How the client of ML Commons handles a misbehaving server; what such a server says was seen (`tests/data/mlcommons`).

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Parser;
use message::Fingerprint;
use serde_json::{Value, json};
use sink::{
    DirectIndex, HostTrouble, HostedModel, ModelHost, ModelSource, OpenSearchSettings, RegisteredModel,
    RequestSettings,
};

use super::script::{Asked, Script, Step};

const DIGEST: &str = "a882f82057b578ab4ebcab64ad55616a94d5f5a54ec839f566d5eefb8148d80a";

macro_rules! seen {
    ($name:literal) => {
        answer(include_str!(concat!("../data/mlcommons/", $name, ".json")))
    };
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    requests: RequestSettings,
}

pub(crate) fn host(server: &Script, patience: Duration) -> (ModelHost, RequestSettings) {
    let words = ["test", "--request-timeout", "5", "--retry-budget", "1", "--opensearch-url", &server.url];
    let flags = Flags::parse_from(words);
    (flags.opensearch.model_host(&flags.requests, patience).unwrap(), flags.requests)
}

/// An answer that was seen.
fn answer(text: &str) -> Step {
    let seen: Value = serde_json::from_str(text).unwrap();
    let status = u16::try_from(seen["status"].as_u64().unwrap()).unwrap();
    Step::ItemAnswer(status, "", seen["body"].to_string())
}

pub(crate) fn told(status: u16, body: &Value) -> Step {
    Step::ItemAnswer(status, "", body.to_string())
}

fn state(word: &str) -> Step {
    told(200, &json!({"model_state": word, "model_content_hash_value": DIGEST}))
}

/// What a well-behaved server answers, with these models in the group.
fn well(asked: &Asked, models: &Value) -> Step {
    let is = |start: &str| asked.line.starts_with(start);
    if is("post /_plugins/_ml/model_groups/_search") {
        return told(200, &json!({"hits": {"hits": [{"_id": "g"}]}}));
    }
    if is("post /_plugins/_ml/models/_search") {
        return told(200, &json!({"hits": {"hits": models}}));
    }
    if is("post /_plugins/_ml/models/_register_meta") {
        return told(200, &json!({"model_id": "new", "status": "CREATED"}));
    }
    if asked.line.contains("/upload_chunk/") {
        return seen!("piece_uploaded");
    }
    if asked.line.contains("/_deploy") {
        return seen!("deploy_created");
    }
    if is("get /_plugins/_ml/tasks/") {
        return seen!("deploy_task_completed");
    }
    if is("delete ") || asked.line.contains("/_undeploy") {
        return told(200, &json!({}));
    }
    state("REGISTERED")
}

fn model(bytes: u64) -> HostedModel {
    HostedModel {
        name: "domain-emb".to_owned(),
        version: "1".to_owned(),
        description: "a model".to_owned(),
        digest: DIGEST.to_owned(),
        bytes,
        dimension: 384,
        model_type: "bert".to_owned(),
        all_config: "{}".to_owned(),
        query_prefix: String::new(),
        passage_prefix: String::new(),
    }
}

/// A file of so many bytes, which is removed with the first part.
fn file(bytes: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
    file.write_all(&vec![b'x'; bytes]).unwrap();
    let path = folder.path().join("model.zip");
    drop(file.persist(&path).unwrap());
    (folder, path)
}

fn hit(id: &str, state: &str) -> Value {
    json!({"_id": id, "_source": {"model_state": state, "model_content_hash_value": DIGEST}})
}

/// A search that finds the model which is sent, as it does a second after; its digest is another one, so that it is sent.
fn found_later() -> Value {
    json!([{"_id": "new", "_source": {"model_state": "REGISTERED", "model_content_hash_value": "0"}}])
}

/// The paths that were asked, without the parts that are always the same.
fn paths(server: &Script) -> Vec<String> {
    let short = |asked: &Asked| {
        let line = asked.line.trim_end_matches(" http/1.1");
        line.replace("/_plugins/_ml/", "")
    };
    server.asked().iter().map(short).collect()
}

#[tokio::test]
async fn a_model_is_sent_in_pieces_of_which_the_last_comes_last() {
    let server = Script::start(|_, asked| well(asked, &found_later())).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    let (_folder, path) = file(20_000_001);
    let registered = host.register(&model(20_000_001), &ModelSource::File(path), |_, _| ()).await.unwrap();
    assert_eq!(registered, RegisteredModel { id: "new".to_owned(), group: "g".to_owned(), existed: false });
    let asked = server.asked();
    let sent: Vec<(&str, usize)> = asked
        .iter()
        .filter_map(|one| Some((one.line.split("/upload_chunk/").nth(1)?.split(' ').next()?, one.bytes)))
        .collect();
    assert_eq!(sent, [("0", 10_000_000), ("1", 10_000_000), ("2", 1)]);
    let pieces = asked.iter().find(|one| one.line.contains("upload_chunk")).unwrap();
    assert!(pieces.head.contains("content-type: application/json"), "octets are refused: {}", pieces.head);
    let meta = asked.iter().find(|one| one.line.contains("_register_meta")).unwrap();
    let meta: Value = serde_json::from_str(&meta.body).unwrap();
    assert_eq!((&meta["total_chunks"], &meta["model_group_id"]), (&json!(3), &json!("g")));
    assert_eq!(
        (&meta["function_name"], &meta["model_format"]),
        (&json!("TEXT_EMBEDDING"), &json!("TORCH_SCRIPT"))
    );
    assert_eq!(meta["model_content_hash_value"], DIGEST);
    assert!(
        meta["model_config"].get("query_prefix").is_none(),
        "an empty prefix makes a model asymmetric: {meta}"
    );
}

#[tokio::test]
async fn a_model_that_is_there_is_used_and_a_half_is_deleted() {
    let models = json!([hit("half", "REGISTERING"), hit("whole", "DEPLOYED")]);
    let server = Script::start(move |_, asked| well(asked, &models)).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    let (_folder, path) = file(1);
    let registered = host.register(&model(1), &ModelSource::File(path), |_, _| ()).await.unwrap();
    assert_eq!((registered.id.as_str(), registered.existed), ("whole", true));
    let asked = paths(&server);
    assert!(asked.contains(&"delete models/half".to_owned()), "{asked:?}");
    assert!(asked.iter().all(|path| !path.contains("upload_chunk") && !path.contains("whole")), "{asked:?}");
}

/// A search sees what was written up to a second later. Who registers the model again at once must find it.
#[tokio::test]
async fn a_model_is_registered_when_a_search_finds_it() {
    let (searches, half) = (Arc::new(AtomicUsize::new(0)), json!([hit("new", "REGISTERING")]));
    let counted = Arc::clone(&searches);
    let script = move |_: usize, asked: &Asked| {
        let is_search = asked.line.starts_with("post /_plugins/_ml/models/_search");
        // The first is before anything is sent; the next two come too soon, and see nothing, and what was there amid the upload.
        let models = match is_search.then(|| counted.fetch_add(1, Ordering::SeqCst)) {
            Some(0 | 1) => json!([]),
            Some(2) => half.clone(),
            _ => found_later(),
        };
        well(asked, &models)
    };
    let server = Script::start(script).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    let (_folder, path) = file(1);
    host.register(&model(1), &ModelSource::File(path), |_, _| ()).await.unwrap();
    assert_eq!(searches.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_group_that_somebody_else_just_made_is_used() {
    let script = |_: usize, asked: &Asked| {
        if asked.line.starts_with("post /_plugins/_ml/model_groups/_search") {
            return seen!("group_none_yet");
        }
        if asked.line.contains("model_groups/_register") {
            seen!("group_twice")
        } else {
            well(asked, &found_later())
        }
    };
    let server = Script::start(script).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    let (_folder, path) = file(1);
    let registered = host.register(&model(1), &ModelSource::File(path), |_, _| ()).await.unwrap();
    assert_eq!(registered.group, "YRIjLKIBsHKH6puQWlDn");
}

#[tokio::test]
async fn a_file_that_is_not_as_announced_is_not_sent() {
    let server = Script::start(|_, asked| well(asked, &json!([]))).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    let (_folder, path) = file(5);
    let trouble = host.register(&model(6), &ModelSource::File(path), |_, _| ()).await.unwrap_err();
    assert!(matches!(trouble, HostTrouble::File { .. }), "{trouble}");
    assert!(trouble.to_string().contains("5 bytes where 6 were announced"), "{trouble}");
    assert!(paths(&server).iter().all(|path| !path.contains("_register_meta")));
}

#[tokio::test]
async fn a_task_that_failed_says_why_and_a_changed_file_is_deleted() {
    let script = |_: usize, asked: &Asked| {
        if asked.line.starts_with("get /_plugins/_ml/tasks/") {
            seen!("deploy_task_failed")
        } else {
            well(asked, &json!([]))
        }
    };
    let server = Script::start(script).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    let trouble = host.deploy("new").await.unwrap_err();
    assert!(matches!(trouble, HostTrouble::Failed { .. }), "{trouble}");
    assert!(trouble.to_string().contains("model content changed"), "{trouble}");
    assert!(paths(&server).contains(&"delete models/new".to_owned()));
}

#[tokio::test]
async fn memory_that_is_short_is_told_from_other_failures() {
    let script = |_: usize, asked: &Asked| {
        if asked.line.contains("_predict") {
            return seen!("predict_memory");
        }
        if asked.line.contains("/tasks/") { seen!("deploy_task_memory") } else { well(asked, &json!([])) }
    };
    let server = Script::start(script).await;
    let (host, _) = host(&server, Duration::from_secs(5));
    for trouble in [host.deploy("m").await.unwrap_err(), host.predict("m", &["a"], None).await.unwrap_err()] {
        assert!(matches!(trouble, HostTrouble::Memory { .. }), "{trouble}");
        assert!(trouble.to_string().contains("native_memory_threshold"), "{trouble}");
    }
    let predicted = paths(&server).iter().filter(|path| path.contains("_predict")).count();
    assert!(predicted > 1, "a breaker that is open may close again: it is asked more than once");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_task_no_longer_than_it_may_take() {
    let script = |number: usize, asked: &Asked| match number {
        0 => Step::ItemAnswer(429, "Retry-After: 0\r\n", "{}".to_owned()),
        _ if asked.line.contains("/tasks/") => seen!("deploy_task_running"),
        _ => well(asked, &json!([])),
    };
    let server = Script::start(script).await;
    let (host, _) = host(&server, Duration::from_secs(1));
    let trouble = host.deploy("m").await.unwrap_err();
    assert!(matches!(trouble, HostTrouble::Late { seconds: 1, .. }), "{trouble}");
    let looks = paths(&server).iter().filter(|path| path.starts_with("get tasks")).count();
    assert!((2..=4).contains(&looks), "{looks} looks in a second");
}

#[tokio::test]
async fn settings_are_named_or_set_and_a_plugin_that_is_missing_is_told() {
    let script = |_: usize, asked: &Asked| {
        if asked.line.starts_with("get /_cluster/settings") {
            return seen!("settings_default");
        }
        if asked.line.starts_with("get /_nodes") { seen!("nodes_roles") } else { well(asked, &json!([])) }
    };
    let server = Script::start(script).await;
    let (asking, _) = host(&server, Duration::from_secs(1));
    let source = ModelSource::File(PathBuf::from("x"));
    let trouble = asking.prepare(&source, false).await.unwrap_err().to_string();
    for part in ["allow_registering_model_via_local_file: true", "only_run_on_ml_node: false", "--configure"]
    {
        assert!(trouble.contains(part), "{trouble}");
    }
    assert!(paths(&server).iter().all(|path| !path.starts_with("put")), "nothing is set unasked");
    assert_eq!(asking.prepare(&source, true).await.unwrap().len(), 2);
    let asked = server.asked();
    let body: Value = serde_json::from_str(&asked.last().unwrap().body).unwrap();
    assert_eq!(body["persistent"]["plugins.ml_commons.only_run_on_ml_node"], false);
    let error = "no handler found for uri [/_plugins/_ml/model_groups/_search] and method [POST]";
    let without = Script::start(move |_, _| told(400, &json!({ "error": error }))).await;
    let (asking, _) = host(&without, Duration::from_secs(1));
    let trouble = asking.prepare(&source, true).await.unwrap_err();
    assert!(matches!(trouble, HostTrouble::Absent { .. }), "{trouble}");
}

#[tokio::test]
async fn another_dimension_is_refused_with_both_numbers_before_anything_is_written() {
    let script = |_: usize, _: &Asked| {
        let embedding = json!({"type": "knn_vector", "dimension": 768, "space_type": "cosinesimil"});
        told(200, &json!({"docs-direct": {"mappings": {"properties": {"embedding": embedding}}}}))
    };
    let server = Script::start(script).await;
    let (host, requests) = host(&server, Duration::from_secs(1));
    let direct = DirectIndex {
        index: "docs-direct".to_owned(),
        model: Fingerprint::of(&[("weights", "a")]),
        name: "domain-emb".to_owned(),
        dimension: 384,
    };
    for trouble in [
        host.has_direct(&direct).await.unwrap_err(),
        host.open_direct(&direct, "m", &requests).await.unwrap_err(),
    ] {
        assert!(matches!(trouble, HostTrouble::Other { .. }), "{trouble}");
        let text = trouble.to_string();
        assert!(text.contains("dimension 768") && text.contains("dimension 384"), "{text}");
    }
    assert!(server.asked().iter().all(|asked| asked.line.starts_with("get ")), "{:?}", paths(&server));
}

#[tokio::test]
async fn old_models_go_and_those_of_pipelines_and_fields_stay() {
    let models = json!([
        hit("new", "DEPLOYED"),
        hit("two", "DEPLOYED"),
        hit("used", "DEPLOYED"),
        hit("field", "DEPLOYED"),
        hit("old", "REGISTERED")
    ]);
    let script = move |_: usize, asked: &Asked| {
        if asked.line.starts_with("get /_ingest/pipeline") {
            return told(200, &json!({"p": {"processors": [{"text_embedding": {"model_id": "used"}}]}}));
        }
        if asked.line.starts_with("get /_mapping?") {
            let fields = json!({"text": {"model_id": "field"}});
            return told(200, &json!({"docs-semantic": {"mappings": {"properties": fields}}}));
        }
        well(asked, &models)
    };
    let server = Script::start(script).await;
    let (host, _) = host(&server, Duration::from_secs(1));
    let model = RegisteredModel { id: "new".to_owned(), group: "g".to_owned(), existed: false };
    assert_eq!(host.remove_old(&model, 2).await.unwrap(), ["old"]);
    let asked = paths(&server);
    let undeployed = asked.iter().position(|path| path == "post models/old/_undeploy");
    let deleted = asked.iter().position(|path| path == "delete models/old");
    assert!(undeployed.is_some() && undeployed < deleted, "{asked:?}");
    // Who may not look at every mapping need not, where nothing is to go.
    let asked = paths(&server).len();
    assert!(host.remove_old(&model, 9).await.unwrap().is_empty());
    assert_eq!(paths(&server).len(), asked + 1, "the search alone");
}
