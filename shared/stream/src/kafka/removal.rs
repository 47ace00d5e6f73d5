//! Deletes topics and consumer groups that nothing needs any more.

use rdkafka::admin::AdminOptions;
use rdkafka::types::RDKafkaErrorCode as Code;

use super::{ASK, Kafka, unavailable};
use crate::broker::StreamError;

impl Kafka {
    /// Deletes a topic with all its records; succeeds when there is none of this name.
    ///
    /// # Errors
    /// Unavailable, when the broker is away; fatal, when it refuses.
    pub async fn delete_topic(&self, topic: &str) -> Result<(), StreamError> {
        let options = AdminOptions::new().operation_timeout(Some(ASK)).request_timeout(Some(ASK));
        let answers = self.admin()?.delete_topics(&[topic], &options).await;
        let answers = answers.map_err(|error| unavailable(&self.settings, &error))?;
        settled(topic, answers, &[Code::UnknownTopic, Code::UnknownTopicOrPartition])
    }

    /// Deletes a consumer group with its offsets; succeeds when there is none of this name.
    ///
    /// # Errors
    /// Unavailable, when the broker is away; fatal, when it refuses, such as while the group has members.
    pub async fn delete_group(&self, group: &str) -> Result<(), StreamError> {
        let options = AdminOptions::new().request_timeout(Some(ASK));
        let answers = self.admin()?.delete_groups(&[group], &options).await;
        let answers = answers.map_err(|error| unavailable(&self.settings, &error))?;
        settled(group, answers, &[Code::GroupIdNotFound])
    }
}

fn settled(
    name: &str,
    answers: Vec<Result<String, (String, Code)>>,
    absent: &[Code],
) -> Result<(), StreamError> {
    for answer in answers {
        if let Err((_, code)) = answer
            && !absent.contains(&code)
        {
            return Err(StreamError::Fatal(format!("{name} was not deleted: {code}")));
        }
    }
    Ok(())
}
