//! Which of two generations answers better? Both are asked questions whose answers are known, through the engines. *Hybrid* is
//! what `serve` makes by default of both rankings of the first [`FUSED_WINDOW`] passages, without a reranker; *vector* is that by
//! vectors alone. Stage: awaits encoders and engines.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use eval::compare::{ScoreDifference, difference};
use eval::guard::{GuardFolder, GuardSet};
use eval::judged::{DATA_MANIFEST, JudgedData};
use eval::score::{Grades, Scores, mean, score};
use message::{ChunkId, DocumentId, GenerationEntry};
use model::{Backend, EncodeError, Encoder, EncoderSettings, Role};
use process::Failure;
use serde::Serialize;
use sink::{EngineKind, FUSED_WINDOW, Fusion, Hit, Reader, SinkError, Window, Words, fuse};

use super::{Pair, RANKS, RankedBy};
use crate::cli::{CompareThoroughly, SearchMode};
use crate::show;

/// The split of a set whose folder alone is named: that of `millrace eval`.
const SPLIT: &str = "test";
/// Questions that are embedded, and answers that are looked up, at once.
const AT_ONCE: usize = 256;

/// Questions, and what answers them.
#[derive(Debug)]
pub(super) struct KnownAnswers {
    /// For people.
    name: String,
    set: eval::beir::RetrievalSet,
    /// What the ids of its answers name: passages in training data, documents in other sets.
    answers: RankedBy,
}

/// The questions that have an answer in the index.
struct Questions {
    ranked: RankedBy,
    asked: Vec<Asked>,
}

/// A question, and the grades of what answers it, by what that is called in a ranking.
struct Asked {
    text: String,
    grades: Grades,
}

/// The vector of each question; none of one that the model does not take.
type QuestionVectors = Vec<Option<Vec<f32>>>;

/// The scores of each question.
#[derive(Default)]
struct ModeScores {
    hybrid: Vec<Scores>,
    vector: Vec<Scores>,
}

/// How well both generations answer.
#[derive(Debug, Serialize)]
pub(super) struct GoldenBeside {
    set: String,
    /// Questions that were asked.
    pub(super) questions: usize,
    /// Questions of the set: the others have no answer in the index that is served.
    of: usize,
    /// What is ranked.
    pub(super) ranked: RankedBy,
    /// By engine and mode.
    pub(super) scores: Vec<GoldenScores>,
}

/// Means of both generations in one engine.
#[derive(Debug, Serialize)]
pub(super) struct GoldenScores {
    pub(super) engine: &'static str,
    pub(super) mode: &'static str,
    #[serde(rename = "ndcg@10")]
    pub(super) ndcg: MeasuredBoth,
    #[serde(rename = "recall@10")]
    pub(super) recall: MeasuredBoth,
}

/// A measure of both, and what the generation has more than what is served, with its 95 % interval.
#[derive(Debug, Serialize)]
pub(super) struct MeasuredBoth {
    pub(super) served: f64,
    pub(super) generation: f64,
    pub(super) difference: ScoreDifference,
}

/// Reads training data, or a set in BEIR's layout, which is named by its folder, or by folder and split.
pub(super) fn read(named: &str) -> Result<KnownAnswers, Failure> {
    let folder = Path::new(named);
    if folder.join(DATA_MANIFEST).exists() {
        let JudgedData { digest, golden, .. } = JudgedData::read(folder)?;
        let name = format!("training data {digest}");
        return Ok(KnownAnswers { name, set: golden, answers: RankedBy::Passages });
    }
    let named = if folder.is_dir() {
        GuardFolder { folder: folder.to_path_buf(), split: SPLIT.to_owned() }
    } else {
        named.parse::<GuardFolder>().map_err(|why| format!("{named} is no folder: {why}"))?
    };
    let GuardSet { name, set, .. } = named.read(usize::MAX)?;
    Ok(KnownAnswers { name, set, answers: RankedBy::Documents })
}

/// Asks both generations, in every engine.
pub(super) async fn beside<E: Reader>(
    known: &KnownAnswers,
    pair: &Pair<'_, E>,
    ask: &CompareThoroughly,
) -> Result<GoldenBeside, Failure> {
    let questions = known.questions(pair, (&ask.rankings.ask.world.bucket.bucket, &ask.prefix)).await?;
    let [served, other] = pair.entries;
    show::note(&format!("{} questions are asked of both generations in each engine", questions.asked.len()));
    let before = embedded(ask, served, &questions).await?;
    let after =
        if served.model == other.model { before.clone() } else { embedded(ask, other, &questions).await? };
    Ok(GoldenBeside {
        set: known.name.clone(),
        questions: questions.asked.len(),
        of: known.set.questions.len(),
        ranked: questions.ranked,
        scores: questions.scores(pair, [&before, &after]).await?,
    })
}

