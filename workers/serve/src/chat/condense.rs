//! What is searched within a conversation: condensed by the application's model, or by rule where there is none. Stage.

use futures::TryStreamExt as _;
use tokio::time::{Duration, timeout};
use tracing::warn;

use super::answer::ChatQuestion;
use super::follow_up::condensed;
use super::masked::masked;
use crate::application::Application;
use crate::llm::{LanguageModel as _, LlmError, Model, Models, Piece, Prompt, Task};

/// How long the model may take; the rule decides after that.
const DEADLINE: Duration = Duration::from_secs(6);
/// Most tokens of a condensed question.
const TOKENS: usize = 120;
/// A condensed question that is longer, in characters, is none.
const LONGEST: usize = 600;

/// What is searched for a question that follows up another; none where it stands alone. A model is asked only then.
pub(super) async fn searched(
    models: &Models,
    ask: &ChatQuestion,
    application: &Application,
) -> Option<String> {
    let by_rule = condensed(&ask.history, &ask.question)?;
    let model = match models.get(&application.llm.first.provider) {
        Ok(model @ Model::OpenAi(_)) => model,
        Ok(Model::Extractive(_)) | Err(_) => return Some(by_rule),
    };
    let mut prompt = Prompt {
        task: Task::Condense,
        question: ask.question.clone(),
        history: ask.history.clone(),
        model: application.llm.first.model.clone(),
        max_tokens: TOKENS,
        temperature: Some(0.0),
        nonce: ask.nonce.clone(),
        ..Prompt::default()
    };
    // What is masked would be missing in the search, which needs no model to see it.
    if application.llm.mask && masked(&mut prompt) > 0 {
        return Some(by_rule);
    }
    let said = timeout(DEADLINE, said(&model, prompt)).await;
    let said = said.unwrap_or_else(|_| Err(LlmError::Broken("it took longer than 6 s".to_owned())));
    match said {
        Ok(text) if !text.is_empty() && text.chars().count() <= LONGEST => Some(text),
        Ok(_) => Some(by_rule),
        Err(error) => {
            warn!(%error, "a follow-up could not be condensed by the model: a rule does it");
            Some(by_rule)
        }
    }
}

/// All that a model writes.
async fn said(model: &Model, prompt: Prompt) -> Result<String, LlmError> {
    let mut pieces = model.answer(prompt).await?;
    let mut text = String::new();
    while let Some(piece) = pieces.try_next().await? {
        if let Piece::Text(more) = piece {
            text.push_str(&more);
        }
    }
    Ok(text.trim().to_owned())
}
