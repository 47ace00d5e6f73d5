#![expect(clippy::print_stderr, reason = "edge: embedding takes minutes, and says how far it is")]
//! Real passages and questions: documents are cut by the product's splitter and embedded by its encoder, as `chunk` and
//! `embed` do.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use document::Limits;
use eval::beir::{CorpusDocument, RetrievalSet};
use message::{About, Chunk, DocumentId, EmbeddedChunk, Vector, Version};
use model::{Backend, Bundle, Encoder as _, ModelSplitter, Role, Tokenizer};
use process::Failure;
use serde_json::{Value, json};

use crate::corpus::{self, PASSAGES, QUESTIONS, Question, Writer};
use crate::exact::{self, NEAREST};

/// Texts that are embedded at once.
const AT_ONCE: usize = 2_048;

/// What embeds.
type Model<'a> = (&'a Bundle, &'a Backend);

/// The vectors of the passages, and the keys of their documents, in order.
#[derive(Default)]
struct Passages {
    vectors: Vec<Vec<f32>>,
    keys: Vec<String>,
}

pub(crate) async fn prepare(folder: &Path, sets: &[PathBuf], model: Model<'_>) -> Result<Value, Failure> {
    let sets: Vec<(String, RetrievalSet)> = sets.iter().map(|set| read(set)).collect::<Result<_, _>>()?;
    let chunks = cut(&sets, model.0)?;
    let passages = embed(folder, chunks, model).await?;
    let questions = ask(folder, &sets, &passages, model).await?;
    Ok(json!({"passages": passages.keys.len(), "questions": questions}))
}

/// A set with its name, and the questions of its test split or, where there is none, its dev split.
fn read(folder: &Path) -> Result<(String, RetrievalSet), Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let split = if folder.join("qrels/test.tsv").exists() { "test" } else { "dev" };
    Ok((name, RetrievalSet::read(folder, split)?))
}

/// The key of a document, which begins with its set.
fn key(set: &str, id: &str) -> String {
    format!("{set}/{id}.txt")
}

fn cut(sets: &[(String, RetrievalSet)], bundle: &Bundle) -> Result<Vec<Chunk>, Failure> {
    let splitter = model::splitter(bundle, Tokenizer::open(bundle)?, Limits::default().max_chunks)?;
    let mut chunks = Vec::new();
    for (set, RetrievalSet { corpus, .. }) in sets {
        for document in corpus {
            chunks.extend(passages_of(set, document, &splitter)?);
        }
    }
    Ok(chunks)
}

fn passages_of(
    set: &str,
    document: &CorpusDocument,
    splitter: &ModelSplitter,
) -> Result<Vec<Chunk>, Failure> {
    let id = DocumentId::new("documents", &key(set, &document.id))?;
    let text = format!("{}\n\n{}", document.title, document.text).trim().to_owned();
    let extracted = document::extract(id.key(), text.as_bytes())?;
    let splits = splitter.split(&id, &extracted)?;
    let about = About { language: extracted.language, format: Some(extracted.format), modified: None };
    let chunk = |split: document::Split| Chunk {
        id: split.id,
        document: id.clone(),
        version: Version::first(1),
        heading_path: split.heading_path,
        text: split.text,
        tokens: split.tokens,
        about: about.clone(),
    };
    Ok(splits.into_iter().map(chunk).collect())
}

/// Embeds the passages, and writes them with their vectors. Those that an earlier run embedded and wrote are kept, if it was
/// ended amid it.
async fn embed(folder: &Path, chunks: Vec<Chunk>, (bundle, encoder): Model<'_>) -> Result<Passages, Failure> {
    let space = encoder.space(&model::chunking(bundle));
    let mut passages = Passages::default();
    let whole = chunks.len();
    let mut chunks = chunks.into_iter().peekable();
    let mut bytes = 0;
    for (EmbeddedChunk { chunk, space: of, vector }, end) in corpus::begun(folder, PASSAGES).await {
        if of != space || chunks.next_if_eq(&chunk).is_none() {
            break;
        }
        passages.vectors.push(vector.0);
        passages.keys.push(chunk.document.key().to_owned());
        bytes = end;
    }
    let mut file = Writer::behind(bytes, folder, PASSAGES).await?;
    while chunks.peek().is_some() {
        let part: Vec<Chunk> = chunks.by_ref().take(AT_ONCE).collect();
        let texts = part.iter().map(Chunk::embedded_text).collect();
        let vectors = encoder.embed(texts, Role::Passage).await?;
        for (chunk, vector) in part.into_iter().zip(vectors) {
            passages.vectors.push(vector.clone());
            passages.keys.push(chunk.document.key().to_owned());
            file.add(&EmbeddedChunk { chunk, space: space.clone(), vector: Vector(vector) }).await?;
        }
        eprintln!("embedded {} of {whole} passages", passages.keys.len());
    }
    file.end().await?;
    Ok(passages)
}

/// Embeds the questions, and writes them with their exact neighbours. How many there are.
async fn ask(
    folder: &Path,
    sets: &[(String, RetrievalSet)],
    passages: &Passages,
    (_, encoder): Model<'_>,
) -> Result<usize, Failure> {
    let mut file = Writer::create(folder, QUESTIONS).await?;
    let mut written = 0;
    for (set, RetrievalSet { questions, judged, .. }) in sets {
        let texts = questions.iter().map(|asked| asked.text.clone()).collect();
        // A question that is too long for the model is left out: `serve` would refuse it.
        let vectors = encoder.embed_each(texts, Role::Query).await?;
        for (asked, vector) in questions.iter().zip(vectors) {
            let Ok(vector) = vector else { continue };
            let nearest = exact::nearest(&vector, &passages.vectors);
            let grades = judged.get(&asked.id).cloned().unwrap_or_default();
            let grades: HashMap<String, u32> =
                grades.into_iter().map(|(id, grade)| (key(set, &id), grade)).collect();
            let tenth = nearest.get(NEAREST - 1).ok_or("there are too few passages")?.1;
            let nearest = nearest.into_iter().map(|(place, _)| passages.keys[place].clone()).collect();
            let question =
                Question { set: format!("{set}/"), vector: Vector(vector), grades, tenth, nearest };
            file.add(&question).await?;
            written += 1;
        }
    }
    file.end().await?;
    Ok(written)
}
