//! Finds the highest version that the index holds for some documents.

use generation::Target;
use message::{DocumentId, Version};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Engine, search};
use crate::error::SinkError;
use crate::wire::{Body, Method};

/// Document records per page: names and versions only, some 100 bytes each.
const AT_ONCE: usize = 5_000;

#[derive(Deserialize)]
struct Held {
    document: DocumentId,
    version: Version,
}

impl Engine {
    pub(super) async fn highest_of(
        &self,
        mine: impl Fn(&DocumentId) -> bool + Send,
    ) -> Result<Option<Version>, SinkError> {
        let index = self.names.physical(Target::Documents);
        self.ask(Method::Post, format!("{index}/_refresh"), Body::Empty).await?;
        let (mut highest, mut after) = (None, None::<String>);
        loop {
            let answer = self.searched(Target::Documents, &body(after.as_deref())).await?;
            let page: Vec<Held> = self.usable(search::sources(&answer), "look at the versions")?;
            let held = page.iter().filter(|held| mine(&held.document)).map(|held| held.version);
            highest = held.chain(highest).max();
            if page.len() < AT_ONCE {
                return Ok(highest);
            }
            after = page.last().map(|held| held.document.short());
        }
    }
}

fn body(after: Option<&str>) -> Value {
    let mut body = json!({
        "size": AT_ONCE, "track_total_hits": false, "_source": ["document", "version"],
        "query": {"match_all": {}}, "sort": [{"id": "asc"}],
    });
    if let (Some(after), Some(body)) = (after, body.as_object_mut()) {
        body.insert("search_after".to_owned(), json!([after]));
    }
    body
}
