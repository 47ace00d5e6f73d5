//! The whole command over folders; the last tests run what it makes on the real ONNX Runtime.

use clap::Parser as _;
use model::{Encoder as _, Onnx, Role, Tokenizer};
use tempfile::TempDir;

use super::made::{MadeGraph, tensor};
use super::pooling::{FLOAT, POOLED, PoolingMode, pooling_bytes};
use super::*;
use crate::cli::{Cli, ModelCommand, OperatorCommand};

/// It knows 65 tokens.
const TOKENIZER: &[u8] = include_bytes!("../../../../../../shared/model/tests/tiny/tokenizer.json");

/// A model as Hugging Face has it, in the folder `model`.
fn folder(graph: &[u8], dimension: u64, pooling: PoolingMode) -> TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8]| {
        let file = scratch.path().join("model").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    };
    let module = |path: &str, kind: &str| json!({"path": path, "type": format!("sentence_transformers.models.{kind}")});
    put(
        "modules.json",
        json!([module("", "Transformer"), module("1_Pooling", "Pooling")]).to_string().as_bytes(),
    );
    let config = json!({"model_type": "bert", "hidden_size": dimension, "max_position_embeddings": 64});
    put("config.json", config.to_string().as_bytes());
    put("1_Pooling/config.json", json!({"pooling_mode": pooling.word()}).to_string().as_bytes());
    put("tokenizer.json", TOKENIZER);
    put("onnx/model.onnx", graph);
    scratch
}

/// What is asked of the model in `scratch`; ONNX Runtime is used only where a test sets it.
fn asked(scratch: &TempDir, more: &[&str]) -> ImportModel {
    let at = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let mut words: Vec<String> = ["millrace", "model", "import"].map(str::to_owned).to_vec();
    words.extend([at("model"), "--to".to_owned(), at("bundle")]);
    words.extend(more.iter().map(|word| (*word).to_owned()));
    let OperatorCommand::Model(command) = Cli::parse_from(words).ask else { panic!("another command") };
    let ModelCommand::Import(mut ask) = *command else { panic!("another command") };
    ask.encoder.onnx.onnxruntime = None;
    *ask
}

async fn refused(scratch: &TempDir) -> String {
    let error = run(asked(scratch, &[])).await.unwrap_err().to_string();
    let left: Vec<_> =
        std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["model"], "something was written");
    error
}

#[tokio::test]
async fn a_bundle_is_made_that_the_product_opens() {
    let graph =
        MadeGraph::minilm().weights(&tensor("words", 10, &[30_000, 384], Some("model.onnx_data"))).bytes();
    let scratch = folder(&graph, 384, PoolingMode::Mean);
    std::fs::write(scratch.path().join("model/onnx/model.onnx_data"), "numbers").unwrap();
    let code = run(asked(&scratch, &["--query-prefix", "query: ", "--max-tokens", "32"])).await.unwrap();
    assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    let bundle = Bundle::open(&scratch.path().join("bundle")).unwrap();
    let manifest = bundle.manifest();
    assert_eq!((manifest.name.as_str(), manifest.dimension, manifest.max_tokens), ("model", 384, 32));
    assert_eq!(
        (manifest.pooling.as_str(), manifest.output.as_str(), manifest.normalise),
        ("mean", POOLED, true)
    );
    assert_eq!((manifest.precision.as_str(), manifest.prefixes.query.as_str()), ("fp16", "query: "));
    let names: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["model.onnx", "model.onnx_data", "tokenizer.json"]);
    let written = std::fs::read(bundle.path("model.onnx")).unwrap();
    assert_eq!(written, [graph, pooling_bytes("last_hidden_state", PoolingMode::Mean, 384)].concat());
    assert_eq!(std::fs::read(bundle.path("tokenizer.json")).unwrap(), TOKENIZER);
    let left = std::fs::read_dir(scratch.path()).unwrap().count();
    assert_eq!(left, 2, "more is left than the model and its bundle");
}

#[tokio::test]
async fn a_graph_that_pools_is_copied_as_it_is() {
    let graph = MadeGraph::minilm().output("sentence_embedding", FLOAT, &[None, Some(384)]).bytes();
    let scratch = folder(&graph, 384, PoolingMode::Cls);
    run(asked(&scratch, &["--json"])).await.unwrap();
    let bundle = Bundle::open(&scratch.path().join("bundle")).unwrap();
    assert_eq!(std::fs::read(bundle.path("model.onnx")).unwrap(), graph);
    assert_eq!(
        (bundle.manifest().output.as_str(), bundle.manifest().normalise),
        ("sentence_embedding", false)
    );
}

