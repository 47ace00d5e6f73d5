#![expect(clippy::disallowed_methods, reason = "edge: reads and appends the results file")]
//! The results file: one line for each seed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use process::Failure;
use serde::{Deserialize, Serialize};

/// What became of generations in a seed that built a new one, and of the questions that were asked meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationCounts {
    /// Generations that were begun.
    pub begun: u64,
    /// Promotions.
    pub promoted: u64,
    /// Those of them while other faults struck.
    pub promoted_amid_faults: u64,
    /// Rollbacks.
    pub rolled_back: u64,
    /// Generations that were retired.
    pub retired: u64,
    /// Commands that were killed and asked again.
    pub commands_killed: u64,
    /// Questions.
    pub questions: u64,
    /// Those of them to which a server said that it cannot answer now, or nothing.
    pub unanswered: u64,
    /// Answers by a generation that was not served, and answers that are none.
    pub wrong_answers: u64,
}

/// The outcome of a seed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed's name: a number, `short-1`, `short-2` or `long-<first>-of-<rounds>`, after `release-` for release
    /// builds.
    pub seed: String,
    /// The commit under test.
    pub commit: String,
    /// Mechanisms that were switched off.
    pub off: Vec<String>,
    /// Total duration in seconds.
    pub seconds: u64,
    /// Seconds from the end of the faults to the end of the proof.
    pub settled: u64,
    /// Changes of the bucket by kind.
    pub operations: BTreeMap<String, u64>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Ledger entries, passages and vectors written in this seed.
    pub written: [u64; 3],
    /// What Kafka compacted away meanwhile, and working copies that were dropped.
    #[serde(default)]
    pub compacted: BTreeMap<String, u64>,
    /// What became of generations; none in a seed that began none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generations: Option<GenerationCounts>,
    /// Whether everything was as it should be.
    pub equal: bool,
    /// What was not equal.
    pub differences: Vec<String>,
    /// What else went wrong: faults that did not strike, workers that ended, no progress.
    #[serde(default)]
    pub troubles: Vec<String>,
}

impl Outcome {
    /// A summary in one line, for people.
    #[must_use]
    pub fn line(&self) -> String {
        let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        let Self { seed, seconds, settled, .. } = self;
        let state = if self.equal { "ok" } else { "not ok" };
        let [ledger, chunks, vectors] = self.written;
        let mut line = format!(
            "{state} seed {seed}: {seconds} s ({settled} s to settle), {} operations, {} faults of {} kinds, {ledger} ledger \
             entries, {chunks} chunk records, {vectors} vector records, {} compacted away",
            sum(&self.operations),
            sum(&self.faults),
            self.faults.len(),
            self.compacted.get("records").copied().unwrap_or_default(),
        );
        if let Some(counts) = &self.generations {
            line = format!(
                "{line}, generations: {} begun, {} promoted ({} amid faults), {} rolled back, {} retired, {} commands \
                 killed, {} questions ({} unanswered, {} answered wrongly)",
                counts.begun,
                counts.promoted,
                counts.promoted_amid_faults,
                counts.rolled_back,
                counts.retired,
                counts.commands_killed,
                counts.questions,
                counts.unanswered,
                counts.wrong_answers,
            );
        }
        for (what, list) in [("differences", &self.differences), ("troubles", &self.troubles)] {
            if let Some(first) = list.first() {
                line = format!("{line}; {} {what}, the first: {first}", list.len());
            }
        }
        line
    }
}

/// Whether a line of the file says that this seed was good, for the same commit and the same switches.
#[must_use]
pub fn is_done(text: &str, seed: &str, commit: &str, off: &[String]) -> bool {
    text.lines().filter_map(|line| serde_json::from_str::<Outcome>(line).ok()).any(|outcome| {
        outcome.equal && outcome.seed == seed && outcome.commit == commit && outcome.off == off
    })
}

/// The file's text; empty if there is no file.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => Ok(text?),
    }
}

/// Appends a line.
///
/// # Errors
/// When it cannot be written.
pub fn append(path: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", serde_json::to_string(outcome)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_seed_of_this_commit_and_these_switches_is_done() {
        let good = Outcome { seed: "3".into(), commit: "abc".into(), equal: true, ..Outcome::default() };
        let bad = Outcome { seed: "4".into(), equal: false, ..good.clone() };
        let text = format!(
            "nonsense\n{}\n{}\n",
            serde_json::to_string(&good).unwrap(),
            serde_json::to_string(&bad).unwrap()
        );
        assert!(is_done(&text, "3", "abc", &[]));
        assert!(!is_done(&text, "4", "abc", &[]));
        assert!(!is_done(&text, "3", "other", &[]));
        assert!(!is_done(&text, "3", "abc", &["fencing".to_owned()]));
    }

    #[test]
    fn a_line_tells_the_first_difference() {
        let outcome = Outcome {
            seed: "3".into(),
            differences: vec!["a is stale".into(), "b is missing".into()],
            faults: BTreeMap::from([("chunk killed after-fetch".into(), 1)]),
            ..Outcome::default()
        };
        let line = outcome.line();
        assert!(
            line.starts_with("not ok seed 3:") && line.ends_with("2 differences, the first: a is stale"),
            "{line}"
        );
        let counts = GenerationCounts { begun: 1, promoted: 1, questions: 90, ..GenerationCounts::default() };
        let outcome = Outcome { generations: Some(counts), ..Outcome::default() };
        let line = outcome.line();
        assert!(line.contains("generations: 1 begun, 1 promoted (0 amid faults)"), "{line}");
        assert!(line.ends_with("90 questions (0 unanswered, 0 answered wrongly)"), "{line}");
    }

    #[test]
    fn a_line_of_a_seed_without_generations_is_as_it_was() {
        let line = serde_json::to_string(&Outcome::default()).unwrap();
        assert!(!line.contains("generations"), "{line}");
        assert_eq!(serde_json::from_str::<Outcome>(&line).unwrap(), Outcome::default());
    }
}
