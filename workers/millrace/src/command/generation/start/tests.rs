//! What a new generation is made from: the vectors or the passages that are there, or every document cut anew.
#![expect(clippy::disallowed_methods, reason = "edge: writes bundles to scratch folders")]

use clap::Parser as _;
use message::{ChangeAuthor, Fingerprint, RegistryEntry};
use model::fits;
use serde_json::{Value, json};

use super::*;
use crate::cli::{Cli, GenerationCommand, OperatorCommand};

/// A folder of bundles.
struct Shelf(tempfile::TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The folder of a bundle that takes 64 tokens and has no prefixes, unless this is said of it instead.
    fn put(&self, name: &str, instead: &[(&str, Value)]) -> PathBuf {
        let folder = self.0.path().join(name);
        fixture::judged::bundle(&folder, name, 8).unwrap();
        let file = folder.join(Bundle::MANIFEST);
        let mut manifest: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for (field, value) in instead {
            manifest[*field] = value.clone();
        }
        std::fs::write(&file, manifest.to_string()).unwrap();
        folder
    }

    /// The same with a tokenizer of its own.
    fn put_with_tokenizer(&self, name: &str) -> PathBuf {
        let folder = self.put(name, &[]);
        let (file, tokenizer) = (folder.join(Bundle::MANIFEST), folder.join(Bundle::TOKENIZER));
        std::fs::write(&tokenizer, "another").unwrap();
        let mut manifest: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        manifest["files"][Bundle::TOKENIZER] = model::file_digest(&tokenizer).unwrap().into();
        std::fs::write(&file, manifest.to_string()).unwrap();
        folder
    }

    fn bundle(&self, name: &str) -> Bundle {
        Bundle::open(&self.0.path().join(name)).unwrap()
    }

    /// What is asked on a machine whose own model is this one.
    fn ask(&self, own: &str, more: &[&str]) -> StartGeneration {
        asked_for(self.0.path().join(own).to_str().unwrap(), more)
    }

    /// A generation with this model, whose documents were cut for it.
    fn built(&self, name: &str) -> GenerationEntry {
        let backend = self.ask(name, &[]).ask.world.generation.backend;
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let generation = model::generation(&self.bundle(name), &backend);
        GenerationEntry {
            state: BuildState::Built,
            ..generation.entry("docs", FillSource::Reconcile, &author)
        }
    }
}

fn asked_for(own: &str, more: &[&str]) -> StartGeneration {
    let words = ["millrace", "generation", "start", "--index", "docs", "--encoder", "onnx", "--model", own];
    let OperatorCommand::Generation(command) = Cli::parse_from(words.iter().chain(more)).ask else {
        panic!("another command")
    };
    let GenerationCommand::Start(ask) = *command else { panic!("another command") };
    ask
}

/// What is decided beside what is served, where the registry knows these.
fn decided(
    base: &GenerationEntry,
    (ask, folder): (&StartGeneration, Option<&Path>),
    known: &[&GenerationEntry],
) -> Result<(GenerationEntry, Option<String>), Failure> {
    next(&Ground::new(&ask.ask), (base, &registry_of(known)), (ask, folder))
}

fn registry_of(known: &[&GenerationEntry]) -> Registry {
    let mut registry = Registry::default();
    for entry in known {
        let entry = RegistryEntry::Generation((*entry).clone());
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
    }
    registry
}

#[test]
fn passages_fit_with_the_same_tokenizer_and_prefix_and_no_smaller_limit() {
    let shelf = Shelf::new();
    shelf.put("own", &[]);
    shelf.put("longer", &[("max_tokens", json!(65))]);
    shelf.put("asks", &[("prefixes", json!({"query": "query: ", "passage": ""}))]);
    shelf.put("prefixed", &[("prefixes", json!({"query": "", "passage": "passage: "}))]);
    shelf.put_with_tokenizer("other");
    let own = shelf.bundle("own");
    let fit = |to: &str| fits(&own, &shelf.bundle(to));
    assert_eq!((fit("own"), fit("longer"), fit("asks")), (Ok(()), Ok(()), Ok(())));
    let shorter = fits(&shelf.bundle("longer"), &own);
    assert_eq!(shorter, Err("it takes 64 tokens, not 65".to_owned()));
    assert_eq!(fit("prefixed"), Err("its prefix of passages is \"passage: \", not \"\"".to_owned()));
    assert_eq!(fit("other"), Err("its tokenizer is another one".to_owned()));
}

