//! What every reader finds.

use std::collections::BTreeMap;

use generation::Target;
use message::{About, ChunkId, DocumentId, Embedded, EmbeddedChunk, Fingerprint};
use sink::{
    Clause, Hit, MOST_CLAUSES, MOST_PREFIXES, Place, RANK_CONSTANT, Reader, Sink, SinkError, Window, Words,
    action_of, delete,
};
use stream::Boottime;

use super::bench::{Bench, ready, space};
use super::data::{all_done, chunk, document, put, put_record, record, vector, version};

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
    assert_eq!((&first.heading_path, &first.space), (&wanted.heading_path, &space()));
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
        first_is(&keyword(engine, question, &Window::of(3)).await, &passages[wanted]);
    }
    assert!(keyword(engine, "xylophone", &Window::of(3)).await.is_empty());
    assert!(keyword(engine, "rice", &Window::of(0)).await.is_empty());
    assert!(keyword(engine, "?!", &Window::of(3)).await.is_empty());
}

/// The passages found for a question's words, in all languages of the index.
async fn keyword(engine: &impl Reader, question: &str, window: &Window) -> Vec<Hit> {
    let words = Words::of(question, &engine.languages().await.unwrap());
    engine.keyword(&words, window).await.unwrap()
}

/// An engine's fusion equals Σ 1 / (constant + rank) over its own two rankings, and respects the window.
pub(crate) async fn ranks_are_fused_as_their_formula_says<B: Bench>(bench: &B) {
    let (engine, _) = filled(bench).await;
    let only = vec![Clause::Prefix(vec!["documents/".to_owned()])];
    for (filter, question) in [(Vec::new(), "engine oil and the moon"), (only, "绿茶 the rice")] {
        let window = Window { filter, ..Window::of(5) };
        let words = Words::of(question, &engine.languages().await.unwrap());
        let (by_words, by_vector) = engine.both(&words, &vector(2), &window).await.unwrap();
        let mut expected: BTreeMap<ChunkId, f64> = BTreeMap::new();
        for hits in [&by_words, &by_vector] {
            for (hit, rank) in hits.iter().zip(1..) {
                *expected.entry(hit.id.clone()).or_default() += 1.0 / f64::from(RANK_CONSTANT + rank);
            }
        }
        let fused = engine.fused(&words, &vector(2), &window).await.unwrap();
        assert_eq!(fused.is_some(), B::FUSES);
        let Some(fused) = fused else { continue };
        assert_eq!(fused.len(), expected.len());
        assert!(fused.windows(2).all(|pair| pair[0].score >= pair[1].score), "{fused:?}");
        for hit in fused {
            assert!((hit.score - expected[&hit.id]).abs() < 1e-6, "{}: {expected:?}", hit.score);
        }
    }
}

pub(crate) async fn words_are_compared_in_the_language_of_the_passage<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let texts = [
        ("de.md", "Die Häuser in den kleinen Städten wurden vor vielen Jahren von den Bürgern gebaut."),
        ("en.md", "The houses in the small towns were built by their citizens a great many years ago."),
        ("fr.md", "Les maisons des petites villes ont été construites par les citoyens il y a longtemps."),
        ("short.md", "0815"),
    ];
    let passages: Vec<EmbeddedChunk> =
        texts.iter().zip(1..).map(|((key, text), seed)| chunk(key, text, seed, version(1))).collect();
    all_done(&engine.write(passages.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    let mut languages = engine.languages().await.unwrap();
    languages.sort();
    assert_eq!(languages, ["de", "en", "fr", "und"]);
    for (question, wanted) in
        [("Haus", 0), ("town citizen", 1), ("la petite maison", 2), ("HAUSER", 0), ("0815", 3)]
    {
        let hits = keyword(engine, question, &Window::of(3)).await;
        first_is(&hits, &passages[wanted]);
        assert_eq!(hits[0].about.language.as_deref(), Some(["de", "en", "fr", "und"][wanted]));
    }
}

pub(crate) async fn terms_are_counted_and_passages_drawn<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    // `the` is a stop word of questions only; `oil` is in one passage, 水 in one, `xylophone` in none.
    let counted = engine.frequencies(&["the", "oil", "xylophone", "水"], &[]).await.unwrap();
    assert_eq!(counted, (5, vec![3, 1, 0, 1]));
    assert_eq!(engine.frequencies(&[], &[]).await.unwrap(), (5, Vec::new()));
    let mut ids: Vec<ChunkId> = passages.into_iter().map(|one| one.chunk.id).collect();
    ids.sort();
    for size in [3, 5, 100] {
        let drawn: Vec<ChunkId> = engine.drawn(size).await.unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(drawn, ids[..size.min(5)]);
    }
}