#[tokio::test]
async fn a_dry_run_reads_all_and_writes_nothing() {
    let scratch = folder(&MadeGraph::minilm().bytes(), 384, PoolingMode::Mean);
    let ask = asked(&scratch, &["--dry-run"]);
    let plan = planned(&ask).unwrap();
    let said = said_in_json(&ask, &plan);
    assert_eq!((&said["pooled"], &said["bundle"]["dimension"]), (&json!("last_hidden_state"), &json!(384)));
    let told = lines(&plan).join("\n");
    for part in [
        "model: vectors of 384 numbers",
        "64 tokens",
        "pooled by mean",
        "onnx/model.onnx",
        "last_hidden_state",
    ] {
        assert!(told.contains(part), "{part} is missing in\n{told}");
    }
    assert!(advice(&ask, &plan.manifest).unwrap().contains("--query-prefix"));
    run(ask).await.unwrap();
    assert!(!scratch.path().join("bundle").exists());
    // What would be refused is refused then, too.
    std::fs::remove_file(scratch.path().join("model/onnx/model.onnx")).unwrap();
    assert!(run(asked(&scratch, &["--dry-run"])).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_a_bundle_is_refused_before_anything_is_written() {
    let scratch = folder(&MadeGraph::minilm().bytes(), 384, PoolingMode::Mean);
    let model = scratch.path().join("model");
    let (modules, pooled) = (model.join("modules.json"), std::fs::read(model.join("modules.json")).unwrap());
    let dense = String::from_utf8(pooled.clone()).unwrap().replace("Pooling\"}", "Dense\"}");
    std::fs::write(&modules, dense).unwrap();
    assert!(refused(&scratch).await.contains("sentence_transformers.models.Dense"));
    std::fs::write(&modules, pooled).unwrap();
    std::fs::write(
        model.join("onnx/model.onnx"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    )
    .unwrap();
    assert!(refused(&scratch).await.contains("git lfs pull"));
    std::fs::write(model.join("onnx/model.onnx"), "no graph").unwrap();
    assert!(refused(&scratch).await.contains("no ONNX graph"));
    std::fs::write(model.join("onnx/model.onnx"), MadeGraph::minilm().bytes()).unwrap();
    std::fs::write(model.join("config.json"), "{\"hidden_size\": 768, \"max_position_embeddings\": 512}")
        .unwrap();
    let error = refused(&scratch).await;
    assert!(error.contains("768") && error.contains("384") && error.contains("onnx/model.onnx"), "{error}");
    std::fs::write(model.join("config.json"), "{").unwrap();
    assert!(refused(&scratch).await.contains("config.json is no JSON"));
}

#[tokio::test]
async fn a_missing_part_is_told_with_the_command_that_makes_it() {
    let graph = MadeGraph::minilm().weights(&tensor("words", FLOAT, &[9], Some("model.onnx_data"))).bytes();
    let scratch = folder(&graph, 384, PoolingMode::Mean);
    let model = scratch.path().join("model");
    assert!(refused(&scratch).await.contains("model.onnx_data, which is not beside it"));
    let outside = MadeGraph::minilm().weights(&tensor("words", FLOAT, &[9], Some("../secret"))).bytes();
    std::fs::write(model.join("onnx/model.onnx"), outside).unwrap();
    assert!(refused(&scratch).await.contains("cannot be a file of a bundle"));
    std::fs::remove_file(model.join("onnx/model.onnx")).unwrap();
    std::fs::write(model.join("model.safetensors"), "weights").unwrap();
    assert!(refused(&scratch).await.contains("optimum-cli export onnx --model"));
    // Beside the other files it is found as well.
    std::fs::write(model.join("model.onnx"), MadeGraph::minilm().bytes()).unwrap();
    assert_eq!(planned(&asked(&scratch, &[])).unwrap().sources[Bundle::GRAPH], model.join("model.onnx"));
    std::fs::remove_file(model.join("tokenizer.json")).unwrap();
    assert!(refused(&scratch).await.contains("AutoTokenizer"));
    std::fs::remove_dir_all(&model).unwrap();
    assert!(run(asked(&scratch, &[])).await.unwrap_err().to_string().contains("no such folder"));
}

#[tokio::test]
async fn a_bundle_is_not_made_again_and_a_folder_in_use_not_touched() {
    let scratch = folder(&MadeGraph::minilm().bytes(), 384, PoolingMode::Mean);
    let taken = scratch.path().join("bundle");
    std::fs::create_dir_all(&taken).unwrap();
    std::fs::write(taken.join("mine.txt"), "mine").unwrap();
    let error = run(asked(&scratch, &[])).await.unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(std::fs::read_dir(&taken).unwrap().count(), 1);
    // An empty one is taken.
    std::fs::remove_file(taken.join("mine.txt")).unwrap();
    run(asked(&scratch, &[])).await.unwrap();
    let mut ask = asked(&scratch, &[]);
    ask.folder = taken;
    let error = run(ask).await.unwrap_err().to_string();
    assert!(error.contains("a bundle already") && error.contains("millrace model add"), "{error}");
}

#[test]
fn a_model_in_the_cache_is_called_by_its_name() {
    let name = |folder: &str| folder_name(Path::new(folder));
    assert_eq!(name("/models/all-MiniLM-L6-v2"), "all-MiniLM-L6-v2");
    assert_eq!(
        name("/c/hub/models--intfloat--multilingual-e5-small/snapshots/0a1b2c"),
        "multilingual-e5-small"
    );
    assert_eq!(name("/backup/snapshots/2024"), "2024");
}

/// The row of each token that [`TOKENIZER`] knows: four numbers, never all zero.
fn table() -> Vec<f32> {
    (0..65_u8)
        .flat_map(|id| [f32::from(id % 7) - 3.0, f32::from(id % 5), 1.0, f32::from(id) / 65.0])
        .collect()
}

/// The same for the tokens of a text, pooled and brought to length 1.
fn expected(bundle: &Bundle, text: &str, pooling: PoolingMode) -> Vec<f32> {
    let ids = Tokenizer::open(bundle).unwrap().encode(text, Role::Passage).unwrap().ids;
    let ids = if pooling == PoolingMode::Cls { &ids[..1] } else { &ids[..] };
    let (mut sum, table) = ([0.0_f32; 4], table());
    for id in ids {
        let row = &table[*id as usize * 4..][..4];
        for (sum, number) in sum.iter_mut().zip(row) {
            *sum += number;
        }
    }
    let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
    sum.iter().map(|number| number / length).collect()
}

fn asked_for_real(scratch: &TempDir) -> ImportModel {
    let mut ask = asked(scratch, &[]);
    // As MILLRACE_ONNXRUNTIME says.
    let Cli { ask: OperatorCommand::Model(command), .. } =
        Cli::parse_from(["millrace", "model", "import", "m"])
    else {
        panic!("another command")
    };
    let ModelCommand::Import(set) = *command else { panic!("another command") };
    ask.encoder.onnx = set.encoder.onnx;
    ask
}

#[tokio::test]
#[ignore = "real: onnxruntime"]
async fn the_appended_nodes_pool_as_the_model_says() {
    for pooling in [PoolingMode::Mean, PoolingMode::Cls] {
        let scratch = folder(&MadeGraph::of_table(&table(), 4, Some(4)).bytes(), 4, pooling);
        run(asked_for_real(&scratch)).await.unwrap();
        let bundle = Bundle::open(&scratch.path().join("bundle")).unwrap();
        let settings = asked_for_real(&scratch).encoder.onnx;
        let encoder = Onnx::open(&bundle, Tokenizer::open(&bundle).unwrap(), &settings).unwrap();
        // Together, so that the shorter ones are filled up.
        let texts = ["log", "a log of records", "query passage: of records of a log of records"];
        let vectors = encoder.embed(texts.map(str::to_owned).to_vec(), Role::Passage).await.unwrap();
        for (text, vector) in texts.iter().zip(vectors) {
            let expected = expected(&bundle, text, pooling);
            let apart = vector.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-5, "{pooling:?}, {text}: {vector:?} is not {expected:?}");
        }
    }
}

#[tokio::test]
#[ignore = "real: onnxruntime"]
async fn what_only_a_trial_finds_leaves_nothing_behind() {
    // The graph does not say that its vectors have 4 numbers, and the files say 8.
    let scratch = folder(&MadeGraph::of_table(&table(), 4, None).bytes(), 8, PoolingMode::Mean);
    let error = process::chain(run(asked_for_real(&scratch)).await.unwrap_err().as_ref());
    assert!(error.contains('4') && error.contains('8'), "{error}");
    assert!(!scratch.path().join("bundle").exists());
    // A table of fewer tokens than the tokenizer has.
    let scratch = folder(&MadeGraph::of_table(&table()[..8], 4, Some(4)).bytes(), 4, PoolingMode::Mean);
    assert!(run(asked_for_real(&scratch)).await.is_err());
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
}
