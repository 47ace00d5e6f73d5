//! The suite for rerankers: one without a model, and the graph in `tests/tiny` on the real runtime.

#[path = "suite/bundle.rs"]
mod bundle;

use std::path::Path;

use bundle::{Tried, bundle_of, tiny_bundle};
use clap::Parser;
use model::{Bundle, EncodeError, OnnxSettings, OpenRerankerError, Overlap, Rerank, Reranker, TextFault};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    onnx: OnnxSettings,
}

/// A cross-encoder whose score counts how often a word of the question occurs in the passage.
fn cross_encoder(folder: &Path) -> Result<Bundle, Box<dyn std::error::Error>> {
    bundle_of(folder, ["", ""], (1, "score"), include_bytes!("tiny/cross_encoder.onnx"))
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

async fn all(reranker: &impl Rerank) -> Tried {
    let passages = owned(&["of an index", "a log of records", "", "the log", "bucket"]);
    let scores = reranker.rank("log of records", passages.clone()).await?;
    assert_eq!(scores.len(), passages.len());
    let best = |scores: &[f32]| (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    assert_eq!(best(&scores), Some(1), "{scores:?}");
    assert!(scores[3] > scores[4] && scores[0] > scores[4], "{scores:?}");
    for (passage, score) in passages.into_iter().zip(&scores) {
        let alone = reranker.rank("log of records", vec![passage.clone()]).await?;
        assert!((alone[0] - score).abs() < 1e-5, "{passage:?}: alone and together differ");
    }
    assert!(reranker.rank("log", Vec::new()).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn words_in_common_do_what_a_reranker_must() -> Tried {
    all(&Reranker::Overlap(Overlap)).await
}

#[tokio::test]
#[ignore = "real: onnxruntime"]
async fn a_cross_encoder_does_what_a_reranker_must() -> Tried {
    let folder = tempfile::tempdir()?;
    let settings = Settings::try_parse_from(["test", "--batch-tokens=32"])?;
    let reranker = Reranker::open(&cross_encoder(folder.path())?, &settings.onnx)?;
    all(&reranker).await
}

#[tokio::test]
#[ignore = "real: onnxruntime"]
async fn a_long_passage_counts_by_its_best_piece_and_none_is_cut() -> Tried {
    let folder = tempfile::tempdir()?;
    let bundle = cross_encoder(folder.path())?;
    let limit = bundle.max_tokens();
    let reranker = Reranker::open(&bundle, &Settings::try_parse_from(["test"])?.onnx)?;
    // The word is at the very end, after more tokens than the model takes.
    let long = format!("{} log", ["index"].repeat(3 * limit).join(" "));
    let without = ["index"].repeat(3 * limit).join(" ");
    let scores = reranker.rank("log", vec![long, without]).await?;
    assert!(scores[0] > scores[1], "{scores:?}");
    let question = ["log"].repeat(limit).join(" ");
    let error = reranker.rank(&question, owned(&["log"])).await;
    assert!(matches!(error, Err(EncodeError::Text { fault: TextFault::TooLong { .. }, .. })), "{error:?}");
    Ok(())
}

#[test]
fn a_model_of_vectors_is_no_reranker() -> Tried {
    let folder = tempfile::tempdir()?;
    let bundle = tiny_bundle(folder.path(), ["", ""])?;
    let error = Reranker::open(&bundle, &Settings::try_parse_from(["test"])?.onnx).err();
    assert!(matches!(error, Some(OpenRerankerError::Vectors { dimension: 32, .. })), "{error:?}");
    Ok(())
}
