//! `put PATH…`.

use std::process::ExitCode;

use futures::StreamExt as _;
use message::DocumentId;
use objects::{S3Store, Store as _};
use process::Failure;
use serde_json::json;

use crate::cli::Put;
use crate::files::{Item, collect};
use crate::show;

/// Number of files uploaded concurrently.
const AT_ONCE: usize = 8;

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
