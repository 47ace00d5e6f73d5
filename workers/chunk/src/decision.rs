//! Decides what to do from the object as found and from what is known about its document. Pure.

use bytes::Bytes;
use message::{Fingerprint, LedgerEntry, Status};

use crate::difference::SeenObject;

/// The result of looking at the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundObject {
    /// The object does not exist.
    Gone,
    /// It still has the etag that we know.
    Unchanged,
    /// It exists, but its content cannot be read; with the cause.
    Unreadable(String),
    /// It exists, with this content.
    Read(SeenObject, Bytes),
    /// It exceeds the size limit, so its content was not read.
    TooLarge {
        /// The store's etag.
        etag: String,
        /// Its size in bytes.
        size: u64,
        /// The cause of the dead letter, with a remedy.
        cause: String,
    },
}

/// What to do about a document.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Nothing changed.
    Nothing,
    /// Leave the document as it is, and make the reference a dead letter.
    Refuse(String),
    /// Remove the document.
    Remove,
    /// The content is that of this entry; only the etag is new.
    Renew(&'a LedgerEntry, String),
    /// The new content replaces the old.
    Read(SeenObject, Bytes),
    /// The document becomes refused, without its content having been read.
    RefuseUnread(SeenObject, String),
}

/// The entry, if its document's chunks may stay as they are: it was made with this `chunking`, of an existing object,
/// and no `force` demands that everything be made anew.
#[must_use]
pub fn standing<'a>(
    entry: Option<&'a LedgerEntry>,
    force: bool,
    chunking: &Fingerprint,
) -> Option<&'a LedgerEntry> {
    entry.filter(|entry| !force && entry.chunking == *chunking && entry.status != Status::Removed)
}

/// The etag for a conditional read. None for an object that was too large: it was never read, and the limit may have
/// been raised since.
#[must_use]
pub fn etag_read(standing: Option<&LedgerEntry>) -> Option<&str> {
    standing.filter(|entry| !entry.digest.is_empty()).map(|entry| entry.etag.as_str())
}

/// Decides what to do about a document, given its `entry` and the object that was `found`.
#[must_use]
pub fn decide<'a>(
    entry: Option<&'a LedgerEntry>,
    found: FoundObject,
    force: bool,
    chunking: &Fingerprint,
) -> Decision<'a> {
    let standing = standing(entry, force, chunking);
    match found {
        FoundObject::Gone if entry.is_none_or(|entry| entry.status == Status::Removed) && !force => {
            Decision::Nothing
        }
        FoundObject::Gone => Decision::Remove,
        FoundObject::Unchanged => Decision::Nothing,
        FoundObject::Unreadable(cause) => Decision::Refuse(cause),
        // One dead letter for the same object is enough.
        FoundObject::TooLarge { etag, .. } if standing.is_some_and(|entry| was_too_large(entry, &etag)) => {
            Decision::Nothing
        }
        FoundObject::TooLarge { etag, size, cause } => {
            Decision::RefuseUnread(SeenObject { etag, digest: String::new(), size, modified: None }, cause)
        }
        FoundObject::Read(object, bytes) => match standing.filter(|entry| entry.digest == object.digest) {
            Some(entry) => Decision::Renew(entry, object.etag),
            None => Decision::Read(object, bytes),
        },
    }
}

/// Whether this very object was refused for its size before.
fn was_too_large(entry: &LedgerEntry, etag: &str) -> bool {
    entry.status == Status::Refused && entry.digest.is_empty() && entry.etag == etag
}

#[cfg(test)]
mod tests {
    use message::{DocumentId, Version};

    use super::*;

    fn chunking(name: &str) -> Fingerprint {
        Fingerprint::of(&[("chunking", name)])
    }

    fn entry(status: Status, digest: &str) -> LedgerEntry {
        let removed =
            LedgerEntry::removed(DocumentId::new("b", "k").unwrap(), Version::first(1), chunking("now"));
        LedgerEntry { status, etag: "old".to_owned(), digest: digest.to_owned(), ..removed }
    }

    fn read(digest: &str) -> FoundObject {
        FoundObject::Read(object("new", digest), Bytes::from_static(b"x"))
    }

