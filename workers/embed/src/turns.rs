//! Who goes first: passages of what is served, before those of what is being built.
//!
//! A building generation embeds everything that there is, for hours; an upload beside it must not wait for that.

use std::time::Duration;

use message::Fingerprint;
use model::{EncodeError, Encoder, Role, TextVectors};
use tokio::sync::watch;
use tokio::time::timeout;

/// Texts of what is being built that are embedded at once: some seconds of a CPU, and enough to fill a GPU.
const PIECE: usize = 64;
/// So long such a piece waits. Without an end to it, a long load of what is served would stop what is being built.
const LONGEST: Duration = Duration::from_secs(5);

/// How many calls for what is served are in progress in this process.
#[derive(Clone, Debug)]
pub(crate) struct Turns(watch::Sender<usize>);

/// One such call.
struct Turn<'a>(&'a Turns);

impl Turns {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    fn take(&self) -> Turn<'_> {
        self.0.send_modify(|busy| *busy += 1);
        Turn(self)
    }

    /// Waits until there is none, within limits.
    async fn free(&self) {
        let mut busy = self.0.subscribe();
        drop(timeout(LONGEST, busy.wait_for(|busy| *busy == 0)).await);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|busy| *busy -= 1);
    }
}

/// An encoder that goes first while its space is served, and gives way otherwise.
pub(crate) struct OrderedEncoder<E> {
    pub(crate) encoder: E,
    pub(crate) turns: Turns,
    /// Whether its space is served now.
    pub(crate) is_served: Box<dyn Fn() -> bool + Send + Sync>,
}

impl<E: Encoder> Encoder for OrderedEncoder<E> {
    async fn embed_each(&self, mut texts: Vec<String>, role: Role) -> Result<TextVectors, EncodeError> {
        if (self.is_served)() {
            let _turn = self.turns.take();
            return self.encoder.embed_each(texts, role).await;
        }
        let mut each = Vec::with_capacity(texts.len());
        while !texts.is_empty() {
            let rest = texts.split_off(texts.len().min(PIECE));
            self.turns.free().await;
            each.extend(self.encoder.embed_each(texts, role).await?);
            texts = rest;
        }
        Ok(each)
    }

    fn dimension(&self) -> usize {
        self.encoder.dimension()
    }

    fn model_fingerprint(&self) -> Fingerprint {
        self.encoder.model_fingerprint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::{Instant, sleep};

    use super::*;

    /// A second for each call; keeps when each began, in seconds, and with how many texts.
    #[derive(Clone)]
    struct Slow {
        begun: Instant,
        calls: Arc<Mutex<Vec<(u64, usize)>>>,
    }

    impl Encoder for Slow {
        async fn embed_each(&self, texts: Vec<String>, _: Role) -> Result<TextVectors, EncodeError> {
            self.calls.lock().unwrap().push((self.begun.elapsed().as_secs(), texts.len()));
            sleep(Duration::from_secs(1)).await;
            Ok(texts.iter().map(|text| Ok(vec![text.parse().unwrap()])).collect())
        }

        fn dimension(&self) -> usize {
            1
        }

        fn model_fingerprint(&self) -> Fingerprint {
            Fingerprint::of(&[("model", "slow")])
        }
    }

    fn texts(count: usize) -> Vec<String> {
        (0..count).map(|number| number.to_string()).collect()
    }

    fn encoders(slow: &Slow) -> [OrderedEncoder<Slow>; 2] {
        let turns = Turns::new();
        [true, false].map(|served| OrderedEncoder {
            encoder: slow.clone(),
            turns: turns.clone(),
            is_served: Box::new(move || served),
        })
    }

    fn slow() -> Slow {
        Slow { begun: Instant::now(), calls: Arc::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_being_built_waits_between_pieces_and_keeps_its_order() {
        let slow = slow();
        let [served, building] = encoders(&slow);
        let upload = async {
            sleep(Duration::from_millis(500)).await;
            served.embed(texts(3), Role::Passage).await.unwrap();
        };
        let (vectors, ()) = tokio::join!(building.embed(texts(2 * PIECE + 1), Role::Passage), upload);
        let expected: Vec<Vec<f32>> =
            texts(2 * PIECE + 1).iter().map(|text| vec![text.parse().unwrap()]).collect();
        assert_eq!(vectors.unwrap(), expected);
        // The upload does not wait for the piece in hand; the next piece waits for the upload, until 1.5 s.
        let calls = slow.calls.lock().unwrap().clone();
        assert_eq!(calls, [(0, PIECE), (0, 3), (1, PIECE), (2, 1)]);
        assert!(slow.begun.elapsed() >= Duration::from_millis(3_500));
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_without_an_end_does_not_stop_it() {
        let slow = slow();
        let [served, building] = encoders(&slow);
        let load = async {
            loop {
                served.embed(texts(1), Role::Passage).await.unwrap();
            }
        };
        tokio::select! {
            () = load => {}
            vectors = building.embed(texts(PIECE + 1), Role::Passage) => assert_eq!(vectors.unwrap().len(), PIECE + 1),
        }
        let pieces = slow.calls.lock().unwrap().iter().filter(|(_, texts)| *texts == PIECE).count();
        assert_eq!(pieces, 1);
        assert!(slow.begun.elapsed() <= 3 * LONGEST);
    }
}
