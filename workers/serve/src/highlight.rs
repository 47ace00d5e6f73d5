//! A passage in pieces, with those that the question's words are in. Pure.

use std::collections::HashSet;
use std::ops::Range;

use analysis::Term;
use serde::Serialize;

/// A word that stands in more than this share of the passages tells none of them apart, and is not shown as a find.
const COMMON: f64 = 0.5;
/// With fewer passages than this, common words are not known.
const FEWEST: usize = 10;

/// A piece of a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its text.
    pub text: String,
    /// True for a word of the question.
    pub hit: bool,
}

/// Each passage, given as its text and language, in pieces: joined they are the passage.
#[must_use]
pub fn highlight(question: &str, passages: &[(&str, &str)]) -> Vec<Vec<Piece>> {
    let found: Vec<Vec<Term>> =
        passages.iter().map(|(text, language)| finds(question, text, language)).collect();
    let is_common = |term: &str| {
        let holding = found.iter().filter(|terms| terms.iter().any(|other| other.text == term)).count();
        #[expect(clippy::cast_precision_loss, reason = "counts of passages on a page")]
        let share = holding as f64 / passages.len() as f64;
        passages.len() >= FEWEST && share > COMMON
    };
    let common: HashSet<&str> =
        found.iter().flatten().map(|term| term.text.as_str()).filter(|term| is_common(term)).collect();
    passages
        .iter()
        .zip(&found)
        .map(|((text, _), terms)| {
            let rare = terms.iter().filter(|term| !common.contains(term.text.as_str()));
            pieces(text, rare.map(|term| term.range.clone()).collect())
        })
        .collect()
}

/// The terms of a passage that the question has too. Of a script without spaces the pairs count, unless the question has
/// none.
fn finds(question: &str, text: &str, language: &str) -> Vec<Term> {
    let asked = analysis::terms(question, language);
    let is_single = |term: &Term| term.range.len() > 1 && term.text.chars().count() == 1;
    let has_pairs = asked.iter().any(is_single) && asked.len() > 1;
    let asked: HashSet<&str> =
        asked.iter().filter(|term| !has_pairs || !is_single(term)).map(|term| term.text.as_str()).collect();
    let mut terms = analysis::terms(text, language);
    terms.retain(|term| asked.contains(term.text.as_str()));
    terms
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
        // Terms overlap: pairs of characters, and a name with its parts.
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
        let pieces = highlight(question, &[(text, language)]).remove(0);
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
    fn what_stands_nearly_everywhere_is_not_marked() {
        let texts: Vec<String> = (0..12).map(|n| format!("the text {n}")).collect();
        let passages: Vec<(&str, &str)> = texts.iter().map(|text| (text.as_str(), "en")).collect();
        let pieces = highlight("the 7", &passages);
        assert!(pieces[0].iter().all(|piece| !piece.hit));
        assert_eq!(pieces[7].iter().filter(|piece| piece.hit).count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn pieces_joined_are_the_passage(text in "[a-c对象存 .,_]{0,60}", question in "[a-c对象存 ._]{0,20}") {
            let pieces = highlight(&question, &[(&text, "en")]).remove(0);
            let joined: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(pieces.windows(2).all(|pair| pair[0].hit != pair[1].hit));
            prop_assert!(pieces.iter().all(|piece| !piece.text.is_empty()));
        }
    }
}
