//! The aliases for outside clients, which follow the served generation.

use generation::{Generation, Names, Target};
use message::Fingerprint;
use serde_json::{Value, json};
use sink::{Engine, OutsideAliases, Reader, Sink, SinkError};
use stream::Boottime;

use super::bench::{self, Bench, generation};
use super::data::{all_done, chunk, put, vector, version};

/// What a client of the engine's own is answered.
async fn asked(url: &str, path: &str, body: Option<Value>) -> Value {
    use elasticsearch::http::headers::HeaderMap;
    use elasticsearch::http::request::JsonBody;
    use elasticsearch::http::transport::Transport;
    use elasticsearch::http::{Method, headers};

    let server = Transport::single_node(url).unwrap();
    let method = if body.is_some() { Method::Post } else { Method::Get };
    let json = (headers::CONTENT_TYPE, headers::HeaderValue::from_static("application/json"));
    let headers = HeaderMap::from_iter([json]);
    let answer =
        server.send(method, path, headers, None::<&()>, body.map(JsonBody::new), None).await.unwrap();
    answer.json().await.unwrap()
}

/// The indexes behind an alias.
async fn holders(url: &str, alias: &str) -> Vec<String> {
    let answer = asked(url, &format!("_alias/{alias}"), None).await;
    answer.as_object().unwrap().keys().cloned().collect()
}

macro_rules! follows {
    ($fact:ident, $bench:ident, $variable:literal, $ignore:literal) => {
        #[tokio::test]
        #[ignore = $ignore]
        #[expect(clippy::disallowed_methods, reason = "edge: asks the server for its aliases")]
        async fn $fact() {
            let url = std::env::var($variable).unwrap();
            let bench = bench::$bench::open(stringify!($fact));
            let old: &Engine = bench.engine();
            let alias = |target| old.names().outside_alias(target);
            assert!(matches!(old.name_outside(OutsideAliases::Free).await, Err(SinkError::Missing { .. })));
            old.ensure().await.unwrap();
            old.name_outside(OutsideAliases::Free).await.unwrap();
            let served = |target| [old.names().physical(target)];
            for target in [Target::Chunks, Target::Documents] {
                assert_eq!(holders(&url, &alias(target)).await, served(target));
            }
            let other = Generation { space: Fingerprint::of(&[("model", "next")]), ..generation() };
            let next = old.over(Names::new(&alias(Target::Chunks), &other).unwrap());
            assert!(matches!(next.name_outside(OutsideAliases::All).await, Err(SinkError::Missing { .. })));
            next.ensure().await.unwrap();
            next.name_outside(OutsideAliases::Free).await.unwrap();
            for (engine, times) in [(&next, 2), (old, 1)] {
                for target in [Target::Chunks, Target::Documents] {
                    assert_eq!(
                        holders(&url, &alias(target)).await.len(),
                        1,
                        "the alias stays with what is served"
                    );
                }
                for _ in 0..times {
                    engine.name_outside(OutsideAliases::All).await.unwrap();
                }
                for target in [Target::Chunks, Target::Documents] {
                    assert_eq!(holders(&url, &alias(target)).await, [engine.names().physical(target)]);
                }
            }
            for target in [Target::Chunks, Target::Documents] {
                next.delete_index(target).await.unwrap();
                next.delete_index(target).await.unwrap();
            }
            bench.close().await;
        }
    };
}

follows!(opensearch_aliases_follow, OpenSearch, "MILLRACE_OPENSEARCH_URL", "real: opensearch");
follows!(elasticsearch_aliases_follow, Elasticsearch, "MILLRACE_ELASTICSEARCH_URL", "real: elasticsearch");

