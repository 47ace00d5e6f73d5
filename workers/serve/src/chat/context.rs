//! Fits a prompt into a number of tokens. Pure.
//!
//! Tokens are counted with OpenAI's `o200k_base`, over the messages as they are sent. Models count slightly
//! differently (Qwen's tokenizer needs fewer for Chinese, more for digits), but their own limits are far higher.

use crate::llm::Prompt;
use crate::llm::render::render;

/// Tokens that each message, and the start of the answer, take in addition to their text (OpenAI cookbook, "How to
/// count tokens with tiktoken").
const PER_MESSAGE: usize = 4;
const PER_ANSWER: usize = 3;
/// The conversation so far may take this share of the context, as a divisor.
const HISTORY: usize = 4;

/// What was left out to make a prompt fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OmittedPassages {
    /// Number of passages, worst first.
    pub passages: usize,
    /// Number of turns of the conversation, oldest first.
    pub turns: usize,
}

/// Number of tokens in a text.
#[must_use]
pub fn tokens(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}

/// Number of tokens in a prompt as sent.
#[must_use]
pub fn prompt_tokens(prompt: &Prompt) -> usize {
    render(prompt).iter().map(|message| tokens(&message.content) + PER_MESSAGE).sum::<usize>() + PER_ANSWER
}

/// Makes a prompt fit into `most` tokens: leaves out the oldest turns and, as a whole, the worst passages.
///
/// # Errors
/// The number of tokens in instructions and question, when these alone exceed the limit.
pub fn fit(prompt: &mut Prompt, most: usize) -> Result<OmittedPassages, usize> {
    let passages = std::mem::take(&mut prompt.passages);
    let turns = std::mem::take(&mut prompt.history);
    let bare = prompt_tokens(prompt);
    if bare > most {
        return Err(bare);
    }
    let left_for_turns = (most / HISTORY).min(most - bare);
    let count = turns.iter().rev().scan(0, |sum, turn| {
        *sum += tokens(&turn.text) + PER_MESSAGE;
        (*sum <= left_for_turns).then_some(())
    });
    let left_out_turns = turns.len() - count.count();
    prompt.history = turns.into_iter().skip(left_out_turns).collect();
    // Binary search, because each attempt renders and counts the whole prompt.
    let (mut fitting, mut too_many) = (0, passages.len() + 1);
    while too_many - fitting > 1 {
        let middle = usize::midpoint(fitting, too_many);
        prompt.passages = passages.iter().take(middle).cloned().collect();
        if prompt_tokens(prompt) <= most { fitting = middle } else { too_many = middle }
    }
    let left_out = OmittedPassages { passages: passages.len() - fitting, turns: left_out_turns };
    prompt.passages = passages.into_iter().take(fitting).collect();
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::llm::{Given, Speaker, Turn};

    fn prompt(passages: &[usize], turns: &[usize]) -> Prompt {
        let words = |count: usize| "word 中文 ".repeat(count);
        let given = |(number, count): (usize, &usize)| Given {
            number,
            text: words(*count),
            heading_path: Vec::new(),
            document: "docs/a".to_owned(),
            about: String::new(),
        };
        Prompt {
            question: "Why?".to_owned(),
            passages: (1..).zip(passages).map(given).collect(),
            history: turns.iter().map(|count| Turn { speaker: Speaker::User, text: words(*count) }).collect(),
            nonce: "nonce".to_owned(),
            ..Prompt::default()
        }
    }

    #[test]
    fn the_worst_passages_are_left_out_whole() {
        let mut given = prompt(&[50, 50, 50, 50], &[]);
        let all = prompt_tokens(&given);
        assert_eq!(fit(&mut given, all), Ok(OmittedPassages { passages: 0, turns: 0 }));
        assert_eq!(fit(&mut given, all - 1), Ok(OmittedPassages { passages: 1, turns: 0 }));
        assert_eq!(given.passages.len(), 3);
        assert!(fit(&mut given, 20).unwrap_err() > 100);
    }

    #[test]
    fn a_long_conversation_leaves_room_for_passages() {
        let mut given = prompt(&[50], &[300, 300, 10, 10]);
        let left_out = fit(&mut given, 1_000).unwrap();
        assert_eq!((left_out.passages, left_out.turns, given.history.len()), (0, 2, 2));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn the_context_is_never_longer_than_it_may_be(
            passages in prop::collection::vec(0..200_usize, 0..8), turns in prop::collection::vec(0..200_usize, 0..5),
            most in 0..2_000_usize,
        ) {
            let mut given = prompt(&passages, &turns);
            match fit(&mut given, most) {
                Ok(left_out) => {
                    prop_assert!(prompt_tokens(&given) <= most);
                    prop_assert_eq!(given.passages.len() + left_out.passages, passages.len());
                    prop_assert_eq!(given.history.len() + left_out.turns, turns.len());
                }
                Err(bare) => prop_assert!(bare > most),
            }
        }
    }
}
