//! Training data for a model of one's own: pairs of a question and the passage that answers it, made from the corpus itself.
//!
//! Pure: passages in, files out; who reads the log, asks the engine and writes the files is elsewhere. The same corpus and
//! settings give the same bytes.
//!
//! In order of the data flow: [`CorpusSample`] what is read, bounded · `copies` near-copies of passages and documents ·
//! `kind` one file for each kind of pair · `split` who is held out · [`plan()`] puts them together, under the caps of `caps` ·
//! `judged` the questions with judgements · [`NegativeGuard`] which passages may be negatives · [`DataManifest`] what was made,
//! and [`GoldenSet`] what is frozen.
//!
//! Guarantees, each with a test: near-copies of documents stand on one side of the split; adding documents moves none; no
//! text of a document that is held out is in what is trained on, neither as a pair nor as a negative; no copy of a passage
//! is its negative; a frozen golden set keeps its questions.

mod caps;
mod copies;
mod corpus;
mod draw;
mod files;
mod golden;
mod ground;
mod hide;
mod judged;
mod kind;
mod manifest;
mod negative;
mod pair;
mod plan;
mod refusal;
mod repeats;
mod sample;
mod settings;
mod split;
#[cfg(test)]
mod testing;
mod union;
mod words;

pub use corpus::{SourceDocument, SourcePassage};
pub use golden::{GoldenQuestion, GoldenSet, UnreadableGoldenSet};
pub use judged::{JudgedPassage, JudgedQuery, JudgedSide};
pub use kind::{AskedQuestion, PairKind};
pub use manifest::{DataCounts, DataManifest, DataOrigin, MANIFEST_FILE};
pub use negative::{NegativeCandidate, NegativeGuard};
pub use pair::TrainingPair;
pub use plan::{TrainingPlan, plan};
pub use refusal::CorpusRefusal;
pub use sample::{CorpusSample, SampledCorpus};
pub use settings::{InvalidPairSettings, PairSettings};
pub use split::{DataSplit, PlacedDocument};
