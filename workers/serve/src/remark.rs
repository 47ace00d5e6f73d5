//! What a reader should know where nothing was found. Stage.

use sink::{Clause, Reader, SinkError};

/// What to say where no document lies under the prefixes among these filters; none where there is one, or no prefix.
///
/// # Errors
/// When the engine does not answer.
pub(crate) async fn nothing_under<R: Reader>(
    reader: &R,
    filter: &[Clause],
) -> Result<Option<String>, SinkError> {
    if !filter.iter().any(|clause| matches!(clause, Clause::Prefix(_))) {
        return Ok(None);
    }
    // What the sender may see counts, too: he learns of no other document.
    let is_place = |clause: &&Clause| matches!(clause, Clause::Prefix(_) | Clause::Within(_));
    let among: Vec<Clause> = filter.iter().filter(is_place).cloned().collect();
    let (count, _) = reader.frequencies(&[], &among).await?;
    // The prefix is not repeated: whoever may not see what lies there would take that for a yes.
    let said = "no document lies under this prefix, which has to begin with the bucket, as in documents/hr/";
    Ok((count == 0).then(|| said.to_owned()))
}
