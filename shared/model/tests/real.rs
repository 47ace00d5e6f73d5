//! The same checks with the real bundle and runtime, given by `MILLRACE_MODEL` and `MILLRACE_ONNXRUNTIME`.

#[path = "suite/mod.rs"]
mod suite;

use clap::Parser;
use model::{
    Backend, Bundle, Encoder, EncoderSettings, ExecutionProvider, ModelSettings, OpenEncoderError,
    OpenOnnxError, Role, Tokenizer,
};
use suite::{Tried, all, tiny_bundle};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    encoder: EncoderSettings,
}

fn opened(rest: &[&str]) -> Result<(Bundle, Backend), Box<dyn std::error::Error>> {
    let settings = Settings::try_parse_from(["test"].iter().chain(rest))?;
    let bundle = Bundle::open(&settings.model.model)?;
    let encoder = Backend::open(&bundle, &settings.encoder)?;
    Ok((bundle, encoder))
}

#[tokio::test]
#[ignore = "real: model bundle, onnxruntime"]
async fn onnx_does_what_an_encoder_must() -> Tried {
    let (bundle, encoder) = opened(&["--encoder=onnx"])?;
    assert_eq!(encoder.dimension(), bundle.dimension());
    assert_eq!(encoder.model_fingerprint(), bundle.model_fingerprint());
    all(&encoder, bundle.max_tokens()).await
}

