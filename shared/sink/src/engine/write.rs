//! Writes: sends a batch, reads the response item by item, and resends only the failed items, within the retry
//! budget.

use std::collections::VecDeque;
use std::time::Duration;

use backoff::{Backoff, Delays};
use bytes::Bytes;
use fault::{Mechanism, Place};
use generation::Target;
use stream::Boottime;
use tokio::time::Instant;
use tracing::debug;

use super::Engine;
use crate::action::Action;
use crate::age;
use crate::bulk::{self, Judgement, Lines, Reply};
use crate::sink::{ItemAnswer, Written};
use crate::wire::{Body, Method, Request};

/// A write in progress.
struct Write<'a> {
    actions: &'a [Action],
    answers: Vec<Option<ItemAnswer>>,
    started: Instant,
    proved: Boottime,
    delays: Delays,
}

impl Engine {
    pub(super) async fn write_all(&self, actions: &[Action], proved: Boottime) -> Written {
        let mut write = Write {
            actions,
            answers: vec![None; actions.len()],
            started: Instant::now(),
            proved,
            delays: Backoff::SERVER.start(),
        };
        let chunks = write.open(Target::Chunks, actions.len());
        self.write_places(&mut write, chunks).await;
        // A document record must never overtake its passages: it is sent once every chunk before it has its final
        // answer. If the engine took nothing, no record is tried either.
        let unfinished = write.unfinished();
        if unfinished.is_none() || write.is_something_done() {
            let end = unfinished.as_ref().map_or(actions.len(), |(place, _)| *place);
            let records = write.open(Target::Documents, end);
            self.write_places(&mut write, records).await;
        }
        if let Some((_, answer)) = &unfinished {
            write.fill(answer);
        }
        write.finish()
    }

    /// Writes the actions at `places`, all of which go to the same index.
    async fn write_places(&self, write: &mut Write<'_>, places: Vec<usize>) {
        let Some(target) = places.first().map(|place| write.actions[*place].target) else { return };
        let lines: Vec<Lines> =
            places.iter().map(|place| Lines::of(&write.actions[*place], &self.names)).collect();
        let sizes: Vec<usize> = lines.iter().map(Lines::len).collect();
        let guard = Lines::guard(target, &self.names);
        // Leaves room for the guard, which every request with deletes carries.
        let most = self.settings.bulk_bytes.saturating_sub(guard.len());
        let mut parts: VecDeque<Vec<usize>> = bulk::split(&sizes, most).into();
        while let Some(part) = parts.pop_front() {
            let items: Vec<usize> = part.iter().map(|index| places[*index]).collect();
            let guards = bulk::deletes(items.iter().map(|place| &write.actions[*place]));
            let guard = guards.then_some(&guard);
            let body = bulk::joined(part.iter().map(|index| &lines[*index]).chain(guard));
            let judgement = self.send_part(write, &items, body).await;
            let again = match judgement {
                Judgement::Items(replies) => write.take(&items, replies, &part),
                Judgement::Halve(cause) => {
                    write.halve(&part, &items, &cause, &mut parts);
                    None
                }
                Judgement::Stop(cause) => {
                    write.fill(&ItemAnswer::Stop(format!("{}: {cause}", self.server.url())));
                    return;
                }
                Judgement::Again { cause, retry_after } => Some(Failed { part, cause, retry_after }),
            };
            if let Some(failed) = again {
                if let Err(answer) = self.wait(write, &failed).await {
                    write.fill_places(&places, &answer);
                    return;
                }
                // Back to the front, so that writes stay in order.
                parts.push_front(failed.part);
            }
        }
    }

