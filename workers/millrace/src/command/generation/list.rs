//! `generation list`.

use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use message::{BuildState, GenerationEntry, ReadyEntry};
use process::Failure;
use registry::Registry;
use registry::rules::{LEASE, word};
use serde_json::json;

use super::Ground;
use crate::cli::ListGenerations;
use crate::show;

pub(super) async fn run(ask: &ListGenerations) -> Result<ExitCode, Failure> {
    let ground = Ground::new(&ask.ask);
    let registry = ground.registry().await?;
    let there = registry.generations(ground.index);
    let mut there: Vec<&GenerationEntry> =
        there.filter(|entry| ask.all || entry.state != BuildState::Retired).collect();
    there.sort_by_key(|entry| entry.since);
    let alive: Vec<&ReadyEntry> = registry.alive(ground.index, registry.now(), LEASE).collect();
    if ask.ask.json {
        let serving = registry.serving(ground.index);
        show::json(
            &json!({ "index": ground.index, "serving": serving, "generations": there, "ready": alive }),
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    if there.is_empty() {
        show::note("the registry names no generation yet: what is served is that of the workers' model");
    }
    for entry in there {
        show::line(&in_one_line(&registry, entry));
    }
    for ready in alive {
        show::line(&format!("serve        {}: has loaded {}", ready.instance, ready.loaded.join(", ")));
    }
    Ok(ExitCode::SUCCESS)
}

fn in_one_line(registry: &Registry, entry: &GenerationEntry) -> String {
    let serving = registry.serving(&entry.index);
    let place = match serving {
        Some(serving) if serving.id == entry.id => "served",
        Some(serving) if serving.previous.as_ref() == Some(&entry.id) => "before",
        _ => "",
    };
    let since = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(entry.since));
    let reason = entry.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!(
        "{:<12} {place:<7} {:<9} since {since} by {}  {}, {}{reason}",
        entry.id,
        word(entry.state),
        entry.by,
        entry.name,
        mapping(entry)
    )
}

/// How its indexes are made, for people.
pub(super) fn mapping(entry: &GenerationEntry) -> String {
    let mapping = &entry.mapping;
    let mut words = vec![format!("mapping {}", mapping.version)];
    words.extend(mapping.shards.map(|shards| format!("{shards} shards")));
    words.extend(mapping.replicas.map(|replicas| format!("{replicas} replicas")));
    words.extend(mapping.vectors.iter().map(|(engine, kind)| format!("{kind} in {engine}")));
    words.extend((mapping.instance > 0).then(|| format!("instance {}", mapping.instance)));
    words.join(", ")
}
