//! What is kept of answers, and judgements of them over HTTP.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use message::{AnswerFeedback, AnswerJudgement, Query, QueryRecord, sha256_hex, standing_feedback};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::access::file::KeyFile;
use serve::answer_id::AnswerId;
use serve::http::guard::Gate;
use serve::sample::{Sample, SampleSettings};
use stream::memory::Memory;

use crate::bench::{absent, fill, search_over, server};
use crate::http::Server;
use crate::model::{Act, Provider, says};

/// Everything is judged, and nothing sampled.
const JUDGED: SampleSettings = SampleSettings { share: 0.0, feedback: true, mask: true };
const CAT: &str = "Where does the cat sleep all afternoon?";

/// A server, and the broker that it writes to.
struct Bench {
    server: Server,
    broker: Memory,
}

impl Bench {
    async fn start(settings: SampleSettings, provider: Option<&Provider>) -> Self {
        Self::with(settings, provider, Gate::new(None, 0)).await
    }

    /// With the keys `reader` and `other`, `cats`, which may see only `docs/cats.md`, and `near`, which may see only `docs/cats`.
    async fn guarded() -> Self {
        let entry = |name: &str, prefixes: &[&str]| json!({"name": name, "sha256": sha256_hex([name.as_bytes()]), "prefixes": prefixes});
        let limited = [entry("cats", &["docs/cats.md"]), entry("near", &["docs/cats"])];
        let keys = json!({"keys": [entry("reader", &[]), entry("other", &[]), limited[0], limited[1]]});
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(keys.to_string().as_bytes()).unwrap();
        let keys = KeyFile::open(file.path()).unwrap();
        let provider = Provider::start(vec![says(&["It does [1]."])]).await;
        Self::with(JUDGED, Some(&provider), Gate::new(Some(keys), 0)).await
    }

    async fn with(settings: SampleSettings, provider: Option<&Provider>, gate: Gate) -> Self {
        let (engine, broker) = (absent(), Memory::default());
        broker.create(topics::QUERIES, 1);
        fill(&engine).await;
        let sample = Sample::start(broker.clone(), settings);
        let mut server = server(search_over(&engine).with_sample(sample));
        server.gate = Arc::new(gate);
        if let Some(provider) = provider {
            server.models = provider.models();
        }
        Self { server: Server::of(server).await, broker }
    }

