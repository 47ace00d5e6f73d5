//! Splits a passage into pieces to highlight the question's words. Pure.

use std::ops::Range;

use analysis::Term;
use serde::Serialize;

/// A piece of a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its text.
    pub text: String,
    /// Whether it is a word of the question.
    pub hit: bool,
}

/// Splits a passage in `language` into pieces; joined they are the passage again. In scripts without spaces, pairs of
/// characters are marked, unless the question has no pairs.
#[must_use]
pub fn highlight(question: &str, text: &str, language: &str) -> Vec<Piece> {
    let asked = analysis::asked(question, language);
    let has_pairs = asked.len() > 1;
    let is_marked =
        |term: &Term| asked.contains(&term.text) && !(has_pairs && analysis::is_character(&term.text));
    let terms = analysis::terms(text, language);
    pieces(text, terms.into_iter().filter(is_marked).map(|term| term.range).collect())
}

fn pieces(text: &str, mut finds: Vec<Range<usize>>) -> Vec<Piece> {
    finds.sort_by_key(|find| (find.start, find.end));
    let (mut pieces, mut at) = (Vec::<Piece>::new(), 0);
    let mut push = |range: Range<usize>, hit: bool| {
        let part = text.get(range).unwrap_or_default();
        match pieces.last_mut() {
            Some(last) if last.hit == hit => last.text.push_str(part),
            _ if part.is_empty() => {}
            _ => pieces.push(Piece { text: part.to_owned(), hit }),
        }
    };
    for find in finds {
        // Terms may overlap: pairs of characters, or a name and its parts.
        let start = find.start.max(at);
        if find.end > start {
            push(at..start, false);
            push(start..find.end, true);
            at = find.end;
        }
    }
    push(at..text.len(), false);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(question: &str, text: &str, language: &str) -> String {
        let pieces = highlight(question, text, language);
        pieces
            .into_iter()
            .map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text })
            .collect()
    }

    #[test]
    fn words_are_marked_where_they_stand_in_any_form() {
        assert_eq!(marked("connection failed", "Connections that fail.", "en"), "[Connections] that [fail].");
        assert_eq!(marked("对象存储怎么用", "阿里云对象存储服务", "zh"), "阿里云[对象存储]服务");
        assert_eq!(marked("猫", "窗台上的猫", "zh"), "窗台上的[猫]");
        assert_eq!(marked("interval", "max.poll.interval.ms", "en"), "max.poll.[interval].ms");
        assert_eq!(marked("nothing", "else", "en"), "else");
    }

    #[test]
    fn words_that_tell_nothing_are_not_marked() {
        assert_eq!(marked("How does the cat see?", "How the cat does it.", "en"), "How the [cat] does it.");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_joined_are_the_passage(text in "[a-c对象存 .,_]{0,60}", question in "[a-c对象存 ._]{0,20}") {
            let pieces = highlight(&question, &text, "en");
            let joined: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(pieces.windows(2).all(|pair| pair[0].hit != pair[1].hit));
            prop_assert!(pieces.iter().all(|piece| !piece.text.is_empty()));
        }
    }
}
