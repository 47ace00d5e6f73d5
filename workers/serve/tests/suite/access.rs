//! Access control over HTTP: attempts that must fail, and documents that must stay invisible.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use generation::{Names, Target};
use message::{DocumentId, sha256_hex};
use objects::{MemoryStore, Store as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::access::file::KeyFile;
use serve::http::ServedBucket;
use serve::http::guard::Gate;
use sink::{Catalog, ElasticsearchSettings, OpenSearchSettings, Reader, RequestSettings, Sink};

use crate::bench::{absent, fill, generation, search_over, server};
use crate::http::Server;
use crate::model::{Provider, says};

/// A server with the keys `reader`, `writer` and `admin`, and `cats`, which may read only `docs/cats`.
pub(crate) async fn guarded(rate: u32, provider: Option<&Provider>) -> (Server, MemoryStore) {
    guarded_over(&absent(), rate, provider).await
}

/// The same over any engine, with indexes created and filled.
async fn guarded_over<R: Catalog + Sink + Reader + Clone>(
    engine: &R,
    rate: u32,
    provider: Option<&Provider>,
) -> (Server, MemoryStore) {
    fill(engine).await;
    let store = MemoryStore::default();
    store.ensure_bucket("docs", None).await.unwrap();
    for key in ["cats.md", "dogs.md", "new.md"] {
        store
            .put(&DocumentId::new("docs", key).unwrap(), Bytes::from_static(b"x"), "text/plain")
            .await
            .unwrap();
    }
    let entry = |name: &str, role: &str, prefixes: &[&str]| json!({"name": name, "sha256": sha256_hex([name.as_bytes()]), "role": role, "prefixes": prefixes});
    let keys = json!({"keys": [
        entry("reader", "read", &[]), entry("writer", "write", &[]), entry("admin", "admin", &[]),
        entry("cats", "write", &["docs/cats"]),
    ]});
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(keys.to_string().as_bytes()).unwrap();
    let keys = KeyFile::open(file.path()).unwrap();
    let mut server = server(search_over(engine).fused_by_engine(true));
    server.gate = Arc::new(Gate::new(Some(keys), rate));
    server.bucket = Some(ServedBucket { name: "docs".to_owned(), store: store.clone() });
    if let Some(provider) = provider {
        server.models = provider.models();
    }
    (Server::of(server).await, store)
}

#[tokio::test]
async fn without_a_key_nothing_is_told_but_that_one_is_needed() {
    let (server, _) = guarded(0, None).await;
    for key in ["", "wrong", "READER"] {
        for (method, path) in [
            ("GET", "/v1/me"),
            ("GET", "/v1/search?q=cat"),
            ("POST", "/v1/ask"),
            ("POST", "/v1/feedback"),
            ("POST", "/mcp"),
            ("POST", "/v1/chat/completions"),
            ("GET", "/v1/document?document=docs/cats.md"),
            ("PUT", "/v1/documents?key=a"),
            ("GET", "/_application/rag"),
            ("GET", "/v1/pipeline"),
            ("GET", "/v1/generations"),
            ("GET", "/v1/training"),
            ("POST", "/v1/generations/0123456789ab/promote"),
        ] {
            let (status, body) = server.send(method, path, key, None).await;
            assert_eq!(
                (status, &body["error"]["type"]),
                (StatusCode::UNAUTHORIZED, &json!("unauthorized")),
                "{path}"
            );
        }
    }
    for path in ["/", "/assets/app.js", "/healthz", "/readyz"] {
        assert_eq!(server.send("GET", path, "", None).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_role_allows_what_it_says_and_no_more() {
    let (server, store) = guarded(0, None).await;
    for (method, path, needs) in [
        ("GET", "/v1/search?q=cat", 0),
        ("GET", "/v1/documents", 0),
        ("PUT", "/v1/documents?key=up.md", 1),
        ("DELETE", "/v1/documents?key=new.md", 1),
        ("GET", "/v1/pipeline", 2),
        ("GET", "/v1/generations", 2),
        ("GET", "/v1/training", 2),
        ("POST", "/v1/generations/rollback", 2),
        ("POST", "/v1/generations/0123456789ab/promote", 2),
        ("POST", "/v1/generations/0123456789ab/pause", 2),
        ("POST", "/v1/generations/0123456789ab/resume", 2),
        ("GET", "/_application/rag", 2),
        ("DELETE", "/_application/rag/none", 2),
    ] {
        for (rank, key) in ["reader", "writer", "admin"].into_iter().enumerate() {
            let (status, _) = server.send(method, path, key, None).await;
            assert_eq!(status == StatusCode::FORBIDDEN, rank < needs, "{key} {method} {path}: {status}");
        }
    }
    assert!(store.head(&DocumentId::new("docs", "up.md").unwrap()).await.unwrap().is_some());
    assert!(store.head(&DocumentId::new("docs", "new.md").unwrap()).await.unwrap().is_none());
}

fn documents(answer: &Value) -> Vec<&str> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["document"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_key_with_prefixes_sees_no_other_document_anywhere() {
    sees_no_other_document_anywhere(&absent()).await;
}

#[derive(Parser)]
struct Engines {
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    requests: RequestSettings,
}

/// Settings, with names unique to this process.
fn engines() -> (Engines, Names) {
    let names = Names::new(&format!("serve-{}", std::process::id()), &generation()).unwrap();
    (Engines::parse_from(["test"]), names)
}

/// Removes what a test has written.
async fn remove(url: &str, names: &Names) {
    for target in [Target::Chunks, Target::Documents] {
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{url}/{}", names.physical(target));
        request.delete(url).timeout(Duration::from_secs(20)).send().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "real: elasticsearch"]
async fn nor_in_elasticsearch() {
    let (settings, names) = engines();
    let engine = settings.elasticsearch.connect(&settings.requests, names.clone()).unwrap();
    sees_no_other_document_anywhere(&engine).await;
    remove(&settings.elasticsearch.elasticsearch_url, &names).await;
}

#[tokio::test]
#[ignore = "real: opensearch"]
async fn nor_in_opensearch() {
    let (settings, names) = engines();
    let engine = settings.opensearch.connect(&settings.requests, names.clone()).unwrap();
    sees_no_other_document_anywhere(&engine).await;
    remove(&settings.opensearch.opensearch_url, &names).await;
}

async fn sees_no_other_document_anywhere<R: Catalog + Sink + Reader + Clone>(engine: &R) {
    let provider = Provider::start(vec![says(&["Dogs bark [1][2][3][4][5][6]."])]).await;
    let (server, store) = guarded_over(engine, 0, Some(&provider)).await;
    for mode in ["keyword", "vector", "hybrid", "hybrid&fusion=rrf"] {
        for filter in ["", "&prefix=docs/dogs", "&prefix=docs/", "&prefix="] {
            let path =
                format!("/v1/search?q=dog+barks+cat&mode={mode}&include=place,neighbours,highlights{filter}");
            let (status, answer) = server.send("GET", &path, "cats", None).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            assert!(
                documents(&answer).iter().all(|document| *document == "docs/cats.md"),
                "{path}: {answer}"
            );
            assert!(!answer.to_string().contains("dogs"), "{answer}");
        }
    }
    let (_, everything) = server.send("GET", "/v1/search?q=dog+barks", "reader", None).await;
    assert!(documents(&everything).contains(&"docs/dogs.md"), "the test proves nothing");

    let ask = json!({"question": "Which dog barks at strangers near the cat?"});
    let (status, answer) = server.send("POST", "/v1/ask", "cats", Some(ask)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(
        answer["citations"].as_array().unwrap().iter().all(|one| one["document"] == "docs/cats.md"),
        "{answer}"
    );
    let prompts = provider.heard();
    assert!(!prompts.is_empty() || answer["found"] == json!(false), "{answer}");
    assert!(prompts.iter().all(|(_, prompt)| !prompt.to_string().contains("guards the gate")), "{prompts:?}");

    let path = "/v1/document?document=docs/dogs.md";
    let (status, whole) = server.send("GET", path, "reader", None).await;
    assert_eq!((status, &whole["passages"][0]["part"]["number"]), (StatusCode::OK, &json!(1)), "{whole}");
    for (method, path) in [
        ("GET", "/v1/document?document=docs/dogs.md"),
        ("GET", "/v1/document?document=docs/absent.md"),
        ("GET", "/v1/document?document=nonsense"),
    ] {
        let (status, body) = server.send(method, path, "cats", None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{body}");
    }
    let (_, listing) = server.send("GET", "/v1/documents", "cats", None).await;
    let keys: Vec<&Value> = listing["documents"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(keys, [&json!("cats.md")]);
    for method in ["PUT", "DELETE"] {
        let (status, _) = server.send(method, "/v1/documents?key=dogs.md", "cats", None).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    assert!(store.head(&DocumentId::new("docs", "dogs.md").unwrap()).await.unwrap().is_some());
    assert_eq!(
        server.send("PUT", "/v1/documents?key=cats/new.md", "cats", None).await.0,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        server.send("PUT", "/v1/documents?key=.millrace/x", "admin", None).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn bodies_and_rates_have_limits() {
    let (server, _) = guarded(3, None).await;
    let large = json!({"question": "x".repeat(2_000_000)});
    let (status, body) = server.send("POST", "/v1/ask", "reader", Some(large)).await;
    assert_eq!((status, &body["error"]["type"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
    let (status, body) =
        server.send("PUT", "/v1/documents?key=a", "writer", Some(json!("x".repeat(2_000)))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(body["error"]["message"].as_str().unwrap().contains("MILLRACE_SERVE_LARGEST_UPLOAD"), "{body}");
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(server.send("GET", "/v1/me", "reader", None).await.0);
    }
    assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
    assert_eq!(
        server.send("GET", "/v1/me", "admin", None).await.0,
        StatusCode::OK,
        "each key has its own share"
    );
}

#[tokio::test]
async fn every_answer_has_a_name_and_closes_itself_to_other_sites() {
    let (server, _) = guarded(0, None).await;
    let get = |path: &str| server.client.get(format!("{}{path}", server.address));
    let response = get("/v1/me")
        .header("x-request-id", "mine-1")
        .header("origin", "https://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine-1");
    assert!(!response.headers().contains_key("access-control-allow-origin"));
    let response = get("/").header("x-request-id", "no good\t").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"].len(), 20);
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}
