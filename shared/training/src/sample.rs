//! What is read of a corpus that may be larger than memory: whole documents, drawn by their names.
//!
//! The documents with the smallest draws are kept (a bottom-k sample: Cohen and Kaplan, "Summarizing data using bottom-k
//! sketches", 2007). It takes one pass over the log, in any order of the documents, and the result depends on neither. A
//! document that was given up is never wanted again, since the limit only falls; so none of its passages is missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use message::{ChunkId, DocumentId, Passage, Status, Version};

use crate::corpus::{SourceDocument, SourcePassage};
use crate::draw;

/// The documents read so far. Feed it the records of `chunks.<chunking>` in their order.
#[derive(Debug)]
pub struct CorpusSample {
    most: usize,
    seed: u64,
    always: BTreeSet<DocumentId>,
    held: BTreeMap<(u64, DocumentId), Held>,
    passages: usize,
    /// The smallest draw that was given up.
    given_up: Option<u64>,
}

#[derive(Debug, Default)]
struct Held {
    state: Option<Live>,
    passages: HashMap<ChunkId, (Vec<String>, String)>,
}

/// What a live document's own record says.
#[derive(Debug)]
struct Live {
    version: Version,
    title: Option<String>,
    order: Vec<ChunkId>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledCorpus {
    /// Live documents, in the order of their names.
    pub documents: Vec<SourceDocument>,
    /// About which percentage of the documents these are; none when they are all.
    pub percent: Option<u64>,
}

impl CorpusSample {
    /// Documents with at most `most` passages; those of `always` come first, however many there are.
    #[must_use]
    pub fn new(most: usize, seed: u64, always: BTreeSet<DocumentId>) -> Self {
        Self { most, seed, always, held: BTreeMap::new(), passages: 0, given_up: None }
    }

    fn draw(&self, document: &DocumentId) -> u64 {
        // 0 is kept for those that are always wanted.
        let drawn = draw::number(self.seed, "sample", document.as_str()).max(1);
        if self.always.contains(document) { 0 } else { drawn }
    }

    /// The place of a document that is still wanted.
    fn place(&self, document: &DocumentId) -> Option<(u64, DocumentId)> {
        let drawn = self.draw(document);
        self.given_up.is_none_or(|least| drawn < least).then(|| (drawn, document.clone()))
    }

    /// Whether records of this document are still wanted: others need not be parsed.
    #[must_use]
    pub fn wants(&self, document: &DocumentId) -> bool {
        self.place(document).is_some()
    }

    /// Takes the next record of a document: what its key names, or that this is deleted.
    pub fn take(&mut self, document: &DocumentId, key: &str, value: Option<Passage>) {
        let Some(place) = self.place(document) else { return };
        match value {
            Some(Passage::Chunk(chunk)) => {
                let held = self.held.entry(place).or_default();
                let before = held.passages.insert(chunk.id, (chunk.heading_path, chunk.text));
                self.passages += usize::from(before.is_none());
            }
            Some(Passage::Document(record)) => {
                let order = record.chunks.into_iter().map(|placed| placed.id).collect();
                let live = Live { version: record.version, title: record.title, order };
                self.held.entry(place).or_default().state = (record.status == Status::Live).then_some(live);
            }
            None if key == document.as_str() => {
                let gone = self.held.remove(&place);
                self.passages -= gone.map_or(0, |held| held.passages.len());
            }
            None => {
                let held = self.held.get_mut(&place);
                let gone = held.and_then(|held| held.passages.remove(&ChunkId::from_text(key)));
                self.passages -= usize::from(gone.is_some());
            }
        }
        self.give_up();
    }

    /// Keeps a quarter more than is wanted, for what is deleted later.
    fn give_up(&mut self) {
        let room = self.most + self.most / 4;
        while self.passages > room && self.held.len() > 1 {
            let Some(last) = self.held.last_entry().filter(|last| last.key().0 > 0) else { return };
            let ((drawn, _), held) = last.remove_entry();
            self.passages -= held.passages.len();
            self.given_up = Some(drawn);
        }
    }

    /// The sample, once every record was taken.
    #[must_use]
    pub fn finish(self) -> SampledCorpus {
        let (mut documents, mut left, mut cut) = (Vec::new(), self.most, self.given_up);
        for ((drawn, document), held) in self.held {
            let Some(one) = whole(document, held) else { continue };
            if one.passages.len() > left && drawn > 0 && !documents.is_empty() {
                cut = Some(drawn);
                break;
            }
            left = left.saturating_sub(one.passages.len());
            documents.push(one);
        }
        documents.sort_by(|one: &SourceDocument, other| one.document.cmp(&other.document));
        SampledCorpus { documents, percent: cut.map(|drawn| drawn / (u64::MAX / 100)) }
    }
}

/// A live document with the passages that its record names; none when it is not live, or has none yet.
fn whole(document: DocumentId, held: Held) -> Option<SourceDocument> {
    let Held { state, mut passages } = held;
    let Live { version, title, order } = state?;
    let named = order.into_iter().filter_map(|id| {
        let (heading_path, text) = passages.remove(&id)?;
        Some(SourcePassage { id, heading_path, text })
    });
    let passages: Vec<SourcePassage> = named.collect();
    (!passages.is_empty()).then_some(SourceDocument { document, version, title, passages })
}

#[cfg(test)]
mod tests {
    use message::{Chunk, DocumentRecord, Placement};

