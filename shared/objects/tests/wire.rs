//! How the S3 edge interprets responses: a server with canned responses, one connection each.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "edge: a fake server"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use message::DocumentId;
use objects::{Look, Remedy, S3Settings, S3Store, Store, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    s3: S3Settings,
}

/// Sends these responses in order, and records the heads of the requests.
async fn store_answering(answers: Vec<String>) -> (S3Store, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        for answer in answers {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(connection.read_u8().await.unwrap());
            }
            seen.lock().unwrap().push(String::from_utf8(head).unwrap());
            connection.write_all(answer.as_bytes()).await.unwrap();
            connection.shutdown().await.unwrap();
        }
    });
    let flags =
        ["test", "--s3-path-style", "true", "--s3-read-timeout-seconds", "5", "--s3-endpoint", &endpoint];
    let keys = ["--s3-access-key-id", "a", "--s3-secret-access-key", "b"];
    let settings = Settings::parse_from(flags.into_iter().chain(keys)).s3;
    (S3Store::new(&settings).unwrap(), heads)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

fn refusal(status: &str, code: &str) -> String {
    let body = format!("<Error><Code>{code}</Code><Message>for people</Message></Error>");
    answer(status, "Content-Type: application/xml\r\n", &body)
}

/// A response whose body ends too early.
fn broken(length: usize, etag: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\nETag: {etag}\r\n\r\n{body}")
}

fn listed() -> String {
    answer("200 OK", "", "<ListBucketResult><EncodingType>url</EncodingType></ListBucketResult>")
}

fn document() -> DocumentId {
    DocumentId::new("docs", "a b+%41.md").unwrap()
}

async fn look(answers: Vec<String>) -> Result<Look, StoreError> {
    store_answering(answers).await.0.look(&document(), None, 1000).await
}

#[tokio::test]
async fn only_the_stores_own_word_means_gone() {
    assert_eq!(look(vec![refusal("404 Not Found", "NoSuchKey")]).await.unwrap(), Look::Gone);
    // A proxy that knows nothing of the bucket gives this answer for everything.
    let nginx = || answer("404 Not Found", "", "<html>nginx</html>");
    let error = look(vec![nginx(), nginx()]).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected { .. }), "{error:?}");
    let error = look(vec![refusal("404 Not Found", "NoSuchBucket")]).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchBucket { .. }), "{error:?}");
}

#[tokio::test]
async fn a_denial_is_the_objects_when_the_bucket_can_be_listed() {
    let denial = || refusal("403 Forbidden", "AccessDenied");
    let error = look(vec![denial(), listed()]).await.unwrap_err();
    assert!(matches!(error, StoreError::ObjectDenied { .. }), "{error:?}");
    let error = look(vec![denial(), denial()]).await.unwrap_err();
    assert!(matches!(error, StoreError::BucketDenied { .. }), "{error:?}");
    let error = look(vec![refusal("403 Forbidden", "InvalidObjectState")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Archived { .. }), "{error:?}");
    let error = look(vec![refusal("403 Forbidden", "SignatureDoesNotMatch")]).await.unwrap_err();
    assert!(matches!(error, StoreError::BadCredentials { .. }), "{error:?}");
}

#[tokio::test]
async fn an_unchanged_object_is_not_read_by_304_nor_by_a_store_that_spells_its_token_otherwise() {
    for reply in [
        answer("304 Not Modified", "ETag: \"ABC\"\r\n", ""),
        answer("200 OK", "ETag: \"ABC\"\r\n", "the same bytes"),
    ] {
        let (store, heads) = store_answering(vec![reply]).await;
        assert_eq!(store.look(&document(), Some("abc"), 1000).await.unwrap(), Look::Unchanged);
        let heads = heads.lock().unwrap().join("\n").to_lowercase();
        assert!(heads.contains("if-none-match: \"abc\"\r\n"), "{heads}");
        assert!(heads.starts_with("get /docs/a%20b%2b%2541.md"), "{heads}");
    }
}

#[tokio::test]
async fn a_broken_body_is_continued_under_if_match() {
    let rest = answer("206 Partial Content", "ETag: \"ABC\"\r\nContent-Range: bytes 4-8/9\r\n", "-rest");
    let (store, heads) = store_answering(vec![broken(9, "\"ABC\"", "half"), rest]).await;
    let bytes = Bytes::from_static(b"half-rest");
    let expected = Look::Found { etag: "abc".to_owned(), size: 9, last_modified: None, bytes };
    assert_eq!(store.look(&document(), None, 1000).await.unwrap(), expected);
    let second = heads.lock().unwrap().last().unwrap().to_lowercase();
    assert!(second.contains("range: bytes=4-\r\n") && second.contains("if-match: \"abc\"\r\n"), "{second}");
    assert!(heads.lock().unwrap().last().unwrap().contains("\"ABC\""), "the token goes back as it came");
}

