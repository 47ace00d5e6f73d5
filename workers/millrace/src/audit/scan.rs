//! The first look: reads everything, document by document. Memory holds one document and one page of each source.

use std::future::Future;

use futures::stream::{BoxStream, StreamExt as _, TryStreamExt as _, try_unfold};
use message::{DocumentId, LedgerEntry};
use objects::{Scope, Store};
use process::Failure;
use sink::{Page, Place, Reader, SinkError, StoredDocument};

use super::seen::{HeldDocument, HeldPassage, Seen};
use crate::merge::{Cursor, Sorted};

/// Chunks per page: about 2 MB of text.
const CHUNKS: usize = 1_000;
/// Document records per page: each may list 20,000 chunks.
const RECORDS: usize = 100;

/// The sources that are compared.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The etags of the bucket's objects.
    pub bucket: Cursor<'a, String>,
    /// The ledger's entries.
    pub ledger: Cursor<'a, LedgerEntry>,
    /// The engines.
    pub engines: Vec<EngineSource<'a>>,
}

/// One engine.
#[derive(Debug)]
pub struct EngineSource<'a> {
    records: Cursor<'a, StoredDocument>,
    passages: Cursor<'a, HeldPassage>,
}

impl<'a> EngineSource<'a> {
    /// An engine; `name` appears in error messages.
    #[must_use]
    pub fn new(name: &str, records: Sorted<'a, StoredDocument>, passages: Sorted<'a, HeldPassage>) -> Self {
        Self {
            records: Cursor::new(format!("the document records of {name}"), records),
            passages: Cursor::new(format!("the chunks of {name}"), passages),
        }
    }
}

impl Sources<'_> {
    /// The next document with everything that the sources hold of it; none after the last.
    ///
    /// # Errors
    /// When a source does not answer or is out of order.
    pub async fn next(&mut self) -> Result<Option<Seen>, Failure> {
        // Concurrently, so that the pages of several servers are fetched at the same time.
        let engines = self.engines.iter_mut().map(|engine| async {
            let (record, passage) = futures::try_join!(engine.records.peek(), engine.passages.peek())?;
            Ok::<_, Failure>([record, passage])
        });
        let (object, entry, held) = futures::try_join!(
            self.bucket.peek(),
            self.ledger.peek(),
            futures::future::try_join_all(engines)
        )?;
        let next = held.into_iter().flatten().chain([object, entry]).flatten().min();
        let Some(document) = next else { return Ok(None) };
        let mut engines = Vec::with_capacity(self.engines.len());
        for engine in &mut self.engines {
            let record = engine.records.next_of(&document).await?;
            engines.push(HeldDocument { record, passages: engine.passages.all_of(&document).await? });
        }
        let (object, entry) = (self.bucket.next_of(&document).await?, self.ledger.next_of(&document).await?);
        Ok(Some(Seen { document, object, entry, engines }))
    }
}

/// The etags of a bucket's documents, page by page.
pub fn bucket<'a, O: Store>(store: &'a O, bucket: &'a str, scope: &'a Scope) -> Sorted<'a, String> {
    let pages = try_unfold(store.list(bucket, ""), |mut listing| async move {
        Ok::<_, Failure>(listing.next().await?.map(|entries| (entries, listing)))
    });
    let documents = pages.map_ok(move |entries| {
        let wanted = entries.into_iter().filter(|entry| scope.leaves_out(&entry.key).is_none());
        futures::stream::iter(wanted.map(move |entry| Ok((DocumentId::new(bucket, &entry.key)?, entry.etag))))
    });
    documents.try_flatten().boxed()
}

/// Everything that an engine holds; `name` appears in error messages.
pub fn engine<'a, R: Reader>(name: &str, reader: &'a R) -> EngineSource<'a> {
    let records = pages(move |after| async move { reader.scan_documents(after.as_ref(), RECORDS).await });
    let records = records.map_ok(|stored| (stored.record.document.clone(), stored));
    let chunks = pages(move |after| async move { reader.scan_chunks(after.as_ref(), CHUNKS).await });
    let passages = chunks.map_ok(|chunk| (chunk.document.clone(), HeldPassage::from(chunk)));
    EngineSource::new(name, records.boxed(), passages.boxed())
}

/// The items of a scan, page by page.
fn pages<'a, T, F>(mut ask: impl FnMut(Option<Place>) -> F + Send + 'a) -> BoxStream<'a, Result<T, Failure>>
where
    T: Send + 'a,
    F: Future<Output = Result<Page<T>, SinkError>> + Send + 'a,
{
    let first = Some(None);
    let pages = try_unfold(first, move |at| {
        let asked = at.map(&mut ask);
        async move {
            let Some(asked) = asked else { return Ok(None) };
            let page = asked.await?;
            Ok::<_, Failure>(Some((page.items, page.after.map(Some))))
        }
    });
    pages.map_ok(|items| futures::stream::iter(items.into_iter().map(Ok))).try_flatten().boxed()
}
