//! The words of a question, in the languages in which it looks for them. Stage: awaits the engine.

use model::Encoder;
use sink::{Clause, MOST_CLAUSES, Reader, Words};

use crate::question::{Question, Wrong};
use crate::search::{SearchError, unavailable};
use crate::snapshot::Snapshot;

/// The terms of `question` in each language of the index, or in those that it filters by.
///
/// # Errors
/// When there are more than an engine takes; the message says how many words may be asked for.
pub(crate) async fn words<E: Encoder, R: Reader>(
    snapshot: &Snapshot<E, R>,
    question: &Question,
) -> Result<Words, SearchError> {
    let mut languages = snapshot.languages.of(&snapshot.reader).await.map_err(unavailable)?;
    for clause in &question.filter {
        if let Clause::Language(wanted) = clause {
            languages.retain(|language| wanted.contains(language));
        }
    }
    let words = Words::of(&question.text, &languages);
    if words.clauses() > MOST_CLAUSES {
        let (most, count) = ((MOST_CLAUSES / languages.len()).saturating_sub(1), languages.len());
        let advice = if count == 1 { "" } else { ", or say which languages to search (language)" };
        let message = format!(
            "the question has too many words: in {count} language{} {most} can be searched: shorten it{advice}",
            if count == 1 { "" } else { "s" }
        );
        return Err(Wrong { field: "q", message }.into());
    }
    Ok(words)
}
