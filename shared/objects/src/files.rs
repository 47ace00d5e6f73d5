//! EDGE: objects as files, for those that no memory should hold: the bundles of models.

use std::path::Path;

use bytes::Bytes;
use message::DocumentId;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::read::{Body as _, Opened, Opening, RESUMES, Source, Start, unavailable};
use crate::{Store, StoreError};

/// A store of objects of any size. All wait for each piece, and none for the whole.
pub trait FileStore: Store {
    /// Writes one version of the object into a new file; false, and no file, when there is no such object.
    ///
    /// # Errors
    /// See [`StoreError`]; `Unavailable` also when the object changed meanwhile, or the file cannot be written. The file may
    /// then hold a part of it.
    fn save(
        &self,
        document: &DocumentId,
        file: &Path,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes a file as the object.
    ///
    /// # Errors
    /// See [`StoreError`]; `Unavailable` also when the file cannot be read.
    fn put_file(
        &self,
        document: &DocumentId,
        file: &Path,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// [`FileStore::save`] for every store that can be read from any offset.
pub(crate) async fn save<S: Source>(
    source: &S,
    document: &DocumentId,
    path: &Path,
) -> Result<bool, StoreError> {
    let opening = match source.open(document, Start::Whole { unless: None }).await? {
        Opened::Body(opening) => opening,
        Opened::Gone => return Ok(false),
        Opened::Unchanged | Opened::Changed => return Err(changed(source, document)),
    };
    let mut file = File::create(path).await.map_err(|error| of_file(path, &error))?;
    let Opening { token, size, mut body, .. } = opening;
    let (mut at, mut resumes) = (0, 0);
    while at < size {
        let cause = match body.next().await {
            Ok(Some(piece)) => {
                at += piece.len() as u64;
                file.write_all(&piece).await.map_err(|error| of_file(path, &error))?;
                continue;
            }
            Ok(None) => format!("the body ended after {at} of {size} bytes"),
            Err(cause) => cause,
        };
        if resumes == RESUMES {
            return Err(unavailable(source, document, cause));
        }
        resumes += 1;
        match source.open(document, Start::Rest { at, token: &token }).await? {
            Opened::Body(rest) if rest.size == size => body = rest.body,
            Opened::Body(_) | Opened::Unchanged | Opened::Gone | Opened::Changed => {
                return Err(changed(source, document));
            }
        }
    }
    if at > size {
        return Err(unavailable(
            source,
            document,
            format!("the body has more than the {size} bytes announced"),
        ));
    }
    file.sync_all().await.map_err(|error| of_file(path, &error))?;
    Ok(true)
}

/// [`FileStore::put_file`] for a store that takes bytes.
pub(crate) async fn put<S: Store>(store: &S, document: &DocumentId, path: &Path) -> Result<(), StoreError> {
    let bytes = tokio::fs::read(path).await.map_err(|error| of_file(path, &error))?;
    store.put(document, Bytes::from(bytes), "application/octet-stream").await.map(drop)
}

/// A file of this machine that cannot be used.
pub(crate) fn of_file(path: &Path, cause: &impl ToString) -> StoreError {
    StoreError::Unavailable {
        subject: path.display().to_string(),
        endpoint: "this machine".to_owned(),
        cause: cause.to_string(),
        retry_after: None,
    }
}

fn changed<S: Source>(source: &S, document: &DocumentId) -> StoreError {
    unavailable(source, document, "the object changed while it was read".to_owned())
}
