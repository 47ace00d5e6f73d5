#![expect(
    clippy::disallowed_methods,
    reason = "edge: the guard's window outlives the process, so a wall clock measures it"
)]
//! What the guard needs from outside: what a person has confirmed, and the time.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use message::Confirmation;
use stream::{Broker, Record, Trouble};
use tracing::warn;

/// The offset of `documents` below which the references of `partition` may remove; 0 when nobody confirmed anything. What
/// cannot be read confirms nothing.
pub(crate) async fn confirmed<B: Broker>(broker: &B, topic: &str, partition: i32) -> Result<i64, Trouble> {
    let until = Arc::new(AtomicI64::new(0));
    let raising = Arc::clone(&until);
    let each = move |record: Record| {
        match serde_json::from_slice::<Confirmation>(record.value.as_deref().unwrap_or_default()) {
            Ok(said) if said.partition == partition => {
                raising.fetch_max(said.until, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(error) => warn!(topic = %record.topic, offset = record.offset, %error, "not a confirmation"),
        }
        ControlFlow::Continue(())
    };
    let read = broker.read(topic, 0, 0, each).await;
    read.map_err(|error| Trouble::wait(format!("the topic {topic}: {error}")))?;
    Ok(until.load(Ordering::Relaxed))
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default()
}
