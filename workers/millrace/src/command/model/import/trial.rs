//! Tries a bundle that was just made, as a worker would use it.

use std::num::NonZeroUsize;

use model::{Bundle, EncodeError, Encoder as _, Onnx, OnnxSettings, Role, Tokenizer};
use process::Failure;

use crate::show;

/// A text for anyone.
const SENTENCE: &str = "Somebody put leave.md into the bucket.";
/// The longest text that is tried: attention takes the square of it in time and memory.
const LONGEST: usize = 1024;

/// Embeds a sentence, as a question and as a passage, and a text as long as the model takes; without ONNX Runtime only the tokenizer
/// is opened.
///
/// # Errors
/// When the files do not do what bundle.json says of them.
pub(super) async fn run(bundle: &Bundle, settings: &OnnxSettings) -> Result<(), Failure> {
    let tokenizer = Tokenizer::open(bundle)?;
    if settings.onnxruntime.is_none() {
        show::note(
            "  not tried: with --onnxruntime (MILLRACE_ONNXRUNTIME) a sentence is embedded before anything else is done",
        );
        return Ok(());
    }
    let longest = longest(&tokenizer, bundle.max_tokens().min(LONGEST));
    let tokens = tokenizer.count(&longest);
    let alone = OnnxSettings { sessions: Some(NonZeroUsize::MIN), ..settings.clone() };
    let encoder = Onnx::open(bundle, tokenizer, &alone)?;
    for role in [Role::Query, Role::Passage] {
        encoder.embed(vec![SENTENCE.to_owned()], role).await.map_err(|error| unfit(&error))?;
    }
    encoder.embed(vec![longest], Role::Passage).await.map_err(|error| {
        let cause = process::chain(&error);
        format!("a sentence is embedded, and a text of {tokens} tokens is not ({cause}): give a smaller --max-tokens")
    })?;
    show::note(&format!("  tried with ONNX Runtime: a sentence, and a text of {tokens} tokens"));
    Ok(())
}

fn unfit(error: &EncodeError) -> String {
    format!("the graph does not do what the files beside it say: {}", process::chain(error))
}

/// A text of as many tokens as `limit` allows, special tokens and prefix included, or a few less.
fn longest(tokenizer: &Tokenizer, limit: usize) -> String {
    let mut words = limit;
    loop {
        let text = ["log"].repeat(words).join(" ");
        let over = tokenizer.count(&text).saturating_sub(limit);
        if over == 0 || words == 0 {
            return text;
        }
        // A word has at least one token, so that this many words less may be too many, but never too few for long.
        words = words.saturating_sub(over);
    }
}

#[cfg(test)]
mod tests {
    use model::Prefixes;

    use super::*;

    #[test]
    fn the_longest_text_uses_the_limit_and_stays_within_it() {
        let bytes = include_bytes!("../../../../../../shared/model/tests/tiny/tokenizer.json");
        let prefixes = Prefixes { query: String::new(), passage: "passage: ".to_owned() };
        let tokenizer = Tokenizer::parse(bytes, "tiny", &prefixes).unwrap();
        for limit in [5, 64, 1024] {
            assert_eq!(tokenizer.count(&longest(&tokenizer, limit)), limit);
        }
        // Nothing fits: the tokenizer refuses such a limit when it is opened.
        assert_eq!(longest(&tokenizer, 1), "");
    }
}
