#![expect(clippy::disallowed_methods, reason = "edge: the clock, for --since")]
//! `dead-letters list`, `show` and `replay`.

use std::collections::{BTreeSet, HashSet};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::stream::{BoxStream, TryStreamExt as _};
use message::{ChunkId, DocumentId};
use process::Failure;
use serde_json::json;
use stream::kafka::Kafka;
use stream::{Broker, Record};

use super::rounds::run as this_run;
use crate::again::LookWriter;
use crate::cli::{LetterFilter, LettersCommand, ListLetters, ReplayLetters, ShowLetter};
use crate::letters::{Filter, Replay, StoredLetter, readable};
use crate::{log, show};

/// Maximum number of bytes in the hex dump of a refused value.
const SHOWN: usize = 4096;
/// Maximum number of requests that are remembered, so that several letters about one document cause only one look.
const REMEMBERED: usize = 100_000;

pub(super) async fn run(ask: LettersCommand) -> Result<ExitCode, Failure> {
    match ask {
        LettersCommand::List(ask) => list(&ask).await,
        LettersCommand::Show(ask) => one(&ask).await,
        LettersCommand::Replay(ask) => {
            let broker = Kafka::new(&ask.kafka);
            let mut replaying = Replaying::new(&broker, ask.dry_run, ask.json)?;
            replay(&broker, &ask, &mut replaying).await
        }
    }
}

/// All letters from an offset on. The topic must have one partition, so that an offset names one letter.
async fn letters<K: Broker>(
    broker: &K,
    from: i64,
) -> Result<BoxStream<'_, Result<Record, Failure>>, Failure> {
    match broker.partitions(topics::DEAD_LETTERS).await? {
        1 => Ok(log::records(broker, topics::DEAD_LETTERS, 0, from)),
        more => Err(format!(
            "the topic dead-letters has {more} partitions, and an offset names a letter of one only"
        )
        .into()),
    }
}

