//! The pipeline, which also ends when the encoder has failed for good.

use model::Encoder;
use stream::{Broker, Plan, StreamError};

use crate::stage::EmbedStage;

/// Runs `stage` until `stopping` is ready, or until the encoder has failed for good.
///
/// # Errors
/// As [`stream::run`]; [`StreamError::Fatal`] with the encoder's last error.
pub async fn run<B: Broker, E: Encoder + 'static>(
    broker: B,
    plan: Plan,
    stage: EmbedStage<E>,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError> {
    let ended = stage.ended();
    let mut ending = ended.clone();
    let until = async {
        tokio::select! {
            () = stopping => {}
            _ = ending.wait_for(Option::is_some) => {}
        }
    };
    stream::run(broker, plan, stage, until).await?;
    let cause = ended.borrow().clone();
    cause.map_or(Ok(()), |cause| Err(StreamError::Fatal(cause)))
}
