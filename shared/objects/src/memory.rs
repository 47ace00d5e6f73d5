//! A store in memory, with the failures of real stores on demand; the tests of every worker use it.
//!
//! It reads objects through the same loop as the real stores, in pieces of 64 KiB, so that a broken body or a change
//! during the read has the same effect. A bucket exists once `ensure_bucket` has created it.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use message::{DocumentId, sha256_hex};

use crate::files::{self, FileStore};
use crate::read::{self, Opened, Opening, Source, Start};
use crate::{Entry, ListingPage, Look, Store, StoreError, normalise_etag};

const PIECE: usize = 64 * 1024;
const ENDPOINT: &str = "memory";

/// A failure to inject.
#[derive(Clone, Debug)]
pub enum StoreFault {
    /// This object, but not its bucket, is denied until [`MemoryStore::heal`].
    DenyObject(DocumentId),
    /// The bucket is denied until [`MemoryStore::heal`].
    DenyBucket(String),
    /// The object is archived until [`MemoryStore::heal`].
    Archive(DocumentId),
    /// The object is refused like a broken link, until [`MemoryStore::heal`].
    Unreadable(DocumentId),
    /// The store is unavailable for the next requests.
    Unavailable {
        /// The number of failing requests.
        times: u32,
    },
    /// The next body of this object breaks off.
    BreakBody {
        /// The object.
        document: DocumentId,
        /// Bytes that arrive before.
        after: usize,
    },
    /// The next body of this object breaks off, and the object has changed by then, or is gone.
    ChangeDuringRead {
        /// The object.
        document: DocumentId,
        /// Bytes that arrive before.
        after: usize,
        /// The new content; none deletes the object.
        with: Option<Bytes>,
    },
}

/// A store in memory. Clones share it.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    page_size: usize,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, Bucket>,
    faults: VecDeque<StoreFault>,
    bodies: u64,
}

#[derive(Debug, Default)]
struct Bucket {
    objects: BTreeMap<String, Bytes>,
    notify: Option<String>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_page_size(1000)
    }
}

impl MemoryStore {
    /// A store whose listings have this many entries per page (at least 1).
    #[must_use]
    pub fn with_page_size(page_size: usize) -> Self {
        Self { state: Arc::default(), page_size: page_size.max(1) }
    }

    /// Adds a failure. Failures of the same object happen one after another.
    pub fn inject(&self, fault: StoreFault) {
        self.lock().faults.push_back(fault);
    }

    /// Removes all failures.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// How many bodies have been opened, as a measure of the cost of reading.
    #[must_use]
    pub fn bodies(&self) -> u64 {
        self.lock().bodies
    }

    /// The target that is notified of changes in the bucket.
    #[must_use]
    pub fn notified(&self, bucket: &str) -> Option<String> {
        self.lock().buckets.get(bucket).and_then(|bucket| bucket.notify.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave this state half-changed: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The bucket, after applying faults of the request and of the bucket.
    fn bucket(&mut self, name: &str) -> Result<&mut Bucket, StoreError> {
        for fault in &mut self.faults {
            match fault {
                StoreFault::Unavailable { times } if *times > 0 => {
                    *times -= 1;
                    return Err(StoreError::Unavailable {
                        subject: name.to_owned(),
                        endpoint: ENDPOINT.to_owned(),
                        cause: "injected".to_owned(),
                        retry_after: None,
                    });
                }
                StoreFault::DenyBucket(denied) if denied == name => {
                    let (bucket, code) = (name.to_owned(), "AccessDenied".to_owned());
                    return Err(StoreError::BucketDenied { bucket, endpoint: ENDPOINT.to_owned(), code });
                }
                StoreFault::Unavailable { .. }
                | StoreFault::DenyBucket(_)
                | StoreFault::DenyObject(_)
                | StoreFault::Archive(_)
                | StoreFault::Unreadable(_)
                | StoreFault::BreakBody { .. }
                | StoreFault::ChangeDuringRead { .. } => {}
            }
        }
        self.buckets.get_mut(name).ok_or_else(|| StoreError::NoSuchBucket {
            bucket: name.to_owned(),
            endpoint: ENDPOINT.to_owned(),
        })
    }

    /// The bucket of a document, after also applying faults of the document.
    fn bucket_of(&mut self, document: &DocumentId) -> Result<&mut Bucket, StoreError> {
        self.bucket(document.bucket())?;
        for fault in &self.faults {
            let endpoint = ENDPOINT.to_owned();
            match fault {
                StoreFault::DenyObject(denied) if denied == document => {
                    let (document, code) = (document.clone(), "AccessDenied".to_owned());
                    return Err(StoreError::ObjectDenied { document, endpoint, code });
                }
                StoreFault::Archive(archived) if archived == document => {
                    return Err(StoreError::Archived { document: document.clone(), endpoint });
                }
                StoreFault::Unreadable(refused) if refused == document => {
                    let (document, message) = (document.clone(), "injected".to_owned());
                    let code = "SymlinkTargetNotExist".to_owned();
                    return Err(StoreError::Unreadable { document, endpoint, code, message });
                }
                StoreFault::DenyObject(_)
                | StoreFault::Archive(_)
                | StoreFault::Unreadable(_)
                | StoreFault::DenyBucket(_)
                | StoreFault::Unavailable { .. }
                | StoreFault::BreakBody { .. }
                | StoreFault::ChangeDuringRead { .. } => {}
            }
        }
        // Looked up directly, because asking for the bucket again would count as another request.
        self.buckets.get_mut(document.bucket()).ok_or_else(|| StoreError::NoSuchBucket {
            bucket: document.bucket().to_owned(),
            endpoint: ENDPOINT.to_owned(),
        })
    }

    /// Takes the next fault of this object's body.
    fn take_break(&mut self, document: &DocumentId) -> Option<StoreFault> {
        let index = self.faults.iter().position(|fault| match fault {
            StoreFault::BreakBody { document: broken, .. }
            | StoreFault::ChangeDuringRead { document: broken, .. } => broken == document,
            StoreFault::DenyObject(_)
            | StoreFault::DenyBucket(_)
            | StoreFault::Archive(_)
            | StoreFault::Unreadable(_)
            | StoreFault::Unavailable { .. } => false,
        })?;
        self.faults.remove(index)
    }
}

fn etag_of(bytes: &Bytes) -> String {
    let mut digest = sha256_hex([bytes.as_ref()]);
    digest.truncate(32);
    digest
}

fn entry_of(key: &str, bytes: &Bytes) -> Entry {
    Entry { key: key.to_owned(), etag: etag_of(bytes), size: bytes.len() as u64, last_modified: None }
}

/// The rest of an object, in pieces.
#[derive(Debug)]
pub(crate) struct Body {
    rest: Bytes,
    breaks_after: Option<usize>,
}

impl read::Body for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let room = self.breaks_after.unwrap_or(usize::MAX).min(PIECE).min(self.rest.len());
        if room == 0 {
            return if self.breaks_after.is_some() { Err("injected break".to_owned()) } else { Ok(None) };
        }
        self.breaks_after = self.breaks_after.map(|after| after - room);
        Ok(Some(self.rest.split_to(room)))
    }
}

