//! A question's way: turn it into terms, embed it, query the engine, fuse, gather, answer.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use message::ChunkId;
use model::{EncodeError, Encoder, TextFault};
use sink::{FUSED_WINDOW, Hit, Reader, Scored, SinkError, Window, Words, fuse};
use stream::Boottime;
use tokio::time::{Duration, Instant};
use tracing::warn;

use crate::around;
use crate::found::{Answer, FoundPassage, LookedUp, Timing, overlap};
use crate::gather::gather;
use crate::highlight::highlight;
use crate::lease::AnswerLease;
use crate::question::{Fusion, Mode, Question, Wrong};
use crate::question_vector::question_vector;
use crate::relevance::FLOOR;
use crate::relevance::judge::Evidence;
use crate::remark::nothing_under;
use crate::rerank::Reranking;
use crate::sample::Sample;
use crate::served::{Served, UnservedReason};
use crate::snapshot::Snapshot;
use crate::words::words;

/// Timeout for checking that the indexes are available.
const PRESENT: Duration = Duration::from_secs(10);
/// Timeout of a question's search.
const DEADLINE: Duration = Duration::from_secs(20);
/// Factor on the window's size when passages per document are limited.
const SPARE: usize = 3;
/// Maximum number of passages in a window.
const LONGEST_WINDOW: usize = 3_000;

