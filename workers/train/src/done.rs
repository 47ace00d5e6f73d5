//! `done.json`, which a trainer writes last: what it says of its output, and whether it may be believed. Pure.

use std::collections::BTreeMap;

use message::TrainingRun;
use model::Bundle;
use serde::Deserialize;

/// The file's name below the output.
pub const DONE: &str = "done.json";
/// The folder of the bundle below the output.
pub const BUNDLE: &str = "bundle/";
/// The file's largest size in bytes: it names some tens of files.
pub const LARGEST_DONE: u64 = 1 << 20;
/// The version of the file that this program reads.
const FORMAT: u32 = 1;
/// More files than a trainer writes, and few enough to be listed.
const MOST_FILES: usize = 256;

/// What `done.json` says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DoneReport {
    /// The version of the file.
    pub format: u32,
    /// The id of the run.
    pub token: String,
    /// The model's name, for people.
    pub name: String,
    /// The model's version, for people.
    pub version: String,
    /// The base's name, for people.
    pub base: String,
    /// The digest of the training data.
    pub data: String,
    /// Numbers in a vector.
    pub dimension: usize,
    /// SHA-256 of each file, in hex, by its path below the output.
    pub files: BTreeMap<String, String>,
    /// The scores on the questions that training looked at.
    pub dev: DevReport,
    /// How long it took.
    pub seconds: f64,
    /// Steps of the optimiser, of all seeds together.
    pub steps: u64,
}

/// Scores on the dev questions, higher is better.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DevReport {
    /// Of the base.
    pub base: DevScore,
    /// Of each seed's model.
    pub seeds: Vec<SeedScore>,
    /// Of the average of these.
    pub averaged: DevScore,
    /// The share of the average in what came out; the rest is the base.
    pub weight: f64,
    /// Of what came out.
    #[serde(rename = "ndcg@10")]
    pub ndcg: f64,
}

/// A model's score.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct DevScore {
    /// nDCG of the first ten passages, 0 to 1.
    #[serde(rename = "ndcg@10")]
    pub ndcg: f64,
}

/// The score of the model that one seed gave.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct SeedScore {
    /// The seed.
    pub seed: u64,
    /// nDCG of the first ten passages, 0 to 1.
    #[serde(rename = "ndcg@10")]
    pub ndcg: f64,
}

/// An output that must not be used; the words say why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trainer's output cannot be used: {0}")]
pub struct UnusableOutput(pub String);

impl DoneReport {
    /// Reads the file of `run`.
    ///
    /// # Errors
    /// When it is none of this format, of another run or other data, or names what no trainer writes.
    pub fn read(bytes: &[u8], run: &TrainingRun) -> Result<Self, UnusableOutput> {
        let report: Self = serde_json::from_slice(bytes).map_err(|error| {
            UnusableOutput(format!("{DONE} is not what this version of Millrace reads ({error})"))
        })?;
        match report.fault(run) {
            Some(fault) => Err(UnusableOutput(format!("{DONE} {fault}"))),
            None => Ok(report),
        }
    }

    fn fault(&self, run: &TrainingRun) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("has the format {}, and this version reads {FORMAT}", self.format));
        }
        if self.token != run.id {
            return Some(format!("is of the run {:?}, not of {}", self.token, run.id));
        }
        if run.data.as_ref() != Some(&self.data) {
            return Some(format!("names the training data {:?}, which is not that of the run", self.data));
        }
        if self.dimension == 0 || self.files.len() > MOST_FILES {
            let (dimension, files) = (self.dimension, self.files.len());
            return Some(format!("names {dimension} numbers in a vector and {files} files"));
        }
        let odd = |(path, digest): &(&String, &String)| !stays_below(path) || !Bundle::is_digest(digest);
        if let Some((path, digest)) = self.files.iter().find(odd) {
            return Some(format!("names the file {path:?} with the digest {digest:?}"));
        }
        let needed = [Bundle::MANIFEST, Bundle::GRAPH, Bundle::TOKENIZER];
        let missing = needed.iter().find(|name| !self.files.contains_key(&format!("{BUNDLE}{name}")));
        missing.map(|name| format!("does not name {BUNDLE}{name}"))
    }

    /// The files of the bundle by their names in it, with the SHA-256 of each.
    pub fn bundle(&self) -> impl Iterator<Item = (&str, &str)> {
        let inside =
            |(path, digest)| Some((String::as_str(path).strip_prefix(BUNDLE)?, String::as_str(digest)));
        self.files.iter().filter_map(inside).filter(|(name, _)| Bundle::is_plain(name))
    }
}