#[tokio::test]
async fn a_412_or_an_ignored_range_starts_over() {
    for second in [
        refusal("412 Precondition Failed", "PreconditionFailed"),
        answer("200 OK", "ETag: \"new\"\r\n", "new whole"),
    ] {
        let whole = answer("200 OK", "ETag: \"new\"\r\n", "new whole");
        let look = look(vec![broken(9, "\"old\"", "half"), second, whole]).await.unwrap();
        let bytes = Bytes::from_static(b"new whole");
        assert_eq!(look, Look::Found { etag: "new".to_owned(), size: 9, last_modified: None, bytes });
    }
}

#[tokio::test]
async fn a_busy_store_says_how_long_to_wait() {
    let busy =
        || answer("503 Service Unavailable", "Retry-After: 7\r\n", "<Error><Code>SlowDown</Code></Error>");
    let error = look(vec![busy(), busy()]).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{error}");
    let error = look(vec![]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn more_than_the_limit_is_refused_by_its_head() {
    let found = look(vec![broken(5000, "\"a\"", "only this much is sent")]).await.unwrap();
    assert_eq!(found, Look::TooLarge { etag: "a".to_owned(), size: 5000 });
}

#[tokio::test]
async fn listed_keys_are_decoded_when_the_store_says_that_it_encoded_them() {
    let object = "<Contents><Key>a+b%2B%2541%0A.md</Key><Size>3</Size><ETag>&quot;AB&quot;</ETag></Contents>";
    for (encoding, key) in [("<EncodingType>url</EncodingType>", "a b+%41\n.md"), ("", "a+b%2B%2541%0A.md")] {
        let body = format!("<ListBucketResult>{encoding}{object}</ListBucketResult>");
        let (store, heads) = store_answering(vec![answer("200 OK", "", &body)]).await;
        let page = store.page("docs", "", None).await.unwrap();
        assert_eq!((page.entries[0].key.as_str(), page.entries[0].etag.as_str()), (key, "ab"));
        assert!(heads.lock().unwrap()[0].contains("encoding-type=url"));
    }
}

/// Errors for an object that exists but cannot be read: the bucket is probed to decide what is at fault.
const UNREADABLE: [(&str, &str); 4] = [
    // An OSS symbolic link without a target.
    ("404 Not Found", "SymlinkTargetNotExist"),
    ("400 Bad Request", "SymlinkTargetNotExist"),
    // S3: encrypted with a customer-provided key, which the reader must send.
    ("400 Bad Request", "InvalidRequest"),
    // S3: its KMS key is disabled.
    ("400 Bad Request", "KMS.DisabledException"),
];

#[tokio::test]
async fn an_object_that_the_store_does_not_give_is_refused_when_its_bucket_is_well() {
    for (status, code) in UNREADABLE {
        let error = look(vec![refusal(status, code), listed()]).await.unwrap_err();
        assert_eq!(error.remedy(), Remedy::Refuse, "{error:?}");
        let text = error.to_string();
        for word in ["docs/a b+%41.md", code, "for people", "its bucket can be listed"] {
            assert!(text.contains(word), "{text:?} should hold {word:?}");
        }
    }
}

#[tokio::test]
async fn an_object_that_the_store_does_not_give_is_an_alarm_when_its_bucket_is_ill() {
    for (status, code) in UNREADABLE {
        for of_bucket in [
            refusal("403 Forbidden", "AccessDenied"),
            refusal("404 Not Found", "NoSuchBucket"),
            refusal("400 Bad Request", "InvalidArgument"),
            answer("404 Not Found", "", "<html>nginx</html>"),
        ] {
            let error = look(vec![refusal(status, code), of_bucket]).await.unwrap_err();
            assert_eq!(error.remedy(), Remedy::Alarm, "{error:?}");
        }
        let busy = || refusal("503 Service Unavailable", "SlowDown");
        let error = look(vec![refusal(status, code), busy(), busy()]).await.unwrap_err();
        assert_eq!(error.remedy(), Remedy::Wait, "{error:?}");
    }
}

/// A HEAD response has no body and so no error code: only GET tells a link without a target from a missing key.
#[tokio::test]
async fn a_head_says_gone_only_when_the_store_says_so() {
    let head = |answers| async { store_answering(answers).await.0.head(&document()).await };
    let nothing = || "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n".to_owned();
    assert_eq!(head(vec![nothing(), refusal("404 Not Found", "NoSuchKey")]).await.unwrap(), None);
    let dangling = vec![nothing(), refusal("404 Not Found", "SymlinkTargetNotExist"), listed()];
    assert_eq!(head(dangling).await.unwrap_err().remedy(), Remedy::Refuse);
    let error = head(vec![nothing(), refusal("404 Not Found", "NoSuchBucket")]).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchBucket { .. }), "{error:?}");
    let wordless = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_owned();
    assert_eq!(head(vec![wordless, listed()]).await.unwrap_err().remedy(), Remedy::Refuse);
    // It was written again between the two requests.
    let back = answer("200 OK", "ETag: \"AB\"\r\n", "text");
    let entry = head(vec![nothing(), back]).await.unwrap().unwrap();
    assert_eq!((entry.key.as_str(), entry.etag.as_str(), entry.size), (document().key(), "ab", 4));
}
