//! `search QUESTION`.

use std::process::ExitCode;

use process::Failure;
use serde_json::Value;

use crate::ask::{Asking, Wanted};
use crate::cli::SearchArguments;
use crate::show;

/// Characters of a passage that are shown.
const SHOWN: usize = 240;

pub(super) async fn run(ask: SearchArguments) -> Result<ExitCode, Failure> {
    let question = ask.question.join(" ");
    let wanted = Wanted { mode: ask.mode, size: ask.size, fusion: None, prefix: None, per_document: None };
    let answer = Asking::new(&ask.serve)?.search(&question, &wanted).await?;
    let hits = hits(&answer);
    if ask.json {
        show::json(&answer)?;
    } else {
        for (place, hit) in (1..).zip(hits) {
            print(place, hit);
        }
        show::note(&format!("{} passages in {} ms, by {}", hits.len(), answer["took_ms"], ask.mode.name()));
    }
    Ok(if hits.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The passages that were found. Their number alone decides the exit code, with `--json` as without.
fn hits(answer: &Value) -> &[Value] {
    answer["hits"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn print(place: u32, hit: &Value) {
    let headings: Vec<&str> =
        hit["heading_path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let document = hit["document"].as_str().unwrap_or_default();
    let text = hit["text"].as_str().unwrap_or_default();
    let ranks: Vec<String> = [("words", "keyword_rank"), ("meaning", "vector_rank")]
        .iter()
        .filter_map(|(word, name)| Some(format!("{word} #{}", hit[*name].as_u64()?)))
        .collect();
    show::line(&format!(
        "{place}. {document}  ({:.4}  {})",
        hit["score"].as_f64().unwrap_or_default(),
        ranks.join(", ")
    ));
    if !headings.is_empty() {
        show::line(&format!("   {}", headings.join(" > ")));
    }
    show::line(&format!("   {}\n", shorten(text)));
}

fn shorten(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", flat.get(..end).unwrap_or(&flat)),
        None => flat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_passage_is_shortened_between_characters() {
        assert_eq!(shorten("a\n  b"), "a b");
        assert_eq!(shorten(&"好".repeat(300)).chars().count(), SHOWN + 1);
    }
}
