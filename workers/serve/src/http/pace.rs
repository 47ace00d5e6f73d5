//! Bodies of requests have to arrive: one that stands still, or comes drop by drop, ends with 408.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::{TryStreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::refusal::HttpRefusal;

/// Bytes per second that a body has to come with on average, after its first moments.
const SLOWEST: u64 = 16 * 1024;

/// A body on its way.
struct Arriving {
    pieces: BodyDataStream,
    /// When it was first waited for: a handler may have something to do before.
    begun: Option<Instant>,
    read: u64,
}

impl Arriving {
    /// Until when its next piece has to be there.
    fn deadline(&mut self, patience: Duration) -> Instant {
        let now = Instant::now();
        let begun = *self.begun.get_or_insert(now);
        let earned = Duration::from_secs(self.read / SLOWEST);
        (begun + patience + earned).min(now + patience)
    }

    fn after(mut self, piece: Bytes) -> (Bytes, Self) {
        self.read = self.read.saturating_add(piece.len() as u64);
        (piece, self)
    }
}

/// Lets a body take so long until it begins and between its pieces, and as a whole that and a second for each [`SLOWEST`] bytes.
pub(super) async fn keep(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let is_late = Arc::new(AtomicBool::new(false));
    let mark = Arc::clone(&is_late);
    let response = next.run(request.map(|body| paced(body, patience, mark))).await;
    if !is_late.load(Ordering::Relaxed) {
        return response;
    }
    // The handler knows only that the body broke off, and took that for the client's fault.
    let message = "the body of the request did not arrive in time: try again";
    HttpRefusal::new(StatusCode::REQUEST_TIMEOUT, "timeout", message).into_response()
}

fn paced(body: Body, patience: Duration, is_late: Arc<AtomicBool>) -> Body {
    let arriving = Arriving { pieces: body.into_data_stream(), begun: None, read: 0 };
    Body::from_stream(stream::try_unfold(arriving, move |mut arriving: Arriving| {
        let is_late = Arc::clone(&is_late);
        async move {
            let deadline = arriving.deadline(patience);
            let Ok(piece) = timeout_at(deadline, arriving.pieces.try_next()).await else {
                is_late.store(true, Ordering::Relaxed);
                return Err(axum::Error::new("it did not arrive in time"));
            };
            piece.map(|piece| piece.map(|piece| arriving.after(piece)))
        }
    }))
}
