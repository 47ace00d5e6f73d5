//! A server answers by what the registry says, tells what it has loaded, and falls silent when it hears nothing.
#![expect(clippy::disallowed_methods, reason = "a test: a server that runs beside its clients")]

use std::sync::Arc;
use std::time::Duration;

use message::{BuildState, GenerationEntry, ReadyEntry, RegistryEntry};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::following::FollowedSearch;
use serve::found::Answer;
use serve::search::SearchError;
use serve::served::{LoadFault, UnservedReason};
use serve::{Mode, Question, Search};
use sink::MemoryEngine;
use stream::memory::Memory;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::bench::{Fussy, PASSAGES, absent, fill, fill_with, generation, search_over, server};
use crate::follower::{
    Follower, INDEX, LONG, SHORT, adopt, broker, change, entry, force, foreign, is_silent, is_unloaded, mark,
    over, promote, said, second, serving, settings,
};
use crate::http::Server;
use crate::mcp::call;

/// What only the second generation holds.
const FISH: [(&str, &str); 1] = [("fish.md", "The cat watches the fish.")];

#[tokio::test]
async fn without_a_registry_the_local_bundle_answers_and_needs_no_lease() {
    let follower = Follower::start(Memory::default(), SHORT).await;
    follower.answers_from(&generation()).await;
    sleep(SHORT * 2).await;
    follower.ask().await.unwrap();
    assert!(follower.broker.records(topics::MODELS).is_empty());
    follower.end().await;
}

/// It may be cut off while a first generation is promoted, which the others do not wait for it with.
#[tokio::test]
async fn a_server_that_took_part_falls_silent_without_news_though_nothing_was_ever_served() {
    let follower = Follower::start(broker(), SHORT).await;
    follower.says(&[&generation()], 0).await;
    // Of a topic's very first record the broker does not tell the offset, so it proves nothing.
    while follower.broker.records(topics::MODELS).len() < 3 {
        sleep(Duration::from_millis(5)).await;
    }
    follower.broker.fail_publishes(usize::MAX);
    follower.asks_until(is_silent).await;
    assert!(matches!(follower.search.ready().await, Err(SearchError::Unserved(_))));
    follower.broker.fail_publishes(0);
    follower.answers_from(&generation()).await;
    follower.says(&[&generation()], 0).await;
    follower.end().await;
}

/// Asks until told to stop; each answer must be of one generation alone. The generations that answered, in order.
async fn ask_on(search: Arc<Search<Fussy, MemoryEngine>>, stopped: watch::Receiver<bool>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    while !*stopped.borrow() {
        let answer = search.answer(&Question::plain("cat", Mode::Hybrid, 9)).await.unwrap();
        let keys: Vec<&str> = answer.hits.iter().map(|hit| hit.document.key()).collect();
        if answer.generation == second().short() {
            assert_eq!(keys, ["fish.md"]);
        } else {
            assert_eq!(answer.generation, generation().short());
            assert!(keys.len() == PASSAGES.len() && !keys.contains(&"fish.md"), "{keys:?}");
        }
        seen.push(answer.generation);
        tokio::task::yield_now().await;
    }
    seen.dedup();
    seen
}

#[tokio::test]
async fn a_promotion_switches_without_a_failure_or_a_mixed_answer() {
    let follower = Follower::start(broker(), LONG).await;
    let (broker, first, next) = (&follower.broker, generation(), second());
    follower.says(&[&first], 0).await;
    let (stop, stopped) = watch::channel(false);
    let asking = tokio::spawn(ask_on(Arc::clone(&follower.search), stopped));
    adopt(broker).await;
    follower.says(&[&first], 1).await;
    change(broker, |registry| registry::rules::start(registry, entry(&next))).await;
    fill_with(&over(&follower.engine, &next), &FISH).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(said(broker).await.unwrap().loaded, [first.short()], "one that is being built is not loaded");
    mark(broker, &next.short(), BuildState::Built).await;
    follower.says(&[&first, &next], 1).await;
    promote(broker, &next.short()).await;
    follower.answers_from(&next).await;
    follower.says(&[&first, &next], 2).await;
    // It can go back, and lets go of what is retired.
    promote(broker, &first.short()).await;
    follower.answers_from(&first).await;
    follower.says(&[&first, &next], 3).await;
    promote(broker, &next.short()).await;
    follower.says(&[&first, &next], 4).await;
    mark(broker, &first.short(), BuildState::Retiring).await;
    follower.says(&[&next], 4).await;
    stop.send_replace(true);
    let (first, next) = (first.short(), next.short());
    assert_eq!(asking.await.unwrap(), [&first, &next, &first, &next].map(String::as_str));
    follower.end().await;
}

