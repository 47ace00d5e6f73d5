//! The aliases for outside clients, which follow the served generation.

use generation::{Generation, Names, Target};
use message::Fingerprint;
use serde_json::Value;
use sink::{Engine, OutsideAliases, Sink, SinkError};

use super::bench::{self, Bench, generation};

/// The indexes behind an alias.
async fn holders(url: &str, alias: &str) -> Vec<String> {
    use elasticsearch::http::Method;
    use elasticsearch::http::headers::HeaderMap;
    use elasticsearch::http::transport::Transport;

    let server = Transport::single_node(url).unwrap();
    let path = format!("_alias/{alias}");
    let answer =
        server.send(Method::Get, &path, HeaderMap::new(), None::<&()>, None::<()>, None).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
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
