#![expect(clippy::print_stdout, reason = "edge: a measurement answers on standard output")]
//! The parts of `loadtest/million/run` that a script cannot do: a log of deterministic chunks, a log of ledger entries,
//! a plain bulk load of the same data, and exact counts. Each command prints one JSON object.

mod data;
mod log;
mod plain;
mod restored;
mod world;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use generation::Target;
use process::Failure;
use serde_json::{Value, json};
use sink::{EngineKind, Reader};
use world::{World, WorldSettings};

#[derive(Parser)]
#[command(name = "million", about)]
struct Settings {
    #[command(flatten)]
    world: WorldSettings,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Writes documents with so many chunks to `vectors.<space>`.
    Vectors { count: u64 },
    /// Writes so many entries to `ledger.<chunking>`.
    Ledger { count: u64 },
    /// Compares the working copies that `chunk` left in its folder with the entries that were written.
    Restored { count: u64, folder: PathBuf },
    /// Waits until `index` or `replicate` has committed all of `vectors.<space>`.
    Wait { worker: String },
    /// Counts what the workers wrote to an engine, after a refresh.
    Count { engine: EngineKind },
    /// Writes the requests of a plain load into files, one for each sender.
    Prepare { count: u64, folder: PathBuf, parts: u64 },
    /// Sends those requests to an index of their own, counts it and deletes it.
    Plain { engine: EngineKind, folder: PathBuf, parts: u64 },
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = Settings::parse();
    let world = World::open(settings.world)?;
    let mut report = match settings.what {
        What::Vectors { count } => log::vectors(&world, count).await?,
        What::Ledger { count } => log::ledger(&world, count).await?,
        What::Restored { count, folder } => restored::compare(&world, count, &folder).await?,
        What::Wait { worker } => log::wait(&world, &worker).await?,
        What::Count { engine } => count(&world.engine(engine, &world.names)?).await?,
        What::Prepare { count, folder, parts } => plain::prepare(&world, count, (&folder, parts)).await?,
        What::Plain { engine, folder, parts } => plain::load(&world, engine, (&folder, parts)).await?,
    };
    if let Some(report) = report.as_object_mut() {
        report.insert("dimension".to_owned(), world.generation.dimension.into());
    }
    println!("{report}");
    Ok(())
}

async fn count<R: Reader>(engine: &R) -> Result<Value, Failure> {
    engine.refresh().await?;
    let (chunks, documents) = (engine.count(Target::Chunks).await?, engine.count(Target::Documents).await?);
    Ok(json!({"chunks": chunks, "documents": documents}))
}
