//! What is said of the generations, and what may be changed about them over HTTP.
#![expect(clippy::disallowed_methods, reason = "a test: the registry is followed beside the clients")]

use std::sync::Arc;
use std::time::Duration;

use generation::{Cluster, Generation, Names, TopicReader};
use message::{BuildState, FillSource, Fingerprint, GenerationEntry, ReadyEntry, RegistryEntry};
use registry::{GenerationKey, Heard, rules};
use reqwest::StatusCode;
use serde_json::{Value, json};
use serve::generations::Generations;
use sink::EngineKind;
use stream::broker::{Consumer as _, Publisher as _};
use stream::memory::Memory;
use stream::{Broker as _, Committed, Memo, Outgoing};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::bench::{absent, fill, generation, search_over, server};
use crate::follower::{INDEX, adopt, author, broker, change, entry, force, foreign, mark, promote, second};
use crate::http::Server;

/// Records in the log that both generations are filled from.
const RECORDS: i64 = 10;

/// A server that hears what the registry on this broker says.
pub(crate) async fn over(broker: &Memory) -> Server {
    let (sender, heard) = watch::channel(None);
    // Ends together with the test's runtime.
    tokio::spawn(registry::follow(broker.clone(), sender));
    hearing(broker, heard).await
}

/// A server that has heard what this broker's registry says now, and hears no more.
async fn deaf(broker: &Memory) -> Server {
    let registry = Arc::new(registry::read(broker).await.unwrap());
    let heard = Heard { registry, at: Instant::now(), next: Some(1) };
    hearing(broker, watch::channel(Some(heard)).1).await
}

async fn hearing(broker: &Memory, heard: watch::Receiver<Option<Heard>>) -> Server {
    let engine = absent();
    fill(&engine).await;
    let mut server = server(search_over(&engine));
    server.generations = Some(Generations::new(broker.clone(), INDEX, EngineKind::ALL.to_vec(), heard));
    Server::of(server).await
}

/// A registry with one generation that is served and one that is built beside it, from a log of ten records.
async fn two() -> Memory {
    let broker = broker();
    let topic = generation().vectors();
    broker.create(&topic, 1);
    for _ in 0..RECORDS {
        broker.append(&Outgoing { topic: topic.clone(), key: None, value: None, headers: None });
    }
    adopt(&broker).await;
    let next = GenerationEntry { barrier: [(topic, vec![RECORDS])].into(), ..entry(&second()) };
    change(&broker, |registry| rules::start(registry, next.clone())).await;
    for worker in ["index", "replicate"] {
        commit(&broker, worker, &generation(), RECORDS).await;
    }
    broker
}

/// A writer of these indexes has written what is before `next`.
async fn commit(broker: &Memory, worker: &'static str, generation: &Generation, next: i64) {
    handle(broker, &writer(worker, INDEX, generation), next).await;
}

/// A writer of the indexes that are called `index` outside.
fn writer(worker: &'static str, index: &str, generation: &Generation) -> TopicReader {
    let names = Names::new(index, generation).unwrap();
    TopicReader::sink(worker, &names, &Cluster::known_by("uuid", worker))
}

/// A group has handled what is before `next`.
async fn handle(broker: &Memory, reader: &TopicReader, next: i64) {
    let member = broker.subscribe(&reader.group, &reader.topic, 1).unwrap();
    let committed = Committed { next, memo: Memo::default() };
    let mut publisher = broker.after_write().unwrap();
    publisher.publish(Vec::new(), &member.membership(), 0, committed).await.unwrap();
}

/// A process says that it has loaded these, and answers by this word.
fn say(broker: &Memory, instance: &str, loaded: &[&Generation], sequence: u64) {
    let (instance, index) = (instance.to_owned(), INDEX.to_owned());
    let loaded = loaded.iter().map(|generation| generation.short()).collect();
    force(broker, [RegistryEntry::Ready(ReadyEntry { instance, index, loaded, sequence })]);
}

async fn list(server: &Server) -> Value {
    let (status, list) = server.send("GET", "/v1/generations", "", None).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list
}

/// Looks until what is said is as wanted: the registry is heard a moment later, and writers are looked at every two seconds.
async fn until(server: &Server, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let list = list(server).await;
            if is_wanted(&list) {
                return list;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let found = timeout(Duration::from_secs(30), wait).await;
    assert!(found.is_ok(), "{}", list(server).await);
    found.unwrap()
}

fn line<'a>(list: &'a Value, generation: &Generation) -> &'a Value {
    let id = json!(generation.short());
    list["generations"].as_array().unwrap().iter().find(|line| line["id"] == id).unwrap()
}

