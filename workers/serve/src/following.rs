//! Follows the registry: loads the generations that may be served, answers by the one that is, and says so. Stage: awaits
//! a [`Broker`] and a [`Reader`].

mod keeper;
mod speaker;

use std::sync::Arc;
use std::time::Duration;

use message::{ChangeAuthor, FillSource, GenerationEntry};
use model::Encoder;
use registry::{Heard, rules};
use sink::{Reader, Sink};
use stream::Broker;
use tokio::sync::watch;

use crate::encoders::OpenEncoder;
use crate::lease::AnswerLease;
use crate::search::{Search, SearchError};
use crate::snapshot::Snapshot;
use keeper::Keeper;
use speaker::Speaker;

/// How a process follows the registry.
#[derive(Clone, Debug)]
pub struct FollowSettings {
    /// What it is called there. No other process is called so.
    pub instance: String,
    /// How often it says what it has loaded.
    pub every: Duration,
    /// How long it may answer after it sent the last word of its own that it has read back.
    pub lease: Duration,
    /// How long a generation that could not be loaded is left alone.
    pub again: Duration,
    /// After how long without a word another process is forgotten. Each start has another name, so that those that were killed
    /// would stand in the registry for ever.
    pub forgotten: Duration,
}

impl FollowSettings {
    /// The settings that all other processes count on.
    #[must_use]
    pub fn new(instance: String) -> Self {
        let lease = Duration::from_millis(rules::LEASE.unsigned_abs());
        let every = Duration::from_secs(5);
        Self { instance, every, lease, again: Duration::from_secs(5), forgotten: Duration::from_hours(1) }
    }
}

/// What a process says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing {
    /// The generations that it could answer from at once, in the order of their ids.
    loaded: Vec<String>,
    /// The sequence of the registry's word that it answers by.
    sequence: u64,
}

/// A search that follows the registry.
pub struct FollowedSearch<'a, E, R> {
    search: &'a Search<E, R>,
    local: GenerationEntry,
    snapshot: Arc<Snapshot<E, R>>,
    settings: FollowSettings,
    open: Option<OpenEncoder<E>>,
    heard: watch::Sender<Option<Heard>>,
}

impl<'a, E: Encoder + 'static, R: Reader + Sink> FollowedSearch<'a, E, R> {
    /// From now on `search` answers only by what the registry says: nothing before that was heard; and from its own snapshot,
    /// that of the bundle on this machine, while the registry says nothing of its index.
    ///
    /// # Errors
    /// When it follows the registry already.
    pub fn new(search: &'a Search<E, R>, settings: FollowSettings) -> Result<Self, SearchError> {
        let snapshot = search.follow(AnswerLease::new(settings.lease))?;
        let author = ChangeAuthor { by: "serve".to_owned(), at: stream::wall_seconds() };
        let names = snapshot.names();
        let local = names.generation().entry(names.index(), FillSource::Vectors, &author);
        Ok(Self { search, local, snapshot, settings, open: None, heard: watch::Sender::new(None) })
    }

    /// Loads also generations of other models, with the encoders that `open` makes.
    #[must_use]
    pub fn with_encoders(self, open: OpenEncoder<E>) -> Self {
        Self { open: Some(open), ..self }
    }

    /// Sends what is heard to `heard`, where others of this process can look.
    #[must_use]
    pub fn telling(self, heard: watch::Sender<Option<Heard>>) -> Self {
        Self { heard, ..self }
    }

    /// Follows the registry on `broker` until `over` is ready, and then says that this process is gone.
    pub async fn run<B: Broker>(self, broker: B, over: impl Future<Output = ()> + Send) {
        let heard = self.heard.subscribe();
        let (saying, said) = watch::channel(Standing::default());
        let mut speaker = Speaker::new(broker.clone(), &self.local.index, &self.settings);
        let keeper = Keeper::new(&self);
        tokio::select! {
            () = over => {}
            never = registry::follow(broker, self.heard.clone()) => match never {},
            never = keeper.keep(heard.clone(), saying) => match never {},
            never = speaker.speak(self.search, heard.clone(), said) => match never {},
        }
        let is_there = heard.borrow().as_ref().is_some_and(|heard| heard.next.is_some());
        if is_there {
            speaker.leave().await;
        }
    }
}
