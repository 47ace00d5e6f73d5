//! The commit point of a promotion, which waits for whoever has not loaded the generation. Stage: awaits a [`Broker`].

use message::{ChangeAuthor, RegistryEntry};
use process::Failure;
use registry::rules::{self, RuleRefusal};
use registry::{GenerationKey, Heard, Registry, RegistryError, RegistryWriter};
use stream::Broker;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{PromotionBasis, latest, more};

/// Whether the commit point was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Commit {
    /// It stands there with this sequence.
    At(u64),
    /// Why not.
    Not(String),
}

/// What is to be written.
pub(super) struct CommitPoint<'a, B> {
    /// Where.
    pub(super) broker: &'a B,
    /// Which generation is served by it.
    pub(super) key: GenerationKey<'a>,
    /// What that was decided upon.
    pub(super) basis: PromotionBasis,
    /// By whom.
    pub(super) author: &'a ChangeAuthor,
    /// How long it is waited.
    pub(super) deadline: Instant,
}

impl<B: Broker> CommitPoint<'_, B> {
    /// Writes it, as soon as every process that answers has loaded the generation. `behind` tells why it would answer with less
    /// than there is: it is asked when nothing else is in the way, as a writer may end while a server is waited for.
    pub(super) async fn write<F>(
        &self,
        heard: &mut watch::Receiver<Option<Heard>>,
        behind: impl Fn() -> F,
    ) -> Result<Commit, Failure>
    where
        F: Future<Output = Result<Option<String>, Failure>>,
    {
        loop {
            let latest = latest(heard, self.deadline).await?;
            let now = latest.now();
            // What somebody changes while it is waited for does not come back.
            if let Some(moved) = self.basis.moved(&latest.registry, self.key) {
                return Ok(Commit::Not(moved));
            }
            let refused = match self.rule(&latest.registry, now) {
                Ok(entries) if entries.is_empty() => {
                    return Ok(Commit::At(sequence_of(&latest.registry, self.key.index, &entries)));
                }
                Ok(_) => match self.change(now, behind()).await {
                    Ok(commit) => return Ok(commit),
                    Err(ChangeEnd::Refused(refused)) => refused,
                    Err(ChangeEnd::Failed(failure)) => return Err(failure),
                },
                Err(refused) => refused,
            };
            match refused {
                RuleRefusal::Otherwise(cause) if Instant::now() > self.deadline => {
                    return Ok(Commit::Not(cause));
                }
                RuleRefusal::Otherwise(_) => more(heard).await,
                refused @ (RuleRefusal::Unknown(_) | RuleRefusal::State { .. }) => return Err(refused.into()),
            }
        }
    }

    fn rule(&self, registry: &Registry, now: i64) -> Result<Vec<RegistryEntry>, RuleRefusal> {
        match self.basis.moved(registry, self.key) {
            Some(moved) => Err(RuleRefusal::Otherwise(moved)),
            None => rules::promote(registry, self.key, now, self.author),
        }
    }

    /// Writes it upon what stands in the topic, unless it is behind. To begin a change takes as long as to ask that, so both are
    /// done at once.
    async fn change(
        &self,
        now: i64,
        behind: impl Future<Output = Result<Option<String>, Failure>>,
    ) -> Result<Commit, ChangeEnd> {
        let writer = RegistryWriter::new(self.broker.clone(), self.key.index);
        let (behind, begun) = tokio::join!(behind, writer.begin());
        if let Some(cause) = behind.map_err(ChangeEnd::Failed)? {
            return Ok(Commit::Not(cause));
        }
        let mut sequence = 0;
        let mut counted = |registry: &Registry| {
            let entries = self.rule(registry, now)?;
            sequence = sequence_of(registry, self.key.index, &entries);
            Ok(entries)
        };
        let mut written = match begun {
            Ok(begun) => begun.write(&mut counted).await,
            Err(error) => Err(error),
        };
        if matches!(written, Err(RegistryError::Rival)) {
            written = writer.change(counted).await;
        }
        match written {
            Ok(()) => Ok(Commit::At(sequence)),
            Err(RegistryError::Refused(refused)) => Err(ChangeEnd::Refused(refused)),
            Err(error) => Err(ChangeEnd::Failed(error.into())),
        }
    }
}

/// Why nothing was written.
enum ChangeEnd {
    /// A rule forbids it, perhaps for now.
    Refused(RuleRefusal),
    /// A server does not answer.
    Failed(Failure),
}

