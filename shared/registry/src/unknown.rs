//! Consumer groups of indexes of which the registry says nothing. Their workers run by the bundle on disk and
//! live from the topics that are filled for other indexes, too. Pure.

use generation::{Generation, TopicReader};
use message::{BuildState, GenerationEntry};

use crate::rules::RuleRefusal;
use crate::state::{GenerationKey, Registry};

/// Those groups of unknown indexes that read what is made for one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownReaders {
    /// Writers of engines: they read its vectors.
    pub writers: Vec<String>,
    /// Runs of `embed` for another space: they read its passages.
    pub embedders: Vec<String>,
}

impl UnknownReaders {
    /// Those of the `groups` that there are which may be such for `entry`, by their names; `workers` are the
    /// writers of engines. Whoever asks keeps those that have handled something in their topic, which only
    /// the broker knows.
    #[must_use]
    pub fn named(registry: &Registry, entry: &GenerationEntry, groups: &[String], workers: &[&str]) -> Self {
        let writers = groups.iter().filter(|group| is_unknown_writer(registry, group, workers));
        let embedders = groups.iter().filter(|group| is_unknown_embedder(registry, entry, group));
        Self { writers: writers.cloned().collect(), embedders: embedders.cloned().collect() }
    }

    /// The topics of the generation that they need: what they read, and what that is made from.
    #[must_use]
    pub fn topics(&self, generation: &Generation) -> Vec<String> {
        let mut needed = Vec::new();
        if !self.writers.is_empty() {
            needed.push(generation.vectors());
        }
        if !self.writers.is_empty() || !self.embedders.is_empty() {
            needed.extend([generation.chunks(), generation.ledger()]);
        }
        needed
    }

    /// What is kept for them, for people; none when nothing is.
    #[must_use]
    pub fn kept(&self, generation: &Generation) -> Option<String> {
        let topics = self.topics(generation);
        let readers: Vec<&str> = self.writers.iter().chain(&self.embedders).map(String::as_str).collect();
        (!topics.is_empty()).then(|| {
            format!(
                "kept with their groups, because {} of an index of which the registry says nothing lives from them: {}. Retired \
                 again, they go when nobody does",
                readers.join(", "),
                topics.join(", ")
            )
        })
    }

    /// Checks that nobody of them is cut off when nobody fills `entry` any more. The refusal ends with
    /// `otherwise`: how it is done all the same.
    ///
    /// # Errors
    /// When somebody is cut off; their groups are named.
    pub fn check(
        &self,
        registry: &Registry,
        entry: &GenerationEntry,
        otherwise: &str,
    ) -> Result<(), RuleRefusal> {
        let goes_on = |is_alike: fn(&GenerationEntry, &GenerationEntry) -> bool| {
            let mut filled = registry.all_generations().filter(|other| is_filled(other));
            filled.any(|other| GenerationKey::of(other) != GenerationKey::of(entry) && is_alike(other, entry))
        };
        let mut cut_off: Vec<&str> = Vec::new();
        if !goes_on(|one, other| one.space == other.space) {
            cut_off.extend(self.writers.iter().map(String::as_str));
        }
        if !goes_on(|one, other| one.chunking == other.chunking) {
            cut_off.extend(self.embedders.iter().map(String::as_str));
        }
        if cut_off.is_empty() {
            return Ok(());
        }
        Err(RuleRefusal::Otherwise(format!(
            "{} of an index of which the registry says nothing lives from what `chunk` and `embed` make for \
             {}, and would get nothing new: enter that index by its own first `millrace generation start \
             --index NAME`, or {otherwise}",
            cut_off.join(", "),
            entry.id
        )))
    }
}

/// Whether `chunk` and `embed` make something for `entry` now.
#[must_use]
pub fn is_filled(entry: &GenerationEntry) -> bool {
    matches!(entry.state, BuildState::Building | BuildState::Built)
}

/// Whether it is the group of a writer whose index the registry does not rule.
fn is_unknown_writer(registry: &Registry, group: &str, workers: &[&str]) -> bool {
    written_by(group, workers).is_some_and(|(id, index)| {
        registry.serving(index).is_none() && registry.generation(GenerationKey { index, id }).is_none()
    })
}

/// Whether it is the group of an `embed` for a space of which the registry has no generation.
fn is_unknown_embedder(registry: &Registry, entry: &GenerationEntry, group: &str) -> bool {
    let is_of = |other: &GenerationEntry| TopicReader::embed(&Generation::from(other)).group == group;
    let mut known = registry.all_generations().filter(|other| other.state != BuildState::Retired);
    group.strip_prefix("embed-").is_some_and(is_short) && !is_of(entry) && !known.any(is_of)
}

/// The generation and the index that the group of a writer names; none for every other group.
fn written_by<'a>(group: &'a str, workers: &[&str]) -> Option<(&'a str, &'a str)> {
    let rest = workers.iter().find_map(|worker| group.strip_prefix(*worker)?.strip_prefix('-'))?;
    let (id, rest) = rest.split_once('-')?;
    let (cluster, index) = rest.split_once('-')?;
    (is_short(id) && is_short(cluster)).then_some((id, index))
}

