//! What people think of answers: who may judge which, and what is written.
//!
//! A judgement is written together with its question, if this process remembers the answer and the sample has not taken it. An
//! answer that it does not remember was given by another process, or too long ago: its judgement is written alone, and joins
//! with the question by the answer's name if the sample took that. Of several by the same key on the same thing the last one
//! counts, for who reads the topic ([`message::standing_feedback`]): a log that is only appended to replaces nothing.

use std::time::Duration;

use message::{AnswerFeedback, AnswerJudgement, ChunkId, Query, QueryRecord, sha256_hex};
use stream::wall_seconds;
use tokio::time::timeout;

use crate::access::Principal;
use crate::answer_id::AnswerId;
use crate::sample::Sample;

/// Maximum length of a reason, in characters.
pub const LONGEST_REASON: usize = 500;
/// How long a judgement may take to be written.
const DEADLINE: Duration = Duration::from_secs(10);
/// Characters that tell the keys apart that judged an answer.
const BY: usize = 12;
/// Characters of a passage's id.
const PASSAGE: usize = 32;

/// A judgement as somebody sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFeedback {
    /// The answer's name.
    pub answer: String,
    /// The passage that is meant; none for the answer as a whole.
    pub passage: Option<String>,
    /// What is thought.
    pub judgement: AnswerJudgement,
    /// Why.
    pub reason: Option<String>,
}

/// A judgement that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFeedback {
    /// The answer's name.
    pub answer: AnswerId,
    /// Whether its question is known to stand in the topic, too.
    pub with_question: bool,
}

/// Why a judgement was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedbackError {
    /// None are taken here.
    #[error("judgements are not kept here: see MILLRACE_SERVE_FEEDBACK")]
    Off,
    /// No answer has this name, or the sender may not see what it showed.
    #[error("there is no such answer: send the `id` of an answer as it was given")]
    Unknown,
    /// A field is wrong.
    #[error("{message}")]
    Field {
        /// Which.
        field: &'static str,
        /// What to do.
        message: String,
    },
    /// It could not be written: try again.
    #[error("the judgement could not be kept ({0}): try again")]
    Unavailable(String),
}

/// Writes what `principal` thinks of an answer.
///
/// # Errors
/// See [`FeedbackError`].
pub async fn judge(
    sample: &Sample,
    principal: &Principal,
    sent: SentFeedback,
) -> Result<KeptFeedback, FeedbackError> {
    if !sample.takes_feedback() {
        return Err(FeedbackError::Off);
    }
    let answer = AnswerId::parse(&sent.answer).ok_or(FeedbackError::Unknown)?;
    let feedback = AnswerFeedback {
        answer: answer.to_string(),
        passage: sent.passage.as_deref().map(passage).transpose()?,
        judgement: sent.judgement,
        reason: reason(sent.reason)?.map(|reason| sample.stored(reason)),
        at: wall_seconds(),
        by: principal.seal.as_ref().map(|seal| by(seal.reveal(), &answer)),
    };
    let (with_question, question) = match remembered(sample, principal, &feedback)? {
        Remembered::Nothing => (false, None),
        Remembered::Written => (true, None),
        Remembered::Unwritten(query) => (true, Some(QueryRecord::Query(query))),
    };
    let is_new = question.is_some();
    let records = question.into_iter().chain([QueryRecord::Feedback(feedback)]).collect();
    let written = timeout(DEADLINE, sample.write(records)).await;
    written
        .map_err(|_| FeedbackError::Unavailable(format!("Kafka did not answer within {DEADLINE:?}")))?
        .map_err(FeedbackError::Unavailable)?;
    if let Some(mut recent) = sample.recent().filter(|_| is_new) {
        recent.written(answer.as_str());
    }
    Ok(KeptFeedback { answer, with_question })
}

/// What this process remembers of an answer.
enum Remembered {
    Nothing,
    /// Its question stands in the topic.
    Written,
    /// Its question has to be written.
    Unwritten(Box<Query>),
}

/// Who asks with the same rights may judge: who sees all that the answer showed.
fn remembered(
    sample: &Sample,
    principal: &Principal,
    feedback: &AnswerFeedback,
) -> Result<Remembered, FeedbackError> {
    let recent = sample.recent().ok_or(FeedbackError::Off)?;
    let Some(answer) = recent.get(&feedback.answer) else { return Ok(Remembered::Nothing) };
    if !answer.documents.iter().all(|document| principal.sees(document)) {
        return Err(FeedbackError::Unknown);
    }
    if feedback.passage.as_ref().is_some_and(|passage| !answer.query.shown.contains(passage)) {
        return Err(wrong(
            "passage",
            "this answer did not show that passage: send the id of one of its citations",
        ));
    }
    if answer.is_written {
        return Ok(Remembered::Written);
    }
    Ok(Remembered::Unwritten(Box::new(Query { only_judged: true, ..answer.query.clone() })))
}

fn wrong(field: &'static str, message: impl Into<String>) -> FeedbackError {
    FeedbackError::Field { field, message: message.into() }
}

fn passage(text: &str) -> Result<ChunkId, FeedbackError> {
    let is_id = text.len() == PASSAGE && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id {
        Ok(ChunkId::from_text(text))
    } else {
        Err(wrong("passage", "a passage's id has 32 hex characters"))
    }
}

fn reason(text: Option<String>) -> Result<Option<String>, FeedbackError> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match text.as_ref().map_or(0, |text| text.chars().count()) {
        0..=LONGEST_REASON => Ok(text),
        count => {
            let message = format!(
                "the reason has {count} characters, and at most {LONGEST_REASON} are kept: shorten it"
            );
            Err(wrong("reason", message))
        }
    }
}

/// Computed with the answer's id, so that nobody who reads the topic can follow a key from one answer to the next, and with the
/// digest of the key instead of its name, so that nobody finds it by trying names.
fn by(seal: &str, answer: &AnswerId) -> String {
    let mut by = sha256_hex([b"feedback".as_slice(), answer.as_str().as_bytes(), seal.as_bytes()]);
    by.truncate(BY);
    by
}
