//! `done.json` of a run: what the trainer says of its output, and whether it is of this run. Pure.

use eval::finished::FinishedTraining;
use message::TrainingRun;

/// The file's largest size in bytes: it names some tens of files.
pub const LARGEST_DONE: u64 = 1 << 20;

/// An output that must not be used; the words say why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trainer's output cannot be used: {0}")]
pub struct UnusableOutput(pub String);

/// Reads `done.json` of `run`.
///
/// # Errors
/// When it is none, or of another run or other data.
pub fn read_done(bytes: &[u8], run: &TrainingRun) -> Result<FinishedTraining, UnusableOutput> {
    let done = FinishedTraining::of(bytes).map_err(|cause| {
        UnusableOutput(format!("done.json is not what this version of Millrace reads: {cause}"))
    })?;
    if done.token != run.id {
        return Err(UnusableOutput(format!("done.json is of the run {:?}, not of {}", done.token, run.id)));
    }
    if run.data.as_ref() != Some(&done.data) {
        let data = &done.data;
        return Err(UnusableOutput(format!(
            "done.json names the training data {data:?}, which is not that of the run"
        )));
    }
    Ok(done)
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

    fn read(value: &Value) -> Result<FinishedTraining, UnusableOutput> {
        read_done(value.to_string().as_bytes(), &run())
    }

    #[test]
    fn what_a_trainer_writes_is_read() {
        let report = read(&whole()).unwrap();
        assert_eq!((report.dimension, report.seeds().seeds.len()), (8, 2));
        let names: Vec<&str> = report.bundle().map(|(name, _)| name).collect();
        assert_eq!(names, ["bundle.json", "model.onnx", "tokenizer.json"]);
    }

    #[test]
    fn what_is_not_of_this_run_is_not_believed() {
        let edits = [
            ("token", "not of 0123456789ab", json!("ffffffffffff")),
            ("data", "not that of the run", json!("000000000000")),
            ("files", "does not name bundle/", json!({})),
        ];
        for (field, words, value) in edits {
            let mut odd = whole();
            odd[field] = value;
            let error = read(&odd).unwrap_err().to_string();
            assert!(error.contains(words), "{field}: {error}");
        }
        // Python writes this where a loss was no number any more.
        let error = read_done(br#"{"format": 1, "dev": {"weight": NaN}}"#, &run()).unwrap_err();
        assert!(error.to_string().contains("is not what"), "{error}");
    }
}
