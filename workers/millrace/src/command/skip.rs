//! `skip`.

use std::process::ExitCode;

use message::{Said, Skip};
use process::Failure;
use serde_json::json;
use stream::Outgoing;

use crate::again::LookWriter;
use crate::world::{Lag, World};
use crate::{cli, show};

pub(super) async fn run(ask: cli::SkipRecord) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world).await?;
    let skip = skip_of(&world.lags().await?, &ask)?;
    let mut writer = LookWriter::new(&world.kafka)?;
    writer.say(record(&skip)?).await?;
    writer.flush().await?;
    let Skip { topic, partition, offset, .. } = &skip;
    if ask.json {
        show::json(&json!({ "skipped": skip }))?;
    } else {
        show::line(&format!("{topic}/{partition} offset {offset} will be refused at its next try"));
        show::note(
            "see `millrace dead-letters list`; what the record would have changed is not done: run `millrace audit`",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The message that skips the record that the partition waits at.
fn skip_of(lags: &[Lag], ask: &cli::SkipRecord) -> Result<Skip, Failure> {
    let (worker, partition) = &ask.partition;
    let Some(lag) = lags.iter().find(|lag| lag.worker == worker) else {
        let workers: Vec<&str> = lags.iter().map(|lag| lag.worker).collect();
        return Err(
            format!("there is no worker '{worker}' that reads a topic: {}", workers.join(", ")).into()
        );
    };
    let Some(wait) = lag.waits.iter().find(|wait| wait.partition == *partition) else {
        return Err(format!(
            "{worker} does not wait at a record of {}/{partition}: `millrace status` names the partitions that wait (they say \
             so after some 20 s)",
            lag.topic
        )
        .into());
    };
    Ok(Skip {
        group: lag.group.clone(),
        topic: lag.topic.clone(),
        partition: *partition,
        offset: wait.at.offset,
        reason: ask.reason.clone(),
        by: ask.by.clone(),
    })
}

fn record(skip: &Skip) -> Result<Outgoing, Failure> {
    Ok(Outgoing {
        topic: topics::CONFIRMATIONS.to_owned(),
        key: Some(format!("skip {}/{}", skip.group, skip.partition).into_bytes()),
        value: Some(serde_json::to_vec(&Said::Skip(skip.clone()))?),
        headers: None,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use stream::Waiting;

    use super::*;
    use crate::cli::{Cli, OperatorCommand};
    use crate::world::Wait;

    fn asked(partition: &str) -> cli::SkipRecord {
        let OperatorCommand::Skip(ask) = Cli::parse_from([
            "millrace", "skip", partition, "--reason", "night", "--by", "me", "--model", "m",
        ])
        .ask
        else {
            panic!("another command")
        };
        ask
    }

    #[test]
    fn only_the_record_that_a_partition_waits_at_is_skipped() {
        let wait = Wait { partition: 3, at: Waiting::new(41, 1, "no answer") };
        let lag = Lag {
            worker: "chunk",
            topic: "documents".to_owned(),
            group: "chunk-x".to_owned(),
            behind: 9,
            waits: vec![wait],
            stale: Vec::new(),
        };
        let lags = [lag];
        let skip = skip_of(&lags, &asked("chunk/3")).unwrap();
        assert_eq!((skip.group.as_str(), skip.offset, skip.by.as_str()), ("chunk-x", 41, "me"));
        let value = record(&skip).unwrap().value.unwrap();
        assert_eq!(Said::parse(&value).unwrap(), Said::Skip(skip));
        let refused = |partition| skip_of(&lags, &asked(partition)).unwrap_err().to_string();
        assert!(refused("chunk/2").contains("does not wait"));
        assert!(refused("nobody/3").contains("no worker 'nobody'"));
        assert!(Cli::try_parse_from(["millrace", "skip", "chunk", "--reason", "x", "--model", "m"]).is_err());
    }
}