#[test]
fn another_mapping_takes_the_vectors_that_are_there() {
    let shelf = Shelf::new();
    shelf.put("own", &[]);
    let (base, ask) = (shelf.built("own"), shelf.ask("own", &["--shards", "3"]));
    let (made, why) = decided(&base, (&ask, None), &[&base]).unwrap();
    assert_eq!((made.source, why, &made.cut_by), (FillSource::Vectors, None, &None));
    assert_eq!((&made.space, &made.model, made.mapping.shards), (&base.space, &base.model, Some(3)));
    assert_ne!(made.id, base.id);
}

#[test]
fn a_model_that_the_passages_fit_embeds_those_that_are_there() {
    let shelf = Shelf::new();
    shelf.put("own", &[]);
    let base = shelf.built("own");
    for (name, instead) in [
        ("alike", vec![]),
        ("longer", vec![("max_tokens", json!(65))]),
        ("asks", vec![("prefixes", json!({"query": "query: ", "passage": ""}))]),
    ] {
        let folder = shelf.put(name, &instead);
        let (made, why) = decided(&base, (&shelf.ask("own", &[]), Some(folder.as_path())), &[&base]).unwrap();
        assert_eq!((made.source, why), (FillSource::Chunks, None), "{name}");
        let bundle = shelf.bundle(name);
        assert_eq!((&made.chunking, &made.model), (&base.chunking, &bundle.model_fingerprint()), "{name}");
        assert_eq!(made.space, bundle.space(&base.chunking), "{name}");
        assert_eq!(made.cut_by.as_ref(), Some(&base.model), "{name}");
    }
}

#[test]
fn for_a_model_that_they_do_not_fit_documents_are_cut_anew_and_the_reason_is_told() {
    let shelf = Shelf::new();
    shelf.put("own", &[]);
    let base = shelf.built("own");
    shelf.put("shorter", &[("max_tokens", json!(63))]);
    shelf.put("prefixed", &[("prefixes", json!({"query": "", "passage": "passage: "}))]);
    shelf.put_with_tokenizer("other");
    for (name, reason) in
        [("shorter", "63 tokens, not 64"), ("prefixed", "prefix of passages"), ("other", "tokenizer")]
    {
        let folder = shelf.0.path().join(name);
        let (made, why) = decided(&base, (&shelf.ask("own", &[]), Some(folder.as_path())), &[&base]).unwrap();
        assert_eq!((made.source, &made.cut_by), (FillSource::Reconcile, &None), "{name}");
        assert!(why.as_ref().is_some_and(|why| why.contains(reason)), "{name}: {why:?}");
        assert_eq!(made.chunking, model::chunking(&shelf.bundle(name)), "{name}");
        assert_ne!(made.chunking, base.chunking, "{name}");
    }
}

#[test]
fn what_was_cut_for_another_generation_is_not_cut_again() {
    let shelf = Shelf::new();
    shelf.put("own", &[]);
    let folder = shelf.put("shorter", &[("max_tokens", json!(32))]);
    let (base, ask) = (shelf.built("own"), shelf.ask("own", &[]));
    // A third model over the same passages.
    let there = GenerationEntry { model: Fingerprint::of(&[("weights", "third")]), ..shelf.built("shorter") };
    let source = |known: &GenerationEntry| {
        let (made, why) = decided(&base, (&ask, Some(folder.as_path())), &[&base, known]).unwrap();
        let of = Generation::from(&made);
        assert_eq!(is_cut(&registry_of(&[known]), "docs", &of), made.source == FillSource::Chunks);
        assert_eq!(why.is_none(), made.source == FillSource::Chunks);
        assert_eq!((&made.chunking, &made.cut_by), (&there.chunking, &None));
        made.source
    };
    assert_eq!(source(&there), FillSource::Chunks);
    // One that does not hold everything, or no longer, and that of another index.
    for state in [BuildState::Building, BuildState::Paused, BuildState::Failed, BuildState::Retired] {
        assert_eq!(source(&GenerationEntry { state, ..there.clone() }), FillSource::Reconcile, "{state:?}");
    }
    let wiki = GenerationEntry { index: "wiki".to_owned(), ..there.clone() };
    assert_eq!(source(&wiki), FillSource::Reconcile);
    assert_eq!(source(&base), FillSource::Reconcile);
}

