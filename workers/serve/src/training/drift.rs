//! The last reports of the topic `drift`, reduced to what is drawn. Stage: awaits a [`Broker`].

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use futures::stream::TryStreamExt as _;
use message::{DriftMeasurement, DriftReport};
use serde::Serialize;
use stream::{Broker, StreamError};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// The only partition.
const PARTITION: i32 = 0;
/// Reports that are told.
const TOLD: usize = 30;
/// Records that are looked through for them: the topic holds the reports of other indexes, too.
const LOOKED_THROUGH: i64 = 300;
/// Bytes of these records that are read at most; a report has some 5 kB.
const MOST_BYTES: usize = 8 << 20;
/// How long the broker may take: the rest is told without it.
const DEADLINE: Duration = Duration::from_secs(10);
/// How old what is known may be: a page looks every few seconds, and somebody looks for drift once a day.
const FRESH: Duration = Duration::from_secs(30);

/// The last reports.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DriftHistory {
    /// Oldest first.
    pub reports: Vec<DriftLine>,
    /// Why they are missing, for people.
    pub note: Option<String>,
}

/// What one look found.
#[derive(Clone, Debug, Serialize)]
pub struct DriftLine {
    /// When what was looked at ends: seconds since 1970.
    pub until: u64,
    /// The generation that was asked: another one has a reference of its own.
    pub generation: String,
    /// What was measured.
    pub measures: Vec<MeasureLine>,
    /// The names of measures that have been worse for long enough to count.
    pub raised: Vec<String>,
    /// Whether a model is to be trained.
    pub signal: bool,
    /// Why none is, although there are such measures.
    pub held_back: Option<String>,
    /// All of it in a few sentences.
    pub text: String,
}

/// One measure beside its reference.
#[derive(Clone, Debug, Serialize)]
pub struct MeasureLine {
    /// Which.
    pub name: String,
    /// Its value in the reference.
    pub reference: f64,
    /// Its value now.
    pub current: f64,
    /// How much worse it is.
    pub effect: f64,
    /// The effect from which on it counts.
    pub counts_from: f64,
    /// Whether it counts, and is not by chance.
    pub over: bool,
}

/// The topic `drift`, of which one index is looked at.
#[derive(Debug)]
pub(crate) struct DriftTopic<B> {
    broker: B,
    index: String,
    known: Mutex<Option<KnownReports>>,
}

/// What was read, when the topic was asked last, and what it held then.
#[derive(Debug)]
struct KnownReports {
    asked: Instant,
    range: Range<i64>,
    told: DriftHistory,
}

impl DriftHistory {
    fn without(note: String) -> Self {
        Self { reports: Vec::new(), note: Some(note) }
    }
}

impl<B: Broker> DriftTopic<B> {
    pub(crate) fn new(broker: B, index: &str) -> Self {
        Self { broker, index: index.to_owned(), known: Mutex::default() }
    }

    /// The last reports, or why they are not known.
    pub(crate) async fn history(&self) -> DriftHistory {
        let cause = match timeout(DEADLINE, self.latest()).await {
            Ok(Ok(told)) => return told,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {DEADLINE:?}"),
        };
        DriftHistory::without(format!("the reports cannot be read now: {cause}"))
    }

    /// Whoever asks while somebody else does waits for the same answer.
    async fn latest(&self) -> Result<DriftHistory, StreamError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref()
            && known.asked.elapsed() < FRESH
        {
            return Ok(known.told.clone());
        }
        if self.broker.existing(topics::DRIFT).await?.is_none() {
            return Ok(DriftHistory::without(
                "there is no topic `drift`: run `millrace topics apply`".to_owned(),
            ));
        }
        let range = self.broker.range(topics::DRIFT, PARTITION).await?;
        let unchanged = known.take().filter(|known| known.range == range);
        let told = match unchanged {
            Some(known) => known.told,
            None => self.read(&range).await?,
        };
        *known = Some(KnownReports { asked: Instant::now(), range, told: told.clone() });
        Ok(told)
    }

    /// Reads the end of the topic. What another release wrote and this one cannot read is left out.
    async fn read(&self, range: &Range<i64>) -> Result<DriftHistory, StreamError> {
        let from = range.start.max(range.end.saturating_sub(LOOKED_THROUGH));
        let mut records = self.broker.reading(topics::DRIFT, PARTITION, from);
        let (mut reports, mut bytes) = (VecDeque::new(), 0);
        while let Some(record) = records.try_next().await? {
            bytes += record.bytes();
            if bytes > MOST_BYTES {
                return Ok(DriftHistory::without(format!(
                    "the last {LOOKED_THROUGH} reports are larger than {} MiB, which is more than is read here: \
                     `millrace drift show` has them",
                    MOST_BYTES >> 20
                )));
            }
            let value = record.value.as_deref().unwrap_or_default();
            let report = serde_json::from_slice::<DriftReport>(value).ok();
            let report = report.filter(|report| report.index == self.index);
            reports.extend(report.map(drift_line));
            if reports.len() > TOLD {
                reports.pop_front();
            }
        }
        Ok(DriftHistory { reports: reports.into(), note: None })
    }
}

fn drift_line(report: DriftReport) -> DriftLine {
    let DriftReport { current, generation, measurements, signals, signal, held_back, text, .. } = report;
    DriftLine {
        until: current.until,
        generation,
        measures: measurements.into_iter().map(measure_line).collect(),
        raised: signals.into_iter().map(|signal| signal.name).collect(),
        signal,
        held_back,
        text,
    }
}

fn measure_line(one: DriftMeasurement) -> MeasureLine {
    let DriftMeasurement { name, reference, current, effect, counts_from, over, .. } = one;
    MeasureLine { name, reference, current, effect, counts_from, over }
}
