//! The proxy in front of OpenSearch and Elasticsearch: rejects, delays and cuts bulk requests, and fails some of
//! their items.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::{Handler, Reply, Upstream};
use crate::bulk::{self, Injected, Item};
use crate::dials::{Dials, Kind};
use crate::draft::POISON;
use crate::http::{Message, parse_answer};

/// A bulk request larger than this, in bytes, may get 413.
const LARGE: usize = 2_000;

/// A proxy of an engine.
#[derive(Debug)]
pub struct EngineProxy {
    upstream: Upstream,
    dials: Arc<Dials>,
    /// Whether this engine rejects poisonous items.
    pub refuses_poison: AtomicBool,
}

impl EngineProxy {
    /// A proxy of the engine at `url`.
    #[must_use]
    pub fn new(url: &str, dials: Arc<Dials>) -> Self {
        Self { upstream: Upstream::new(url), dials, refuses_poison: AtomicBool::new(false) }
    }

    async fn pass(&self, request: &Message) -> Reply {
        match self.upstream.ask(request).await {
            Some(raw) => Reply::Whole(raw.to_vec()),
            None => Reply::Nothing,
        }
    }

    fn poisoned(&self, items: &[Item]) -> Vec<Option<Injected>> {
        let refuses = self.refuses_poison.load(Ordering::Relaxed);
        let holds = |item: &Item| {
            item.operation == "index" && item.lines.windows(POISON.len()).any(|w| w == POISON.as_bytes())
        };
        items.iter().map(|item| (refuses && holds(item)).then_some(Injected::Bad)).collect()
    }

    async fn bulk(&self, request: Message, items: Vec<Item>) -> Reply {
        let large = request.body.len() > LARGE && items.len() > 1;
        let choice = self.dials.choose(|kind| match kind {
            Kind::Items429 | Kind::Whole503 | Kind::Slow | Kind::Cut => true,
            Kind::Whole413 => large,
            Kind::Items400
            | Kind::Refused
            | Kind::SlowDown
            | Kind::BodyCut
            | Kind::BodySlow
            | Kind::Changed
            | Kind::NoBucket => false,
        });
        let mut injected = self.poisoned(&items);
        match choice {
            Some(Kind::Whole413) => return Reply::Whole(too_large().to_bytes()),
            Some(Kind::Whole503) => return Reply::Whole(unavailable().to_bytes()),
            // 2 to 8 s; the request's length serves as a random number.
            Some(Kind::Slow) => {
                let more = request.body.len() as u64 * 37 % 6_000;
                tokio::time::sleep(Duration::from_millis(2_000 + more)).await;
            }
            Some(Kind::Items429) => {
                // Only documents' items are failed: an `update` guards the whole request, and must reach the engine.
                for place in (0..items.len()).step_by(2).filter(|place| items[*place].operation != "update") {
                    injected[place].get_or_insert(Injected::Busy);
                }
            }
            _ => {}
        }
        let reply = self.answered(request, &items, &injected).await;
        match (choice, reply) {
            (Some(Kind::Cut), Reply::Whole(bytes)) => {
                // Cut within the body: the client sees the status, but not what happened to the items.
                let sent = bytes.len() - bytes.len() / 3;
                Reply::Part(bytes.into(), sent)
            }
            (_, reply) => reply,
        }
    }

    /// The engine's response to the items that are not failed here, with the injected errors merged in.
    async fn answered(&self, request: Message, items: &[Item], injected: &[Option<Injected>]) -> Reply {
        if injected.iter().all(Option::is_none) {
            return self.pass(&request).await;
        }
        let kept = bulk::forwarded(items, injected);
        let mut answer = Message::answer("200 OK", &[("content-type", "application/json")], b"");
        let mut engine = None;
        if !kept.is_empty() {
            // Ask for an uncompressed response, which can be parsed here.
            let plain = |(name, _): &(String, String)| !name.eq_ignore_ascii_case("accept-encoding");
            let headers = request.headers.iter().filter(|header| plain(header)).cloned().collect();
            let part = Message { body: kept.into(), headers, ..request };
            let Some(raw) = self.upstream.ask(&part).await else { return Reply::Nothing };
            let Some(said) = parse_answer(&raw) else { return Reply::Nothing };
            if said.status() != 200 {
                return Reply::Whole(raw.to_vec());
            }
            engine = Some(said);
        }
        let Some(body) = bulk::merged(items, injected, engine.as_ref().map(|said| said.body.as_ref())) else {
            return Reply::Nothing;
        };
        if injected.contains(&Some(Injected::Bad)) {
            self.dials.count(Kind::Items400);
        }
        if let Some(said) = engine {
            answer.headers = said.headers;
        }
        answer.body = Bytes::from(body);
        Reply::Whole(answer.to_bytes())
    }
}

impl Handler for EngineProxy {
    async fn answer(&self, request: Message) -> Reply {
        let bulk = request.path().contains("_bulk");
        match bulk::items(&request.body).filter(|items| bulk && !items.is_empty()) {
            Some(items) => self.bulk(request, items).await,
            None => self.pass(&request).await,
        }
    }
}

fn too_large() -> Message {
    Message::answer("413 Request Entity Too Large", &[("content-type", "text/plain")], b"too large (fault)")
}

fn unavailable() -> Message {
    let body = br#"{"error":{"type":"unavailable_exception","reason":"busy (fault)"},"status":503}"#;
    Message::answer(
        "503 Service Unavailable",
        &[("content-type", "application/json"), ("retry-after", "1")],
        body,
    )
}
