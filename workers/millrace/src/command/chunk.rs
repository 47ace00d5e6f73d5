//! `chunk FILE…`: needs no server.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use document::{Extracted, Split};
use message::{ChunkId, DocumentId, Part};
use model::{ModelSplitter, Tokenizer};
use process::Failure;
use serde::Serialize;

use crate::cli::ChunkArguments;
use crate::place::{Place, Places};
use crate::{reading, show};

/// Files have no bucket; their ids are derived as if they were in a bucket of this name.
const BUCKET: &str = "file";

pub(super) async fn run(ask: &ChunkArguments) -> Result<ExitCode, Failure> {
    let bundle = ask.model.open()?;
    let splitter = Arc::new(model::splitter(&bundle, Tokenizer::open(&bundle)?, ask.most_chunks)?);
    let cut = move |path: &Path, extracted| cut(&splitter, path, extracted);
    reading::each(&ask.reading, "cutting", cut, |cut| print(&cut)).await
}

/// A file that was cut into passages.
struct Cut {
    document: DocumentId,
    parts: Vec<Part>,
    splits: Vec<Split>,
}

fn cut(splitter: &ModelSplitter, path: &Path, extracted: Extracted) -> Result<Cut, Failure> {
    let key = path.to_string_lossy();
    let document = DocumentId::new(BUCKET, key.trim_start_matches('/'))?;
    let splits = splitter.split(&document, &extracted)?;
    Ok(Cut { document, parts: extracted.parts, splits })
}

/// A chunk as it is printed; the fields are ordered for human readers.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a ChunkId,
    document: &'a DocumentId,
    ordinal: u32,
    heading_path: &'a [String],
    text: &'a str,
    tokens: u32,
    /// Bytes at the beginning of the text that repeat a table's header; the rest is the document's text from `start` to
    /// `end`.
    #[serde(skip_serializing_if = "is_zero")]
    repeated: usize,
    start: usize,
    end: usize,
    #[serde(flatten)]
    place: Place<'a>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn print(cut: &Cut) -> Result<(), Failure> {
    let mut places = Places::new(&cut.parts);
    for split in &cut.splits {
        show::json(&Line {
            id: &split.id,
            document: &cut.document,
            ordinal: split.ordinal,
            heading_path: &split.heading_path,
            text: &split.text,
            tokens: split.tokens,
            repeated: split.repeated,
            start: split.start,
            end: split.end,
            place: places.at(split.start),
        })?;
    }
    Ok(())
}
