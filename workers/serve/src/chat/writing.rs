//! The answer while it is written: a model's text with only valid citations.

use std::collections::HashSet;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use message::Fingerprint;
use serde::Serialize;

use super::answer::{CitedSource, Passages};
use super::citation::{CitationFilter, Sentence, sentences};
use super::context::tokens;
use crate::answer_id::AnswerId;
use crate::llm::extractive::judge::Judged;
use crate::llm::{EndReason, Finish, LlmError, Piece, Pieces, Usage};
use crate::sample::PendingAnswer;

/// So many passages are named where none answers.
const CLOSEST: usize = 3;

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Its name, by which it can be judged.
    pub id: AnswerId,
    /// The text with its citations.
    pub answer: String,
    /// False if nothing relevant was found, and therefore no model was asked, or if it wrote nothing: then `answer` says so.
    pub found: bool,
    /// Its sentences.
    pub sentences: Vec<Sentence>,
    /// The cited passages.
    pub citations: Vec<CitedSource>,
    /// The best passages that were found, where none of them answers; at most three.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closest: Vec<CitedSource>,
    /// What was searched, where that was not the question itself: it followed up another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condensed: Option<String>,
    /// What its reader should know of how it was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many personal data and secrets were masked before the model got question and passages, where that is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked: Option<usize>,
    /// Counts of passages.
    pub passages: Passages,
    /// Number of citations removed because their passage was not given.
    pub invented_citations: usize,
    /// The model that wrote it.
    pub model: String,
    /// The application.
    pub application: String,
    /// The space of the vectors.
    pub space: Fingerprint,
    /// The id of the generation whose passages these are.
    pub generation: String,
    /// Why it ended.
    pub finish_reason: EndReason,
    /// Why there is an answer or none, where the sentences were chosen here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
    /// Tokens, as counted by the provider or else here.
    pub usage: Usage,
}

/// An event while an answer is written.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// More of its text.
    Delta(String),
    /// It is complete; its text is all deltas joined.
    Done(Box<Answer>),
}

/// An answer that has begun: the passages it may cite are known.
pub struct Begun {
    /// The passages given to the model.
    pub sources: Vec<CitedSource>,
    /// Counts of passages.
    pub passages: Passages,
    /// The space of the vectors.
    pub space: Fingerprint,
    /// The id of the generation whose passages these are.
    pub generation: String,
    /// What was searched, where that was not the question itself.
    pub condensed: Option<String>,
    /// What its reader should know of how it was found.
    pub(super) notes: Vec<String>,
    /// How much was masked before a model got the prompt, where that is wanted.
    pub(super) masked: Option<usize>,
    /// What is said if nothing is written.
    pub(super) nothing: &'static str,
    pub(super) pieces: Pieces,
    pub(super) prompt_tokens: usize,
    pub(super) model: String,
    pub(super) application: String,
    pub(super) pending: PendingAnswer,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun").field("passages", &self.passages).finish_non_exhaustive()
    }
}

/// An answer in progress.
struct Writing {
    begun: Begun,
    filter: CitationFilter,
    text: String,
    finish: Option<Finish>,
    is_nothing: bool,
    is_over: bool,
}

impl Begun {
    /// The answer's name.
    #[must_use]
    pub fn id(&self) -> &AnswerId {
        self.pending.id()
    }

    /// The answer as events; the last one is [`ChatEvent::Done`].
    pub fn events(self) -> impl Stream<Item = Result<ChatEvent, LlmError>> + Send {
        let filter = CitationFilter::new(self.sources.len());
        let writing = Writing {
            begun: self,
            filter,
            text: String::new(),
            finish: None,
            is_nothing: false,
            is_over: false,
        };
        futures::stream::try_unfold(writing, Writing::next)
    }

    /// The complete answer.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn whole(self) -> Result<Answer, LlmError> {
        let mut events = Box::pin(self.events());
        while let Some(event) = events.try_next().await? {
            if let ChatEvent::Done(answer) = event {
                return Ok(*answer);
            }
        }
        Err(LlmError::Broken("it ended without an end".to_owned()))
    }
}

impl Writing {
    async fn next(mut self) -> Result<Option<(ChatEvent, Self)>, LlmError> {
        while !self.is_over {
            if let Some(finish) = self.finish.take() {
                self.is_over = true;
                return Ok(Some((ChatEvent::Done(Box::new(self.answer(finish))), self)));
            }
            let piece = self.begun.pieces.next().await;
            let piece = piece.ok_or_else(|| LlmError::Broken("it ended without an end".to_owned()))??;
            match piece {
                Piece::Text(text) => {
                    let shown = self.filter.push(&text);
                    if !shown.is_empty() {
                        self.text.push_str(&shown);
                        return Ok(Some((ChatEvent::Delta(shown), self)));
                    }
                }
                Piece::Finish(finish) => {
                    let mut rest = self.filter.finish();
                    self.finish = Some(finish);
                    self.is_nothing = self.text.trim().is_empty() && rest.trim().is_empty();
                    if self.is_nothing {
                        rest = self.begun.nothing.to_owned();
                    }
                    if !rest.is_empty() {
                        self.text.push_str(&rest);
                        return Ok(Some((ChatEvent::Delta(rest), self)));
                    }
                }
            }
        }
        Ok(None)
    }

    fn answer(&mut self, finish: Finish) -> Answer {
        let text = self.text.trim().to_owned();
        let sentences = sentences(&text, self.begun.sources.len());
        let cited: HashSet<usize> =
            sentences.iter().flat_map(|sentence| &sentence.citations).copied().collect();
        let sources = &self.begun.sources;
        let citations: Vec<CitedSource> =
            sources.iter().filter(|source| cited.contains(&source.number)).cloned().collect();
        let found = !sources.is_empty() && !self.is_nothing;
        let closest = if found { Vec::new() } else { sources.iter().take(CLOSEST).cloned().collect() };
        self.begun.pending.done(citations.iter().map(|source| source.id.clone()).collect(), !found);
        let begun = &self.begun;
        let counted = || {
            let (prompt_tokens, completion_tokens) = (begun.prompt_tokens as u64, tokens(&text) as u64);
            Usage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
        };
        Answer {
            id: begun.id().clone(),
            found,
            sentences,
            citations,
            closest,
            condensed: begun.condensed.clone(),
            notes: begun.notes.clone(),
            masked: begun.masked,
            passages: begun.passages,
            invented_citations: self.filter.invented,
            model: begun.model.clone(),
            application: begun.application.clone(),
            space: begun.space.clone(),
            generation: begun.generation.clone(),
            finish_reason: finish.reason,
            judged: finish.judged,
            usage: finish.usage.unwrap_or_else(counted),
            answer: text,
        }
    }
}
