//! Graphs, and what the files beside them say, for tests.

use serde_json::json;

use super::hugging::{HuggingFiles, ModuleFolders, SaidModel, said_of};
use super::pooling::{FLOAT, INT64, PoolingMode, node, value};
use super::wire::MessageBytes;
use crate::cli::ImportChoices;

/// A graph with these parts; none of its outputs is computed unless a node is added that does.
#[derive(Clone, Debug, Default)]
pub(super) struct MadeGraph {
    graph: MessageBytes,
}

impl MadeGraph {
    /// As sentence-transformers has that of all-MiniLM-L6-v2: a vector of 384 numbers for each token.
    pub(super) fn minilm() -> Self {
        Self::texts(&["input_ids", "attention_mask", "token_type_ids"]).output(
            "last_hidden_state",
            FLOAT,
            &[None, None, Some(384)],
        )
    }

    /// A graph with these inputs of tokens.
    pub(super) fn texts(names: &[&str]) -> Self {
        names.iter().fold(Self::default(), |graph, name| graph.input(name, INT64, &[None, None]))
    }

    /// One that gives each token its row of `table`, whose rows have `width` numbers, and says that they have `said`.
    pub(super) fn of_table(table: &[f32], width: u64, said: Option<u64>) -> Self {
        let raw: Vec<u8> = table.iter().flat_map(|number| number.to_le_bytes()).collect();
        let rows = table.len() as u64 / width;
        let words = MessageBytes::default().number(1, rows).number(1, width).number(2, FLOAT);
        let words = words.text(8, "words").bytes(9, &raw);
        let looked_up = node("Gather", &["words", "input_ids"], "last_hidden_state", None);
        let Self { graph } = Self::texts(&["input_ids", "attention_mask"]).weights(&words);
        Self { graph: graph.message(1, &looked_up) }.output("last_hidden_state", FLOAT, &[None, None, said])
    }

    /// With an input.
    pub(super) fn input(self, name: &str, kind: u64, shape: &[Option<u64>]) -> Self {
        Self { graph: self.graph.message(11, &value(name, kind, shape)) }
    }

    /// With an output.
    pub(super) fn output(self, name: &str, kind: u64, shape: &[Option<u64>]) -> Self {
        Self { graph: self.graph.message(12, &value(name, kind, shape)) }
    }

    /// With a weight.
    pub(super) fn weights(self, tensor: &MessageBytes) -> Self {
        Self { graph: self.graph.message(5, tensor) }
    }

    /// The file.
    pub(super) fn bytes(self) -> Vec<u8> {
        let operators = MessageBytes::default().text(1, "").number(2, 17);
        let named = self.graph.text(2, "made");
        MessageBytes::default().number(1, 8).message(8, &operators).message(7, &named).done()
    }
}

/// A weight without its numbers, which stand in `file` if one is named.
pub(super) fn tensor(name: &str, kind: u64, shape: &[u64], file: Option<&str>) -> MessageBytes {
    let tensor = shape.iter().fold(MessageBytes::default(), |tensor, length| tensor.number(1, *length));
    let tensor = tensor.number(2, kind).text(8, name);
    let Some(file) = file else { return tensor };
    let entry = |key: &str, value: &str| MessageBytes::default().text(1, key).text(2, value);
    tensor.message(13, &entry("location", file)).message(13, &entry("offset", "0")).number(14, 1)
}

/// What the files of a model of this dimension say, without a normalisation.
pub(super) fn made_said(dimension: usize, pooling: PoolingMode) -> SaidModel {
    let files = HuggingFiles {
        config: json!({"hidden_size": dimension, "max_position_embeddings": 512}),
        pooling: json!({"pooling_mode": pooling.word()}),
        ..HuggingFiles::default()
    };
    said_of(&ModuleFolders::default(), &files, "made", &ImportChoices::default()).unwrap()
}
