//! The session threads and the queue in front of them.
//!
//! Edge: starts and joins the threads. The queue is bounded in tokens (including padding) and first come, first
//! served. A batch whose caller has gone is never started. Dropping the pool ends the threads after their current
//! batch.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::OpenOnnxError;
use crate::encoder::EncodeError;
use crate::tokenizer::TokenIds;

/// A session's result for a batch.
pub(super) type Vectors = Result<Vec<Vec<f32>>, EncodeError>;

/// The pending result of one batch.
pub(super) type Answer = oneshot::Receiver<Vectors>;

struct Job {
    batch: Vec<TokenIds>,
    width: usize,
    answer: oneshot::Sender<Vectors>,
    /// Its share of the queue's capacity, released when the job is dropped.
    room: OwnedSemaphorePermit,
}

/// Threads with one session each.
pub(super) struct Pool {
    queue: Option<mpsc::Sender<Job>>,
    room: Arc<Semaphore>,
    capacity: u32,
    stall: Duration,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts a thread for each of `sessions`; a session maps a batch, padded to a width in tokens, to vectors. At
    /// most `capacity` tokens are queued or in work, but always at least one batch. A call fails when it waits longer
    /// than `stall` for a batch to be taken or finished.
    pub(super) fn start<S>(sessions: Vec<S>, capacity: usize, stall: Duration) -> Result<Self, OpenOnnxError>
    where
        S: FnMut(&[TokenIds], usize) -> Vectors + Send + 'static,
    {
        let capacity = u32::try_from(capacity.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        // The channel itself is unbounded; the jobs in it are bounded by the capacity that each holds.
        let (queue, jobs) = mpsc::channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let mut pool = Self {
            queue: Some(queue),
            room: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            stall,
            threads: Vec::with_capacity(sessions.len()),
        };
        for (number, session) in sessions.into_iter().enumerate() {
            let jobs = Arc::clone(&jobs);
            let thread = Builder::new()
                .name(format!("session-{number}"))
                .spawn(move || serve(session, &jobs))
                .map_err(OpenOnnxError::Thread)?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Queues a batch as soon as there is capacity.
    pub(super) async fn submit(&self, batch: Vec<TokenIds>, width: usize) -> Result<Answer, EncodeError> {
        let tokens =
            u32::try_from(batch.len().saturating_mul(width)).unwrap_or(u32::MAX).clamp(1, self.capacity);
        let room = timeout(self.stall, Arc::clone(&self.room).acquire_many_owned(tokens))
            .await
            .map_err(|_| self.stalled())?
            .map_err(|_| EncodeError::Stopped)?;
        let (answer, receiver) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(EncodeError::Stopped)?;
        queue.send(Job { batch, width, answer, room }).map_err(|_| EncodeError::Stopped)?;
        Ok(receiver)
    }

    /// Waits for the vectors of a batch.
    pub(super) async fn answer(&self, answer: Answer) -> Vectors {
        timeout(self.stall, answer).await.map_err(|_| self.stalled())?.map_err(|_| EncodeError::Stopped)?
    }

    fn stalled(&self) -> EncodeError {
        EncodeError::Stalled { seconds: self.stall.as_secs() }
    }
}

/// A session's thread: runs batches until the queue is closed.
fn serve(mut session: impl FnMut(&[TokenIds], usize) -> Vectors, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The thread with the lock waits for the next batch; the others wait for the lock.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if job.answer.is_closed() {
            continue;
        }
        let Job { batch, width, answer, room } = job;
        let vectors = session(&batch, width);
        // Released before answering, so that a caller with an answer can rely on the capacity.
        drop((batch, room));
        if answer.send(vectors).is_err() {
            tracing::debug!("the caller of a batch has gone");
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Without a sender no batches follow, and the queued ones are skipped because their callers have gone.
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a session's thread ended in a panic");
            }
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("sessions", &self.threads.len())
            .field("queue_tokens", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
