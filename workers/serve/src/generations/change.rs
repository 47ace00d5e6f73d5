//! The changes that may be made here: by the same rules as those of `millrace generation`, and no looser.

use generation::{Generation, Names, TopicReader};
use message::{BuildState, ChangeAuthor, GenerationEntry, RegistryEntry};
use registry::rules::{self, RuleRefusal, ServedBasis};
use registry::{
    ForgottenFill, GenerationKey, Heard, Registry, RegistryError, RegistryWriter, UnknownReaders, is_filled,
    upstream_fillers,
};
use sink::EngineKind;
use stream::StreamError;
use tracing::info;

use super::{Generations, NO_TOPIC, UNHEARD};
use crate::pipeline::Watched;

impl<B: Watched> Generations<B> {
    /// Serves `id` from now on: the commit point is written, and each server follows it. Nothing when it is served.
    ///
    /// # Errors
    /// When it is not built, a writer is more than `most_behind` records behind, a server that answers now has not loaded it,
    /// somebody else changes what is served at this moment or has since this server heard of it, or Kafka does not answer.
    pub async fn promote(
        &self,
        id: &str,
        most_behind: i64,
        author: &ChangeAuthor,
    ) -> Result<(), RegistryError> {
        self.promote_upon(&self.known()?, id, most_behind, author).await
    }

    /// Promotes `id`, unless what is served was changed since this was heard.
    async fn promote_upon(
        &self,
        heard: &Heard,
        id: &str,
        most_behind: i64,
        author: &ChangeAuthor,
    ) -> Result<(), RegistryError> {
        let (key, now) = (self.key(id), heard.now());
        let basis = ServedBasis::of(&heard.registry, key.index);
        // What is refused anyway is neither measured nor disturbs another writer.
        rules::promote(&heard.registry, key, now, author)?;
        let entry = entry(&heard.registry, key)?;
        let groups = self.broker.groups().await?;
        let fills = self.fills(entry, &groups).await?;
        rules::caught_up(id, fills.iter().map(|fill| (fill.writer, fill.behind)), most_behind)?;
        let rule = |registry: &Registry| {
            basis.check(registry, key)?;
            rules::promote(registry, key, now, author)
        };
        self.change(rule).await?;
        info!(generation = id, by = author.by, "promoted");
        Ok(())
    }

    /// Serves the one before again, and answers with its id.
    ///
    /// # Errors
    /// When there is none, and as [`Generations::promote`].
    pub async fn roll_back(&self, most_behind: i64, author: &ChangeAuthor) -> Result<String, RegistryError> {
        let heard = self.known()?;
        let previous = heard.registry.serving(&self.index).and_then(|serving| serving.previous.clone());
        let none = || refused("nothing was served before: there is nothing to go back to");
        let previous = previous.ok_or_else(none)?;
        self.promote_upon(&heard, &previous, most_behind, author).await?;
        Ok(previous)
    }

    /// Stops writing to `id` for now.
    ///
    /// # Errors
    /// When it is not being built, an index of which the registry says nothing lives from it, somebody else
    /// changes the registry at this moment, or Kafka does not answer.
    pub async fn pause(
        &self,
        id: &str,
        reason: Option<String>,
        author: &ChangeAuthor,
    ) -> Result<(), RegistryError> {
        let (heard, key) = (self.known()?, self.key(id));
        rules::mark(&heard.registry, key, (BuildState::Paused, reason.clone()), author)?;
        self.check_unknown(&heard.registry, entry(&heard.registry, key)?).await?;
        self.change(|registry| rules::mark(registry, key, (BuildState::Paused, reason.clone()), author))
            .await?;
        info!(generation = id, by = author.by, "paused");
        Ok(())
    }

    /// Goes on with `id`, which was paused or failed.
    ///
    /// # Errors
    /// When it is neither, nothing is known of how far it was, requests that fill it may be gone, somebody
    /// else changes the registry at this moment, or Kafka does not answer.
    pub async fn resume(
        &self,
        id: &str,
        reason: Option<String>,
        author: &ChangeAuthor,
    ) -> Result<(), RegistryError> {
        let (heard, key) = (self.known()?, self.key(id));
        rules::mark(&heard.registry, key, (BuildState::Building, reason.clone()), author)?;
        let entry = entry(&heard.registry, key)?;
        if entry.state != BuildState::Building {
            self.check_known(entry).await?;
        }
        self.change(|registry| rules::mark(registry, key, (BuildState::Building, reason.clone()), author))
            .await?;
        info!(generation = id, by = author.by, "resumed");
        Ok(())
    }

