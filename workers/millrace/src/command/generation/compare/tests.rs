//! Two generations over engines in memory: their rankings, and what they hold.

use std::time::Duration;

use message::{ChangeAuthor, DocumentId, FillSource, Version};
use sink::{EngineKind, Sink as _, delete};
use stream::Boottime;

use super::built::{Built, Part, pair, part, pumps};
use super::digests::HeldBeside;
use super::*;
use crate::audit::audit;
use crate::bench::{self, Small};

const BOTH: [EngineKind; 2] = EngineKind::ALL;

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9
}

/// Each document of [`pumps`] cut into two passages instead of one.
fn halves(count: usize) -> Vec<Part> {
    let halves = (0..count).map(|n| {
        let key = format!("{n:03}");
        [part(&key, &format!("pump stands beside tank{n}")), part(&key, &format!("pump and tube{n}"))]
    });
    halves.flatten().collect()
}

#[tokio::test]
async fn generations_that_hold_the_same_find_the_same() {
    let (served, other) = (Built::of("c", 64, &pumps(20)).await, Built::of("c", 64, &pumps(20)).await);
    let found = compared(&pair(&served, &other), 20).await.unwrap();
    let id = &served.entry.id;
    let names: Vec<&str> = found.comparisons.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            format!("{id} and {id} in opensearch"),
            format!("{id} and {id} in elasticsearch"),
            format!("{id} in opensearch and elasticsearch")
        ]
    );
    for one in &found.comparisons {
        assert_eq!((one.passages, one.documents, one.ranked), ([20, 20], [20, 20], RankedBy::Passages));
        let vector = one.vector.as_ref().unwrap();
        for alike in [&one.keyword, vector] {
            assert!(near(alike.overlap, 1.0) && near(alike.recall, 1.0), "{one:?}");
        }
    }
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["generation"].as_str(), Some(id.as_str()));
    assert_eq!(json["comparisons"][0]["ranked"].as_str(), Some("passages"));
    assert!(json.get("golden").is_none() && json.get("digests").is_none(), "{json}");
}

/// Of two passages one is asked for, which does not count: what served finds beside it the other one lacks.
#[tokio::test]
async fn what_is_lacking_lowers_both_measures_and_no_passage_answers_for_itself() {
    let mut parts = pumps(2);
    parts.sort_by(|one, other| one.id.cmp(&other.id));
    let (served, other) = (Built::of("c", 64, &parts).await, Built::of("c", 64, &parts[..1]).await);
    let [whole, part] = [&served, &other].map(|built| built.engine(EngineKind::Opensearch));
    let found = rankings::compare("x".to_owned(), [whole, part], RankedBy::Passages, 1).await.unwrap();
    assert_eq!((found.passages, found.documents), ([2, 1], [2, 1]));
    for alike in [&found.keyword, found.vector.as_ref().unwrap()] {
        assert!(near(alike.overlap, 0.0) && near(alike.recall, 0.0), "{found:?}");
    }
    // The other way round nothing is found beside it, and so nothing is missed.
    let back = rankings::compare("x".to_owned(), [part, whole], RankedBy::Passages, 1).await;
    assert!(near(back.unwrap().keyword.recall, 1.0));
}

#[tokio::test]
async fn where_documents_are_cut_otherwise_they_are_ranked_themselves() {
    let (served, other) = (Built::of("c", 64, &pumps(5)).await, Built::of("d", 64, &halves(5)).await);
    let found = compared(&pair(&served, &other), 10).await.unwrap();
    let ranked: Vec<RankedBy> = found.comparisons.iter().map(|one| one.ranked).collect();
    assert_eq!(ranked, [RankedBy::Documents, RankedBy::Documents, RankedBy::Passages]);
    let first = &found.comparisons[0];
    assert_eq!((first.passages, first.documents), ([5, 10], [5, 5]));
    // No passage of one is a passage of the other, and yet all documents are found in both.
    assert!(first.vector.is_none() && near(first.keyword.recall, 1.0), "{first:?}");
    // The engines of the new one hold the same passages.
    let engines = &found.comparisons[2];
    assert!(engines.vector.as_ref().is_some_and(|alike| near(alike.recall, 1.0)), "{engines:?}");
}

