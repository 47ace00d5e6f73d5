//! What a model is given of a passage besides its text: where it stands, and what stands beside it. Pure.

use std::collections::HashSet;

use message::PartKind;

use super::context::{prompt_tokens, tokens};
use crate::found::FoundPassage;
use crate::llm::Prompt;
use crate::question::rfc3339;

/// Tokens that join two passages.
const JOINT: usize = 2;

/// What is known of where a passage stands: its document's title, the page, and the day on which the document was changed.
pub(super) fn about(found: &FoundPassage) -> String {
    let part = found.place.as_ref().and_then(|place| place.part.as_ref()).map(|part| {
        let kind = match part.kind {
            PartKind::Page => "page",
            PartKind::Slide => "slide",
            PartKind::Sheet => "sheet",
            PartKind::Member => "file",
        };
        part.name.as_ref().map_or_else(|| format!("{kind} {}", part.number), |name| format!("{kind} {name}"))
    });
    let day = found.about.modified.map(|seconds| rfc3339(seconds).chars().take(10).collect::<String>());
    let parts: Vec<String> = found.title.clone().into_iter().chain(part).chain(day).collect();
    parts.join(", ")
}

/// Gives each passage what stands before and after it under the same headings, best passage first, as long as the prompt fits
/// into `most` tokens. What is given already is not given again. What was taken stays in `found`, and nothing else.
pub(super) fn widen(prompt: &mut Prompt, found: &mut [FoundPassage], most: usize) {
    let mut left = most.saturating_sub(prompt_tokens(prompt));
    let mut known: HashSet<String> = prompt.passages.iter().map(|passage| passage.text.clone()).collect();
    let mut taken = |text: Option<String>, is_same: bool| {
        let text = text.filter(|text| is_same && !known.contains(text))?;
        left = left.checked_sub(tokens(&text) + JOINT)?;
        known.insert(text.clone());
        Some(text)
    };
    for (given, found) in prompt.passages.iter_mut().zip(found) {
        let [is_before, is_after] = found.same_section;
        found.after = taken(found.after.take(), is_after);
        found.before = taken(found.before.take(), is_before);
        let whole = [found.before.as_ref(), Some(&given.text), found.after.as_ref()];
        given.text = whole.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n\n");
    }
}

#[cfg(test)]
mod tests {
    use message::Part;

    use super::*;
    use crate::gather;
    use crate::llm::Given;
    use crate::place::PassagePlace;

    fn found(text: &str, before: &str, after: &str) -> FoundPassage {
        FoundPassage {
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
            same_section: [true, true],
            ..gather::tests::found("a", text)
        }
    }

    fn prompt(found: &[FoundPassage]) -> Prompt {
        let given = |(number, found): (usize, &FoundPassage)| Given {
            number,
            text: found.text.clone(),
            document: "docs/a.md".to_owned(),
            ..Given::default()
        };
        Prompt {
            passages: (1..).zip(found).map(given).collect(),
            question: "?".to_owned(),
            ..Prompt::default()
        }
    }

    #[test]
    fn a_passage_is_given_with_its_neighbours_and_nothing_twice() {
        let mut hits =
            [found("two", "one", "three"), found("four", "three", "five"), found("one", "zero", "two")];
        let mut asked = prompt(&hits);
        widen(&mut asked, &mut hits, 10_000);
        let texts: Vec<&str> = asked.passages.iter().map(|given| given.text.as_str()).collect();
        assert_eq!(texts, ["two\n\nthree", "four\n\nfive", "zero\n\none"]);
        assert_eq!((hits[0].before.as_deref(), hits[0].after.as_deref()), (None, Some("three")));
    }

    #[test]
    fn what_stands_under_another_heading_or_does_not_fit_is_left_out() {
        let mut hits = [found("two", "one", "three")];
        hits[0].same_section = [false, true];
        let mut asked = prompt(&hits);
        widen(&mut asked, &mut hits, 10_000);
        assert_eq!(asked.passages[0].text, "two\n\nthree");
        let mut hits = [found("two", "one", &"three ".repeat(500))];
        let mut asked = prompt(&hits);
        let most = prompt_tokens(&asked) + 20;
        widen(&mut asked, &mut hits, most);
        assert_eq!(asked.passages[0].text, "one\n\ntwo");
        assert!(prompt_tokens(&asked) <= most);
    }

    #[test]
    fn where_a_passage_stands_is_told_as_far_as_it_is_known() {
        let mut one = gather::tests::found("a", "text");
        assert_eq!(about(&one), "");
        let part = Part { kind: PartKind::Page, number: 3, name: None, start: 0 };
        one.place = Some(PassagePlace { start: 0, end: 4, ordinal: 0, part: Some(part) });
        one.title = Some("Leave".to_owned());
        one.about.modified = Some(1_764_547_200);
        assert_eq!(about(&one), "Leave, page 3, 2025-12-01");
    }
}
