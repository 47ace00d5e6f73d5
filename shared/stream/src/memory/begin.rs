//! Commits where a group begins.

use super::Memory;
use crate::begin::{BeginGroup, check_places};
use crate::broker::{Committed, StreamError, missing_topic};

impl BeginGroup for Memory {
    async fn begin(&self, group: &str, topic: &str, places: Vec<Committed>) -> Result<(), StreamError> {
        let mut state = self.lock();
        let partitions = state.topics.get(topic).ok_or_else(|| missing_topic(topic))?.len();
        check_places(topic, partitions, &places)?;
        let held = state.groups.entry((group.to_owned(), topic.to_owned())).or_default();
        if !held.members.is_empty() {
            return Err(StreamError::Unavailable(format!("the group {group} has members")));
        }
        held.committed = (0..).zip(places).collect();
        Ok(())
    }
}
