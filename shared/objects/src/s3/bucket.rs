//! Creates a bucket and configures its notifications.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Event, NotificationConfiguration, QueueConfiguration,
};

use super::S3Store;
use super::failure::Failure;
use crate::StoreError;

const EVENTS: [Event; 2] = [Event::S3ObjectCreated, Event::S3ObjectRemoved];

impl S3Store {
    /// Creates the bucket if it does not exist.
    pub(super) async fn ensure_exists(&self, bucket: &str) -> Result<(), StoreError> {
        match self.probe(bucket, "").await {
            Err(StoreError::NoSuchBucket { .. }) => {}
            found => return found,
        }
        let mut request = self.client.create_bucket().bucket(bucket);
        if let Some(region) = self.location_constraint() {
            let constraint = BucketLocationConstraint::from(region);
            let place = CreateBucketConfiguration::builder().location_constraint(constraint).build();
            request = request.create_bucket_configuration(place);
        }
        match Box::pin(request.send()).await.map_err(|error| Failure::of(&error)) {
            Ok(_) => Ok(()),
            // Another process just created it; listing shows whether it is ours.
            Err(failure) if failure.status == Some(409) => self.probe(bucket, "").await,
            Err(failure) => Err(failure.of_bucket(&self.endpoint, bucket)),
        }
    }

    /// Adds `target` to the bucket's notification targets. The call replaces the whole configuration, so the existing
    /// one is read first and kept, and nothing is written when it already contains the target.
    pub(super) async fn ensure_notified(&self, bucket: &str, target: &str) -> Result<(), StoreError> {
        let known = Box::pin(self.client.get_bucket_notification_configuration().bucket(bucket).send())
            .await
            .map_err(|error| Failure::of(&error).of_bucket(&self.endpoint, bucket))?;
        let queues = known.queue_configurations();
        if queues.iter().any(|queue| tells_all(queue, target)) {
            return Ok(());
        }
        let ours = queue(target).map_err(|error| StoreError::Rejected {
            subject: bucket.to_owned(),
            endpoint: self.endpoint.clone(),
            code: "notification".to_owned(),
            message: error.to_string(),
        })?;
        let kept = queues.iter().filter(|queue| queue.queue_arn() != target).cloned();
        let configuration = NotificationConfiguration::builder()
            .set_queue_configurations(Some(kept.chain([ours]).collect()))
            .set_topic_configurations(known.topic_configurations.clone())
            .set_lambda_function_configurations(known.lambda_function_configurations.clone())
            .set_event_bridge_configuration(known.event_bridge_configuration.clone())
            .build();
        let request = self.client.put_bucket_notification_configuration().bucket(bucket);
        Box::pin(request.notification_configuration(configuration).send())
            .await
            .map_err(|error| Failure::of(&error).of_bucket(&self.endpoint, bucket))?;
        Ok(())
    }
}

/// Whether this target is notified of every created and removed object.
fn tells_all(queue: &QueueConfiguration, target: &str) -> bool {
    queue.queue_arn() == target
        && queue.filter().is_none_or(|filter| filter.key().is_none_or(|key| key.filter_rules().is_empty()))
        && EVENTS.iter().all(|event| queue.events().contains(event))
}

fn queue(target: &str) -> Result<QueueConfiguration, BuildError> {
    QueueConfiguration::builder().id("millrace").queue_arn(target).set_events(Some(EVENTS.to_vec())).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_both_events_of_this_target_are_enough() {
        let ours = queue("arn:minio:sqs::kafka:kafka").unwrap();
        assert!(tells_all(&ours, "arn:minio:sqs::kafka:kafka"));
        assert!(!tells_all(&ours, "arn:minio:sqs::other:kafka"));
        let half =
            QueueConfiguration::builder().queue_arn("a").events(Event::S3ObjectCreated).build().unwrap();
        assert!(!tells_all(&half, "a"));
    }
}