    fn object(etag: &str, digest: &str) -> SeenObject {
        SeenObject { etag: etag.to_owned(), digest: digest.to_owned(), size: 1, modified: None }
    }

    fn too_large(etag: &str) -> FoundObject {
        let object = object(etag, "");
        FoundObject::TooLarge { etag: object.etag, size: object.size, cause: "large".to_owned() }
    }

    #[test]
    fn what_is_gone_is_removed_once_and_again_only_when_that_is_asked_for() {
        let (live, removed) = (entry(Status::Live, "d"), entry(Status::Removed, ""));
        for (known, force, expected) in [
            (Some(&live), false, Decision::Remove),
            (Some(&removed), false, Decision::Nothing),
            (None, false, Decision::Nothing),
            (Some(&removed), true, Decision::Remove),
            (None, true, Decision::Remove),
        ] {
            assert_eq!(
                decide(known, FoundObject::Gone, force, &chunking("now")),
                expected,
                "{known:?} {force}"
            );
        }
    }

    #[test]
    fn what_cannot_be_known_changes_nothing() {
        let live = entry(Status::Live, "d");
        for force in [false, true] {
            let refused =
                decide(Some(&live), FoundObject::Unreadable("why".to_owned()), force, &chunking("now"));
            assert_eq!(refused, Decision::Refuse("why".to_owned()));
            let unchanged = decide(Some(&live), FoundObject::Unchanged, force, &chunking("now"));
            assert_eq!(unchanged, Decision::Nothing);
        }
    }

    #[test]
    fn the_same_content_is_read_again_only_for_another_chunking_or_when_that_is_asked_for() {
        let (live, removed) = (entry(Status::Live, "d"), entry(Status::Removed, "d"));
        let again = || Decision::Read(object("new", "d"), Bytes::from_static(b"x"));
        let renewed = decide(Some(&live), read("d"), false, &chunking("now"));
        assert_eq!(renewed, Decision::Renew(&live, "new".to_owned()));
        assert_eq!(decide(Some(&live), read("d"), true, &chunking("now")), again());
        assert_eq!(decide(Some(&live), read("d"), false, &chunking("next")), again());
        assert_eq!(decide(Some(&removed), read("d"), false, &chunking("now")), again());
        assert_eq!(decide(None, read("d"), false, &chunking("now")), again());
        let other = decide(Some(&live), read("other"), false, &chunking("now"));
        assert_eq!(other, Decision::Read(object("new", "other"), Bytes::from_static(b"x")));
    }

    #[test]
    fn an_object_that_is_too_large_is_one_dead_letter_until_it_is_another() {
        let refused = entry(Status::Refused, "");
        let anew = |etag| Decision::RefuseUnread(object(etag, ""), "large".to_owned());
        assert_eq!(decide(Some(&refused), too_large("old"), false, &chunking("now")), Decision::Nothing);
        assert_eq!(decide(Some(&refused), too_large("new"), false, &chunking("now")), anew("new"));
        assert_eq!(decide(Some(&refused), too_large("old"), true, &chunking("now")), anew("old"));
        assert_eq!(decide(Some(&refused), too_large("old"), false, &chunking("next")), anew("old"));
        // It was read before, so it was not refused for its size.
        let unreadable = entry(Status::Refused, "d");
        assert_eq!(decide(Some(&unreadable), too_large("old"), false, &chunking("now")), anew("old"));
    }

    #[test]
    fn an_etag_spares_a_look_only_at_what_was_read_and_stands() {
        let etag = |entry: &LedgerEntry, force, name| {
            etag_read(standing(Some(entry), force, &chunking(name))).map(str::to_owned)
        };
        assert_eq!(etag(&entry(Status::Live, "d"), false, "now"), Some("old".to_owned()));
        assert_eq!(etag(&entry(Status::Refused, "d"), false, "now"), Some("old".to_owned()));
        assert_eq!(etag(&entry(Status::Live, "d"), true, "now"), None);
        assert_eq!(etag(&entry(Status::Live, "d"), false, "next"), None);
        assert_eq!(etag(&entry(Status::Removed, ""), false, "now"), None);
        assert_eq!(etag(&entry(Status::Refused, ""), false, "now"), None);
    }
}
