//! Finds what changed in a folder since the last scan, and writes it as a store's notice. Pure.

use std::collections::BTreeMap;

use objects::Entry;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

/// Keys with their etags.
pub(super) type Files = BTreeMap<String, String>;

/// What is known of a folder.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The files that were reported.
    told: Files,
    /// The files of the last scan.
    seen: Files,
}

/// A change to report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// The file is new or changed.
    Written(String),
    /// The file is gone.
    Removed(String),
}

impl Change {
    /// The key.
    pub(super) fn key(&self) -> &str {
        let (Self::Written(key) | Self::Removed(key)) = self;
        key
    }

    /// The notice that MinIO would send.
    pub(super) fn notice(&self, bucket: &str) -> String {
        let name = match self {
            Self::Written(_) => "s3:ObjectCreated:Put",
            Self::Removed(_) => "s3:ObjectRemoved:Delete",
        };
        let key = utf8_percent_encode(self.key(), NON_ALPHANUMERIC).to_string();
        let object = json!({"bucket": {"name": bucket}, "object": {"key": key}});
        json!({"Records": [{"eventSource": "minio:s3", "eventName": name, "s3": object}]}).to_string()
    }
}

impl Known {
    /// Number of files that were reported.
    pub(super) fn count(&self) -> usize {
        self.told.len()
    }

    /// Whether the file was reported and is still there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.told.contains_key(key)
    }

    /// The changes to report, given the files that are there now; of these, no more than `most` are ever reported. The
    /// first scan reports every file. Later, a file that is new or changed is reported once two scans in a row found it
    /// the same, because a scan may find only a part of a file that is being copied.
    pub(super) fn look(&mut self, files: Vec<Entry>, most: usize) -> Vec<Change> {
        let first = self.seen.is_empty() && self.told.is_empty();
        let now: Files = files.into_iter().map(|file| (file.key, file.etag)).collect();
        let mut changes: Vec<Change> =
            self.told.keys().filter(|key| !now.contains_key(*key)).cloned().map(Change::Removed).collect();
        self.told.retain(|key, _| now.contains_key(key));
        for (key, token) in &now {
            let is_still = first || self.seen.get(key) == Some(token);
            let has_room = self.told.contains_key(key) || self.told.len() < most;
            if is_still && has_room && self.told.get(key) != Some(token) {
                self.told.insert(key.clone(), token.clone());
                changes.push(Change::Written(key.clone()));
            }
        }
        self.seen = now;
        changes
    }
}

#[cfg(test)]
mod tests {
    use intake::{Buckets, Scope, WantedObjects};

    use super::*;

    fn wanted(bucket: &str) -> WantedObjects {
        WantedObjects { buckets: Buckets::just(bucket), scope: Scope::default() }
    }

    fn look(known: &mut Known, files: &[(&str, &str)]) -> Vec<Change> {
        let entry = |(key, etag): &(&str, &str)| Entry {
            key: (*key).to_owned(),
            etag: (*etag).to_owned(),
            size: 1,
            last_modified: None,
        };
        known.look(files.iter().map(entry).collect(), 3)
    }

    fn written(key: &str) -> Change {
        Change::Written(key.to_owned())
    }

    #[test]
    fn everything_is_told_once_and_a_change_when_it_stands_still() {
        let mut known = Known::default();
        assert_eq!(look(&mut known, &[("a", "1"), ("b", "1")]), [written("a"), written("b")]);
        assert_eq!(look(&mut known, &[("a", "1"), ("b", "1")]), []);
        assert_eq!(look(&mut known, &[("a", "2"), ("b", "1")]), []);
        assert_eq!(look(&mut known, &[("a", "3"), ("b", "1")]), []);
        assert_eq!(look(&mut known, &[("a", "3"), ("b", "1")]), [written("a")]);
        assert_eq!(look(&mut known, &[("a", "3"), ("b", "1")]), []);
    }

    #[test]
    fn what_goes_away_is_told_at_once_and_may_come_again() {
        let mut known = Known::default();
        look(&mut known, &[("a", "1"), ("b", "1")]);
        assert_eq!(look(&mut known, &[("b", "1")]), [Change::Removed("a".to_owned())]);
        assert!(!known.has("a") && known.has("b"));
        assert_eq!(look(&mut known, &[("a", "1"), ("b", "1")]), []);
        assert_eq!(look(&mut known, &[("a", "1"), ("b", "1")]), [written("a")]);
    }

    #[test]
    fn no_more_are_told_than_there_is_room_for() {
        let mut known = Known::default();
        look(&mut known, &[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")]);
        assert_eq!((known.count(), known.has("d")), (3, false));
        assert_eq!(
            look(&mut known, &[("a", "1"), ("c", "1"), ("d", "1")]),
            [Change::Removed("b".to_owned()), written("d")]
        );
    }

    /// `intake` understands the notice, whatever is in the key.
    #[test]
    fn a_notice_names_the_file_as_it_is() {
        for key in ["a b/+x%41.md", "中文 &=?#.md", "a\"b\\c"] {
            let said = intake::answer(written(key).notice("my docs").as_bytes(), &wanted("my docs"));
            assert_eq!(said.refusals, []);
            let named: Vec<(&str, &str)> =
                said.references.iter().map(|one| (one.document.bucket(), one.document.key())).collect();
            assert_eq!(named, [("my docs", key)]);
        }
        let said = intake::answer(Change::Removed("a".to_owned()).notice("b").as_bytes(), &wanted("b"));
        assert_eq!(said.references[0].why, message::Why::Removed);
    }
}
