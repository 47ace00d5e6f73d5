//! The responses over HTTP.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: serves on a free port of this machine"
)]

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use generation::{Names, Target};
use message::Fingerprint;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use serve::http::connection::ConnectionDeadlines;
use serve::{Search, Snapshot};
use sink::{Catalog, ElasticsearchSettings, MemoryEngine, Reader, RequestSettings};
use tokio::net::TcpListener;

use crate::bench::{
    Fussy, Over, absent, another, chunk, encoder, fill, generation, mute, search, search_over, server,
    snapshot, space,
};
use crate::model::{Act, Provider};

/// A server on a free port for the duration of the test, and a client for it.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) client: Client,
}

impl Server {
    /// Sends a request with a key; returns the response's status and JSON.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.address));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.timeout(Duration::from_secs(20)).send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    pub(crate) async fn start(search: Search<Fussy, MemoryEngine>) -> Self {
        Self::of(server(search)).await
    }

    pub(crate) async fn of<R: Reader + Catalog>(server: serve::http::Server<Over<R>>) -> Self {
        Self::at(Arc::new(server)).await
    }

    pub(crate) async fn at<R: Reader + Catalog>(server: Arc<serve::http::Server<Over<R>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (deadlines, never) = (ConnectionDeadlines::default(), std::future::pending());
        // Ends together with the test's runtime.
        tokio::spawn(serve::http::serve_at(listener, server, deadlines, never));
        Self { address, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> (StatusCode, String) {
        let request = self.client.get(format!("{}{path}", self.address)).query(query);
        let response = request.timeout(Duration::from_secs(10)).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn search(&self, query: &[(&str, &str)]) -> (StatusCode, Value) {
        let (status, body) = self.get("/v1/search", query).await;
        (status, serde_json::from_str(&body).unwrap())
    }
}

/// Somebody restores another index under this name, or puts an alias there, while questions are asked.
#[tokio::test]
async fn an_index_that_became_another_one_is_a_503_that_says_so() {
    let engine = absent();
    fill(&engine).await;
    let (server, another) = (Server::start(search_over(&engine)).await, another(&engine).await);
    let paths = ["/v1/search?q=cat", "/v1/search?q=cat&mode=keyword", "/v1/document?document=docs%2Fcats.md"];
    for is_exchanged in [false, true, false] {
        for path in paths {
            let (status, answer) = server.send("GET", path, "", None).await;
            if !is_exchanged {
                assert_eq!(status, StatusCode::OK, "{path}: {answer}");
                continue;
            }
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains(space().as_str()), "{message}");
            assert!(message.contains(another.space().as_str()), "{message}");
        }
        engine.exchange(&another);
    }
}

fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn an_answer_has_the_documented_shape() {
    let server = Server::start(search().await).await;
    let question = "The cat sleeps on the warm windowsill";
    let (status, answer) = server.search(&[("q", question)]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        names(&answer),
        ["fusion", "generation", "hits", "mode", "query", "space", "timing", "took_ms"]
    );
    assert_eq!((&answer["query"], &answer["mode"]), (&json!(question), &json!("hybrid")));
    assert_eq!((&answer["space"], &answer["generation"]), (&json!(space()), &json!(generation().short())));
    let hit = &answer["hits"][0];
    let fields = [
        "document",
        "heading_path",
        "id",
        "keyword_rank",
        "keyword_score",
        "language",
        "score",
        "text",
        "vector_rank",
        "vector_score",
    ];
    assert_eq!(names(hit), fields);
    let text = "The cat sleeps on the warm windowsill all afternoon.";
    assert_eq!((&hit["id"], &hit["text"]), (&json!(chunk("cats.md", text).id), &json!(text)));
    assert_eq!(
        (&hit["document"], &hit["heading_path"]),
        (&json!("docs/cats.md"), &json!(["Animals", "At home"]))
    );
    assert_eq!((&hit["keyword_rank"], &hit["vector_rank"]), (&json!(1), &json!(1)));
    assert!(hit["score"].as_f64().is_some_and(|score| score > 0.0));
}

#[tokio::test]
async fn ranks_are_left_out_where_there_are_none() {
    let server = Server::start(search().await).await;
    for mode in ["keyword", "vector"] {
        let (status, answer) = server.search(&[("q", "猫 睡觉"), ("mode", mode), ("size", "1")]).await;
        assert_eq!((status, &answer["mode"]), (StatusCode::OK, &json!(mode)));
        assert_eq!(answer["hits"].as_array().unwrap().len(), 1);
        assert_eq!(
            names(&answer["hits"][0]),
            ["document", "heading_path", "id", "language", "score", "text"]
        );
        assert_eq!(answer["hits"][0]["document"], "docs/中文/猫.md", "{mode}");
    }
    // A passage without the words is only in the vector ranking.
    let (_, answer) = server.search(&[("q", "boiling tea")]).await;
    let dog =
        answer["hits"].as_array().unwrap().iter().find(|hit| hit["document"] == "docs/dogs.md").unwrap();
    assert_eq!(
        names(dog),
        ["document", "heading_path", "id", "language", "score", "text", "vector_rank", "vector_score"]
    );
}

#[tokio::test]
async fn what_is_no_question_is_answered_with_400_and_the_reason() {
    let server = Server::start(search().await).await;
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[], "empty"),
        (&[("q", " ")], "empty"),
        (&[("q", "cat"), ("size", "0")], "size is 0"),
        (&[("q", "cat"), ("size", "1001")], "size is 1001"),
        (&[("q", "cat"), ("size", "-1")], "invalid digit"),
        (&[("q", "cat"), ("size", "ten")], "invalid digit"),
        (&[("q", "cat"), ("mode", "magic")], "unknown variant"),
        (&[("q", "cat"), ("limit", "10")], "unknown field"),
    ];
    for (query, part) in cases {
        let (status, answer) = server.search(query).await;
        assert_eq!(
            (status, &answer["error"]["type"]),
            (StatusCode::BAD_REQUEST, &json!("question")),
            "{query:?}"
        );
        assert!(answer["error"]["message"].as_str().unwrap().contains(part), "{query:?}: {answer}");
    }
    let (status, answer) = server.search(&[("q", "cat"), ("size", "1000")]).await;
    assert_eq!((status, answer["hits"].as_array().unwrap().len()), (StatusCode::OK, 6));
}

