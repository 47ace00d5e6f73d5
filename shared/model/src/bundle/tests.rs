//! Every way in which a bundle can be wrong, and what its fingerprint depends on.
#![expect(clippy::disallowed_methods, reason = "edge: writes bundles to scratch folders")]

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::encoder::{BackendKind, BackendSettings};

const GRAPH: &[u8] = b"a graph";
const TOKENIZER: &[u8] = b"a tokenizer";

fn manifest() -> Value {
    json!({
        "name": "tiny", "version": "1", "dimension": 8, "max_tokens": 16, "pooling": "mean", "normalise": true,
        "output": "sentence_embedding", "precision": "fp32", "prefixes": {"query": "", "passage": ""},
        "files": {
            "model.onnx": hex::encode(Sha256::digest(GRAPH)),
            "tokenizer.json": hex::encode(Sha256::digest(TOKENIZER)),
        },
    })
}

fn written(manifest: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bundle.json"), manifest.to_string()).unwrap();
    std::fs::write(folder.path().join("model.onnx"), GRAPH).unwrap();
    std::fs::write(folder.path().join("tokenizer.json"), TOKENIZER).unwrap();
    folder
}

fn opened(manifest: &Value) -> Result<Bundle, BundleError> {
    Bundle::open(written(manifest).path())
}

fn with(field: &str, value: Value) -> Value {
    let mut manifest = manifest();
    manifest[field] = value;
    manifest
}

#[test]
fn a_whole_bundle_opens() {
    let bundle = opened(&manifest()).unwrap();
    assert_eq!((bundle.dimension(), bundle.max_tokens()), (8, 16));
    assert_eq!(bundle.manifest().prefixes.of(Role::Query), "");
}

#[test]
fn what_is_not_a_folder_names_the_setting() {
    let error = Bundle::open(Path::new("/nowhere")).unwrap_err();
    assert!(matches!(error, BundleError::Read { .. }));
    assert!(error.to_string().contains("MILLRACE_MODEL"), "{error}");
}

#[test]
fn unknown_and_missing_fields_are_refused() {
    assert!(matches!(opened(&with("pooling_mode", json!("mean"))), Err(BundleError::Parse { .. })));
    assert!(matches!(
        opened(&with("prefixes", json!({"query": "", "passage": "", "document": ""}))),
        Err(BundleError::Parse { .. })
    ));
    let mut manifest = manifest();
    manifest.as_object_mut().unwrap().remove("normalise");
    assert!(matches!(opened(&manifest), Err(BundleError::Parse { .. })));
}

#[test]
fn values_without_meaning_are_refused() {
    let digest = hex::encode(Sha256::digest(GRAPH));
    let files =
        |name: &str, digest: &str| json!({"model.onnx": digest, "tokenizer.json": digest, name: digest});
    for manifest in [
        with("dimension", json!(0)),
        with("max_tokens", json!(0)),
        with("output", json!(" ")),
        with("files", json!({"model.onnx": digest})),
        with("files", files("../model.onnx", &digest)),
        with("files", files("a/b", &digest)),
        with("files", files("bundle.json", &digest)),
        with("files", files("model.onnx", &digest.to_uppercase())),
        with("files", files("model.onnx", "")),
    ] {
        assert!(matches!(opened(&manifest), Err(BundleError::Value { .. })), "{manifest}");
    }
}