/// Whether a path names something below the folder that it is joined to: `../x` and `/x` would be elsewhere.
fn stays_below(path: &str) -> bool {
    path.split('/').all(Bundle::is_plain)
}

#[cfg(test)]
mod tests {
    use message::{Fingerprint, RunState};
    use serde_json::{Value, json};

    use super::*;

    fn run() -> TrainingRun {
        TrainingRun {
            id: "0123456789ab".to_owned(),
            index: "docs".to_owned(),
            trainer: "local".to_owned(),
            base: Fingerprint::of(&[("test", "base")]),
            data: Some("77ab01c2d3e4".to_owned()),
            job: None,
            output: None,
            model: None,
            state: RunState::Trained,
            stop: false,
            reason: None,
            outcome: None,
            since: 1,
            by: "train".to_owned(),
        }
    }

    fn whole() -> Value {
        let digest = "0f".repeat(32);
        json!({
            "format": 1, "token": "0123456789ab", "name": "ours", "version": "1", "base": "MiniLM",
            "data": "77ab01c2d3e4", "dimension": 8,
            "files": {
                "bundle/model.onnx": digest, "bundle/tokenizer.json": digest, "bundle/bundle.json": digest,
                "torchscript/model.pt": digest,
            },
            "dev": {
                "base": {"ndcg@10": 0.5}, "seeds": [{"seed": 1, "ndcg@10": 0.6}, {"seed": 2, "ndcg@10": 0.61}],
                "averaged": {"ndcg@10": 0.62}, "weight": 0.75, "ndcg@10": 0.63,
            },
            "seconds": 12.5, "steps": 40, "later": "a newer trainer says more",
        })
    }

    fn read(value: &Value) -> Result<DoneReport, UnusableOutput> {
        DoneReport::read(value.to_string().as_bytes(), &run())
    }

    #[test]
    fn what_a_trainer_writes_is_read() {
        let report = read(&whole()).unwrap();
        assert_eq!((report.dev.ndcg, report.dev.weight, report.dev.seeds.len()), (0.63, 0.75, 2));
        let names: Vec<&str> = report.bundle().map(|(name, _)| name).collect();
        assert_eq!(names, ["bundle.json", "model.onnx", "tokenizer.json"]);
    }

    #[test]
    fn what_is_not_of_this_run_or_leads_elsewhere_is_not_believed() {
        let digest = "0f".repeat(32);
        let edits: [(&str, &str, Value); 10] = [
            ("format", "format 2", json!(2)),
            ("token", "not of 0123456789ab", json!("ffffffffffff")),
            ("data", "not that of the run", json!("000000000000")),
            ("dimension", "0 numbers", json!(0)),
            ("files", "does not name bundle/", json!({})),
            ("files", "../x", json!({"../x": digest})),
            ("files", "/etc/x", json!({"/etc/x": digest})),
            ("files", "bundle/../../x", json!({"bundle/../../x": digest})),
            ("files", "\"short\"", json!({"bundle/model.onnx": "short"})),
            ("dev", "is not what", json!({"base": {"ndcg@10": null}})),
        ];
        for (field, words, value) in edits {
            let mut odd = whole();
            odd[field] = value;
            let error = read(&odd).unwrap_err().to_string();
            assert!(error.contains(words), "{field}: {error}");
        }
        // Python writes this where a loss was no number any more.
        let error = DoneReport::read(br#"{"format": 1, "dev": {"weight": NaN}}"#, &run()).unwrap_err();
        assert!(error.to_string().contains("is not what"), "{error}");
    }
}
