//! What an event's name means: an exact list, so that nothing is guessed from a prefix.
//!
//! Why not `ObjectCreated:*`: OSS sends `ObjectCreated:UploadPart` for each part of an upload that does not exist
//! yet, MinIO sends `ObjectCreated:PutTagging` when no content changed, and `ObjectRemoved:AbortMultipartUpload`
//! removes nothing. An unlisted name is ignored, counted and logged; looking at the object just in case would let a
//! store with a new chatty event cause a request per second for each object. What such an event may have changed is
//! found by `reconcile`; the fix is one line in this file.

/// The effect of an event on an object's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectChange {
    /// Written, or made readable again.
    Created,
    /// It was deleted.
    Removed,
    /// No effect.
    Ignored(IgnoreReason),
}

/// Why a notice leads to no reference. A small closed set, usable as a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IgnoreReason {
    /// The store's test message.
    Test,
    /// Tags, retention, ACL, storage class: the content stays.
    Metadata,
    /// An upload that is incomplete or was aborted.
    UnfinishedUpload,
    /// A read, by a client or the store itself.
    Read,
    /// The object did not exist before either.
    NothingDone,
    /// An event of a bucket, an account or another service.
    NotAnObject,
    /// A name that is not listed.
    UnknownName,
    /// The key is outside the include prefixes, or inside the exclude prefixes.
    OutOfScope,
    /// A file of Millrace's own.
    OwnFile,
    /// A bucket that holds no documents.
    OtherBucket,
}

impl IgnoreReason {
    /// The reason in one word, for metrics and logs.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Metadata => "metadata",
            Self::UnfinishedUpload => "unfinished_upload",
            Self::Read => "read",
            Self::NothingDone => "nothing_done",
            Self::NotAnObject => "not_an_object",
            Self::UnknownName => "unknown_name",
            Self::OutOfScope => "out_of_scope",
            Self::OwnFile => "own_file",
            Self::OtherBucket => "other_bucket",
        }
    }
}

/// What the event `name` does. The prefixes `s3:` and `oss:` are ignored, because some services add or strip them.
#[must_use]
pub fn change(name: &str) -> ObjectChange {
    let bare = name.strip_prefix("s3:").or_else(|| name.strip_prefix("oss:")).unwrap_or(name);
    written_or_removed(bare).unwrap_or_else(|| ObjectChange::Ignored(why_ignored(bare)))
}

fn written_or_removed(name: &str) -> Option<ObjectChange> {
    match name {
        // S3, MinIO, versitygw
        "ObjectCreated:Put"
        | "ObjectCreated:Post"
        | "ObjectCreated:Copy"
        | "ObjectCreated:CompleteMultipartUpload"
        // Restored from an archive: unreadable before (a dead letter), readable now.
        | "ObjectRestore:Completed"
        // OSS
        | "ObjectCreated:PutObject"
        | "ObjectCreated:PostObject"
        | "ObjectCreated:CopyObject"
        | "ObjectCreated:AppendObject"
        | "ObjectCreated:PutSymlink"
        | "ObjectReplication:ObjectCreated"
        | "ObjectReplication:ObjectModified"
        | "ObjectRestore:FinishRestore"
        | "ObjectCreatedGroup"
        // S3 through AWS EventBridge
        | "Object Created"
        | "Object Restore Completed" => Some(ObjectChange::Created),
        // S3, MinIO, versitygw
        "ObjectRemoved:Delete"
        | "ObjectRemoved:DeleteMarkerCreated"
        | "ObjectRemoved:DeleteAllVersions"
        | "LifecycleExpiration:Delete"
        | "LifecycleExpiration:DeleteMarkerCreated"
        | "LifecycleDelMarkerExpiration:Delete"
        // OSS; versitygw for batches
        | "ObjectRemoved:DeleteObject"
        | "ObjectRemoved:DeleteObjects"
        | "ObjectReplication:ObjectRemoved"
        | "ObjectRemovedGroup"
        // S3 through AWS EventBridge
        | "Object Deleted" => Some(ObjectChange::Removed),
        _ => None,
    }
}