#[tokio::test]
async fn a_prefix_under_which_nothing_lies_is_told() {
    let server = Server::start(search().await).await;
    let (_, answer) = server.search(&[("q", "cat"), ("prefix", "cats.md")]).await;
    assert_eq!(answer["hits"], json!([]));
    assert!(answer["notes"][0].as_str().unwrap().contains("no document lies under this prefix"), "{answer}");
    let (_, answer) =
        server.search(&[("q", "xylophone"), ("mode", "keyword"), ("prefix", "docs/cats")]).await;
    assert_eq!((&answer["hits"], &answer["notes"]), (&json!([]), &Value::Null), "{answer}");
}

#[tokio::test]
async fn a_question_that_is_longer_than_the_model_takes_is_embedded_in_parts_and_says_so() {
    let server = Server::start(search().await).await;
    let (status, answer) = server.search(&[("q", "endless")]).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["notes"][0].as_str().unwrap().contains("in 2 parts"), "{answer}");
    let (_, short) = server.search(&[("q", "cat")]).await;
    assert_eq!(short["notes"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_answered_now_is_503_with_the_cause_and_readiness_says_the_same() {
    let engine = absent();
    fill(&engine).await;
    let other = Fingerprint::of(&[("model", "another")]);
    for (search, parts) in [
        (search_over(&absent()), vec!["does not exist".to_owned(), "test-".to_owned()]),
        (Search::new(snapshot(&engine, encoder(), &other)), vec![other.to_string(), space().to_string()]),
    ] {
        let server = Server::start(search).await;
        let (status, answer) = server.search(&[("q", "cat")]).await;
        assert_eq!(
            (status, &answer["error"]["type"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable"))
        );
        let (ready, body) = server.get("/readyz", &[]).await;
        assert_eq!(ready, StatusCode::SERVICE_UNAVAILABLE);
        for part in parts {
            assert!(answer["error"]["message"].as_str().unwrap().contains(&part), "{answer}");
            assert!(!body.contains(&part), "anybody may ask whether it is ready: {body}");
        }
        assert_eq!(server.get("/healthz", &[]).await, (StatusCode::OK, "alive\n".to_owned()));
    }
}

#[tokio::test]
async fn an_encoder_that_fails_is_503_and_keyword_goes_on() {
    let engine = absent();
    fill(&engine).await;
    let server = Server::start(mute(&engine)).await;
    let (status, answer) = server.search(&[("q", "cat")]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer["error"]["message"].as_str().unwrap().contains("the encoder has stopped"), "{answer}");
    let (status, _) = server.search(&[("q", "cat"), ("mode", "keyword")]).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_server_is_ready_once_its_indexes_are_there() {
    let engine = absent();
    let server = Server::start(search_over(&engine)).await;
    assert_eq!(server.get("/readyz", &[]).await.0, StatusCode::SERVICE_UNAVAILABLE);
    fill(&engine).await;
    assert_eq!(server.get("/readyz", &[]).await, (StatusCode::OK, "ready\n".to_owned()));
    assert_eq!(server.get("/nowhere", &[]).await.0, StatusCode::NOT_FOUND);
}

/// A fake Elasticsearch that answers about its indexes.
#[derive(Parser)]
struct Engine {
    #[command(flatten)]
    settings: ElasticsearchSettings,
}

#[tokio::test]
async fn a_server_whose_engine_dies_says_so_and_is_ready_when_it_is_back() {
    let names = Names::new("test", &generation()).unwrap();
    let index = json!({"mappings": {"_meta": {"space": space()}}});
    let both = json!({names.physical(Target::Chunks): index, names.physical(Target::Documents): index});
    let (there, away) = (Act::Whole(200, "", both.to_string()), Act::Whole(503, "", String::new()));
    // Both indexes are checked.
    let engine = Provider::start(vec![there.clone(), there.clone(), away, there]).await;
    let url = engine.url.trim_end_matches("/v1");
    let settings = Engine::parse_from(["test", "--elasticsearch-url", url]).settings;
    let engine = settings.connect(&RequestSettings::default(), names.clone()).unwrap();
    let server = Server::of(server(Search::new(Snapshot::new("hashing", encoder(), engine, names)))).await;
    assert_eq!(server.get("/readyz", &[]).await.0, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (status, body) = server.get("/readyz", &[]).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert!(body.contains("search is not available") && !body.contains(url), "{body}");
    assert_eq!(server.get("/readyz", &[]).await.0, StatusCode::OK);
}
