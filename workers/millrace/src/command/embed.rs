#![expect(clippy::disallowed_types, reason = "edge: reads the texts that are embedded")]
//! `embed [FILE…]`: needs no server.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::ExitCode;

use model::{Backend, EncodeError, Encoder as _, Role};
use process::Failure;
use serde::Deserialize;
use serde_json::json;

use crate::cli::Embed;
use crate::show;

/// Texts per call of the encoder: enough to sort by length and fill batches, few enough to hold in memory.
const AT_ONCE: usize = 1024;

/// An input line that is a JSON object.
#[derive(Debug, Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    heading_path: Vec<String>,
}

pub(super) async fn run(ask: Embed) -> Result<ExitCode, Failure> {
    let bundle = ask.model.open()?;
    let encoder = Backend::open(&bundle, &ask.encoder)?;
    let role = if ask.query { Role::Query } else { Role::Passage };
    let mut waiting = Vec::new();
    let mut lines: Box<dyn Iterator<Item = std::io::Result<String>>> = if ask.files.is_empty() {
        Box::new(std::io::stdin().lock().lines())
    } else {
        let mut all: Vec<Box<dyn Iterator<Item = std::io::Result<String>>>> = Vec::new();
        for path in &ask.files {
            let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
            all.push(Box::new(BufReader::new(file).lines()));
        }
        Box::new(all.into_iter().flatten())
    };
    let mut number = 0_usize;
    loop {
        let line = lines.next().transpose()?;
        let ended = line.is_none();
        if let Some(line) = line.filter(|line| !line.trim().is_empty()) {
            waiting.push(text_of(&line));
        }
        if waiting.len() >= AT_ONCE || ended {
            flush(&encoder, role, &mut waiting, &mut number).await?;
        }
        if ended {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// The text to embed: the field `text` (with `heading_path`, as `millrace chunk` prints it) of a line that is a JSON
/// object, or else the line itself.
fn text_of(line: &str) -> String {
    match serde_json::from_str::<Line>(line) {
        Ok(object) => message::embedded_text(&object.heading_path, &object.text),
        Err(_) => line.to_owned(),
    }
}

async fn flush(
    encoder: &Backend,
    role: Role,
    waiting: &mut Vec<String>,
    number: &mut usize,
) -> Result<(), Failure> {
    let texts = std::mem::take(waiting);
    if texts.is_empty() {
        return Ok(());
    }
    let vectors = encoder.embed(texts.clone(), role).await.map_err(|error| match error {
        EncodeError::Text { position, fault } => {
            format!("line {}: {}", *number + position + 1, process::chain(&fault))
        }
        error @ (EncodeError::Shape { .. }
        | EncodeError::Run { .. }
        | EncodeError::Stalled { .. }
        | EncodeError::Stopped) => process::chain(&error),
    })?;
    *number += texts.len();
    for (text, vector) in texts.iter().zip(vectors) {
        show::json(&json!({ "text": text, "vector": vector }))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_text_or_json_with_text() {
        assert_eq!(text_of("plain {text}"), "plain {text}");
        assert_eq!(text_of(r#"{"text": "a", "id": 7}"#), "a");
        assert_eq!(text_of(r#"{"text": "a", "heading_path": ["H", "I"]}"#), "H > I\na");
        assert_eq!(text_of(r#"{"no": "text"}"#), r#"{"no": "text"}"#);
    }
}
