//! Texts to tokens within the model's limit, off the async threads: tokenizing takes milliseconds a text.

use super::EncodeError;
use crate::bundle::Role;
use crate::tokenizer::{Tokenizer, Tokens};

/// The tokens of each text, or the first text that is too long or cannot be read. Pure.
pub(super) fn tokens_of(
    tokenizer: &Tokenizer,
    limit: usize,
    texts: &[String],
    role: Role,
) -> Result<Vec<Tokens>, EncodeError> {
    let one = |(position, text): (usize, &String)| {
        let tokens =
            tokenizer.encode(text, role).map_err(|source| EncodeError::Tokenize { position, source })?;
        if tokens.ids.len() > limit {
            return Err(EncodeError::TooLong { position, tokens: tokens.ids.len(), limit });
        }
        Ok(tokens)
    };
    texts.iter().enumerate().map(one).collect()
}

/// As [`tokens_of`], on a thread that may block; gives the texts back.
pub(super) async fn tokenise(
    tokenizer: &Tokenizer,
    limit: usize,
    texts: Vec<String>,
    role: Role,
) -> Result<(Vec<String>, Vec<Tokens>), EncodeError> {
    let tokenizer = tokenizer.clone();
    let work = move || tokens_of(&tokenizer, limit, &texts, role).map(|tokens| (texts, tokens));
    // The task ends without a result only when the runtime is shutting down.
    tokio::task::spawn_blocking(work).await.map_err(|_| EncodeError::Stopped)?
}
