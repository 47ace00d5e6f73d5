//! The way from a question to an answer: find passages, check their relevance, and give the model as many as fit.

use message::{ChunkId, DocumentId, Part};
use model::Encoder;
use serde::Serialize;
use sink::{Clause, Reader};

use super::condense::searched;
use super::context::{fit, prompt_tokens};
use super::section::{about, widen};
use super::writer::{Quoting, Written, written};
use super::writing::Begun;
use crate::application::Application;
use crate::found::FoundPassage;
use crate::llm::{EndReason, Finish, Given, LlmError, Models, Piece, Pieces, Prompt, Task, Turn, Usage};
use crate::question::Wrong;
use crate::search::{Search, SearchError};

/// Default limit on the tokens of an answer.
const ANSWER_TOKENS: usize = 1_024;

/// A question to an application.
#[derive(Clone, Debug)]
pub struct ChatQuestion {
    /// The question.
    pub question: String,
    /// The conversation so far, oldest first.
    pub history: Vec<Turn>,
    /// The client's additional instructions.
    pub style: Option<String>,
    /// Filters on all passages.
    pub filter: Vec<Clause>,
    /// What the sender's key may see; none for everything.
    pub allowed: Option<Clause>,
    /// Maximum number of tokens of the answer.
    pub max_tokens: Option<usize>,
    /// The model's sampling temperature.
    pub temperature: Option<f32>,
    /// A random mark for the fences around passages.
    pub nonce: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] LlmError),
}

/// A passage that an answer may cite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CitedSource {
    /// The number it is cited by.
    pub number: usize,
    /// The passage's id.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// Its document's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The headings above it.
    pub heading_path: Vec<String>,
    /// The page, slide, sheet or archive member in which it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Its first byte in the document's extracted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// One past its last byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// What the model was given of the passage before it, under the same headings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The same of the one after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The passage.
    pub text: String,
    /// Its score in the search.
    pub score: f64,
}

/// Counts of passages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passages {
    /// Found.
    pub found: usize,
    /// Given to the model.
    pub given: usize,
    /// Found, but left out because they did not fit into the context.
    pub left_out: usize,
}

/// Begins an application's answer to a question.
///
/// # Errors
/// See [`AskError`].
pub async fn begin<E: Encoder, R: Reader>(
    search: &Search<E, R>,
    models: &Models,
    application: &Application,
    ask: ChatQuestion,
) -> Result<Begun, AskError> {
    let condensed = searched(models, &ask, application).await;
    let asked = condensed.clone().unwrap_or_else(|| ask.question.clone());
    let mut question = application.question(&asked, &ask.filter).map_err(SearchError::from)?;
    question.limit(ask.allowed.clone()).map_err(SearchError::from)?;
    let looked = search.look_up(&question).await?;
    // Kept from here on, however this ends.
    let pending = search.sample().begin(&question, &looked, &application.name);
    let (answer, vector) = (looked.answer, looked.vector);
    let is_relevant = search.is_relevant(&answer, application.retriever.least_relevance);
    let mut found = answer.hits;
    let mut begun = Begun {
        pending,
        sources: Vec::new(),
        passages: Passages { found: found.len(), ..Passages::default() },
        space: answer.space,
        generation: answer.generation,
        condensed,
        notes: answer.notes,
        masked: None,
        nothing: nothing_found(&ask.question),
        pieces: nothing(),
        prompt_tokens: 0,
        model: application.llm.first.name().to_owned(),
        application: application.name.clone(),
    };
    if found.is_empty() || !is_relevant {
        return Ok(begun);
    }
    let mut prompt = prompt(ask, &found, application);
    let left_out =
        fit(&mut prompt, application.max_context_length).map_err(|tokens| too_long(tokens, application))?;
    let given = prompt.passages.len();
    if given == 0 {
        // Without passages, a model would answer from memory.
        return Err(nothing_fits(application).into());
    }
    if application.reads_sections() {
        widen(&mut prompt, &mut found, application.max_context_length);
    }
    begun.sources = (1..).zip(found).take(given).map(source).collect();
    begun.pending.show(&begun.sources);
    begun.passages = Passages { found: given + left_out.passages, given, left_out: left_out.passages };
    begun.prompt_tokens = prompt_tokens(&prompt);
    let quoting = Quoting { search, vector, asked };
    let Written { pieces, model, masked } = written(models, application, prompt, &quoting).await?;
    Ok(Begun { masked, pieces, model, ..begun })
}

