#![expect(clippy::disallowed_methods, reason = "edge: reads a model's folder, and writes a bundle")]
//! `model import`: a bundle made of a model as Hugging Face has it.
//!
//! What the files say is read and judged first (`hugging`), then the graph (`graph`, `fitting`); nothing is written before both are
//! right. The bundle is then opened and tried as a worker would (`trial`), and only after that it appears where it belongs.

mod fitting;
mod graph;
mod hugging;
#[cfg(test)]
mod made;
mod pooling;
mod trial;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use model::{Bundle, Manifest};
use process::Failure;
use serde_json::{Value, json};

use self::fitting::{FittedGraph, fit};
use self::graph::read_graph;
use self::hugging::{HuggingFiles, manifest_json, module_folders, said_of, without_graph};
use crate::cli::{AddModel, ImportModel};
use crate::show;

/// Where a graph may be, the first that is there.
const GRAPHS: [&str; 2] = ["onnx/model.onnx", "model.onnx"];
/// What Git leaves in the place of a large file that was not fetched.
const POINTER: &[u8] = b"version https://git-lfs";

/// What a bundle will be made of.
#[derive(Debug)]
struct ImportPlan {
    /// The manifest, without files.
    manifest: Manifest,
    /// The graph, with whatever was appended.
    graph: Vec<u8>,
    /// The output that was pooled here.
    pooled: Option<String>,
    /// Where each file comes from, by its name in the bundle.
    sources: BTreeMap<String, PathBuf>,
}

pub(super) async fn run(ask: ImportModel) -> Result<ExitCode, Failure> {
    let plan = planned(&ask)?;
    // What programs read stands alone on standard output.
    let say: fn(&str) = if ask.registry.json { show::note } else { show::line };
    for line in lines(&plan).iter().chain(&advice(&ask, &plan.manifest)) {
        say(line);
    }
    let mut said = said_in_json(&ask, &plan);
    if ask.dry_run {
        say("nothing was written");
    } else if let Some(to) = &ask.to {
        said["bundle"] = manifest_json(&write_to(plan, to, &ask).await?);
        say(&format!("the bundle stands in {0}; `millrace model add {0}` enters it", to.display()));
    } else {
        return add(ask, plan).await;
    }
    if ask.registry.json {
        show::json(&said)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads all that a bundle needs; refuses what it cannot express.
fn planned(ask: &ImportModel) -> Result<ImportPlan, Failure> {
    let folder = &ask.folder;
    let told = |problem: String| format!("{}: {problem}", folder.display());
    if !folder.is_dir() {
        return Err(told("there is no such folder: fetch the model first".to_owned()).into());
    }
    if folder.join(Bundle::MANIFEST).exists() {
        return Err(told(format!(
            "it is a bundle already: `millrace model add {}` enters it",
            folder.display()
        ))
        .into());
    }
    if let Some(to) = ask.to.as_deref().filter(|to| is_taken(to)) {
        return Err(format!("{} is not empty: name a new folder with --to", to.display()).into());
    }
    let modules = module_folders(&json_of(&folder.join("modules.json"))?).map_err(told)?;
    let core = folder.join(&modules.transformer);
    let files = HuggingFiles {
        config: json_of(&core.join("config.json"))?,
        pooling: json_of(&folder.join(&modules.pooling).join("config.json"))?,
        lengths: json_of(&core.join("sentence_bert_config.json"))?,
        prompts: json_of(&folder.join("config_sentence_transformers.json"))?,
        tokenizer: json_of(&core.join(Bundle::TOKENIZER))?,
        tokenizer_config: json_of(&core.join("tokenizer_config.json"))?,
    };
    let said =
        said_of(&modules, &files, &folder_name(&folder.canonicalize()?), &ask.choices).map_err(told)?;
    if files.tokenizer.is_null() {
        return Err(told(without_tokenizer(&core)).into());
    }
    let mut places = [folder, &core].into_iter().flat_map(|base| GRAPHS.map(|name| base.join(name)));
    let source = places.find(|file| file.is_file());
    let source = source.ok_or_else(|| told(without_graph(&folder.display().to_string(), &files)))?;
    let mut graph = content(&source)?;
    let told = |problem: String| format!("{}: {problem}", source.display());
    let facts = read_graph(&graph).map_err(told)?;
    let FittedGraph { manifest, pooled } = fit(said, &facts).map_err(told)?;
    let mut sources = BTreeMap::from([(Bundle::TOKENIZER.to_owned(), core.join(Bundle::TOKENIZER))]);
    for name in &facts.weights {
        sources.insert(name.clone(), weights(&source, name).map_err(told)?);
    }
    sources.insert(Bundle::GRAPH.to_owned(), source.clone());
    let pooled = pooled.map(|added| {
        graph.extend(added.bytes);
        added.tokens
    });
    Ok(ImportPlan { manifest, graph, pooled, sources })
}

/// The file beside the graph in which it has weights. The graph names it, so that its name stays in the bundle.
fn weights(graph: &Path, name: &str) -> Result<PathBuf, String> {
    let taken = [Bundle::GRAPH, Bundle::TOKENIZER, Bundle::MANIFEST];
    if !Bundle::is_plain(name) || taken.contains(&name) {
        return Err(format!(
            "it has weights in {name:?}, which cannot be a file of a bundle: export it again"
        ));
    }
    let file = graph.with_file_name(name);
    if file.is_file() {
        return Ok(file);
    }
    Err(format!("it has weights in {name}, which is not beside it: fetch that file, too"))
}

fn without_tokenizer(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "it has no tokenizer.json: have it written with `python3 -c \"from transformers import AutoTokenizer as A; \
         A.from_pretrained('{folder}').save_pretrained('{folder}')\"` (pip install transformers sentencepiece), and ask again"
    )
}

/// What a model is called by its folder: in Hugging Face's cache, `models--OWNER--NAME/snapshots/REVISION`, it is NAME.
fn folder_name(folder: &Path) -> String {
    let parts: Vec<String> = folder.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let cached = match parts.as_slice() {
        [.., model, snapshots, _] if snapshots == "snapshots" => model.strip_prefix("models--"),
        _ => None,
    };
    let name = cached.and_then(|cached| cached.rsplit("--").next());
    name.or(parts.last().map(String::as_str)).unwrap_or_default().to_owned()
}

fn is_taken(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        // Nothing, or a file, which is in the way.
        Err(_) => folder.exists(),
    }
}