fn state_of(list: &Value, generation: &Generation) -> String {
    line(list, generation)["state"].as_str().unwrap().to_owned()
}

/// Asks for a change of a generation; the status, and what is answered.
async fn ask(server: &Server, generation: &Generation, what: &str, body: Value) -> (StatusCode, Value) {
    let path = format!("/v1/generations/{}/{what}", generation.short());
    server.send("POST", &path, "", Some(body)).await
}

/// The same, which has to be refused with these words.
async fn refused(server: &Server, generation: &Generation, (what, body): (&str, Value), words: &[&str]) {
    let (status, answer) = ask(server, generation, what, body).await;
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert_eq!((status, &answer["error"]["type"]), (StatusCode::CONFLICT, &json!("conflict")), "{answer}");
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
}

#[tokio::test]
async fn each_generation_is_told_with_its_progress_and_who_has_loaded_it() {
    let broker = two().await;
    commit(&broker, "index", &second(), RECORDS).await;
    commit(&broker, "replicate", &second(), 4).await;
    say(&broker, "serve-1", &[&generation(), &second()], 1);
    say(&broker, "serve-2", &[&generation()], 0);
    let server = over(&broker).await;
    let all = until(&server, |list| list["generations"].as_array().is_some_and(|all| all.len() == 2)).await;
    assert_eq!((&all["index"], &all["kafka"]), (&json!(INDEX), &Value::Null));
    assert_eq!(
        (&all["serving"]["id"], &all["serving"]["sequence"]),
        (&json!(generation().short()), &json!(1))
    );
    let instances =
        json!([{"instance": "serve-1", "current": true}, {"instance": "serve-2", "current": false}]);
    assert_eq!(all["instances"], instances);
    let (first, next) = (line(&all, &generation()), line(&all, &second()));
    assert_eq!(
        (&first["served"], &first["state"], &first["lacking"]),
        (&json!(true), &json!("built"), &json!([]))
    );
    assert_eq!((&next["served"], &next["state"]), (&json!(false), &json!("building")));
    assert_eq!(
        (&next["model"], &next["source"], &next["by"]),
        (&json!("test"), &json!("vectors"), &json!("maria"))
    );
    assert_eq!(next["mapping"]["instance"], json!(2));
    assert_eq!((&next["loaded"], &next["lacking"]), (&json!(["serve-1"]), &json!(["serve-2"])));
    let writers = next["writers"].as_array().unwrap();
    let figures: Vec<[&Value; 4]> =
        writers.iter().map(|one| [&one["writer"], &one["whole"], &one["missing"], &one["behind"]]).collect();
    assert_eq!(figures[0], [&json!("opensearch"), &json!(10), &json!(0), &json!(0)]);
    assert_eq!(figures[1], [&json!("elasticsearch"), &json!(10), &json!(6), &json!(6)]);
    // One that goes on, and how long it will take.
    commit(&broker, "replicate", &second(), 7).await;
    let all = until(&server, |list| line(list, &second())["writers"][1]["missing"] == json!(3)).await;
    let writer = &line(&all, &second())["writers"][1];
    assert!(writer["rate"].as_f64().is_some_and(|rate| rate > 0.0) && writer["left"].is_f64(), "{writer}");
}

