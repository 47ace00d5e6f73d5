//! `confirm`.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use generation::TopicReader;
use message::Confirmation;
use process::Failure;
use serde_json::json;
use stream::Outgoing;
use stream::kafka::{Kafka, Standing, standings};

use crate::again::LookWriter;
use crate::cli::Confirm;
use crate::{show, world};

pub(super) async fn run(ask: Confirm) -> Result<ExitCode, Failure> {
    let kafka = Kafka::new(&ask.kafka);
    let generation = world::generation(&ask.generation, &kafka).await?;
    let reader = TopicReader::chunk(&generation.chunking);
    let all = standings(&kafka, &reader.group, &reader.topic).await?;
    if let Some(partition) =
        ask.partition.filter(|asked| usize::try_from(*asked).is_ok_and(|n| n >= all.len()))
    {
        return Err(format!(
            "documents has {} partitions, numbered from 0: there is no {partition}",
            all.len()
        )
        .into());
    }
    let numbered =
        (0_i32..).zip(all).filter(|(partition, _)| ask.partition.is_none_or(|asked| asked == *partition));
    let waiting: Vec<(i32, Standing)> = numbered.filter(|(_, standing)| standing.waiting > 0).collect();
    if waiting.is_empty() {
        show::note("no partition of documents waits: there is nothing to confirm");
        return Ok(ExitCode::SUCCESS);
    }
    if !ask.json {
        for (partition, standing) in &waiting {
            show::line(&format!(
                "documents/{partition:<4} {} references wait: chunk stands at {}, the end is {}",
                standing.waiting,
                standing.committed.unwrap_or(0),
                standing.end
            ));
        }
    }
    if !ask.yes && !is_meant()? {
        show::note("nothing was confirmed; `millrace confirm --yes` lets the removals among them pass");
        return Ok(ExitCode::FAILURE);
    }
    let mut writer = LookWriter::new(&kafka)?;
    for (partition, standing) in &waiting {
        writer.say(record(*partition, standing.end, &ask.by)?).await?;
    }
    writer.flush().await?;
    for (partition, standing) in &waiting {
        if ask.json {
            show::json(&json!({
                "partition": partition, "committed": standing.committed, "end": standing.end,
                "waiting": standing.waiting, "confirmed_until": standing.end, "by": ask.by,
            }))?;
        } else {
            show::line(&format!("documents/{partition:<4} removals below offset {} may pass", standing.end));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn record(partition: i32, until: i64, by: &str) -> Result<Outgoing, Failure> {
    let confirmation = Confirmation { partition, until, by: by.to_owned() };
    Ok(Outgoing {
        topic: topics::CONFIRMATIONS.to_owned(),
        key: Some(format!("{}/{partition}", topics::DOCUMENTS).into_bytes()),
        value: Some(serde_json::to_vec(&confirmation)?),
        headers: None,
    })
}

/// Asks the user at the terminal; without a terminal, the answer is no.
fn is_meant() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    show::note("let every removal among them pass? [y/N]");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use stream::memory::Memory;

    use super::*;

    #[tokio::test]
    async fn a_confirmation_is_written_for_its_partition() {
        let broker = Memory::default();
        broker.create(topics::CONFIRMATIONS, 1);
        let mut writer = LookWriter::new(&broker).unwrap();
        writer.say(record(3, 17, "who").unwrap()).await.unwrap();
        writer.flush().await.unwrap();
        let records = broker.records(topics::CONFIRMATIONS);
        assert_eq!(records[0].key.as_deref(), Some(b"documents/3".as_slice()));
        let read: Confirmation = serde_json::from_slice(records[0].value.as_deref().unwrap()).unwrap();
        assert_eq!(read, Confirmation { partition: 3, until: 17, by: "who".to_owned() });
    }
}
