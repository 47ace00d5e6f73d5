//! Without keys, only who asks for this machine is answered, so that no page of another site gets in by a name of its own that
//! leads here.
#![expect(clippy::disallowed_types, reason = "edge: speaks over a bare connection to a port of this machine")]

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use serve::http::guard::Gate;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::access::guarded;
use crate::bench::{search, server};
use crate::connections::{NEVER, read_until};
use crate::http::Server;
use crate::mcp;

/// What is asked with these headers; the response's status and JSON.
async fn ask(server: &Server, what: (Method, &str), headers: &[(&str, &str)]) -> (StatusCode, Value) {
    let (method, path) = what;
    let mut request = server.client.request(method, format!("{}{path}", server.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.timeout(Duration::from_secs(20)).send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

#[tokio::test]
async fn without_keys_no_path_answers_to_another_sites_name() {
    let server = Server::start(search().await).await;
    let paths = [
        (Method::GET, "/"),
        (Method::GET, "/assets/app.js"),
        (Method::GET, "/healthz"),
        (Method::GET, "/readyz"),
        (Method::GET, "/v1/me"),
        (Method::GET, "/v1/search?q=cat"),
        (Method::DELETE, "/v1/documents?key=a.md"),
        (Method::GET, "/v1/pipeline"),
        (Method::GET, "/_application/rag"),
        (Method::POST, "/mcp"),
        (Method::GET, "/nowhere"),
    ];
    for (method, path) in paths {
        let (status, answer) = ask(&server, (method, path), &[("host", "evil.example:8080")]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        for part in ["evil.example", "MILLRACE_SERVE_KEYS", "MILLRACE_SERVE_HOSTS"] {
            assert!(message.contains(part), "{message}");
        }
    }
    for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8080"] {
        for path in ["/", "/healthz", "/v1/me", "/v1/search?q=cat"] {
            let (status, answer) = ask(&server, (Method::GET, path), &[("host", host)]).await;
            assert_eq!(status, StatusCode::OK, "{host} {path}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_health_check_by_http_1_0_needs_no_host_and_http_1_1_does() {
    let server = Server::start(search().await).await;
    for (request, status) in [
        ("GET /healthz HTTP/1.0\r\n\r\n", "200"),
        ("GET /healthz HTTP/1.0\r\nhost: evil.example\r\n\r\n", "403"),
        ("GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n", "403"),
        ("GET http://evil.example/healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", "403"),
    ] {
        let address = server.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let said = read_until(&mut stream, NEVER).await;
        assert_eq!(said.split(' ').nth(1), Some(status), "{request:?}: {said}");
    }
}

#[tokio::test]
async fn a_setting_names_further_hosts_and_with_keys_any_will_do() {
    let mut named = server(search().await);
    named.gate = Arc::new(Gate::new(None, 0).with_hosts("serve,Millrace.Example".parse().unwrap()));
    let named = Server::of(named).await;
    let (keyed, _) = guarded(0, None).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for (host, is_named) in [("serve:8080", true), ("millrace.example", true), ("evil.example", false)] {
        let expected = if is_named { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(ask(&named, (Method::GET, "/v1/me"), &[("host", host)]).await.0, expected, "{host}");
        assert_eq!(mcp::send(&named, "", Some(host), message.clone()).await.0, expected, "{host}");
        let key = ("authorization", "Bearer reader");
        for what in [(Method::GET, "/healthz"), (Method::GET, "/v1/me")] {
            let (status, _) = ask(&keyed, what, &[("host", host), key]).await;
            assert_eq!(status, StatusCode::OK, "{host}");
        }
    }
}

#[tokio::test]
async fn without_keys_another_sites_page_changes_nothing() {
    let server = Server::start(search().await).await;
    let (keyed, _) = guarded(0, None).await;
    for (origin, is_known) in [
        ("http://localhost:5173", true),
        ("http://[::1]:80", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        // There is no such bucket, which only who got in is told.
        let delete = (Method::DELETE, "/v1/documents?key=a.md");
        let (status, answer) = ask(&server, delete, &[("origin", origin)]).await;
        let expected = if is_known { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        assert_eq!(status, expected, "{origin}: {answer}");
        let (status, _) = ask(&server, (Method::GET, "/v1/me"), &[("origin", origin)]).await;
        assert_eq!(status, StatusCode::OK, "what changes nothing is only not readable there: {origin}");
        let put = (Method::PUT, "/v1/documents?key=new.md");
        let (status, _) = ask(&keyed, put, &[("origin", origin), ("x-api-key", "writer")]).await;
        assert_eq!(status, StatusCode::ACCEPTED, "a key is no cookie: {origin}");
    }
}