/// The sequence of what is served once these entries are written.
fn sequence_of(registry: &Registry, index: &str, entries: &[RegistryEntry]) -> u64 {
    let written = entries.iter().find_map(|entry| match entry {
        RegistryEntry::Serving(serving) => Some(serving.sequence),
        RegistryEntry::Model(_)
        | RegistryEntry::Generation(_)
        | RegistryEntry::Ready(_)
        | RegistryEntry::Run(_) => None,
    });
    let there = || registry.serving(index).map(|serving| serving.sequence);
    written.or_else(there).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Arc;
    use std::time::Duration;

    use message::{BuildState, ReadyEntry};
    use stream::Outgoing;
    use stream::memory::Memory;

    use super::*;
    use crate::command::keep_up::made::Made;

    /// `old` is served, and `new` is built.
    fn made() -> Registry {
        let made = Made::default().generation("old", 0, BuildState::Built, 1);
        made.generation("new", 0, BuildState::Built, 2).serving("old", 0, None, 10).registry()
    }

    /// Somebody has this served.
    fn serving(model: &str, sequence: u64) -> RegistryEntry {
        let served = Made::default().serving(model, 0, None, sequence).registry();
        RegistryEntry::Serving(served.serving("docs").unwrap().clone())
    }

    /// A server answers, and has loaded these.
    fn loaded(ids: &[String]) -> RegistryEntry {
        let (instance, index, loaded) = ("slow".to_owned(), "docs".to_owned(), ids.to_vec());
        RegistryEntry::Ready(ReadyEntry { instance, index, loaded, sequence: 10 })
    }

    fn say(broker: &Memory, entry: &RegistryEntry) {
        let (topic, key) = (topics::MODELS.to_owned(), Some(entry.key().into_bytes()));
        let value = Some(serde_json::to_vec(entry).unwrap());
        broker.append(&Outgoing { topic, key, value, headers: None });
    }

    fn broker() -> Memory {
        let broker = Memory::default();
        broker.create(topics::MODELS, 1);
        for entry in made().all_generations() {
            say(&broker, &RegistryEntry::Generation(entry.clone()));
        }
        say(&broker, &serving("old", 10));
        broker
    }

    async fn heard(broker: &Memory) -> Option<Heard> {
        let registry = Arc::new(registry::read(broker).await.unwrap());
        Some(Heard { registry, at: Instant::now(), next: Some(1) })
    }

    async fn served(broker: &Memory) -> (String, u64) {
        let registry = registry::read(broker).await.unwrap();
        let serving = registry.serving("docs").unwrap();
        (serving.id.clone(), serving.sequence)
    }

    /// Promotes `new`, for a person who saw that `old` is served.
    async fn write(
        broker: &Memory,
        mut heard: watch::Receiver<Option<Heard>>,
        (patience, lag): (Duration, Option<&str>),
    ) -> Commit {
        let (author, id) = (ChangeAuthor { by: "tom".to_owned(), at: 20 }, Made::id("new", 0));
        let (basis, key) = (PromotionBasis::seen(&made(), "docs"), GenerationKey { index: "docs", id: &id });
        let deadline = Instant::now() + patience;
        let point = CommitPoint { broker, key, basis, author: &author, deadline };
        point.write(&mut heard, || ready(Ok(lag.map(str::to_owned)))).await.unwrap()
    }

    /// The same, while a server has not loaded it yet. Before it has, this is written.
    async fn waits(meanwhile: &[RegistryEntry], lag: Option<&str>) -> (Commit, (String, u64)) {
        let broker = broker();
        say(&broker, &loaded(&[]));
        let (sender, hears) = watch::channel(heard(&broker).await);
        let writing = write(&broker, hears, (Duration::from_mins(1), lag));
        tokio::pin!(writing);
        tokio::select! {
            biased;
            commit = &mut writing => panic!("it was not waited for the server: {commit:?}"),
            () = ready(()) => {}
        }
        for entry in meanwhile {
            say(&broker, entry);
        }
        say(&broker, &loaded(&[Made::id("new", 0)]));
        sender.send_replace(heard(&broker).await);
        (writing.await, served(&broker).await)
    }

    #[tokio::test]
    async fn what_falls_behind_while_a_server_loads_it_is_not_promoted() {
        assert_eq!(waits(&[], None).await, (Commit::At(11), (Made::id("new", 0), 11)));
        let (commit, served) = waits(&[], Some("it is 50000 records behind")).await;
        assert_eq!(commit, Commit::Not("it is 50000 records behind".to_owned()));
        assert_eq!(served, (Made::id("old", 0), 10));
    }

    #[tokio::test]
    async fn a_change_of_something_else_meanwhile_does_not_end_it() {
        let (broker, id) = (broker(), Made::id("new", 0));
        let mut hears = watch::channel(heard(&broker).await).1;
        let (author, deadline) = (ChangeAuthor { by: "tom".to_owned(), at: 20 }, Instant::now());
        let (basis, key) = (PromotionBasis::seen(&made(), "docs"), GenerationKey { index: "docs", id: &id });
        let point = CommitPoint { broker: &broker, key, basis, author: &author, deadline };
        // While it is asked how far the writers are, `train` says that a run goes on, and so fences this change.
        let rival = RegistryWriter::new(broker.clone(), "docs");
        let behind = || async {
            tokio::task::yield_now().await;
            rival.change(|_| Ok(vec![loaded(std::slice::from_ref(&id))])).await?;
            Ok(None)
        };
        assert_eq!(point.write(&mut hears, behind).await.unwrap(), Commit::At(11));
        assert_eq!(served(&broker).await, (id.clone(), 11));
    }

    #[tokio::test]
    async fn of_two_people_who_promote_at_once_one_is_told_to_look_again() {
        // The other one promoted something, or did and went back.
        for meanwhile in [vec![serving("third", 11)], vec![serving("third", 11), serving("old", 12)]] {
            let (commit, served) = waits(&meanwhile, None).await;
            let Commit::Not(cause) = commit else { panic!("{served:?}: somebody was overruled") };
            assert!(cause.contains("by maria") && cause.contains("look again"), "{cause}");
            assert_ne!(served.0, Made::id("new", 0));
        }
        // The other one promoted the same: nothing is left to do, however far it is behind.
        let same = waits(&[serving("new", 11)], Some("behind")).await;
        assert_eq!(same, (Commit::At(11), (Made::id("new", 0), 11)));
    }

    #[tokio::test]
    async fn what_this_command_has_not_heard_of_yet_is_not_overruled() {
        let broker = broker();
        let (_sender, hears) = watch::channel(heard(&broker).await);
        say(&broker, &serving("third", 11));
        let Commit::Not(cause) = write(&broker, hears, (Duration::ZERO, None)).await else {
            panic!("it was overruled")
        };
        assert!(cause.contains("look again"), "{cause}");
        assert_eq!(served(&broker).await, (Made::id("third", 0), 11));
    }
}
