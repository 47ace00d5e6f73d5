#![expect(clippy::print_stdout, reason = "edge: a measurement answers on standard output")]
//! The parts of `loadtest/vectors/run` that a script cannot do: passages and questions of real sets with their vectors and
//! exact neighbours; an index of them that keeps vectors in one way, written and asked as the workers and `serve` do.

mod ask;
mod corpus;
mod exact;
mod fill;
mod prepare;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use generation::{Generation, Names, Target};
use model::{Backend, EncoderSettings, ModelSettings};
use process::Failure;
use serde_json::json;
use sink::{Engine, EngineKind, EngineSettings, RequestSettings, VectorChoice};

/// What the indexes are called.
const INDEX: &str = "loadtest-vectors";

#[derive(Parser)]
#[command(name = "vectors", about)]
struct Settings {
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    encoder: EncoderSettings,
    #[command(flatten)]
    requests: RequestSettings,
    #[command(flatten)]
    engines: EngineSettings,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Names the kinds of an engine, one a line; `native` behind those that need a library which no registry has.
    Kinds { engine: EngineKind },
    /// Cuts and embeds sets in BEIR's layout, finds the exact neighbours of their questions, and writes both to a folder.
    Prepare { folder: PathBuf, sets: Vec<PathBuf> },
    /// Tells what a search that compares every vector finds.
    Exact { folder: PathBuf },
    /// Makes an index that keeps vectors in this way, and writes all passages to it.
    Fill { folder: PathBuf, choice: VectorChoice },
    /// Asks that index all questions, one after another.
    Ask { folder: PathBuf, choice: VectorChoice },
    /// Deletes that index.
    Delete { choice: VectorChoice },
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = Settings::parse();
    let report = match &settings.what {
        What::Kinds { engine } => {
            for kind in engine.vectors() {
                println!("{}{}", kind.name, if kind.is_native() { " native" } else { "" });
            }
            return Ok(());
        }
        What::Prepare { folder, sets } => {
            let bundle = settings.model.open()?;
            let encoder = Backend::open(&bundle, &settings.encoder)?;
            prepare::prepare(folder, sets, (&bundle, &encoder)).await?
        }
        What::Exact { folder } => ask::exact(folder).await?,
        What::Fill { folder, choice } => fill::fill(folder, &settings.engine(*choice)?).await?,
        What::Ask { folder, choice } => ask::ask(folder, &settings.engine(*choice)?).await?,
        What::Delete { choice } => {
            let engine = settings.engine(*choice)?;
            for target in [Target::Chunks, Target::Documents] {
                engine.delete_index(target).await?;
            }
            json!({})
        }
    };
    println!("{report}");
    Ok(())
}

impl Settings {
    /// The indexes of a generation that keeps vectors as chosen.
    fn engine(&self, VectorChoice { engine, kind }: VectorChoice) -> Result<Engine, Failure> {
        let mut generation: Generation = model::generation(&self.model.open()?, &self.encoder.backend);
        generation.mapping.vectors.insert(engine.name().to_owned(), kind.name.to_owned());
        Ok(engine.connect(&self.engines, &self.requests, Names::new(INDEX, &generation)?)?)
    }
}