impl KnownAnswers {
    /// The questions of which what is served holds an answer. `place` is the bucket and the prefix at which `eval` puts the
    /// documents of a set.
    async fn questions<E: Reader>(
        &self,
        pair: &Pair<'_, E>,
        place: (&str, &str),
    ) -> Result<Questions, Failure> {
        let [served, _] = pair.engines;
        let engine = &served.first().ok_or("MILLRACE_ENGINES names no engine")?.engine;
        let ids: BTreeSet<&str> =
            self.set.judged.values().flat_map(Grades::keys).map(String::as_str).collect();
        let (ranked, names) = match self.answers {
            RankedBy::Passages => (pair.ranked(), passages(engine, &ids, pair.ranked()).await?),
            RankedBy::Documents => (RankedBy::Documents, documents(engine, &ids, place).await?),
        };
        let asked = self.set.questions.iter().filter_map(|question| {
            let grades = renamed(self.set.judged.get(&question.id)?, &names);
            (!grades.is_empty()).then(|| Asked { text: question.text.clone(), grades })
        });
        let asked: Vec<Asked> = asked.collect();
        if asked.is_empty() {
            return Err(format!(
                "what is served holds none of the answers of {}: make training data from the documents that are there, or put \
                 the set into the bucket (`millrace eval --put`) and name its place with --prefix",
                self.name
            )
            .into());
        }
        Ok(Questions { ranked, asked })
    }
}

/// What passages are called in a ranking, by their ids, as far as the index holds them.
async fn passages<E: Reader>(
    engine: &E,
    ids: &BTreeSet<&str>,
    ranked: RankedBy,
) -> Result<HashMap<String, String>, SinkError> {
    let ids: Vec<ChunkId> = ids.iter().map(|id| ChunkId::from_text(id)).collect();
    let mut names = HashMap::new();
    for part in ids.chunks(AT_ONCE) {
        for chunk in engine.passages(part).await? {
            let name = match ranked {
                RankedBy::Passages => chunk.id.to_string(),
                RankedBy::Documents => chunk.document.to_string(),
            };
            names.insert(chunk.id.to_string(), name);
        }
    }
    Ok(names)
}

/// The same of the documents of a set, which are objects of the bucket.
async fn documents<E: Reader>(
    engine: &E,
    ids: &BTreeSet<&str>,
    (bucket, prefix): (&str, &str),
) -> Result<HashMap<String, String>, Failure> {
    let mut objects: HashMap<DocumentId, &str> = HashMap::new();
    for id in ids {
        objects.insert(DocumentId::new(bucket, &format!("{prefix}{id}.txt"))?, id);
    }
    let all: Vec<DocumentId> = objects.keys().cloned().collect();
    let mut names = HashMap::new();
    for part in all.chunks(AT_ONCE) {
        for stored in engine.documents(part).await? {
            if let Some(id) = objects.get(&stored.record.document) {
                names.insert((*id).to_owned(), stored.record.document.to_string());
            }
        }
    }
    Ok(names)
}

/// Grades by what is called so in a ranking. Of several passages of one document the best grade counts.
fn renamed(grades: &Grades, names: &HashMap<String, String>) -> Grades {
    let mut renamed = Grades::new();
    for (id, grade) in grades {
        if let Some(name) = names.get(id) {
            let best = renamed.entry(name.clone()).or_default();
            *best = (*best).max(*grade);
        }
    }
    renamed
}

/// The questions' vectors by the model of a generation.
async fn embedded(
    ask: &CompareThoroughly,
    entry: &GenerationEntry,
    questions: &Questions,
) -> Result<QuestionVectors, Failure> {
    let settings = &ask.rankings.ask.world.generation;
    let own = settings.model.open()?;
    let found = ask.further.bundle_of(&own, &settings.backend, entry)?.ok_or_else(|| {
        format!(
            "the model of {}, {} ({}), is not on this machine, so that it embeds no question: name its bundle in MILLRACE_MODEL, \
             or put it into a folder below MILLRACE_MODELS",
            entry.id,
            entry.name,
            entry.model.short()
        )
    })?;
    let encoder = EncoderSettings { backend: settings.backend.clone(), onnx: ask.onnx.clone() };
    let encoder = Backend::open(&found.verified()?, &encoder)?;
    Ok(questions.vectors(&encoder).await?)
}

