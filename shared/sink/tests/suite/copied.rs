//! Copies from a scripted OpenSearch to a scripted Elasticsearch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use clap::Parser;
use serde_json::{Value, json};
use sink::{
    CopySlice, CopyTrouble, CopyVerdict, ElasticsearchSettings, IndexCopy, OpenSearchSettings,
    RequestSettings, SinkError,
};

use super::script::{Asked, Script, Step};

/// A dimension so large that a page has 50 items.
const WIDE: usize = 40_000;
const ALL: CopySlice = CopySlice { number: 0, of: 1 };

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    opensearch: OpenSearchSettings,
    #[command(flatten)]
    elasticsearch: ElasticsearchSettings,
    #[command(flatten)]
    requests: RequestSettings,
}

fn copy(from: &str, to: &str) -> IndexCopy {
    let words = ["test", "--request-timeout", "5", "--retry-budget", "2", "--bulk-bytes", "65536"];
    let flags = Flags::parse_from(words.iter().chain(&["--opensearch-url", from, "--elasticsearch-url", to]));
    IndexCopy::new((&flags.opensearch, &flags.elasticsearch), &flags.requests, ("docs", "docs-copy")).unwrap()
}

fn told(status: u16, body: &Value) -> Step {
    Step::ItemAnswer(status, "", body.to_string())
}

fn hit(id: usize) -> Value {
    json!({"_id": id.to_string(), "_version": 3, "_source": {"text": format!("text {id}"), "embedding": [0.6, 0.8]}, "sort": [id]})
}

fn found(hits: &[Value], total: usize) -> Step {
    told(
        200,
        &json!({"timed_out": false, "_shards": {"failed": 0}, "hits": {"total": {"value": total}, "hits": hits}}),
    )
}

/// OpenSearch with `items` items, which answers a page of a point in time.
fn source(asked: &Asked, items: usize) -> Step {
    if asked.line.starts_with("get /docs/_mapping") {
        let embedding = json!({"type": "knn_vector", "dimension": WIDE, "space_type": "cosinesimil"});
        let fields = json!({"text": {"type": "text"}, "embedding": embedding});
        return told(200, &json!({"docs": {"mappings": {"properties": fields}}}));
    }
    if asked.line.starts_with("get /docs/_settings") {
        return told(200, &json!({"docs": {"settings": {"index": {"uuid": "u1"}}}}));
    }
    if asked.line.contains("/_search/point_in_time") {
        return told(200, &json!({"pit_id": "p", "pits": []}));
    }
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["pit"]["id"], "p", "{body}");
    let size = usize::try_from(body["size"].as_u64().unwrap()).unwrap();
    let after = body["search_after"][0].as_u64().map_or(0, |after| usize::try_from(after).unwrap() + 1);
    let hits: Vec<Value> = (after..items).take(size).map(hit).collect();
    found(&hits, items)
}

/// What an Elasticsearch holds: version and source of each id.
type Held = Arc<Mutex<BTreeMap<String, (u64, Value)>>>;

/// Elasticsearch that keeps what it is sent, by external versions.
fn target(asked: &Asked, held: &Held, dimension: Option<usize>) -> Step {
    let mut held = held.lock().unwrap();
    if asked.line.starts_with("get /docs-copy/_mapping") {
        let Some(dimension) = dimension else { return told(404, &json!({"error": "no such index"})) };
        let fields =
            json!({"embedding": {"type": "dense_vector", "dims": dimension, "similarity": "cosine"}});
        let meta = json!({"copied_from": {"uuid": "u1"}});
        return told(200, &json!({"docs-copy": {"mappings": {"_meta": meta, "properties": fields}}}));
    }
    if asked.line.contains("/_bulk") {
        let lines: Vec<Value> = asked.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let items: Vec<Value> =
            lines.chunks(2).map(|pair| take(&mut held, &pair[0]["index"], &pair[1])).collect();
        return told(200, &json!({"errors": true, "items": items}));
    }
    if asked.line.contains("/_count") {
        return told(200, &json!({"count": held.len(), "_shards": {"failed": 0}}));
    }
    if asked.line.contains("/_search") {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        let vectors = body["_source"] == false;
        let ids = body["query"]["ids"]["values"].as_array().unwrap();
        let one = |id: &Value| {
            let id = id.as_str()?;
            let (version, source) = held.get(id)?;
            let (text, vector) = (&source["text"], &source["embedding"]);
            // Since 9.2, vectors are no part of the source.
            if vectors {
                return Some(json!({"_id": id, "_version": version, "fields": {"embedding": vector}}));
            }
            Some(json!({"_id": id, "_version": version, "_source": {"text": text}}))
        };
        let hits: Vec<Value> = ids.iter().filter_map(one).collect();
        return found(&hits, hits.len());
    }
    told(200, &json!({"_shards": {"failed": 0}}))
}

