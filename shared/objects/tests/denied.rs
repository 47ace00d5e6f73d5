//! Access denied by a real store: a bucket policy, and a reader without credentials.

#![expect(clippy::unwrap_used, reason = "a test")]

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use clap::Parser;
use message::DocumentId;
use objects::{Look, S3Settings, S3Store, Store, StoreError};

const BUCKET: &str = "millrace-objects-denied";

#[derive(Parser)]
struct Environment {
    #[command(flatten)]
    s3: S3Settings,
    /// The same settings in the form that this test's client needs.
    #[arg(long, env = "MILLRACE_S3_ACCESS_KEY_ID")]
    id: String,
    #[arg(long, env = "MILLRACE_S3_SECRET_ACCESS_KEY")]
    secret: String,
}

/// Lets everyone list the bucket and read all of it but `secret.md`.
async fn open_to_all_but_one(environment: &Environment) {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::{BUCKET}"]}},
        {{"Effect":"Allow","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{BUCKET}/*"]}},
        {{"Effect":"Deny","Principal":"*","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{BUCKET}/secret.md"]}}]}}"#
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .force_path_style(true)
        .endpoint_url(environment.s3.endpoint.clone().unwrap())
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(&environment.id, &environment.secret, None, None, "test"))
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    Box::pin(client.put_bucket_policy().bucket(BUCKET).policy(policy).send()).await.unwrap();
}

#[tokio::test]
#[ignore = "real: store"]
async fn real() {
    let environment = Environment::parse_from(["test"]);
    let owner = S3Store::new(&environment.s3).unwrap();
    let mut nobody = environment.s3.clone();
    (nobody.access_key_id, nobody.secret_access_key) = (None, None);
    let nobody = S3Store::new(&nobody).unwrap();

    let id = |key: &str| DocumentId::new(BUCKET, key).unwrap();
    owner.ensure_bucket(BUCKET, None).await.unwrap();
    for key in ["open.md", "secret.md"] {
        owner.put(&id(key), Bytes::from_static(b"text"), "text/markdown").await.unwrap();
    }
    let error =
        nobody.look(&DocumentId::new("millrace-closed", "a.md").unwrap(), None, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::BucketDenied { .. } | StoreError::NoSuchBucket { .. }), "{error:?}");

    open_to_all_but_one(&environment).await;
    assert!(matches!(nobody.look(&id("open.md"), None, 10).await, Ok(Look::Found { .. })));
    assert_eq!(nobody.look(&id("missing.md"), None, 10).await.unwrap(), Look::Gone);
    assert_eq!(nobody.head(&id("missing.md")).await.unwrap(), None);
    for error in [
        nobody.look(&id("secret.md"), None, 10).await.unwrap_err(),
        nobody.head(&id("secret.md")).await.unwrap_err(),
        nobody.put(&id("new.md"), Bytes::from_static(b"x"), "text/plain").await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::ObjectDenied { .. }), "{error:?}");
    }
    for key in ["open.md", "secret.md"] {
        owner.delete(&id(key)).await.unwrap();
    }
}
