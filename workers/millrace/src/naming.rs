//! Which document a user means: names are an object's key, or `bucket/key` as search hits and answers show it.
//!
//! A key may begin like its bucket, so a name can be read both ways. Where only one of the two is there, that one is
//! meant; where both are, the key is.

use message::{DocumentId, LedgerEntry};
use objects::{Entry, Store};
use process::Failure;
use stream::Broker;

use crate::entries::Entries;
use crate::world::World;

/// A document that a name may mean, and what is known of it.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The document.
    pub(crate) document: DocumentId,
    /// Its object in the bucket; none when it is not there.
    pub(crate) object: Option<Entry>,
    /// Its entry in the ledger; none when it was never read.
    pub(crate) entry: Option<LedgerEntry>,
}

/// What a name means.
#[derive(Debug)]
pub(crate) struct NamedDocument {
    /// The document that is meant.
    pub(crate) meant: Reading,
    /// What the name means when it is read the other way; none when it cannot be.
    other: Option<Reading>,
}

impl Reading {
    fn is_known(&self) -> bool {
        self.object.is_some() || self.entry.is_some()
    }

    /// An object counts for more than an entry: a removed document keeps its entry.
    fn weight(&self) -> (bool, bool) {
        (self.object.is_some(), self.entry.is_some())
    }
}

impl NamedDocument {
    fn alone(meant: Reading) -> Self {
        Self { meant, other: None }
    }

    /// What the user has to know of the name; none when only one document can be meant, and is there.
    pub(crate) fn doubt(&self) -> Option<String> {
        let meant = &self.meant;
        let Some(other) = &self.other else {
            return (!meant.is_known()).then(|| format!("not there: looked for {}", meant.document));
        };
        // As a key, a name stands behind the bucket, and is the longer of the two.
        let is_key = meant.document.as_str().len() > other.document.as_str().len();
        let (meant_is, other_is) = (&meant.document, &other.document);
        match (meant.is_known(), other.is_known(), is_key) {
            (false, _, _) => Some(format!("not there: looked for {meant_is} and {other_is}")),
            (true, false, true) => None,
            (true, false, false) => Some(format!("there is no {other_is}: this is {meant_is}")),
            (true, true, true) => Some(format!(
                "{other_is} is known, too: its key alone, with --bucket {}, shows it",
                other_is.bucket()
            )),
            (true, true, false) => Some(format!(
                "{other_is} is no longer in the bucket, its whole name shows it: this is {meant_is}"
            )),
        }
    }
}

/// The document that `name` means when it is `bucket/key`; none when it is not.
pub(crate) fn as_whole(name: &str) -> Option<DocumentId> {
    DocumentId::try_from(name.to_owned()).ok()
}

/// Finds out which document `name` means.
///
/// # Errors
/// When the name is empty, or the store or the ledger cannot be read.
pub(crate) async fn find<K: Broker, O: Store, E>(
    world: &World<K, O, E>,
    entries: &Entries<K>,
    name: &str,
) -> Result<NamedDocument, Failure> {
    let key = look(world, entries, DocumentId::new(&world.bucket, name)?).await?;
    let Some(whole) = as_whole(name) else { return Ok(NamedDocument::alone(key)) };
    // The store is asked about another bucket only where the ledger knows the document: any first part of a key would
    // be taken for a bucket.
    if whole.bucket() != world.bucket && (key.object.is_some() || entries.entry(&whole)?.is_none()) {
        let other = (!key.is_known()).then_some(Reading { document: whole, object: None, entry: None });
        return Ok(NamedDocument { meant: key, other });
    }
    let whole = match look(world, entries, whole).await {
        // The credentials may be for some prefixes only.
        Err(_) if key.object.is_some() => return Ok(NamedDocument::alone(key)),
        looked => looked?,
    };
    let (meant, other) = if whole.weight() > key.weight() { (whole, key) } else { (key, whole) };
    Ok(NamedDocument { meant, other: Some(other) })
}