async fn held(served: &Built, other: &Built) -> [HeldBeside; 2] {
    digests::beside(&pair(served, other)).await.unwrap().try_into().unwrap()
}

#[tokio::test]
async fn another_model_is_another_digest_over_the_same_passages() {
    let (served, other) = (Built::of("c", 8, &halves(12)).await, Built::of("c", 16, &halves(12)).await);
    for (kind, held) in BOTH.into_iter().zip(held(&served, &other).await) {
        assert_eq!(held.engine, kind.name());
        let [one, two] = &held.held;
        let counts = [one, two].map(|index| (index.counted.documents, index.counted.chunks));
        assert_eq!(counts, [(12, 24), (12, 24)]);
        assert_ne!(one.counted.digest, two.counted.digest);
        assert_eq!((held.documents_differing, held.passages_differing), (0, Some(0)));
        let told = held.lines().join("\n");
        assert!(told.contains("documents are the same; passages are the same"), "{told}");
        assert!(told.contains(&format!("{}  12 documents, 24 passages", other.entry.id)), "{told}");
    }
}

#[tokio::test]
async fn what_one_lacks_or_has_otherwise_is_counted_and_named() {
    let (served, other) = (Built::of("c", 8, &pumps(12)).await, Built::of("c", 16, &pumps(12)).await);
    let later = Version::first(2);
    // A passage with another text under the same id, and a record that is gone.
    let changed = Part { text: "something else".to_owned(), ..pumps(12).remove(3) };
    other.write(EngineKind::Elasticsearch, &[changed], later).await;
    let gone = DocumentId::new("b", "007").unwrap();
    let action = delete(gone.as_str(), &gone, later);
    other.engine(EngineKind::Elasticsearch).write(vec![action], Boottime::now()).await;
    let [first, second] = held(&served, &other).await;
    assert_eq!((first.documents_differing, first.passages_differing), (0, Some(0)));
    assert_eq!((second.documents_differing, second.passages_differing), (1, Some(2)));
    let named: Vec<&str> = second.differing.iter().map(DocumentId::key).collect();
    assert_eq!(named, ["003", "007"]);
    let told = second.lines().join("\n");
    assert!(told.contains("1 documents differ; passages of 2 documents differ"), "{told}");
    assert!(told.contains("such as b/003, b/007"), "{told}");
}

#[tokio::test]
async fn passages_that_are_cut_otherwise_are_not_compared_and_documents_are() {
    let (served, other) = (Built::of("c", 8, &pumps(5)).await, Built::of("d", 8, &halves(6)).await);
    let [first, _] = held(&served, &other).await;
    let [one, two] = &first.held;
    assert_eq!(([one.counted.documents, two.counted.documents], two.counted.chunks), ([5, 6], 12));
    // The sixth document is in one of them only.
    assert_eq!((first.documents_differing, first.passages_differing), (1, None));
    assert!(first.lines().join("\n").contains("passages are not compared"), "{:?}", first.lines());
}

#[tokio::test]
async fn counts_and_digest_are_those_of_an_audit() {
    let world = bench::world().await;
    world.everywhere("a", &["one"]).await;
    world.everywhere("k", &["one", "two"]).await;
    world.everywhere("z", &[]).await;
    let small: &Small = &world;
    let mut entries = small.entries().await.unwrap();
    let report = audit(small, &mut entries, Duration::ZERO, None, |_, _| Ok(())).await.unwrap();
    let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
    let entry = small.generation.entry("m", FillSource::Vectors, &author);
    let engines = small.engines.as_slice();
    let pair = Pair { entries: [&entry, &entry], engines: [engines, engines] };
    for held in digests::beside(&pair).await.unwrap() {
        for index in &held.held {
            assert_eq!(&index.counted, &report.engines[held.engine]);
        }
        assert_eq!((held.documents_differing, held.passages_differing), (0, Some(0)));
    }
}
