//! Compares the bucket with the ledger, and asks `chunk` to look again where they differ. This makes up for lost
//! notices, and is the first load of an existing bucket.
//!
//! Works through the listing page by page. The requests of a page are acknowledged before the position after it is
//! kept, so that an interrupted run can resume there. Memory holds one page.

use std::collections::VecDeque;

use futures::future::ready;
use futures::stream::TryStreamExt as _;
use message::{DocumentId, Fingerprint, LedgerEntry, Status};
use objects::{Entry, Scope, Store};
use process::Failure;
use serde::{Deserialize, Serialize};
use stream::Broker;

use crate::again::{LookRequest, LookWriter};
use crate::entries::Entries;
use crate::merge::Cursor;

/// What to compare.
#[derive(Clone, Debug)]
pub struct ReconcilePlan {
    /// The bucket.
    pub bucket: String,
    /// Only keys with this prefix; empty for all.
    pub prefix: String,
    /// Which objects are documents. Everything else is ignored, in the bucket and in the ledger.
    pub scope: Scope,
    /// Only report and count; write nothing.
    pub dry_run: bool,
    /// The chunking whose ledger is compared, where the others need not look; none asks all of them.
    pub only: Option<Fingerprint>,
    /// Identifies this run.
    pub run: String,
}

impl ReconcilePlan {
    /// The prefix of the names of all documents that are compared.
    fn begin(&self) -> String {
        format!("{}/{}", self.bucket, self.prefix)
    }

    /// A document that sorts before all of them, after which the ledger is read; none to read all of it.
    fn before(&self) -> Option<DocumentId> {
        let mut prefix = self.prefix.clone();
        prefix.pop();
        DocumentId::new(&self.bucket, &prefix).ok()
    }
}

/// The result for one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The ledger has the object as it is.
    Unchanged,
    /// The ledger does not have the object, or says that it was removed.
    New,
    /// The object has another etag than the one that was read.
    Changed,
    /// The object is gone, but the ledger has it.
    Gone,
}

/// The result for an object (its etag) and an entry; none when there is neither. A removed document's entry counts as
/// none.
#[must_use]
pub fn finding(object: Option<&str>, entry: Option<&LedgerEntry>) -> Option<Finding> {
    let entry = entry.filter(|entry| entry.status != Status::Removed);
    match (object, entry) {
        (None, None) => None,
        (None, Some(_)) => Some(Finding::Gone),
        (Some(_), None) => Some(Finding::New),
        (Some(etag), Some(entry)) if entry.etag == etag => Some(Finding::Unchanged),
        (Some(_), Some(_)) => Some(Finding::Changed),
    }
}

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileCounts {
    /// Objects in the bucket that are documents.
    pub objects: u64,
    /// Those that the ledger has as they are.
    pub unchanged: u64,
    /// Those that it does not have.
    pub new: u64,
    /// Those that it has with another etag.
    pub changed: u64,
    /// Documents of the ledger whose objects are gone.
    pub gone: u64,
}

impl ReconcileCounts {
    fn add(&mut self, finding: Finding) {
        self.objects += u64::from(finding != Finding::Gone);
        match finding {
            Finding::Unchanged => self.unchanged += 1,
            Finding::New => self.new += 1,
            Finding::Changed => self.changed += 1,
            Finding::Gone => self.gone += 1,
        }
    }

    /// Documents for which `chunk` is asked to look again.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.new + self.changed + self.gone
    }
}

/// How far a run got: everything up to `key` was compared, and its requests were acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The bucket.
    pub bucket: String,
    /// The prefix.
    pub prefix: String,
    /// The store's token for the next page of the listing.
    pub continuation: String,
    /// The last key that was compared.
    pub key: String,
    /// The counts up to there.
    pub counts: ReconcileCounts,
}

