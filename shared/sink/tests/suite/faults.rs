//! How the two clients handle a misbehaving server. Every test runs with both, because they must not differ.

use std::time::Duration;

use clap::Parser;
use generation::{Names, Target};
use message::{Fingerprint, Version};
use serde_json::{Value, json};
use sink::{
    Action, ElasticsearchSettings, Engine, ItemAnswer, OpenSearchSettings, Operation, Reader,
    RequestSettings, Sink, SinkError, Window, Words, Written,
};
use stream::Boottime;

use super::bench::{generation, space};
use super::data::all_done;
use tokio::time::Instant;

use super::script::{Asked, Script, Step, items, whole};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
    #[command(flatten)]
    requests: RequestSettings,
}

const FLAGS: [&str; 7] = ["test", "--request-timeout", "1", "--retry-budget", "3", "--bulk-bytes", "65536"];

fn engines(url: &str) -> (Engine, Engine) {
    let urls = ["--opensearch-url", url, "--elasticsearch-url", url];
    let key = ["--elasticsearch-api-key", "c2VjcmV0", "--opensearch-user", "u", "--opensearch-password", "p"];
    let flags = Flags::parse_from(FLAGS.iter().chain(&urls).chain(&key));
    let names = Names::new("m", &generation()).unwrap();
    (
        flags.opensearch.connect(&flags.requests, names.clone()).unwrap(),
        flags.elasticsearch.connect(&flags.requests, names).unwrap(),
    )
}

fn action(target: Target, id: &str) -> Action {
    let operation = Operation::Put(b"{}".as_slice().into());
    Action { target, id: id.to_owned(), version: Version::from(1), highest: Version::from(1), operation }
}

/// Chunks named by single letters.
fn chunks(ids: &str) -> Vec<Action> {
    ids.chars().map(|id| action(Target::Chunks, &id.to_string())).collect()
}

/// Writes through both clients, each to its own server with the same script.
async fn both<F>(batch: Vec<Action>, script: F) -> [(Written, Script); 2]
where
    F: Fn(usize, &Asked) -> Step + Send + Sync + Clone + 'static,
{
    both_proved(Duration::ZERO, batch, script).await
}

/// The same, with the partition's ownership confirmed that long `ago`.
async fn both_proved<F>(ago: Duration, batch: Vec<Action>, script: F) -> [(Written, Script); 2]
where
    F: Fn(usize, &Asked) -> Step + Send + Sync + Clone + 'static,
{
    let (one, two) = (Script::start(script.clone()).await, Script::start(script).await);
    let (opensearch, _) = engines(&one.url);
    let (_, elasticsearch) = engines(&two.url);
    // Counted from here: on a busy machine the clients take a second to make.
    let proved = Boottime::now().before(ago);
    let (first, second) =
        tokio::join!(opensearch.write(batch.clone(), proved), elasticsearch.write(batch, proved));
    [(first, one), (second, two)]
}

fn kinds(written: &Written) -> String {
    let letter = |answer: &ItemAnswer| match answer {
        ItemAnswer::Done => 'd',
        ItemAnswer::Refused(_) => 'r',
        ItemAnswer::Wait { .. } => 'w',
        ItemAnswer::Stop(_) => 's',
    };
    written.answers.iter().map(letter).collect()
}

#[tokio::test]
async fn only_what_failed_is_sent_again() {
    let script = |number: usize, asked: &Asked| {
        items(asked, |id| match (number, id) {
            (0, "b" | "d") => 429,
            (1, "d") => 503,
            (_, "c") => 400,
            _ => 201,
        })
    };
    for (written, server) in both(chunks("abcd"), script).await {
        assert_eq!(
            (kinds(&written).as_str(), server.ids()),
            ("ddrd", vec!["abcd".into(), "bd".into(), "d".into()])
        );
        let asked = &server.asked()[0];
        assert!(asked.line.starts_with("post /_bulk?require_alias=true&timeout="), "{}", asked.line);
        assert!(asked.head.contains("content-type: application/x-ndjson"), "{}", asked.head);
        assert!(asked.head.contains("authorization: "), "{}", asked.head);
    }
}

