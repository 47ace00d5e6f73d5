//! What the files of a sentence-transformers model say, as the manifest of a bundle; what a bundle cannot express is refused. Pure.

mod limit;
mod prefix;

use std::collections::BTreeMap;

use model::{Bundle, Manifest};
use serde_json::{Value, json};

use self::limit::most_tokens;
use self::prefix::prefixes_of;
use super::pooling::PoolingMode;
use crate::cli::ImportChoices;

const NO_MODULES: &str = "there is no modules.json, which says how the vectors of tokens become one: take a model of \
                          sentence-transformers, or save this one with it (`SentenceTransformer(DIR).save_pretrained(OUT)`, which \
                          takes the mean)";

/// Where the parts of a model are, as modules.json says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ModuleFolders {
    /// The transformer's; empty for that of the model.
    pub(super) transformer: String,
    /// That of the pooling.
    pub(super) pooling: String,
    /// Whether vectors are brought to length 1.
    pub(super) normalise: bool,
}

/// The files of a model; one that is missing is null.
#[derive(Debug, Default)]
pub(super) struct HuggingFiles {
    /// config.json
    pub(super) config: Value,
    /// config.json in the folder of the pooling
    pub(super) pooling: Value,
    /// `sentence_bert_config.json`
    pub(super) lengths: Value,
    /// `config_sentence_transformers.json`
    pub(super) prompts: Value,
    /// tokenizer.json
    pub(super) tokenizer: Value,
    /// `tokenizer_config.json`
    pub(super) tokenizer_config: Value,
}

/// The manifest as far as these files say it, and how the graph has to pool.
#[derive(Debug)]
pub(super) struct SaidModel {
    pub(super) manifest: Manifest,
    pub(super) pooling: PoolingMode,
}

/// Reads modules.json. A bundle is a transformer, its pooling, and at most a normalisation.
pub(super) fn module_folders(modules: &Value) -> Result<ModuleFolders, String> {
    let Some(listed) = modules.as_array() else { return Err(NO_MODULES.to_owned()) };
    let mut found = Vec::new();
    for module in listed {
        let text = |key: &str| module.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, path) = (text("type"), text("path"));
        let name = kind.strip_prefix("sentence_transformers.").and_then(|kind| kind.rsplit('.').next());
        let known = name.filter(|name| matches!(*name, "Transformer" | "Pooling" | "Normalize"));
        let Some(name) = known else { return Err(unknown_module(kind)) };
        if !path.is_empty() && !Bundle::is_plain(path) {
            return Err(format!("modules.json has a module in {path:?}, which is no folder of the model"));
        }
        found.push((name, path));
    }
    match found.as_slice() {
        [("Transformer", transformer), ("Pooling", pooling), rest @ ..]
            if rest.iter().all(|(name, _)| *name == "Normalize") =>
        {
            Ok(ModuleFolders {
                transformer: (*transformer).to_owned(),
                pooling: (*pooling).to_owned(),
                normalise: !rest.is_empty(),
            })
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            Err(format!(
                "modules.json has the modules {}: a bundle is a Transformer, a Pooling, and at most a Normalize",
                names.join(", ")
            ))
        }
    }
}

fn unknown_module(kind: &str) -> String {
    format!(
        "modules.json has a module of the kind {kind}, which no bundle expresses: take a model of Transformer, Pooling and Normalize \
         alone, or write bundle.json yourself around a graph that has the module inside (workers/MODELS.md)"
    )
}

/// What bundle.json will say, but for the graph's output, its precision, and the files.
pub(super) fn said_of(
    folders: &ModuleFolders,
    files: &HuggingFiles,
    name: &str,
    choices: &ImportChoices,
) -> Result<SaidModel, String> {
    let pooling = pooling_mode(&files.pooling)?;
    let prefixes = prefixes_of(&files.prompts, choices)?;
    let leaves_prompt_out = files.pooling.get("include_prompt").and_then(Value::as_bool) == Some(false);
    if leaves_prompt_out && !(prefixes.query.is_empty() && prefixes.passage.is_empty()) {
        return Err(
            "its pooling leaves the prompt out (include_prompt), which no bundle expresses: take another model, or try it without \
             prompts (--query-prefix \"\" --passage-prefix \"\")"
                .to_owned(),
        );
    }
    check_similarity(&files.prompts, folders)?;
    check_letters(files)?;
    let name = choices.name.as_deref().unwrap_or(name).trim();
    if name.is_empty() {
        return Err("it has no name: give one with --name".to_owned());
    }
    let manifest = Manifest {
        name: name.to_owned(),
        version: "1".to_owned(),
        dimension: dimension(files)?,
        max_tokens: most_tokens(files, choices.max_tokens)?,
        pooling: pooling.word().to_owned(),
        normalise: folders.normalise,
        output: String::new(),
        precision: String::new(),
        prefixes,
        files: BTreeMap::new(),
    };
    Ok(SaidModel { manifest, pooling })
}

