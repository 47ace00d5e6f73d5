//! What is told of models, runs and drift.

use std::collections::BTreeMap;
use std::time::Duration;

use message::{
    BuildState, DriftMeasurement, DriftReport, DriftSignal, DriftWindow, Fingerprint, GenerationEntry,
    ModelEntry, ModelState, ProvenScore, RegistryEntry, RunState, TrainingRun,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::generations::Generations;
use serve::training::drift::DriftHistory;
use stream::Outgoing;
use stream::memory::Memory;
use tokio::sync::watch;
use tokio::time::{advance, sleep, timeout};

use crate::bench::{generation, search, server, space};
use crate::follower::{INDEX, adopt, broker, entry, force};
use crate::generations::over;
use crate::http::Server;

fn tuned() -> ModelEntry {
    let proven = ProvenScore {
        name: "golden vector".to_owned(),
        after: 0.65,
        before: Some(0.61),
        gain: Some(0.04),
        low: Some(0.03),
        high: Some(0.05),
    };
    ModelEntry {
        fingerprint: Fingerprint::of(&[("weights", "tuned")]),
        name: "test, tuned".to_owned(),
        bundle: None,
        files: BTreeMap::new(),
        dimension: 64,
        max_tokens: 256,
        scores: proven.entries().into_iter().collect(),
        state: ModelState::Accepted,
        reason: None,
    }
}

fn run() -> TrainingRun {
    TrainingRun {
        id: "5c1d90ab3f27".to_owned(),
        index: INDEX.to_owned(),
        trainer: "local".to_owned(),
        base: generation().model,
        data: Some("77ab01c2d3e4".to_owned()),
        job: Some("local-5c1d90ab3f27".to_owned()),
        output: None,
        model: Some(tuned().fingerprint),
        state: RunState::Accepted,
        stop: false,
        reason: Some("new manuals".to_owned()),
        outcome: Some("accepted: golden vector".to_owned()),
        since: 9,
        by: "maria".to_owned(),
    }
}

/// A report of what ends then.
fn report(index: &str, until: u64) -> DriftReport {
    let window = DriftWindow { until, ..DriftWindow::default() };
    DriftReport {
        index: index.to_owned(),
        generation: generation().short(),
        space: space(),
        reference: DriftWindow::default(),
        current: window,
        measurements: vec![DriftMeasurement {
            name: "own_opening".to_owned(),
            reference: 0.93,
            current: 0.75,
            effect: 0.18,
            counts_from: 0.08,
            p: 0.001,
            adjusted: 0.002,
            reference_n: 1_024,
            n: 512,
            over: true,
        }],
        signals: vec![DriftSignal {
            name: "own_opening".to_owned(),
            since: until,
            windows: 3,
            of: 4,
            evidence: "worse".to_owned(),
        }],
        signal: false,
        held_back: Some("the next may be in 5 days".to_owned()),
        clues: Vec::new(),
        topics: Vec::new(),
        text: format!("the report of {until}"),
    }
}

fn write(broker: &Memory, value: Vec<u8>) {
    broker.append(&Outgoing {
        topic: topics::DRIFT.to_owned(),
        key: None,
        value: Some(value),
        headers: None,
    });
}

fn say(broker: &Memory, report: &DriftReport) {
    write(broker, serde_json::to_vec(report).unwrap());
}

/// The generations on this broker, of which the registry says nothing.
fn unheard(broker: &Memory) -> Generations<Memory> {
    Generations::new(broker.clone(), INDEX, Vec::new(), watch::channel(None).1)
}

async fn drift(generations: &Generations<Memory>) -> DriftHistory {
    generations.training().await.drift
}

fn times(history: &DriftHistory) -> Vec<u64> {
    history.reports.iter().map(|report| report.until).collect()
}

async fn told(server: &Server) -> Value {
    let (status, told) = server.send("GET", "/v1/training", "", None).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    told
}

/// What is told once the registry was heard.
async fn heard(server: &Server) -> Value {
    let wait = async {
        loop {
            let told = told(server).await;
            if !told["runs"].as_array().unwrap().is_empty() {
                return told;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.unwrap()
}

#[tokio::test]
async fn what_is_served_the_models_the_runs_and_drift_are_told() {
    let broker = broker();
    adopt(&broker).await;
    let paused = GenerationEntry {
        id: "5ec0dec0ec17".to_owned(),
        model: tuned().fingerprint,
        state: BuildState::Paused,
        ..entry(&generation())
    };
    let entries =
        [RegistryEntry::Generation(paused), RegistryEntry::Model(tuned()), RegistryEntry::Run(run())];
    force(&broker, entries);
    broker.create(topics::DRIFT, 1);
    say(&broker, &report(INDEX, 5));
    let told = heard(&over(&broker).await).await;
    assert_eq!((&told["index"], &told["kafka"]), (&json!(INDEX), &Value::Null));
    let serving = json!({
        "generation": generation().short(), "name": "test", "model": generation().model,
        "since": 1, "by": "maria", "previous": null,
    });
    assert_eq!(told["serving"], serving);
    let score = json!({
        "set": "golden", "mode": "vector", "before": 0.61, "after": 0.65, "gain": 0.04, "low": 0.03, "high": 0.05,
    });
    let model = json!({
        "fingerprint": tuned().fingerprint, "name": "test, tuned", "state": "accepted", "reason": null,
        "dimension": 64, "served": false, "scores": [score],
        "generation": {"id": "5ec0dec0ec17", "state": "paused"},
    });
    assert_eq!(told["models"], json!([model]));
    let run = json!({
        "id": "5c1d90ab3f27", "state": "accepted", "reached": "judging", "stop": false, "trainer": "local",
        "base": generation().model, "data": "77ab01c2d3e4", "reason": "new manuals",
        "outcome": "accepted: golden vector", "model": tuned().fingerprint, "since": 9, "by": "maria",
    });
    assert_eq!(told["runs"], json!([run]));
    let measure = json!({
        "name": "own_opening", "reference": 0.93, "current": 0.75, "effect": 0.18, "counts_from": 0.08, "over": true,
    });
    let report = json!({
        "until": 5, "generation": generation().short(), "measures": [measure], "raised": ["own_opening"],
        "signal": false, "held_back": "the next may be in 5 days", "text": "the report of 5",
    });
    assert_eq!(told["drift"], json!({"reports": [report], "note": null}));
}

#[tokio::test]
async fn where_drift_cannot_be_read_the_rest_is_told_and_the_note_says_why() {
    let broker = broker();
    force(&broker, [RegistryEntry::Run(run())]);
    let server = over(&broker).await;
    let all = heard(&server).await;
    assert_eq!(all["drift"]["reports"], json!([]));
    assert!(all["drift"]["note"].as_str().unwrap().contains("millrace topics apply"), "{all}");
    assert_eq!((&all["serving"], all["runs"].as_array().unwrap().len()), (&Value::Null, 1));
    // Without a partition nothing of it can be read.
    broker.create(topics::DRIFT, 0);
    let all = told(&server).await;
    assert!(all["drift"]["note"].as_str().unwrap().starts_with("the reports cannot be read now"), "{all}");
    assert_eq!(all["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn without_kafka_that_is_said() {
    let all = told(&Server::of(server(search().await)).await).await;
    assert!(all["kafka"].as_str().unwrap().contains("no Kafka is configured"), "{all}");
    assert_eq!((&all["models"], &all["runs"], &all["drift"]["note"]), (&json!([]), &json!([]), &Value::Null));
    let broker = Memory::default();
    broker.create(topics::DRIFT, 1);
    say(&broker, &report(INDEX, 5));
    let picture = unheard(&broker).training().await;
    assert!(picture.kafka.unwrap().contains("has not heard yet"));
    assert_eq!(times(&picture.drift), [5], "drift is told all the same");
}

#[tokio::test]
async fn the_last_reports_of_this_index_come_oldest_first() {
    let broker = Memory::default();
    broker.create(topics::DRIFT, 1);
    for until in 1..=40 {
        say(&broker, &report(INDEX, until));
        say(&broker, &report("another", until));
    }
    write(&broker, b"{\"of\": \"a later release\"}".to_vec());
    let found = drift(&unheard(&broker)).await;
    assert_eq!(times(&found), (11..=40).collect::<Vec<_>>());
    assert_eq!(found.note, None);
}

#[tokio::test(start_paused = true)]
async fn a_new_report_is_told_within_half_a_minute() {
    let broker = Memory::default();
    broker.create(topics::DRIFT, 1);
    let generations = unheard(&broker);
    assert_eq!(times(&drift(&generations).await), Vec::<u64>::new());
    say(&broker, &report(INDEX, 1));
    assert_eq!(times(&drift(&generations).await), Vec::<u64>::new(), "the topic is not asked at each look");
    advance(Duration::from_secs(30)).await;
    assert_eq!(times(&drift(&generations).await), [1]);
    advance(Duration::from_secs(30)).await;
    assert_eq!(times(&drift(&generations).await), [1], "what did not change stays");
}

#[tokio::test]
async fn no_more_than_a_few_megabytes_are_read() {
    let broker = Memory::default();
    broker.create(topics::DRIFT, 1);
    for until in 1..=9 {
        let large = DriftReport { text: "x".repeat(1 << 20), ..report(INDEX, until) };
        say(&broker, &large);
    }
    let found = drift(&unheard(&broker)).await;
    assert!(found.reports.is_empty() && found.note.unwrap().contains("larger than 8 MiB"));
    // Those that are beyond what is looked through do not count.
    for until in 1..=300 {
        say(&broker, &report(INDEX, until));
    }
    assert_eq!(times(&drift(&unheard(&broker)).await).last(), Some(&300));
}