/// All passages of the window, best first.
struct Ranked {
    passages: Vec<FoundPassage>,
    /// The question's vector, if it was embedded.
    vector: Option<Vec<f32>>,
    relevance: Option<f64>,
    overlap: Option<f64>,
}

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The question is invalid.
    #[error(transparent)]
    Question(#[from] Wrong),
    /// The deadline has passed.
    #[error("no answer within {DEADLINE:?}: try again")]
    Late,
    /// The engine or the encoder is unavailable.
    #[error("search is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing may be answered from now: try again later.
    #[error(transparent)]
    Unserved(#[from] UnservedReason),
}

/// Answers questions, each from the snapshot served when it arrives.
#[derive(Debug)]
pub struct Search<E, R> {
    served: RwLock<Served<E, R>>,
    floor: f64,
    again: Option<Reranking>,
    fused_by_engine: bool,
    sample: Sample,
}

impl<E: Encoder, R: Reader> Search<E, R> {
    /// Answers from `snapshot`, whose indexes are checked before the first question.
    #[must_use]
    pub fn new(snapshot: Snapshot<E, R>) -> Self {
        Self {
            served: RwLock::new(Served::alone(Arc::new(snapshot))),
            floor: FLOOR,
            again: None,
            fused_by_engine: false,
            sample: Sample::none(),
        }
    }

    /// The served snapshot. A request takes it once and keeps it.
    ///
    /// # Errors
    /// [`SearchError::Unserved`] while nothing may be answered.
    pub fn snapshot(&self) -> Result<Arc<Snapshot<E, R>>, SearchError> {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        Ok(served.take(Boottime::now())?)
    }

    /// Switches to `next`; current requests keep their snapshot.
    ///
    /// # Errors
    /// As [`Search::ready`]: nothing changes unless the indexes of `next` are available.
    pub async fn switch(&self, next: Snapshot<E, R>) -> Result<(), SearchError> {
        present(&next).await?;
        self.served().point(Ok(Arc::new(next)));
        Ok(())
    }

    /// Answers nothing from now on, until somebody who follows the registry says from what; and then by `lease`. Returns
    /// what answered until now.
    pub(crate) fn follow(&self, lease: AnswerLease) -> Result<Arc<Snapshot<E, R>>, SearchError> {
        let snapshot = self.snapshot();
        *self.served() = Served::unheard(lease);
        snapshot
    }

    /// What answers, for who follows the registry.
    pub(crate) fn served(&self) -> RwLockWriteGuard<'_, Served<E, R>> {
        self.served.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps questions, and what is thought of their answers.
    #[must_use]
    pub fn with_sample(self, sample: Sample) -> Self {
        Self { sample, ..self }
    }

    /// What is kept of questions.
    #[must_use]
    pub fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Treats results with a lower [`Answer::relevance`] as irrelevant; 0 for none.
    #[must_use]
    pub fn with_floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Reranks the best passages.
    #[must_use]
    pub fn with_reranker(self, again: Option<Reranking>) -> Self {
        Self { again, ..self }
    }

    /// Leaves reciprocal rank fusion to the engine, if it offers it.
    #[must_use]
    pub fn fused_by_engine(self, fused_by_engine: bool) -> Self {
        Self { fused_by_engine, ..self }
    }

    /// Whether a result is relevant to its question, as far as that was requested and can be judged: by `floor`, or else by the
    /// one of this server.
    #[must_use]
    pub fn is_relevant(&self, answer: &Answer, floor: Option<f64>) -> bool {
        answer.relevance.is_none_or(|relevance| relevance >= floor.unwrap_or(self.floor))
    }

    /// Checks that the served indexes are available and hold the encoder's space.
    ///
    /// # Errors
    /// When nothing may be answered, the engine is unavailable, an index is missing, or it holds another space.
    pub async fn ready(&self) -> Result<(), SearchError> {
        let snapshot = self.snapshot()?;
        present(&snapshot).await
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`SearchError::Question`] when the question is invalid, [`SearchError::Late`] after the deadline,
    /// [`SearchError::Unserved`] while nothing may be answered, otherwise [`SearchError::Unavailable`].
    pub async fn answer(&self, question: &Question) -> Result<Answer, SearchError> {
        let looked = self.look_up(question).await?;
        self.sample.take(question, &looked);
        Ok(looked.answer)
    }

    /// The same for who goes on to write an answer, and keeps the question together with that.
    ///
    /// # Errors
    /// As [`Search::answer`].
    pub async fn look_up(&self, question: &Question) -> Result<LookedUp, SearchError> {
        let snapshot = self.snapshot()?;
        let looked = tokio::time::timeout(DEADLINE, self.find(&snapshot, question));
        let looked = looked.await.map_err(|_| SearchError::Late)?;
        if looked.as_ref().is_err_and(is_of_another_space) {
            snapshot.doubt();
        }
        looked
    }

    async fn find(&self, snapshot: &Snapshot<E, R>, question: &Question) -> Result<LookedUp, SearchError> {
        question.check()?;
        snapshot.check().await.map_err(unavailable)?;
        let (mut timing, mut notes) = (Timing::default(), Vec::new());
        let Ranked { mut passages, vector, relevance, overlap } =
            self.ranking(snapshot, question, &mut timing, &mut notes).await?;
        if passages.is_empty() {
            let remark = nothing_under(&snapshot.reader, &question.filter).await;
            notes.extend(remark.map_err(unavailable)?);
            // Each passage says of which space it is; where there is none, the indexes are asked.
            snapshot.check_again().await.map_err(unavailable)?;
        }
        let begun = Instant::now();
        let reranked = self.judge_again(question, &mut passages, &mut notes).await?;
        timing.rerank_ms = milliseconds(begun);
        let begun = Instant::now();
        let mut hits = gather(passages, question.per_document, question.size);
        timing.fuse_ms += milliseconds(begun);
        if question.include.place || question.include.neighbours {
            let begun = Instant::now();
            let placed = around::add(&snapshot.reader, &mut hits, question.include.neighbours).await;
            placed.map_err(unavailable)?;
            timing.place_ms = milliseconds(begun);
        }
        if question.include.highlights {
            for hit in &mut hits {
                let language = hit.about.language.as_deref().unwrap_or(analysis::UNDETERMINED);
                hit.highlights = Some(highlight(&question.text, &hit.text, language));
            }
        }
        let fusion = (question.mode == Mode::Hybrid).then_some(question.fusion);
        let (space, generation) = (snapshot.space().clone(), snapshot.generation().to_owned());
        let mode = question.mode;
        let answer = Answer { mode, fusion, reranked, space, generation, relevance, notes, timing, hits };
        Ok(LookedUp { answer, vector, overlap })
    }

    async fn ranking(
        &self,
        snapshot: &Snapshot<E, R>,
        question: &Question,
        timing: &mut Timing,
        notes: &mut Vec<String>,
    ) -> Result<Ranked, SearchError> {
        // Copies are merged and documents limited after the engine's answer, so more passages are requested than
        // wanted.
        let times = if question.per_document.is_some() { SPARE } else { 1 };
        let size = (question.size * times).clamp(FUSED_WINDOW, LONGEST_WINDOW);
        let window = Window { filter: question.filter.clone(), ..Window::of(size) };
        let words = match question.mode {
            Mode::Vector if !question.include.relevance => Words::default(),
            Mode::Keyword | Mode::Vector | Mode::Hybrid => words(snapshot, question).await?,
        };
        let vector = match question.mode {
            Mode::Keyword => None,
            Mode::Vector | Mode::Hybrid => {
                let begun = Instant::now();
                let asked = question_vector(snapshot.encoder.as_ref(), &question.text).await;
                let asked = asked.map_err(|error| encoding(error, "with mode=keyword"))?;
                timing.embed_ms = milliseconds(begun);
                if asked.parts > 1 {
                    notes.push(format!(
                        "the question is longer than the model takes: embedded in {} parts",
                        asked.parts
                    ));
                }
                Some(asked.vector)
            }
        };
        let begun = Instant::now();
        if let Some(vector) = &vector
            && self.fused_by_engine
            && (question.mode, question.fusion) == (Mode::Hybrid, Fusion::Rrf)
            // Relevance is judged from the best passage of each ranking, which fused results do not tell.
            && !question.include.relevance
            && let Some(hits) = snapshot.reader.fused(&words, vector, &window).await.map_err(unavailable)?
        {
            timing.engine_ms = milliseconds(begun);
            let passages = hits.into_iter().map(FoundPassage::of).collect();
            let vector = Some(vector.clone());
            return Ok(Ranked { passages, vector, relevance: None, overlap: None });
        }
        let (keyword, nearest) = match &vector {
            None => (snapshot.reader.keyword(&words, &window).await.map_err(unavailable)?, Vec::new()),
            // Without words this is a vector search only.
            Some(vector) => snapshot.reader.both(&words, vector, &window).await.map_err(unavailable)?,
        };
        timing.engine_ms = milliseconds(begun);
        let relevance = relevance(snapshot, question, &words, keyword.first(), nearest.first()).await?;
        let is_both = vector.is_some() && !words.is_empty();
        let overlap = is_both.then(|| overlap(&keyword, &nearest)).flatten();
        let begun = Instant::now();
        let passages = match question.mode {
            Mode::Keyword => keyword.into_iter().map(FoundPassage::of).collect(),
            Mode::Vector => nearest.into_iter().map(FoundPassage::of).collect(),
            Mode::Hybrid => fused(question.fusion, keyword, nearest),
        };
        timing.fuse_ms = milliseconds(begun);
        Ok(Ranked { passages, vector, relevance, overlap })
    }

    async fn judge_again(
        &self,
        question: &Question,
        passages: &mut [FoundPassage],
        notes: &mut Vec<String>,
    ) -> Result<Option<usize>, SearchError> {
        match (&self.again, question.rerank) {
            (None, Some(true)) => {
                let message =
                    "no reranker is configured (MILLRACE_SERVE_RERANKER): leave rerank out".to_owned();
                Err(Wrong { field: "rerank", message }.into())
            }
            (Some(again), wish) if wish.unwrap_or(question.mode == Mode::Hybrid) => {
                match again.judge(&question.text, passages).await {
                    Ok(judged) => Ok(Some(judged)),
                    Err(error) if wish.is_none() => {
                        let cause = process::chain(&error);
                        warn!(cause, "passages are not reranked");
                        notes.push(format!("not reranked: {cause}"));
                        Ok(None)
                    }
                    Err(error) => Err(encoding(error, "with rerank=false")),
                }
            }
            _ => Ok(None),
        }
    }
}

async fn present<E: Encoder, R: Reader>(snapshot: &Snapshot<E, R>) -> Result<(), SearchError> {
    let checked = tokio::time::timeout(PRESENT, snapshot.check_again());
    checked.await.map_err(|_| SearchError::Late)?.map_err(unavailable)
}

/// How relevant the best passages of both rankings are, where that was asked for and can be judged.
async fn relevance<E: Encoder, R: Reader>(
    snapshot: &Snapshot<E, R>,
    question: &Question,
    words: &Words,
    by_words: Option<&Hit>,
    by_vector: Option<&Hit>,
) -> Result<Option<f64>, SearchError> {
    if !question.include.relevance {
        return Ok(None);
    }
    let languages = snapshot.languages.of(&snapshot.reader).await.map_err(unavailable)?;
    let (languages, allowed) = (&languages[..], question.allowed.as_slice());
    let evidence = Evidence { question: &question.text, words, languages, allowed, by_words, by_vector };
    let judged = snapshot.judge.relevance(snapshot.encoder.as_ref(), &snapshot.reader, &evidence);
    judged.await.map_err(unavailable)
}

/// Converts an encoder's error; `otherwise` says how the question could be asked instead.
fn encoding(error: EncodeError, otherwise: &str) -> SearchError {
    if let EncodeError::Text { fault: TextFault::TooLong { tokens, limit }, .. } = error {
        let message = format!(
            "the question has {tokens} tokens and the model takes {limit}: ask a shorter one, or {otherwise}"
        );
        return Wrong { field: "q", message }.into();
    }
    SearchError::Unavailable(Box::new(error))
}

pub(crate) fn unavailable(error: SinkError) -> SearchError {
    SearchError::Unavailable(Box::new(error))
}

/// Whether the engine gave something of another space, or its indexes hold another one.
fn is_of_another_space(error: &SearchError) -> bool {
    let SearchError::Unavailable(cause) = error else { return false };
    matches!(cause.downcast_ref::<SinkError>(), Some(SinkError::Mismatch { .. }))
}

fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0
}

