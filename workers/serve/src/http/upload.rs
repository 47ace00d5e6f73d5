//! The files that are uploaded. Each is in memory until the store has it, so how much of them all is there at once is bounded.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::{HeaderMap, StatusCode, header};
use futures::TryStreamExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::refusal::HttpRefusal;

/// How many files of the largest size may be in memory at once.
const LARGEST_AT_ONCE: usize = 4;
/// Bytes of memory that are handed out together.
const UNIT: usize = 1024;
/// Seconds after which a refused upload may find room.
const AGAIN: u64 = 5;

/// Takes uploaded files into memory, so much of them at a time.
#[derive(Debug)]
pub struct Uploads {
    largest: usize,
    room: Semaphore,
}

impl Uploads {
    /// Takes files of at most so many bytes, and four times as much of all of them together.
    #[must_use]
    pub fn new(largest: usize) -> Self {
        let units = largest.div_ceil(UNIT).saturating_mul(LARGEST_AT_ONCE);
        Self { largest, room: Semaphore::new(units.min(Semaphore::MAX_PERMITS)) }
    }

    /// Reads a file, with the room that it takes: for whoever has it in hand.
    pub(super) async fn take(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, SemaphorePermit<'_>), HttpRefusal> {
        let most = self.announced(headers, &body)?;
        let units = u32::try_from(most.div_ceil(UNIT)).map_err(|_| full())?;
        let room = self.room.try_acquire_many(units).map_err(|_| full())?;
        let mut file = Vec::new();
        // All of it now, since a buffer that grows takes twice what is in it; pages that are not written take nothing.
        file.try_reserve_exact(most).map_err(|_| full())?;
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.try_next().await.map_err(|error| broken(&error))? {
            // What was announced is all there is; a file that was not announced ends at the largest.
            if piece.len() > most - file.len() {
                return Err(self.too_large());
            }
            file.extend_from_slice(&piece);
        }
        Ok((Bytes::from(file), room))
    }

    /// How many bytes come, at most.
    fn announced(&self, headers: &HeaderMap, body: &Body) -> Result<usize, HttpRefusal> {
        if body.is_end_stream() {
            return Ok(0);
        }
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let Some(length) = length else { return Ok(self.largest) };
        // A number that is no usize is too large.
        let length = length.parse::<usize>().ok().filter(|length| *length <= self.largest);
        length.ok_or_else(|| self.too_large())
    }

    fn too_large(&self) -> HttpRefusal {
        let message = format!(
            "the file is larger than {} bytes: put it into the bucket itself, or raise MILLRACE_SERVE_LARGEST_UPLOAD",
            self.largest
        );
        HttpRefusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }
}

fn full() -> HttpRefusal {
    let message = format!("too much is being uploaded at once: try again in {AGAIN} s");
    HttpRefusal {
        retry_after: Some(AGAIN),
        ..HttpRefusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }
}

fn broken(error: &axum::Error) -> HttpRefusal {
    let message = format!("the file did not arrive whole: {}", process::chain(error));
    HttpRefusal::new(StatusCode::BAD_REQUEST, "question", message)
}
