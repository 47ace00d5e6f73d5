//! The generations of the served index: how far each is, who has loaded it, and what may be changed about them; and their models.
//! Stage: awaits a [`Watched`] broker.

mod change;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use generation::{Generation, Names, TopicReader};
use message::{BuildState, FillSource, GenerationEntry, IndexMapping, ReadyEntry, ServingEntry};
use registry::rules::{self, LEASE};
use registry::{FillSpeed, Heard, Registry, WriterFill, fill_speeds, upstream_fillers};
use serde::Serialize;
use sink::EngineKind;
use stream::StreamError;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout};

use crate::pipeline::Watched;
use crate::training::TrainingPicture;
use crate::training::drift::DriftTopic;

/// How old what is known of the writers may be: an open page looks every few seconds, and there may be many pages.
const FRESH: Duration = Duration::from_secs(2);
/// Looks that a speed is taken over are younger than this: a writer commits a batch at a time.
const WINDOW: Duration = Duration::from_secs(30);
/// How long the broker may take to answer about one generation.
const DEADLINE: Duration = Duration::from_secs(15);
/// What is wrong before the registry was heard.
const UNHEARD: &str = "this server has not heard yet which generations there are: is Kafka away?";
/// What is wrong where a release before generations made the topics.
const NO_TOPIC: &str = "there is no topic `models`: run `millrace topics apply` first";

/// The generations of one index, as the registry and their consumer groups show them.
#[derive(Debug)]
pub struct Generations<B> {
    broker: B,
    index: String,
    engines: Vec<EngineKind>,
    heard: watch::Receiver<Option<Heard>>,
    seen: Mutex<Seen>,
    drift: DriftTopic<B>,
}

/// What was seen of the writers, oldest look first.
#[derive(Debug, Default)]
struct Seen {
    looks: VecDeque<Look>,
    groups: Option<(Instant, Vec<String>)>,
}

/// How far the writers of each generation were, or why that is not known.
#[derive(Debug)]
struct Look {
    at: Instant,
    fills: HashMap<String, Result<Vec<WriterFill>, String>>,
}

/// What is said of the generations of an index.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GenerationList {
    /// What is called so outside.
    pub index: String,
    /// What is served; none while the bundle on each machine rules.
    pub serving: Option<ServingEntry>,
    /// Every generation that is not retired, oldest state first.
    pub generations: Vec<GenerationLine>,
    /// The processes that answer questions.
    pub instances: Vec<ServingInstance>,
    /// Why nothing is known.
    pub kafka: Option<String>,
}

/// A process that answers questions.
#[derive(Clone, Debug, Serialize)]
pub struct ServingInstance {
    /// Its name in the registry.
    pub instance: String,
    /// Whether it answers by what is served now.
    pub current: bool,
}

/// One generation.
#[derive(Clone, Debug, Serialize)]
pub struct GenerationLine {
    /// Its id.
    pub id: String,
    /// The name of its model.
    pub model: String,
    /// Numbers in a vector.
    pub dimension: usize,
    /// How its indexes are made.
    pub mapping: IndexMapping,
    /// What it is filled from.
    pub source: FillSource,
    /// How far it is.
    pub state: BuildState,
    /// Since when: seconds since 1970, by the writer's clock.
    pub since: u64,
    /// Who brought it into this state.
    pub by: String,
    /// Why, where it failed or was paused.
    pub reason: Option<String>,
    /// Whether it is served.
    pub served: bool,
    /// Whether it was served before the one that is.
    pub previous: bool,
    /// The processes that have loaded it.
    pub loaded: Vec<String>,
    /// The processes that answer questions and have not loaded it.
    pub lacking: Vec<String>,
    /// How far each of its writers is.
    pub writers: Vec<WriterLine>,
    /// Why that is not known.
    pub trouble: Option<String>,
}

/// How far a writer is, and how fast it goes.
#[derive(Clone, Debug, Serialize)]
pub struct WriterLine {
    /// How far.
    #[serde(flatten)]
    pub fill: WriterFill,
    /// How fast; none while nothing moves, or while too few looks tell.
    #[serde(flatten)]
    pub speed: Option<FillSpeed>,
}