#[tokio::test]
async fn a_busy_server_is_waited_for_within_the_budget_and_no_longer() {
    let once = |number: usize, asked: &Asked| match number {
        0 => whole(429, "Retry-After: 0\r\n"),
        1 => whole(503, ""),
        _ => items(asked, |_| 200),
    };
    for (written, server) in both(chunks("ab"), once).await {
        all_done(&written);
        assert_eq!(server.ids(), ["ab", "ab", "ab"]);
    }
    let start = Instant::now();
    for (written, server) in both(chunks("ab"), |_, asked| items(asked, |_| 429)).await {
        assert_eq!(kinds(&written), "ww");
        assert!(server.ids().len() > 1);
    }
    assert!(start.elapsed() < Duration::from_secs(8));
    for (written, server) in both(chunks("ab"), |_, _| whole(503, "Retry-After: 40\r\n")).await {
        let wish = Some(Duration::from_secs(40));
        let waits = |answer: &ItemAnswer| matches!(answer, ItemAnswer::Wait { retry_after, .. } if *retry_after == wish);
        assert!(written.answers.iter().all(waits), "{written:?}");
        assert_eq!(server.ids().len(), 1, "a wish beyond the budget is the caller's to follow");
    }
}

#[tokio::test]
async fn too_large_is_sent_in_halves_and_a_single_item_refused() {
    let script = |_: usize, asked: &Asked| match asked.ids.len() {
        1 if asked.ids[0] == "c" => whole(413, ""),
        1 => items(asked, |_| 201),
        _ => Step::ItemAnswer(413, "", "<html>Request Entity Too Large</html>".to_owned()),
    };
    for (written, server) in both(chunks("abcd"), script).await {
        assert_eq!(kinds(&written), "ddrd");
        assert_eq!(server.ids(), ["abcd", "ab", "a", "b", "cd", "c", "d"]);
    }
}

#[tokio::test]
async fn what_a_human_must_mend_stops() {
    for status in [401, 403, 404] {
        let batch = [chunks("ab"), vec![action(Target::Documents, "d")]].concat();
        for (written, server) in both(batch, move |_, _| whole(status, "")).await {
            assert_eq!((kinds(&written).as_str(), server.ids().len()), ("sss", 1), "{status}");
            let ItemAnswer::Stop(cause) = &written.answers[0] else { panic!() };
            assert!(cause.contains(&server.url) && cause.contains("because"), "{cause}");
        }
    }
}

#[tokio::test]
async fn a_cut_answer_is_asked_again() {
    let script = |number: usize, asked: &Asked| match number {
        0 => Step::Cut,
        1 => Step::ItemAnswer(200, "", "{\"errors\":false,\"items\":[]}".to_owned()),
        _ => items(asked, |_| 201),
    };
    for (written, server) in both(chunks("ab"), script).await {
        all_done(&written);
        assert_eq!(server.ids().len(), 3);
    }
}