fn filter(ask: &LetterFilter) -> Filter {
    Filter {
        stage: ask.stage.clone(),
        document: ask.document.clone(),
        cause: ask.cause.clone(),
        topic: ask.topic.clone(),
        since: ask.since.map(|ago| milliseconds(now().saturating_sub(ago))),
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A time for people.
fn when(timestamp: Option<i64>) -> String {
    let time = timestamp.and_then(|time| u64::try_from(time).ok()).map(Duration::from_millis);
    let time = time.and_then(|time| UNIX_EPOCH.checked_add(time));
    time.map_or_else(|| "–".to_owned(), |time| humantime::format_rfc3339_seconds(time).to_string())
}

async fn list(ask: &ListLetters) -> Result<ExitCode, Failure> {
    let (broker, filter) = (Kafka::new(&ask.kafka), filter(&ask.filter));
    let mut records = letters(&broker, 0).await?;
    let mut count = 0_u64;
    while let Some(record) = records.try_next().await? {
        let letter = match StoredLetter::read(&record) {
            Ok(letter) => letter,
            Err(words) => {
                show::note(&words);
                continue;
            }
        };
        if !filter.takes(&letter) {
            continue;
        }
        count += 1;
        if ask.json {
            show::json(&letter)?;
        } else {
            let (stage, cause) = (&letter.letter.stage, &letter.letter.cause);
            let time = when(letter.timestamp);
            show::line(&format!("{:>8}  {time:<20}  {stage:<9}  {}  {cause}", letter.offset, letter.name()));
        }
    }
    if !ask.json {
        show::note(&format!("{count} dead letters"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn one(ask: &ShowLetter) -> Result<ExitCode, Failure> {
    let broker = Kafka::new(&ask.kafka);
    let record = letters(&broker, ask.offset).await?.try_next().await?;
    let Some(record) = record.filter(|record| record.offset == ask.offset) else {
        show::note(&format!("there is no dead letter at offset {} (they are kept for 30 days)", ask.offset));
        return Ok(ExitCode::FAILURE);
    };
    let letter = StoredLetter::read(&record)?;
    let value = letter.value();
    if ask.json {
        let mut whole = serde_json::to_value(&letter)?;
        let text = value.as_deref().and_then(|value| std::str::from_utf8(value).ok());
        whole["value_text"] = json!(text);
        show::json(&whole)?;
        return Ok(ExitCode::SUCCESS);
    }
    let said = &letter.letter;
    show::line(&format!("offset         {}", letter.offset));
    show::line(&format!("written        {}", when(letter.timestamp)));
    show::line(&format!("refused by     {}", said.stage));
    show::line(&format!("cause          {}", said.cause));
    show::line(&format!("document       {}", said.document.as_deref().unwrap_or("–")));
    show::line(&format!("read from      {}/{} at offset {}", said.topic, said.partition, said.offset));
    show::line(&format!("trace          {}", said.trace.as_deref().unwrap_or("–")));
    show::line(&format!("key            {}", letter.name()));
    show::line("value");
    show::line(&value.map_or_else(|| "none: it was a deletion".to_owned(), |value| readable(&value, SHOWN)));
    Ok(ExitCode::SUCCESS)
}

async fn replay<K: Broker>(
    broker: &K,
    ask: &ReplayLetters,
    replaying: &mut Replaying<K>,
) -> Result<ExitCode, Failure> {
    let filter = filter(&ask.filter);
    let mut wanted: BTreeSet<i64> = ask.offsets.iter().copied().collect();
    let mut last = wanted.last().copied();
    if ask.all {
        // A letter that is written while this runs is not replayed: it may be about a record that was just replayed.
        let mut there = letters(broker, 0).await?;
        while let Some(record) = there.try_next().await? {
            last = Some(record.offset);
        }
    }
    let mut records = letters(broker, wanted.first().copied().unwrap_or(0)).await?;
    while let Some(record) = records.try_next().await? {
        if last.is_some_and(|last| record.offset > last) {
            break;
        }
        let named = wanted.remove(&record.offset);
        match StoredLetter::read(&record) {
            Ok(letter) if named || (ask.all && filter.takes(&letter)) => replaying.take(&letter).await?,
            Err(words) if named => replaying.cannot(record.offset, &words)?,
            Ok(_) | Err(_) => {}
        }
    }
    for offset in wanted {
        replaying.cannot(offset, "there is no such letter (they are kept for 30 days)")?;
    }
    replaying.finish().await
}

/// A replay in progress.
struct Replaying<K: Broker> {
    writer: LookWriter<K>,
    run: String,
    dry: bool,
    json: bool,
    asked: HashSet<(DocumentId, Vec<ChunkId>)>,
    done: u64,
    failed: u64,
}

impl<K: Broker> Replaying<K> {
    fn new(broker: &K, dry: bool, json: bool) -> Result<Self, Failure> {
        let writer = LookWriter::new(broker)?;
        Ok(Self { writer, run: this_run(), dry, json, asked: HashSet::new(), done: 0, failed: 0 })
    }

    async fn take(&mut self, letter: &StoredLetter) -> Result<(), Failure> {
        let (done, record) = match letter.replay() {
            Replay::Cannot(why) => return self.cannot(letter.offset, &why),
            Replay::SendAgain(record) => ("sent again to object-events", Some(record)),
            Replay::LookAgain(request) => {
                let known = (request.document.clone(), request.suspects.clone());
                if self.asked.contains(&known) {
                    ("look again, as another letter asked", None)
                } else {
                    if self.asked.len() < REMEMBERED {
                        self.asked.insert(known);
                    }
                    ("look again", Some(request.record("dead-letters replay", &self.run)?))
                }
            }
        };
        if let Some(record) = record.filter(|_| !self.dry) {
            self.writer.say(record).await?;
        }
        self.done += 1;
        if self.json {
            show::json(
                &json!({ "offset": letter.offset, "name": letter.name(), "done": done, "dry_run": self.dry }),
            )?;
        } else {
            show::line(&format!("{:>8}  {done}  {}", letter.offset, letter.name()));
        }
        Ok(())
    }

    fn cannot(&mut self, offset: i64, why: &str) -> Result<(), Failure> {
        self.failed += 1;
        if self.json {
            return Ok(show::json(&json!({ "offset": offset, "done": null, "why": why }))?);
        }
        show::line(&format!("{offset:>8}  not replayed: {why}"));
        Ok(())
    }

    async fn finish(&mut self) -> Result<ExitCode, Failure> {
        self.writer.flush().await?;
        if !self.json {
            let dry = if self.dry { "; --dry-run: nothing was written" } else { "" };
            show::note(&format!(
                "{} letters replayed with {} records, {} not{dry}",
                self.done,
                self.writer.written(),
                self.failed
            ));
        }
        Ok(if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

#[cfg(test)]
mod tests;