impl GenerationList {
    /// Nothing is known of the generations of `index`.
    #[must_use]
    pub fn unknown(index: &str, cause: &str) -> Self {
        Self { index: index.to_owned(), kafka: Some(cause.to_owned()), ..Self::default() }
    }
}

impl<B: Watched> Generations<B> {
    /// The generations of what is called `index` outside and written to `engines`, as `heard` tells the registry.
    #[must_use]
    pub fn new(
        broker: B,
        index: &str,
        engines: Vec<EngineKind>,
        heard: watch::Receiver<Option<Heard>>,
    ) -> Self {
        let drift = DriftTopic::new(broker.clone(), index);
        Self { broker, index: index.to_owned(), engines, heard, seen: Mutex::default(), drift }
    }

    /// How all of them stand now.
    pub async fn list(&self) -> GenerationList {
        let heard = match self.told() {
            Ok(heard) => heard,
            Err(cause) => return GenerationList::unknown(&self.index, cause),
        };
        let (registry, now) = (&heard.registry, heard.now());
        let all = registry.generations(&self.index);
        let mut entries: Vec<GenerationEntry> =
            all.filter(|entry| entry.state != BuildState::Retired).cloned().collect();
        entries.sort_by_key(|entry| entry.since);
        let mut progress = self.progress(&entries).await;
        let lines = entries.iter().map(|entry| {
            let line = line(registry, entry, now);
            match progress.remove(&entry.id) {
                Some(Ok(writers)) => GenerationLine { writers, ..line },
                Some(Err(cause)) => GenerationLine { trouble: Some(cause), ..line },
                None => line,
            }
        });
        GenerationList {
            index: self.index.clone(),
            serving: registry.serving(&self.index).cloned(),
            generations: lines.collect(),
            instances: instances(registry, &self.index, now),
            kafka: None,
        }
    }

    /// What is known of their models, and of the runs that train one.
    pub async fn training(&self) -> TrainingPicture {
        let drift = self.drift.history().await;
        let picture = match self.told() {
            Ok(heard) => TrainingPicture::of(&heard.registry, &self.index),
            Err(cause) => TrainingPicture::unknown(&self.index, cause),
        };
        TrainingPicture { drift, ..picture }
    }

