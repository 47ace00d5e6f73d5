#![expect(clippy::disallowed_methods, reason = "edge: reads the set's files")]
//! A retrieval set in BEIR's layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::UnusableFile;
use crate::score::Grades;

/// A document of the corpus.
#[derive(Clone, Debug, Deserialize)]
pub struct CorpusDocument {
    /// Its id in the set.
    #[serde(rename = "_id")]
    pub id: String,
    /// Its title; often empty.
    #[serde(default)]
    pub title: String,
    /// Its text.
    pub text: String,
}

#[derive(Debug, Deserialize)]
struct Query {
    #[serde(rename = "_id")]
    id: String,
    text: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    answers: Vec<String>,
}

/// A question of a set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgedQuestion {
    /// Its id in the set.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The answers that count as right, word for word from the documents; often none are given.
    pub answers: Vec<String>,
}

/// A set with the questions of one split.
#[derive(Debug)]
pub struct RetrievalSet {
    /// The corpus.
    pub corpus: Vec<CorpusDocument>,
    /// Questions with a judgment in the split, by id.
    pub questions: Vec<JudgedQuestion>,
    /// Judgments, by question.
    pub judged: BTreeMap<String, Grades>,
}

impl RetrievalSet {
    /// Reads the set in `dir`.
    ///
    /// # Errors
    /// When a file is missing or a line cannot be read, naming it.
    pub fn read(dir: &Path, split: &str) -> Result<Self, UnusableFile> {
        let corpus = lines(&dir.join("corpus.jsonl"))?;
        let queries: Vec<Query> = lines(&dir.join("queries.jsonl"))?;
        let path = dir.join("qrels").join(format!("{split}.tsv"));
        let text = std::fs::read_to_string(&path).map_err(|error| UnusableFile::new(&path, &error))?;
        let wrong = |line| UnusableFile::new(&path, &format!("line {line} is not query, document, grade"));
        let judged = judgments(&text).map_err(wrong)?;
        let mut questions: Vec<JudgedQuestion> = queries
            .into_iter()
            .filter(|query| judged.contains_key(&query.id))
            .map(|query| JudgedQuestion { id: query.id, text: query.text, answers: query.metadata.answers })
            .collect();
        questions.sort();
        if questions.is_empty() {
            return Err(UnusableFile::new(&path, &"it judges none of the questions"));
        }
        Ok(Self { corpus, questions, judged })
    }
}

fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, UnusableFile> {
    let text = std::fs::read_to_string(path).map_err(|error| UnusableFile::new(path, &error))?;
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| UnusableFile::new(path, &format!("line {number}: {error}")))
    };
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
}

/// Judgments of a qrels file, its heading left out; grades of 0 are no relevance. The error is a line's number.
fn judgments(text: &str) -> Result<BTreeMap<String, Grades>, usize> {
    let mut judged: BTreeMap<String, Grades> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [query, document, grade] = fields.as_slice() else { return Err(number) };
        let grade: u32 = grade.parse().map_err(|_| number)?;
        if grade > 0 {
            judged.entry((*query).to_owned()).or_default().insert((*document).to_owned(), grade);
        }
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgments_are_read_without_heading_and_zeros() {
        let judged = judgments("query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n2\tc\t1\n\n").unwrap();
        assert_eq!(judged["1"], Grades::from([("a".to_owned(), 2)]));
        assert_eq!(judged.len(), 2);
        assert_eq!(judgments("h\n1\ta\t1\nnonsense"), Err(3));
    }
}
