//! `GET /v1/training`: which model is served, what the proofs of the others say, the runs that train one, and drift.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::generations::NO_KAFKA;
use super::{Parts, Server};
use crate::training::TrainingPicture;

pub(super) async fn get<P: Parts>(State(server): State<Arc<Server<P>>>) -> Json<TrainingPicture> {
    Json(match &server.generations {
        Some(generations) => generations.training().await,
        None => TrainingPicture::unknown(&server.index, NO_KAFKA),
    })
}