pub(crate) async fn a_filter_lets_no_other_passage_take_a_place<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let mut passages: Vec<EmbeddedChunk> = (0..40_u32)
        .map(|n| chunk(&format!("{}/{n}.md", if n < 20 { "a" } else { "b*" }), "apple", n, version(1)))
        .collect();
    for (n, passage) in (0_i64..).zip(&mut passages) {
        let format = Some(if n % 2 == 0 { "pdf" } else { "html" }.to_owned());
        let language = Some(if n % 4 < 2 { "en" } else { "zh" }.to_owned());
        passage.chunk.about = About { language, format, modified: Some(1_000 + n) };
    }
    all_done(&engine.write(passages.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<String>>();
    let cases = [
        (vec![Clause::Prefix(owned(&["documents/a/"]))], 20),
        (vec![Clause::Prefix(owned(&["documents/a/", "documents/b*/3"]))], 30),
        (vec![Clause::Prefix(owned(&["documents/b*/"])), Clause::Prefix(owned(&["documents/a/"]))], 0),
        (vec![Clause::Prefix(Vec::new())], 0),
        (vec![Clause::Prefix(owned(&["documents/*"]))], 0),
        (vec![Clause::Format(owned(&["pdf"])), Clause::Language(owned(&["zh", "de"]))], 10),
        (vec![Clause::Since(1_005), Clause::Before(1_010)], 5),
    ];
    for (filter, count) in cases {
        let window = Window { filter: filter.clone(), ..Window::of(40) };
        let words = Words::of("apple", &engine.languages().await.unwrap());
        let (by_words, by_vector) = engine.both(&words, &vector(3), &window).await.unwrap();
        assert_eq!((by_words.len(), by_vector.len()), (count, count), "{filter:?}");
        assert_eq!(engine.keyword(&words, &window).await.unwrap().len(), count, "{filter:?}");
        assert_eq!(engine.vector(&vector(3), &window).await.unwrap().len(), count, "{filter:?}");
    }
}

pub(crate) async fn records_and_passages_are_looked_up_by_name<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let records: Vec<_> = ["cooking.md", "moon.md"].map(|key| record(key, &[], version(1))).into();
    all_done(&engine.write(records.iter().map(put_record).collect(), Boottime::now()).await);
    let found = engine.documents(&["moon.md", "absent", "cooking.md"].map(document)).await.unwrap();
    let mut found: Vec<DocumentId> = found.into_iter().map(|stored| stored.record.document).collect();
    found.sort();
    assert_eq!(found, ["cooking.md", "moon.md"].map(document));
    assert!(engine.documents(&[]).await.unwrap().is_empty());
    let ids = [passages[1].chunk.id.clone(), ChunkId::from_text("absent")];
    let found = engine.passages(&ids).await.unwrap();
    assert_eq!(found.iter().map(|chunk| &chunk.text).collect::<Vec<_>>(), [&passages[1].chunk.text]);
    assert!(engine.passages(&[]).await.unwrap().is_empty());
}

pub(crate) async fn vectors_find_the_right_passage<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    for (wanted, seed) in passages.iter().zip(1..) {
        let hits = engine.vector(&vector(seed), &Window::of(3)).await.unwrap();
        first_is(&hits, wanted);
        assert_eq!(hits.len(), 3);
    }
    assert_eq!(engine.vector(&vector(1), &Window { candidates: 0, ..Window::of(2) }).await.unwrap().len(), 2);
    assert!(engine.vector(&vector(1), &Window::of(0)).await.unwrap().is_empty());
}

