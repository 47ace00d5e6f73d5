//! Keeps the outside aliases where the registry wants them.
//!
//! They are a function of what is served, computed anew each time: a writer that is killed at any step, or an alias that
//! somebody moves by hand, needs no record of steps. Nobody in Millrace reads through these aliases, so they may be late.

use std::convert::Infallible;
use std::sync::Arc;

use generation::{Generation, Names};
use message::GenerationEntry;
use registry::{GenerationKey, Heard, rules};
use stream::Broker;
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep, timeout};
use tracing::{info, warn};

use crate::error::SinkError;
use crate::sink::{OutsideAliases, Sink};

/// How often is looked for indexes that are not there yet, or an engine that is away.
const AGAIN: Duration = Duration::from_secs(5);
/// How often aliases that should be right are looked at.
const LOOK: Duration = Duration::from_mins(1);
/// How long the registry may take to be read anew.
const READS: Duration = Duration::from_secs(15);

/// Who is to have the aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    /// The generation that the worker was started with, as far as nobody else has them.
    Local,
    /// The generation that is served.
    Served(Box<GenerationEntry>),
}

/// Who is to have the aliases; none while a process answers by another generation.
fn holder(heard: &Heard, index: &str) -> Option<Holder> {
    let registry = &heard.registry;
    let Some(serving) = registry.serving(index) else { return Some(Holder::Local) };
    if !rules::behind(registry, index, heard.now()).is_empty() {
        return None;
    }
    let entry = registry.generation(GenerationKey { index, id: &serving.id })?;
    Some(Holder::Served(Box::new(entry.clone())))
}

/// What was heard, or what the registry says when it is read again where no record came for a lease. None where it cannot be
/// read: a writer that is cut off from Kafka would otherwise undo, again and again, what the others heard since.
async fn anew<B: Broker>(broker: &B, heard: Heard) -> Option<Heard> {
    if heard.at.elapsed() < Duration::from_millis(rules::LEASE.unsigned_abs()) {
        return Some(heard);
    }
    let registry = timeout(READS, registry::look(broker)).await.ok()?.ok()?;
    // Who is alive is told by the time since the last record.
    let at = if registry.now() > heard.registry.now() { Instant::now() } else { heard.at };
    Some(Heard { registry: Arc::new(registry), at, next: heard.next })
}

/// Gives the aliases to the generation that is served, or those that are free to the generation of `sink` where the
/// registry says nothing. Never returns.
pub(crate) async fn keep<B: Broker, S: Sink>(
    broker: &B,
    sink: &S,
    worker: &'static str,
    mut heard: watch::Receiver<Option<Heard>>,
) -> Infallible {
    let index = sink.names().index().to_owned();
    let (mut told, mut done) = (None, None::<(Holder, Instant)>);
    loop {
        let known = heard.borrow_and_update().clone();
        // Every word of a server is heard here, too: most change nothing.
        let is_due = |wanted: &Holder| {
            done.as_ref().is_none_or(|(holder, at)| holder != wanted || at.elapsed() >= LOOK)
        };
        if let Some(known) = known
            && holder(&known, &index).is_some_and(|holder| is_due(&holder))
            && let Some(known) = anew(broker, known).await
            && let Some(holder) = holder(&known, &index)
        {
            match name(sink, &index, &holder).await {
                Ok(()) => {
                    let is_news = done.as_ref().is_none_or(|(before, _)| *before != holder);
                    if let Holder::Served(entry) = &holder
                        && is_news
                    {
                        info!(
                            worker,
                            engine = sink.kind(),
                            generation = entry.id,
                            "the outside aliases are its own"
                        );
                    }
                    (done, told) = (Some((holder, Instant::now())), None);
                }
                // Its run creates it sooner or later.
                Err(SinkError::Missing { .. }) => {}
                Err(error) => {
                    let cause = error.to_string();
                    if told.as_ref() != Some(&cause) {
                        warn!(worker, engine = sink.kind(), cause, "the outside aliases stay as they are");
                        told = Some(cause);
                    }
                }
            }
        }
        tokio::select! {
            Ok(()) = heard.changed() => {}
            () = sleep(AGAIN) => {}
        }
    }
}

async fn name<S: Sink>(sink: &S, index: &str, holder: &Holder) -> Result<(), SinkError> {
    match holder {
        Holder::Local => sink.name_outside(OutsideAliases::Free).await,
        Holder::Served(entry) => point(sink, index, entry).await,
    }
}

async fn point<S: Sink>(sink: &S, index: &str, entry: &GenerationEntry) -> Result<(), SinkError> {
    let names = Names::new(index, &Generation::from(entry));
    let names =
        names.map_err(|error| SinkError::Setting { setting: "MILLRACE_INDEX", cause: error.to_string() })?;
    sink.over(names).name_outside(OutsideAliases::All).await
}

#[cfg(test)]
mod tests {
    use message::{ChangeAuthor, RegistryEntry, ServingEntry};
    use registry::Registry;
    use stream::Outgoing;
    use stream::broker::Publisher as _;
    use stream::memory::Memory;

    use super::*;

    fn serving(id: &str, sequence: u64) -> RegistryEntry {
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let (index, id) = ("docs".to_owned(), id.to_owned());
        RegistryEntry::Serving(ServingEntry {
            index,
            id,
            previous: None,
            sequence,
            by: author.by,
            at: author.at,
        })
    }

    async fn write(broker: &Memory, value: Vec<u8>) {
        let key = Some(serving("", 0).key().into_bytes());
        let record = Outgoing { topic: topics::MODELS.to_owned(), key, value: Some(value), headers: None };
        broker.after_write().unwrap().write(vec![record]).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_long_ago_gives_nobody_an_alias() {
        let broker = Memory::default();
        broker.create(topics::MODELS, 1);
        let old = serde_json::to_vec(&serving("a", 1)).unwrap();
        let mut registry = Registry::default();
        registry.take(&serving("", 0).key(), Some(&old), 1).unwrap();
        let heard = Heard { registry: Arc::new(registry), at: Instant::now(), next: Some(1) };
        // This process is cut off, and somebody promotes another generation meanwhile.
        write(&broker, serde_json::to_vec(&serving("b", 2)).unwrap()).await;
        let served = async |heard: &Heard| {
            let known = anew(&broker, heard.clone()).await?;
            Some(known.registry.serving("docs").unwrap().id.clone())
        };
        assert_eq!(served(&heard).await.as_deref(), Some("a"), "within the lease what was heard counts");
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(served(&heard).await.as_deref(), Some("b"));
        // It cannot be read: the aliases stay as they are.
        write(&broker, b"{".to_vec()).await;
        assert_eq!(served(&heard).await, None);
    }
}