/// The content of a file; where Git left a pointer, that is said.
fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if bytes.starts_with(POINTER) {
        return Err(format!(
            "{} is a pointer of Git LFS and not the file: fetch it with `git lfs pull`",
            file.display()
        )
        .into());
    }
    Ok(bytes)
}

/// A file of JSON; null when it is not there.
fn json_of(file: &Path) -> Result<Value, Failure> {
    if !file.exists() {
        return Ok(Value::Null);
    }
    let parsed = serde_json::from_slice(&content(file)?);
    Ok(parsed.map_err(|error| format!("{} is no JSON ({error}): fetch it again", file.display()))?)
}

/// Writes the bundle into a folder of its own below `scratch`, and opens it.
fn write(plan: ImportPlan, scratch: &Path) -> Result<Bundle, Failure> {
    let folder = scratch.join("bundle");
    let ImportPlan { mut manifest, graph, sources, .. } = plan;
    let unwritten = |name: &str, error: &std::io::Error| format!("{}: {error}", folder.join(name).display());
    std::fs::create_dir_all(&folder).map_err(|error| unwritten("", &error))?;
    for (name, source) in &sources {
        let file = folder.join(name);
        let written = if name == Bundle::GRAPH {
            std::fs::write(&file, &graph)
        } else {
            std::fs::copy(source, &file).map(|_| ())
        };
        written.map_err(|error| unwritten(name, &error))?;
        manifest.files.insert(name.clone(), model::file_digest(&file)?);
    }
    let text = serde_json::to_string_pretty(&manifest_json(&manifest))?;
    std::fs::write(folder.join(Bundle::MANIFEST), text + "\n")
        .map_err(|error| unwritten(Bundle::MANIFEST, &error))?;
    Ok(Bundle::open(&folder)?)
}

/// Writes the bundle beside `to`, and renames it when it was tried: nobody sees half of one, or one that does not work.
async fn write_to(plan: ImportPlan, to: &Path, ask: &ImportModel) -> Result<Manifest, Failure> {
    let told = |error: std::io::Error| format!("{}: {error}", to.display());
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(told)?;
    let scratch = tempfile::Builder::new().prefix(".millrace-import-").tempdir_in(parent).map_err(told)?;
    let bundle = write(plan, scratch.path())?;
    trial::run(&bundle, &ask.encoder.onnx).await?;
    std::fs::rename(bundle.folder(), to).map_err(told)?;
    Ok(bundle.manifest().clone())
}

/// Writes and tries the bundle in a folder that goes again, and does what `model add` does with it.
async fn add(ask: ImportModel, plan: ImportPlan) -> Result<ExitCode, Failure> {
    let scratch = tempfile::tempdir()?;
    let bundle = write(plan, scratch.path())?;
    trial::run(&bundle, &ask.encoder.onnx).await?;
    let ImportModel { registry, bucket, encoder, candidate, .. } = ask;
    let folder = bundle.folder().to_path_buf();
    super::add(&AddModel { folder, registry, bucket, backend: encoder.backend, candidate }).await
}

/// The plan for programs.
fn said_in_json(ask: &ImportModel, plan: &ImportPlan) -> Value {
    let sources =
        plan.sources.iter().map(|(name, source)| (name.clone(), source.display().to_string().into()));
    let sources: serde_json::Map<String, Value> = sources.collect();
    let to = ask.to.as_ref().map(|to| to.display().to_string());
    json!({ "bundle": manifest_json(&plan.manifest), "from": sources, "pooled": plan.pooled, "to": to })
}

/// The plan for people.
fn lines(plan: &ImportPlan) -> Vec<String> {
    let Manifest { name, dimension, max_tokens, pooling, normalise, precision, prefixes, .. } =
        &plan.manifest;
    let length = if *normalise { ", of length 1" } else { "" };
    let mut lines = vec![
        format!(
            "{name}: vectors of {dimension} numbers{length}, of at most {max_tokens} tokens, pooled by {pooling}, {precision}"
        ),
        format!("  before a question {:?}, before a passage {:?}", prefixes.query, prefixes.passage),
    ];
    lines.extend(plan.sources.iter().map(|(name, source)| format!("  {name:<16} from {}", source.display())));
    if let Some(output) = &plan.pooled {
        lines.push(format!(
            "  the graph gives a vector for each token ({output}): what makes one of them is appended to it"
        ));
    }
    lines
}

/// What a person should look at: many models want a prefix that only their page names.
fn advice(ask: &ImportModel, manifest: &Manifest) -> Option<String> {
    let is_asked = ask.choices.query_prefix.is_some() || ask.choices.passage_prefix.is_some();
    let is_bare = manifest.prefixes.query.is_empty() && manifest.prefixes.passage.is_empty();
    (is_bare && !is_asked).then(|| {
        "  its files name no prompts; if the model's page does (E5 wants `query: ` and `passage: `), give --query-prefix and \
         --passage-prefix"
            .to_owned()
    })
}

#[cfg(test)]
mod tests;