#[test]
fn other_bytes_name_the_file_and_both_digests() {
    let folder = written(&manifest());
    std::fs::write(folder.path().join("model.onnx"), b"another graph").unwrap();
    let text = Bundle::open(folder.path()).unwrap_err().to_string();
    for part in
        ["model.onnx", &hex::encode(Sha256::digest(GRAPH)), &hex::encode(Sha256::digest(b"another graph"))]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_missing_file_and_one_too_many_are_refused() {
    let folder = written(&manifest());
    std::fs::write(folder.path().join(".DS_Store"), b"").unwrap();
    Bundle::open(folder.path()).unwrap();
    std::fs::write(folder.path().join("model.onnx_data"), b"weights").unwrap();
    assert!(matches!(Bundle::open(folder.path()), Err(BundleError::Unlisted { .. })));
    std::fs::remove_file(folder.path().join("model.onnx_data")).unwrap();
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    assert!(matches!(Bundle::open(folder.path()), Err(BundleError::Read { .. })));
}

#[test]
fn a_file_that_changes_after_opening_is_not_used() {
    let folder = written(&manifest());
    let bundle = Bundle::open(folder.path()).unwrap();
    assert_eq!(bundle.read(Bundle::TOKENIZER).unwrap(), TOKENIZER);
    std::fs::write(folder.path().join("tokenizer.json"), b"other").unwrap();
    assert!(matches!(bundle.read(Bundle::TOKENIZER), Err(BundleError::Digest { .. })));
}

fn fingerprint(manifest: &Value) -> Fingerprint {
    Bundle::describe(Path::new("/model"), manifest.to_string().as_bytes()).unwrap().model_fingerprint()
}

#[test]
fn the_fingerprint_depends_on_what_decides_vectors() {
    let base = fingerprint(&manifest());
    for (field, value) in [
        ("dimension", json!(9)),
        ("pooling", json!("cls")),
        ("normalise", json!(false)),
        ("output", json!("pooled")),
        ("precision", json!("int8")),
        ("prefixes", json!({"query": "query: ", "passage": ""})),
        ("prefixes", json!({"query": "", "passage": "query: "})),
        ("files", json!({"model.onnx": "0".repeat(64), "tokenizer.json": "0".repeat(64)})),
    ] {
        assert_ne!(base, fingerprint(&with(field, value)), "{field}");
    }
}

#[test]
fn the_fingerprint_does_not_depend_on_names_and_limits() {
    let base = fingerprint(&manifest());
    for (field, value) in [("name", json!("other")), ("version", json!("2")), ("max_tokens", json!(512))] {
        assert_eq!(base, fingerprint(&with(field, value)), "{field}");
    }
    // Must never change: another value would rename every existing topic and index.
    assert_eq!(base.short(), "9400f5057fa2");
}

#[test]
fn a_space_is_a_chunking_and_a_model() {
    let bundle = opened(&manifest()).unwrap();
    let (one, other) = (Fingerprint::of(&[("chunking", "1")]), Fingerprint::of(&[("chunking", "2")]));
    assert_eq!(bundle.space(&one), bundle.space(&one));
    assert_ne!(bundle.space(&one), bundle.space(&other));
    assert_ne!(bundle.space(&one), bundle.model_fingerprint());
}

#[test]
fn an_overlap_is_another_chunking_and_none_is_not() {
    let folder = written(&manifest());
    let settings = |overlap_tokens| ModelSettings { model: folder.path().to_path_buf(), overlap_tokens };
    let bundle = Bundle::open(folder.path()).unwrap();
    assert_eq!(settings(0).open().unwrap(), bundle);
    assert_ne!(crate::chunking(&settings(16).open().unwrap()), crate::chunking(&bundle));
    assert_eq!(settings(16).open().unwrap().model_fingerprint(), bundle.model_fingerprint());
}

/// Hashed words are the same for both tokenizers, so that only the chunking tells which limit counts.
#[test]
fn of_further_models_the_one_is_found_that_embeds_and_cuts_as_an_entry_wants() {
    let further = tempfile::tempdir().unwrap();
    let folder = further.path().join("second");
    std::fs::create_dir_all(&folder).unwrap();
    let mut second = with("max_tokens", json!(512));
    second["files"]["tokenizer.json"] = hex::encode(Sha256::digest(b"another")).into();
    std::fs::write(folder.join("bundle.json"), second.to_string()).unwrap();
    std::fs::write(folder.join("model.onnx"), GRAPH).unwrap();
    std::fs::write(folder.join("tokenizer.json"), b"another").unwrap();
    std::fs::create_dir_all(further.path().join("broken")).unwrap();
    std::fs::write(further.path().join("broken/bundle.json"), "{").unwrap();

    let (first, second) = (written(&manifest()), Bundle::open(&folder).unwrap());
    let own = Bundle::open(first.path()).unwrap();
    let backend = BackendSettings { encoder: BackendKind::Hashing, hashing_dimension: None };
    let author = message::ChangeAuthor { by: "maria".to_owned(), at: 1 };
    let entry = |generation: ::generation::Generation| {
        generation.entry("docs", message::FillSource::Reconcile, &author)
    };
    let of = |bundle: &Bundle| entry(crate::generation(bundle, &backend));
    assert_eq!(of(&own).model, of(&second).model);
    let here = FurtherModels { models: Some(further.path().to_path_buf()) };
    for wanted in [&own, &second] {
        let found = here.bundle_of(&own, &backend, &of(wanted)).unwrap().unwrap().verified().unwrap();
        assert_eq!(found.max_tokens(), wanted.max_tokens());
        let found =
            here.bundle_that_cuts(&own, &crate::chunking(wanted)).unwrap().unwrap().verified().unwrap();
        assert_eq!(found.max_tokens(), wanted.max_tokens());
    }
    // Over passages that neither cuts, any bundle of the model does.
    let elsewhere = Fingerprint::of(&[("chunking", "elsewhere")]);
    let over = entry(crate::generation_over(elsewhere.clone(), &second, &backend));
    assert!(here.bundle_of(&own, &backend, &over).unwrap().is_some());
    assert!(here.bundle_that_cuts(&own, &elsewhere).unwrap().is_none());
    let nowhere = FurtherModels::default();
    assert!(nowhere.bundle_that_cuts(&own, &crate::chunking(&second)).unwrap().is_none());
    // Found by its manifest, and not used with other files.
    std::fs::write(folder.join("model.onnx"), b"another graph").unwrap();
    let found = here.bundle_that_cuts(&own, &crate::chunking(&second)).unwrap().unwrap();
    assert!(matches!(found.verified(), Err(BundleError::Digest { .. })));
}