/// Asks the outside alias for the passage nearest to a vector, as a client does that knows no more than these names: the fields
/// `text` and `embedding`.
async fn answers_by_the_names_of_the_design(
    url: &str,
    engine: &Engine,
    query: impl Fn(&[f32]) -> Value,
) -> Value {
    engine.ensure().await.unwrap();
    let passages = [1, 2, 3].map(|seed| chunk("k", &format!("passage {seed}"), seed, version(1)));
    all_done(&engine.write(passages.iter().map(put).collect(), Boottime::now()).await);
    engine.name_outside(OutsideAliases::All).await.unwrap();
    engine.refresh().await.unwrap();
    let alias = engine.names().outside_alias(Target::Chunks);
    let answer = asked(url, &format!("{alias}/_search"), Some(query(&vector(2)))).await;
    assert_eq!(answer["hits"]["hits"][0]["_source"]["text"], "passage 2", "{answer}");
    let mapping = asked(url, &format!("{alias}/_mapping"), None).await;
    mapping[engine.names().physical(Target::Chunks)]["mappings"]["properties"].clone()
}

#[tokio::test]
#[ignore = "real: opensearch"]
#[expect(clippy::disallowed_methods, reason = "edge: asks the server as an outside client does")]
async fn opensearch_answers_by_the_names_of_the_design() {
    let url = std::env::var("MILLRACE_OPENSEARCH_URL").unwrap();
    let bench = bench::OpenSearch::open("design");
    let query =
        |vector: &[f32]| json!({"size": 1, "query": {"knn": {"embedding": {"vector": vector, "k": 1}}}});
    let fields = answers_by_the_names_of_the_design(&url, bench.engine(), query).await;
    let embedding = &fields["embedding"];
    assert_eq!((&fields["text"]["type"], &embedding["type"]), (&json!("text"), &json!("knn_vector")));
    assert_eq!(embedding["method"]["name"], "hnsw", "{embedding}");
    let similarity = embedding.get("space_type").unwrap_or(&embedding["method"]["space_type"]);
    assert_eq!(similarity, "cosinesimil", "{embedding}");
    bench.close().await;
}

#[tokio::test]
#[ignore = "real: elasticsearch"]
#[expect(clippy::disallowed_methods, reason = "edge: asks the server as an outside client does")]
async fn elasticsearch_answers_by_the_names_of_the_design() {
    let url = std::env::var("MILLRACE_ELASTICSEARCH_URL").unwrap();
    let bench = bench::Elasticsearch::open("design");
    let query = |vector: &[f32]| json!({"size": 1, "knn": {"field": "embedding", "query_vector": vector, "k": 1, "num_candidates": 10}});
    let fields = answers_by_the_names_of_the_design(&url, bench.engine(), query).await;
    let types = (&fields["text"]["type"], &fields["embedding"]["type"]);
    assert_eq!(types, (&json!("text"), &json!("dense_vector")));
    // The best kind needs more numbers than these vectors have, so the index has the next.
    assert_eq!(fields["embedding"]["index_options"]["type"], "hnsw", "{fields}");
    bench.close().await;
}

#[tokio::test]
#[ignore = "real: elasticsearch"]
#[expect(clippy::disallowed_methods, reason = "edge: asks the server as an outside client does")]
async fn elasticsearch_keeps_vectors_as_the_best_kind_that_its_version_knows() {
    let url = std::env::var("MILLRACE_ELASTICSEARCH_URL").unwrap();
    let bench = bench::Elasticsearch::open("best");
    let engine = bench.over(
        Names::new(bench.engine().names().index(), &Generation { dimension: 64, ..generation() }).unwrap(),
    );
    engine.ensure().await.unwrap();
    let index = engine.names().physical(Target::Chunks);
    let mapping = asked(&url, &format!("{index}/_mapping"), None).await;
    let options = &mapping[&index]["mappings"]["properties"]["embedding"]["index_options"];
    let nodes = asked(&url, "_nodes?filter_path=nodes.*.version", None).await;
    let version = nodes["nodes"].as_object().unwrap().values().next().unwrap()["version"].as_str().unwrap();
    // 8.17 is the one that clouds still sell; its `bbq_hnsw` cannot be told to compare whole vectors again.
    let best = if version.starts_with("8.") { "hnsw" } else { "bbq_hnsw" };
    assert_eq!(options["type"], best, "{version}: {options}");
    for target in [Target::Chunks, Target::Documents] {
        engine.delete_index(target).await.unwrap();
    }
    bench.close().await;
}