#[tokio::test]
async fn only_what_is_built_written_and_loaded_is_promoted_and_it_can_be_taken_back() {
    let (broker, next) = (two().await, second());
    let server = over(&broker).await;
    until(&server, |list| list["serving"]["sequence"] == json!(1)).await;
    refused(&server, &next, ("promote", json!({})), &["is building", "--until-built"]).await;
    mark(&broker, &next.short(), BuildState::Built).await;
    say(&broker, "serve-1", &[&generation(), &next], 1);
    say(&broker, "serve-2", &[&generation()], 1);
    until(&server, |list| {
        state_of(list, &next) == "built" && line(list, &next)["lacking"] == json!(["serve-2"])
    })
    .await;
    refused(&server, &next, ("promote", json!({})), &["not loaded yet by serve-2", "wait for it"]).await;
    say(&broker, "serve-2", &[&generation(), &next], 1);
    until(&server, |list| line(list, &next)["lacking"] == json!([])).await;
    commit(&broker, "index", &next, RECORDS).await;
    commit(&broker, "replicate", &next, 4).await;
    let most = json!({"most_behind": 5});
    refused(&server, &next, ("promote", most), &["6 records behind in elasticsearch", "5 are allowed"]).await;
    let commit_point = async || {
        let registry = registry::read(&broker).await.unwrap();
        registry.serving(INDEX).unwrap().clone()
    };
    assert_eq!(commit_point().await.id, generation().short());
    let (status, answer) = ask(&server, &next, "promote", json!({"most_behind": 6})).await;
    assert_eq!((status, &answer["serving"]), (StatusCode::OK, &json!(next.short())), "{answer}");
    assert_eq!(
        (commit_point().await.id, commit_point().await.by.as_str()),
        (next.short(), "the page of serve")
    );
    // Each server follows in its own time, and the list says who has.
    say(&broker, "serve-1", &[&generation(), &next], 2);
    let all = until(&server, |list| {
        list["serving"]["sequence"] == json!(2) && list["instances"][0]["current"] == json!(true)
    })
    .await;
    assert_eq!(all["instances"][1]["current"], json!(false));
    assert_eq!(line(&all, &generation())["previous"], json!(true));
    let (status, answer) = server.send("POST", "/v1/generations/rollback", "", Some(json!({}))).await;
    assert_eq!((status, &answer["serving"]), (StatusCode::OK, &json!(generation().short())), "{answer}");
    assert_eq!((commit_point().await.id, commit_point().await.sequence), (generation().short(), 3));
}

#[tokio::test]
async fn what_somebody_else_served_meanwhile_is_not_overruled() {
    let (broker, first, next) = (two().await, generation(), second());
    mark(&broker, &next.short(), BuildState::Built).await;
    for worker in ["index", "replicate"] {
        commit(&broker, worker, &next, RECORDS).await;
    }
    let sequence = async || registry::read(&broker).await.unwrap().serving(INDEX).unwrap().sequence;
    // Maria promotes the same, which is nothing to look at again, and then goes back.
    let server = deaf(&broker).await;
    promote(&broker, &next.short()).await;
    let (status, answer) = ask(&server, &next, "promote", json!({})).await;
    assert_eq!((status, sequence().await), (StatusCode::OK, 2), "{answer}");
    promote(&broker, &first.short()).await;
    refused(&server, &next, ("promote", json!({})), &["by maria", "look again"]).await;
    assert_eq!(sequence().await, 3);
    // What was served before is something else, too, once she has changed it: there and back again.
    let server = deaf(&broker).await;
    promote(&broker, &next.short()).await;
    promote(&broker, &first.short()).await;
    let (status, answer) = server.send("POST", "/v1/generations/rollback", "", Some(json!({}))).await;
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert_eq!((status, sequence().await), (StatusCode::CONFLICT, 5), "{answer}");
    assert!(message.contains("look again"), "{message}");
}

#[tokio::test]
async fn what_is_built_is_paused_and_resumed_while_it_is_known_how_far_it_was() {
    let (broker, next) = (two().await, second());
    let server = over(&broker).await;
    until(&server, |list| list["serving"]["sequence"] == json!(1)).await;
    refused(&server, &generation(), ("pause", json!({})), &["it is served"]).await;
    let (status, _) = ask(&server, &next, "pause", json!({"reason": "a busy day"})).await;
    assert_eq!(status, StatusCode::OK);
    let all = until(&server, |list| state_of(list, &next) == "paused").await;
    assert_eq!(line(&all, &next)["reason"], json!("a busy day"));
    // Indexes of which nobody knows how much they hold are deleted first, and that is not done here.
    commit(&broker, "index", &next, 3).await;
    let words = ["how far elasticsearch was", "`millrace generation resume"];
    refused(&server, &next, ("resume", json!({})), &words).await;
    commit(&broker, "replicate", &next, 3).await;
    let (status, answer) = ask(&server, &next, "resume", json!({})).await;
    assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("building")), "{answer}");
    until(&server, |list| state_of(list, &next) == "building").await;
}

