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
use sink::{Catalog, ElasticsearchSettings, MemoryEngine, OpenSearchSettings, Reader, RequestSettings, Sink};

use crate::bench::{absent, fill, fill_with, generation, search_over, server};
use crate::http::Server;
use crate::model::{Provider, says};

/// A gate for these keys: what each is called, which is the key, its role, and its prefixes.
pub(crate) fn gate(keys: &[(&str, &str, &[&str])], rate: u32) -> Gate {
    let entry = |(name, role, prefixes): &(&str, &str, &[&str])| json!({"name": name, "sha256": sha256_hex([name.as_bytes()]), "role": role, "prefixes": prefixes});
    let keys: Vec<Value> = keys.iter().map(entry).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(json!({"keys": keys}).to_string().as_bytes()).unwrap();
    Gate::new(Some(KeyFile::open(file.path()).unwrap()), rate)
}

/// A server with the keys `reader`, `writer` and `admin`, and `cats`, which may see only `docs/cats` and `docs/cats.md`.
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
    let keys: [(&str, &str, &[&str]); 4] = [
        ("reader", "read", &[]),
        ("writer", "write", &[]),
        ("admin", "admin", &[]),
        ("cats", "write", &["docs/cats", "docs/cats.md"]),
    ];
    let mut server = server(search_over(engine).fused_by_engine(true));
    server.gate = Arc::new(gate(&keys, rate));
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
            ("POST", "/retrieval"),
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

pub(crate) fn documents(answer: &Value) -> Vec<&str> {
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

/// 40 passages in a folder, each about a pump of its own, and what the first of them says besides.
async fn pumps(engine: &MemoryEngine, folder: &str, first: &str) {
    let text = |n: u32| {
        let more = if n == 0 { first } else { "" };
        format!("Pump {folder}{n}q belongs to engineer {folder}{n}e, who knows where its valves are. {more}")
    };
    let texts: Vec<(String, String)> = (0..40).map(|n| (format!("{folder}/{n}.md"), text(n))).collect();
    let passages: Vec<(&str, &str)> = texts.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    fill_with(engine, &passages).await;
}

/// A server over what the engine holds now, with the keys `all`, and `hr`, which may see `docs/hr`.
async fn fresh(engine: &MemoryEngine) -> Server {
    let keys: [(&str, &str, &[&str]); 2] = [("all", "read", &[]), ("hr", "read", &["docs/hr"])];
    let mut server = server(search_over(engine));
    server.gate = Arc::new(gate(&keys, 0));
    Server::of(server).await
}

async fn judged(server: &Server, key: &str, mode: &str, question: &str) -> Value {
    let body = json!({"q": question, "mode": mode, "include": ["relevance"]});
    let (status, answer) = server.send("POST", "/v1/search", key, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// A codename that hidden documents hold, too, is not rarer or more common for who may not see them.
#[tokio::test]
async fn relevance_tells_a_limited_key_nothing_of_other_documents() {
    const QUESTION: &str = "pump falcon";
    let engine = absent();
    pumps(&engine, "hr", "It is the pump falcon.").await;
    let server = fresh(&engine).await;
    let words = judged(&server, "hr", "keyword", QUESTION).await;
    let both = judged(&server, "hr", "hybrid", QUESTION).await;
    pumps(&engine, "hr-legal", "The falcon is a pump that nobody may know of: falcon, falcon.").await;
    pumps(&engine, "legal", "Another pump falcon.").await;
    // The scale for vectors is one for all, and measured once an hour.
    for (mode, before) in [("keyword", &words), ("hybrid", &both)] {
        let after = judged(&server, "hr", mode, QUESTION).await;
        assert!(before["relevance"].as_f64().unwrap() > 0.0, "{before}");
        assert_eq!(after["relevance"], before["relevance"], "{mode}");
    }
    let after = judged(&fresh(&engine).await, "hr", "keyword", QUESTION).await;
    assert_eq!(after["relevance"], words["relevance"], "nothing is remembered");
    // The README says so: an engine's scores go by rarities among all passages.
    assert_eq!((documents(&words)[0], documents(&after)[0]), ("docs/hr/0.md", "docs/hr/0.md"));
    assert_ne!(after["hits"][0]["score"], words["hits"][0]["score"], "the test proves nothing");
}

/// A question in a language that only hidden documents are in is not judged, as if they were not there.
#[tokio::test]
async fn the_language_of_hidden_documents_does_not_show_in_relevance() {
    const GERMAN: &str = "Die Häuser in den kleinen Städten wurden vor vielen Jahren von den Bürgern gebaut.";
    let engine = absent();
    pumps(&engine, "hr", "").await;
    let before = fresh(&engine).await;
    for key in ["all", "hr"] {
        assert_eq!(judged(&before, key, "hybrid", GERMAN).await["relevance"], Value::Null, "{key}");
    }
    fill_with(&engine, &[("legal/houses.md", GERMAN)]).await;
    let after = fresh(&engine).await;
    assert!(judged(&after, "all", "hybrid", GERMAN).await["relevance"].is_f64(), "the test proves nothing");
    assert_eq!(judged(&after, "hr", "hybrid", GERMAN).await["relevance"], Value::Null);
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