    /// Checks, before nobody fills `entry` any more, that no index is cut off of which the registry says
    /// nothing. To do it all the same is left to the command.
    async fn check_unknown(&self, registry: &Registry, entry: &GenerationEntry) -> Result<(), RegistryError> {
        if !is_filled(entry) {
            return Ok(());
        }
        let (groups, workers) = (self.broker.groups().await?, EngineKind::ALL.map(EngineKind::worker));
        let named = UnknownReaders::named(registry, entry, &groups, &workers);
        let generation = Generation::from(entry);
        let unknown = UnknownReaders {
            writers: self.reading(&generation.vectors(), named.writers).await?,
            embedders: self.reading(&generation.chunks(), named.embedders).await?,
        };
        let id = &entry.id;
        let otherwise = format!("pause it all the same by `millrace generation pause {id} --despite-others`");
        unknown.check(registry, entry, &otherwise).map_err(RegistryError::from)
    }

    /// Those of `groups` that have handled something in `topic`; none where it is gone.
    async fn reading(&self, topic: &str, groups: Vec<String>) -> Result<Vec<String>, StreamError> {
        if groups.is_empty() || self.broker.existing(topic).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut reading = Vec::new();
        for group in groups {
            if self.places(&group, topic).await?.iter().any(Option::is_some) {
                reading.push(group);
            }
        }
        Ok(reading)
    }

    /// The next record of a group in each partition of a topic; none where that is forgotten, or was never
    /// known.
    async fn places(&self, group: &str, topic: &str) -> Result<Vec<Option<i64>>, StreamError> {
        let standings = self.broker.standings(group, topic).await?;
        Ok(standings.into_iter().map(|standing| standing.committed).collect())
    }

    /// Kafka forgets the offsets of a group that has had no member for 7 days. Its indexes then have to be deleted before they
    /// are filled again, in both engines, of which this process knows one: that is left to the command.
    async fn check_known(&self, entry: &GenerationEntry) -> Result<(), RegistryError> {
        let names = Names::new(&entry.index, &Generation::from(entry));
        let names = names.map_err(|error| StreamError::Fatal(error.to_string()))?;
        let groups = self.broker.groups().await?;
        for kind in &self.engines {
            let mut is_known = false;
            for reader in TopicReader::among(kind.worker(), &names, &groups) {
                is_known |= self.places(&reader.group, &reader.topic).await?.iter().any(Option::is_some);
            }
            if !is_known {
                return Err(refused(&format!(
                    "nothing is known of how far {} was with {id}, so that its indexes have to be made anew: \
                     `millrace generation resume {id}` does that",
                    kind.name(),
                    id = entry.id
                )));
            }
        }
        self.check_fillers(entry).await
    }

    /// To embed everything again has a price, which the command says first. Requests to `chunk` that are gone
    /// are asked for again by what its ledger lacks, which this process does not have.
    async fn check_fillers(&self, entry: &GenerationEntry) -> Result<(), RegistryError> {
        let (id, mut fillers) = (&entry.id, Vec::new());
        for (_, reader) in upstream_fillers(entry) {
            let places = self.places(&reader.group, &reader.topic).await?;
            fillers.push((reader, places));
        }
        let ForgottenFill { embeds, asks } = ForgottenFill::of(&self.broker, entry, &fillers).await?;
        if embeds {
            return Err(refused(&format!(
                "nothing is known of how far `embed` was with {id}, so that the whole log is embedded again: \
                 `millrace generation resume {id}` says what that costs, and does it"
            )));
        }
        if asks {
            return Err(refused(&format!(
                "requests to `chunk` may be gone that it had not handled for {id}: `millrace generation \
                 resume {id}` asks for them again"
            )));
        }
        Ok(())
    }

    fn key<'a>(&'a self, id: &'a str) -> GenerationKey<'a> {
        GenerationKey { index: &self.index, id }
    }

    /// What the registry says.
    fn known(&self) -> Result<Heard, RegistryError> {
        let heard = self.heard.borrow().clone();
        let heard = heard.ok_or_else(|| StreamError::Unavailable(UNHEARD.to_owned()))?;
        if heard.next.is_none() {
            return Err(refused(NO_TOPIC));
        }
        Ok(heard)
    }

    async fn change<F>(&self, rule: F) -> Result<(), RegistryError>
    where
        F: FnMut(&Registry) -> Result<Vec<RegistryEntry>, RuleRefusal> + Send,
    {
        RegistryWriter::new(self.broker.clone(), &self.index).change(rule).await
    }
}

fn entry<'a>(registry: &'a Registry, key: GenerationKey<'_>) -> Result<&'a GenerationEntry, RegistryError> {
    registry.generation(key).ok_or_else(|| RuleRefusal::Unknown(key.id.to_owned()).into())
}

fn refused(cause: &str) -> RegistryError {
    RuleRefusal::Otherwise(cause.to_owned()).into()
}