    use super::*;
    use crate::testing::id;

    fn chunk(document: &DocumentId, text: &str) -> Chunk {
        Chunk::new(document.clone(), Version::first(1), text)
    }

    fn record(document: &DocumentId, texts: &[&str]) -> Passage {
        let place = |text: &&str| Placement { id: chunk(document, text).id, start: 0, end: 1 };
        let status = if texts.is_empty() { Status::Empty } else { Status::Live };
        let record = DocumentRecord::new(document.clone(), Version::first(1), status);
        Passage::Document(DocumentRecord { chunks: texts.iter().map(place).collect(), ..record })
    }

    fn says(sample: &mut CorpusSample, key: &str, texts: &[&str]) {
        let document = id(key);
        for text in texts {
            let chunk = chunk(&document, text);
            sample.take(&document, chunk.id.clone().as_str(), Some(Passage::Chunk(chunk)));
        }
        sample.take(&document, document.as_str(), Some(record(&document, texts)));
    }

    fn keys(corpus: &SampledCorpus) -> Vec<&str> {
        corpus.documents.iter().map(|one| one.document.key()).collect()
    }

    fn sample(most: usize) -> CorpusSample {
        CorpusSample::new(most, 1, BTreeSet::new())
    }

    #[test]
    fn what_is_live_is_taken_in_its_order_and_nothing_else() {
        let mut sample = sample(100);
        says(&mut sample, "b", &["two", "one"]);
        says(&mut sample, "a", &["one"]);
        says(&mut sample, "changed", &["old", "kept"]);
        let changed = id("changed");
        sample.take(
            &changed,
            chunk(&changed, "new").id.as_str(),
            Some(Passage::Chunk(chunk(&changed, "new"))),
        );
        sample.take(&changed, chunk(&changed, "old").id.as_str(), None);
        sample.take(&changed, changed.as_str(), Some(record(&changed, &["kept", "new"])));
        says(&mut sample, "deleted", &["one"]);
        sample.take(&id("deleted"), chunk(&id("deleted"), "one").id.as_str(), None);
        sample.take(&id("deleted"), id("deleted").as_str(), None);
        says(&mut sample, "empty", &["one"]);
        sample.take(&id("empty"), id("empty").as_str(), Some(record(&id("empty"), &[])));
        let torn = id("torn");
        sample.take(&torn, chunk(&torn, "one").id.as_str(), Some(Passage::Chunk(chunk(&torn, "one"))));
        let corpus = sample.finish();
        assert_eq!((keys(&corpus), corpus.percent), (vec!["a", "b", "changed"], None));
        let texts = |n: usize| -> Vec<&str> {
            corpus.documents[n].passages.iter().map(|passage| passage.text.as_str()).collect()
        };
        assert_eq!((texts(1), texts(2)), (vec!["two", "one"], vec!["kept", "new"]));
    }

    #[test]
    fn a_larger_corpus_gives_the_same_documents_in_any_order_and_memory_stays_bounded() {
        let numbers: Vec<usize> = (0..200).collect();
        let fed = |numbers: &mut dyn Iterator<Item = &usize>| {
            let mut sample = sample(40);
            for n in numbers {
                says(&mut sample, &format!("d{n}"), &["one", "two"]);
                assert!(sample.passages <= 50 && sample.held.len() <= 26, "{}", sample.passages);
            }
            sample.finish()
        };
        let corpus = fed(&mut numbers.iter());
        assert_eq!(corpus, fed(&mut numbers.iter().rev()));
        assert_eq!(corpus.documents.len(), 20);
        // 20 of 200 documents.
        assert!((4..=20).contains(&corpus.percent.unwrap()), "{:?}", corpus.percent);
        // Those of a larger corpus that are still in are the same: the sample of a part is a part of the sample.
        let more: Vec<usize> = (0..300).collect();
        let grown = fed(&mut more.iter());
        let old: Vec<_> =
            keys(&grown).into_iter().filter(|key| key[1..].parse::<usize>().unwrap() < 200).collect();
        assert!(old.iter().all(|key| keys(&corpus).contains(key)), "{old:?}");
    }

    #[test]
    fn what_is_always_wanted_is_there_and_a_document_is_never_cut() {
        let always: BTreeSet<DocumentId> = (0..5).map(|n| id(&format!("d{n}"))).collect();
        let mut sample = CorpusSample::new(6, 1, always.clone());
        for n in (0..50).rev() {
            says(&mut sample, &format!("d{n}"), &["one", "two"]);
        }
        let corpus = sample.finish();
        let kept: BTreeSet<DocumentId> = corpus.documents.iter().map(|one| one.document.clone()).collect();
        assert_eq!(kept, always);
        let mut one = CorpusSample::new(1, 1, BTreeSet::new());
        says(&mut one, "large", &["one", "two", "three"]);
        assert_eq!(one.finish().documents[0].passages.len(), 3);
    }
}