impl Source for MemoryStore {
    type Body = Body;

    async fn open(&self, document: &DocumentId, start: Start<'_>) -> Result<Opened<Body>, StoreError> {
        let mut state = self.lock();
        let Some(bytes) = state.bucket_of(document)?.objects.get(document.key()).cloned() else {
            return Ok(Opened::Gone);
        };
        let token = etag_of(&bytes);
        let at = match start {
            Start::Whole { unless } if unless.is_some_and(|known| normalise_etag(known) == token) => {
                return Ok(Opened::Unchanged);
            }
            Start::Whole { .. } => 0,
            Start::Rest { token: wanted, .. } if wanted != token => return Ok(Opened::Changed),
            Start::Rest { at, .. } => usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len()),
        };
        state.bodies += 1;
        // The content was taken above, so a fault changes the object while the caller is reading.
        let fault = state.take_break(document);
        let breaks_after = match &fault {
            Some(StoreFault::BreakBody { after, .. } | StoreFault::ChangeDuringRead { after, .. }) => {
                Some(*after)
            }
            _ => None,
        };
        if let Some(StoreFault::ChangeDuringRead { with, .. }) = fault {
            let objects = &mut state.bucket_of(document)?.objects;
            match with {
                Some(bytes) => objects.insert(document.key().to_owned(), bytes),
                None => objects.remove(document.key()),
            };
        }
        let body = Body { rest: bytes.slice(at..), breaks_after };
        Ok(Opened::Body(Opening {
            etag: token.clone(),
            token,
            size: bytes.len() as u64,
            last_modified: None,
            body,
        }))
    }

    fn endpoint(&self) -> &'static str {
        ENDPOINT
    }
}

impl FileStore for MemoryStore {
    async fn save(&self, document: &DocumentId, file: &Path) -> Result<bool, StoreError> {
        files::save(self, document, file).await
    }

    async fn put_file(&self, document: &DocumentId, file: &Path) -> Result<(), StoreError> {
        files::put(self, document, file).await
    }
}

impl Store for MemoryStore {
    async fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> Result<Look, StoreError> {
        read::whole(self, document, unless, limit).await
    }

    async fn head(&self, document: &DocumentId) -> Result<Option<Entry>, StoreError> {
        let mut state = self.lock();
        let bucket = state.bucket_of(document)?;
        Ok(bucket.objects.get(document.key()).map(|bytes| entry_of(document.key(), bytes)))
    }

    async fn put(
        &self,
        document: &DocumentId,
        bytes: Bytes,
        _content_type: &str,
    ) -> Result<String, StoreError> {
        let etag = etag_of(&bytes);
        self.lock().bucket_of(document)?.objects.insert(document.key().to_owned(), bytes);
        Ok(etag)
    }

    async fn delete(&self, document: &DocumentId) -> Result<(), StoreError> {
        self.lock().bucket_of(document)?.objects.remove(document.key());
        Ok(())
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        continuation: Option<&str>,
    ) -> Result<ListingPage, StoreError> {
        let mut state = self.lock();
        let matching = state
            .bucket(bucket)?
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| continuation.is_none_or(|after| key.as_str() > after));
        let mut entries: Vec<Entry> =
            matching.take(self.page_size + 1).map(|(key, bytes)| entry_of(key, bytes)).collect();
        let more = entries.len() > self.page_size;
        entries.truncate(self.page_size);
        let continuation = entries.last().filter(|_| more).map(|entry| entry.key.clone());
        Ok(ListingPage { entries, continuation })
    }

    async fn ensure_bucket(&self, bucket: &str, notify: Option<&str>) -> Result<(), StoreError> {
        self.lock().buckets.entry(bucket.to_owned()).or_default();
        let mut state = self.lock();
        let known = state.bucket(bucket)?;
        if let Some(target) = notify {
            known.notify = Some(target.to_owned());
        }
        Ok(())
    }
}
