//! `serve`: questions in, passages and answers out.

use std::process::ExitCode;

use model::{Backend, Generation};
use process::{Failure, Host};
use serve::config::EngineKind;
use serve::start::{Opened, start};
use serve::{Config, Search, Snapshot};
use sink::{Elasticsearch, Names, OpenSearch, RequestSettings};

fn main() -> ExitCode {
    process::run("serve", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = Generation::of(&bundle, &config.encoder.backend);
    let encoder = Backend::open(&bundle, &config.encoder)?;
    let names = Names::new(&config.index.index, &generation.space)?;
    let requests = RequestSettings::default();
    let model = bundle.manifest().name.clone();
    let opened = Opened { generation, names: names.clone(), config: config.clone() };
    match config.serve_engine {
        EngineKind::Elasticsearch => {
            let reader = Elasticsearch::connect(&config.elasticsearch, &requests, names.clone())?;
            let search = Search::new(Snapshot::new(&model, encoder, reader.clone(), names));
            start(opened, search, reader, host).await
        }
        EngineKind::Opensearch => {
            let reader = OpenSearch::connect(&config.opensearch, &requests, names.clone())?;
            let search = Search::new(Snapshot::new(&model, encoder, reader.clone(), names));
            start(opened, search, reader, host).await
        }
    }
}
