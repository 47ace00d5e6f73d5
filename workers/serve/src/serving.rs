//! What a process loads, and what it answers by, as the registry says. Pure.

use generation::{Generation, MAPPING_VERSION};
use message::{BuildState, GenerationEntry};
use registry::Registry;

use crate::served::LoadFault;

/// What a process should have loaded, and by which of it it should answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingPlan {
    /// The generation that answers.
    pub id: String,
    /// The sequence of the registry's word on that; 0 when it says nothing, and the bundle on this machine rules.
    pub sequence: u64,
    /// The generations to load, in the order of their ids.
    pub load: Vec<GenerationEntry>,
}

impl ServingPlan {
    /// The generation of the bundle on this machine, and nothing else.
    #[must_use]
    pub fn local(local: &GenerationEntry) -> Self {
        Self { id: local.id.clone(), sequence: 0, load: vec![local.clone()] }
    }

    /// What `registry` wants for the index of `local`: the generation that is served, and each that could be served next.
    /// While it says nothing of that index, the bundle on this machine rules.
    #[must_use]
    pub fn of(registry: &Registry, local: &GenerationEntry) -> Self {
        let Some(serving) = registry.serving(&local.index) else { return Self::local(local) };
        let is_wanted = |entry: &&GenerationEntry| entry.state == BuildState::Built || entry.id == serving.id;
        let load = registry.generations(&local.index).filter(is_wanted).cloned().collect();
        Self { id: serving.id.clone(), sequence: serving.sequence, load }
    }

    /// The plan after the topic was heard: what its registry wants, or the bundle on this machine where there is no topic.
    /// None when that changes nothing: after the registry has said once what is served, a topic that is gone does not say that
    /// it is something else.
    #[must_use]
    pub fn heard(registry: Option<&Registry>, local: &GenerationEntry, was_served: bool) -> Option<Self> {
        match registry {
            Some(registry) => Some(Self::of(registry, local)),
            None if was_served => None,
            None => Some(Self::local(local)),
        }
    }

    /// Whether a generation is among those to load.
    #[must_use]
    pub fn loads(&self, id: &str) -> bool {
        self.load.iter().any(|entry| entry.id == id)
    }
}

/// Checks that this program reads such indexes.
///
/// # Errors
/// When another release made them.
pub fn check_readable(entry: &GenerationEntry) -> Result<(), LoadFault> {
    let version = entry.mapping.version;
    if version != MAPPING_VERSION {
        return Err(LoadFault::Foreign(format!(
            "its mapping has version {version}, and this program reads {MAPPING_VERSION}"
        )));
    }
    if Generation::from(entry).short() != entry.id {
        return Err(LoadFault::Foreign("its id does not belong to its space and mapping".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use message::{
        ChangeAuthor, FillSource, Fingerprint, IndexMapping, ReadyEntry, RegistryEntry, ServingEntry,
    };

    use super::*;

    /// A generation that differs from others by its instance alone.
    fn entry(instance: u32, state: BuildState) -> GenerationEntry {
        let fingerprint = Fingerprint::of(&[("test", "serving")]);
        let generation = Generation {
            chunking: fingerprint.clone(),
            space: fingerprint.clone(),
            dimension: 2,
            model: fingerprint,
            name: "test".to_owned(),
            mapping: IndexMapping { instance, ..IndexMapping::of(MAPPING_VERSION) },
        };
        let author = ChangeAuthor { by: "test".to_owned(), at: 1 };
        GenerationEntry { state, ..generation.entry("docs", FillSource::Vectors, &author) }
    }

    fn registry(entries: impl IntoIterator<Item = RegistryEntry>) -> Registry {
        let mut registry = Registry::default();
        for entry in entries {
            let value = serde_json::to_vec(&entry).unwrap();
            registry.take(&entry.key(), Some(&value), 1).unwrap();
        }
        registry
    }

    fn serving(id: &str, sequence: u64) -> RegistryEntry {
        let (index, id, by) = ("docs".to_owned(), id.to_owned(), "test".to_owned());
        RegistryEntry::Serving(ServingEntry { index, id, previous: None, sequence, by, at: 1 })
    }

    #[test]
    fn while_the_registry_says_nothing_of_an_index_the_local_bundle_rules() {
        let local = entry(0, BuildState::Building);
        let plan = ServingPlan { id: local.id.clone(), sequence: 0, load: vec![local.clone()] };
        let other = GenerationEntry { index: "other".to_owned(), ..entry(1, BuildState::Built) };
        let instance = "serve-1".to_owned();
        let ready = ReadyEntry { instance, index: "docs".to_owned(), loaded: Vec::new(), sequence: 0 };
        let registry = registry([
            RegistryEntry::Generation(other),
            RegistryEntry::Generation(entry(2, BuildState::Built)),
            RegistryEntry::Ready(ready),
        ]);
        assert_eq!(ServingPlan::heard(Some(&registry), &local, false), Some(plan.clone()));
        assert_eq!(ServingPlan::heard(None, &local, false), Some(plan.clone()));
        // What was served may be taken back; a topic that vanishes says nothing.
        assert_eq!(ServingPlan::heard(Some(&registry), &local, true), Some(plan));
        assert_eq!(ServingPlan::heard(None, &local, true), None);
    }

    #[test]
    fn what_is_served_is_loaded_and_what_could_be_served_next() {
        use BuildState::{Building, Built, Failed, Paused, Retired, Retiring};
        let states = [Building, Built, Paused, Failed, Retiring, Retired, Built];
        let entries: Vec<GenerationEntry> =
            (1..).zip(states).map(|(instance, state)| entry(instance, state)).collect();
        let local = entry(9, Building);
        let plan = |served: &str| {
            let all = entries.iter().cloned().map(RegistryEntry::Generation);
            ServingPlan::of(&registry(all.chain([serving(served, 4)])), &local)
        };
        let loads = |plan: &ServingPlan| {
            let found = entries.iter().enumerate().filter(|(_, entry)| plan.loads(&entry.id));
            found.map(|(number, _)| number).collect::<Vec<_>>()
        };
        let built = plan(&entries[1].id);
        assert_eq!((built.id.as_str(), built.sequence, loads(&built)), (&*entries[1].id, 4, vec![1, 6]));
        // A rule forbids that it is served while it is paused; if it is, it answers.
        assert_eq!(loads(&plan(&entries[2].id)), [1, 2, 6]);
        let strange = plan("000000000000");
        assert_eq!((strange.id.as_str(), loads(&strange)), ("000000000000", vec![1, 6]));
    }

    #[test]
    fn indexes_of_another_release_are_not_read() {
        let own = entry(1, BuildState::Built);
        assert!(check_readable(&own).is_ok());
        let mapping = IndexMapping::of(MAPPING_VERSION + 1);
        for other in
            [GenerationEntry { mapping, ..own.clone() }, GenerationEntry { id: "0".to_owned(), ..own }]
        {
            assert!(matches!(check_readable(&other), Err(LoadFault::Foreign(_))), "{other:?}");
        }
    }
}
