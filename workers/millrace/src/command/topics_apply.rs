//! `topics apply`.

use std::process::ExitCode;

use process::Failure;
use serde_json::json;
use stream::kafka::{Applied, Kafka, TopicSpec};

use crate::cli::TopicsApply;
use crate::{show, world};

pub(super) async fn run(ask: TopicsApply) -> Result<ExitCode, Failure> {
    let generation = world::generation(&ask.generation)?;
    let kafka = Kafka::new(&ask.kafka);
    kafka.prove(ask.replication).await?;
    if !ask.json {
        show::line("the broker gives compaction and transactions");
    }
    for topic in topics::all(&generation.chunking, &generation.space)? {
        let partitions = topic.partitions.unwrap_or(ask.partitions);
        let spec = TopicSpec { name: topic.name, partitions, settings: topic.settings };
        let applied = kafka.apply(&spec, ask.replication).await?;
        let (word, changed) = match applied {
            Applied::Created => ("created", Vec::new()),
            Applied::Changed(settings) => ("changed", settings),
            Applied::Unchanged => ("unchanged", Vec::new()),
        };
        if ask.json {
            show::json(
                &json!({ "topic": spec.name, "partitions": partitions, "done": word, "settings": changed }),
            )?;
        } else {
            show::line(&format!(
                "{word:<10} {:<24} {partitions:>3} partitions  {}",
                spec.name,
                changed.join(" ")
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