#[test]
fn it_is_kept_who_cut_the_passages() {
    let shelf = Shelf::new();
    let first = shelf.put("first", &[]);
    let (second, third) = (shelf.put("second", &[]), shelf.put("third", &[]));
    let longer = shelf.put("longer", &[("max_tokens", json!(128))]);
    let base = shelf.built("first");
    let over = |base: &GenerationEntry, own: &str, folder: &Path| {
        let (made, why) = decided(base, (&shelf.ask(own, &[]), Some(folder)), &[base]).unwrap();
        assert_eq!((made.source, why, &made.chunking), (FillSource::Chunks, None, &base.chunking));
        GenerationEntry { state: BuildState::Built, ..made }
    };
    let seconds = over(&base, "first", &second);
    assert_eq!(seconds.cut_by.as_ref(), Some(&base.model));
    // The same with more shards, and with a third model: they were cut for the first one all the same.
    let ask = shelf.ask("second", &["--shards", "2"]);
    let (resharded, _) = decided(&seconds, (&ask, None), &[&seconds]).unwrap();
    assert_eq!(resharded.cut_by.as_ref(), Some(&base.model));
    assert_eq!(over(&seconds, "second", &third).cut_by.as_ref(), Some(&base.model));
    // Back to the first, whose own they are: also from a model that takes more, as they are there.
    assert_eq!(over(&seconds, "second", &first).cut_by, None);
    let over_longer = over(&base, "first", &longer);
    assert_eq!(over(&over_longer, "longer", &first).cut_by, None);
}

#[test]
fn without_the_model_that_is_served_nothing_tells_whether_passages_fit() {
    let shelf = Shelf::new();
    shelf.put("served", &[]);
    let next = shelf.put("next", &[]);
    let base = shelf.built("served");
    let error =
        decided(&base, (&shelf.ask("next", &[]), Some(next.as_path())), &[&base]).unwrap_err().to_string();
    assert!(error.contains("MILLRACE_MODELS") && error.contains("is not on this machine"), "{error}");
    let ask = shelf.ask("next", &["--models", shelf.0.path().to_str().unwrap()]);
    let (made, _) = decided(&base, (&ask, Some(next.as_path())), &[&base]).unwrap();
    assert_eq!((made.source, &made.cut_by), (FillSource::Chunks, &Some(base.model.clone())));
}

#[test]
fn what_nobody_names_stays_as_it_was_chosen_for_what_is_served() {
    let vectors = [("elasticsearch".to_owned(), "int8_hnsw".to_owned())].into();
    let base = IndexMapping { shards: Some(3), replicas: Some(2), vectors, instance: 7, version: 1 };
    let kept = next_mapping(&base, &asked_for("m", &[]));
    let kept_too = IndexMapping { version: MAPPING_VERSION, instance: 0, ..base.clone() };
    assert_eq!(kept, kept_too);
    let named = next_mapping(&base, &asked_for("m", &["--shards", "5", "--replicas", "0"]));
    assert_eq!((named.shards, named.replicas, &named.vectors), (Some(5), Some(0), &base.vectors));
    let first = next_mapping(&IndexMapping::of(MAPPING_VERSION), &asked_for("m", &[]));
    assert_eq!(first, IndexMapping::of(MAPPING_VERSION));
}

#[test]
fn sizes_are_readable() {
    let sizes: Vec<String> = [1, 2_500_000, 12_000_000_000].into_iter().map(size).collect();
    assert_eq!(sizes, ["1 kB", "2 MB", "12 GB"]);
}
