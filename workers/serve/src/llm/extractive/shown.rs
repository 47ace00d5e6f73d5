//! Quotations as the text of an answer: a little Markdown, each with its citation. Pure.

use super::candidate::Candidate;
use super::quote::Form;

/// The text of an answer. Sentences of one passage that follow each other are one paragraph; all else stands apart.
pub(super) fn shown(quotations: &[&Candidate]) -> String {
    let mut text = String::new();
    let mut before: Option<&Candidate> = None;
    for one in quotations {
        let is_sentence = |one: &Candidate| one.quote.form == Form::Sentence;
        let goes_on = before.is_some_and(|before| is_sentence(before) && is_sentence(one));
        if before.is_some() {
            text.push_str(if goes_on { " " } else { "\n\n" });
        }
        text.push_str(&cited(one));
        before = Some(one);
    }
    text
}

fn cited(one: &Candidate) -> String {
    let number = one.number;
    match &one.quote.form {
        Form::Sentence | Form::Line => format!("{} [{number}]", one.quote.text),
        Form::Code(code) => format!("```\n{code}\n```\n[{number}]"),
        Form::List { introduction, items, is_numbered } => {
            let introduction = introduction.iter().map(|line| format!("{line} [{number}]"));
            let items = items.iter().enumerate().map(|(place, item)| {
                let mark = if *is_numbered { format!("{}.", place + 1) } else { "-".to_owned() };
                format!("{mark} {item} [{number}]")
            });
            introduction.chain(items).collect::<Vec<_>>().join("\n")
        }
    }
}
