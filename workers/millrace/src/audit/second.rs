//! The second look: after a pause, each document that differed is looked up on its own. What was being processed has
//! arrived by then; what remains is either explained or a difference.

use futures::stream::{StreamExt as _, TryStreamExt as _};
use message::{DocumentId, LedgerEntry};
use objects::{Remedy, Store};
use process::Failure;
use sink::Reader;
use stream::Broker;

use super::difference::{Difference, Problem, Rules, differences};
use super::explained::Letters;
use super::report::{SecondLook, Tally};
use super::seen::{HeldDocument, HeldPassage, Seen};
use crate::again::{LookRequest, LookWriter};
use crate::entries::Entries;
use crate::world::World;

/// Number of documents looked up concurrently.
const AT_ONCE: usize = 8;

/// Asks for repairs of what still differs.
#[derive(Debug)]
pub struct Repair<K: Broker> {
    /// Where the requests are written.
    pub writer: LookWriter<K>,
    /// Identifies this run.
    pub run: String,
}

/// Looks again at every document that differed. `entries` must have been caught up after the pause.
///
/// # Errors
/// When something does not answer.
pub async fn look_again<K: Broker, O: Store, E: Reader>(
    world: &World<K, O, E>,
    entries: &Entries<K>,
    tally: &Tally,
    mut repair: Option<&mut Repair<K>>,
) -> Result<SecondLook, Failure> {
    let mut again = SecondLook::default();
    if tally.differing().is_empty() {
        return Ok(again);
    }
    world.refresh().await?;
    let letters = Letters::about(&world.kafka, tally.differing()).await?;
    let looks =
        tally.differing().iter().map(|document| one(world, entries.entry(document), tally.rules(), document));
    let mut looks = futures::stream::iter(looks).buffered(AT_ONCE);
    while let Some(seen) = looks.try_next().await? {
        let found = differences(&seen, tally.rules());
        if found.is_empty() {
            again.settled += 1;
            continue;
        }
        let denied = denied(world, &found).await?;
        let explain = |difference: Difference| {
            let of_the_object = is_of_the_object(&difference.problem);
            let cause = if of_the_object { denied.clone() } else { letters.explain(&difference) };
            (difference, cause)
        };
        let left: Vec<_> = found.into_iter().map(explain).collect();
        let unexplained = left.iter().any(|(_, cause)| cause.is_none());
        again.add(left);
        if let Some(repair) = repair.as_deref_mut().filter(|_| unexplained) {
            let request =
                LookRequest::forced(seen.document.clone(), seen.suspects()).only(&world.generation.chunking);
            repair.writer.say(request.record("audit --repair", &repair.run)?).await?;
        }
    }
    if let Some(repair) = repair {
        repair.writer.flush().await?;
    }
    Ok(again)
}

/// A document as it is now. `entry` is from the last catch-up; the bucket is asked next, and the engines last, because
/// a change reaches them last.
async fn one<K: Broker, O: Store, E: Reader>(
    world: &World<K, O, E>,
    entry: Result<Option<LedgerEntry>, Failure>,
    rules: &Rules,
    document: &DocumentId,
) -> Result<Seen, Failure> {
    let mut object = None;
    if rules.is_listed(document) {
        // A listing, as in the first look: a HEAD request for a denied object says nothing.
        let page = world.store.page(document.bucket(), document.key(), None).await?;
        let found = page.entries.into_iter().find(|entry| entry.key == document.key());
        object = found.map(|entry| entry.etag);
    }
    let entry = entry?;
    let mut engines = Vec::with_capacity(world.engines.len());
    for one in &world.engines {
        engines.push(held(&one.engine, document).await?);
    }
    Ok(Seen { document: document.clone(), object, entry, engines })
}

/// Why the store refuses to give out this object, if it does; asked only when that would explain a difference.
async fn denied<K: Broker, O: Store, E: Reader>(
    world: &World<K, O, E>,
    found: &[Difference],
) -> Result<Option<String>, Failure> {
    let Some(difference) = found.iter().find(|one| is_of_the_object(&one.problem)) else { return Ok(None) };
    // With a limit of 0 bytes, only whether the store refuses the object matters.
    match world.store.look(&difference.document, None, 0).await {
        Err(error) if error.remedy() == Remedy::Refuse => Ok(Some(process::chain(&error))),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(None),
    }
}

async fn held<R: Reader>(engine: &R, document: &DocumentId) -> Result<HeldDocument, Failure> {
    let record = engine.document(document).await?;
    let passages = engine.chunks_of(document).await?.into_iter().map(HeldPassage::from).collect();
    Ok(HeldDocument { record, passages })
}

/// Whether the store's refusal of the object explains the problem.
fn is_of_the_object(problem: &Problem) -> bool {
    matches!(problem, Problem::NeverRead | Problem::SaysRemoved | Problem::OtherVersion)
}