#[tokio::test]
#[ignore = "real: model bundle, onnxruntime"]
async fn a_queue_smaller_than_a_batch_still_serves() -> Tried {
    let (bundle, encoder) = opened(&["--queue-tokens=1", "--sessions=3", "--batch-tokens=64"])?;
    all(&encoder, bundle.max_tokens()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "real: model bundle, onnxruntime"]
async fn many_callers_get_their_own_vectors() -> Tried {
    let (_, encoder) = opened(&["--queue-tokens=600"])?;
    let encoder = std::sync::Arc::new(encoder);
    let mut calls = tokio::task::JoinSet::new();
    for caller in 0..8 {
        let texts: Vec<String> = (0..5).map(|n| ["log"].repeat(1 + caller * 7 + n).join(" ")).collect();
        let encoder = std::sync::Arc::clone(&encoder);
        calls.spawn(async move { (texts.clone(), encoder.embed(texts, Role::Passage).await) });
    }
    while let Some(call) = calls.join_next().await {
        let (texts, vectors) = call?;
        for (text, vector) in texts.into_iter().zip(vectors?) {
            let alone = encoder.embed(vec![text], Role::Passage).await?;
            let difference =
                alone.iter().flatten().zip(&vector).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(difference < 1e-5, "{difference}");
        }
    }
    Ok(())
}

#[tokio::test]
#[ignore = "real: model bundle, onnxruntime"]
async fn meaning_is_kept() -> Tried {
    let (_, encoder) = opened(&[])?;
    let texts = ["a cat sits", "a kitten is sitting", "stock markets fell"].map(str::to_owned).to_vec();
    let vectors = encoder.embed(texts, Role::Passage).await?;
    let cosine = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum::<f32>();
    assert!(cosine(0, 1) > 0.5 && 0.5 > cosine(0, 2) + 0.2, "{} {}", cosine(0, 1), cosine(0, 2));
    Ok(())
}

#[test]
#[ignore = "real: model bundle, onnxruntime"]
fn a_gpu_that_is_not_there_is_an_error_and_never_the_processor() -> Tried {
    let settings = Settings::try_parse_from(["test"])?;
    let bundle = Bundle::open(&settings.model.model)?;
    for provider in [ExecutionProvider::Cuda, ExecutionProvider::Tensorrt] {
        let mut encoder = settings.encoder.clone();
        encoder.onnx.execution_provider = provider;
        match Backend::open(&bundle, &encoder) {
            Err(OpenEncoderError::Onnx(
                OpenOnnxError::NoProvider { .. } | OpenOnnxError::Provider { .. },
            )) => {}
            Err(other) => return Err(other.into()),
            Ok(_) => println!("skipped: this machine has {provider:?}"),
        }
    }
    Ok(())
}

#[test]
#[ignore = "real: model bundle, onnxruntime"]
fn a_file_that_is_no_graph_is_named() -> Tried {
    let settings = Settings::try_parse_from(["test"])?;
    let folder = tempfile::tempdir()?;
    let bundle = tiny_bundle(folder.path(), ["", ""])?;
    let error = Backend::open(&bundle, &settings.encoder).err();
    assert!(matches!(error, Some(OpenEncoderError::Onnx(OpenOnnxError::Graph { .. }))), "{error:?}");
    Ok(())
}

#[test]
#[ignore = "real: model bundle"]
fn the_real_tokenizer_counts_and_cuts_as_it_encodes() -> Tried {
    let settings = Settings::try_parse_from(["test"])?;
    let bundle = Bundle::open(&settings.model.model)?;
    let tokenizer = Tokenizer::open(&bundle)?;
    for text in
        ["", "Café ÉCOLE ﬁn ½ 你好🙂", "a\u{301}\u{200d}\u{0} \r\n\t x\u{fffd}", &"unbelievably ".repeat(400)]
    {
        let offsets = tokenizer.offsets(text);
        assert_eq!(tokenizer.count(text), offsets.len() + tokenizer.special(), "{text:?}");
        assert_eq!(tokenizer.encode(text, Role::Passage)?.ids.len(), tokenizer.count(text));
        assert!(offsets.iter().all(|range| text.get(range.clone()).is_some()));
    }
    assert!(tokenizer.count(&"unbelievably ".repeat(400)) > 400);
    Ok(())
}

const NO_MULTILINGUAL: &str =
    "skipped: multilingual-e5-small is not beside MILLRACE_MODEL; compose/install model-e5";

/// The bundle of multilingual-e5-small, if it is installed beside the configured one.
fn multilingual() -> Result<Option<Bundle>, Box<dyn std::error::Error>> {
    let settings = Settings::try_parse_from(["test"])?;
    let folder = settings.model.model.with_file_name("multilingual-e5-small");
    Ok(if folder.is_dir() { Some(Bundle::open(&folder)?) } else { None })
}

#[test]
#[ignore = "real: model bundle"]
fn the_real_unigram_tokenizer_counts_and_cuts_as_it_encodes() -> Tried {
    let Some(bundle) = multilingual()? else {
        println!("{NO_MULTILINGUAL}");
        return Ok(());
    };
    let tokenizer = Tokenizer::open(&bundle)?;
    // start, "passage", ":", end
    assert_eq!(tokenizer.special(), 4);
    for text in [
        "",
        "Café ÉCOLE ﬁn ½ 你好🙂",
        "莱茵河全长1233公里。它流经6个国家～",
        "  a\u{301}\u{200d}\u{0} \r\n\t x\u{fffd} ",
        &"Donaudampfschifffahrt ".repeat(400),
    ] {
        let offsets = tokenizer.offsets(text);
        assert_eq!(tokenizer.count(text), offsets.len() + tokenizer.special(), "{text:?}");
        assert_eq!(tokenizer.encode(text, Role::Passage)?.ids.len(), tokenizer.count(text));
        assert!(offsets.iter().all(|range| text.get(range.clone()).is_some_and(|token| !token.is_empty())));
        assert!(offsets.windows(2).all(|pair| pair[0].start <= pair[1].start));
    }
    // A cut splits at most one token and adds a word-start mark to the rest, so both counts stay close.
    let text = "莱茵河全长1233公里，流经瑞士、德国、法国和荷兰。";
    let whole = tokenizer.offsets(text).len();
    for (at, _) in text.char_indices() {
        let (before, after) = text.split_at(at);
        let parts = tokenizer.offsets(before).len() + tokenizer.offsets(after).len();
        assert!(parts <= whole + 4, "{before} | {after}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "real: model bundle, onnxruntime"]
async fn meaning_is_kept_across_languages() -> Tried {
    let Some(bundle) = multilingual()? else {
        println!("{NO_MULTILINGUAL}");
        return Ok(());
    };
    let encoder = Backend::open(&bundle, &Settings::try_parse_from(["test"])?.encoder)?;
    let passages =
        ["莱茵河全长1233公里。", "Brot wird aus Mehl und Wasser gebacken."].map(str::to_owned).to_vec();
    let passages = encoder.embed(passages, Role::Passage).await?;
    for question in ["How long is the Rhine?", "Wie lang ist der Rhein?", "莱茵河有多长？"] {
        let asked = encoder.embed(vec![question.to_owned()], Role::Query).await?;
        let cosine = |at: usize| asked[0].iter().zip(&passages[at]).map(|(a, b)| a * b).sum::<f32>();
        assert!(cosine(0) > cosine(1) + 0.05, "{question}: {} {}", cosine(0), cosine(1));
    }
    Ok(())
}
