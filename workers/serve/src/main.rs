//! `serve`: questions in, passages and answers out.

use std::process::ExitCode;

use generation::Names;
use model::Backend;
use process::{Failure, Host};
use serve::config::EngineKind;
use serve::start::{Opened, start};
use serve::{Config, Search};
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
    let opened = Opened { model, names: names.clone(), config: config.clone() };
    match config.serve_engine {
        EngineKind::Elasticsearch => {
            let reader = config.elasticsearch.connect(&requests, names)?;
            start(opened, Search::new(encoder, generation.space, reader), host).await
        }
        EngineKind::Opensearch => {
            let reader = config.opensearch.connect(&requests, names)?;
            start(opened, Search::new(encoder, generation.space, reader), host).await
        }
    }
}
