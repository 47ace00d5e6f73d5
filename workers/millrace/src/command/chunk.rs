#![expect(clippy::disallowed_methods, reason = "edge: reads the files that are cut")]
//! `chunk FILE…`: needs no server.

use std::path::Path;
use std::process::ExitCode;

use document::extract;
use message::{ChunkId, DocumentId};
use model::Tokenizer;
use process::Failure;
use serde::Serialize;

use crate::cli::Chunk;
use crate::show;

/// Files have no bucket; ids are derived as if they were in one of this name.
const BUCKET: &str = "file";

pub(super) fn run(ask: &Chunk) -> Result<ExitCode, Failure> {
    let bundle = ask.model.open()?;
    let splitter = model::splitter(&bundle, Tokenizer::open(&bundle)?, ask.most_chunks)?;
    let mut refused = 0;
    for path in &ask.files {
        if let Err(failure) = cut(&splitter, path) {
            refused += 1;
            show::note(&format!("{}: {}", path.display(), process::chain(failure.as_ref())));
        }
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A chunk as it is printed: the fields in the order in which a person reads them.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a ChunkId,
    document: &'a DocumentId,
    ordinal: u32,
    heading_path: &'a [String],
    text: &'a str,
    tokens: u32,
    start: usize,
    end: usize,
}

fn cut(splitter: &model::ModelSplitter, path: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(path)?;
    let key = path.to_string_lossy();
    let document = DocumentId::new(BUCKET, key.trim_start_matches('/'))?;
    let extracted = extract(&key, &bytes)?;
    for split in splitter.split(&document, &extracted)? {
        show::json(&Line {
            id: &split.id,
            document: &document,
            ordinal: split.ordinal,
            heading_path: &split.heading_path,
            text: &split.text,
            tokens: split.tokens,
            start: split.start,
            end: split.end,
        })?;
    }
    Ok(())
}
