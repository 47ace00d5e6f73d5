//! Identifies the search cluster that a writer writes to.

use message::Fingerprint;

/// A search cluster, as it identifies itself: two addresses of one cluster are equal, two clusters differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cluster(String);

impl Cluster {
    /// The cluster identified by `is`, which is its `uuid` or `name`, or its `host` where it tells neither.
    #[must_use]
    pub fn known_by(what: &str, is: &str) -> Self {
        Self(Fingerprint::of(&[(what, is)]).short().to_owned())
    }

    /// 12 characters that identify it.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0
    }

    /// Whether `text` may be a cluster's short form.
    pub(crate) fn is_short(text: &str) -> bool {
        text.len() == 12 && text.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_what_it_says_of_itself() {
        let one = Cluster::known_by("uuid", "a");
        assert_eq!(one, Cluster::known_by("uuid", "a"));
        assert_ne!(one, Cluster::known_by("uuid", "b"));
        assert_ne!(one, Cluster::known_by("name", "a"));
        assert!(Cluster::is_short(one.short()) && !Cluster::is_short("millrace"));
    }
}