/// The one way of pooling that is switched on.
fn pooling_mode(pooling: &Value) -> Result<PoolingMode, String> {
    let Some(settings) = pooling.as_object() else {
        return Err("the folder of its pooling has no config.json: fetch the whole model".to_owned());
    };
    // Since sentence-transformers 5.4 they are listed; before, each has a switch.
    let modes: Vec<&str> = match settings.get("pooling_mode") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => {
            let on = settings.iter().filter(|(_, value)| value.as_bool() == Some(true));
            let modes = on.filter_map(|(key, _)| key.strip_prefix("pooling_mode_"));
            modes.map(|mode| mode.trim_end_matches("_tokens").trim_end_matches("_token")).collect()
        }
    };
    match modes.as_slice() {
        ["mean"] => Ok(PoolingMode::Mean),
        ["cls"] => Ok(PoolingMode::Cls),
        [] => {
            Err("the config.json of its pooling switches no way of pooling on: fetch the model again"
                .to_owned())
        }
        _ => Err(format!(
            "it pools by {}, and a bundle is made of a model that pools by mean or cls: take another model",
            modes.join(" and ")
        )),
    }
}

/// How many numbers a vector has.
fn dimension(files: &HuggingFiles) -> Result<usize, String> {
    let first =
        |value: &Value, keys: &[&str]| keys.iter().find_map(|key| value.get(key).and_then(Value::as_u64));
    let hidden = first(&files.config, &["hidden_size", "dim", "d_model", "n_embd"]);
    let pooled = first(&files.pooling, &["word_embedding_dimension", "embedding_dimension"]);
    let found = match (hidden, pooled) {
        (Some(hidden), Some(pooled)) if hidden != pooled => {
            return Err(format!(
                "config.json says that vectors have {hidden} numbers (hidden_size), and that of the pooling {pooled}: they are not of \
                 one model"
            ));
        }
        (Some(found), _) | (None, Some(found)) => found,
        (None, None) => 0,
    };
    let found = usize::try_from(found).ok().filter(|&found| found > 0);
    found.ok_or_else(|| {
        "config.json does not say how many numbers a vector has (hidden_size): fetch the whole model"
            .to_owned()
    })
}

/// The engines compare by cosine; for vectors of length 1 the others are the same.
fn check_similarity(prompts: &Value, folders: &ModuleFolders) -> Result<(), String> {
    match prompts.get("similarity_fn_name").and_then(Value::as_str) {
        Some(other) if other != "cosine" && !folders.normalise => Err(format!(
            "its vectors are compared by {other} (config_sentence_transformers.json), and the engines compare by cosine: take a model \
             that was trained for that"
        )),
        _ => Ok(()),
    }
}

/// Only the tokenizer may make letters small: nothing else looks at a text before it.
fn check_letters(files: &HuggingFiles) -> Result<(), String> {
    let asked = files.lengths.get("do_lower_case").and_then(Value::as_bool) == Some(true);
    if !asked || files.tokenizer.get("normalizer").is_some_and(lowers) {
        return Ok(());
    }
    Err(
        "it wants texts in small letters (do_lower_case), and its tokenizer.json leaves them as they are: add the normalizer Lowercase \
         there"
            .to_owned(),
    )
}

fn lowers(normalizer: &Value) -> bool {
    let inner = normalizer.get("normalizers").and_then(Value::as_array);
    normalizer.get("type").and_then(Value::as_str) == Some("Lowercase")
        || normalizer.get("lowercase").and_then(Value::as_bool) == Some(true)
        || inner.is_some_and(|inner| inner.iter().any(lowers))
}

/// What to do about a model in `folder` without an ONNX graph.
pub(super) fn without_graph(folder: &str, files: &HuggingFiles) -> String {
    let export = format!(
        "it has no ONNX graph (onnx/model.onnx or model.onnx), and Millrace runs nothing else. Export it with `optimum-cli export onnx \
         --model {folder} --task feature-extraction {folder}/onnx` (pip install optimum-onnx sentence-transformers), and ask again"
    );
    let says = |key: &str, expected: &str| files.config.get(key).and_then(Value::as_str) == Some(expected);
    if says("model_type", "bert")
        && says("hidden_act", "gelu")
        && pooling_mode(&files.pooling) == Ok(PoolingMode::Mean)
    {
        return format!(
            "{export}; or, without torch, with Millrace's own `python3 compose/model/export.py {folder} {folder}/model.onnx` (pip \
             install -r compose/model/requirements.txt), which reads model.safetensors"
        );
    }
    export
}

/// bundle.json.
pub(super) fn manifest_json(manifest: &Manifest) -> Value {
    let Manifest {
        name,
        version,
        dimension,
        max_tokens,
        pooling,
        normalise,
        output,
        precision,
        prefixes,
        files,
    } = manifest;
    json!({
        "name": name, "version": version, "dimension": dimension, "max_tokens": max_tokens, "pooling": pooling,
        "normalise": normalise, "output": output, "precision": precision,
        "prefixes": {"query": prefixes.query, "passage": prefixes.passage}, "files": files,
    })
}

#[cfg(test)]
mod tests;
