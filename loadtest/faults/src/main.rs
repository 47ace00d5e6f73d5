#![expect(clippy::print_stdout, clippy::print_stderr, reason = "edge: speaks on the terminal")]
//! `faults`: see `compose/faults --help`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use objects::S3Store;
use process::Failure;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use faults::brokers::Brokers;
use faults::config::Config;
use faults::dials::Dials;
use faults::field::{Field, Proxies};
use faults::fleet::{self, Endpoints, Fleet};
use faults::oracle::Oracle;
use faults::proof::Proof;
use faults::proxy::{EngineProxy, StoreProxy, serve};
use faults::results::{self, Outcome};
use faults::schedule::{Schedule, Worker};
use faults::seed::Seed;
use faults::turnover::Turnover;
use faults::world::World;

/// With a mechanism switched off, the suite must fail within this many seeds.
const CONTROL: u64 = 10;

/// How much longer a seed with a new generation may take.
const RENEWAL: Duration = Duration::from_mins(4);

/// A proxy strikes one in this many bulk requests, or reads of objects.
const BULKS: usize = 3;
const READS: usize = 6;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let telemetry = telemetry::TelemetrySettings {
        log: "off".to_owned(),
        log_format: telemetry::LogFormat::Text,
        metrics_listen: None,
    };
    if let Err(error) = telemetry::start(&telemetry) {
        eprintln!("faults: {error}");
        return ExitCode::from(2);
    }
    match Box::pin(work(&config)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {}", process::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Runs all seeds; true if they ended as they should.
async fn work(config: &Config) -> Result<bool, Failure> {
    let mut tasks = JoinSet::new();
    let field = begin(config, &mut tasks)?;
    faults::compaction::force(&field.world).await?;
    for worker in Worker::ALL {
        field.fleet.start(worker, 1).await?;
    }
    let mut proof = Proof::new(&config.programs, &config.instance.join("faults"));
    let off: Vec<String> = config.off.iter().map(|off| off.mechanism().name().to_owned()).collect();
    let commit = commit().await?;
    for (name, number, mut rounds) in seeds(config) {
        let mut outcome =
            Outcome { seed: name.clone(), commit: commit.clone(), off: off.clone(), ..Outcome::default() };
        let resumed = config.seed.is_none() && !config.short && off.is_empty();
        if resumed && results::is_done(&results::read(&config.results)?, &name, &commit, &off) {
            println!("ok seed {name}: done before, see {}", config.results.display());
            continue;
        }
        if config.release {
            rounds = rounds.into_iter().map(Schedule::without_places).collect();
        }
        let mut most = Duration::from_secs(config.most_seconds.saturating_mul(rounds.len() as u64));
        if rounds.iter().any(|schedule| schedule.turnover.is_some()) {
            most += RENEWAL;
        }
        Seed { name, number, rounds, field: &field, most }.run(&mut proof, &mut outcome).await?;
        println!("{}", outcome.line());
        results::append(&config.results, &outcome)?;
        outcome.differences.iter().chain(&outcome.troubles).for_each(|wrong| println!("    {wrong}"));
        if !off.is_empty() && !outcome.differences.is_empty() {
            println!("without {} the suite fails at seed {number}, as it should", off.join(","));
            return Ok(true);
        }
        // With a mechanism switched off, a fault that missed its place proves nothing either way.
        if off.is_empty() && !outcome.equal {
            return Ok(false);
        }
    }
    if !off.is_empty() {
        println!("without {} everything is equal after each seed: the suite would not notice", off.join(","));
    }
    Ok(off.is_empty())
}

/// The seeds to run: name, number, and schedules.
fn seeds(config: &Config) -> Vec<(String, u64, Vec<Schedule>)> {
    let kind = match (config.release, config.generations) {
        (false, false) => "",
        (false, true) => "generations-",
        (true, false) => "release-",
        (true, true) => "release-generations-",
    };
    if config.short {
        // Where notices are dropped, a generation is built only after all faults.
        let turnover = config.generations.then(|| Turnover::short(1002));
        let second = Schedule { turnover, ..Schedule::short(true) };
        return vec![
            (format!("{kind}short-1"), 1001, vec![Schedule::short(false)]),
            (format!("{kind}short-2"), 1002, vec![second]),
        ];
    }
    if let Some(count) = config.long {
        let name = format!("{kind}long-{}-of-{count}", config.first);
        let mut rounds = Schedule::rounds(config.first, count);
        if config.generations
            && rounds.iter().all(|schedule| schedule.turnover.is_none())
            && let Some(first) = rounds.first_mut()
        {
            first.turnover = Some(Turnover::of(config.first));
        }
        return vec![(name, config.first, rounds)];
    }
    let schedule = |number| match config.off {
        Some(off) => Schedule::without(off.mechanism(), number),
        None if config.generations => {
            Schedule { turnover: Some(Turnover::of(number)), ..Schedule::of(number) }
        }
        None => Schedule::of(number),
    };
    let numbers = match (config.seed, config.off) {
        (Some(seed), _) => seed..=seed,
        (None, Some(_)) => 1..=CONTROL,
        (None, None) => config.first..=config.seeds,
    };
    numbers.map(|number| (format!("{kind}{number}"), number, vec![schedule(number)])).collect()
}

/// Opens all connections and starts the proxies.
fn begin(config: &Config, tasks: &mut JoinSet<()>) -> Result<Field, Failure> {
    let oracle = Arc::new(Oracle::new(S3Store::new(&config.store)?, &config.bucket));
    let (changes, asked) = mpsc::channel(16);
    let obeying = Arc::clone(&oracle);
    tasks.spawn(async move { obeying.obey(asked).await });
    let engine = |url: &str, port: u16, tasks: &mut JoinSet<()>| {
        let dials = Arc::new(Dials::new(BULKS));
        let proxy = Arc::new(EngineProxy::new(url, Arc::clone(&dials)));
        let (gate, refusing) = watch::channel(false);
        let handler = Arc::clone(&proxy);
        tasks.spawn(async move { report(serve(port, handler, refusing).await) });
        (dials, proxy, gate)
    };
    let port = config.proxy_port;
    let opensearch = engine(&config.opensearch.opensearch_url, port, tasks);
    let elasticsearch = engine(&config.elasticsearch.elasticsearch_url, port + 1, tasks);
    let store = Arc::new(Dials::new(READS));
    let endpoint = config.store.endpoint.as_deref().ok_or("MILLRACE_S3_ENDPOINT must name the store")?;
    let store_proxy = Arc::new(StoreProxy::new(endpoint, &config.bucket, Arc::clone(&store), changes));
    let handler = Arc::clone(&store_proxy);
    tasks.spawn(async move {
        // The store never refuses connections: the sender lives as long as the task and is never used.
        let (_open, refusing) = watch::channel(false);
        report(serve(port + 2, handler, refusing).await);
    });
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    let endpoints = Endpoints {
        opensearch: at(port),
        elasticsearch: at(port + 1),
        store: at(port + 2),
        serve: config.serve_listen,
    };
    let off = config.off.map(faults::config::Off::mechanism);
    let compose = std::path::absolute(&config.compose)?;
    let fleet =
        Fleet::new((&compose, &config.instance), endpoints, off, (config.store_server, config.brokers));
    let proxies = Proxies { engines: [opensearch, elasticsearch], store: (store, store_proxy) };
    Ok(Field::new(oracle, fleet, proxies, (World::open(config)?, Brokers::new(&config.kafka.kafka_brokers))))
}

fn report(served: std::io::Result<()>) {
    if let Err(error) = served {
        eprintln!("faults: a proxy ended: {error}; is its port taken?");
    }
}

/// The commit, marked `-dirty` if tracked files were changed, apart from the results, to which each seed appends.
/// `unknown` outside a repository.
async fn commit() -> Result<String, Failure> {
    let Ok(commit) = git(&["rev-parse", "--short=12", "HEAD"]).await else {
        return Ok("unknown".to_owned());
    };
    let files =
        ["status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)loadtest/results"];
    let dirty = if git(&files).await?.is_empty() { "" } else { "-dirty" };
    Ok(commit + dirty)
}

async fn git(arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("git");
    command.args(arguments);
    Ok(fleet::run(command).await?.trim().to_owned())
}
