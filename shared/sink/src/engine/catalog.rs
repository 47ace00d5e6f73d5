//! Named values in an index of their own, each stored as one opaque string.

use serde_json::{Value, json};

use super::Engine;
use super::search;
use crate::catalog::{Catalog, MOST_ENTRIES};
use crate::error::SinkError;
use crate::wire::{Body, Method, Response};

impl Engine {
    /// Creates the index if it does not exist.
    async fn ensure_catalog(&self) -> Result<(), SinkError> {
        let index = self.names.catalog();
        let body = json!({
            "settings": {"index": {"number_of_shards": 1, "number_of_replicas": self.settings.index_replicas}},
            "mappings": {"dynamic": "strict", "properties": {
                "name": {"type": "keyword"}, "value": {"type": "keyword", "index": false, "doc_values": false},
            }},
        });
        let response = self.send(Method::Put, index.clone(), Body::Json(body.to_string().into())).await?;
        match response.status {
            200 => Ok(()),
            400 if says(&response, "resource_already_exists_exception") => Ok(()),
            _ => Err(self.failed(&response, &index)),
        }
    }

    fn value(&self, source: &Value, path: &str) -> Result<Value, SinkError> {
        let text = source.pointer("/_source/value").and_then(Value::as_str).unwrap_or_default();
        let read = serde_json::from_str(text);
        read.map_err(|error| {
            self.sorted(200, format!("an entry is not as Millrace writes it: {error}"), path)
        })
    }
}

fn says(response: &Response, word: &str) -> bool {
    String::from_utf8_lossy(&response.body).contains(word)
}

impl Catalog for Engine {
    async fn keep(&self, name: &str, value: &Value, only_new: bool) -> Result<bool, SinkError> {
        let index = self.names.catalog();
        let operation = if only_new { "_create" } else { "_doc" };
        let path = format!("{index}/{operation}/{name}?refresh=true");
        let body = json!({"name": name, "value": value.to_string()}).to_string();
        self.ensure_catalog().await?;
        let response = self.send(Method::Put, path.clone(), Body::Json(body.into())).await?;
        match response.status {
            200 => Ok(false),
            201 => Ok(true),
            409 if only_new => Ok(false),
            _ => Err(self.failed(&response, &path)),
        }
    }

    async fn entry(&self, name: &str) -> Result<Option<Value>, SinkError> {
        let path = format!("{}/_doc/{name}", self.names.catalog());
        let response = self.send(Method::Get, path.clone(), Body::Empty).await?;
        match response.status {
            200 => self.value(&self.json(&response.body)?, &path).map(Some),
            // No such entry, or no index yet.
            404 => Ok(None),
            _ => Err(self.failed(&response, &path)),
        }
    }

    async fn entries(&self) -> Result<Vec<(String, Value)>, SinkError> {
        let path = format!("{}/_search?allow_partial_search_results=false", self.names.catalog());
        let body = json!({"size": MOST_ENTRIES, "sort": [{"name": "asc"}], "query": {"match_all": {}}});
        let response = self.send(Method::Post, path.clone(), Body::Json(body.to_string().into())).await?;
        if response.status == 404 {
            return Ok(Vec::new());
        }
        if response.status != 200 {
            return Err(self.failed(&response, &path));
        }
        let answer = self.json(&response.body)?;
        let hits = self.usable(search::whole(&answer), &path)?;
        let one = |hit: &Value| {
            let name = hit.pointer("/_source/name").and_then(Value::as_str).unwrap_or_default();
            Ok((name.to_owned(), self.value(hit, &path)?))
        };
        hits.iter().map(one).collect()
    }

    async fn forget(&self, name: &str) -> Result<bool, SinkError> {
        let path = format!("{}/_doc/{name}?refresh=true", self.names.catalog());
        let response = self.send(Method::Delete, path.clone(), Body::Empty).await?;
        match response.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(self.failed(&response, &path)),
        }
    }
}
