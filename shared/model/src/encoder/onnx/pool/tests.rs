//! The queue, in front of sessions that finish a batch only when told to.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

const LONG: Duration = Duration::from_mins(1);

/// A batch of one text of `width` tokens.
fn batch() -> Vec<TokenIds> {
    vec![TokenIds::default()]
}

/// A pool of one session, which announces the width of each batch it starts and finishes it on a signal.
fn gated(capacity: usize, stall: Duration) -> (Pool, Receiver<usize>, Sender<()>) {
    let (begun, begins) = channel();
    let (go, gate) = channel::<()>();
    let session = move |batch: &[TokenIds], width: usize| {
        begun.send(width).unwrap();
        // Fails when the test has already ended.
        let _told = gate.recv();
        Ok(vec![vec![1.0]; batch.len()])
    };
    (Pool::start(vec![session], capacity, stall).unwrap(), begins, go)
}

/// Whether a batch of `width` tokens would have to wait.
async fn waits(pool: &Pool, width: usize) -> bool {
    timeout(Duration::ZERO, pool.submit(batch(), width)).await.is_err()
}

#[tokio::test]
async fn the_queue_is_bounded_in_tokens() {
    let (pool, begins, go) = gated(10, LONG);
    let first = pool.submit(batch(), 6).await.unwrap();
    let second = pool.submit(batch(), 4).await.unwrap();
    assert!(waits(&pool, 1).await);
    assert_eq!(begins.recv().unwrap(), 6);
    go.send(()).unwrap();
    assert_eq!(pool.answer(first).await.unwrap(), [[1.0]]);
    // Six tokens are free again.
    let third = pool.submit(batch(), 6).await.unwrap();
    assert!(waits(&pool, 1).await);
    go.send(()).unwrap();
    go.send(()).unwrap();
    pool.answer(second).await.unwrap();
    pool.answer(third).await.unwrap();
}

#[tokio::test]
async fn a_batch_above_the_bound_goes_alone() {
    let (pool, _begins, go) = gated(10, LONG);
    let huge = pool.submit(batch(), 1000).await.unwrap();
    assert!(waits(&pool, 1).await);
    go.send(()).unwrap();
    pool.answer(huge).await.unwrap();
    assert!(!waits(&pool, 1).await);
}

#[tokio::test]
async fn a_batch_whose_caller_has_gone_is_never_begun() {
    let (pool, begins, go) = gated(100, LONG);
    let first = pool.submit(batch(), 1).await.unwrap();
    assert_eq!(begins.recv().unwrap(), 1);
    let gone = pool.submit(batch(), 2).await.unwrap();
    let third = pool.submit(batch(), 3).await.unwrap();
    drop(gone);
    go.send(()).unwrap();
    go.send(()).unwrap();
    pool.answer(first).await.unwrap();
    pool.answer(third).await.unwrap();
    drop(pool);
    assert_eq!(begins.iter().collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn each_wait_has_a_deadline() {
    let (pool, _begins, go) = gated(1, Duration::from_millis(20));
    let answer = pool.submit(batch(), 1).await.unwrap();
    assert!(matches!(pool.submit(batch(), 1).await, Err(EncodeError::Stalled { .. })));
    assert!(matches!(pool.answer(answer).await, Err(EncodeError::Stalled { .. })));
    drop(go);
}

#[tokio::test]
async fn a_session_that_dies_is_an_error_and_not_a_wait() {
    let session = |_: &[TokenIds], _: usize| -> Vectors { panic!("a session dies") };
    let pool = Pool::start(vec![session], 10, LONG).unwrap();
    let answer = pool.submit(batch(), 1).await.unwrap();
    assert!(matches!(pool.answer(answer).await, Err(EncodeError::Stopped)));
}