fn why_ignored(name: &str) -> IgnoreReason {
    match name {
        "TestEvent" => IgnoreReason::Test,
        "ObjectCreated:PutTagging"
        | "ObjectCreated:DeleteTagging"
        | "ObjectCreated:PutRetention"
        | "ObjectCreated:PutLegalHold"
        | "ObjectTagging:Put"
        | "ObjectTagging:Delete"
        | "ObjectAcl:Put"
        | "ObjectTransition:Failed"
        | "ObjectTransition:Complete"
        | "LifecycleTransition"
        | "IntelligentTiering"
        | "ObjectRestore:Post"
        | "ObjectRestore:Delete"
        | "Replication:OperationFailedReplication"
        | "Replication:OperationMissedThreshold"
        | "Replication:OperationReplicatedAfterThreshold"
        | "Replication:OperationNotTracked"
        | "Replication:OperationCompletedReplication"
        | "Object Tags Added"
        | "Object Tags Deleted"
        | "Object ACL Updated"
        | "Object Storage Class Changed"
        | "Object Access Tier Changed"
        | "Object Restore Initiated"
        | "Object Restore Expired" => IgnoreReason::Metadata,
        "ObjectCreated:InitiateMultipartUpload"
        | "ObjectCreated:UploadPart"
        | "ObjectCreated:UploadPartCopy"
        | "ObjectRemoved:AbortMultipartUpload" => IgnoreReason::UnfinishedUpload,
        "ObjectDownloaded:GetObject"
        | "ObjectDownloadedGroup"
        | "ObjectAccessed:Get"
        | "ObjectAccessed:GetRetention"
        | "ObjectAccessed:GetLegalHold"
        | "ObjectAccessed:Head"
        | "ObjectAccessed:Attributes"
        | "Scanner:ManyVersions"
        | "Scanner:LargeVersions"
        | "Scanner:BigPrefix" => IgnoreReason::Read,
        "ObjectRemoved:NoOP" | "ReducedRedundancyLostObject" => IgnoreReason::NothingDone,
        "BucketCreated:PutBucket"
        | "BucketCreated:*"
        | "BucketCreated"
        | "BucketRemoved:DeleteBucket"
        | "BucketRemoved:*"
        | "BucketRemoved"
        | "ActionTrail:AliyunServiceEvent"
        | "ActionTrail:ApiCall"
        | "ActionTrail:ConsoleOperation"
        | "AWS API Call via CloudTrail"
        | "dashscope:System:AsyncTaskFinish" => IgnoreReason::NotAnObject,
        _ => IgnoreReason::UnknownName,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_does_not_count() {
        for name in ["ObjectCreated:Put", "s3:ObjectCreated:Put", "oss:ObjectCreated:PutObject"] {
            assert_eq!(change(name), ObjectChange::Created, "{name}");
        }
        assert_eq!(change("oss:s3:ObjectCreated:Put"), ObjectChange::Ignored(IgnoreReason::UnknownName));
    }

    #[test]
    fn what_sounds_like_a_change_and_is_none_changes_nothing() {
        for (name, reason) in [
            ("oss:ObjectCreated:InitiateMultipartUpload", IgnoreReason::UnfinishedUpload),
            ("oss:ObjectCreated:UploadPart", IgnoreReason::UnfinishedUpload),
            ("oss:ObjectCreated:UploadPartCopy", IgnoreReason::UnfinishedUpload),
            ("oss:ObjectRemoved:AbortMultipartUpload", IgnoreReason::UnfinishedUpload),
            ("s3:ObjectCreated:PutTagging", IgnoreReason::Metadata),
            ("s3:ObjectCreated:DeleteTagging", IgnoreReason::Metadata),
            ("s3:ObjectCreated:PutRetention", IgnoreReason::Metadata),
            ("s3:ObjectRemoved:NoOP", IgnoreReason::NothingDone),
            ("s3:TestEvent", IgnoreReason::Test),
            ("ObjectCreated:SomethingNew", IgnoreReason::UnknownName),
            ("objectcreated:put", IgnoreReason::UnknownName),
            ("ObjectCreated:Put ", IgnoreReason::UnknownName),
            ("", IgnoreReason::UnknownName),
        ] {
            assert_eq!(change(name), ObjectChange::Ignored(reason), "{name:?}");
        }
    }
}
