//! Which worker reads which topic in which consumer group.
//!
//! A group's offsets say what has been written to its target. So the group's name contains everything that determines
//! the target: if two workers with different targets shared a group, each would silently get only a part of the
//! records.

use message::Fingerprint;

use crate::{Cluster, Generation, Names};

/// A worker as the reader of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicReader {
    /// The worker's name.
    pub worker: &'static str,
    /// Its consumer group; the transactional ids of a transactional worker start with this name.
    pub group: String,
    /// The topic it reads.
    pub topic: String,
}

impl TopicReader {
    /// `intake`: all deployments on one Kafka share it.
    #[must_use]
    pub fn intake() -> Self {
        Self { worker: "intake", group: "intake".to_owned(), topic: topics::OBJECT_EVENTS.to_owned() }
    }

    /// `chunk`, for one chunking.
    #[must_use]
    pub fn chunk(chunking: &Fingerprint) -> Self {
        let group = format!("chunk-{}", chunking.short());
        Self { worker: "chunk", group, topic: topics::DOCUMENTS.to_owned() }
    }

    /// `embed`, for the space of a generation.
    #[must_use]
    pub fn embed(generation: &Generation) -> Self {
        let group = format!("embed-{}", generation.space.short());
        Self { worker: "embed", group, topic: generation.chunks() }
    }

    /// The workers before the engines, in the order of the data flow.
    #[must_use]
    pub fn upstream(generation: &Generation) -> [Self; 3] {
        [Self::intake(), Self::chunk(&generation.chunking), Self::embed(generation)]
    }

    /// A writer of an engine (`index`, `replicate`), for the indexes of `names` in one cluster.
    #[must_use]
    pub fn sink(worker: &'static str, names: &Names, cluster: &Cluster) -> Self {
        let group = format!("{}-{}-{}", former(worker, names), cluster.short(), names.index());
        Self { worker, group, topic: names.generation().vectors() }
    }

    /// A writer of an engine under its group's former name, which lacked index and cluster. Offsets committed under
    /// it stay valid, because the same indexes were written.
    #[must_use]
    pub fn former(worker: &'static str, names: &Names) -> Self {
        Self { worker, group: former(worker, names), topic: names.generation().vectors() }
    }

    /// A writer of an engine whose cluster is unknown: those of `groups` that write the indexes of `names` in any
    /// cluster, or else the group with the former name.
    #[must_use]
    pub fn among(worker: &'static str, names: &Names, groups: &[String]) -> Vec<Self> {
        let (former, index) = (former(worker, names), names.index());
        let is_one = |group: &&String| {
            let rest = group.strip_prefix(&former).and_then(|rest| rest.strip_prefix('-'));
            rest.and_then(|rest| rest.split_once('-'))
                .is_some_and(|(cluster, name)| name == index && Cluster::is_short(cluster))
        };
        let of = |group: &String| Self { worker, group: group.clone(), topic: names.generation().vectors() };
        let found: Vec<Self> = groups.iter().filter(is_one).map(of).collect();
        if found.is_empty() { vec![Self::former(worker, names)] } else { found }
    }
}

fn former(worker: &str, names: &Names) -> String {
    format!("{worker}-{}", names.generation().short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn names(index: &str) -> Names {
        Names::new(index, &sample()).unwrap()
    }

    #[test]
    fn what_is_written_elsewhere_is_read_by_another_group() {
        let [one, two] = ["a", "b"].map(|uuid| Cluster::known_by("uuid", uuid));
        let group = |worker, index, cluster| TopicReader::sink(worker, &names(index), cluster).group;
        let mine = group("index", "docs", &one);
        assert_eq!(mine, format!("index-{}-{}-docs", sample().short(), one.short()));
        let next = Generation { mapping: message::IndexMapping::of(4), ..sample() };
        let next = TopicReader::sink("index", &Names::new("docs", &next).unwrap(), &one).group;
        let others = [
            group("replicate", "docs", &one),
            group("index", "wiki", &one),
            group("index", "docs", &two),
            next,
        ];
        assert!(!others.contains(&mine), "{others:?}");
    }

    #[test]
    fn a_group_is_found_among_others_without_asking_the_cluster() {
        let cluster = Cluster::known_by("uuid", "a");
        let (docs, longer) = (names("docs"), names("docs-docs"));
        let of = |names| TopicReader::sink("index", names, &cluster);
        let groups: Vec<String> = [&docs, &longer].map(|names| of(names).group).into();
        assert_eq!(TopicReader::among("index", &docs, &groups), [of(&docs)]);
        assert_eq!(TopicReader::among("index", &longer, &groups), [of(&longer)]);
        let before = format!("index-{}", sample().short());
        let none = TopicReader::among("index", &names("wiki"), &groups);
        assert_eq!(none.iter().map(|reader| reader.group.as_str()).collect::<Vec<_>>(), [before.as_str()]);
        assert_eq!(
            TopicReader::among("replicate", &docs, &groups),
            [TopicReader::former("replicate", &docs)]
        );
    }

    #[test]
    fn groups_carry_what_their_worker_depends_on() {
        let generation = sample();
        assert_eq!(
            TopicReader::chunk(&generation.chunking).group,
            format!("chunk-{}", generation.chunking.short())
        );
        let embed = TopicReader::embed(&generation);
        assert_eq!(
            (embed.group, embed.topic),
            (format!("embed-{}", generation.space.short()), generation.chunks())
        );
    }
}