async fn look<K: Broker, O: Store, E>(
    world: &World<K, O, E>,
    entries: &Entries<K>,
    document: DocumentId,
) -> Result<Reading, Failure> {
    let (object, entry) = (world.store.head(&document).await?, entries.entry(&document)?);
    Ok(Reading { document, object, entry })
}

#[cfg(test)]
mod tests {
    use message::Version;
    use objects::StoreFault;

    use super::*;
    use crate::bench::{self, Small, document, entry, removed};

    /// What a name means, and what is said of it.
    async fn named(world: &Small, name: &str) -> (String, String) {
        let entries = world.entries().await.unwrap();
        let named = find(world, &entries, name).await.unwrap();
        (named.meant.document.to_string(), named.doubt().unwrap_or_default())
    }

    #[tokio::test]
    async fn a_document_is_found_by_its_key_and_as_a_hit_shows_it() {
        let world = bench::world().await;
        world.everywhere("hr/leave.md", &["one"]).await;
        let (meant, doubt) = named(&world, "hr/leave.md").await;
        assert_eq!((meant.as_str(), doubt.as_str()), ("b/hr/leave.md", ""));
        let (meant, doubt) = named(&world, "b/hr/leave.md").await;
        assert_eq!(meant, "b/hr/leave.md");
        assert_eq!(doubt, "there is no b/b/hr/leave.md: this is b/hr/leave.md");
    }

    #[tokio::test]
    async fn a_name_of_nothing_is_told_as_it_was_looked_for() {
        let world = bench::world().await;
        let (meant, doubt) = named(&world, "leave.md").await;
        assert_eq!((meant.as_str(), doubt.as_str()), ("b/leave.md", "not there: looked for b/leave.md"));
        for name in ["b/leave.md", "other/leave.md"] {
            let (meant, doubt) = named(&world, name).await;
            assert_eq!(meant, format!("b/{name}"));
            assert_eq!(doubt, format!("not there: looked for b/{name} and {name}"));
        }
    }

    #[tokio::test]
    async fn of_two_that_are_there_the_key_is_meant_and_the_other_is_told() {
        let world = bench::world().await;
        world.everywhere("leave.md", &["one"]).await;
        world.everywhere("b/leave.md", &["two"]).await;
        let (meant, doubt) = named(&world, "b/leave.md").await;
        assert_eq!(meant, "b/b/leave.md");
        assert!(doubt.starts_with("b/leave.md is known, too") && doubt.contains("--bucket b"), "{doubt}");
        assert_eq!(named(&world, "leave.md").await, ("b/leave.md".to_owned(), String::new()));
        world.store.inject(StoreFault::DenyObject(document("leave.md")));
        assert_eq!(named(&world, "b/leave.md").await, ("b/b/leave.md".to_owned(), String::new()));
    }

    #[tokio::test]
    async fn an_object_counts_for_more_than_what_is_left_of_one() {
        let world = bench::world().await;
        world.everywhere("leave.md", &["one"]).await;
        world.enter(&removed(&document("b/leave.md"), Version::first(1)));
        let (meant, doubt) = named(&world, "b/leave.md").await;
        assert_eq!(meant, "b/leave.md");
        assert!(doubt.starts_with("b/b/leave.md is no longer in the bucket"), "{doubt}");
        assert_eq!(named(&world, "b/b/leave.md").await.0, "b/b/leave.md", "its whole name shows it");
    }

    #[tokio::test]
    async fn a_hit_of_another_bucket_is_found_by_the_ledger() {
        let world = bench::world().await;
        let other = DocumentId::new("manuals", "a.md").unwrap();
        world.store.ensure_bucket("manuals", None).await.unwrap();
        let etag = world.put(&other, "one").await;
        world.enter(&entry(&other, &["one"], Version::first(1), &etag));
        assert_eq!(named(&world, "manuals/a.md").await.0, "manuals/a.md");
        world.put(&document("manuals/a.md"), "mine").await;
        assert_eq!(named(&world, "manuals/a.md").await, ("b/manuals/a.md".to_owned(), String::new()));
    }
}
