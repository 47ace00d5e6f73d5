//! `GET /v1/pipeline`: the workers' progress, and what is served.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use generation::Target;
use serde_json::{Value, json};
use sink::Reader as _;

use super::refusal::HttpRefusal;
use super::{DEADLINE, Parts, Server};
use crate::access::Principal;

pub(super) async fn get<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<Value>, HttpRefusal> {
    let snapshot = server.search.snapshot()?;
    let reader = snapshot.reader();
    let counts = async { tokio::try_join!(reader.count(Target::Chunks), reader.count(Target::Documents)) };
    let counts = tokio::time::timeout(DEADLINE, counts).await.map_err(|_| HttpRefusal::timeout())?;
    let (chunks, documents) = counts.map_err(|error| HttpRefusal::unavailable(&error))?;
    // Answers depend on the engine, so its failure is an error; other failures are only reported.
    let (picture, trouble) = match &server.pipeline {
        None => (crate::pipeline::Picture::default(), Some("no Kafka is configured here".to_owned())),
        Some(pipeline) => match pipeline.look(snapshot.names(), &principal).await {
            Ok(picture) => (picture, None),
            Err(cause) => (crate::pipeline::Picture::default(), Some(cause)),
        },
    };
    let mut body = json!(picture);
    let more = json!({
        "generation": {
            "id": snapshot.generation(), "space": snapshot.space(), "model": snapshot.model(),
            "index": snapshot.physical(), "dimension": snapshot.dimension(),
        },
        "engine": {"kind": server.engine, "chunks": chunks, "documents": documents}, "kafka": trouble,
    });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    Ok(Json(body))
}
