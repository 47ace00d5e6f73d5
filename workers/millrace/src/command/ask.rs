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

/// Whether something was found, and something is said about it: an older `serve` may say nothing.
pub(super) fn is_answered(answer: &Value) -> bool {
    let is_blank = answer["answer"].as_str().is_none_or(|text| text.trim().is_empty());
    answer["found"] == Value::Bool(true) && !is_blank
}

/// Prints an answer with its sources; where nothing answers, with the passages that come closest.
pub(super) fn print(answer: &Value) {
    for line in lines(answer) {
        show::line(&line);
    }
    show::note(&note(answer));
}

/// An answer and its sources, line by line.
fn lines(answer: &Value) -> Vec<String> {
    let mut lines = vec![answer["answer"].as_str().unwrap_or_default().to_owned()];
    lines.extend(sources(answer));
    lines
}

/// What follows an answer: its sources, or what comes closest where there is none.
pub(super) fn sources(answer: &Value) -> Vec<String> {
    let list = |name: &str| answer[name].as_array().into_iter().flatten();
    let mut sources: Vec<String> =
        list("citations").map(|source| format!("[{}] {}", source["number"], named(source))).collect();
    if answer["found"] == Value::Bool(false) {
        sources = list("closest").map(|source| format!("- {}", named(source))).collect();
        if !sources.is_empty() {
            sources.insert(0, "What comes closest:".to_owned());
        }
    }
    if !sources.is_empty() {
        sources.insert(0, String::new());
    }
    sources
}

/// What wrote an answer, how long it took, and what was left out or taken out.
pub(super) fn note(answer: &Value) -> String {
    let count = |name: &str| answer["passages"][name].as_u64().unwrap_or_default();
    let mut note = format!("{} in {} ms", answer["model"].as_str().unwrap_or_default(), answer["took_ms"]);
    let remarks = answer["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for remark in answer["condensed"]
        .as_str()
        .map(|text| format!("searched: {text}"))
        .into_iter()
        .chain(remarks.map(str::to_owned))
    {
        note = format!("{note}; {remark}");
    }
    if answer["found"] == Value::Bool(false) {
        return note;
    }
    if answer["model"] == "extractive" {
        return format!(
            "{note}: quoted from the passages, as no language model is connected (MILLRACE_BAILIAN_API_KEY, MILLRACE_OPENAI_URL)"
        );
    }
    note = format!("{note}, from {} passages", count("given"));
    if count("left_out") > 0 {
        note = format!("{note}; {} did not fit into the context", count("left_out"));
    }
    if answer["invented_citations"].as_u64().is_some_and(|invented| invented > 0) {
        note = format!("{note}; {} invented citations were taken out", answer["invented_citations"]);
    }
    note
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
    fn where_nothing_answers_the_closest_passages_are_named() {
        let closest = json!([{"document": "docs/a.md", "heading_path": ["Leave"], "number": 1}]);
        let (passages, text) = (json!({"given": 8, "found": 8}), "Nothing relevant was found.");
        let answer = json!({"answer": text, "found": false, "citations": [], "closest": closest,
            "model": "extractive", "took_ms": 12, "passages": passages});
        assert_eq!(lines(&answer), [text, "", "What comes closest:", "- docs/a.md, Leave"]);
        assert_eq!(note(&answer), "extractive in 12 ms");
        let answer = json!({"answer": "30 days [1]", "found": true, "citations": closest,
            "model": "extractive", "took_ms": 12, "passages": passages});
        assert_eq!(lines(&answer), ["30 days [1]", "", "[1] docs/a.md, Leave"]);
        assert!(note(&answer).starts_with("extractive in 12 ms: quoted from the passages"), "{answer}");
        let answer = json!({"answer": "30 days [1]", "found": true, "model": "qwen-plus", "took_ms": 12,
            "passages": passages, "condensed": "how many days?", "notes": ["cut"]});
        assert_eq!(note(&answer), "qwen-plus in 12 ms; searched: how many days?; cut, from 8 passages");
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
