use message::{DocumentRecord, Placement, Version};

use super::*;

struct World {
    bucket: Listing,
    ledger: LedgerView,
    engines: BTreeMap<String, EngineView>,
    space: Fingerprint,
}

impl World {
    /// One live document of two passages, the same everywhere.
    fn equal() -> Self {
        let space = Fingerprint::of(&[("space", "s")]);
        let document = DocumentId::new("b", "k.md").unwrap();
        let chunks: Vec<StoredChunk> = ["one", "two"]
            .iter()
            .map(|text| StoredChunk {
                id: ChunkId::derive(&document, &[], text, 0),
                document: document.clone(),
                heading_path: Vec::new(),
                text: (*text).to_owned(),
                tokens: 3,
                version: Version::first(1),
                space: space.clone(),
            })
            .collect();
        let placements: Vec<Placement> =
            chunks.iter().map(|chunk| Placement { id: chunk.id.clone(), start: 0, end: 3 }).collect();
        let entry = LedgerEntry {
            document: document.clone(),
            version: Version::first(1),
            status: Status::Live,
            cause: None,
            etag: "e".to_owned(),
            digest: "d".to_owned(),
            chunking: space.clone(),
            chunks: placements.clone(),
        };
        let record = DocumentRecord {
            document: document.clone(),
            version: entry.version,
            status: Status::Live,
            cause: None,
            title: None,
            format: None,
            etag: "e".to_owned(),
            size: 6,
            chunks: placements,
        };
        let mut engine = EngineView::default();
        for chunk in &chunks {
            engine.add(chunk);
        }
        engine.documents.insert(document.clone(), StoredDocument { record, space: space.clone() });
        Self {
            bucket: Listing::from([(document.clone(), "e".to_owned())]),
            ledger: LedgerView::from([(document, entry)]),
            engines: BTreeMap::from([("opensearch".to_owned(), engine)]),
            space,
        }
    }

    fn document() -> DocumentId {
        DocumentId::new("b", "k.md").unwrap()
    }

    fn engine(&mut self) -> &mut EngineView {
        self.engines.get_mut("opensearch").unwrap()
    }

    fn problems(&self) -> Vec<String> {
        let report = compare(&self.bucket, &self.ledger, &self.engines, &self.space);
        assert_eq!(report.equal, report.differences.is_empty());
        report.differences.into_iter().map(|difference| difference.problem).collect()
    }
}

fn expect(change: impl FnOnce(&mut World), problem: &str) {
    let mut world = World::equal();
    change(&mut world);
    let problems = world.problems();
    assert!(problems.iter().any(|found| found.contains(problem)), "{problem}: {problems:?}");
}

#[test]
fn equal_is_equal() {
    assert_eq!(World::equal().problems(), Vec::<String>::new());
}

#[test]
fn each_difference_is_named() {
    expect(|world| world.bucket.clear(), "not in the bucket");
    expect(|world| world.ledger.clear(), "never read");
    expect(|world| world.ledger.clear(), "unknown to the ledger");
    expect(|world| *world.bucket.values_mut().next().unwrap() = "f".to_owned(), "another version");
    expect(|world| world.engine().documents.clear(), "record is missing");
    expect(|world| world.engine().chunks.clear(), "is missing");
    expect(
        |world| {
            let entry = world.ledger.get_mut(&World::document()).unwrap();
            entry.chunks.pop();
        },
        "stale",
    );
    expect(
        |world| world.ledger.get_mut(&World::document()).unwrap().status = Status::Removed,
        "though it is removed",
    );
    expect(
        |world| {
            let entry = world.ledger.get_mut(&World::document()).unwrap();
            entry.version = entry.version.next();
        },
        "has version",
    );
    expect(|world| world.space = Fingerprint::of(&[("space", "other")]), "another space");
    expect(
        |world| {
            let chunks = world.engine().chunks.get_mut(&World::document()).unwrap();
            chunks.values_mut().next().unwrap().genuine = false;
        },
        "not what its id says",
    );
}

#[test]
fn the_digest_changes_with_order_text_and_space_only() {
    let digest = |change: &dyn Fn(&mut World)| {
        let mut world = World::equal();
        change(&mut world);
        world.engine().digest()
    };
    let base = digest(&|_| {});
    assert_ne!(
        base,
        digest(&|world| world.engine().documents.values_mut().next().unwrap().record.chunks.reverse())
    );
    assert_ne!(
        base,
        digest(&|world| {
            let chunks = world.engine().chunks.get_mut(&World::document()).unwrap();
            chunks.values_mut().next().unwrap().text = "other".to_owned();
        })
    );
    let later = digest(&|world| {
        let record = &mut world.engine().documents.values_mut().next().unwrap().record;
        record.version = record.version.next();
    });
    assert_eq!(base, later);
}
