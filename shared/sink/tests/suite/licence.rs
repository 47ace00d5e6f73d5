//! What an Elasticsearch says of its licence, and what it does not; the answers are as its reference has them.

use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};
use sink::{ElasticsearchSettings, EngineLicence, ModelOffer, RequestSettings, SinkError};
use tokio::time::Instant;

use super::hosted::told;
use super::script::{Script, Step, whole};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
}

/// What is made of the answer, and how often it was asked for.
async fn licence(
    answer: impl Fn() -> Step + Send + Sync + 'static,
) -> (Result<Option<EngineLicence>, SinkError>, usize) {
    let server = Script::start(move |_, _| answer()).await;
    let settings = Flags::parse_from(["test", "--elasticsearch-url", &server.url]).elasticsearch;
    // A licence is not waited for as other things are.
    let requests = RequestSettings { retry_budget: 180, ..RequestSettings::default() };
    let licence = settings.licence(&requests).await;
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.line.starts_with("get /_license ")), "{asked:?}");
    (licence, asked.len())
}

fn of(kind: &str, status: &str) -> Value {
    json!({"license": {"status": status, "uid": "u", "type": kind, "issue_date": "2026-10-01T00:00:00.000Z",
        "max_nodes": 1000, "max_resource_units": null, "issued_to": "docker", "issuer": "elasticsearch"}})
}

#[tokio::test]
async fn a_licence_is_told_with_what_it_offers() {
    for (kind, status, offer) in [
        ("basic", "active", ModelOffer::Nothing),
        ("platinum", "active", ModelOffer::Running),
        ("enterprise", "active", ModelOffer::Inference),
        ("trial", "active", ModelOffer::Inference),
        ("trial", "expired", ModelOffer::Nothing),
    ] {
        let (found, asked) = licence(move || told(200, &of(kind, status))).await;
        let found = found.unwrap().unwrap();
        assert_eq!((found.kind.as_str(), found.status.as_str(), found.offer()), (kind, status, offer));
        assert_eq!(asked, 1);
    }
}

#[tokio::test]
async fn an_engine_without_licences_has_none() {
    let error = json!({"error": {"type": "invalid_index_name_exception",
        "reason": "Invalid index name [_license], must not start with '_'."}, "status": 400});
    for status in [400, 405] {
        let answer = error.clone();
        let (found, _) = licence(move || told(status, &answer)).await;
        assert_eq!(found.unwrap(), None, "{status}");
    }
}

#[tokio::test]
async fn a_licence_that_is_not_told_is_asked_for_once() {
    let started = Instant::now();
    let (found, asked) = licence(|| whole(503, "Retry-After: 60\r\n")).await;
    assert!(matches!(found, Err(SinkError::Unavailable { .. })), "{found:?}");
    assert_eq!(asked, 1);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let (found, _) = licence(|| whole(403, "")).await;
    assert!(matches!(found, Err(SinkError::Denied { .. })), "{found:?}");
    // While a cluster forms it has none to tell; and an answer of something else.
    for (status, body) in [(404, json!({})), (200, json!({"tagline": "something else"}))] {
        let (found, _) = licence(move || told(status, &body)).await;
        assert!(matches!(found, Err(SinkError::Rejected { .. })), "{status}: {found:?}");
    }
    let (found, _) = licence(|| Step::Cut).await;
    assert!(matches!(found, Err(SinkError::Unavailable { .. })), "{found:?}");
}

/// The one here is of plain jars, without x-pack; another has a licence.
#[tokio::test]
#[ignore = "real: elasticsearch"]
async fn elasticsearch_tells_its_licence_or_has_none() {
    let settings = Flags::parse_from(["test"]).elasticsearch;
    let licence = settings.licence(&RequestSettings::default()).await.unwrap();
    assert!(licence.as_ref().is_none_or(|licence| !licence.kind.is_empty()), "{licence:?}");
}