/// Deleted passages, and previous content of an id, are found by no word and no vector, and are not counted.
pub(crate) async fn what_is_gone_is_found_no_more<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let mut other = passages[1].clone();
    other.chunk.text = "Sailing boats tack through the wind.".to_owned();
    other.chunk.version = version(2);
    other.vector.0 = vector(9);
    let gone = &passages[0].chunk;
    let batch = vec![delete(gone.id.as_str(), &gone.document, version(2)), put(&other)];
    all_done(&engine.write(batch, Boottime::now()).await);
    engine.refresh().await.unwrap();
    for question in ["rice", "oil engine kilometres"] {
        assert_eq!(keyword(engine, question, &Window::of(9)).await, Vec::new(), "{question}");
    }
    assert_eq!(engine.frequencies(&["rice", "oil", "wind"], &[]).await.unwrap(), (4, vec![0, 0, 1]));
    first_is(&keyword(engine, "boats in the wind", &Window::of(9)).await, &other);
    let nearest = engine.vector(&vector(9), &Window::of(9)).await.unwrap();
    first_is(&nearest, &other);
    assert_eq!(nearest.len(), 4);
    assert!(nearest.iter().all(|hit| hit.id != gone.id), "{nearest:?}");
    let old = engine.vector(&vector(2), &Window::of(9)).await.unwrap();
    assert!(old.iter().all(|hit| hit.score < 0.999), "the vector of before is still there: {old:?}");
}

/// An index may become another one after it was checked: each passage says of which space it is.
pub(crate) async fn what_is_of_another_space_is_refused_and_only_the_audit_sees_it<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let other = Fingerprint::of(&[("model", "other")]);
    let stray = chunk("cars.md", "Old oil of an engine goes back to the shop.", 2, version(1));
    let stray = EmbeddedChunk { space: other.clone(), ..stray };
    let strange = [Embedded::Chunk(stray.clone()), Embedded::Document(record("moon.md", &[], version(1)))];
    let mut batch: Vec<_> = strange.iter().map(|one| action_of(one, &other).unwrap()).collect();
    batch.push(put_record(&record("cars.md", &[&stray], version(1))));
    all_done(&engine.write(batch, Boottime::now()).await);
    engine.refresh().await.unwrap();
    let (words, near) = (Words::of("oil", &engine.languages().await.unwrap()), vector(2));
    let (window, id) = (Window::of(5), stray.chunk.id.clone());
    let mut refused = vec![
        engine.keyword(&words, &window).await.unwrap_err(),
        engine.vector(&near, &window).await.unwrap_err(),
        engine.both(&words, &near, &window).await.unwrap_err(),
        engine.drawn(100).await.unwrap_err(),
        engine.passages(&[id, passages[0].chunk.id.clone()]).await.unwrap_err(),
        engine.documents(&["cars.md", "moon.md"].map(document)).await.unwrap_err(),
    ];
    if B::FUSES {
        refused.push(engine.fused(&words, &near, &window).await.unwrap_err());
    }
    for error in refused {
        assert!(
            matches!(&error, SinkError::Mismatch { found, .. } if *found == other.to_string()),
            "{error}"
        );
    }
    // What is found without it is answered.
    first_is(&keyword(engine, "tides", &window).await, &passages[2]);
    let spaces = |chunks: Vec<sink::StoredChunk>| chunks.iter().filter(|one| one.space == other).count();
    assert_eq!(spaces(engine.chunks_of(&document("cars.md")).await.unwrap()), 1);
    assert_eq!(spaces(engine.scan_chunks(None, 100).await.unwrap().items), 1);
    assert_eq!(engine.document(&document("moon.md")).await.unwrap().unwrap().space, other);
}

pub(crate) async fn both_ways_in_one_question<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let asked = Words::of("绿茶", &engine.languages().await.unwrap());
    let (words, nearest) = engine.both(&asked, &vector(3), &Window::of(4)).await.unwrap();
    first_is(&words, &passages[3]);
    first_is(&nearest, &passages[2]);
}

