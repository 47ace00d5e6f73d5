//! `/v1/generations`: how far each generation is, and what may be changed about them.
//!
//! A change asks for a body of JSON, be it an empty object: a page of another site cannot send one to this server, which
//! without keys lets everybody on this machine do everything.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use message::{BuildState, ChangeAuthor};
use registry::RegistryError;
use registry::rules::{MOST_BEHIND, word};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::HttpRefusal;
use super::{DEADLINE, Parts, Server};
use crate::access::Principal;
use crate::generations::{GenerationList, Generations};

/// What is said where no registry is followed.
pub(super) const NO_KAFKA: &str = "no Kafka is configured here";

/// A promotion or a rollback.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Promotion {
    /// Records that each writer may be behind.
    #[serde(default = "most_behind")]
    most_behind: i64,
}

fn most_behind() -> i64 {
    MOST_BEHIND
}

/// A pause, or its end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// Why; it is kept with the change.
    #[serde(default)]
    reason: Option<String>,
}

pub(super) async fn list<P: Parts>(State(server): State<Arc<Server<P>>>) -> Json<GenerationList> {
    Json(match &server.generations {
        Some(generations) => generations.list().await,
        None => GenerationList::unknown(&server.index, NO_KAFKA),
    })
}

pub(super) async fn promote<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<Promotion>, JsonRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    let (Promotion { most_behind }, author) = (body?.0, author(principal));
    in_time(known(&server)?.promote(&id, most_behind, &author)).await?;
    Ok(Json(json!({ "serving": id })))
}

pub(super) async fn roll_back<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<Promotion>, JsonRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    let (Promotion { most_behind }, author) = (body?.0, author(principal));
    let id = in_time(known(&server)?.roll_back(most_behind, &author)).await?;
    Ok(Json(json!({ "serving": id })))
}

pub(super) async fn pause<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<Mark>, JsonRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    let (Mark { reason }, author) = (body?.0, author(principal));
    in_time(known(&server)?.pause(&id, reason, &author)).await?;
    Ok(marked(&id, BuildState::Paused))
}

pub(super) async fn resume<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<Mark>, JsonRejection>,
) -> Result<Json<Value>, HttpRefusal> {
    let (Mark { reason }, author) = (body?.0, author(principal));
    in_time(known(&server)?.resume(&id, reason, &author)).await?;
    Ok(marked(&id, BuildState::Building))
}

fn marked(id: &str, state: BuildState) -> Json<Value> {
    Json(json!({ "generation": id, "state": word(state) }))
}

fn known<P: Parts>(server: &Server<P>) -> Result<&Generations<P::Topics>, HttpRefusal> {
    server.generations.as_ref().ok_or_else(|| HttpRefusal::not_found(&format!("generation here: {NO_KAFKA}")))
}

/// Who changes it: the key, where there is one.
fn author(principal: Principal) -> ChangeAuthor {
    let by = principal.name.unwrap_or_else(|| "the page of serve".to_owned());
    ChangeAuthor { by, at: stream::wall_seconds() }
}

/// A change that takes too long may have been made all the same; to ask for it again does no harm.
async fn in_time<T>(change: impl Future<Output = Result<T, RegistryError>>) -> Result<T, HttpRefusal> {
    let made = tokio::time::timeout(DEADLINE, change).await;
    Ok(made.map_err(|_| HttpRefusal::timeout())??)
}
