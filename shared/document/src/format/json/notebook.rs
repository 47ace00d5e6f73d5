//! Jupyter notebooks: cells of Markdown and code, and the output of the code.

use serde::Deserialize;
use serde_json::Value;

use super::super::markdown;
use crate::composer::Composer;
use crate::{BlockKind, Extracted, Refusal};

#[derive(Deserialize)]
struct Notebook {
    #[expect(dead_code, reason = "it is what tells a notebook from other JSON")]
    nbformat: u64,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(rename = "cell_type")]
    kind: String,
    source: Text,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    text: Option<Text>,
    #[serde(default)]
    data: Value,
}

/// Lines, as one string or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    One(String),
    Many(Vec<String>),
}

impl Text {
    fn into_string(self) -> String {
        let text = match self {
            Self::One(text) => text,
            Self::Many(lines) => lines.concat(),
        };
        text.replace('\0', "\u{fffd}")
    }
}

/// Reads JSON as a notebook; none when it is not one.
pub(super) fn read(json: &str) -> Result<Option<Extracted>, Refusal> {
    let may_be = json.contains("\"nbformat\"") && json.contains("\"cells\"");
    let Some(notebook) = may_be.then(|| serde_json::from_str::<Notebook>(json).ok()).flatten() else {
        return Ok(None);
    };
    let mut composer = Composer::new();
    for cell in notebook.cells {
        let source = cell.source.into_string();
        if cell.kind == "markdown" {
            composer = markdown::read(composer, &source)?;
        } else {
            composer.block(BlockKind::Code, &source);
        }
        for output in cell.outputs {
            composer.block(BlockKind::Code, &printed(output));
        }
    }
    Ok(Some(composer.finish("jupyter")))
}

/// The text of an output.
fn printed(mut output: Output) -> String {
    let plain = output.data.get_mut("text/plain").map(Value::take);
    let plain = plain.and_then(|plain| serde_json::from_value(plain).ok());
    output.text.or(plain).map(Text::into_string).unwrap_or_default()
}
