//! The second look: each document that differed is looked up on its own, again and again for a while. What was being
//! processed arrives meanwhile; what remains is either explained or a difference. Under constant changes a document is
//! equal only at moments, and later ones differ in turn: so one that was equal once is not looked at again.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::{StreamExt as _, TryStreamExt as _};
use message::{DocumentId, LedgerEntry};
use objects::{Remedy, Store};
use process::Failure;
use sink::Reader;
use stream::Broker;
use tokio::time::{Instant, sleep};

use super::difference::{Difference, Problem, Rules, differences};
use super::explained::Letters;
use super::report::{SecondLook, Tally};
use super::seen::{HeldDocument, HeldPassage, Seen};
use crate::again::{LookRequest, LookWriter};
use crate::entries::Entries;
use crate::world::World;

/// Number of documents looked up concurrently.
const AT_ONCE: usize = 8;
/// The pause before the first look; each further pause is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Asks for repairs of what still differs.
#[derive(Debug)]
pub struct Repair<K: Broker> {
    /// Where the requests are written.
    pub writer: LookWriter<K>,
    /// Identifies this run.
    pub run: String,
}

/// Looks again at every document that differed, until each was equal once or `settle` is over. What still differs then is
/// asked for again with `repair`.
///
/// # Errors
/// When something does not answer.
pub async fn look_again<K: Broker, O: Store, E: Reader>(
    world: &World<K, O, E>,
    entries: &mut Entries<K>,
    tally: &Tally,
    settle: Duration,
    mut repair: Option<&mut Repair<K>>,
) -> Result<SecondLook, Failure> {
    let deadline = Instant::now() + settle;
    let (mut left, mut settled, mut pause) = (tally.differing().clone(), 0, FIRST_PAUSE);
    let mut letters = None;
    while !left.is_empty() {
        sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        entries.catch_up().await?;
        let is_last = Instant::now() >= deadline;
        // All dead letters are read for them: at first, and before something is told.
        let known = match letters.take().filter(|_| !is_last) {
            Some(known) => known,
            None => Letters::about(&world.kafka, &left).await?,
        };
        let documents = Differing { documents: &left, rules: tally.rules(), letters: &known };
        let mut again = look(world, entries, documents, repair.as_deref_mut().filter(|_| is_last)).await?;
        letters = Some(known);
        settled += again.settled;
        if is_last || again.documents == 0 {
            again.settled = settled;
            return Ok(again);
        }
        left = again.left;
    }
    Ok(SecondLook::default())
}

/// The documents of one look, how they are compared, and what may explain them.
struct Differing<'a> {
    documents: &'a BTreeSet<DocumentId>,
    rules: &'a Rules,
    letters: &'a Letters,
}

/// One look at documents; `entries` are as of now.
async fn look<K: Broker, O: Store, E: Reader>(
    world: &World<K, O, E>,
    entries: &Entries<K>,
    Differing { documents, rules, letters }: Differing<'_>,
    mut repair: Option<&mut Repair<K>>,
) -> Result<SecondLook, Failure> {
    let mut again = SecondLook::default();
    world.refresh().await?;
    let looks = documents.iter().map(|document| one(world, entries.entry(document), rules, document));
    let mut looks = futures::stream::iter(looks).buffered(AT_ONCE);
    while let Some(seen) = looks.try_next().await? {
        let found = differences(&seen, rules);
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
        let explained: Vec<_> = found.into_iter().map(explain).collect();
        let unexplained = explained.iter().any(|(_, cause)| cause.is_none());
        if let Some(repair) = repair.as_deref_mut().filter(|_| unexplained) {
            let request =
                LookRequest::forced(seen.document.clone(), seen.suspects()).only(&world.generation.chunking);
            repair.writer.say(request.record("audit --repair", &repair.run)?).await?;
        }
        again.add(seen.document, explained);
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
