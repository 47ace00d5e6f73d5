#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "edge: reads folders and files")]
//! The files and folders that a user names.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use process::Failure;

/// A file, and its key in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Its key.
    pub(crate) key: String,
}

/// The content of a file; fails when it has more than `limit` bytes. At most one byte more than that is read, even from
/// a device, which has no size.
pub(crate) async fn content(path: &Path, limit: u64) -> Result<Bytes, Failure> {
    let path = path.to_path_buf();
    let reading = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        let mut bytes = Vec::new();
        if size <= limit {
            file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        }
        Ok::<_, std::io::Error>((bytes, size))
    });
    let (bytes, size) = reading.await??;
    let size = size.max(bytes.len() as u64);
    if size > limit {
        let remedy = "raise it, or split the file";
        return Err(
            format!("the file has {size} bytes and MILLRACE_LARGEST_DOCUMENT is {limit}: {remedy}").into()
        );
    }
    Ok(bytes.into())
}

/// Adds a file, or all files of a folder. A file's key is its name; the files of a folder keep their paths below it.
/// Within a folder, hidden files and folders are left out.
pub(crate) fn collect(path: &Path, prefix: &str, items: &mut Vec<Item>) -> Result<(), Failure> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        items.push(Item { path: path.to_path_buf(), key: format!("{prefix}{name}") });
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(told)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .map_err(told)?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            collect(&entry, &format!("{prefix}{name}/"), items)?;
        } else {
            items.push(Item { key: format!("{prefix}{name}"), path: entry });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_paths_as_keys() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/空 格")).unwrap();
        for name in ["a/空 格/+x%41.md", "top.txt", ".hidden"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let mut items = Vec::new();
        collect(folder.path(), "p/", &mut items).unwrap();
        let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(keys, ["p/a/空 格/+x%41.md", "p/top.txt"]);
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = collect(Path::new("/no/such"), "", &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("/no/such"));
    }

    #[tokio::test]
    async fn no_more_is_read_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(content(&path, 5).await.unwrap().as_ref(), b"12345");
        let cause = content(&path, 4).await.unwrap_err().to_string();
        assert!(cause.contains("5 bytes") && cause.contains("MILLRACE_LARGEST_DOCUMENT is 4"), "{cause}");
        // It reports no size, and has no end.
        let cause = content(Path::new("/dev/zero"), 100).await.unwrap_err().to_string();
        assert!(cause.contains("101 bytes"), "{cause}");
    }
}
