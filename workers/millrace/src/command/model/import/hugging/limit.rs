//! How many tokens a text may have. Pure.

use serde_json::Value;

use super::HuggingFiles;

/// Kinds of models (`model_type`) whose positions begin behind that of the padding token: `max_position_embeddings` is that much
/// more than they take. A longer text would be looked up behind the table's end.
const OFFSET: [&str; 13] = [
    "camembert",
    "data2vec-text",
    "esm",
    "ibert",
    "lilt",
    "longformer",
    "luke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
];

/// The most tokens, special ones and the prefix included: what was asked for, or what the model says, and never more than it has
/// positions.
pub(super) fn most_tokens(files: &HuggingFiles, asked: Option<u32>) -> Result<usize, String> {
    let positions = Positions::of(&files.config);
    let tokens = match asked {
        Some(asked) => {
            let asked = u64::from(asked);
            match &positions {
                Some(positions) if asked > positions.usable => return Err(positions.refused(asked)),
                _ => asked,
            }
        }
        None => stated(files).into_iter().chain(positions.map(|positions| positions.usable)).min().ok_or_else(|| {
            "neither config.json (max_position_embeddings) nor sentence_bert_config.json (max_seq_length) says how many tokens it \
             takes: give --max-tokens"
                .to_owned()
        })?,
    };
    usize::try_from(tokens).ok().filter(|&tokens| tokens > 0).ok_or_else(|| {
        "its files say that it takes no tokens at all: give --max-tokens, or fetch the model again".to_owned()
    })
}

/// What the model says that it takes: newer releases of sentence-transformers leave it to the tokenizer.
fn stated(files: &HuggingFiles) -> Option<u64> {
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64);
    // A tokenizer without a limit has 1e30, which is no whole number here.
    number(&files.lengths, "max_seq_length").or_else(|| number(&files.tokenizer_config, "model_max_length"))
}

struct Positions<'a> {
    kind: &'a str,
    /// The rows of the table.
    table: u64,
    /// Those that a text can use.
    usable: u64,
}

impl<'a> Positions<'a> {
    fn of(config: &'a Value) -> Option<Self> {
        let number = |key: &str| config.get(key).and_then(Value::as_u64);
        // Models without such a table say -1 or nothing.
        let table = number("max_position_embeddings").or_else(|| number("n_positions"))?;
        let kind = config.get("model_type").and_then(Value::as_str).unwrap_or_default();
        let unused =
            if OFFSET.contains(&kind) { number("pad_token_id").unwrap_or(1).saturating_add(1) } else { 0 };
        Some(Self { kind, table, usable: table.saturating_sub(unused) })
    }

    fn refused(&self, asked: u64) -> String {
        let Self { kind, table, usable } = self;
        let why = if table == usable {
            "max_position_embeddings in config.json".to_owned()
        } else {
            format!(
                "max_position_embeddings in config.json is {table}, of which a model of the kind {kind} leaves {} unused",
                table - usable
            )
        };
        format!(
            "--max-tokens is {asked}, and its positions allow {usable} ({why}): ask for no more than that"
        )
    }
}
