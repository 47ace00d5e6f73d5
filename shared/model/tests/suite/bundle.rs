//! Writes bundles for tests.
#![expect(clippy::disallowed_methods, reason = "edge: writes a bundle to a scratch folder")]

use std::error::Error;
use std::path::Path;

use model::Bundle;
use sha2::{Digest as _, Sha256};

pub(crate) type Tried = Result<(), Box<dyn Error>>;

/// A bundle with the tiny tokenizer (at most 64 tokens) and an invalid graph.
pub(crate) fn tiny_bundle(folder: &Path, prefixes: [&str; 2]) -> Result<Bundle, Box<dyn Error>> {
    bundle_of(folder, prefixes, (32, "sentence_embedding"), b"no graph")
}

/// Writes and opens a bundle with the tiny tokenizer and a graph with an output of this name and dimension.
pub(crate) fn bundle_of(
    folder: &Path,
    prefixes: [&str; 2],
    (dimension, output): (usize, &str),
    graph: &[u8],
) -> Result<Bundle, Box<dyn Error>> {
    let tokenizer = include_bytes!("../tiny/tokenizer.json").as_slice();
    let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let manifest = serde_json::json!({
        "name": "tiny", "version": "1", "dimension": dimension, "max_tokens": 64, "pooling": "mean",
        "normalise": dimension > 1, "output": output, "precision": "fp32",
        "prefixes": {"query": prefixes[0], "passage": prefixes[1]},
        "files": {Bundle::GRAPH: digest(graph), Bundle::TOKENIZER: digest(tokenizer)},
    });
    std::fs::write(folder.join(Bundle::GRAPH), graph)?;
    std::fs::write(folder.join(Bundle::TOKENIZER), tokenizer)?;
    std::fs::write(folder.join(Bundle::MANIFEST), manifest.to_string())?;
    Ok(Bundle::open(folder)?)
}
