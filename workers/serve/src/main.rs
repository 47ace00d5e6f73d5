//! `serve`: questions in, passages and answers out.

use std::process::ExitCode;

use generation::Names;
use model::Backend;
use process::{Failure, Host};
use serve::start::{Opened, start};
use serve::{Config, FurtherBundles, Search, Snapshot};
use sink::RequestSettings;

fn main() -> ExitCode {
    process::run("serve", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = model::generation(&bundle, &config.encoder.backend);
    let encoder = Backend::open(&bundle, &config.encoder)?;
    let names = Names::new(&config.index.index, &generation)?;
    let requests = RequestSettings::default();
    let model = bundle.manifest().name.clone();
    let engine = config.searched()?;
    let reader = engine.connect(&config.engines, &requests, names.clone())?;
    let search = Search::new(Snapshot::new(&model, encoder, reader.clone(), names.clone()));
    let further = FurtherBundles::new(bundle, config.further.clone(), config.encoder.clone());
    start(Opened { names, engine, open: further.opening(), further, config }, search, reader, host).await
}
