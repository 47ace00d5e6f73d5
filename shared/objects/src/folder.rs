#![expect(clippy::disallowed_methods, reason = "edge: the files of a folder")]
//! A folder as a store of one bucket: each file is an object, and its path below the folder is its key.
//!
//! Files are read through the same loop as other objects: if a file is written meanwhile, reading starts over. The
//! etag is derived from inode, size and ctime, which no program can set back. Because ctime is only as fine as the
//! system's tick, a file is read only some time after its last change; any later edit then gives another etag.
//!
//! Hidden files are not objects and links are not followed: nothing outside the folder is ever read or written.

mod tree;

use std::fs::Metadata;
use std::io::{ErrorKind, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use message::DocumentId;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::files::{self, FileStore};
use crate::read::{self, Opened, Opening, Source, Start};
use crate::{Entry, ListingPage, Look, Store, StoreError, normalise_etag};

pub use tree::{FolderTree, NoObject};

const PIECE: usize = 64 * 1024;
/// Entries per page.
const PAGE: usize = 1000;
/// Longer than any system's tick: a change this long ago and a later one never have the same ctime.
const SETTLED: Duration = Duration::from_millis(20);

/// A store over a folder. Clones are the same store.
#[derive(Clone, Debug)]
pub struct FolderStore {
    bucket: Arc<str>,
    root: Arc<Path>,
    /// The folder's name in messages.
    endpoint: Arc<str>,
    page_size: usize,
    writable: bool,
    /// Numbers the temporary names of files being written.
    written: Arc<AtomicU64>,
}

impl FolderStore {
    /// Opens the folder `root` as the bucket `bucket`.
    ///
    /// # Errors
    /// When the folder does not exist.
    pub fn open(bucket: &str, root: &Path) -> std::io::Result<Self> {
        let root = root.canonicalize()?;
        if !root.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let endpoint = root.to_string_lossy().into();
        let (bucket, root) = (bucket.into(), root.into());
        Ok(Self { bucket, root, endpoint, page_size: PAGE, writable: true, written: Arc::default() })
    }

    /// Sets the number of entries per page of a listing (at least 1).
    #[must_use]
    pub fn with_page_size(self, page_size: usize) -> Self {
        Self { page_size: page_size.max(1), ..self }
    }

    /// Makes the store read-only.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { writable: false, ..self }
    }

    /// Lists everything in the folder; stops when there are more than `most` files.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub async fn tree(&self, most: usize) -> Result<FolderTree, StoreError> {
        let root = Arc::clone(&self.root);
        let walked = self.blocking(move || tree::walk(&root, most)).await;
        walked.map_err(|error| {
            if is_gone(&error) {
                self.no_such_bucket(&self.bucket)
            } else if error.kind() == ErrorKind::PermissionDenied {
                let (bucket, code) = (self.bucket.to_string(), error.to_string());
                StoreError::BucketDenied { bucket, endpoint: self.endpoint.to_string(), code }
            } else {
                self.unavailable(&self.bucket, &error)
            }
        })
    }

    /// The path of a document's file.
    fn path(&self, document: &DocumentId) -> Result<PathBuf, StoreError> {
        if document.bucket() != &*self.bucket || !self.root.is_dir() {
            return Err(self.no_such_bucket(document.bucket()));
        }
        let is_name = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains('\0');
        if !document.key().split('/').all(is_name) {
            return Err(
                self.invalid(document, "empty names and names that begin with a dot are no files here")
            );
        }
        let path = self.root.join(document.key());
        // A folder on the way may be a link that leads outside.
        let mut above = path.parent();
        while let Some(folder) = above {
            if let Ok(found) = folder.canonicalize() {
                let inside = found == folder;
                return if inside { Ok(path) } else { Err(self.invalid(document, "links are not followed")) };
            }
            above = folder.parent();
        }
        Ok(path)
    }

    /// Runs blocking file operations on a blocking thread.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    fn no_such_bucket(&self, bucket: &str) -> StoreError {
        StoreError::NoSuchBucket { bucket: bucket.to_owned(), endpoint: self.endpoint.to_string() }
    }

    /// The path of a document's file that is about to be replaced or deleted.
    fn path_to_change(&self, document: &DocumentId) -> Result<PathBuf, StoreError> {
        if self.writable {
            return self.path(document);
        }
        let (endpoint, code) = (self.endpoint.to_string(), "the folder is read-only".to_owned());
        Err(StoreError::ObjectDenied { document: document.clone(), endpoint, code })
    }

    fn invalid(&self, document: &DocumentId, code: &str) -> StoreError {
        let (endpoint, code) = (self.endpoint.to_string(), code.to_owned());
        StoreError::InvalidKey { document: document.clone(), endpoint, code }
    }

    fn unavailable(&self, subject: &str, error: &std::io::Error) -> StoreError {
        StoreError::Unavailable {
            subject: subject.to_owned(),
            endpoint: self.endpoint.to_string(),
            cause: error.to_string(),
            retry_after: None,
        }
    }

    /// Converts the system's error about one file.
    fn failure(&self, document: &DocumentId, error: &std::io::Error) -> StoreError {
        use ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, PermissionDenied};
        let kind = error.kind();
        if kind == PermissionDenied {
            let (document, endpoint) = (document.clone(), self.endpoint.to_string());
            StoreError::ObjectDenied { document, endpoint, code: error.to_string() }
        } else if [InvalidFilename, NotADirectory, IsADirectory].contains(&kind) {
            self.invalid(document, &error.to_string())
        } else {
            self.unavailable(document.as_str(), error)
        }
    }

    /// The file's metadata; none when it does not exist.
    async fn stat(&self, document: &DocumentId, path: &Path) -> Result<Option<Metadata>, StoreError> {
        match tokio::fs::symlink_metadata(path).await {
            Ok(metadata) => Ok(Some(metadata).filter(Metadata::is_file)),
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(self.failure(document, &error)),
        }
    }

    /// The file's etag, once its last change is long enough ago; none when it does not exist.
    async fn settled(&self, document: &DocumentId, path: &Path) -> Result<Option<String>, StoreError> {
        let Some(found) = self.stat(document, path).await? else { return Ok(None) };
        let changed = Duration::new(
            u64::try_from(found.ctime()).unwrap_or_default(),
            u32::try_from(found.ctime_nsec()).unwrap_or_default(),
        );
        let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + changed).unwrap_or_default();
        tokio::time::sleep(SETTLED.saturating_sub(age)).await;
        Ok(Some(token_of(&found)))
    }

    /// Writes a temporary file and renames it, so that nobody reads half of it.
    fn write(path: &Path, number: u64, bytes: &[u8]) -> std::io::Result<String> {
        let folder = path.parent().unwrap_or(path);
        std::fs::create_dir_all(folder)?;
        let beside = folder.join(format!(".millrace-{}-{number}", std::process::id()));
        let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
        if let Err(error) = written {
            // The temporary file is useless now. A failure to delete it is not worth reporting.
            let _is_removed = std::fs::remove_file(&beside).is_ok();
            return Err(error);
        }
        Ok(token_of(&std::fs::symlink_metadata(path)?))
    }
}

