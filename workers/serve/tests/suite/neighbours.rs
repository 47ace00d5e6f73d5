//! A key for `docs/hr` sees the object of that name and what is under it, and on no way what only begins so.

use std::sync::Arc;

use bytes::Bytes;
use message::DocumentId;
use objects::{MemoryStore, Store as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::http::ServedBucket;

use crate::access::{documents, gate};
use crate::bench::{absent, fill_with, search_over, server};
use crate::http::Server;
use crate::mcp::call;
use crate::model::{Provider, says};

/// What the key `hr` may not see is secret.
const PASSAGES: [(&str, &str); 5] = [
    ("hr", "All employees have thirty days of holiday in each year."),
    ("hr/leave.md", "Leave of employees is granted by their manager, in writing."),
    ("hr/travel.md", "Employees travel by train wherever that is possible."),
    ("hr-legal/dismissal.md", "This is secret: lawyers prepare the dismissal of employees."),
    ("hr.md", "This is secret, too: notes about single employees."),
];
const KEYS: [(&str, &str, &[&str]); 4] = [
    ("all", "write", &[]),
    ("bucket", "write", &["docs"]),
    ("hr", "write", &["docs/hr"]),
    ("folder", "write", &["docs/hr/"]),
];
/// What the keys `hr` and `folder` see.
const HR: &[&str] = &["docs/hr", "docs/hr/leave.md", "docs/hr/travel.md"];
const FOLDER: &[&str] = &["docs/hr/leave.md", "docs/hr/travel.md"];

fn document(key: &str) -> DocumentId {
    DocumentId::new("docs", key).unwrap()
}

/// A server with these keys and documents, and its bucket, whose listing has one object on each page.
async fn world(provider: Option<&Provider>) -> (Server, MemoryStore) {
    let engine = absent();
    fill_with(&engine, &PASSAGES).await;
    let store = MemoryStore::with_page_size(1);
    store.ensure_bucket("docs", None).await.unwrap();
    for (key, _) in PASSAGES {
        store.put(&document(key), Bytes::from_static(b"x"), "text/plain").await.unwrap();
    }
    let mut server = server(search_over(&engine).fused_by_engine(true));
    server.gate = Arc::new(gate(&KEYS, 0));
    server.bucket = Some(ServedBucket { name: "docs".to_owned(), store: store.clone() });
    if let Some(provider) = provider {
        server.models = provider.models();
    }
    (Server::of(server).await, store)
}

fn sorted(documents: Vec<&str>) -> Vec<String> {
    let mut sorted: Vec<String> = documents.into_iter().map(str::to_owned).collect();
    sorted.sort();
    sorted
}

/// The documents that a search finds.
async fn found(server: &Server, key: &str, mode: &str, prefix: &[&str]) -> Vec<String> {
    let body = json!({"q": "employees", "mode": mode, "size": 50, "prefix": prefix});
    let (status, answer) = server.send("POST", "/v1/search", key, Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    sorted(documents(&answer))
}

#[tokio::test]
async fn a_search_finds_no_neighbour_whatever_prefix_is_asked_for() {
    let (server, _) = world(None).await;
    let cases: [(&str, &[&str], &[&str]); 12] = [
        ("hr", &[], HR),
        ("hr", &["docs/hr"], HR),
        ("hr", &["docs/h"], HR),
        ("hr", &["docs/", "docs/hr-legal/"], HR),
        ("hr", &[""], HR),
        ("hr", &["docs/hr/"], FOLDER),
        ("hr", &["docs/hr-", "docs/hr.md"], &[]),
        ("hr", &["docs/hr-legal/", "docs/hr/t"], &["docs/hr/travel.md"]),
        ("folder", &[], FOLDER),
        ("folder", &["docs/hr"], FOLDER),
        // What is asked for is a beginning, and no place.
        ("bucket", &["docs/hr-l", "docs/hr."], &["docs/hr-legal/dismissal.md", "docs/hr.md"]),
        ("all", &["docs/hr/l"], &["docs/hr/leave.md"]),
    ];
    for mode in ["keyword", "vector", "hybrid"] {
        for (key, prefix, expected) in cases {
            assert_eq!(found(&server, key, mode, prefix).await, expected, "{key} {mode} {prefix:?}");
        }
        for key in ["all", "bucket"] {
            assert_eq!(found(&server, key, mode, &[]).await.len(), PASSAGES.len(), "{key} {mode}");
        }
    }
    let (_, answer) = server.send("GET", "/v1/search?q=employees&prefix=docs/hr", "hr", None).await;
    assert_eq!(sorted(documents(&answer)), HR);
}

fn cited(citations: &Value) -> Vec<String> {
    let citations = citations.as_array().unwrap().iter();
    sorted(citations.map(|one| one["document"].as_str().unwrap()).collect())
}

#[tokio::test]
async fn no_answer_cites_a_neighbour_and_no_model_is_given_one() {
    let provider = Provider::start(vec![says(&["They do [1][2][3][4][5]."])]).await;
    let (server, _) = world(Some(&provider)).await;
    let question = "What do employees get in each year?";
    for prefix in [json!([]), json!("docs/hr"), json!(["docs/", "docs/hr-legal/"])] {
        let body = json!({"question": question, "prefix": prefix});
        let (status, answer) = server.send("POST", "/v1/ask", "hr", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(cited(&answer["citations"]), HR, "{prefix}: {answer}");
    }
    let messages = json!([{"role": "user", "content": question}]);
    let body = json!({"model": "millrace", "messages": messages});
    let (status, answer) = server.send("POST", "/v1/chat/completions", "hr", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(cited(&answer["choices"][0]["message"]["citations"]), HR, "{answer}");
    for (path, body) in [
        ("/v1/ask", json!({"question": question, "stream": true})),
        ("/v1/chat/completions", json!({"model": "millrace", "messages": messages, "stream": true})),
    ] {
        let request = server.client.post(format!("{}{path}", server.address)).bearer_auth("hr").json(&body);
        let text = request.send().await.unwrap().text().await.unwrap();
        assert!(text.contains("docs/hr/leave.md"), "{text}");
        assert!(!text.contains("secret") && !text.contains("hr-legal"), "{text}");
    }
    let heard = provider.heard();
    assert_eq!(heard.len(), 6);
    for (_, prompt) in heard {
        let prompt = prompt.to_string();
        assert!(prompt.contains("granted by their manager") && !prompt.contains("secret"), "{prompt}");
    }
}

#[tokio::test]
async fn an_agent_finds_no_neighbour() {
    let (server, _) = world(None).await;
    let dismissal = "lawyers prepare the dismissal of employees";
    let leave = "Is leave of employees granted by their manager?";
    for (tool, arguments) in [
        ("search", json!({"q": "employees"})),
        ("search", json!({"q": dismissal, "prefix": ["docs/hr-legal/", "docs/hr"]})),
        ("ask", json!({"question": leave})),
        ("ask", json!({"question": leave, "prefix": "docs/hr"})),
    ] {
        let answer = call(&server, "hr", tool, arguments).await.to_string();
        assert!(answer.contains("docs/hr/leave.md"), "{answer}");
        assert!(!answer.contains("secret") && !answer.contains("legal"), "{answer}");
    }
}

#[tokio::test]
async fn a_neighbour_cannot_be_opened() {
    let (server, _) = world(None).await;
    for (key, sees) in [("hr", [true, true, false, false]), ("folder", [false, true, false, false])] {
        for (path, sees) in ["hr", "hr/leave.md", "hr-legal/dismissal.md", "hr.md"].into_iter().zip(sees) {
            let path = format!("/v1/document?document=docs/{path}");
            let (status, _) = server.send("GET", &path, key, None).await;
            assert_eq!(status, if sees { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{key} {path}");
        }
    }
}

/// All pages of a listing.
async fn listed(server: &Server, key: &str, prefix: &str) -> Vec<String> {
    let (mut keys, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        pages += 1;
        assert!(pages < 20, "the listing has no end");
        let path = format!("/v1/documents?prefix={prefix}{after}");
        let (status, page) = server.send("GET", &path, key, None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        assert!(!matches!(key, "hr" | "folder") || !page.to_string().contains("legal"), "{page}");
        let entries = page["documents"].as_array().unwrap().iter();
        keys.extend(entries.map(|entry| entry["key"].as_str().unwrap().to_owned()));
        match page["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return keys,
        }
    }
}

#[tokio::test]
async fn a_listing_names_no_neighbour() {
    let (server, _) = world(None).await;
    let cases: [(&str, &str, &[&str]); 9] = [
        ("hr", "", &["hr", "hr/leave.md", "hr/travel.md"]),
        ("hr", "h", &["hr", "hr/leave.md", "hr/travel.md"]),
        ("hr", "hr", &["hr", "hr/leave.md", "hr/travel.md"]),
        ("hr", "hr/t", &["hr/travel.md"]),
        ("hr", "hr-", &[]),
        ("folder", "", &["hr/leave.md", "hr/travel.md"]),
        ("folder", "hr", &["hr/leave.md", "hr/travel.md"]),
        ("bucket", "hr-", &["hr-legal/dismissal.md"]),
        ("bucket", "", &["hr", "hr-legal/dismissal.md", "hr.md", "hr/leave.md", "hr/travel.md"]),
    ];
    for (key, prefix, expected) in cases {
        assert_eq!(listed(&server, key, prefix).await, expected, "{key} {prefix}");
    }
}

#[tokio::test]
async fn a_neighbour_can_be_neither_written_nor_deleted() {
    let (server, store) = world(None).await;
    for (key, object, may) in [
        ("hr", "hr", true),
        ("hr", "hr/new.md", true),
        ("hr", "hr-legal/dismissal.md", false),
        ("hr", "hr-legal", false),
        ("hr", "hr.md", false),
        ("folder", "hr/new.md", true),
        ("folder", "hr", false),
        ("folder", "hr-legal/dismissal.md", false),
    ] {
        for method in ["PUT", "DELETE"] {
            let path = format!("/v1/documents?key={object}");
            let (status, body) = server.send(method, &path, key, None).await;
            let expected = if may { StatusCode::ACCEPTED } else { StatusCode::FORBIDDEN };
            assert_eq!(status, expected, "{key} {method} {object}: {body}");
        }
    }
    for (key, is_there) in [("hr-legal/dismissal.md", true), ("hr.md", true), ("hr", false)] {
        assert_eq!(store.head(&document(key)).await.unwrap().is_some(), is_there, "{key}");
    }
}
