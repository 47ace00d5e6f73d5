//! `ask QUESTION`.

use std::process::ExitCode;

use process::Failure;
use serde_json::Value;

use crate::ask::Asking;
use crate::cli::AskQuestion;
use crate::show;

pub(super) async fn run(ask: AskQuestion) -> Result<ExitCode, Failure> {
    let question = ask.question.join(" ");
    let answer = Asking::new(&ask.serve)?.ask(&question, &ask.application).await?;
    if ask.json {
        show::json(&answer)?;
    } else {
        print(&answer);
    }
    Ok(if is_answered(&answer) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether something was found, and something is said about it: a model may write nothing.
pub(super) fn is_answered(answer: &Value) -> bool {
    answer["found"] == Value::Bool(true) && !is_blank(answer)
}

fn is_blank(answer: &Value) -> bool {
    answer["answer"].as_str().is_none_or(|text| text.trim().is_empty())
}

/// Prints an answer with its sources.
pub(super) fn print(answer: &Value) {
    if is_blank(answer) {
        show::note("the answer is empty: try other words, or `millrace search` for the passages themselves");
    } else {
        show::line(answer["answer"].as_str().unwrap_or_default());
    }
    let sources = answer["citations"].as_array().into_iter().flatten();
    for (place, source) in sources.enumerate() {
        if place == 0 {
            show::line("");
        }
        show::line(&format!("[{}] {}", source["number"], named(source)));
    }
    let count = |name: &str| answer["passages"][name].as_u64().unwrap_or_default();
    let mut note = format!(
        "{} in {} ms, from {} passages",
        answer["model"].as_str().unwrap_or_default(),
        answer["took_ms"],
        count("given")
    );
    if count("left_out") > 0 {
        note = format!("{note}; {} did not fit into the context", count("left_out"));
    }
    if answer["invented_citations"].as_u64().is_some_and(|invented| invented > 0) {
        note = format!("{note}; {} invented citations were taken out", answer["invented_citations"]);
    }
    show::note(&note);
}

/// A source as people find it: document, part, headings.
fn named(source: &Value) -> String {
    let mut words = vec![source["document"].as_str().unwrap_or_default().to_owned()];
    if let Some(part) = source.get("part").filter(|part| part.is_object()) {
        let name = part["name"].as_str().map(|name| format!(" {name}")).unwrap_or_default();
        words.push(format!("{} {}{name}", part["kind"].as_str().unwrap_or_default(), part["number"]));
    }
    let headings: Vec<&str> =
        source["heading_path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !headings.is_empty() {
        words.push(headings.join(" > "));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_says_something_about_what_was_found() {
        for (answer, answered) in [
            (json!({"found": true, "answer": "30 days [1]"}), true),
            (json!({"found": true, "answer": " \n"}), false),
            (json!({"found": true}), false),
            (json!({"found": false, "answer": "Nothing was found."}), false),
            (json!({"answer": "30 days"}), false),
        ] {
            assert_eq!(is_answered(&answer), answered, "{answer}");
        }
    }

    #[test]
    fn a_source_is_named_as_people_find_it() {
        let source = json!({
            "document": "docs/a.pdf", "heading_path": ["A", "B"], "part": {"kind": "sheet", "number": 2, "name": "Q3"},
        });
        assert_eq!(named(&source), "docs/a.pdf, sheet 2 Q3, A > B");
        assert_eq!(named(&json!({"document": "docs/a.md", "heading_path": []})), "docs/a.md");
    }
}