#[tokio::test]
async fn a_server_that_hears_nothing_falls_silent_and_comes_back_by_itself() {
    let follower = Follower::start(broker(), SHORT).await;
    adopt(&follower.broker).await;
    for _ in 0..2 {
        follower.answers_from(&generation()).await;
        follower.search.ready().await.unwrap();
        follower.broker.fail_publishes(usize::MAX);
        follower.asks_until(is_silent).await;
        assert!(matches!(follower.search.ready().await, Err(SearchError::Unserved(_))));
        follower.broker.fail_publishes(0);
    }
    follower.answers_from(&generation()).await;
    follower.end().await;
}

/// The broker takes every word, but the log that is read is another one.
#[tokio::test]
async fn words_that_are_not_read_back_prove_nothing() {
    let follower = Follower::start(broker(), SHORT).await;
    adopt(&follower.broker).await;
    follower.answers_from(&generation()).await;
    // As a topic that was made anew: it ends before the place where the server reads.
    sleep(SHORT * 2).await;
    follower.broker.truncate(topics::MODELS, 0, 0);
    follower.asks_until(is_silent).await;
    assert!(!follower.broker.records(topics::MODELS).is_empty(), "it goes on to speak");
}

#[tokio::test]
async fn a_served_generation_of_another_model_is_refused_and_the_one_before_does_not_answer() {
    let follower = Follower::start(broker(), LONG).await;
    let (broker, other) = (&follower.broker, foreign());
    adopt(broker).await;
    follower.says(&[&generation()], 1).await;
    let built = GenerationEntry { state: BuildState::Built, ..entry(&other) };
    force(broker, [RegistryEntry::Generation(built), serving(&other.short(), 2)]);
    follower.asks_until(is_unloaded).await;
    for _ in 0..40 {
        let error = follower.ask().await.unwrap_err();
        let text = process::chain(&error);
        assert!(text.contains(&other.short()) && text.contains("other model"), "{text}");
        assert!(text.contains("is not on this machine"), "{text}");
        sleep(Duration::from_millis(5)).await;
    }
    assert!(matches!(follower.search.ready().await, Err(SearchError::Unserved(_))));
    // It still holds the other one, and answers by nothing newer.
    follower.says(&[&generation()], 1).await;
    force(broker, [serving(&generation().short(), 3)]);
    follower.answers_from(&generation()).await;
    follower.says(&[&generation()], 3).await;
    // What the registry names and does not describe answers no more than that.
    force(broker, [serving("0123456789ab", 4)]);
    follower.asks_until(is_unloaded).await;
    follower.end().await;
}

#[tokio::test]
async fn a_served_generation_answers_as_soon_as_its_indexes_are_there() {
    let follower = Follower::start(broker(), LONG).await;
    let (broker, next) = (&follower.broker, second());
    adopt(broker).await;
    let built = GenerationEntry { state: BuildState::Built, ..entry(&next) };
    force(broker, [RegistryEntry::Generation(built), serving(&next.short(), 2)]);
    let is_missing = |answer: &Result<Answer, SearchError>| match answer {
        Err(SearchError::Unserved(UnservedReason::Unloaded { cause, .. })) => {
            matches!(cause.as_ref(), LoadFault::Indexes(_))
        }
        _ => false,
    };
    follower.asks_until(is_missing).await;
    fill_with(&over(&follower.engine, &next), &FISH).await;
    follower.answers_from(&next).await;
    follower.says(&[&generation(), &next], 2).await;
    follower.end().await;
}

#[tokio::test]
async fn a_server_that_stops_takes_its_word_back() {
    let follower = Follower::start(broker(), LONG).await;
    let broker = follower.broker.clone();
    follower.says(&[&generation()], 0).await;
    follower.end().await;
    assert_eq!(said(&broker).await, None);
    let last = broker.records(topics::MODELS).pop().unwrap();
    assert_eq!((last.key_text().as_ref(), last.value), ("ready/serve-1", None));
}

/// How many processes but the server itself stand in the registry, of its index and of another one.
async fn others(broker: &Memory) -> (usize, usize) {
    let registry = registry::read(broker).await.unwrap();
    let of = |index: &str| {
        let all = registry.alive(index, registry.now(), i64::MAX);
        all.filter(|ready| ready.instance != "serve-1").count()
    };
    (of(INDEX), of("other"))
}

