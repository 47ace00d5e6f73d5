//! The files of training data: what a trainer and a judge read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::plan::TrainingPlan;
use crate::split::DataSplit;

impl TrainingPlan {
    /// Every file but the manifest, by its name. `judged/` is a retrieval set in BEIR's layout, with the splits `dev` and
    /// `golden`.
    ///
    /// # Errors
    /// When a line cannot be written as JSON.
    pub fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, serde_json::Error> {
        let corpus = self.judged.corpus.iter();
        let corpus = lines(corpus.map(|one| json!({ "_id": one.id, "title": "", "text": one.text })))?;
        let asked = self.judged.questions.iter();
        let asked = lines(
            asked.map(|one| json!({ "_id": one.id, "text": one.text, "metadata": { "kind": one.kind } })),
        )?;
        let files = [
            ("train.jsonl", lines(self.pairs.iter())?),
            ("judged/corpus.jsonl", corpus),
            ("judged/queries.jsonl", asked),
            ("judged/qrels/dev.tsv", self.judgements(DataSplit::Dev)),
            ("judged/qrels/golden.tsv", self.judgements(DataSplit::Golden)),
        ];
        Ok(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
    }

    fn judgements(&self, split: DataSplit) -> Vec<u8> {
        let asked = self.judged.questions.iter().filter(|one| one.split == split);
        let rows = asked.flat_map(|one| one.relevant.iter().map(move |id| format!("{}\t{id}\t1\n", one.id)));
        let text: String = std::iter::once("query-id\tcorpus-id\tscore\n".to_owned()).chain(rows).collect();
        text.into_bytes()
    }
}

fn lines<T: Serialize>(all: impl Iterator<Item = T>) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    for one in all {
        serde_json::to_writer(&mut bytes, &one)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}