/// As many words and prefixes as a question and the key that asks it may have, in several languages, with every other filter.
pub(crate) async fn the_longest_question_is_taken<B: Bench>(bench: &B) {
    let (engine, passages) = filled(bench).await;
    let mut languages = engine.languages().await.unwrap();
    languages.extend((languages.len()..9).map(|one| format!("x{one}")));
    let each = MOST_CLAUSES / languages.len() - 1;
    let question: Vec<String> = (1..each).map(|one| format!("w{one}")).chain(["rice".to_owned()]).collect();
    let words = Words::of(&question.join(" "), &languages);
    assert!(
        (MOST_CLAUSES - languages.len()..=MOST_CLAUSES).contains(&words.clauses()),
        "{}",
        words.clauses()
    );
    let half = |last: &str| -> Vec<String> {
        (1..MOST_PREFIXES / 2).map(|one| format!("other/{one}")).chain([last.to_owned()]).collect()
    };
    let (prefixes, places) = (Clause::Prefix(half("documents/")), Clause::Within(half("documents")));
    let mut window = Window { filter: vec![prefixes, places, Clause::Language(languages)], ..Window::of(5) };
    let (by_words, by_vector) = engine.both(&words, &vector(2), &window).await.unwrap();
    first_is(&by_words, &passages[0]);
    assert!(!by_vector.is_empty());
    // These passages have no date and no format: it only has to be taken.
    window.filter.extend([
        Clause::Format(vec!["pdf".to_owned()]),
        Clause::Since(0),
        Clause::Before(4_000_000_000),
    ]);
    assert!(engine.keyword(&words, &window).await.unwrap().is_empty());
    assert!(engine.fused(&words, &vector(2), &window).await.unwrap().is_none_or(|hits| hits.is_empty()));
}

pub(crate) async fn a_missing_index_is_named<B: Bench>(bench: &B) {
    let engine = bench.engine();
    let error =
        engine.both(&Words::of("a", &["en".to_owned()]), &vector(1), &Window::of(3)).await.unwrap_err();
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
        (0..COUNT).map(|n| chunk(&key(n % 100), &format!("text {n}"), n, version(1))).collect();
    all_done(&engine.write(chunks.iter().map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    assert_eq!(engine.count(Target::Chunks).await.unwrap(), u64::from(COUNT));
    let (mut places, mut after, mut pages) = (Vec::new(), None::<Place>, 0);
    loop {
        let page = engine.scan_chunks(after.as_ref(), 1_000).await.unwrap();
        assert!(page.items.iter().all(|chunk| chunk.space == space() && chunk.version == version(1)));
        places.extend(page.items.into_iter().map(|chunk| (chunk.document, chunk.id)));
        pages += 1;
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    let mut wanted: Vec<(DocumentId, ChunkId)> =
        chunks.iter().map(|chunk| (chunk.chunk.document.clone(), chunk.chunk.id.clone())).collect();
    wanted.sort();
    assert_eq!((places == wanted, pages), (true, 3));
    the_vectors_are_those(engine, &chunks[..600]).await;
}

/// Keys whose byte order differs from other orders: case, length, characters next to the slash, and non-ASCII
/// letters.
fn key(n: u32) -> String {
    let begin = ["a", "a/", "a-", "A", "é", "你", "🙂", "\u{e000}", "z z", "a%2F"];
    format!("{}{}", begin[(n % 10) as usize], n / 10)
}

pub(crate) async fn records_are_scanned_in_the_order_of_their_documents<B: Bench>(bench: &B) {
    let engine = ready(bench).await;
    let records: Vec<_> = (0..100).map(|n| record(&key(n), &[], version(1))).collect();
    all_done(&engine.write(records.iter().map(put_record).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    let (mut found, mut after) = (Vec::new(), None::<Place>);
    loop {
        let page = engine.scan_documents(after.as_ref(), 30).await.unwrap();
        found.extend(page.items.into_iter().map(|stored| stored.record.document));
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    let mut wanted: Vec<DocumentId> = records.into_iter().map(|record| record.document).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}

pub(crate) async fn the_chunks_of_one_document_come_alone_and_all<B: Bench>(bench: &B) {
    const COUNT: u32 = 2_100;
    let engine = ready(bench).await;
    let key = "k/你好 \"?*.md";
    let mut chunks: Vec<EmbeddedChunk> =
        (0..COUNT).map(|n| chunk(key, &format!("text {n}"), n, version(1))).collect();
    let other = chunk("k/你好", "text", 1, version(1));
    all_done(&engine.write(chunks.iter().chain([&other]).map(put).collect(), Boottime::now()).await);
    engine.refresh().await.unwrap();
    chunks.sort_by(|a, b| a.chunk.id.cmp(&b.chunk.id));
    let wanted: Vec<&ChunkId> = chunks.iter().map(|chunk| &chunk.chunk.id).collect();
    let found = engine.chunks_of(&document(key)).await.unwrap();
    assert!(found.iter().map(|chunk| &chunk.id).eq(wanted));
    assert!(engine.chunks_of(&document("k")).await.unwrap().is_empty());
}

/// The engine holds these vectors, even if it has normalised them.
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
