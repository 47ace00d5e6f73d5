//! Cuts documents, a JSON line each with `name` and `text` on standard input, by Millrace's splitter and by the crate
//! text-splitter, at the same limit in tokens of the same model: `quality BUNDLE LIMIT`. A JSON line for each document and
//! splitter comes out: byte ranges in the text that the document has when it is extracted, and that text.

use std::io::{BufRead as _, Write as _};
use std::ops::Range;
use std::path::Path;

use document::{Limits, Splitter, Tokens};
use message::DocumentId;
use model::{Bundle, Tokenizer};
use serde_json::{Value, json};
use text_splitter::{ChunkConfig, ChunkSizer, TextSplitter};

type Failure = Box<dyn std::error::Error>;

/// The model's tokens. Those of a passage are counted with prefix and special tokens, for both splitters.
struct Counted(Tokenizer);

impl Tokens for Counted {
    fn special(&self) -> usize {
        self.0.special()
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        self.0.offsets(text)
    }

    fn count(&self, text: &str) -> usize {
        self.0.count(text)
    }
}

impl ChunkSizer for &Counted {
    fn size(&self, chunk: &str) -> usize {
        self.0.count(chunk)
    }
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(limit)) = (arguments.next(), arguments.next()) else {
        return Err("usage: quality BUNDLE LIMIT < documents.jsonl".into());
    };
    let bundle = Bundle::open(Path::new(&folder))?;
    let max_tokens: usize = limit.parse()?;
    let limits = Limits { max_tokens, ..Limits::default() };
    let tokens = std::sync::Arc::new(Counted(Tokenizer::open(&bundle)?));
    let splitter = Splitter::new(std::sync::Arc::clone(&tokens), limits)?;
    let peer = TextSplitter::new(ChunkConfig::new(max_tokens).with_sizer(&*tokens));
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let document: Value = serde_json::from_str(&line?)?;
        let (Some(name), Some(text)) = (document["name"].as_str(), document["text"].as_str()) else {
            return Err("a document without name or text".into());
        };
        let extracted = document::extract(name, text.as_bytes())?;
        let ours = splitter.split(&DocumentId::new("quality", name)?, &extracted)?;
        let ours: Vec<Value> = ours
            .iter()
            .map(|split| {
                json!([split.start, split.end, message::embedded_text(&split.heading_path, &split.text)])
            })
            .collect();
        let theirs: Vec<Value> = peer
            .chunk_indices(&extracted.text)
            .map(|(start, chunk)| json!([start, start + chunk.len(), chunk]))
            .collect();
        for (splitter, chunks) in [("millrace", ours), ("text-splitter", theirs)] {
            let record =
                json!({"name": name, "splitter": splitter, "text": extracted.text, "chunks": chunks});
            writeln!(out, "{record}")?;
        }
    }
    Ok(())
}
