#![expect(clippy::disallowed_methods, reason = "edge: reads the files that are put")]
//! `put PATH…`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures::StreamExt as _;
use message::DocumentId;
use objects::{S3Store, Store as _};
use process::Failure;
use serde_json::json;

use crate::cli::Put;
use crate::show;

/// Files on their way at once.
const AT_ONCE: usize = 8;

/// A file and the key that it gets.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    path: PathBuf,
    key: String,
}

pub(super) async fn run(ask: Put) -> Result<ExitCode, Failure> {
    let mut items = Vec::new();
    for path in &ask.paths {
        collect(path, &ask.prefix, &mut items)?;
    }
    if items.is_empty() {
        return Err("there are no files in what was named".into());
    }
    let store = S3Store::new(&ask.bucket.store)?;
    let bar = show::bar(items.len() as u64, "putting");
    let (mut bytes, mut failed) = (0, 0);
    let puts = items.iter().map(|item| put(&store, &ask.bucket.bucket, item));
    let mut puts = futures::stream::iter(puts).buffer_unordered(AT_ONCE);
    while let Some((item, result)) = puts.next().await {
        bar.inc(1);
        match result {
            Ok((size, etag)) => {
                bytes += size;
                if ask.json {
                    show::json(&json!({ "key": item.key, "size": size, "etag": etag }))?;
                }
            }
            Err(failure) => {
                failed += 1;
                bar.suspend(|| {
                    show::note(&format!("{}: {}", item.path.display(), process::chain(failure.as_ref())));
                });
            }
        }
    }
    bar.finish_and_clear();
    if !ask.json {
        let done = items.len() - failed;
        show::line(&format!(
            "put {done} of {} files, {bytes} bytes, into {}",
            items.len(),
            ask.bucket.bucket
        ));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn put<'a>(
    store: &S3Store,
    bucket: &str,
    item: &'a Item,
) -> (&'a Item, Result<(u64, String), Failure>) {
    let work = async {
        let bytes = tokio::fs::read(&item.path).await?;
        let size = bytes.len() as u64;
        let document = DocumentId::new(bucket, &item.key)?;
        let etag = store.put(&document, bytes.into(), "application/octet-stream").await?;
        Ok((size, etag))
    };
    (item, work.await)
}

/// A file's key is its name; the files of a folder keep their paths below it. Hidden files are left out.
fn collect(path: &Path, prefix: &str, items: &mut Vec<Item>) -> Result<(), Failure> {
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
}
