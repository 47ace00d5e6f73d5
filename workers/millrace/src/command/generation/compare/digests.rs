//! All that both generations hold, document by document, with the counts and the digest of `audit`. Memory holds one document and
//! one page of each source. Stage: awaits the engines.

use futures::future::try_join_all;
use futures::stream;
use message::{DocumentId, DocumentRecord, Fingerprint, GenerationEntry, RunningDigest, Version};
use process::Failure;
use serde::Serialize;
use sink::Reader;

use super::{Pair, RankedBy};
use crate::audit::Seen;
use crate::audit::report::EngineReport;
use crate::audit::scan::{self, Sources};
use crate::audit::seen::HeldDocument;
use crate::merge::Cursor;

/// Documents that are named of those that differ.
const NAMED: usize = 10;

/// What both generations hold in one engine.
#[derive(Debug, Serialize)]
pub(super) struct HeldBeside {
    /// The engine.
    pub(super) engine: &'static str,
    /// What each holds. The digest has the space in it, so that of another model is another one.
    pub(super) held: [HeldIndex; 2],
    /// Documents whose record is another one, apart from its version and its passages.
    pub(super) documents_differing: u64,
    /// Documents with other passages, by id, order or text; none where documents are cut otherwise.
    pub(super) passages_differing: Option<u64>,
    /// The first of those that differ.
    pub(super) differing: Vec<DocumentId>,
}

/// What one generation holds.
#[derive(Debug, Serialize)]
pub(super) struct HeldIndex {
    generation: String,
    /// As an audit tells it.
    #[serde(flatten)]
    pub(super) counted: EngineReport,
}

/// Counts what one index holds, as an audit does.
#[derive(Default)]
struct IndexTally {
    documents: u64,
    passages: u64,
    digest: RunningDigest,
}

/// Counts what two indexes of one engine hold, and in how many documents they differ.
struct BesideTally {
    engine: &'static str,
    each: [IndexTally; 2],
    documents_differing: u64,
    passages_differing: Option<u64>,
    differing: Vec<DocumentId>,
}

/// Reads all that both hold.
pub(super) async fn beside<E: Reader>(pair: &Pair<'_, E>) -> Result<Vec<HeldBeside>, Failure> {
    // As an audit begins: what was written is seen then.
    try_join_all(pair.engines.into_iter().flatten().map(|one| one.engine.refresh())).await?;
    let ranked = pair.ranked();
    let mut tallies: Vec<BesideTally> =
        pair.in_each().map(|(kind, _)| BesideTally::new(kind.name(), ranked)).collect();
    let mut sources = sources(pair);
    while let Some(Seen { document, mut engines, .. }) = sources.next().await? {
        let others = engines.split_off(engines.len() / 2);
        for (tally, (one, other)) in tallies.iter_mut().zip(engines.into_iter().zip(others)) {
            tally.add(&document, [one, other]);
        }
    }
    Ok(tallies.into_iter().map(|tally| tally.told(pair.entries)).collect())
}

/// The engines of what is served, and after them those of the other generation.
fn sources<'a, E: Reader>(pair: &Pair<'a, E>) -> Sources<'a> {
    let named = pair.entries.into_iter().zip(pair.engines);
    let engines = named.flat_map(|(entry, engines)| {
        engines.iter().map(move |one| {
            let name = format!("{} of {}", one.kind.name(), entry.id);
            scan::engine(&name, &one.engine)
        })
    });
    Sources {
        bucket: Cursor::new("no bucket", stream::empty()),
        ledger: Cursor::new("no ledger", stream::empty()),
        engines: engines.collect(),
    }
}

impl IndexTally {
    fn add(&mut self, held: &HeldDocument) {
        self.documents += u64::from(held.record.is_some());
        self.passages += held.passages.len() as u64;
        held.add_to(&mut self.digest);
    }

    fn told(self, entry: &GenerationEntry) -> HeldIndex {
        let Self { documents, passages, digest } = self;
        let counted = EngineReport { documents, chunks: passages, digest: digest.hex() };
        HeldIndex { generation: entry.id.clone(), counted }
    }
}

impl BesideTally {
    fn new(engine: &'static str, ranked: RankedBy) -> Self {
        let passages_differing = match ranked {
            RankedBy::Passages => Some(0),
            RankedBy::Documents => None,
        };
        let each = [IndexTally::default(), IndexTally::default()];
        Self { engine, each, documents_differing: 0, passages_differing, differing: Vec::new() }
    }

    fn add(&mut self, document: &DocumentId, mut held: [HeldDocument; 2]) {
        for (tally, held) in self.each.iter_mut().zip(&held) {
            tally.add(held);
        }
        let is_other = apart(&held[0]) != apart(&held[1]);
        self.documents_differing += u64::from(is_other);
        let mut is_cut_otherwise = false;
        if let Some(count) = &mut self.passages_differing {
            // The space is the model's, and all that an audit's digest has of it.
            let none = Fingerprint::of(&[]);
            for passage in held.iter_mut().flat_map(|one| one.passages.iter_mut()) {
                passage.space = none.clone();
            }
            is_cut_otherwise = held[0].digest() != held[1].digest();
            *count += u64::from(is_cut_otherwise);
        }
        if (is_other || is_cut_otherwise) && self.differing.len() < NAMED {
            self.differing.push(document.clone());
        }
    }

    fn told(self, [served, other]: [&GenerationEntry; 2]) -> HeldBeside {
        let Self { engine, each: [one, two], documents_differing, passages_differing, differing } = self;
        let held = [one.told(served), two.told(other)];
        HeldBeside { engine, held, documents_differing, passages_differing, differing }
    }
}

/// The record without what follows from the way to cut documents, and without its version, which each way counts for itself.
fn apart(held: &HeldDocument) -> Option<DocumentRecord> {
    let record = held.record.as_ref()?.record.clone();
    Some(DocumentRecord { version: Version::first(0), chunks: Vec::new(), ..record })
}

impl HeldBeside {
    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("held in {}", self.engine)];
        for HeldIndex { generation, counted } in &self.held {
            let EngineReport { documents, chunks, digest } = counted;
            let digest = digest.get(..16).unwrap_or_default();
            lines.push(format!("  {generation}  {documents} documents, {chunks} passages, digest {digest}"));
        }
        let documents = match self.documents_differing {
            0 => "documents are the same".to_owned(),
            count => format!("{count} documents differ"),
        };
        let passages = match self.passages_differing {
            None => "they are cut otherwise, so passages are not compared".to_owned(),
            Some(0) => "passages are the same, apart from their vectors".to_owned(),
            Some(count) => format!("passages of {count} documents differ"),
        };
        lines.push(format!("  {documents}; {passages}"));
        if !self.differing.is_empty() {
            let named: Vec<&str> = self.differing.iter().map(DocumentId::as_str).collect();
            lines.push(format!("  such as {}; what was on its way is equal next time", named.join(", ")));
        }
        lines
    }
}
