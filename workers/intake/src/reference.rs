//! Turns notices into references: which objects to look at, and which to ignore on purpose.

use message::{DocumentId, DocumentReference, Why};
use objects::{Buckets, OutOfScope, Scope};

use crate::format::{self, shortened};
use crate::name::{IgnoreReason, ObjectChange, change};
use crate::notice::{Notice, NoticeKey, NoticeObject, NoticeRefusal};

/// The longest key of any store in bytes of UTF-8: S3 allows 1,024, OSS 1,023.
pub const LONGEST_KEY: usize = 1024;

impl From<OutOfScope> for IgnoreReason {
    fn from(left_out: OutOfScope) -> Self {
        match left_out {
            OutOfScope::OutOfScope => Self::OutOfScope,
            OutOfScope::OwnFile => Self::OwnFile,
        }
    }
}

/// Which objects are documents.
#[derive(Clone, Debug)]
pub struct WantedObjects {
    /// The buckets they are in.
    pub buckets: Buckets,
    /// The keys they have.
    pub scope: Scope,
}

/// The result for one raw value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeAnswer {
    /// Objects to look at, in order. One notice gives two when its key has two readings.
    pub references: Vec<DocumentReference>,
    /// Notices that change nothing, to be counted.
    pub ignored: Vec<Ignored>,
    /// What was not understood; together these are the cause of one dead letter.
    pub refusals: Vec<NoticeRefusal>,
}

/// A notice that leads to no reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The format it came in.
    pub format: &'static str,
    /// The event's name, as the store wrote it (at most 60 characters).
    pub name: String,
    /// Why it is ignored.
    pub reason: IgnoreReason,
    /// The bucket (at most 60 characters); empty when the event alone decided.
    pub bucket: String,
}

impl NoticeAnswer {
    /// The cause of the dead letter; none when everything was understood.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let first = self.refusals.first()?;
        let others = self.refusals.len() - 1;
        Some(if others == 0 {
            first.to_string()
        } else {
            format!("{first} (and {others} more of this record)")
        })
    }
}

/// Decides what to do about one raw value of `object-events`.
#[must_use]
pub fn answer(value: &[u8], wanted: &WantedObjects) -> NoticeAnswer {
    let reading = format::read(value);
    let mut answer = NoticeAnswer { refusals: reading.refusals, ..NoticeAnswer::default() };
    for notice in reading.notices {
        answer.take(&notice, wanted);
    }
    answer
}

impl NoticeAnswer {
    fn take(&mut self, notice: &Notice, wanted: &WantedObjects) {
        if notice.name.is_empty() {
            let (format, name) = (notice.format, String::new());
            return self.refusals.push(NoticeRefusal::Incomplete { format, name, missing: "event name" });
        }
        let why = match change(&notice.name) {
            ObjectChange::Created => Why::Created,
            ObjectChange::Removed => Why::Removed,
            ObjectChange::Ignored(reason) => return self.ignore(notice, reason, ""),
        };
        match &notice.object {
            Err(missing) => self.refusals.push(NoticeRefusal::Incomplete {
                format: notice.format,
                name: shortened(&notice.name),
                missing: missing.0,
            }),
            // Checked first: a notice about another bucket is not our concern, whatever else is wrong with it.
            Ok(NoticeObject { bucket, .. }) if !wanted.buckets.hold(bucket) => {
                self.ignore(notice, IgnoreReason::OtherBucket, bucket);
            }
            Ok(NoticeObject { bucket, key: NoticeKey::Known(key) }) => {
                self.refer(notice, ObjectName { bucket, key }, why, &wanted.scope);
            }
            Ok(NoticeObject { bucket, key: NoticeKey::Either { verbatim, decoded } }) => {
                self.refer(notice, ObjectName { bucket, key: verbatim }, why, &wanted.scope);
                // The second reading is our own guess: if it is not a valid key, nobody meant it.
                if invalid(decoded).is_none() {
                    self.refer(notice, ObjectName { bucket, key: decoded }, why, &wanted.scope);
                }
            }
        }
    }

    fn refer(
        &mut self,
        notice: &Notice,
        ObjectName { bucket, key }: ObjectName<'_>,
        why: Why,
        scope: &Scope,
    ) {
        if let Some(reason) = scope.leaves_out(key) {
            return self.ignore(notice, reason.into(), bucket);
        }
        let document = match (invalid(key), DocumentId::new(bucket, key)) {
            (None, Ok(document)) => document,
            (reason, _) => {
                return self.refusals.push(NoticeRefusal::InvalidKey {
                    format: notice.format,
                    name: shortened(&notice.name),
                    bucket: shortened(bucket),
                    key: shortened(key),
                    reason: reason.unwrap_or("a bucket's name holds no slash"),
                });
            }
        };
        self.references.push(DocumentReference {
            only: None,
            document,
            why,
            force: false,
            suspects: Vec::new(),
            source: notice.name.clone(),
            happened_at: notice.happened_at.as_deref().map(shortened),
        });
    }

    fn ignore(&mut self, notice: &Notice, reason: IgnoreReason, bucket: &str) {
        let (name, bucket) = (shortened(&notice.name), shortened(bucket));
        self.ignored.push(Ignored { format: notice.format, name, reason, bucket });
    }
}

/// An object in one reading of its key.
#[derive(Clone, Copy)]
struct ObjectName<'a> {
    bucket: &'a str,
    key: &'a str,
}

/// Why a key is invalid in every store; none when it may be valid.
fn invalid(key: &str) -> Option<&'static str> {
    match key.len() {
        0 => Some("empty"),
        1..=LONGEST_KEY => None,
        _ => Some("longer than 1,024 bytes"),
    }
}

#[cfg(test)]
mod tests;
