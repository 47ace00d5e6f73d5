//! Checks that bucket, ledger and both engines agree. Documents are compared one by one, in sorted order, so that
//! memory does not grow with their number.
//!
//! [`scan`] collects what each source holds of a document, [`difference`] compares it, and [`report`] counts. For a
//! while, [`second`] looks again at the documents that differ, because a document that is still being processed is not
//! a difference. [`explained`] finds the causes of refusals.

use std::time::Duration;

use objects::Store;
use process::Failure;
use sink::Reader;
use stream::Broker;

pub mod difference;
pub mod explained;
pub mod report;
pub mod scan;
pub mod second;
pub mod seen;

pub use difference::{Difference, Problem, Rules};
pub use report::{Report, status_name};
pub use second::Repair;
pub use seen::Seen;

use crate::entries::Entries;
use crate::merge::Cursor;
use crate::world::World;
use report::Tally;
use scan::Sources;

impl Rules {
    /// The rules by which the documents of `world` are compared.
    #[must_use]
    pub fn of<K, O, E>(world: &World<K, O, E>) -> Self {
        Self {
            space: world.generation.space.clone(),
            bucket: world.bucket.clone(),
            scope: world.scope.clone(),
            engines: world.engines.iter().map(|one| one.kind.name()).collect(),
        }
    }
}

/// Compares everything, passing every document to `each`, and for `settle` looks again at the documents that differ.
/// With `repair`, asks `chunk` to look at those that still differ without an explanation.
///
/// # Errors
/// When a source does not answer or is out of order, or `each` fails.
pub async fn audit<K: Broker, O: Store, E: Reader>(
    world: &World<K, O, E>,
    entries: &mut Entries<K>,
    settle: Duration,
    mut repair: Option<&mut Repair<K>>,
    mut each: impl FnMut(&Seen, &Rules) -> Result<(), Failure>,
) -> Result<Report, Failure> {
    let before = repair.as_ref().map_or(0, |repair| repair.writer.written());
    let mut tally = Tally::new(Rules::of(world));
    entries.catch_up().await?;
    world.refresh().await?;
    let mut sources = sources(world, entries);
    while let Some(seen) = sources.next().await? {
        tally.add(&seen);
        each(&seen, tally.rules())?;
    }
    drop(sources);
    let again = second::look_again(world, entries, &tally, settle, repair.as_deref_mut()).await?;
    let mut report = tally.report(again);
    report.asked_again = repair.map(|repair| repair.writer.written() - before);
    Ok(report)
}

fn sources<'a, K: Broker, O: Store, E: Reader>(
    world: &'a World<K, O, E>,
    entries: &'a Entries<K>,
) -> Sources<'a> {
    let engines = world.engines.iter().map(|one| scan::engine(one.kind.name(), &one.engine)).collect();
    Sources {
        bucket: Cursor::new(
            "the listing of the bucket",
            scan::bucket(&world.store, &world.bucket, &world.scope),
        ),
        ledger: Cursor::new("the ledger", entries.sorted(None)),
        engines,
    }
}

#[cfg(test)]
mod tests;