/// An answer in which nothing is written.
fn nothing() -> Pieces {
    let finish = Finish { reason: EndReason::Stop, usage: Some(Usage::default()), judged: None };
    Box::pin(futures::stream::iter([Ok(Piece::Finish(finish))]))
}

/// The answer when nothing was found, in the question's language if it is one of these.
fn nothing_found(question: &str) -> &'static str {
    match analysis::language(question) {
        _ if is_chinese(question) => "在文档中没有找到与这个问题相关的内容。",
        Some("de") => "In den Dokumenten steht nichts, was zu dieser Frage passt.",
        Some("fr") => "Les documents ne contiennent rien qui réponde à cette question.",
        Some("es") => "Los documentos no contienen nada relacionado con esta pregunta.",
        Some("ja") => "この質問に関連する内容は文書の中に見つかりませんでした。",
        _ => "The documents hold nothing that is relevant to this question.",
    }
}

/// Whether a question has Chinese characters, and none that only Japanese has: a name in Latin letters hides its language.
fn is_chinese(question: &str) -> bool {
    let has = |range: std::ops::RangeInclusive<char>| question.contains(|one| range.contains(&one));
    has('\u{4e00}'..='\u{9fff}') && !has('\u{3040}'..='\u{30ff}')
}

fn prompt(ask: ChatQuestion, found: &[FoundPassage], application: &Application) -> Prompt {
    let given = |(number, found): (usize, &FoundPassage)| Given {
        number,
        text: found.text.clone(),
        heading_path: found.heading_path.clone(),
        document: found.document.to_string(),
        about: about(found),
    };
    let styles: Vec<String> = application.instructions.iter().cloned().chain(ask.style).collect();
    let max_tokens = ask.max_tokens.or(application.llm.max_tokens);
    Prompt {
        task: Task::Answer,
        question: ask.question,
        passages: (1..).zip(found).map(given).collect(),
        history: ask.history,
        style: Some(styles.join("\n\n")).filter(|style| !style.is_empty()),
        model: application.llm.first.model.clone(),
        max_tokens: max_tokens.unwrap_or(ANSWER_TOKENS),
        temperature: ask.temperature.or(application.llm.temperature),
        nonce: ask.nonce,
        closeness: None,
    }
}

fn too_long(tokens: usize, application: &Application) -> SearchError {
    SearchError::Question(Wrong {
        field: "question",
        message: format!(
            "instructions and question take {tokens} tokens, and the application {} allows {} (max_context_length): \
             ask a shorter question, or allow more",
            application.name, application.max_context_length
        ),
    })
}

fn nothing_fits(application: &Application) -> SearchError {
    SearchError::Question(Wrong {
        field: "question",
        message: format!(
            "not even the best passage fits beside the question into the {} tokens of the application {} \
             (max_context_length): ask a shorter question, or allow more",
            application.max_context_length, application.name
        ),
    })
}

fn source((number, found): (usize, FoundPassage)) -> CitedSource {
    let (start, end) = found.place.as_ref().map(|place| (place.start, place.end)).unzip();
    CitedSource {
        number,
        id: found.id,
        document: found.document,
        title: found.title,
        heading_path: found.heading_path,
        part: found.place.and_then(|place| place.part),
        start,
        end,
        before: found.before,
        after: found.after,
        text: found.text,
        score: found.score,
    }
}
