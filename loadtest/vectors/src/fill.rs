//! Writes all passages to an index, as the workers do: in bulk, several requests at a time, every answer checked. An edge.

use std::path::Path;

use generation::Target;
use message::{Embedded, EmbeddedChunk};
use process::Failure;
use serde_json::{Value, json};
use sink::{Action, Engine, ItemAnswer, Reader as _, Sink as _, Written, action_of};
use stream::Boottime;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::corpus::{Lines, PASSAGES};

/// Passages of a batch.
const BATCH: usize = 500;
/// Batches at a time: as many as a small installation has partitions.
const AT_ONCE: usize = 4;

pub(crate) async fn fill(folder: &Path, engine: &Engine) -> Result<Value, Failure> {
    engine.ensure().await?;
    let mut lines = Lines::open(folder, PASSAGES).await?;
    let (mut writing, mut passages) = (JoinSet::new(), 0);
    let begun = Instant::now();
    loop {
        let batch = batch(&mut lines, engine).await?;
        if batch.is_empty() {
            break;
        }
        passages += batch.len();
        if writing.len() >= AT_ONCE {
            done(writing.join_next().await.transpose()?)?;
        }
        let engine = engine.clone();
        writing.spawn(async move { engine.write(batch, Boottime::now()).await });
    }
    while let Some(written) = writing.join_next().await {
        done(Some(written?))?;
    }
    let seconds = begun.elapsed().as_secs();
    engine.refresh().await?;
    let held = engine.count(Target::Chunks).await?;
    if usize::try_from(held) != Ok(passages) {
        return Err(format!("{passages} passages were written, and the index holds {held}").into());
    }
    let index = engine.names().physical(Target::Chunks);
    Ok(json!({"index": index, "passages": passages, "fill_seconds": seconds}))
}

async fn batch(lines: &mut Lines, engine: &Engine) -> Result<Vec<Action>, Failure> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH
        && let Some(passage) = lines.next::<EmbeddedChunk>().await?
    {
        batch.push(action_of(&Embedded::Chunk(passage), engine.names().space())?);
    }
    Ok(batch)
}

/// Fails unless every passage was taken.
fn done(written: Option<Written>) -> Result<(), Failure> {
    let answers = written.map(|written| written.answers).unwrap_or_default();
    match answers.iter().find(|answer| **answer != ItemAnswer::Done) {
        Some(answer) => Err(format!("a passage was not written: {answer:?}").into()),
        None => Ok(()),
    }
}
