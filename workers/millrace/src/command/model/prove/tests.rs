//! The whole command over folders, with hashed words as models: the dimension decides how good one is.

use clap::Parser as _;
use serde_json::Value;

use super::*;
use crate::cli::{Cli, ModelCommand, OperatorCommand};

/// Folders: a base of 8 dimensions, candidates, training data, and a general set.
fn made() -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fixture::judged::bundle(&at("base"), "base", 8).unwrap();
    fixture::judged::bundle(&at("imported"), "imported", 512).unwrap();
    fixture::judged::trained(&at("trained"), "domain", 512, [0.5, 0.6, 0.7]).unwrap();
    fixture::judged::trained(&at("lucky"), "lucky", 512, [0.5, 0.6, 0.4]).unwrap();
    fixture::judged::training_data(&at("data"), (120, 60)).unwrap();
    fixture::judged::retrieval_set(&at("general"), "test", (120, 60)).unwrap();
    scratch
}

fn asked(scratch: &Path, candidate: &str, more: &[&str]) -> ProveModel {
    let at = |name: &str| scratch.join(name).to_str().unwrap().to_owned();
    let words = ["millrace", "model", "prove", "--encoder", "hashing", "--guard-documents", "100"];
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    words.extend([at(candidate), "--data".to_owned(), at("data"), "--model".to_owned(), at("base")]);
    words.extend(["--guard".to_owned(), format!("{}:test", at("general"))]);
    words.extend(more.iter().map(|word| (*word).to_owned()));
    let OperatorCommand::Model(command) = Cli::parse_from(words).ask else { panic!("another command") };
    let ModelCommand::Prove(ask) = *command else { panic!("another command") };
    *ask
}

async fn proven(scratch: &Path, candidate: &str, more: &[&str]) -> Proven {
    prove(&asked(scratch, candidate, more), scratch).await.unwrap()
}

fn failed(proven: &Proven) -> Vec<&str> {
    let checks = proven.report.verdict.checks.iter();
    checks.filter(|check| !check.passed).map(|check| check.name.as_str()).collect()
}

#[tokio::test]
async fn a_better_model_is_accepted_and_the_report_says_all_of_it() {
    let scratch = made();
    let found = proven(scratch.path(), "trained", &[]).await;
    let report = &found.report;
    assert!(report.verdict.accepted, "{:?}", report.verdict.reasons);
    assert_eq!((report.base.dimension, report.candidate.dimension), (8, 512));
    assert_eq!((report.data.questions, report.data.passages, report.data.looks), (60, 120, None));
    assert_eq!(found.entry.state, message::ModelState::Accepted);
    assert!(found.entry.reason.is_none() && found.entry.scores["golden vector ndcg@10"] > 0.99);
    let told = lines(report).join("\n");
    for part in
        ["domain 1", "golden vector", "   1.0000  +0.", "general test", "sample of 100 of 120", "ACCEPTED"]
    {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
    let page = page(report);
    for part in
        ["# Is domain better?", "| golden hybrid | 60 |", "| yes | seeds: dev nDCG@10 +0.1000, +0.2000"]
    {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    let json: Value = serde_json::to_value(report).unwrap();
    assert_eq!(json["verdict"]["accepted"], true);
    assert_eq!(json["verdict"]["checks"].as_array().map(Vec::len), Some(8));
    assert!(json["sets"][0]["after"]["ndcg@10"].as_f64() > Some(0.99), "{json}");
}

#[tokio::test]
async fn a_worse_an_equal_and_a_lucky_model_are_refused_with_their_reasons() {
    let scratch = made();
    let at = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let worse = proven(scratch.path(), "base", &["--against", &at("imported")]).await;
    assert_eq!(failed(&worse), ["golden vector", "general test", "dimension"]);
    assert_eq!(worse.entry.state, message::ModelState::Refused);
    assert!(
        worse.entry.reason.as_deref().is_some_and(|reason| reason.contains("worse")),
        "{:?}",
        worse.entry
    );
    assert!(lines(&worse.report).last().is_some_and(|line| line.starts_with("REFUSED")));
    let equal = proven(scratch.path(), "base", &[]).await;
    assert_eq!(failed(&equal), ["golden vector"]);
    assert!(lines(&equal.report).iter().any(|line| line.contains("both are the same model")));
    assert_eq!(failed(&proven(scratch.path(), "lucky", &[]).await), ["seeds"]);
    // One that nobody trained here has the dimension of the base, unless another was asked for.
    assert_eq!(failed(&proven(scratch.path(), "imported", &[]).await), ["dimension"]);
    let asked = proven(scratch.path(), "imported", &["--dimension", "512"]).await;
    assert!(asked.report.verdict.accepted && asked.report.verdict.notes[0].contains("seeds"));
}

#[tokio::test]
async fn the_command_writes_its_report_and_fails_where_the_model_does() {
    let scratch = made();
    let file = scratch.path().join("proof.md");
    for (candidate, word) in [("trained", "**ACCEPTED"), ("lucky", "**REFUSED")] {
        let code =
            run(&asked(scratch.path(), candidate, &["--report", file.to_str().unwrap()])).await.unwrap();
        let expected = if candidate == "trained" { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        assert_eq!(format!("{code:?}"), format!("{expected:?}"));
        assert!(std::fs::read_to_string(&file).unwrap().contains(word));
    }
}

/// What is changed after it was registered proves nothing.
#[tokio::test]
async fn files_that_were_changed_are_refused_before_anything_is_embedded() {
    let scratch = made();
    std::fs::write(scratch.path().join("trained/bundle/model.onnx"), "another").unwrap();
    let error =
        prove(&asked(scratch.path(), "trained", &[]), scratch.path()).await.err().unwrap().to_string();
    assert!(error.contains("model.onnx") && error.contains("it was changed"), "{error}");
    let missing = asked(scratch.path(), "imported", &["--guard", "/no/such:test"]);
    let error = prove(&missing, scratch.path()).await.err().unwrap().to_string();
    assert!(error.contains("/no/such"), "{error}");
}
