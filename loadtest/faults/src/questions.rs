//! Asks the servers of `serve` while faults strike, and judges what they answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use process::Failure;
use tokio::time::{Instant, sleep};

use crate::answers::{Judgement, ServedSpans};
use crate::fleet::{Fleet, SERVES};
use crate::proxy::Upstream;

/// Between two questions to one server.
const EVERY: Duration = Duration::from_millis(500);
/// Words that the oracle's documents hold, as they stand in an address.
const WORDS: [&str; 5] =
    ["river+mill+wheel", "grain+flour", "storm+flood+dam", "heron", "bread+oven+baker+smoke"];
/// At most this many wrong answers are told; all are counted.
const TOLD: usize = 5;

/// The questions of one seed.
#[derive(Debug)]
pub struct Questions<'a> {
    fleet: &'a Fleet,
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    spans: ServedSpans,
    asked: u64,
    unanswered: u64,
    wrong: u64,
    told: Vec<String>,
}

impl<'a> Questions<'a> {
    /// Asks the servers of this fleet.
    #[must_use]
    pub fn new(fleet: &'a Fleet) -> Self {
        Self { fleet, begun: Instant::now(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the servers.
    ///
    /// # Errors
    /// When one exits at once.
    pub async fn start(&self) -> Result<(), Failure> {
        for number in 1..=SERVES {
            self.fleet.start_serve(number).await?;
        }
        Ok(())
    }

    /// Stops the servers.
    ///
    /// # Errors
    /// When one cannot be stopped.
    pub async fn stop(&self) -> Result<(), Failure> {
        for number in 1..=SERVES {
            self.fleet.tell_serve("stop", number).await?;
        }
        Ok(())
    }

    /// See [`ServedSpans::allow`].
    pub fn allow(&self, id: &str) {
        self.state().spans.allow(id, self.begun.elapsed());
    }

    /// See [`ServedSpans::settle`].
    pub fn settle(&self, id: &str) {
        self.state().spans.settle(id, self.begun.elapsed());
    }

    /// Asks every server again and again until `done`.
    pub async fn ask_all(&self, done: &AtomicBool) {
        let each = (1..=SERVES).map(|number| async move {
            while !done.load(Ordering::Relaxed) {
                self.ask(number).await;
                sleep(EVERY).await;
            }
        });
        futures::future::join_all(each).await;
    }

    /// Asks each server until it answers by `id`; those that do not within this time.
    pub async fn until_answered(&self, id: &str, most: Duration) -> Vec<String> {
        let mut silent = Vec::new();
        for number in 1..=SERVES {
            let deadline = Instant::now() + most;
            while self.ask(number).await.as_deref() != Some(id) {
                if Instant::now() > deadline {
                    silent.push(format!("serve {number} does not answer by {id}, which is served"));
                    break;
                }
                sleep(EVERY).await;
            }
        }
        silent
    }

    /// Questions asked, those that were not answered, and wrong answers.
    #[must_use]
    pub fn counts(&self) -> [u64; 3] {
        let state = self.state();
        [state.asked, state.unanswered, state.wrong]
    }

    /// The first wrong answers, and their number if there are more.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let state = self.state();
        let more = (state.wrong > TOLD as u64).then(|| format!("{} answers are wrong", state.wrong));
        state.told.iter().cloned().chain(more).collect()
    }

    /// Asks one server one question; the generation that answers, if that is right.
    async fn ask(&self, number: u32) -> Option<String> {
        let asked = self.begun.elapsed();
        let turn = usize::try_from(self.state().asked).unwrap_or_default();
        let path = format!("/v1/search?size=3&q={}", WORDS[turn % WORDS.len()]);
        let answer = Upstream::new(&self.fleet.serve_address(number)).get(&path).await;
        let (status, body) = answer.map_or((0, Bytes::new()), |answer| (answer.status(), answer.body));
        let answered = self.begun.elapsed();
        let mut state = self.state();
        state.asked += 1;
        match state.spans.judge((asked, answered), status, &body) {
            Judgement::Right(id) => return Some(id),
            Judgement::Unanswered => state.unanswered += 1,
            Judgement::Wrong(what) => {
                state.wrong += 1;
                if state.told.len() < TOLD {
                    state.told.push(format!("serve {number}: {what}"));
                }
            }
        }
        None
    }
}
