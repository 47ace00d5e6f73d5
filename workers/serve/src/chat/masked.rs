//! A prompt without personal data and secrets, for a model that is somebody else's. Pure.

use crate::llm::Prompt;
use crate::mask::mask;

/// Masks all that people or documents wrote; returns how many it replaced.
pub(super) fn masked(prompt: &mut Prompt) -> usize {
    let Prompt { question, passages, history, style, .. } = prompt;
    let passages = passages.iter_mut().flat_map(|passage| {
        [&mut passage.text, &mut passage.document, &mut passage.about]
            .into_iter()
            .chain(&mut passage.heading_path)
    });
    let turns = history.iter_mut().map(|turn| &mut turn.text);
    let mut count = 0;
    for text in passages.chain(turns).chain(style).chain([question]) {
        let masked = mask(text);
        count += masked.count;
        *text = masked.text;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{Given, Speaker, Turn};

    #[test]
    fn everything_that_is_sent_is_masked_and_counted() {
        let address = "write to anna@example.com";
        let given = Given {
            number: 1,
            text: address.to_owned(),
            heading_path: vec![address.to_owned()],
            document: "docs/anna@example.com.md".to_owned(),
            about: address.to_owned(),
        };
        let turn = Turn { speaker: Speaker::User, text: address.to_owned() };
        let mut prompt = Prompt {
            question: address.to_owned(),
            passages: vec![given],
            history: vec![turn],
            style: Some(format!("Answer for Anna. {address}")),
            nonce: "mark".to_owned(),
            ..Prompt::default()
        };
        assert_eq!(masked(&mut prompt), 7);
        assert!(!format!("{prompt:?}").contains("anna@"), "{prompt:?}");
        assert_eq!(masked(&mut prompt), 0);
    }
}