    async fn send_part(&self, write: &Write<'_>, items: &[usize], body: Bytes) -> Judgement {
        if age::is_too_old(write.proved) {
            return Judgement::Again { cause: age::TOO_OLD.to_owned(), retry_after: None };
        }
        let timeout = self.settings.timeout();
        // The server times out before the client does, so that it can still report item by item what it did.
        let path = format!("_bulk?require_alias=true&timeout={}ms", timeout.as_millis() / 2);
        let request = Request { method: Method::Post, path, body: Body::Lines(body), timeout };
        fault::strike(Place::BeforeSend);
        let answer = self.server.send(request).await;
        if answer.is_ok() {
            fault::strike(Place::AfterSend);
        }
        match answer {
            Ok(response) if response.status == 200 && fault::is_off(Mechanism::ItemRetry) => {
                Judgement::Items(items.iter().map(|_| Reply::Final(ItemAnswer::Done)).collect())
            }
            Ok(response) => {
                let actions: Vec<&Action> = items.iter().map(|place| &write.actions[*place]).collect();
                bulk::judge(&response, &actions)
            }
            Err(failure) => Judgement::Again { cause: failure.0, retry_after: None },
        }
    }

    /// Waits before the next attempt; fails with the answer for all remaining actions when the budget is used up.
    async fn wait(&self, write: &mut Write<'_>, failed: &Failed) -> Result<(), ItemAnswer> {
        let delay = write.delays.next_delay(failed.retry_after);
        if age::is_too_old(write.proved) || write.started.elapsed() + delay > self.settings.budget() {
            let cause = format!("{}: {}", self.server.url(), failed.cause);
            return Err(ItemAnswer::Wait { cause, retry_after: failed.retry_after });
        }
        debug!(
            url = self.server.url(),
            cause = failed.cause,
            items = failed.part.len(),
            ?delay,
            "sending again"
        );
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

/// The items to send again.
struct Failed {
    part: Vec<usize>,
    cause: String,
    retry_after: Option<Duration>,
}

impl Write<'_> {
    /// Records the final answers; items that failed temporarily are returned, to be sent again on their own.
    fn take(&mut self, items: &[usize], replies: Vec<Reply>, part: &[usize]) -> Option<Failed> {
        let mut failed: Option<Failed> = None;
        for ((place, index), reply) in items.iter().zip(part).zip(replies) {
            match reply {
                Reply::Final(answer) => self.answers[*place] = Some(answer),
                Reply::Again(cause) => {
                    failed
                        .get_or_insert(Failed { part: Vec::new(), cause, retry_after: None })
                        .part
                        .push(*index);
                }
            }
        }
        failed
    }

    fn halve(&mut self, part: &[usize], items: &[usize], cause: &str, parts: &mut VecDeque<Vec<usize>>) {
        if let [place] = items {
            self.answers[*place] = Some(ItemAnswer::Refused(cause.to_owned()));
            return;
        }
        let (front, back) = part.split_at(part.len() / 2);
        parts.push_front(back.to_vec());
        parts.push_front(front.to_vec());
    }

    /// The positions before `end` of actions on `target` without a final answer.
    fn open(&self, target: Target, end: usize) -> Vec<usize> {
        let is_open = |place: &usize| self.actions[*place].target == target && self.answers[*place].is_none();
        (0..end).filter(is_open).collect()
    }

    fn is_something_done(&self) -> bool {
        self.answers.contains(&Some(ItemAnswer::Done))
    }

    /// The first answer that is not final, and its position.
    fn unfinished(&self) -> Option<(usize, ItemAnswer)> {
        let mut answers =
            self.answers.iter().enumerate().filter_map(|(place, answer)| Some((place, answer.as_ref()?)));
        answers.find(|(_, answer)| !answer.is_final()).map(|(place, answer)| (place, answer.clone()))
    }

    /// Sets the answer of all actions that have none.
    fn fill(&mut self, answer: &ItemAnswer) {
        for slot in &mut self.answers {
            slot.get_or_insert_with(|| answer.clone());
        }
    }

    /// Sets the answer of those of these actions that have none.
    fn fill_places(&mut self, places: &[usize], answer: &ItemAnswer) {
        for place in places {
            self.answers[*place].get_or_insert_with(|| answer.clone());
        }
    }

    fn finish(self) -> Written {
        let missing = || ItemAnswer::Wait { cause: "it has not been sent".to_owned(), retry_after: None };
        Written { answers: self.answers.into_iter().map(|answer| answer.unwrap_or_else(missing)).collect() }
    }
}