/// Whether the error means that the file does not exist.
fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The etag: differs whenever the file differs.
fn token_of(file: &Metadata) -> String {
    format!("{:x}-{:x}-{:x}.{:x}", file.ino(), file.len(), file.ctime(), file.ctime_nsec())
}

fn entry(key: String, file: &Metadata) -> Entry {
    Entry { key, etag: token_of(file), size: file.len(), last_modified: Some(file.mtime()) }
}

/// A file's content from some byte on.
#[derive(Debug)]
pub(crate) struct Body {
    file: tokio::fs::File,
    path: PathBuf,
    token: String,
    left: u64,
}

impl read::Body for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let mut piece = vec![0; PIECE.min(usize::try_from(self.left).unwrap_or(PIECE))];
        let count = self.file.read(&mut piece).await.map_err(|error| error.to_string())?;
        piece.truncate(count);
        self.left = self.left.saturating_sub(count as u64);
        if self.left == 0 || count == 0 {
            // The file may have been overwritten in place: only if its metadata are unchanged was one version read.
            let now = tokio::fs::symlink_metadata(&self.path).await.map_err(|error| error.to_string())?;
            if token_of(&now) != self.token {
                return Err("the file changed while it was read".to_owned());
            }
        }
        Ok(Some(piece.into()).filter(|_| count > 0))
    }
}

