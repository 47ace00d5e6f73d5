//! Who writes an answer: the first of an application's models that can begin one. Stage.

use model::Encoder;
use sink::Reader;
use tracing::warn;

use super::masked::masked;
use crate::application::Application;
use crate::llm::extractive::worth_reading;
use crate::llm::{LanguageModel as _, LlmError, Model, Models, Pieces, Prompt};
use crate::search::Search;

/// What the provider `extractive` quotes by, besides the prompt.
pub(super) struct Quoting<'a, E, R> {
    pub(super) search: &'a Search<E, R>,
    /// The question's vector, if it was embedded.
    pub(super) vector: Option<Vec<f32>>,
    /// What was searched: a follow-up has few words of its own.
    pub(super) asked: String,
}

/// An answer that begins.
pub(super) struct Written {
    pub(super) pieces: Pieces,
    /// The name of the model that writes it.
    pub(super) model: String,
    /// How much was masked before it got the prompt, where that is wanted.
    pub(super) masked: Option<usize>,
}

/// An answer by the first model that can begin one.
///
/// # Errors
/// Why the last of the models cannot begin, or that a filter refused the prompt, which stays so.
pub(super) async fn written<E: Encoder, R: Reader>(
    models: &Models,
    application: &Application,
    prompt: Prompt,
    quoting: &Quoting<'_, E, R>,
) -> Result<Written, LlmError> {
    let mut failed = LlmError::Config(format!("the application {} names no model", application.name));
    for writer in application.writers() {
        let mut prompt = Prompt { model: writer.model.clone(), ..prompt.clone() };
        let is_masked = application.llm.mask && !writer.only_quotes();
        let masked = is_masked.then(|| masked(&mut prompt));
        let begun = match models.get(&writer.provider) {
            Ok(model) => begin(&model, prompt, quoting).await,
            Err(error) => Err(error),
        };
        match begun {
            Ok(pieces) => return Ok(Written { pieces, model: writer.name().to_owned(), masked }),
            Err(error @ LlmError::Filtered(_)) => return Err(error),
            Err(error) => {
                warn!(model = writer.name(), %error, "a model of an application cannot begin an answer");
                failed = error;
            }
        }
    }
    Err(failed)
}

async fn begin<E: Encoder, R: Reader>(
    model: &Model,
    mut prompt: Prompt,
    quoting: &Quoting<'_, E, R>,
) -> Result<Pieces, LlmError> {
    if matches!(model, Model::Extractive(_)) {
        prompt.question.clone_from(&quoting.asked);
        if let Some(vector) = &quoting.vector {
            prompt.closeness = quoting.search.closeness(vector, worth_reading(&prompt)).await;
        }
    }
    model.answer(prompt).await
}
