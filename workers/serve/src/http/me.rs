//! `GET /v1/me`: who the sender is, and what it can use.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::{Parts, Server};
use crate::access::Principal;
use crate::application::BUILT_IN;

pub(super) async fn get<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
) -> Json<Value> {
    // The page must open while the engine is down, and while nothing is served; the built-in application needs no engine.
    let names = match server.applications().await {
        Ok(all) => all.applications.into_iter().map(|application| application.name).collect(),
        Err(_) => vec![BUILT_IN.to_owned()],
    };
    let model = server.search.snapshot().ok().map(|snapshot| snapshot.model().to_owned());
    Json(json!({
        "key": principal.name, "role": principal.role, "prefixes": principal.prefixes, "open": server.gate.is_open(),
        "model": model, "index": server.index, "bucket": server.bucket.as_ref().map(|bucket| &bucket.name),
        "applications": names, "feedback": server.search.sample().takes_feedback(), "version": env!("CARGO_PKG_VERSION"),
    }))
}
