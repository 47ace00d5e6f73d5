//! `/_application/rag`: named applications.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use sink::Catalog as _;

use super::refusal::HttpRefusal;
use super::{Parts, Server};
use crate::application::{Application, BUILT_IN, is_name};

impl<P: Parts> Server<P> {
    /// The application of that name.
    pub(super) async fn application(&self, name: &str) -> Result<Application, HttpRefusal> {
        if name == BUILT_IN {
            return Ok(self.built_in());
        }
        if !is_name(name) {
            return Err(missing(name));
        }
        let found = self.catalog.entry(name).await;
        let found = found.map_err(|error| HttpRefusal::unavailable(&error))?;
        kept(name, found.ok_or_else(|| missing(name))?)
    }

    /// All applications, the built-in one first, and those that cannot be read, which hide no other one.
    pub(super) async fn applications(&self) -> Result<Applications, HttpRefusal> {
        let entries = self.catalog.entries().await;
        let entries = entries.map_err(|error| HttpRefusal::unavailable(&error))?;
        let mut all = Applications { applications: vec![self.built_in()], unreadable: Vec::new() };
        for (name, value) in entries {
            match kept(&name, value) {
                Ok(application) => all.applications.push(application),
                Err(refusal) => all.unreadable.push(UnreadableApplication { name, cause: refusal.message }),
            }
        }
        Ok(all)
    }

    /// What somebody who puts an application should know of it.
    fn notes(&self, application: &Application) -> Vec<String> {
        let missing = application.writers().filter_map(|writer| self.models.get(&writer.provider).err());
        missing.map(|error| format!("on this server {error}")).collect()
    }
}

/// The applications of a server.
#[derive(Serialize)]
pub(super) struct Applications {
    pub(super) applications: Vec<Application>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<UnreadableApplication>,
}

/// A stored application that this release cannot read.
#[derive(Serialize)]
struct UnreadableApplication {
    name: String,
    cause: String,
}

/// An application as it was put.
#[derive(Serialize)]
struct PutApplication {
    #[serde(flatten)]
    application: Application,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

fn missing(name: &str) -> HttpRefusal {
    HttpRefusal::not_found(&format!("application {name:?}"))
}

/// Parses a stored application. An unreadable one is reported as such, not as missing.
fn kept(name: &str, value: Value) -> Result<Application, HttpRefusal> {
    serde_json::from_value(value).map_err(|error| {
        let message =
            format!("the application {name:?} cannot be read ({error}): put it again, or delete it");
        HttpRefusal::new(StatusCode::INTERNAL_SERVER_ERROR, "application", message)
    })
}

pub(super) async fn create<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let application = Application::read(&body?.0, None, &server.offer())?;
    if keep(&server, &application, true).await? {
        let notes = server.notes(&application);
        return Ok((StatusCode::CREATED, Json(PutApplication { application, notes })).into_response());
    }
    let message = format!(
        "there is an application {:?} already: change it with PUT /_application/rag/{}",
        application.name, application.name
    );
    Err(HttpRefusal {
        field: Some("name".to_owned()),
        ..HttpRefusal::new(StatusCode::CONFLICT, "exists", message)
    })
}

pub(super) async fn put<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
    body: Result<Json<Value>, JsonRejection>,
) -> Result<Response, HttpRefusal> {
    let application = Application::read(&body?.0, Some(&name), &server.offer())?;
    let is_new = keep(&server, &application, false).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let notes = server.notes(&application);
    Ok((status, Json(PutApplication { application, notes })).into_response())
}

async fn keep<P: Parts>(
    server: &Server<P>,
    application: &Application,
    only_new: bool,
) -> Result<bool, HttpRefusal> {
    let value = json!(application);
    let kept = server.catalog.keep(&application.name, &value, only_new).await;
    kept.map_err(|error| HttpRefusal::unavailable(&error))
}

pub(super) async fn get<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
) -> Result<Json<Application>, HttpRefusal> {
    server.application(&name).await.map(Json)
}

pub(super) async fn list<P: Parts>(State(server): State<Arc<Server<P>>>) -> Result<Json<Value>, HttpRefusal> {
    Ok(Json(json!(server.applications().await?)))
}

pub(super) async fn delete<P: Parts>(
    State(server): State<Arc<Server<P>>>,
    Path(name): Path<String>,
) -> Result<StatusCode, HttpRefusal> {
    if name == BUILT_IN {
        let message = format!("the application {BUILT_IN:?} is always there");
        return Err(HttpRefusal::new(StatusCode::BAD_REQUEST, "question", message));
    }
    if !is_name(&name) {
        return Err(missing(&name));
    }
    let forgotten = server.catalog.forget(&name).await;
    if forgotten.map_err(|error| HttpRefusal::unavailable(&error))? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(missing(&name))
    }
}
