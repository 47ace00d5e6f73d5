//! `/_application/rag`: applications by name.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sink::Catalog as _;

use super::refusal::Refusal;
use super::{Parts, Server};
use crate::application::{Application, BUILT_IN};

impl<P: Parts> Server<P> {
    /// The application of that name.
    pub(super) async fn application(&self, name: &str) -> Result<Application, Refusal> {
        if name == BUILT_IN {
            return Ok(self.built_in());
        }
        let found = self.search.reader().entry(&checked(name)?).await;
        let found = found.map_err(|error| Refusal::unavailable(&error))?;
        let found = found.and_then(|value| serde_json::from_value(value).ok());
        found.ok_or_else(|| Refusal::not_found(&format!("application {name:?}")))
    }

    /// The names of all applications, the one that is always there first.
    pub(super) async fn applications(&self) -> Result<Vec<Application>, Refusal> {
        let entries = self.search.reader().entries().await;
        let entries = entries.map_err(|error| Refusal::unavailable(&error))?;
        let kept = entries.into_iter().filter_map(|(_, value)| serde_json::from_value(value).ok());
        Ok(std::iter::once(self.built_in()).chain(kept).collect())
    }
}

/// A name that can stand in an engine's path.
fn checked(name: &str) -> Result<String, Refusal> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() || name.len() > 100 || name.starts_with(['.', '_', '-']) || !name.chars().all(plain) {
        return Err(Refusal::not_found(&format!("application {name:?}")));
    }
    Ok(name.to_owned())
}

pub(super) async fn create<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, Refusal> {
    let application = Application::read(&body?.0, None, &server.offer())?;
    if keep(&server, &application, true).await? {
        return Ok((StatusCode::CREATED, Json(application)).into_response());
    }
    let message = format!(
        "there is an application {:?} already: change it with PUT /_application/rag/{}",
        application.name, application.name
    );
    Err(Refusal { field: Some("name".to_owned()), ..Refusal::new(StatusCode::CONFLICT, "exists", message) })
}

pub(super) async fn put<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, Refusal> {
    let application = Application::read(&body?.0, Some(&name), &server.offer())?;
    let is_new = keep(&server, &application, false).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(application)).into_response())
}

async fn keep<P: Parts>(
    server: &Server<P>,
    application: &Application,
    only_new: bool,
) -> Result<bool, Refusal> {
    let value = json!(application);
    let kept = server.search.reader().keep(&application.name, &value, only_new).await;
    kept.map_err(|error| Refusal::unavailable(&error))
}

pub(super) async fn get<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
) -> Result<Json<Application>, Refusal> {
    server.application(&name).await.map(Json)
}

pub(super) async fn list<P: Parts>(State(server): State<Arc<Server<P>>>) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({"applications": server.applications().await?})))
}

pub(super) async fn delete<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    if name == BUILT_IN {
        let message = format!("the application {BUILT_IN:?} is always there");
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "question", message));
    }
    let forgotten = server.search.reader().forget(&checked(&name)?).await;
    if forgotten.map_err(|error| Refusal::unavailable(&error))? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found(&format!("application {name:?}")))
    }
}
