//! `rm KEY…`.

use std::process::ExitCode;

use message::DocumentId;
use objects::{S3Store, Store as _};
use process::Failure;
use serde_json::json;

use crate::cli::Rm;
use crate::show;

pub(super) async fn run(ask: Rm) -> Result<ExitCode, Failure> {
    let store = S3Store::new(&ask.bucket.store)?;
    let mut missing = 0;
    for key in &ask.keys {
        let document = DocumentId::new(&ask.bucket.bucket, key)?;
        // S3 reports success when a deleted object did not exist, but a user who mistyped a key wants to know.
        let found = store.head(&document).await?.is_some();
        if found {
            store.delete(&document).await?;
        } else {
            missing += 1;
        }
        match (ask.json, found) {
            (true, _) => show::json(&json!({ "document": document, "deleted": found }))?,
            (false, true) => show::line(&format!("deleted {document}")),
            (false, false) => show::note(&format!("not there: {document}")),
        }
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
