//! What a proof found, as people and programs read it. Pure.

use eval::gate::{GateBounds, GateMeasures, GateVerdict};
use eval::judged::JudgedData;
use eval::looks::MANY_LOOKS;
use eval::proof::ProofCost;
use eval::score::{Scores, mean};
use message::Fingerprint;
use serde::Serialize;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct ProofReport {
    /// The model that is served.
    pub(super) base: ReportedModel,
    /// The one that may be.
    pub(super) candidate: ReportedModel,
    /// What was asked.
    pub(super) data: ReportedData,
    /// What it cost.
    pub(super) cost: ProofCost,
    /// The scores.
    pub(super) sets: Vec<ReportedSet>,
    /// What had to be reached.
    pub(super) bounds: GateBounds,
    /// What came of it.
    pub(super) verdict: GateVerdict,
    /// What has to be known of the sets.
    pub(super) notes: Vec<String>,
    /// Whether the registry says so now.
    pub(super) entered: bool,
}

/// A model, for people.
#[derive(Debug, Serialize)]
pub(super) struct ReportedModel {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) fingerprint: Fingerprint,
    pub(super) dimension: usize,
}

/// The golden questions.
#[derive(Debug, Serialize)]
pub(super) struct ReportedData {
    pub(super) digest: String,
    pub(super) index: String,
    pub(super) golden: String,
    pub(super) questions: usize,
    pub(super) passages: usize,
    /// How often they were looked at by now; none where nobody counts.
    pub(super) looks: Option<u64>,
}

/// The mean scores of one set with both models.
#[derive(Debug, Serialize)]
pub(super) struct ReportedSet {
    pub(super) name: String,
    pub(super) questions: usize,
    pub(super) before: Scores,
    pub(super) after: Scores,
}

impl ReportedData {
    pub(super) fn of(data: &JudgedData, looks: Option<u64>) -> Self {
        Self {
            digest: data.digest.clone(),
            index: data.index.clone(),
            golden: data.golden_digest.clone(),
            questions: data.golden.questions.len(),
            passages: data.golden.corpus.len(),
            looks,
        }
    }

    fn told(&self) -> String {
        let Self { digest, index, questions, passages, .. } = self;
        let looks = match self.looks {
            None => "not counted, as nothing of this proof is in the store".to_owned(),
            Some(1) => "looked at for the first time".to_owned(),
            Some(looks) => format!("looked at {looks} times by now"),
        };
        format!("{questions} golden questions over {passages} passages of {index} (data {digest}), {looks}")
    }
}

impl ReportedModel {
    fn told(&self) -> String {
        let Self { name, version, fingerprint, dimension } = self;
        format!("{name} {version} ({}, {dimension} numbers)", fingerprint.short())
    }
}

/// The means of what was measured.
pub(super) fn sets(measures: &GateMeasures) -> Vec<ReportedSet> {
    let all = [&measures.golden_vector, &measures.golden_hybrid].into_iter().chain(&measures.guards);
    let set = all.map(|pair| ReportedSet {
        name: pair.name.clone(),
        questions: pair.base.len(),
        before: mean(&pair.base),
        after: mean(&pair.candidate),
    });
    set.collect()
}

impl ProofReport {
    /// The rows of the table: name, questions, before, after, gain, whether that is enough.
    fn rows(&self) -> Vec<[String; 6]> {
        let row = |set: &ReportedSet| {
            let found = self.verdict.checks.iter().find(|check| check.name == set.name);
            let (gain, enough) = found.map_or_else(Default::default, |check| {
                let gain = &check.difference;
                let gain = format!("{:+.4} [{:+.4}, {:+.4}]", gain.mean, gain.low, gain.high);
                (gain, if check.passed { "yes" } else { "NO" }.to_owned())
            });
            let score = |scores: &Scores| format!("{:.4}", scores.ndcg);
            let questions = set.questions.to_string();
            [set.name.clone(), questions, score(&set.before), score(&set.after), gain, enough]
        };
        self.sets.iter().map(row).collect()
    }

    fn verdict_told(&self) -> String {
        let word = if self.verdict.accepted { "ACCEPTED" } else { "REFUSED" };
        let candidate = self.candidate.fingerprint.short();
        match (self.entered, self.verdict.accepted) {
            (true, true) => format!(
                "{word}, and entered so: `millrace generation start --with-model {candidate}` builds a generation with it"
            ),
            (true, false) => format!("{word}, and entered so, with the reason"),
            (false, _) => format!("{word} (the registry says nothing of this proof: --accept enters it)"),
        }
    }

    /// What has to be known beside the figures.
    fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = self.verdict.notes.iter().chain(&self.notes).cloned().collect();
        if self.base.fingerprint == self.candidate.fingerprint {
            remarks.push("both are the same model".to_owned());
        }
        if let Some(looks) = self.data.looks.filter(|looks| *looks >= MANY_LOOKS) {
            remarks.push(format!(
                "the golden questions decided {looks} times: of so many candidates one is better by chance; make training data anew, \
                 with another golden set"
            ));
        }
        remarks
    }
}

/// The report as lines of a terminal.
pub(super) fn lines(report: &ProofReport) -> Vec<String> {
    let mut lines = vec![
        format!("{} against {}", report.candidate.told(), report.base.told()),
        report.data.told(),
        format!(
            "  {:<24} {:>9} {:>8} {:>8}  {:<28} enough",
            "nDCG@10", "questions", "before", "after", "gain [95 %]"
        ),
    ];
    lines.extend(report.rows().iter().map(|[name, questions, before, after, gain, enough]| {
        format!("  {name:<24} {questions:>9} {before:>8} {after:>8}  {gain:<28} {enough}")
    }));
    lines.extend(report.verdict.checks.iter().map(|check| {
        let word = if check.passed { "holds" } else { "FAILS" };
        format!("  {word}  {}", check.sentence)
    }));
    lines.extend(report.remarks().iter().map(|remark| format!("  note   {remark}")));
    lines.push(report.verdict_told());
    lines
}

/// The report as a page in Markdown.
pub(super) fn page(report: &ProofReport) -> String {
    // A bar would end a cell, and names come from folders.
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |", cells.join(" | "))
    };
    let mut lines = vec![
        format!("# Is {} better?", report.candidate.name),
        String::new(),
        format!("{} against {}; {}.", report.candidate.told(), report.base.told(), report.data.told()),
        format!(
            "{} texts of about {} tokens together were embedded with each.",
            report.cost.texts, report.cost.tokens
        ),
        String::new(),
        format!("**{}**", report.verdict_told()),
        String::new(),
        "| nDCG@10 | questions | before | after | gain, with its 95 % interval | enough |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(report.rows().iter().map(|cells| row(cells)));
    lines.extend([String::new(), "| holds | what has to |".to_owned(), "|---|---|".to_owned()]);
    let checks = report.verdict.checks.iter();
    lines.extend(checks.map(|check| {
        let word = if check.passed { "yes" } else { "NO" };
        row(&[word.to_owned(), check.sentence.clone()])
    }));
    lines.push(String::new());
    lines.extend(report.remarks().iter().map(|remark| format!("- {remark}")));
    lines.push(
        "- A gain is a paired bootstrap over the questions. Vector is the exact ranking by cosine; hybrid is that and BM25 over the \
         same passages, fused as `serve` does by default, without a reranker."
            .to_owned(),
    );
    lines.push(String::new());
    lines.join("\n")
}