fn take(held: &mut BTreeMap<String, (u64, Value)>, header: &Value, source: &Value) -> Value {
    assert_eq!((&header["_index"], &header["version_type"]), (&json!("docs-copy"), &json!("external")));
    let (id, version) = (header["_id"].as_str().unwrap(), header["version"].as_u64().unwrap());
    let current = held.get(id).map(|(current, _)| *current);
    if let Some(current) = current.filter(|current| *current >= version) {
        let reason = format!(
            "version conflict, current version [{current}] is higher or equal to the one provided [{version}]"
        );
        let error = json!({"type": "version_conflict_engine_exception", "reason": reason});
        return json!({"index": {"_id": id, "status": 409, "error": error}});
    }
    held.insert(id.to_owned(), (version, source.clone()));
    json!({"index": {"_id": id, "status": 201}})
}

async fn servers(items: usize, held: &Held, dimension: Option<usize>) -> (Script, Script) {
    let held = Arc::clone(held);
    let from = Script::start(move |_, asked| source(asked, items)).await;
    let to = Script::start(move |_, asked| target(asked, &held, dimension)).await;
    (from, to)
}

#[tokio::test]
async fn everything_is_copied_page_by_page_and_a_repetition_changes_nothing() {
    let held = Held::default();
    let (from, to) = servers(120, &held, None).await;
    let copy = copy(&from.url, &to.url);
    let moment = copy.open().await.unwrap();
    assert_eq!(
        (moment.items, moment.shape.dimension, moment.shape.vector.as_str()),
        (120, WIDE, "embedding")
    );
    let created = to.asked().into_iter().find(|asked| asked.line.starts_with("put /docs-copy")).unwrap();
    let created: Value = serde_json::from_str(&created.body).unwrap();
    assert_eq!(created["mappings"]["properties"]["embedding"]["dims"], WIDE);
    for _ in 0..2 {
        let done = copy.copy_slice(&moment, ALL, &|_| ()).await.unwrap();
        assert_eq!((done.items, held.lock().unwrap().len()), (120, 120));
    }
    let verdict = copy.verify_slice(&moment, ALL, &|_| ()).await.unwrap();
    assert!(verdict.is_same(copy.copied().await.unwrap()), "{verdict:?}");
    assert_eq!((verdict.items, verdict.vectors), (120, 60), "20 of each of 3 pages");
    copy.close(&moment).await.unwrap();
    assert!(from.asked().last().unwrap().line.starts_with("delete /_search/point_in_time"));
}

#[tokio::test]
async fn what_is_older_missing_other_or_too_much_in_the_copy_is_found() {
    let held = Held::default();
    let (from, to) = servers(60, &held, Some(WIDE)).await;
    let copy = copy(&from.url, &to.url);
    let moment = copy.open().await.unwrap();
    held.lock().unwrap().insert("5".to_owned(), (1, json!({"text": "old", "embedding": [0.6, 0.8]})));
    copy.copy_slice(&moment, ALL, &|_| ()).await.unwrap();
    let verify = async || {
        let mut verdict = CopyVerdict::default();
        verdict.join(copy.verify_slice(&moment, ALL, &|_| ()).await.unwrap());
        (verdict, copy.copied().await.unwrap())
    };
    let (verdict, copied) = verify().await;
    assert!(verdict.is_same(copied), "the older one was replaced: {verdict:?}");
    held.lock().unwrap().insert("extra".to_owned(), (1, json!({"text": "x"})));
    let (verdict, copied) = verify().await;
    assert!(!verdict.is_same(copied) && copied == 61, "{verdict:?}");
    held.lock().unwrap().remove("extra");
    held.lock().unwrap().remove("7");
    held.lock().unwrap().insert("8".to_owned(), (3, json!({"text": "other", "embedding": [0.6, 0.8]})));
    held.lock().unwrap().insert("9".to_owned(), (3, json!({"text": "text 9", "embedding": [0.8, 0.6]})));
    let (verdict, copied) = verify().await;
    assert!(!verdict.is_same(copied));
    assert_eq!((verdict.missing, verdict.different), (1, 2), "{verdict:?}");
    assert_eq!(verdict.named, ["7", "8", "9"]);
}