#[tokio::test]
async fn silence_and_absence_are_waited_for() {
    let start = Instant::now();
    for (written, _) in both(chunks("ab"), |_, _| Step::Hang).await {
        assert_eq!(kinds(&written), "ww");
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let (opensearch, elasticsearch) = engines("http://127.0.0.1:1");
    let now = Boottime::now();
    for written in [opensearch.write(chunks("a"), now).await, elasticsearch.write(chunks("a"), now).await] {
        let ItemAnswer::Wait { cause, .. } = &written.answers[0] else { panic!("{written:?}") };
        assert!(cause.contains("http://127.0.0.1:1"), "{cause}");
    }
    for error in [opensearch.check(&space()).await.unwrap_err(), elasticsearch.refresh().await.unwrap_err()] {
        assert!(
            matches!(&error, SinkError::Unavailable { url, .. } if url == "http://127.0.0.1:1"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_record_follows_its_chunks_and_waits_for_them() {
    let [d, e] = ["d", "e"].map(|id| vec![action(Target::Documents, id)]);
    let batch = [chunks("a"), d, chunks("bc"), e].concat();
    for (written, server) in both(batch.clone(), |_, asked| items(asked, |_| 201)).await {
        all_done(&written);
        assert_eq!(server.ids(), ["abc", "de"]);
    }
    let busy = |_: usize, asked: &Asked| items(asked, |id| if id == "b" { 429 } else { 201 });
    for (written, server) in both(batch.clone(), busy).await {
        // The first waiting action is the one rejected by the engine, not a document record that waits for it.
        assert_eq!(kinds(&written), "ddwdw");
        assert_eq!(server.ids().last().map(String::as_str), Some("d"));
    }
    for (written, server) in both(batch, |_, asked| items(asked, |_| 429)).await {
        assert_eq!(kinds(&written), "wwwww");
        assert!(
            server.ids().iter().all(|ids| ids == "abc"),
            "an engine that takes nothing is asked for no record"
        );
    }
}

#[tokio::test]
async fn a_process_that_slept_since_the_proof_sends_nothing() {
    let slept = Duration::from_secs(301);
    for (written, server) in both_proved(slept, chunks("ab"), |_, asked| items(asked, |_| 201)).await {
        assert_eq!((kinds(&written).as_str(), server.asked().len()), ("ww", 0));
        let ItemAnswer::Wait { cause, .. } = &written.answers[0] else { panic!("{written:?}") };
        assert!(cause.contains("whose partition this is"), "{cause}");
    }
}

#[tokio::test]
async fn what_gets_too_old_while_a_busy_engine_is_waited_for_is_not_sent_again() {
    let nearly = Duration::from_millis(298_500);
    let script = |number: usize, asked: &Asked| match number {
        0 => whole(429, "Retry-After: 2\r\n"),
        _ => items(asked, |_| 201),
    };
    for (written, server) in both_proved(nearly, chunks("ab"), script).await {
        assert_eq!((kinds(&written).as_str(), server.asked().len()), ("ww", 1));
    }
}

#[tokio::test]
async fn no_request_is_larger_than_its_limit() {
    let mut batch = chunks("abcdefgh");
    for (number, one) in batch.iter_mut().enumerate() {
        let size = if number == 3 { 100_000 } else { 20_000 };
        one.operation = Operation::Put(format!("{{\"text\":\"{}\"}}", "x".repeat(size)).into());
    }
    for (written, server) in both(batch, |_, asked| items(asked, |_| 201)).await {
        all_done(&written);
        assert_eq!(server.ids(), ["abc", "d", "efg", "h"]);
        assert!(server.asked().iter().all(|asked| asked.bytes <= 65_536 || asked.ids.len() == 1));
    }
}

#[tokio::test]
async fn readers_sort_what_goes_wrong() {
    let ask = async |status: u16| {
        let server = Script::start(move |_, _| whole(status, "Retry-After: 9\r\n")).await;
        let (opensearch, elasticsearch) = engines(&server.url);
        [
            opensearch.count(Target::Chunks).await.unwrap_err(),
            elasticsearch.keyword(&Words::of("a", &["en".to_owned()]), &Window::of(3)).await.unwrap_err(),
        ]
    };
    for error in [ask(401).await, ask(403).await].as_flattened() {
        assert!(matches!(error, SinkError::Denied { .. }), "{error}");
    }
    for error in [ask(429).await, ask(503).await].as_flattened() {
        let nine = Some(Duration::from_secs(9));
        assert!(
            matches!(error, SinkError::Unavailable { retry_after, .. } if *retry_after == nine),
            "{error}"
        );
    }
    for error in ask(400).await {
        assert!(matches!(error, SinkError::Rejected { status: 400, .. }), "{error}");
    }
}

/// OpenSearch refuses what it knows when its first searches come at once: the question is right, and neither whether it fuses nor
/// anything else follows from it.
#[tokio::test]
async fn a_node_that_has_just_started_is_asked_again() {
    let reason = "[1:155] [knn] failed to parse field [method_parameters]: [knn] unknown method parameter found [ef_search]";
    let body =
        json!({"error": {"type": "x_content_parse_exception", "reason": reason}, "status": 400}).to_string();
    let server = Script::start(move |_, _| Step::ItemAnswer(400, "", body.clone())).await;
    let (opensearch, _) = engines(&server.url);
    let (words, window) = (Words::of("a", &["en".to_owned()]), Window::of(3));
    for error in [
        opensearch.vector(&[1.0, 0.0], &window).await.unwrap_err(),
        opensearch.fused(&words, &[1.0, 0.0], &window).await.unwrap_err(),
    ] {
        assert!(matches!(error, SinkError::Unavailable { .. }), "{error}");
    }
}

/// The index was checked, and then another one was restored under its name.
#[tokio::test]
async fn hits_of_another_space_are_refused_in_every_kind_of_search() {
    let other = Fingerprint::of(&[("model", "other")]);
    let hit = json!({"id": "1", "document": "b/k", "heading_path": [], "text": "t", "space": other});
    let hits = json!({"hits": [{"_id": "1", "_score": 1.0, "_source": hit}]});
    let one = json!({"timed_out": false, "_shards": {"failed": 0}, "hits": hits});
    let two = json!({"responses": [one, one]}).to_string();
    let script = move |_: usize, asked: &Asked| {
        let body = if asked.line.contains("_msearch") { two.clone() } else { one.to_string() };
        Step::ItemAnswer(200, "", body)
    };
    let server = Script::start(script).await;
    let (opensearch, elasticsearch) = engines(&server.url);
    let (words, window) = (Words::of("a", &["en".to_owned()]), Window::of(3));
    for engine in [opensearch, elasticsearch] {
        for error in [
            engine.keyword(&words, &window).await.unwrap_err(),
            engine.vector(&[1.0, 0.0], &window).await.unwrap_err(),
            engine.both(&words, &[1.0, 0.0], &window).await.unwrap_err(),
            engine.fused(&words, &[1.0, 0.0], &window).await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(matches!(error, SinkError::Mismatch { what: "passages of the space", .. }), "{text}");
            assert!(text.contains(space().as_str()) && text.contains(other.as_str()), "{text}");
        }
    }
    assert!(server.asked().iter().all(|asked| asked.body.contains("\"space\"")), "a search asks for it");
}

/// An Elasticsearch with a licence for fusion, and engines without it: tried once, and the result is kept.
#[tokio::test]
async fn an_engine_is_asked_once_whether_it_fuses() {
    let (words, window) = (Words::of("a", &["en".to_owned()]), Window::of(3));
    for (status, reason) in
        [(403, "current license is non-compliant for [RRF]"), (400, "unknown query [hybrid]")]
    {
        let body = json!({"error": {"type": "x", "reason": reason}, "status": status}).to_string();
        let server = Script::start(move |_, _| Step::ItemAnswer(status, "", body.clone())).await;
        let (opensearch, elasticsearch) = engines(&server.url);
        for _ in 0..3 {
            assert_eq!(opensearch.fused(&words, &[1.0, 0.0], &window).await.unwrap(), None);
            assert_eq!(elasticsearch.clone().fused(&words, &[1.0, 0.0], &window).await.unwrap(), None);
        }
        assert_eq!(server.asked().len(), 2, "one question for each engine");
    }
    let hit = json!({"id": "1", "document": "b/k", "heading_path": [], "text": "t", "space": space()});
    let hits = json!({"hits": [{"_id": "1", "_score": 0.03, "_source": hit}]});
    let body = json!({"timed_out": false, "_shards": {"failed": 0}, "hits": hits}).to_string();
    // A temporary failure: it says nothing about whether the engine offers fusion.
    let script =
        move |n, _: &Asked| if n == 0 { whole(503, "") } else { Step::ItemAnswer(200, "", body.clone()) };
    let server = Script::start(script).await;
    let (_, elasticsearch) = engines(&server.url);
    assert!(elasticsearch.fused(&words, &[1.0, 0.0], &window).await.is_err());
    for _ in 0..2 {
        let hits = elasticsearch.fused(&words, &[1.0, 0.0], &window).await.unwrap().unwrap();
        assert!((hits[0].score - 0.03).abs() < 1e-9);
    }
    assert_eq!(server.asked().len(), 4, "away, asked, and two searches");
    let body: Value = serde_json::from_str(&server.asked()[3].body).unwrap();
    let rrf = &body["retriever"]["rrf"];
    assert_eq!(
        (&rrf["rank_constant"], &rrf["rank_window_size"], &body["size"]),
        (&json!(60), &json!(3), &json!(3))
    );
    assert!(rrf["retrievers"][0]["standard"]["query"]["bool"]["should"].is_array(), "{rrf}");
    assert_eq!(rrf["retrievers"][1]["knn"]["query_vector"], json!([1.0, 0.0]));
    // Elasticsearch rejects these together with a retriever.
    assert!(body.get("query").is_none() && body.get("knn").is_none() && body.get("sort").is_none());
}
