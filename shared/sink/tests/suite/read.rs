//! What every reader finds.

use message::{ChunkId, EmbeddedChunk};
use sink::{Hit, Reader, Sink, SinkError, Target};
use stream::Boottime;

use super::bench::{Bench, ready, space};
use super::data::{all_done, chunk, put, vector, version};

fn passages() -> Vec<EmbeddedChunk> {
    let texts = [
        ("cooking.md", "Boil the rice for twelve minutes, then let it rest under a lid."),
        ("cars.md", "The engine needs new oil after fifteen thousand kilometres."),
        ("moon.md", "Tides follow the moon, because its gravity pulls the sea."),
        ("zh/tea.md", "绿茶应当用八十度的水冲泡,浸泡两分钟。"),
        ("zh/train.md", "从北京到上海的高速列车大约需要四个半小时。"),
    ];
    texts.iter().zip(1..).map(|((key, text), seed)| chunk(key, text, seed, version(1))).collect()
}

async fn filled<B: Bench>(bench: &B) -> (&B::Engine, Vec<EmbeddedChunk>) {
    let engine = ready(bench).await;
    let passages = passages();
    all_done(&engine.write(passages.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    (engine, passages)
}

#[track_caller]
fn first_is(hits: &[Hit], wanted: &EmbeddedChunk) {
    let first = hits.first().unwrap_or_else(|| panic!("nothing found for {}", wanted.chunk.text));
    let wanted = &wanted.chunk;
    assert_eq!((&first.id, &first.document, &first.text), (&wanted.id, &wanted.document, &wanted.text));
    assert_eq!(first.heading_path, wanted.heading_path);
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score), "{hits:?}");
}

pub(crate) async fn words_find_the_right_passage<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let questions = [
        ("How long does RICE boil?", 0),
        ("oil change of an engine", 1),
        ("gravity of the moon", 2),
        ("绿茶用多少度的水?", 3),
        ("北京到上海坐列车要多久", 4),
        ("cars.md", 1),
    ];
    for (question, wanted) in questions {
        first_is(&engine.keyword(question, 3).await.unwrap(), &passages[wanted]);
    }
    assert!(engine.keyword("xylophone", 3).await.unwrap().is_empty());
    assert!(engine.keyword("rice", 0).await.unwrap().is_empty());
}

pub(crate) async fn vectors_find_the_right_passage<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    for (wanted, seed) in passages.iter().zip(1..) {
        let hits = engine.vector(&vector(seed), 3, 50).await.unwrap();
        first_is(&hits, wanted);
        assert_eq!(hits.len(), 3);
    }
    assert_eq!(engine.vector(&vector(1), 2, 0).await.unwrap().len(), 2);
    assert!(engine.vector(&vector(1), 0, 50).await.unwrap().is_empty());
}

pub(crate) async fn both_ways_in_one_question<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let (words, nearest) = engine.both("绿茶", &vector(3), 4, 20).await.unwrap();
    first_is(&words, &passages[3]);
    first_is(&nearest, &passages[2]);
}

pub(crate) async fn a_missing_index_is_named<B: Bench>(bench: &B) {
    let engine = bench.engine();
    let error = engine.both("a", &vector(1), 3, 20).await.unwrap_err();
    assert!(matches!(error, SinkError::Missing { .. }), "{error}");
    let error = engine.document(&super::data::document("k")).await.unwrap_err();
    assert!(matches!(error, SinkError::Missing { .. }), "{error}");
    assert!(matches!(engine.check(&space()).await, Err(SinkError::Missing { .. })));
    assert!(matches!(engine.scan_chunks(None, 10).await, Err(SinkError::Missing { .. })));
}

pub(crate) async fn a_scan_brings_everything_in_order<B: Bench>(bench: &B) {
    const COUNT: u32 = 2_600;
    let engine = ready(bench).await;
    let chunks: Vec<EmbeddedChunk> =
        (0..COUNT).map(|n| chunk(&format!("k{}", n % 100), &format!("text {n}"), n, version(1))).collect();
    all_done(&engine.write(chunks.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    assert_eq!(engine.count(Target::Chunks).await.unwrap(), u64::from(COUNT));
    let (mut ids, mut after, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let page = engine.scan_chunks(after.as_deref(), 1_000).await.unwrap();
        assert!(page.items.iter().all(|chunk| chunk.space == space() && chunk.version == version(1)));
        ids.extend(page.items.into_iter().map(|chunk| chunk.id));
        pages += 1;
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    let mut wanted: Vec<ChunkId> = chunks.iter().map(|chunk| chunk.chunk.id.clone()).collect();
    wanted.sort();
    assert_eq!((ids == wanted, pages), (true, 3));
    the_vectors_are_those(engine, &chunks[..600]).await;
}

/// The engine holds these vectors, whatever it made of their length.
async fn the_vectors_are_those(engine: &impl Reader, chunks: &[EmbeddedChunk]) {
    let ids: Vec<ChunkId> = chunks.iter().map(|chunk| chunk.chunk.id.clone()).collect();
    let mut found = engine.vectors(&ids).await.unwrap();
    assert_eq!(found.len(), chunks.len());
    found.sort_by(|a, b| a.id.cmp(&b.id));
    for chunk in chunks {
        let place = found.binary_search_by(|stored| stored.id.cmp(&chunk.chunk.id)).unwrap();
        let dot: f32 = found[place].vector.iter().zip(&chunk.vector.0).map(|(a, b)| a * b).sum();
        assert!(dot > 1.0 - 1e-5, "{dot}");
    }
    assert!(engine.vectors(&[ChunkId::from_text("absent")]).await.unwrap().is_empty());
}
