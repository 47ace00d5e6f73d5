//! Sends duplicate, reordered and stray notices: a store may send all of these, and some do.

use std::collections::BTreeMap;

use process::Failure;
use serde_json::{Value, json};
use stream::kafka::Kafka;
use stream::{Broker as _, Outgoing, Record};

use crate::prng::Prng;
use crate::world::Follow;
use stream::broker::Publisher as _;

/// How many real notices are remembered, to be sent again much later.
const KEPT: usize = 40;
/// How many notices of one kind are sent at a time.
const AT_ONCE: usize = 4;

/// Bytes of a large notice: Kafka takes records up to `topics::LARGEST_RECORD`, with their headers.
const LARGE: usize = topics::LARGEST_RECORD - (64 << 10);
/// Bytes of each of its events, so that they are about a thousand: `chunk` commits after eight references here, and each of those
/// transactions takes half a second where everything runs on a few processors.
const EVENT: usize = 8 << 10;

/// Reads the store's notices and sends some of them again.
#[derive(Debug)]
pub struct Notices {
    prng: Prng,
    seed: u64,
    follow: Follow,
    kept: Vec<Record>,
    strays: u64,
}

impl Notices {
    /// The source of one seed's disturbances.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let prng = Prng::new(seed, "notices");
        Self { prng, seed, follow: Follow::default(), kept: Vec::new(), strays: 0 }
    }

    /// Sends copies of the newest notices, of older ones in a different order, and one of an object that never
    /// existed. Returns how many of each.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn disturb(&mut self, kafka: &Kafka) -> Result<BTreeMap<&'static str, u64>, Failure> {
        let mut news = self.follow.news(kafka, topics::OBJECT_EVENTS).await?;
        // A large one costs thousands of looks at the store: once is enough.
        news.retain(|notice| notice.bytes() < LARGE / 2);
        let newest = news.len().saturating_sub(AT_ONCE);
        let doubled: Vec<Outgoing> = news[newest..].iter().map(copy).collect();
        self.prng.shuffle(&mut self.kept);
        let reordered: Vec<Outgoing> = self.kept.iter().take(AT_ONCE).map(copy).collect();
        self.strays += 1;
        let key = format!("seed-{}/never-was-{}.md", self.seed, self.strays);
        let stray = news.last().and_then(|notice| of_another(notice, &key));
        let counts = BTreeMap::from([
            ("notices doubled", doubled.len() as u64),
            ("notices re-ordered", reordered.len() as u64),
            ("stray notices", u64::from(stray.is_some())),
        ]);
        self.kept.extend(news);
        self.prng.shuffle(&mut self.kept);
        self.kept.truncate(KEPT);
        kafka.after_write()?.write(doubled.into_iter().chain(reordered).chain(stray).collect()).await?;
        Ok(counts)
    }

    /// Sends two records nearly as large as Kafka accepts: a notice of a thousand events about one object, and an
    /// unreadable one, which must become a dead letter. Returns false, and sends nothing, if no notice has been read
    /// yet.
    ///
    /// # Errors
    /// When Kafka does not answer; it may have accepted them all the same.
    pub async fn send_large(&self, kafka: &Kafka) -> Result<bool, Failure> {
        let Some(large) = self.kept.first().and_then(of_many_events) else { return Ok(false) };
        let value = format!("{{\"unreadable\": \"{}\"}}", "x".repeat(LARGE));
        let unreadable = Outgoing { key: None, value: Some(value.into_bytes()), ..large.clone() };
        kafka.after_write()?.write(vec![large, unreadable]).await?;
        Ok(true)
    }
}

fn copy(notice: &Record) -> Outgoing {
    Outgoing {
        topic: topics::OBJECT_EVENTS.to_owned(),
        key: notice.key.clone(),
        value: notice.value.clone(),
        headers: None,
    }
}

/// The same notice about another key; none if it has no key where S3 puts it. Some stores URL-encode the key and some
/// do not; an encoded slash tells which, because all of the oracle's keys contain a slash.
fn of_another(notice: &Record, key: &str) -> Option<Outgoing> {
    let mut value: Value = serde_json::from_slice(notice.value.as_deref()?).ok()?;
    let place = value.pointer_mut("/Records/0/s3/object/key")?;
    let is_encoded = place.as_str()?.contains("%2F");
    *place = Value::String(if is_encoded { key.replace('/', "%2F") } else { key.to_owned() });
    Some(Outgoing { value: serde_json::to_vec(&value).ok(), ..copy(notice) })
}

/// The same notice with its event repeated until the record is large.
fn of_many_events(notice: &Record) -> Option<Outgoing> {
    let mut value: Value = serde_json::from_slice(notice.value.as_deref()?).ok()?;
    let events = value.pointer_mut("/Records")?.as_array_mut()?;
    let mut event = events.first()?.clone();
    // What the store says for its own people, of any length.
    let told = json!({ "x-amz-id-2": "x".repeat(EVENT) });
    event.as_object_mut()?.insert("responseElements".to_owned(), told);
    events.resize(LARGE / (event.to_string().len() + 1), event);
    Some(Outgoing { value: serde_json::to_vec(&value).ok(), ..copy(notice) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_notice_is_nearly_as_large_as_kafka_takes() {
        let large = of_many_events(&notice(include_str!("../../../shared/fixture/notices/minio/put.json")));
        let value = large.unwrap().value.unwrap();
        assert!(value.len() > LARGE / 10 * 9 && value.len() < topics::LARGEST_RECORD, "{}", value.len());
        let events = serde_json::from_slice::<Value>(&value).unwrap()["Records"].as_array().unwrap().len();
        assert!((800..1_100).contains(&events), "{events}");
    }

    #[test]
    fn a_stray_notice_names_an_object_that_never_was() {
        let minio = include_str!("../../../shared/fixture/notices/minio/put.json");
        let versitygw = include_str!("../../../shared/fixture/notices/versitygw/put.json");
        for (value, expected) in [(minio, r#""seed-1%2Fnever.md""#), (versitygw, r#""seed-1/never.md""#)] {
            let stray = of_another(&notice(value), "seed-1/never.md").unwrap();
            let text = String::from_utf8(stray.value.unwrap()).unwrap();
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(of_another(&notice("{}"), "x"), None);
    }

    fn notice(value: &str) -> Record {
        Record {
            topic: topics::OBJECT_EVENTS.into(),
            partition: 0,
            offset: 0,
            key: None,
            value: Some(value.as_bytes().to_vec()),
            headers: Vec::new(),
            timestamp: None,
            held: None,
        }
    }
}
