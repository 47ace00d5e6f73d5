//! Whether outside clients are led to an index, which is asked before it is deleted.

use clap::Parser;
use generation::{Names, Target};
use sink::{
    ElasticsearchSettings, Engine, OpenSearchSettings, OutsideAliases, RequestSettings, Sink, SinkError,
};

use super::bench::{self, Bench, generation};
use super::script::{Script, Step, whole};

const BOTH: [Target; 2] = [Target::Chunks, Target::Documents];

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
}

fn engines(url: &str) -> [Engine; 2] {
    let flags = Flags::parse_from(["test", "--opensearch-url", url, "--elasticsearch-url", url]);
    let (requests, names) = (RequestSettings::default(), Names::new("m", &generation()).unwrap());
    [
        flags.opensearch.connect(&requests, names.clone()).unwrap(),
        flags.elasticsearch.connect(&requests, names).unwrap(),
    ]
}

#[tokio::test]
async fn an_alias_is_there_when_the_engine_knows_it_on_this_index() {
    for (status, has) in [(200, true), (404, false)] {
        let server = Script::start(move |_, _| Step::ItemAnswer(status, "", "{}".to_owned())).await;
        for engine in engines(&server.url) {
            for target in BOTH {
                assert_eq!(engine.has_outside_alias(target).await.unwrap(), has);
                let names = engine.names();
                let line = format!("get /{}/_alias/{} ", names.physical(target), names.outside_alias(target));
                let asked = server.asked().pop().unwrap();
                assert!(asked.line.starts_with(&line), "{} {line}", asked.line);
            }
        }
    }
    let server = Script::start(|_, _| whole(503, "")).await;
    for engine in engines(&server.url) {
        let found = engine.has_outside_alias(Target::Chunks).await;
        assert!(matches!(found, Err(SinkError::Unavailable { .. })), "{found:?}");
    }
}

macro_rules! seen {
    ($fact:ident, $bench:ident, $ignore:literal) => {
        #[tokio::test]
        #[ignore = $ignore]
        async fn $fact() {
            let bench = bench::$bench::open(stringify!($fact));
            let engine: &Engine = bench.engine();
            for target in BOTH {
                assert!(!engine.has_outside_alias(target).await.unwrap(), "there is no index");
            }
            engine.ensure().await.unwrap();
            for target in BOTH {
                assert!(!engine.has_outside_alias(target).await.unwrap(), "there is no alias");
            }
            engine.name_outside(OutsideAliases::All).await.unwrap();
            for target in BOTH {
                assert!(engine.has_outside_alias(target).await.unwrap());
            }
            bench.close().await;
        }
    };
}

seen!(opensearch_tells_its_aliases, OpenSearch, "real: opensearch");
seen!(elasticsearch_tells_its_aliases, Elasticsearch, "real: elasticsearch");
