//! `serve`: questions in, passages out.

use std::process::ExitCode;
use std::sync::Arc;

use model::{Backend, Generation};
use process::{Failure, Host};
use serve::{Config, Search};
use sink::{Elasticsearch, Names, RequestSettings};
use tracing::info;

fn main() -> ExitCode {
    process::run("serve", work)
}

async fn work(config: Config, host: Host) -> Result<(), Failure> {
    let bundle = config.model.open()?;
    let generation = Generation::of(&bundle, &config.encoder.backend);
    let encoder = Backend::open(&bundle, &config.encoder)?;
    let names = Names::new(&config.index.index, &generation.space)?;
    let reader = Elasticsearch::connect(&config.elasticsearch, &RequestSettings::default(), names)?;
    let search = Arc::new(Search::new(encoder, generation.space, reader));
    info!(address = %config.serve_listen, model = bundle.manifest().name, "serving /v1/search");
    serve::http::serve(config.serve_listen, search, async move { host.stopping().await }).await.map_err(
        |error| {
            format!(
                "{} cannot be served: {error}; choose a free address with MILLRACE_SERVE_LISTEN",
                config.serve_listen
            )
        },
    )?;
    Ok(())
}