impl Questions {
    async fn vectors<M: Encoder>(&self, encoder: &M) -> Result<QuestionVectors, EncodeError> {
        let mut vectors = Vec::with_capacity(self.asked.len());
        for part in self.asked.chunks(AT_ONCE) {
            let texts = part.iter().map(|asked| asked.text.clone()).collect();
            vectors.extend(encoder.embed_each(texts, Role::Query).await?.into_iter().map(Result::ok));
        }
        Ok(vectors)
    }

    async fn scores<E: Reader>(
        &self,
        pair: &Pair<'_, E>,
        [before, after]: [&QuestionVectors; 2],
    ) -> Result<Vec<GoldenScores>, SinkError> {
        let mut all = Vec::new();
        for (kind, [served, other]) in pair.in_each() {
            let one = self.found(served, before).await?;
            let two = self.found(other, after).await?;
            all.push(GoldenScores::of(kind, SearchMode::Hybrid, [&one.hybrid, &two.hybrid]));
            all.push(GoldenScores::of(kind, SearchMode::Vector, [&one.vector, &two.vector]));
        }
        Ok(all)
    }

    /// Asks one index. A question that the model does not take finds nothing, as it does in `serve`.
    async fn found<E: Reader>(&self, engine: &E, vectors: &QuestionVectors) -> Result<ModeScores, SinkError> {
        let languages = engine.languages().await?;
        let mut found = ModeScores::default();
        for (asked, vector) in self.asked.iter().zip(vectors) {
            let (mut keyword, mut nearest) = (Vec::new(), Vec::new());
            if let Some(vector) = vector {
                let words = Words::of(&asked.text, &languages);
                (keyword, nearest) = engine.both(&words, vector, &Window::of(FUSED_WINDOW)).await?;
            }
            found.hybrid.push(asked.score(self.ranked.ranking(fused(&keyword, &nearest))));
            found.vector.push(asked.score(self.ranked.ranking(&nearest)));
        }
        Ok(found)
    }
}

impl Asked {
    /// Of the first ten alone, so that the recall is theirs, too.
    fn score(&self, mut ranking: Vec<String>) -> Scores {
        ranking.truncate(RANKS);
        score(&ranking, &self.grades)
    }
}

/// Both rankings fused, as `serve` does unless a question asks for another way.
fn fused<'a>(keyword: &'a [Hit], nearest: &'a [Hit]) -> Vec<&'a Hit> {
    let by_words: Vec<_> = keyword.iter().map(|hit| (&hit.id, hit.score)).collect();
    let by_vector: Vec<_> = nearest.iter().map(|hit| (&hit.id, hit.score)).collect();
    let hits: HashMap<&ChunkId, &'a Hit> = keyword.iter().chain(nearest).map(|hit| (&hit.id, hit)).collect();
    let fused = fuse(Fusion::default(), &by_words, &by_vector);
    fused.iter().filter_map(|passage| hits.get(&passage.id).copied()).collect()
}

impl GoldenScores {
    fn of(kind: EngineKind, mode: SearchMode, both: [&Vec<Scores>; 2]) -> Self {
        Self {
            engine: kind.name(),
            mode: mode.name(),
            ndcg: MeasuredBoth::of(both, |scores| scores.ndcg),
            recall: MeasuredBoth::of(both, |scores| scores.recall),
        }
    }
}

impl MeasuredBoth {
    fn of([served, other]: [&Vec<Scores>; 2], measure: fn(&Scores) -> f64) -> Self {
        let difference = difference(other, served, measure);
        Self { served: measure(&mean(served)), generation: measure(&mean(other)), difference }
    }
}

impl fmt::Display for MeasuredBoth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { served, generation, difference: ScoreDifference { mean, low, high } } = self;
        write!(f, "{served:.4} and {generation:.4} ({mean:+.4} [{low:+.4}, {high:+.4}])")
    }
}

impl GoldenBeside {
    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let ranked = match self.ranked {
            RankedBy::Passages => "passages",
            RankedBy::Documents => "documents",
        };
        let Self { set, questions, of, .. } = self;
        let mut lines = vec![format!("{set}: {questions} of {of} questions, by {ranked}")];
        for GoldenScores { engine, mode, ndcg, recall } in &self.scores {
            lines.push(format!("  {engine:<13} {mode:<7} nDCG@10 {ndcg}  recall@10 {recall}"));
        }
        lines
    }
}

#[cfg(test)]
mod tests;