    /// The answer to a question.
    async fn ask(&self, key: &str, question: &str) -> Value {
        let body = json!({"question": question});
        let (status, answer) = self.server.send("POST", "/v1/ask", key, Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    async fn judge(&self, key: &str, body: Value) -> (StatusCode, Value) {
        self.server.send("POST", "/v1/feedback", key, Some(body)).await
    }

    /// What is in the topic, once there are so many records.
    async fn records(&self, count: usize) -> (Vec<Query>, Vec<AnswerFeedback>) {
        for _ in 0..200 {
            if self.broker.records(topics::QUERIES).len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let (mut queries, mut feedback) = (Vec::new(), Vec::new());
        for record in self.broker.records(topics::QUERIES) {
            match serde_json::from_slice(record.value.as_deref().unwrap()).unwrap() {
                QueryRecord::Query(query) => queries.push(*query),
                QueryRecord::Feedback(said) => feedback.push(said),
            }
        }
        assert_eq!(queries.len() + feedback.len(), count, "{queries:?} {feedback:?}");
        (queries, feedback)
    }
}

#[tokio::test]
async fn an_answer_is_kept_when_it_is_complete_with_what_it_shows_and_cites() {
    let provider = Provider::start(vec![says(&["The cat sleeps [1]. It flies [9]."])]).await;
    let bench = Bench::start(SampleSettings { share: 1.0, ..JUDGED }, Some(&provider)).await;
    let answer = bench.ask("", CAT).await;
    let (queries, _) = bench.records(1).await;
    let query = &queries[0];
    assert_eq!((query.question.as_str(), query.mode.as_str()), (CAT, "hybrid"));
    assert_eq!((&json!(query.id), &json!(query.application)), (&answer["id"], &answer["application"]));
    assert_eq!((&json!(query.space), &json!(query.generation)), (&answer["space"], &answer["generation"]));
    assert_eq!(json!(query.cited), json!([answer["citations"][0]["id"]]));
    assert_eq!(json!(query.shown.len()), answer["passages"]["given"]);
    assert_eq!(query.shown.first(), query.cited.first());
    assert_eq!((query.abstained, query.only_judged, query.masked), (Some(false), false, false));
    assert!(query.overlap.is_some_and(|share| (0.0..=1.0).contains(&share)), "{query:?}");
    assert!(query.at.is_some() && query.vector.is_some());
}

#[tokio::test]
async fn a_search_is_kept_at_once_and_has_no_name() {
    let bench = Bench::start(SampleSettings { share: 1.0, ..JUDGED }, None).await;
    let (status, found) = bench.server.send("GET", "/v1/search?q=cat&mode=keyword", "", None).await;
    assert_eq!((status, &found["id"]), (StatusCode::OK, &Value::Null));
    let (queries, _) = bench.records(1).await;
    assert_eq!((&queries[0].id, &queries[0].application, queries[0].abstained), (&None, &None, None));
    assert_eq!((queries[0].overlap, queries[0].hits.len()), (None, 2), "words alone were asked");
}

#[tokio::test]
async fn when_nothing_is_found_the_answer_is_kept_as_an_abstention_and_can_be_judged() {
    let bench = Bench::start(JUDGED, None).await;
    let body = json!({"question": CAT, "prefix": "docs/nowhere/"});
    let (_, answer) = bench.server.send("POST", "/v1/ask", "", Some(body)).await;
    assert_eq!(answer["found"], json!(false));
    let said = json!({"answer": answer["id"], "judgement": "down"});
    assert_eq!(bench.judge("", said).await.0, StatusCode::OK);
    let (queries, _) = bench.records(2).await;
    assert_eq!((queries[0].abstained, queries[0].shown.len()), (Some(true), 0));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_kept_without_an_end() {
    let provider = Provider::start(vec![Act::Stream(vec![b"data: [".to_vec()])]).await;
    let bench = Bench::start(SampleSettings { share: 1.0, ..JUDGED }, Some(&provider)).await;
    let (status, _) = bench.server.send("POST", "/v1/ask", "", Some(json!({"question": CAT}))).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    let (queries, _) = bench.records(1).await;
    assert_eq!((queries[0].abstained, queries[0].cited.len()), (None, 0));
    assert!(!queries[0].shown.is_empty() && queries[0].id.is_some());
}

#[tokio::test]
async fn a_judged_answer_is_kept_although_nothing_is_sampled() {
    let bench = Bench::start(JUDGED, None).await;
    let answer = bench.ask("", CAT).await;
    bench.records(0).await;
    let passage = &answer["citations"][0]["id"];
    let (status, kept) = bench
        .judge("", json!({"answer": answer["id"], "judgement": "down", "reason": "  It is a dog.\n"}))
        .await;
    assert_eq!(status, StatusCode::OK, "{kept}");
    assert_eq!(kept, json!({"answer": answer["id"], "judgement": "down", "with_question": true}));
    let on_passage = json!({"answer": answer["id"], "passage": passage, "judgement": "up"});
    assert_eq!(bench.judge("", on_passage).await.0, StatusCode::OK);
    let (queries, feedback) = bench.records(3).await;
    assert_eq!((queries.len(), queries[0].question.as_str(), queries[0].only_judged), (1, CAT, true));
    assert_eq!(json!(queries[0].id), answer["id"]);
    assert!(queries[0].cited.iter().any(|cited| json!(cited) == *passage));
    assert!(feedback.iter().all(|said| Some(&said.answer) == queries[0].id.as_ref() && said.by.is_none()));
    assert_eq!(feedback[0].reason.as_deref(), Some("It is a dog."));
    assert_eq!((json!(feedback[1].passage), feedback[1].judgement), (passage.clone(), AnswerJudgement::Up));
}

#[tokio::test]
async fn what_the_sample_took_is_not_written_again() {
    let bench = Bench::start(SampleSettings { share: 1.0, ..JUDGED }, None).await;
    let answer = bench.ask("", CAT).await;
    bench.records(1).await;
    let (_, kept) = bench.judge("", json!({"answer": answer["id"], "judgement": "up"})).await;
    assert_eq!(kept["with_question"], json!(true));
    let (queries, feedback) = bench.records(2).await;
    assert_eq!((queries.len(), queries[0].only_judged, feedback.len()), (1, false, 1));
}

#[tokio::test]
async fn of_each_key_the_last_word_counts_and_no_key_is_named() {
    let bench = Bench::guarded().await;
    let (one, two) = (bench.ask("reader", CAT).await, bench.ask("reader", CAT).await);
    for (key, answer, judgement) in [
        ("reader", &one, "up"),
        ("other", &one, "up"),
        ("reader", &one, "down"),
        ("reader", &two, "up"),
        ("reader", &two, "none"),
    ] {
        let (status, body) = bench.judge(key, json!({"answer": answer["id"], "judgement": judgement})).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
    let (queries, feedback) = bench.records(7).await;
    assert_eq!(queries.len(), 2);
    let by = |at: usize| feedback[at].by.clone().unwrap();
    assert_eq!((by(0), by(3)), (by(2), by(4)));
    assert!(by(0) != by(1) && by(0) != by(3), "in another answer a key is called something else");
    assert!(!format!("{feedback:?}").contains("reader"));
    let mut left: Vec<AnswerJudgement> =
        standing_feedback(feedback).iter().map(|said| said.judgement).collect();
    left.sort_by_key(|judgement| *judgement == AnswerJudgement::Down);
    assert_eq!(left, [AnswerJudgement::Up, AnswerJudgement::Down]);
}

#[tokio::test]
async fn who_may_not_see_what_was_shown_may_not_judge() {
    let bench = Bench::guarded().await;
    let answer = bench.ask("reader", "Which dog guards the gate, and which cat purrs?").await;
    let said = json!({"answer": answer["id"], "judgement": "up"});
    for (key, status) in [
        ("", StatusCode::UNAUTHORIZED),
        ("wrong", StatusCode::UNAUTHORIZED),
        ("cats", StatusCode::NOT_FOUND),
        ("other", StatusCode::OK),
    ] {
        let (got, body) = bench.judge(key, said.clone()).await;
        assert_eq!(got, status, "{key:?}: {body}");
    }
    let own = bench.ask("cats", CAT).await;
    let said = json!({"answer": own["id"], "judgement": "up"});
    assert_eq!(bench.judge("near", said.clone()).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.judge("cats", said).await.0, StatusCode::OK);
    let (_, feedback) = bench.records(4).await;
    assert_eq!(feedback.len(), 2);
}

#[tokio::test]
async fn what_is_no_judgement_is_refused_and_says_why() {
    let bench = Bench::start(JUDGED, None).await;
    let answer = bench.ask("", CAT).await;
    let id = answer["id"].as_str().unwrap();
    let reason = |length: usize| "好".repeat(length);
    let elsewhere = "0".repeat(32);
    for (body, status, field) in [
        (json!({"answer": "chatcmpl-9xYz", "judgement": "up"}), 404, Value::Null),
        (json!({"answer": elsewhere, "judgement": "up"}), 404, Value::Null),
        (json!({"answer": &id[..31], "judgement": "up"}), 404, Value::Null),
        (json!({"answer": id, "judgement": "up", "passage": elsewhere}), 400, json!("passage")),
        (json!({"answer": id, "judgement": "up", "passage": "1"}), 400, json!("passage")),
        (json!({"answer": id, "judgement": "up", "reason": reason(501)}), 400, json!("reason")),
        (json!({"answer": id, "judgement": "maybe"}), 400, Value::Null),
        (json!({"answer": id}), 400, Value::Null),
        (json!({"answer": id, "judgement": "up", "rating": 5}), 400, Value::Null),
        (json!({"answer": id, "judgement": "up", "reason": "x".repeat(20_000)}), 413, Value::Null),
    ] {
        let (got, error) = bench.judge("", body.clone()).await;
        assert_eq!((got.as_u16(), &error["error"]["field"]), (status, &field), "{body}: {error}");
        assert!(error["error"]["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
    }
    bench.records(0).await;
    let longest = json!({"answer": id, "judgement": "up", "reason": reason(500)});
    assert_eq!(bench.judge("", longest).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_answer_of_another_server_is_judged_without_its_question() {
    let bench = Bench::start(JUDGED, None).await;
    let id = AnswerId::fresh();
    let (status, kept) = bench.judge("", json!({"answer": id, "judgement": "up"})).await;
    assert_eq!((status, &kept["with_question"]), (StatusCode::OK, &json!(false)));
    let (queries, feedback) = bench.records(1).await;
    assert!(queries.is_empty() && feedback[0].answer == id.as_str());
}

#[tokio::test]
async fn personal_data_is_masked_in_questions_and_in_reasons() {
    let bench = Bench::start(JUDGED, None).await;
    let answer = bench.ask("", "Where does the cat of anna@example.com sleep all afternoon?").await;
    let said = json!({"answer": answer["id"], "judgement": "down", "reason": "call 138-1234-5678"});
    assert_eq!(bench.judge("", said).await.0, StatusCode::OK);
    let (queries, feedback) = bench.records(2).await;
    assert_eq!(queries[0].question, "Where does the cat of <email> sleep all afternoon?");
    assert_eq!((queries[0].masked, &queries[0].vector), (true, &None));
    assert_eq!(feedback[0].reason.as_deref(), Some("call <phone>"));
}

#[tokio::test]
async fn while_nothing_can_be_written_a_judgement_is_not_said_to_be_kept() {
    let bench = Bench::start(JUDGED, None).await;
    let answer = bench.ask("", CAT).await;
    let said = json!({"answer": answer["id"], "judgement": "up"});
    bench.broker.fail_publishes(1);
    let (status, error) = bench.judge("", said.clone()).await;
    assert_eq!(
        (status, &error["error"]["type"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")),
        "{error}"
    );
    assert_eq!(bench.judge("", said).await.0, StatusCode::OK);
    let (queries, feedback) = bench.records(2).await;
    assert_eq!((queries.len(), feedback.len()), (1, 1));
}

#[tokio::test]
async fn openais_clients_judge_by_the_id_that_they_were_given() {
    let provider = Provider::start(vec![says(&["Yes [1]."])]).await;
    let bench = Bench::start(JUDGED, Some(&provider)).await;
    let messages = json!([{"role": "user", "content": CAT}]);
    let body = json!({"model": "millrace", "messages": messages});
    let (_, answer) = bench.server.send("POST", "/v1/chat/completions", "", Some(body)).await;
    let id = answer["id"].as_str().unwrap();
    assert!(id.starts_with("chatcmpl-"), "{answer}");
    let (status, kept) = bench.judge("", json!({"answer": id, "judgement": "up"})).await;
    assert_eq!((status, &kept["with_question"]), (StatusCode::OK, &json!(true)));
    let (queries, feedback) = bench.records(2).await;
    assert_eq!((queries[0].id.as_deref(), feedback[0].answer.as_str()), (id.get(9..), &id[9..]));
}

#[tokio::test]
async fn a_stream_tells_the_id_at_its_beginning_and_at_its_end() {
    let bench = Bench::start(JUDGED, None).await;
    let stream = async |path: &str, body: Value| {
        let sent = bench.server.client.post(format!("{}{path}", bench.server.address)).json(&body).send();
        sent.await.unwrap().text().await.unwrap()
    };
    let text = stream("/v1/ask", json!({"question": CAT, "stream": true})).await;
    let event = |name: &str| -> Value {
        let (_, rest) = text.split_once(&format!("event: {name}\ndata: ")).unwrap();
        serde_json::from_str(rest.lines().next().unwrap()).unwrap()
    };
    assert_eq!(event("sources")["id"], event("done")["id"]);
    assert!(AnswerId::parse(event("done")["id"].as_str().unwrap()).is_some());
    let messages = json!([{"role": "user", "content": CAT}]);
    let text =
        stream("/v1/chat/completions", json!({"model": "millrace", "messages": messages, "stream": true}))
            .await;
    let chunks =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let ids: Vec<Value> = chunks.map(|chunk| chunk["id"].clone()).collect();
    assert!(ids.len() > 1 && ids.iter().all(|id| *id == ids[0]));
    let id = json!({"answer": ids[0], "judgement": "up"});
    assert_eq!(bench.judge("", id).await.1["with_question"], json!(true));
}

#[tokio::test]
async fn where_judgements_are_off_the_page_is_told_and_none_is_taken() {
    let settings = SampleSettings { share: 1.0, feedback: false, mask: true };
    let off = Bench::start(settings, None).await;
    let answer = off.ask("", CAT).await;
    let (status, error) = off.judge("", json!({"answer": answer["id"], "judgement": "up"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(error["error"]["message"].as_str().unwrap().contains("MILLRACE_SERVE_FEEDBACK"), "{error}");
    off.records(1).await;
    assert_eq!(off.server.send("GET", "/v1/me", "", None).await.1["feedback"], json!(false));
    let on = Bench::start(JUDGED, None).await;
    assert_eq!(on.server.send("GET", "/v1/me", "", None).await.1["feedback"], json!(true));
}
