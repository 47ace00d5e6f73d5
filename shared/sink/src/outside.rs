//! Keeps the outside aliases where the registry wants them.
//!
//! They are a function of what is served, computed anew each time: a writer that is killed at any step, or an alias that
//! somebody moves by hand, needs no record of steps. Nobody in Millrace reads through these aliases, so they may be late.

use std::convert::Infallible;

use generation::{Generation, Names};
use message::GenerationEntry;
use registry::{GenerationKey, Heard, rules};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep};
use tracing::{info, warn};

use crate::error::SinkError;
use crate::sink::{OutsideAliases, Sink};

/// How often is looked for indexes that are not there yet, or an engine that is away.
const AGAIN: Duration = Duration::from_secs(5);
/// How often aliases that should be right are looked at.
const LOOK: Duration = Duration::from_mins(1);

/// Who is to have the aliases.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    /// The generation that the worker was started with, as far as nobody else has them.
    Local,
    /// The generation that is served.
    Served(Box<GenerationEntry>),
}

/// Who is to have the aliases; none while the registry was not heard, or a process answers by another generation.
fn holder(heard: Option<&Heard>, index: &str) -> Option<Holder> {
    let heard = heard?;
    let registry = &heard.registry;
    let Some(serving) = registry.serving(index) else { return Some(Holder::Local) };
    if !rules::behind(registry, index, heard.now()).is_empty() {
        return None;
    }
    let entry = registry.generation(GenerationKey { index, id: &serving.id })?;
    Some(Holder::Served(Box::new(entry.clone())))
}

/// Gives the aliases to the generation that is served, or those that are free to the generation of `sink` where the
/// registry says nothing. Never returns.
pub(crate) async fn keep<S: Sink>(
    sink: &S,
    worker: &'static str,
    mut heard: watch::Receiver<Option<Heard>>,
) -> Infallible {
    let index = sink.names().index().to_owned();
    let (mut told, mut done) = (None, None::<(Holder, Instant)>);
    loop {
        let wanted = holder(heard.borrow_and_update().as_ref(), &index);
        // Every word of a server is heard here, too: most change nothing.
        let is_due = |wanted: &Holder| {
            done.as_ref().is_none_or(|(holder, at)| holder != wanted || at.elapsed() >= LOOK)
        };
        if let Some(holder) = wanted.filter(is_due) {
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