/// Compares page by page, from `from` or from the start. Calls [`Watch::keep`] after each page but the last, and
/// [`Watch::differs`] for every document that differs.
///
/// # Errors
/// When the store or Kafka does not answer, or the listing is out of order. Requests that were acknowledged before
/// stand, and the last position that was kept remains valid.
pub async fn reconcile<K: Broker, O: Store>(
    plan: &ReconcilePlan,
    (store, entries): (&O, &Entries<K>),
    writer: &mut LookWriter<K>,
    from: Option<Progress>,
    watch: &mut impl Watch,
) -> Result<ReconcileCounts, Failure> {
    let mut last = from.as_ref().map(|from| DocumentId::new(&plan.bucket, &from.key)).transpose()?;
    let mut counts = from.as_ref().map(|from| from.counts).unwrap_or_default();
    let mut continuation = from.map(|from| from.continuation);
    let begin = plan.begin();
    let after = last.clone().or_else(|| plan.before());
    let beyond = |(document, _): &(DocumentId, LedgerEntry)| ready(document.as_str() >= begin.as_str());
    let mut ledger = Cursor::new("the ledger", entries.sorted(after.as_ref()).try_filter(beyond));
    loop {
        let page = store.page(&plan.bucket, &plan.prefix, continuation.as_deref()).await?;
        let entries = in_order(plan, page.entries, &mut last)?;
        let is_last = page.continuation.is_none();
        let mut side = Side { plan, begin: &begin, entries, ledger: &mut ledger };
        let end = if is_last { None } else { last.as_ref() };
        while let Some((document, finding)) = side.next(end).await? {
            counts.add(finding);
            if finding != Finding::Unchanged {
                watch.differs(&document, finding)?;
                if !plan.dry_run {
                    let look = LookRequest { only: plan.only.clone(), ..LookRequest::look(document) };
                    writer.say(look.record("reconcile", &plan.run)?).await?;
                }
            }
        }
        writer.flush().await?;
        continuation = page.continuation;
        match (&continuation, &last) {
            (None, _) => return Ok(counts),
            (Some(_), None) => {}
            (Some(continuation), Some(last)) => watch.keep(&Progress {
                bucket: plan.bucket.clone(),
                prefix: plan.prefix.clone(),
                continuation: continuation.clone(),
                key: last.key().to_owned(),
                counts,
            })?,
        }
    }
}

/// Observes a run.
pub trait Watch {
    /// A document differs.
    ///
    /// # Errors
    /// When it cannot be reported.
    fn differs(&mut self, document: &DocumentId, finding: Finding) -> Result<(), Failure>;

    /// A page is done, and its requests are acknowledged.
    ///
    /// # Errors
    /// When the position cannot be kept.
    fn keep(&mut self, progress: &Progress) -> Result<(), Failure>;
}

/// The documents of a page. Fails when the store lists out of order, because documents would then be taken for gone.
fn in_order(
    plan: &ReconcilePlan,
    page: Vec<Entry>,
    last: &mut Option<DocumentId>,
) -> Result<VecDeque<(DocumentId, String)>, Failure> {
    let mut entries = VecDeque::new();
    for entry in page {
        let document = DocumentId::new(&plan.bucket, &entry.key)?;
        if let Some(last) = last.as_ref().filter(|last| document <= **last) {
            return Err(format!(
                "the store lists the bucket out of order ({document} after {last}): reconcile needs the order of the keys' \
                 bytes, as S3, OSS and MinIO list; nothing was said for this page"
            )
            .into());
        }
        if plan.scope.leaves_out(&entry.key).is_none() {
            entries.push_back((document.clone(), entry.etag));
        }
        *last = Some(document);
    }
    Ok(entries)
}

/// A page of the listing, and the ledger.
struct Side<'a, 'b> {
    plan: &'a ReconcilePlan,
    begin: &'a str,
    entries: VecDeque<(DocumentId, String)>,
    ledger: &'a mut Cursor<'b, LedgerEntry>,
}

impl Side<'_, '_> {
    /// The next document up to `end` (none: to the end of the ledger) that is in the listing or in the ledger.
    async fn next(&mut self, end: Option<&DocumentId>) -> Result<Option<(DocumentId, Finding)>, Failure> {
        loop {
            let ours = |document: &DocumentId| document.as_str().starts_with(self.begin);
            let entered = self.ledger.peek().await?.filter(|d| ours(d) && end.is_none_or(|end| d <= end));
            let listed = self.entries.front().map(|(document, _)| document.clone());
            let Some(document) = [entered, listed].into_iter().flatten().min() else { return Ok(None) };
            let entry = self.ledger.next_of(&document).await?;
            let object = self.entries.pop_front_if(|(listed, _)| *listed == document).map(|(_, etag)| etag);
            if self.plan.scope.leaves_out(document.key()).is_some() {
                continue;
            }
            if let Some(finding) = finding(object.as_deref(), entry.as_ref()) {
                return Ok(Some((document, finding)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