#[tokio::test]
async fn what_an_index_lives_from_of_which_the_registry_says_nothing_is_not_paused() {
    let (broker, fingerprint) = (two().await, |what| Fingerprint::of(&[(what, "another")]));
    let next = Generation { chunking: fingerprint("chunking"), ..foreign() };
    for topic in [next.vectors(), next.chunks()] {
        broker.create(&topic, 1);
    }
    change(&broker, |registry| rules::start(registry, entry(&next))).await;
    let writer = |worker| writer(worker, "wiki", &next);
    let embedder = TopicReader::embed(&Generation { space: fingerprint("model"), ..next.clone() });
    handle(&broker, &writer("index"), 1).await;
    handle(&broker, &embedder, 1).await;
    // This one has handled nothing.
    let idle = writer("replicate");
    drop(broker.subscribe(&idle.group, &idle.topic, 1).unwrap());
    let server = deaf(&broker).await;
    let (status, answer) = ask(&server, &next, "pause", json!({})).await;
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert_eq!(status, StatusCode::CONFLICT, "{answer}");
    let command = format!("`millrace generation pause {} --despite-others`", next.short());
    for word in [writer("index").group, embedder.group, command] {
        assert!(message.contains(&word), "{message}");
    }
    assert!(!message.contains(&idle.group), "{message}");
    let id = next.short();
    let state = async || {
        let registry = registry::read(&broker).await.unwrap();
        registry.generation(GenerationKey { index: INDEX, id: &id }).unwrap().state
    };
    assert_eq!(state().await, BuildState::Building);
    // Entered, that index is fed for its own sake.
    let wiki = next.entry("wiki", FillSource::Vectors, &author());
    change(&broker, |registry| rules::adopt(registry, wiki.clone(), &author())).await;
    let server = deaf(&broker).await;
    let (status, answer) = ask(&server, &next, "pause", json!({})).await;
    assert_eq!((status, state().await), (StatusCode::OK, BuildState::Paused), "{answer}");
}

#[tokio::test]
async fn what_is_embedded_or_asked_for_again_is_resumed_by_the_command() {
    let (broker, next) = (two().await, second());
    for topic in [topics::DOCUMENTS.to_owned(), next.chunks()] {
        broker.create(&topic, 1);
    }
    for worker in ["index", "replicate"] {
        commit(&broker, worker, &next, 3).await;
    }
    let paused = GenerationEntry {
        source: FillSource::Reconcile,
        state: BuildState::Paused,
        barrier: [(topics::DOCUMENTS.to_owned(), vec![1])].into(),
        ..entry(&next)
    };
    force(&broker, [RegistryEntry::Generation(paused)]);
    let server = deaf(&broker).await;
    let command = format!("`millrace generation resume {}`", next.short());
    let words = ["how far `embed` was", command.as_str()];
    refused(&server, &next, ("resume", json!({})), &words).await;
    handle(&broker, &TopicReader::embed(&next), 1).await;
    // A log in memory begins at 0 for ever: the place before it stands for one of a record that is gone.
    let chunk = TopicReader::chunk(&next.chunking);
    handle(&broker, &chunk, -1).await;
    let words = ["requests to `chunk` may be gone", command.as_str()];
    refused(&server, &next, ("resume", json!({})), &words).await;
    handle(&broker, &chunk, 1).await;
    let (status, answer) = ask(&server, &next, "resume", json!({})).await;
    assert_eq!((status, &answer["state"]), (StatusCode::OK, &json!("building")), "{answer}");
}

#[tokio::test]
async fn what_is_no_change_is_refused_with_the_reason() {
    let server = over(&two().await).await;
    until(&server, |list| list["serving"]["sequence"] == json!(1)).await;
    let path = |what: &str| format!("/v1/generations/0123456789ab/{what}");
    let (status, answer) = server.send("POST", &path("promote"), "", Some(json!({}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(answer["error"]["message"].as_str().unwrap().contains("0123456789ab"), "{answer}");
    let (status, answer) = server.send("POST", "/v1/generations/rollback", "", Some(json!({}))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(answer["error"]["message"].as_str().unwrap().contains("nothing was served before"), "{answer}");
    // Without a body of JSON, a page of another site could send it.
    for body in [None, Some(json!({"force": true}))] {
        let (status, answer) = server.send("POST", &path("pause"), "", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    // Where Kafka was never heard, or holds no registry, nothing is changed.
    let server = over(&Memory::default()).await;
    let all =
        until(&server, |list| list["kafka"].as_str().is_some_and(|cause| cause.contains("no topic"))).await;
    assert_eq!((&all["generations"], &all["serving"]), (&json!([]), &Value::Null));
    let (status, answer) = server.send("POST", &path("promote"), "", Some(json!({}))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(answer["error"]["message"].as_str().unwrap().contains("millrace topics apply"), "{answer}");
}