#[tokio::test]
async fn servers_that_are_long_gone_are_forgotten_a_hundred_at_a_start() {
    let broker = broker();
    let word = |number: usize, index: &str| {
        let (instance, index) = (format!("{index}-{number}"), index.to_owned());
        RegistryEntry::Ready(ReadyEntry { instance, index, loaded: Vec::new(), sequence: 0 })
    };
    force(&broker, (0..102).map(|number| word(number, INDEX)));
    force(&broker, [word(0, "other")]);
    // The broker in memory counts whole seconds.
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(others(&broker).await, (102, 1));
    let follower = Follower::start(broker.clone(), LONG).await;
    let wait = async {
        while others(&broker).await.0 == 102 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.unwrap();
    // A second and a third word of its own have no further ones forgotten.
    sleep(SHORT).await;
    assert_eq!(others(&broker).await, (2, 1));
    follower.end().await;
}

/// Each way to ask, with the status and the message of its answer.
async fn every_way(server: &Server) -> Vec<(StatusCode, String)> {
    let question = json!({"question": "Where does the cat sleep?"});
    let messages = json!([{"role": "user", "content": "Where does the cat sleep?"}]);
    let mut answers = Vec::new();
    for (method, path, body) in [
        ("GET", "/v1/search?q=cat", None),
        ("POST", "/v1/search", Some(json!({"q": "cat"}))),
        ("POST", "/v1/ask", Some(question.clone())),
        ("POST", "/v1/ask", Some(json!({"question": "Where does the cat sleep?", "stream": true}))),
        ("POST", "/v1/chat/completions", Some(json!({"model": "millrace", "messages": messages}))),
        ("GET", "/v1/document?document=docs%2Fcats.md", None),
        ("GET", "/v1/pipeline", None),
    ] {
        let (status, answer) = server.send(method, path, "", body).await;
        answers.push((status, answer["error"]["message"].as_str().unwrap_or_default().to_owned()));
    }
    for (tool, arguments) in [("search", json!({"q": "cat"})), ("ask", question)] {
        let answer = call(server, "", tool, arguments).await;
        let is_error = answer["result"]["isError"] == json!(true);
        let status = if is_error { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        answers.push((status, text.to_owned()));
    }
    answers
}

#[tokio::test]
async fn every_way_to_ask_is_refused_while_nothing_may_be_answered() {
    let engine = absent();
    fill(&engine).await;
    let parts = Arc::new(server(search_over(&engine)));
    let following = FollowedSearch::new(&parts.search, settings(SHORT)).unwrap();
    let server = Server::at(Arc::clone(&parts)).await;
    let refused = async |part: &str| {
        for (status, message) in every_way(&server).await {
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{message}");
            assert!(message.contains(part), "{message}");
        }
        let (status, body) = server.get("/readyz", &[]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains(part), "{body}");
        let (status, me) = server.send("GET", "/v1/me", "", None).await;
        assert_eq!((status, &me["model"]), (StatusCode::OK, &Value::Null));
    };
    refused("waiting for Kafka").await;
    let (broker, (stop, mut stopped)) = (broker(), watch::channel(false));
    let over = async { drop(stopped.wait_for(|stop| *stop).await) };
    let asking = async {
        adopt(&broker).await;
        let ready = async || server.get("/readyz", &[]).await.0 == StatusCode::OK;
        while !ready().await {
            sleep(Duration::from_millis(20)).await;
        }
        broker.fail_publishes(usize::MAX);
        while ready().await {
            sleep(Duration::from_millis(20)).await;
        }
        refused("no news").await;
        broker.fail_publishes(0);
        while !ready().await {
            sleep(Duration::from_millis(20)).await;
        }
        let (_, answer) = server.send("GET", "/v1/search?q=cat", "", None).await;
        assert_eq!(answer["generation"], json!(generation().short()));
        stop.send_replace(true);
    };
    let both = async { tokio::join!(following.run(broker.clone(), over), asking) };
    timeout(Duration::from_mins(1), both).await.unwrap();
}

#[tokio::test]
async fn every_answer_names_its_space_and_its_generation() {
    let engine = absent();
    fill(&engine).await;
    let server = Server::start(search_over(&engine)).await;
    let messages = json!([{"role": "user", "content": "Where does the cat sleep?"}]);
    for (path, body) in [
        ("/v1/search", json!({"q": "cat"})),
        ("/v1/ask", json!({"question": "Where does the cat sleep?"})),
        ("/v1/ask", json!({"question": "Where does the cat sleep?", "prefix": "docs/nowhere/"})),
        ("/v1/chat/completions", json!({"model": "millrace", "messages": messages})),
    ] {
        let (status, answer) = server.send("POST", path, "", Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let named = (&answer["space"], &answer["generation"]);
        assert_eq!(named, (&json!(generation().space), &json!(generation().short())), "{path}: {answer}");
    }
}
