//! Tokenizes texts within the model's limit, off the async threads, because a text takes milliseconds.

use super::{EncodeError, TextFault};
use crate::bundle::Role;
use crate::tokenizer::{TokenIds, Tokenizer};

/// A text, and its tokens or what is wrong with it.
pub(super) type ReadText = (String, Result<TokenIds, TextFault>);

/// The tokens of a text, if it is within the limit. Pure.
fn tokens_of(tokenizer: &Tokenizer, limit: usize, text: &str, role: Role) -> Result<TokenIds, TextFault> {
    let tokens = tokenizer.encode(text, role).map_err(TextFault::Tokenize)?;
    if tokens.ids.len() > limit {
        return Err(TextFault::TooLong { tokens: tokens.ids.len(), limit });
    }
    Ok(tokens)
}

/// Tokenizes each text, on a blocking thread.
pub(super) async fn tokenise(
    tokenizer: &Tokenizer,
    limit: usize,
    texts: Vec<String>,
    role: Role,
) -> Result<Vec<ReadText>, EncodeError> {
    let tokenizer = tokenizer.clone();
    let one = move |text: String| {
        let tokens = tokens_of(&tokenizer, limit, &text, role);
        (text, tokens)
    };
    let work = move || texts.into_iter().map(one).collect();
    // The task is cancelled only when the runtime shuts down.
    tokio::task::spawn_blocking(work).await.map_err(|_| EncodeError::Stopped)
}
