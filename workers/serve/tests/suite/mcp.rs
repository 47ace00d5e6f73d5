//! What agents get through the Model Context Protocol.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::access::guarded;
use crate::bench::{absent, fill_with, search, search_over};
use crate::http::Server;

/// Sends one message; returns the response's status and JSON.
pub(crate) async fn send(
    server: &Server,
    key: &str,
    host: Option<&str>,
    message: Value,
) -> (StatusCode, Value) {
    let mut request = server.client.post(format!("{}/mcp", server.address)).json(&message);
    request =
        request.header("accept", "application/json, text/event-stream").timeout(Duration::from_secs(20));
    if !key.is_empty() {
        request = request.bearer_auth(key);
    }
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

pub(crate) async fn call(server: &Server, key: &str, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let message = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    let (status, answer) = send(server, key, None, message).await;
    assert_eq!((status, &answer["id"]), (StatusCode::OK, &json!(7)), "{answer}");
    answer
}

#[tokio::test]
async fn an_agent_learns_of_the_tools_searches_and_asks() {
    let server = Server::start(search().await).await;
    let client = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client});
    let (status, answer) = send(&server, "", None, message).await;
    assert_eq!(
        (status, &answer["result"]["serverInfo"]["name"]),
        (StatusCode::OK, &json!("millrace")),
        "{answer}"
    );
    let message = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let (_, answer) = send(&server, "", None, message).await;
    let tools = answer["result"]["tools"].as_array().unwrap();
    assert_eq!(
        tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["search", "ask", "fetch"]
    );
    assert_eq!(tools[0]["inputSchema"]["required"], json!(["q"]));
    let found = call(&server, "", "search", json!({"q": "Where does the cat sleep?", "size": 1})).await;
    let text = found["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("[1] docs/cats.md > Animals > At home\n") && text.contains("windowsill"),
        "{text}"
    );
    assert_eq!(found["result"]["structuredContent"]["hits"][0]["document"], "docs/cats.md");
    let told = call(&server, "", "ask", json!({"question": "Where does the cat sleep all afternoon?"})).await;
    let text = told["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("windowsill") && text.contains("[1] docs/cats.md"), "{text}");
}

#[tokio::test]
async fn what_is_wrong_is_told_to_the_agent() {
    let server = Server::start(search().await).await;
    for (tool, arguments, says) in [
        ("search", json!({"q": ""}), "the question is empty"),
        ("search", json!({"q": "cat", "top_k": 1}), "unknown field `top_k`"),
        ("ask", json!({}), "missing field `question`"),
        ("ask", json!({"question": "cat?", "application": "nobody"}), "there is no application"),
    ] {
        let answer = call(&server, "", tool, arguments).await;
        assert_eq!(answer["result"]["isError"], json!(true), "{answer}");
        assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains(says), "{answer}");
    }
    assert!(
        call(&server, "", "delete", json!({})).await["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no tool")
    );
}

#[tokio::test]
async fn an_agent_gets_nothing_that_its_key_may_not_see() {
    let (server, _) = guarded(0, None).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for key in ["", "wrong"] {
        assert_eq!(send(&server, key, None, message.clone()).await.0, StatusCode::UNAUTHORIZED);
    }
    let everything = call(&server, "reader", "search", json!({"q": "dog"})).await;
    assert!(everything.to_string().contains("docs/dogs.md"), "{everything}");
    for (tool, arguments) in [
        ("search", json!({"q": "dog", "mode": "keyword"})),
        ("search", json!({"q": "dog", "mode": "vector", "include": "neighbours,place"})),
        ("search", json!({"q": "dog", "prefix": ["docs/dogs"]})),
        ("ask", json!({"question": "What does the dog do?"})),
        ("ask", json!({"question": "What does the dog do?", "prefix": ["docs/"]})),
        ("fetch", json!({"document": "docs/dogs.md"})),
    ] {
        let answer = call(&server, "cats", tool, arguments).await;
        assert!(!answer.to_string().contains("dogs.md"), "{answer}");
    }
    let own = call(&server, "cats", "fetch", json!({"document": "docs/cats.md"})).await;
    assert!(own["result"]["content"][0]["text"].as_str().unwrap().contains("windowsill"), "{own}");
}

#[tokio::test]
async fn a_document_is_fetched_some_passages_at_a_time() {
    let engine = absent();
    let texts: Vec<String> = (0..5).map(|n| format!("Part {n}: {}", "long text ".repeat(800))).collect();
    let passages: Vec<(&str, &str)> = texts.iter().map(|text| ("book.md", text.as_str())).collect();
    fill_with(&engine, &passages).await;
    let server = Server::start(search_over(&engine)).await;
    let mut from = 0;
    let mut read = String::new();
    for _ in 0..3 {
        let part = call(&server, "", "fetch", json!({"document": "docs/book.md", "from": from})).await;
        let result = &part["result"];
        assert_eq!(result["structuredContent"]["chunks"], 5, "{part}");
        let given = result["structuredContent"]["passages"].as_array().unwrap().len();
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(given > 0 && text.chars().count() < 20_100, "{given}");
        from += given;
        assert_eq!(text.contains(&format!("goes on with from: {from})")), from < 5, "{from}");
        read.push_str(text);
    }
    assert_eq!(from, 5);
    assert!((0..5).all(|n| read.contains(&format!("Part {n}: "))));
}

/// DNS rebinding: a page of another site whose name points at this machine.
#[tokio::test]
async fn without_keys_only_this_machine_is_answered() {
    let server = Server::start(search().await).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let (status, _) = send(&server, "", Some("evil.example"), message).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
