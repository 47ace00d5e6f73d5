//! Writes a slice to the copy. An edge, by [`Patient`].

use std::collections::VecDeque;

use backoff::Backoff;
use bytes::Bytes;
use generation::Target;
use message::Version;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::pages::{self, Item};
use super::{CopyMoment, CopySlice, CopyTrouble, IndexCopy};
use crate::action::{Action, Operation};
use crate::bulk::{self, Judgement, Reply};
use crate::error::SinkError;
use crate::patient::Patient;
use crate::sink::ItemAnswer;
use crate::wire::{Body, Method};

/// What was done with a slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedSlice {
    /// Items that the target holds in this version or a later one; all of the slice.
    pub items: u64,
    /// Bytes that were sent.
    pub bytes: u64,
}

/// An item on its way.
struct Parcel {
    action: Action,
    lines: Bytes,
}

impl IndexCopy {
    /// Writes the items of a slice that the target lacks, or has in an older version. `progress` hears how many more are done.
    /// One page and one request are in memory.
    ///
    /// # Errors
    /// See [`CopyTrouble`]; what was written stays, and the copy may be repeated.
    pub async fn copy_slice(
        &self,
        moment: &CopyMoment,
        slice: CopySlice,
        progress: &impl Fn(u64),
    ) -> Result<CopiedSlice, CopyTrouble> {
        let (mut done, mut after) = (CopiedSlice::default(), None);
        loop {
            let page = self.page(moment, slice, after.as_ref()).await?;
            let items = page.items.len();
            let parcels: Vec<Parcel> = page.items.into_iter().map(|item| parcel(&self.to, item)).collect();
            done.bytes += parcels.iter().map(|parcel| parcel.lines.len() as u64).sum::<u64>();
            write(&self.target, &parcels, self.requests.bulk_bytes).await?;
            done.items += items as u64;
            progress(items as u64);
            after = page.after;
            if items < pages::size(moment.shape.dimension) || after.is_none() {
                return Ok(done);
            }
        }
    }
}

fn parcel(index: &str, item: Item) -> Parcel {
    let mut header =
        json!({"_index": index, "_id": item.id, "version": item.version, "version_type": "external"});
    if let (Some(routing), Some(header)) = (item.routing, header.as_object_mut()) {
        header.insert("routing".to_owned(), routing.into());
    }
    let lines = format!("{}\n{}\n", json!({ "index": header }), Value::Object(item.source));
    let operation = Operation::Put(Bytes::new());
    let version = Version::from(item.version);
    // Whatever version the target has above this one, this source had it.
    let action =
        Action { target: Target::Chunks, id: item.id, version, highest: Version::from(u64::MAX), operation };
    Parcel { action, lines: lines.into() }
}

/// Writes all parcels, asking again for what a busy server did not take, within the retry budget.
async fn write(target: &Patient, parcels: &[Parcel], most: usize) -> Result<(), CopyTrouble> {
    let sizes: Vec<usize> = parcels.iter().map(|parcel| parcel.lines.len()).collect();
    let mut parts: VecDeque<Vec<usize>> = bulk::split(&sizes, most).into();
    let (mut delays, mut tried) = (Backoff::SERVER.start(), Instant::now());
    while let Some(part) = parts.pop_front() {
        let sent: Vec<&Parcel> = part.iter().filter_map(|place| parcels.get(*place)).collect();
        let (left, cause, retry_after) = match send(target, &sent).await? {
            Judgement::Items(replies) => {
                if let Some((left, cause)) = left_over(&part, &sent, replies)? {
                    (left, cause, None)
                } else {
                    (delays, tried) = (Backoff::SERVER.start(), Instant::now());
                    continue;
                }
            }
            Judgement::Halve(cause) => {
                let [only] = sent.as_slice() else {
                    let (front, back) = part.split_at(part.len() / 2);
                    parts.push_front(back.to_vec());
                    parts.push_front(front.to_vec());
                    continue;
                };
                return Err(CopyTrouble::Item { id: only.action.id.clone(), cause });
            }
            Judgement::Stop(cause) => return Err(rejected(target, cause)),
            Judgement::Again { cause, retry_after } => (part, cause, retry_after),
        };
        let delay = delays.next_delay(retry_after);
        if tried.elapsed() + delay > target.budget() {
            let url = target.url().to_owned();
            return Err(SinkError::Unavailable { url, cause, retry_after }.into());
        }
        tokio::time::sleep(delay).await;
        parts.push_front(left);
    }
    Ok(())
}

async fn send(target: &Patient, sent: &[&Parcel]) -> Result<Judgement, SinkError> {
    let mut body = Vec::with_capacity(sent.iter().map(|parcel| parcel.lines.len()).sum());
    for parcel in sent {
        body.extend_from_slice(&parcel.lines);
    }
    let response = target.send(Method::Post, "_bulk", &Body::Lines(body.into())).await?;
    let actions: Vec<&Action> = sent.iter().map(|parcel| &parcel.action).collect();
    Ok(bulk::judge(&response, &actions))
}

/// The places that have to be sent again, and why.
fn left_over(
    part: &[usize],
    sent: &[&Parcel],
    replies: Vec<Reply>,
) -> Result<Option<(Vec<usize>, String)>, CopyTrouble> {
    let mut left: Option<(Vec<usize>, String)> = None;
    for ((place, parcel), reply) in part.iter().zip(sent).zip(replies) {
        match reply {
            Reply::Final(ItemAnswer::Done) => {}
            Reply::Again(cause) | Reply::Final(ItemAnswer::Wait { cause, .. }) => {
                left.get_or_insert((Vec::new(), cause)).0.push(*place);
            }
            Reply::Final(ItemAnswer::Refused(cause) | ItemAnswer::Stop(cause)) => {
                return Err(CopyTrouble::Item { id: parcel.action.id.clone(), cause });
            }
        }
    }
    Ok(left)
}

fn rejected(target: &Patient, cause: String) -> CopyTrouble {
    let (url, operation) = (target.url().to_owned(), "_bulk".to_owned());
    CopyTrouble::Engine(SinkError::Rejected { url, operation, status: 400, cause })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn an_item_keeps_its_id_its_version_and_its_place() {
        let source: Map<String, Value> = serde_json::from_value(json!({"text": "a\nb", "n": 1})).unwrap();
        let item = Item { id: "x y".to_owned(), version: 7, routing: Some("r".to_owned()), source };
        let lines = parcel("t", item).lines;
        let lines: Vec<Value> = std::str::from_utf8(&lines)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let header =
            json!({"_index": "t", "_id": "x y", "version": 7, "version_type": "external", "routing": "r"});
        assert_eq!(lines, [json!({ "index": header }), json!({"text": "a\nb", "n": 1})]);
    }
}
