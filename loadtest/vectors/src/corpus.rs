//! What is measured with, in two files of a folder: the passages, as `vectors.<space>` has them, and the questions. One JSON
//! object a line. An edge.

use std::io::SeekFrom;
use std::path::Path;

use eval::score::Grades;
use message::Vector;
use process::Failure;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufReader, BufWriter};

/// The file of passages.
pub(crate) const PASSAGES: &str = "passages.jsonl";
/// The file of questions.
pub(crate) const QUESTIONS: &str = "questions.jsonl";

/// A question with what is known of its answers.
#[derive(Serialize, Deserialize)]
pub(crate) struct Question {
    /// What the keys of the documents of its set begin with; only these are judged.
    pub(crate) set: String,
    /// Its vector.
    pub(crate) vector: Vector,
    /// Judgments, by the document's key.
    pub(crate) grades: Grades,
    /// The cosine of the last of the ten nearest passages: a passage that is as near is one of them.
    pub(crate) tenth: f32,
    /// The documents of the nearest passages, nearest first, each as often as it has one.
    pub(crate) nearest: Vec<String>,
}

/// Writes a file line by line.
pub(crate) struct Writer(BufWriter<File>);

/// Reads a file line by line.
pub(crate) struct Lines(tokio::io::Lines<BufReader<File>>);

impl Writer {
    pub(crate) async fn create(folder: &Path, name: &str) -> Result<Self, Failure> {
        tokio::fs::create_dir_all(folder).await?;
        Ok(Self(BufWriter::with_capacity(1 << 20, File::create(folder.join(name)).await?)))
    }

    /// Writes on behind the first bytes of a file that is there; what stands behind them is cut off.
    pub(crate) async fn behind(bytes: u64, folder: &Path, name: &str) -> Result<Self, Failure> {
        if bytes == 0 {
            return Self::create(folder, name).await;
        }
        let mut file = File::options().write(true).open(folder.join(name)).await?;
        file.set_len(bytes).await?;
        file.seek(SeekFrom::End(0)).await?;
        Ok(Self(BufWriter::with_capacity(1 << 20, file)))
    }

    pub(crate) async fn add(&mut self, item: &impl Serialize) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(item)?;
        line.push(b'\n');
        Ok(self.0.write_all(&line).await?)
    }

    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        Ok(self.0.flush().await?)
    }
}

impl Lines {
    pub(crate) async fn open(folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = folder.join(name);
        let file = File::open(&path).await.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(BufReader::with_capacity(1 << 20, file).lines()))
    }

    /// The next item; none after the last.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Failure> {
        match self.0.next_line().await? {
            Some(line) => Ok(Some(serde_json::from_str(&line)?)),
            None => Ok(None),
        }
    }
}

/// The items of a file whose writer was ended amid it, each with the bytes up to its end: as far as lines are whole. None where
/// there is no file.
pub(crate) async fn begun<T: DeserializeOwned>(folder: &Path, name: &str) -> Vec<(T, u64)> {
    let Ok(Lines(mut lines)) = Lines::open(folder, name).await else { return Vec::new() };
    let whole = tokio::fs::metadata(folder.join(name)).await.map_or(0, |metadata| metadata.len());
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Ok(Some(line)) = lines.next_line().await
        && bytes + (line.len() as u64) < whole
        && let Ok(item) = serde_json::from_str(&line)
    {
        bytes += line.len() as u64 + 1;
        items.push((item, bytes));
    }
    items
}

/// All questions.
pub(crate) async fn questions(folder: &Path) -> Result<Vec<Question>, Failure> {
    let (mut lines, mut all) = (Lines::open(folder, QUESTIONS).await?, Vec::new());
    while let Some(question) = lines.next().await? {
        all.push(question);
    }
    Ok(all)
}