fn fused(fusion: Fusion, keyword: Vec<Hit>, vector: Vec<Hit>) -> Vec<FoundPassage> {
    let scored = |hits: &[Hit]| -> Vec<f64> { hits.iter().map(|hit| hit.score).collect() };
    let (keyword_scores, vector_scores) = (scored(&keyword), scored(&vector));
    let score = |scores: &[f64], rank: Option<u32>| scores.get(rank? as usize - 1).copied();
    let ranking = {
        let one: Vec<Scored<'_>> = keyword.iter().map(|hit| (&hit.id, hit.score)).collect();
        let other: Vec<Scored<'_>> = vector.iter().map(|hit| (&hit.id, hit.score)).collect();
        fuse(fusion, &one, &other)
    };
    let mut hits: HashMap<ChunkId, Hit> =
        keyword.into_iter().chain(vector).map(|hit| (hit.id.clone(), hit)).collect();
    ranking
        .into_iter()
        .filter_map(|rank| {
            let hit = hits.remove(&rank.id)?;
            Some(FoundPassage {
                score: rank.score,
                keyword_rank: rank.keyword_rank,
                keyword_score: score(&keyword_scores, rank.keyword_rank),
                vector_rank: rank.vector_rank,
                vector_score: score(&vector_scores, rank.vector_rank),
                ..FoundPassage::of(hit)
            })
        })
        .collect()
}
