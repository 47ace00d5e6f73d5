//! `/v1/documents` and `/v1/document`: the objects in the bucket, their state, and their text.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use message::{ChunkId, DocumentId, DocumentRecord};
use objects::{Entry, OWN_PREFIX, Store as _};
use serde::Deserialize;
use serde_json::{Value, json};
use sink::Reader as _;

use super::refusal::HttpRefusal;
use super::{DEADLINE, Parts, Server};
use crate::access::Principal;
use crate::listing::listed;
use crate::place::part_at;
use crate::question::rfc3339;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    #[serde(default)]
    prefix: String,
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    document: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    key: String,
}

/// One page of the bucket, with the state of each object.
pub(super) async fn list<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    parameters: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    let Query(Listing { prefix, after }) = parameters?;
    let bucket = server.bucket()?;
    let snapshot = server.search.snapshot()?;
    let wanted = principal.visible(&bucket.name, &prefix);
    let page = listed(&bucket.store, &bucket.name, &wanted, after.as_deref());
    let page = tokio::time::timeout(DEADLINE, page).await.map_err(|_| HttpRefusal::timeout())?;
    let page = page.map_err(|error| HttpRefusal::unavailable(&error))?;
    let entries: Vec<(DocumentId, Entry)> = page
        .entries
        .into_iter()
        .filter(|entry| !entry.key.starts_with(OWN_PREFIX))
        .filter_map(|entry| Some((DocumentId::new(&bucket.name, &entry.key).ok()?, entry)))
        .collect();
    let ids: Vec<DocumentId> = entries.iter().map(|(id, _)| id.clone()).collect();
    let stored = snapshot.reader().documents(&ids).await;
    let stored = stored.map_err(|error| HttpRefusal::unavailable(&error))?;
    let records: HashMap<DocumentId, DocumentRecord> =
        stored.into_iter().map(|stored| (stored.record.document.clone(), stored.record)).collect();
    let shown: Vec<Value> = entries.iter().map(|(id, entry)| described(id, entry, records.get(id))).collect();
    Ok(Json(json!({"documents": shown, "after": page.continuation})))
}

fn described(id: &DocumentId, entry: &Entry, record: Option<&DocumentRecord>) -> Value {
    // The record is of an older version; the object has not been processed yet.
    let current = record.filter(|record| record.etag == entry.etag);
    let mut shown = json!({
        "document": id, "key": entry.key, "size": entry.size, "state": current.map_or(json!("waiting"), |record| json!(record.status)),
        "chunks": record.map_or(0, |record| record.chunks.len()), "modified": entry.last_modified.map(rfc3339),
    });
    if let (Some(record), Some(shown)) = (record, shown.as_object_mut()) {
        let more = json!({
            "title": record.title, "format": record.format, "language": record.language, "cause": record.cause,
            "left_out": record.left_out,
        });
        shown.extend(more.as_object().cloned().unwrap_or_default());
    }
    shown
}

/// One document with its passages in reading order.
pub(super) async fn get<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    parameters: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    whole(&server, &principal, parameters?.0.document).await.map(Json)
}

/// The same of the document that is named so.
pub(super) async fn whole<P: Parts>(
    server: &Server<P>,
    principal: &Principal,
    name: String,
) -> Result<Value, HttpRefusal> {
    let missing = || HttpRefusal::not_found("such document, or none that this key may see");
    principal.notes.add("read", &name);
    let document = DocumentId::try_from(name).map_err(|_| missing())?;
    if !principal.sees(&document) {
        return Err(missing());
    }
    let snapshot = server.search.snapshot()?;
    let reader = snapshot.reader();
    let both = async { tokio::try_join!(reader.document(&document), reader.chunks_of(&document)) };
    let both = tokio::time::timeout(DEADLINE, both).await.map_err(|_| HttpRefusal::timeout())?;
    let (record, passages) = both.map_err(|error| HttpRefusal::unavailable(&error))?;
    let checked = snapshot.check_document(record.as_ref(), &passages);
    checked.map_err(|error| HttpRefusal::unavailable(&error))?;
    let record = record.ok_or_else(missing)?.record;
    let texts: HashMap<&ChunkId, (&[String], &str)> = passages
        .iter()
        .map(|passage| (&passage.id, (passage.heading_path.as_slice(), passage.text.as_str())))
        .collect();
    let shown: Vec<Value> = record
        .chunks
        .iter()
        .filter_map(|placement| {
            // The record may list a passage that is not visible yet.
            let (heading_path, text) = texts.get(&placement.id)?;
            Some(json!({
                "id": placement.id, "heading_path": heading_path, "text": text, "start": placement.start,
                "end": placement.end, "part": part_at(&record.parts, placement.start),
            }))
        })
        .collect();
    Ok(json!({
        "document": document, "key": document.key(), "state": record.status, "title": record.title,
        "format": record.format, "language": record.language, "size": record.size, "chunks": record.chunks.len(),
        "modified": record.modified.map(rfc3339), "cause": record.cause, "left_out": record.left_out,
        "parts": record.parts, "passages": shown,
    }))
}

/// Puts an object into the bucket; the pipeline does the rest.
pub(super) async fn put<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    parameters: Result<Query<Key>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), HttpRefusal> {
    let bucket = server.bucket()?;
    let Query(Key { key }) = parameters?;
    principal.notes.add("upload", &key);
    let document = writable(&principal, &bucket.name, &key)?;
    let (file, room) = server.uploads.take(&headers, body).await?;
    let size = file.len();
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let put = bucket.store.put(&document, file, content_type.unwrap_or("application/octet-stream")).await;
    drop(room);
    put.map_err(|error| HttpRefusal::unavailable(&error))?;
    Ok((StatusCode::ACCEPTED, Json(json!({"document": document, "size": size}))))
}

/// Deletes an object from the bucket; the pipeline does the rest.
pub(super) async fn delete<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    parameters: Result<Query<Key>, QueryRejection>,
) -> Result<(StatusCode, Json<Value>), HttpRefusal> {
    let bucket = server.bucket()?;
    let Query(Key { key }) = parameters?;
    principal.notes.add("delete", &key);
    let document = writable(&principal, &bucket.name, &key)?;
    let there = bucket.store.head(&document).await.map_err(|error| HttpRefusal::unavailable(&error))?;
    there.ok_or_else(|| HttpRefusal::not_found(&format!("object {document} in the bucket")))?;
    bucket.store.delete(&document).await.map_err(|error| HttpRefusal::unavailable(&error))?;
    Ok((StatusCode::ACCEPTED, Json(json!({"document": document}))))
}

fn writable(principal: &Principal, bucket: &str, key: &str) -> Result<DocumentId, HttpRefusal> {
    let wrong = |message: String| HttpRefusal {
        field: Some("key".to_owned()),
        ..HttpRefusal::new(StatusCode::BAD_REQUEST, "question", message)
    };
    let document = DocumentId::new(bucket, key)
        .map_err(|error| wrong(format!("key is {key:?}: {}", process::chain(&error))))?;
    if key.starts_with(OWN_PREFIX) || key.starts_with('/') {
        return Err(wrong(format!(
            "key is {key:?}: it may begin neither with {OWN_PREFIX} nor with a slash"
        )));
    }
    if principal.sees(&document) {
        Ok(document)
    } else {
        let message = format!("this key may only write under {}", principal.prefixes.join(", "));
        Err(HttpRefusal::new(StatusCode::FORBIDDEN, "forbidden", message))
    }
}