#[tokio::test]
async fn another_dimension_is_refused_with_both_numbers_before_anything_is_written() {
    let held = Held::default();
    let (from, to) = servers(1, &held, Some(384)).await;
    let trouble = copy(&from.url, &to.url).open().await.unwrap_err();
    assert!(matches!(trouble, CopyTrouble::Unfit { .. }), "{trouble}");
    let text = trouble.to_string();
    assert!(text.contains("dimension 384") && text.contains("dimension 40000"), "{text}");
    assert!(to.asked().iter().all(|asked| asked.line.starts_with("get ")), "nothing is written");
}

/// Of three items, the second is not taken.
fn partly(status: u16, reason: &str) -> Step {
    let error = json!({"type": "some_exception", "reason": reason});
    told(
        200,
        &json!({"items": [
            {"index": {"_id": "0", "status": 201}},
            {"index": {"_id": "1", "status": status, "error": error}},
            {"index": {"_id": "2", "status": 201}},
        ]}),
    )
}

#[tokio::test]
async fn a_busy_target_is_waited_for_and_what_it_refuses_is_named() {
    let held = Held::default();
    let shared = Arc::clone(&held);
    let from = Script::start(|_, asked| source(asked, 3)).await;
    // Number 0 is the question for its mapping.
    let to = Script::start(move |number, asked| match number {
        1 => Step::ItemAnswer(429, "Retry-After: 0\r\n", "{}".to_owned()),
        2 => partly(429, "busy"),
        _ => target(asked, &shared, Some(WIDE)),
    })
    .await;
    let first = copy(&from.url, &to.url);
    let moment = first.open().await.unwrap();
    assert_eq!(first.copy_slice(&moment, ALL, &|_| ()).await.unwrap().items, 3);
    assert_eq!(
        held.lock().unwrap().keys().collect::<Vec<_>>(),
        ["1"],
        "only what was not taken is sent again"
    );
    let shared = Arc::clone(&held);
    let to = Script::start(move |_, asked| {
        if asked.line.contains("/_bulk") {
            partly(400, "no date")
        } else {
            target(asked, &shared, Some(WIDE))
        }
    })
    .await;
    let trouble = copy(&from.url, &to.url).copy_slice(&moment, ALL, &|_| ()).await.unwrap_err();
    assert!(matches!(&trouble, CopyTrouble::Item { id, .. } if id == "1"), "{trouble}");
    assert!(trouble.to_string().contains("no date"), "{trouble}");
}

#[tokio::test]
async fn a_part_of_the_source_counts_as_none_and_one_that_is_away_is_told() {
    let held = Held::default();
    let from = Script::start(|_, asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let is_page = body["size"] == 50;
        if is_page {
            told(200, &json!({"timed_out": false, "_shards": {"failed": 1}, "hits": {"hits": []}}))
        } else {
            source(asked, 3)
        }
    })
    .await;
    let shared = Arc::clone(&held);
    let to = Script::start(move |_, asked| target(asked, &shared, None)).await;
    let torn = copy(&from.url, &to.url);
    let moment = torn.open().await.unwrap();
    let trouble = torn.copy_slice(&moment, ALL, &|_| ()).await.unwrap_err();
    assert!(matches!(trouble, CopyTrouble::Engine(SinkError::Unavailable { .. })), "{trouble}");
    assert!(held.lock().unwrap().is_empty());
    let trouble = copy("http://127.0.0.1:1", &to.url).open().await.unwrap_err();
    assert!(matches!(trouble, CopyTrouble::Engine(SinkError::Unavailable { .. })), "{trouble}");
}

/// An OpenSearch before 3.3 knows no order of items as they lie.
#[tokio::test]
async fn an_older_source_is_read_by_its_ids() {
    let from = Script::start(|_, asked| {
        if asked.body.contains("_shard_doc") {
            let reason = "No mapping found for [_shard_doc] in order to sort on";
            return told(
                400,
                &json!({"error": {"type": "query_shard_exception", "reason": reason}, "status": 400}),
            );
        }
        source(asked, 3)
    })
    .await;
    let held = Held::default();
    let shared = Arc::clone(&held);
    let to = Script::start(move |_, asked| target(asked, &shared, None)).await;
    let copy = copy(&from.url, &to.url);
    let moment = copy.open().await.unwrap();
    copy.copy_slice(&moment, ALL, &|_| ()).await.unwrap();
    assert_eq!(held.lock().unwrap().len(), 3);
    assert!(from.asked().last().unwrap().body.contains(r#""sort":[{"_id":"asc"}]"#));
}
