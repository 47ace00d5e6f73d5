//! What is written of who did what.

#![expect(clippy::disallowed_methods, reason = "edge: reads the file that is written")]

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::audit_log::AuditLog;

use crate::access::gate;
use crate::bench::{absent, fill, search_over, server};
use crate::http::Server;
use crate::mcp::call;

const KEYS: [(&str, &str, &[&str]); 2] = [("anna", "read", &[]), ("carl", "admin", &[])];

#[tokio::test]
async fn each_request_that_says_something_of_its_sender_is_a_line_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let engine = absent();
    fill(&engine).await;
    let mut one = server(search_over(&engine));
    one.gate = Arc::new(gate(&KEYS, 0).with_log(Some(AuditLog::start(&path).await.unwrap())));
    let server = Server::of(one).await;
    let question = json!({"question": "Where does the cat sleep?"});
    for (method, path, key, body) in [
        ("GET", "/v1/search?q=cat", "anna", None),
        ("POST", "/v1/ask", "anna", Some(question)),
        ("GET", "/v1/document?document=docs/cats.md", "anna", None),
        ("GET", "/v1/me", "anna", None),
        ("DELETE", "/_application/rag/none", "anna", None),
        ("DELETE", "/_application/rag/none", "carl", None),
        ("GET", "/v1/search?q=dog", "nobody", None),
        ("GET", "/healthz", "", None),
    ] {
        server.send(method, path, key, body).await;
    }
    call(&server, "anna", "fetch", json!({"document": "docs/dogs.md"})).await;
    let lines = until(&path, 7).await;
    let told = |line: &Value| {
        let did =
            line["did"].as_array().unwrap().iter().map(|note| format!("{} {}", note["action"], note["what"]));
        let did = did.collect::<Vec<_>>().join(", ").replace('"', "");
        (
            line["key"].as_str().unwrap_or("-").to_owned(),
            line["path"].as_str().unwrap().to_owned(),
            did,
            line["status"].clone(),
        )
    };
    let expected = [
        ("anna", "/v1/search", "search cat", StatusCode::OK),
        ("anna", "/v1/ask", "ask Where does the cat sleep?", StatusCode::OK),
        ("anna", "/v1/document", "read docs/cats.md", StatusCode::OK),
        ("anna", "/_application/rag/none", "", StatusCode::FORBIDDEN),
        ("carl", "/_application/rag/none", "", StatusCode::NOT_FOUND),
        ("-", "/v1/search", "", StatusCode::UNAUTHORIZED),
        ("anna", "/mcp", "read docs/dogs.md", StatusCode::OK),
    ];
    let expected = expected.map(|(key, path, did, status)| {
        (key.to_owned(), path.to_owned(), did.to_owned(), json!(status.as_u16()))
    });
    assert_eq!(lines.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(lines.iter().all(|line| line["request"].as_str().unwrap().len() == 20), "{lines:?}");
    assert!(lines.iter().all(|line| line["time"].as_str().unwrap().ends_with('Z')), "{lines:?}");
}

/// The lines of a file, once it has so many.
async fn until(path: &std::path::Path, count: usize) -> Vec<Value> {
    let mut text = String::new();
    for _ in 0..500 {
        text = std::fs::read_to_string(path).unwrap();
        if text.lines().count() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(text.lines().count() >= count, "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
