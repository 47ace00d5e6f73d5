#![expect(clippy::disallowed_methods, reason = "edge: reads the set's files")]
//! A retrieval set in BEIR's layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use process::Failure;
use serde::Deserialize;

/// A document of the corpus.
#[derive(Clone, Debug, Deserialize)]
pub struct Document {
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
pub struct Asked {
    /// Its id in the set.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The answers that count as right, word for word from the documents; often none are given.
    pub answers: Vec<String>,
}

/// Grades of relevant documents, by document.
pub type Grades = HashMap<String, u32>;

/// A set with the questions of one split.
#[derive(Debug)]
pub struct Set {
    /// The corpus.
    pub corpus: Vec<Document>,
    /// Questions with a judgment in the split, by id.
    pub questions: Vec<Asked>,
    /// Judgments, by question.
    pub judged: BTreeMap<String, Grades>,
}

impl Set {
    /// Reads the set in `dir`.
    ///
    /// # Errors
    /// When a file is missing or a line cannot be read, naming it.
    pub fn read(dir: &Path, split: &str) -> Result<Self, Failure> {
        let corpus = lines(&dir.join("corpus.jsonl"))?;
        let queries: Vec<Query> = lines(&dir.join("queries.jsonl"))?;
        let path = dir.join("qrels").join(format!("{split}.tsv"));
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let judged = judgments(&text)
            .map_err(|line| format!("{}: line {line} is not query, document, grade", path.display()))?;
        let mut questions: Vec<Asked> = queries
            .into_iter()
            .filter(|query| judged.contains_key(&query.id))
            .map(|query| Asked { id: query.id, text: query.text, answers: query.metadata.answers })
            .collect();
        questions.sort();
        if questions.is_empty() {
            return Err(format!("{} judges none of the questions", path.display()).into());
        }
        Ok(Self { corpus, questions, judged })
    }
}

fn lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| format!("{}: line {number}: {error}", path.display()).into())
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
