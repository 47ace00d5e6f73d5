//! A snapshot restored over a closed index: the index keeps its uuid, but acknowledged writes are lost.

use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::Transport;
use generation::Target;
use serde_json::{Value, json};
use sink::{Reader, Sink};
use stream::Boottime;

use super::bench::{self, Bench, ready};
use super::data::{all_done, chunk, put, version};

/// Sends a request that must succeed, for operations that the sink does not offer.
async fn ask(server: &Transport, method: Method, path: &str, body: Option<Value>) {
    let headers = HeaderMap::new();
    let answer = server.send(method, path, headers, None::<&()>, body.map(|body| body.to_string()), None);
    let answer = answer.await.unwrap();
    let (is_good, path) = (answer.status_code().is_success(), path.to_owned());
    assert!(is_good, "{path}: {}", answer.text().await.unwrap());
}

async fn is_noticed<B: Bench>(bench: &B, url: &str) {
    let (server, engine) = (Transport::single_node(url).unwrap(), ready(bench).await);
    let both = [Target::Chunks, Target::Documents].map(|target| engine.names().physical(target)).join(",");
    let place = format!("_snapshot/{}", engine.names().physical(Target::Chunks));
    let settings = json!({"type": "fs", "settings": {"location": engine.names().index()}});
    ask(&server, Method::Put, &place, Some(settings)).await;
    let made = format!("{place}/one?wait_for_completion=true");
    ask(&server, Method::Put, &made, Some(json!({"indices": both}))).await;

    let before = engine.ensure().await.unwrap();
    assert_eq!(engine.ensure().await.unwrap(), before, "nothing happened in between");
    all_done(&engine.write(vec![put(&chunk("k", "text", 1, version(1)))], Boottime::now()).await);
    ask(&server, Method::Post, &format!("{both}/_close"), None).await;
    let restore = format!("{place}/one/_restore?wait_for_completion=true");
    ask(&server, Method::Post, &restore, Some(json!({"indices": both}))).await;

    let after = engine.ensure().await.unwrap();
    engine.refresh().await.unwrap();
    assert_eq!(engine.count(Target::Chunks).await.unwrap(), 0, "the snapshot held nothing");
    for (before, after) in [(before.chunks, after.chunks), (before.documents, after.documents)] {
        assert_eq!(before.uuid, after.uuid, "so the uuid alone would not tell");
        assert!(before.history.is_some());
        assert_ne!(before.history, after.history);
    }
    ask(&server, Method::Delete, &format!("{place}/one"), None).await;
    ask(&server, Method::Delete, &place, None).await;
}

#[tokio::test]
#[ignore = "real: opensearch"]
#[expect(clippy::disallowed_methods, reason = "edge: where the server is")]
async fn a_snapshot_restored_over_an_index_of_opensearch_is_noticed() {
    let bench = bench::OpenSearch::open("restored");
    is_noticed::<bench::OpenSearch>(&bench, &std::env::var("MILLRACE_OPENSEARCH_URL").unwrap()).await;
    bench.close().await;
}

#[tokio::test]
#[ignore = "real: elasticsearch"]
#[expect(clippy::disallowed_methods, reason = "edge: where the server is")]
async fn a_snapshot_restored_over_an_index_of_elasticsearch_is_noticed() {
    let bench = bench::Elasticsearch::open("restored");
    is_noticed::<bench::Elasticsearch>(&bench, &std::env::var("MILLRACE_ELASTICSEARCH_URL").unwrap()).await;
    bench.close().await;
}