    /// What the registry says, or why that is not known.
    fn told(&self) -> Result<Heard, &'static str> {
        let heard = self.heard.borrow().clone().ok_or(UNHEARD)?;
        if heard.next.is_some() { Ok(heard) } else { Err(NO_TOPIC) }
    }

    /// How far the writers of these are. Whoever asks while somebody else does waits for the same answer.
    async fn progress(
        &self,
        entries: &[GenerationEntry],
    ) -> HashMap<String, Result<Vec<WriterLine>, String>> {
        let mut seen = self.seen.lock().await;
        if seen.looks.back().is_none_or(|look| look.at.elapsed() >= FRESH) {
            let fills = self.look(entries, &mut seen.groups).await;
            seen.looks.retain(|look| look.at.elapsed() < WINDOW);
            seen.looks.push_back(Look { at: Instant::now(), fills });
        }
        let Some(last) = seen.looks.back() else { return HashMap::new() };
        let told = last.fills.iter().map(|(id, fills)| {
            let fills = fills.clone().map(|fills| with_speeds(fills, earliest(&seen.looks, id), last.at));
            (id.clone(), fills)
        });
        told.collect()
    }

    async fn look(
        &self,
        entries: &[GenerationEntry],
        known: &mut Option<(Instant, Vec<String>)>,
    ) -> HashMap<String, Result<Vec<WriterFill>, String>> {
        // The topics and groups of one that is taken away go one by one.
        let entries = entries.iter().filter(|entry| entry.state != BuildState::Retiring);
        let entries: Vec<GenerationEntry> = entries.cloned().collect();
        let groups = match self.groups(&entries, known).await {
            Ok(groups) => groups,
            Err(error) => {
                let cause = error.to_string();
                return entries.iter().map(|entry| (entry.id.clone(), Err(cause.clone()))).collect();
            }
        };
        let groups = &groups;
        let asked = entries.into_iter().map(|entry| async move {
            let fills = timeout(DEADLINE, self.fills(&entry, groups)).await;
            let fills = fills.map_err(|_| format!("no answer within {DEADLINE:?}"));
            (entry.id, fills.and_then(|fills| fills.map_err(|error| error.to_string())))
        });
        join_all(asked).await.into_iter().collect()
    }

    /// Which groups there are. Kafka lists all of its groups or none, so they are remembered while every writer is among them.
    async fn groups(
        &self,
        entries: &[GenerationEntry],
        known: &mut Option<(Instant, Vec<String>)>,
    ) -> Result<Vec<String>, StreamError> {
        if let Some((asked, groups)) = known.as_ref()
            && asked.elapsed() < WINDOW
            && entries.iter().all(|entry| self.are_among(entry, groups))
        {
            return Ok(groups.clone());
        }
        let groups = self.broker.groups().await?;
        *known = Some((Instant::now(), groups.clone()));
        Ok(groups)
    }

    /// How far each writer of `entry` is.
    async fn fills(
        &self,
        entry: &GenerationEntry,
        groups: &[String],
    ) -> Result<Vec<WriterFill>, StreamError> {
        let asked = self.writers(entry, groups)?.into_iter().map(|(writer, reader)| async move {
            let standings = self.broker.standings(&reader.group, &reader.topic).await?;
            WriterFill::of(&self.broker, entry, (writer, reader), &standings).await
        });
        try_join_all(asked).await
    }

    /// Everyone who fills the indexes of `entry`: the workers before the engines, and each engine's writer. The cluster that an
    /// engine's writer has in its name is not known here, so that `groups` tells it.
    fn writers(
        &self,
        entry: &GenerationEntry,
        groups: &[String],
    ) -> Result<Vec<(&'static str, TopicReader)>, StreamError> {
        let names = Names::new(&entry.index, &Generation::from(entry));
        let names = names.map_err(|error| StreamError::Fatal(error.to_string()))?;
        let mut writers = upstream_fillers(entry);
        for kind in &self.engines {
            let of_engine = TopicReader::among(kind.worker(), &names, groups);
            writers.extend(of_engine.into_iter().map(|reader| (kind.name(), reader)));
        }
        Ok(writers)
    }

    fn are_among(&self, entry: &GenerationEntry, groups: &[String]) -> bool {
        let writers = self.writers(entry, groups).unwrap_or_default();
        writers.iter().all(|(_, reader)| groups.contains(&reader.group))
    }
}

/// What the registry says of `entry`.
fn line(registry: &Registry, entry: &GenerationEntry, now: i64) -> GenerationLine {
    let serving = registry.serving(&entry.index);
    GenerationLine {
        id: entry.id.clone(),
        model: entry.name.clone(),
        dimension: entry.dimension,
        mapping: entry.mapping.clone(),
        source: entry.source,
        state: entry.state,
        since: entry.since,
        by: entry.by.clone(),
        reason: entry.reason.clone(),
        served: serving.is_some_and(|serving| serving.id == entry.id),
        previous: serving.is_some_and(|serving| serving.previous.as_ref() == Some(&entry.id)),
        loaded: rules::holders(registry, entry, now),
        lacking: rules::laggards(registry, entry, now),
        writers: Vec::new(),
        trouble: None,
    }
}

fn instances(registry: &Registry, index: &str, now: i64) -> Vec<ServingInstance> {
    let late = rules::behind(registry, index, now);
    let one = |ready: &ReadyEntry| ServingInstance {
        instance: ready.instance.clone(),
        current: !late.contains(&ready.instance),
    };
    registry.alive(index, now, LEASE).map(one).collect()
}

/// The oldest of these looks that knows how far the writers of this generation were.
fn earliest<'a>(looks: &'a VecDeque<Look>, id: &str) -> Option<(Instant, &'a [WriterFill])> {
    looks.iter().find_map(|look| match look.fills.get(id) {
        Some(Ok(fills)) => Some((look.at, fills.as_slice())),
        Some(Err(_)) | None => None,
    })
}

fn with_speeds(
    fills: Vec<WriterFill>,
    before: Option<(Instant, &[WriterFill])>,
    at: Instant,
) -> Vec<WriterLine> {
    let speeds = before.map(|(then, before)| fill_speeds(before, &fills, at.duration_since(then)));
    let speeds = speeds.unwrap_or_default();
    let line = |fill: WriterFill| {
        let speed = speeds.get(&fill.group).copied().flatten();
        WriterLine { fill, speed }
    };
    fills.into_iter().map(line).collect()
}
