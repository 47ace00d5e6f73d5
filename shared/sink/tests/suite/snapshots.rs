//! Snapshots in a folder of the engine's: taken, restored under other names after the indexes were lost, and deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::Transport;
use generation::{Generation, Names, Target};
use message::IndexMapping;
use serde_json::json;
use sink::{
    Engine, EngineSnapshot, OutsideAliases, Reader, RestoreProgress, Sink, SnapshotName, SnapshotState,
    StoredChunk, StoredDocument, StoredVector,
};
use stream::Boottime;
use tokio::time::{Instant, sleep};

use super::bench::{self, Bench, generation, ready};
use super::data::{all_done, chunk, put, put_record, record, version};

const PATIENCE: Duration = Duration::from_mins(1);

/// Everything in both indexes.
async fn content(engine: &Engine) -> (Vec<StoredChunk>, Vec<StoredDocument>, Vec<StoredVector>) {
    engine.refresh().await.unwrap();
    let chunks = engine.scan_chunks(None, 100).await.unwrap().items;
    let documents = engine.scan_documents(None, 100).await.unwrap().items;
    let ids: Vec<_> = chunks.iter().map(|chunk| chunk.id.clone()).collect();
    let mut vectors = engine.vectors(&ids).await.unwrap();
    vectors.sort_by(|a, b| a.id.cmp(&b.id));
    (chunks, documents, vectors)
}

async fn taken(engine: &Engine, repository: &SnapshotName, name: &SnapshotName) -> EngineSnapshot {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let snapshot = engine.snapshot(repository, name).await.unwrap().unwrap();
        if snapshot.state != SnapshotState::Running {
            return snapshot;
        }
        assert!(Instant::now() < deadline, "it is still being taken");
        sleep(Duration::from_millis(200)).await;
    }
}

async fn restored(engine: &Engine) -> RestoreProgress {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let progress = engine.restored().await.unwrap();
        if progress != RestoreProgress::Running {
            return progress;
        }
        assert!(Instant::now() < deadline, "it is still being restored");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether an index or alias has this name.
async fn exists(url: &str, name: &str) -> bool {
    let server = Transport::single_node(url).unwrap();
    let answer = server.send(Method::Head, name, HeaderMap::new(), None::<&()>, None::<()>, None);
    answer.await.unwrap().status_code().is_success()
}

/// Writes two passages and takes a snapshot of them; a third comes too late for it.
async fn take(engine: &Engine, repository: &SnapshotName, name: &SnapshotName) {
    let (a, b) = (chunk("k", "one", 1, version(1)), chunk("k", "two", 2, version(1)));
    let document = put_record(&record("k", &[&a, &b], version(1)));
    all_done(&engine.write(vec![put(&a), put(&b), document], Boottime::now()).await);
    engine.name_outside(OutsideAliases::All).await.unwrap();
    let place = BTreeMap::from([("location".to_owned(), "test-snapshots".to_owned())]);
    engine.register_repository(repository, "fs", &place).await.unwrap();
    assert_eq!(engine.snapshot(repository, name).await.unwrap(), None);
    let note = json!({"next": [7, 0], "by": "a test"});
    engine.begin_snapshot(repository, name, &note).await.unwrap();
    let snapshot = taken(engine, repository, name).await;
    assert_eq!(
        (snapshot.state, snapshot.note.as_ref()),
        (SnapshotState::Success, Some(&note)),
        "{snapshot:?}"
    );
    assert!(engine.snapshots(repository).await.unwrap().contains(&snapshot));
}

async fn it_comes_back_as_another_generation<B: Bench<Engine = Engine>>(bench: &B, url: &str) {
    let engine = ready(bench).await;
    let name: SnapshotName = engine.names().index().parse().unwrap();
    let repository: SnapshotName = "test-snapshots".parse().unwrap();
    take(engine, &repository, &name).await;
    let (before, held) = (engine.standing().await.unwrap(), content(engine).await);
    assert_eq!(held.0.len(), 2);
    all_done(&engine.write(vec![put(&chunk("l", "late", 3, version(2)))], Boottime::now()).await);
    bench.drop_index(Target::Chunks).await;
    bench.drop_index(Target::Documents).await;

    let mapping = IndexMapping { instance: 1, ..generation().mapping };
    let names = Names::new(engine.names().index(), &Generation { mapping, ..generation() }).unwrap();
    let other = bench.over(names.clone());
    assert_eq!(other.restored().await.unwrap(), RestoreProgress::Absent);
    other.begin_restore(&repository, &name, engine.names()).await.unwrap();
    assert_eq!(restored(&other).await, RestoreProgress::Done);
    assert!(other.is_restored_from(&repository, &name).await.unwrap());
    assert!(!other.is_restored_from(&repository, &"another".parse().unwrap()).await.unwrap());
    for target in [Target::Chunks, Target::Documents] {
        assert!(!exists(url, &names.outside_alias(target)).await, "the snapshot's aliases came back");
    }

    let indexes = other.ensure().await.unwrap();
    assert!(!indexes.chunks.created && !indexes.documents.created);
    assert!(
        !indexes.holds(&before.committed_as(None)),
        "nothing would tell the copy from what it was taken of"
    );
    assert_eq!(content(&other).await, held);
    all_done(&other.write(vec![put(&chunk("l", "late", 3, version(2)))], Boottime::now()).await);
    assert_eq!(content(&other).await.0.len(), 3, "the copy is not written to");

    assert!(engine.delete_snapshot(&repository, &name).await.unwrap());
    assert!(!engine.delete_snapshot(&repository, &name).await.unwrap());
    let unknown = engine.snapshots(&"no-such-repository".parse().unwrap()).await.unwrap_err().to_string();
    assert!(unknown.contains("--repository-type"), "{unknown}");
    let kind = engine.register_repository(&repository, "no-such-kind", &BTreeMap::new()).await;
    assert!(kind.unwrap_err().to_string().contains("no-such-kind"));
    for target in [Target::Chunks, Target::Documents] {
        B::remove(&other, target).await;
    }
}

#[tokio::test]
#[ignore = "real: opensearch"]
#[expect(clippy::disallowed_methods, reason = "edge: where the server is")]
async fn a_snapshot_of_opensearch_comes_back_as_another_generation() {
    let bench = bench::OpenSearch::open("snapshot");
    let url = std::env::var("MILLRACE_OPENSEARCH_URL").unwrap();
    it_comes_back_as_another_generation(&bench, &url).await;
    bench.close().await;
}

#[tokio::test]
#[ignore = "real: elasticsearch"]
#[expect(clippy::disallowed_methods, reason = "edge: where the server is")]
async fn a_snapshot_of_elasticsearch_comes_back_as_another_generation() {
    let bench = bench::Elasticsearch::open("snapshot");
    let url = std::env::var("MILLRACE_ELASTICSEARCH_URL").unwrap();
    it_comes_back_as_another_generation(&bench, &url).await;
    bench.close().await;
}
