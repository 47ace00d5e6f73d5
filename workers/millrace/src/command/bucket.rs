//! `bucket init`.

use std::process::ExitCode;

use objects::{S3Store, Store as _};
use process::Failure;

use crate::cli::BucketInit;
use crate::show;

pub(super) async fn run(ask: BucketInit) -> Result<ExitCode, Failure> {
    let store = S3Store::new(&ask.bucket.store)?;
    store.ensure_bucket(&ask.bucket.bucket, ask.notify.as_deref()).await?;
    let told = ask.notify.map(|arn| format!(", and {arn} is told of every change")).unwrap_or_default();
    show::line(&format!("bucket {} is there{told}", ask.bucket.bucket));
    Ok(ExitCode::SUCCESS)
}
