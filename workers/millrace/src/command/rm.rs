//! `rm KEY…`.

use std::process::ExitCode;

use message::DocumentId;
use objects::{S3Store, Store, StoreError};
use process::Failure;
use serde_json::json;

use crate::cli::Rm;
use crate::{naming, show};

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
            (false, false) => show::note(&not_there(&store, &document).await?),
        }
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says that there is no such object. As a hit shows it, a document's name begins with its bucket; nothing is deleted by
/// a guess at that.
async fn not_there<S: Store>(store: &S, document: &DocumentId) -> Result<String, StoreError> {
    let whole = naming::as_whole(document.key()).filter(|whole| whole.bucket() == document.bucket());
    if let Some(whole) = whole
        && store.head(&whole).await?.is_some()
    {
        return Ok(format!("not there: {document}; {whole} is: to delete it, leave its bucket out"));
    }
    Ok(format!("not there: {document}"))
}

#[cfg(test)]
mod tests {
    use objects::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_name_as_hits_show_it_is_told_and_deletes_nothing() {
        let store = MemoryStore::default();
        store.ensure_bucket("b", None).await.unwrap();
        let document = |key| DocumentId::new("b", key).unwrap();
        store.put(&document("leave.md"), "x".into(), "").await.unwrap();
        let said = not_there(&store, &document("b/leave.md")).await.unwrap();
        assert!(said.starts_with("not there: b/b/leave.md; b/leave.md is"), "{said}");
        for key in ["b/other.md", "c/leave.md", "other.md"] {
            assert_eq!(not_there(&store, &document(key)).await.unwrap(), format!("not there: b/{key}"));
        }
        assert!(store.head(&document("leave.md")).await.unwrap().is_some());
    }
}