impl Source for FolderStore {
    type Body = Body;

    async fn open(&self, document: &DocumentId, start: Start<'_>) -> Result<Opened<Body>, StoreError> {
        let path = self.path(document)?;
        // Checked to be a regular file before opening: opening a pipe would block until it has a writer.
        let Some(token) = self.settled(document, &path).await? else { return Ok(Opened::Gone) };
        let told = |error: &std::io::Error| self.failure(document, error);
        let mut file = match tokio::fs::File::open(&path).await {
            Ok(file) => file,
            Err(error) if is_gone(&error) => return Ok(Opened::Gone),
            Err(error) => return Err(told(&error)),
        };
        let metadata = file.metadata().await.map_err(|error| told(&error))?;
        if token_of(&metadata) != token {
            return Ok(Opened::Changed);
        }
        let size = metadata.len();
        let at = match start {
            Start::Whole { unless } if unless.is_some_and(|known| normalise_etag(known) == token) => {
                return Ok(Opened::Unchanged);
            }
            Start::Whole { .. } => 0,
            Start::Rest { token: wanted, .. } if wanted != token => return Ok(Opened::Changed),
            Start::Rest { at, .. } => at,
        };
        file.seek(SeekFrom::Start(at)).await.map_err(|error| told(&error))?;
        let body = Body { file, path, token: token.clone(), left: size.saturating_sub(at) };
        let last_modified = Some(metadata.mtime());
        Ok(Opened::Body(Opening { etag: token.clone(), token, size, last_modified, body }))
    }

    fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl FileStore for FolderStore {
    async fn save(&self, document: &DocumentId, file: &Path) -> Result<bool, StoreError> {
        files::save(self, document, file).await
    }

    async fn put_file(&self, document: &DocumentId, file: &Path) -> Result<(), StoreError> {
        files::put(self, document, file).await
    }
}

impl Store for FolderStore {
    async fn look(
        &self,
        document: &DocumentId,
        unless: Option<&str>,
        limit: u64,
    ) -> Result<Look, StoreError> {
        read::whole(self, document, unless, limit).await
    }

    async fn head(&self, document: &DocumentId) -> Result<Option<Entry>, StoreError> {
        let path = self.path(document)?;
        let found = self.stat(document, &path).await?;
        Ok(found.map(|metadata| entry(document.key().to_owned(), &metadata)))
    }

    async fn put(&self, document: &DocumentId, bytes: Bytes, _: &str) -> Result<String, StoreError> {
        let path = self.path_to_change(document)?;
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let written = self.blocking(move || Self::write(&path, number, &bytes)).await;
        written.map_err(|error| self.failure(document, &error))
    }

    async fn delete(&self, document: &DocumentId) -> Result<(), StoreError> {
        match tokio::fs::remove_file(self.path_to_change(document)?).await {
            Err(error) if !is_gone(&error) => Err(self.failure(document, &error)),
            _ => Ok(()),
        }
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        continuation: Option<&str>,
    ) -> Result<ListingPage, StoreError> {
        if bucket != &*self.bucket {
            return Err(self.no_such_bucket(bucket));
        }
        let files = self.tree(usize::MAX).await?.files.into_iter();
        let rest = files
            .filter(|file| file.key.starts_with(prefix))
            .filter(|file| continuation.is_none_or(|after| file.key.as_str() > after));
        let mut entries: Vec<Entry> = rest.take(self.page_size.saturating_add(1)).collect();
        let more = entries.len() > self.page_size;
        entries.truncate(self.page_size);
        let continuation = entries.last().filter(|_| more).map(|entry| entry.key.clone());
        Ok(ListingPage { entries, continuation })
    }

    async fn ensure_bucket(&self, bucket: &str, notify: Option<&str>) -> Result<(), StoreError> {
        if bucket != &*self.bucket {
            return Err(self.no_such_bucket(bucket));
        }
        match notify {
            None => Ok(()),
            Some(target) => Err(StoreError::Rejected {
                subject: bucket.to_owned(),
                endpoint: self.endpoint.to_string(),
                code: "NotImplemented".to_owned(),
                message: format!("a folder tells {target} nothing: it is looked through"),
            }),
        }
    }
}