fn is_short(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use generation::{Cluster, Names};
    use message::{ChangeAuthor, FillSource, Fingerprint, IndexMapping, RegistryEntry};

    use super::*;
    use crate::rules;

    /// The writers of engines.
    const WORKERS: [&str; 2] = ["index", "replicate"];

    fn author() -> ChangeAuthor {
        ChangeAuthor { by: "maria".to_owned(), at: 1 }
    }

    fn generation(space: &str, instance: u32) -> Generation {
        Generation {
            chunking: Fingerprint::of(&[("chunking", "c")]),
            space: Fingerprint::of(&[("space", space)]),
            dimension: 2,
            model: Fingerprint::of(&[("weights", space)]),
            name: "m".to_owned(),
            mapping: IndexMapping { instance, ..IndexMapping::of(3) },
        }
    }

    fn entry(index: &str, space: &str, state: BuildState) -> GenerationEntry {
        GenerationEntry { state, ..generation(space, 0).entry(index, FillSource::Vectors, &author()) }
    }

    fn registry(entries: Vec<RegistryEntry>) -> Registry {
        let mut registry = Registry::default();
        for entry in entries {
            registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
        }
        registry
    }

    fn known(entries: &[&GenerationEntry]) -> Registry {
        registry(entries.iter().map(|entry| RegistryEntry::Generation((*entry).clone())).collect())
    }

    fn writer(worker: &'static str, index: &str, generation: &Generation) -> String {
        let names = Names::new(index, generation).unwrap();
        TopicReader::sink(worker, &names, &Cluster::known_by("uuid", "a")).group
    }

    #[test]
    fn a_writer_is_unknown_when_the_registry_says_nothing_of_its_index() {
        let docs = entry("docs", "a", BuildState::Built);
        let a = generation("a", 0);
        let registry = registry(rules::adopt(&Registry::default(), docs, &author()).unwrap());
        let is_unknown = |group: &str| is_unknown_writer(&registry, group, &WORKERS);
        for worker in WORKERS {
            assert!(is_unknown(&writer(worker, "wiki", &a)));
            assert!(is_unknown(&writer(worker, "docs-wiki", &a)));
            // The registry rules this index: what it does not name there is left from before.
            assert!(!is_unknown(&writer(worker, "docs", &a)));
            assert!(!is_unknown(&writer(worker, "docs", &generation("b", 0))));
        }
        for group in ["intake", "embed-0123456789ab", "index-0123456789ab", "index-somebody-elses-own"] {
            assert!(!is_unknown(group), "{group}");
        }
        assert!(!is_unknown(&writer("embed", "wiki", &a)), "it writes to no engine");
    }

    #[test]
    fn an_embedder_is_unknown_when_no_generation_has_its_space() {
        let [docs, other] = ["a", "b"].map(|space| entry("docs", space, BuildState::Built));
        let group = |space| TopicReader::embed(&generation(space, 0)).group;
        let registry = known(&[&docs, &other]);
        let is_unknown = |space| is_unknown_embedder(&registry, &docs, &group(space));
        assert_eq!(["a", "b", "c"].map(is_unknown), [false, false, true]);
        assert!(!is_unknown_embedder(&registry, &docs, "embed-everything"));
        // It was kept for an index of which the registry says nothing.
        let gone = GenerationEntry { state: BuildState::Retired, ..other };
        assert!(is_unknown_embedder(&known(&[&docs, &gone]), &docs, &group("b")));
    }

    #[test]
    fn those_that_may_be_such_are_found_among_all_groups_by_name() {
        let (docs, a) = (entry("docs", "a", BuildState::Built), generation("a", 0));
        let registry = registry(rules::adopt(&Registry::default(), docs.clone(), &author()).unwrap());
        let embedder = |space| TopicReader::embed(&generation(space, 0)).group;
        let wiki = writer("replicate", "wiki", &a);
        let docs_group = writer("index", "docs", &a);
        let groups = ["intake".to_owned(), docs_group, embedder("a"), wiki.clone(), embedder("b")];
        let named = UnknownReaders::named(&registry, &docs, &groups, &WORKERS);
        assert_eq!(named, UnknownReaders { writers: vec![wiki], embedders: vec![embedder("b")] });
    }

    #[test]
    fn an_unknown_index_keeps_what_it_lives_from_and_is_named() {
        let a = generation("a", 0);
        let group = writer("index", "wiki", &a);
        let writers = UnknownReaders { writers: vec![group.clone()], ..UnknownReaders::default() };
        assert_eq!(writers.topics(&a), [a.vectors(), a.chunks(), a.ledger()]);
        let told = writers.kept(&a).unwrap();
        assert!(told.contains(&group) && told.contains(&a.vectors()), "{told}");
        let embedders = UnknownReaders { embedders: vec!["embed-x".to_owned()], ..UnknownReaders::default() };
        assert_eq!(embedders.topics(&a), [a.chunks(), a.ledger()]);
        assert_eq!(UnknownReaders::default().kept(&a), None);
    }

    #[test]
    fn nobody_is_cut_off_without_being_asked() {
        let a = entry("docs", "a", BuildState::Built);
        let resharded = generation("a", 1).entry("docs", FillSource::Vectors, &author());
        let other = entry("docs", "b", BuildState::Built);
        let wiki = UnknownReaders {
            writers: vec!["index-of-wiki".to_owned()],
            embedders: vec!["embed-for-wiki".to_owned()],
        };
        let refused = |entries: &[&GenerationEntry]| {
            let checked = wiki.check(&known(entries), &a, "do it all the same");
            checked.err().map(|refusal| refusal.to_string()).unwrap_or_default()
        };
        let alone = refused(&[&a]);
        assert!(alone.contains("index-of-wiki") && alone.contains("embed-for-wiki"), "{alone}");
        assert!(alone.ends_with("start --index NAME`, or do it all the same"), "{alone}");
        // The other one has the same passages, and other vectors.
        let beside = refused(&[&a, &other]);
        assert!(beside.contains("index-of-wiki") && !beside.contains("embed-for-wiki"), "{beside}");
        assert_eq!(refused(&[&a, &resharded]), "");
        let paused = GenerationEntry { state: BuildState::Paused, ..resharded };
        assert!(refused(&[&a, &paused]).contains("index-of-wiki"));
        assert_eq!(UnknownReaders::default().check(&known(&[&a]), &a, ""), Ok(()));
    }
}
