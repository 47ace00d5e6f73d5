//! Who writes an answer: the first of an application's models that can begin one. Stage.

use model::Encoder;
use sink::Reader;
use tracing::warn;

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

/// An answer that begins, and the name of the model that writes it.
///
/// # Errors
/// Why the last of the models cannot begin, or that a filter refused the prompt, which stays so.
pub(super) async fn written<E: Encoder, R: Reader>(
    models: &Models,
    application: &Application,
    prompt: Prompt,
    quoting: &Quoting<'_, E, R>,
) -> Result<(Pieces, String), LlmError> {
    let mut failed = LlmError::Config(format!("the application {} names no model", application.name));
    for writer in application.writers() {
        let prompt = Prompt { model: writer.model.clone(), ..prompt.clone() };
        let begun = match models.get(&writer.provider) {
            Ok(model) => begin(&model, prompt, quoting).await,
            Err(error) => Err(error),
        };
        match begun {
            Ok(pieces) => return Ok((pieces, writer.name().to_owned())),
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
