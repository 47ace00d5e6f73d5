//! The suite over the encoders that need nothing installed, and the settings.

#[path = "suite/mod.rs"]
mod suite;

use std::num::NonZeroUsize;

use clap::Parser;
use model::{
    Backend, Encoder, EncoderSettings, Hashing, ModelSettings, OpenEncoderError, OpenOnnxError, Role,
    Tokenizer,
};
use suite::{Tried, all, tiny_bundle};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    encoder: EncoderSettings,
}

fn settings(folder: &std::path::Path, rest: &[&str]) -> Result<Settings, clap::Error> {
    let model = format!("--model={}", folder.display());
    Settings::try_parse_from(["test", model.as_str()].iter().chain(rest))
}

#[tokio::test]
async fn hashing_does_what_an_encoder_must() -> Tried {
    let folder = tempfile::tempdir()?;
    let bundle = tiny_bundle(folder.path(), ["", ""])?;
    let settings = settings(folder.path(), &["--encoder=hashing"])?;
    assert_eq!(settings.model.model, folder.path());
    let encoder = Backend::open(&bundle, &settings.encoder)?;
    assert_eq!(encoder.dimension(), 32);
    all(&encoder, bundle.max_tokens()).await
}

#[tokio::test]
async fn a_prefix_takes_of_the_limit() -> Tried {
    let folder = tempfile::tempdir()?;
    // `passage: ` is two tokens.
    let bundle = tiny_bundle(folder.path(), ["", "passage: "])?;
    let encoder = Hashing::of_bundle(&bundle, Tokenizer::open(&bundle)?, None);
    let words = |count: usize| vec![["log"].repeat(count).join(" ")];
    encoder.embed(words(60), Role::Passage).await?;
    assert!(encoder.embed(words(61), Role::Passage).await.is_err());
    encoder.embed(words(62), Role::Query).await?;
    Ok(())
}

#[tokio::test]
async fn hashed_vectors_are_never_in_the_space_of_the_model() -> Tried {
    let folder = tempfile::tempdir()?;
    let bundle = tiny_bundle(folder.path(), ["", ""])?;
    let encoder = Backend::open(&bundle, &settings(folder.path(), &["--encoder=hashing"])?.encoder)?;
    let chunking = message::Fingerprint::of(&[("chunking", "1")]);
    assert_ne!(encoder.space(&chunking), bundle.space(&chunking));
    let wide = NonZeroUsize::new(33);
    let wide = Hashing::of_bundle(&bundle, Tokenizer::open(&bundle)?, wide);
    assert_eq!((wide.dimension(), wide.embed(vec!["log".to_owned()], Role::Query).await?[0].len()), (33, 33));
    Ok(())
}

#[test]
fn an_unknown_encoder_is_answered_with_the_known_ones() {
    let text = settings(std::path::Path::new("m"), &["--encoder=torch"]).err().map(|error| error.to_string());
    assert!(
        text.as_deref().is_some_and(|text| text.contains("onnx") && text.contains("hashing")),
        "{text:?}"
    );
}

#[test]
fn onnx_without_its_library_names_the_setting() -> Tried {
    let folder = tempfile::tempdir()?;
    let bundle = tiny_bundle(folder.path(), ["", ""])?;
    let mut settings = settings(folder.path(), &[])?.encoder;
    settings.onnx.onnxruntime = None;
    let error = Backend::open(&bundle, &settings).err();
    assert!(matches!(error, Some(OpenEncoderError::Onnx(OpenOnnxError::NoLibrary))), "{error:?}");
    settings.onnx.onnxruntime = Some(folder.path().join("libonnxruntime.so"));
    let error = Backend::open(&bundle, &settings).err();
    assert!(matches!(error, Some(OpenEncoderError::Onnx(OpenOnnxError::Missing { .. }))), "{error:?}");
    settings.onnx.onnxruntime = Some(bundle.path("tokenizer.json"));
    let error = Backend::open(&bundle, &settings).err();
    assert!(matches!(error, Some(OpenEncoderError::Onnx(OpenOnnxError::Load { .. }))), "{error:?}");
    Ok(())
}
