//! One suite for every store: in memory, over a folder, and over the S3 server named by `MILLRACE_STORE` (`cargo test
//! -p objects -- --ignored`, with the settings of `compose/instance.sh` in the environment).

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "edge: files to compare with; a test")]

use bytes::Bytes;
use clap::Parser;
use message::DocumentId;
use objects::{FileStore, FolderStore, Look, MemoryStore, S3Settings, S3Store, Store, StoreError};

/// Keys that a careless client would alter: by decoding twice, trimming, collapsing or cutting.
const ODD_KEYS: [&str; 15] = [
    "a b.md",
    "a+b.md",
    "%41.md",
    "%2F and %",
    "odd dir/中文 报告+v1 (final)&=%41?.md",
    "🙂/emoji 👩‍💻.txt",
    ".hidden",
    "..leading",
    "dir/.hidden/..x",
    "trailing space ",
    "quo\"te'<&>;,:@$!*~#[]{}|^`\\.md",
    "tab\tand\nline",
    "ÄÖÜ combining a\u{308}",
    "folder/",
    "=+&?%",
];

/// Keys that S3 and OSS allow but a server over a file system does not: MinIO rejects them, versitygw takes them for
/// other keys (`a/b`, `b`). Both drop leading slashes.
const KEYS_BEYOND_FILES: [&str; 2] = ["a//b", "a/../b"];

fn id(bucket: &str, key: &str) -> DocumentId {
    DocumentId::new(bucket, key).unwrap()
}

async fn found<S: Store>(store: &S, document: &DocumentId) -> (String, Bytes) {
    let look = store.look(document, None, 1 << 30).await.unwrap();
    assert!(matches!(look, Look::Found { .. }), "{document}: {look:?}");
    let Look::Found { etag, size, bytes, .. } = look else { return (String::new(), Bytes::new()) };
    assert_eq!(size, bytes.len() as u64);
    (etag, bytes)
}

async fn keys<S: Store>(store: &S, bucket: &str, prefix: &str) -> Vec<String> {
    let mut listing = store.list(bucket, prefix);
    let mut keys = Vec::new();
    while let Some(entries) = listing.next().await.unwrap() {
        keys.extend(entries.into_iter().map(|entry| entry.key));
    }
    keys
}

async fn empty<S: Store>(store: &S, bucket: &str) {
    for key in keys(store, bucket, "").await {
        store.delete(&id(bucket, &key)).await.unwrap();
    }
}

async fn a_look_sees_the_object_as_it_is_now<S: Store>(store: &S, bucket: &str) {
    let document = id(bucket, "life.md");
    assert_eq!(store.look(&document, None, 100).await.unwrap(), Look::Gone);
    assert_eq!(store.head(&document).await.unwrap(), None);

    let first = store.put(&document, Bytes::from_static(b"one"), "text/markdown").await.unwrap();
    assert_eq!(found(store, &document).await, (first.clone(), Bytes::from_static(b"one")));
    assert_eq!(store.look(&document, Some(&first), 100).await.unwrap(), Look::Unchanged);
    let entry = store.head(&document).await.unwrap().unwrap();
    assert_eq!((entry.etag.as_str(), entry.size), (first.as_str(), 3));

    let second = store.put(&document, Bytes::from_static(b"two!"), "text/markdown").await.unwrap();
    assert_ne!(first, second);
    let look = store.look(&document, Some(&first), 100).await.unwrap();
    let expected = (second.as_str(), &Bytes::from_static(b"two!"));
    let is_second =
        matches!(&look, Look::Found { etag, size: 4, bytes, .. } if (etag.as_str(), bytes) == expected);
    assert!(is_second, "{look:?}");
    assert_eq!(second, objects::normalise_etag(&second));

    store.delete(&document).await.unwrap();
    store.delete(&document).await.unwrap();
    assert_eq!(store.look(&document, Some(&second), 100).await.unwrap(), Look::Gone);
}

async fn more_than_the_limit_is_not_read<S: Store>(store: &S, bucket: &str) {
    let document = id(bucket, "big.bin");
    let bytes = Bytes::from(vec![7_u8; 3 * 1024 * 1024 + 1]);
    store.put(&document, bytes.clone(), "application/octet-stream").await.unwrap();
    let size = bytes.len() as u64;
    assert_eq!(found(store, &document).await.1, bytes);
    assert!(matches!(store.look(&document, None, size).await, Ok(Look::Found { .. })));
    let found = store.look(&document, None, size - 1).await.unwrap();
    assert!(matches!(found, Look::TooLarge { size: seen, .. } if seen == size), "{found:?}");
}

async fn an_empty_object_is_an_object<S: Store>(store: &S, bucket: &str) {
    let document = id(bucket, "empty.txt");
    store.put(&document, Bytes::new(), "text/plain").await.unwrap();
    let (etag, bytes) = found(store, &document).await;
    assert!(bytes.is_empty() && !etag.is_empty());
    assert!(matches!(store.look(&document, None, 0).await, Ok(Look::Found { .. })));
}

async fn every_key_comes_back_as_it_was<S: Store>(store: &S, bucket: &str, odd: &[&str]) {
    for key in odd {
        let bytes = Bytes::from(format!("content of {key}"));
        let document = id(bucket, &format!("odd/{key}"));
        store
            .put(&document, if key.ends_with('/') { Bytes::new() } else { bytes }, "text/plain")
            .await
            .unwrap();
    }
    for key in odd {
        let document = id(bucket, &format!("odd/{key}"));
        let expected = if key.ends_with('/') { String::new() } else { format!("content of {key}") };
        assert_eq!(found(store, &document).await.1, expected, "{key:?}");
        assert_eq!(store.head(&document).await.unwrap().unwrap().key, document.key());
    }
    let mut expected: Vec<String> = odd.iter().map(|key| format!("odd/{key}")).collect();
    expected.sort();
    assert_eq!(keys(store, bucket, "odd/").await, expected);
    for key in odd {
        store.delete(&id(bucket, &format!("odd/{key}"))).await.unwrap();
    }
    assert!(keys(store, bucket, "odd/").await.is_empty());
}

async fn a_listing_goes_through_every_page<S: Store>(store: &S, bucket: &str, count: usize) {
    for n in 0..count {
        store
            .put(&id(bucket, &format!("many/{n:05}")), Bytes::from_static(b"x"), "text/plain")
            .await
            .unwrap();
    }
    let listed = keys(store, bucket, "many/").await;
    assert_eq!(listed.len(), count);
    assert!(listed.is_sorted());
    let page = store.page(bucket, "many/", None).await.unwrap();
    assert!(page.continuation.is_some() && page.entries.len() < count, "one page held all {count}");
}

async fn a_missing_bucket_is_not_a_missing_object<S: Store>(store: &S) {
    let document = id("millrace-no-such-bucket", "a.md");
    let errors = [
        store.look(&document, None, 10).await.unwrap_err(),
        store.head(&document).await.unwrap_err(),
        store.put(&document, Bytes::from_static(b"x"), "text/plain").await.unwrap_err(),
        store.page(document.bucket(), "", None).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::NoSuchBucket { .. }), "{error:?}");
    }
}

/// In a server over a file system, no object can be below another.
async fn a_file_where_a_folder_would_be_is_an_invalid_key(store: &S3Store, bucket: &str) {
    let (file, below) = (id(bucket, "file"), id(bucket, "file/below.md"));
    store.put(&file, Bytes::from_static(b"x"), "text/plain").await.unwrap();
    let error = store.put(&below, Bytes::from_static(b"x"), "text/plain").await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidKey { .. }), "{error:?}");
    assert_eq!(store.look(&below, None, 10).await.unwrap(), Look::Gone);
    store.delete(&below).await.unwrap();
    store.delete(&file).await.unwrap();
}

async fn an_object_of_any_size_comes_and_goes_as_a_file<S: FileStore>(store: &S, bucket: &str) {
    let (folder, document) = (tempfile::tempdir().unwrap(), id(bucket, "models/large.bin"));
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    for size in [0, 5 * 1024 * 1024 + 7] {
        let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        std::fs::write(&from, &bytes).unwrap();
        store.put_file(&document, &from).await.unwrap();
        assert_eq!(found(store, &document).await.1, bytes);
        assert!(store.save(&document, &to).await.unwrap());
        assert_eq!(std::fs::read(&to).unwrap(), bytes);
    }
    store.delete(&document).await.unwrap();
    let none = folder.path().join("none");
    assert!(!store.save(&document, &none).await.unwrap() && !none.exists());
    let nowhere = folder.path().join("no/folder");
    store.put(&document, Bytes::from_static(b"x"), "text/plain").await.unwrap();
    assert!(matches!(store.save(&document, &nowhere).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.put_file(&document, &nowhere).await, Err(StoreError::Unavailable { .. })));
    store.delete(&document).await.unwrap();
}

async fn suite<S: FileStore>(store: &S, bucket: &str, (many, odd): (usize, &[&str])) {
    store.ensure_bucket(bucket, None).await.unwrap();
    store.ensure_bucket(bucket, None).await.unwrap();
    empty(store, bucket).await;
    a_look_sees_the_object_as_it_is_now(store, bucket).await;
    more_than_the_limit_is_not_read(store, bucket).await;
    an_empty_object_is_an_object(store, bucket).await;
    an_object_of_any_size_comes_and_goes_as_a_file(store, bucket).await;
    every_key_comes_back_as_it_was(store, bucket, odd).await;
    a_listing_goes_through_every_page(store, bucket, many).await;
    a_missing_bucket_is_not_a_missing_object(store).await;
    empty(store, bucket).await;
}

#[tokio::test]
async fn memory() {
    let store = MemoryStore::with_page_size(4);
    suite(&store, "documents", (11, &ODD_KEYS)).await;
    every_key_comes_back_as_it_was(&store, "documents", &KEYS_BEYOND_FILES).await;
    every_key_comes_back_as_it_was(&store, "documents", &["//a", "/b"]).await;
    store.ensure_bucket("documents", Some("arn:minio:sqs::A:kafka")).await.unwrap();
    assert_eq!(store.notified("documents").as_deref(), Some("arn:minio:sqs::A:kafka"));
}

#[tokio::test]
async fn folder() {
    let files = tempfile::tempdir().unwrap();
    let store = FolderStore::open("documents", files.path()).unwrap().with_page_size(4);
    // Hidden files and folders are not objects here.
    let (beyond, odd): (Vec<&str>, Vec<&str>) = ODD_KEYS
        .iter()
        .partition(|key| key.ends_with('/') || key.split('/').any(|name| name.starts_with('.')));
    assert_eq!(beyond, [".hidden", "..leading", "dir/.hidden/..x", "folder/"]);
    suite(&store, "documents", (11, &odd)).await;
    let long = "n".repeat(300);
    let elsewhere = ["//a", "a//b", "a/../b", "../a", "a\0b", long.as_str()];
    for key in beyond.iter().chain(&KEYS_BEYOND_FILES).chain(&elsewhere) {
        let error = store.put(&id("documents", key), Bytes::new(), "").await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidKey { .. }), "{key:?}: {error:?}");
    }
    let error = store.ensure_bucket("documents", Some("arn:minio:sqs::A:kafka")).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected { .. }), "{error:?}");
}

/// Changes by others are seen as they are: edits in place, links, and files still without text.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "edge: somebody edits the files of a folder")]
async fn a_folder_is_what_its_files_are_now() {
    let files = tempfile::tempdir().unwrap();
    let at = |name: &str| files.path().join(name);
    let store = FolderStore::open("documents", files.path()).unwrap();
    std::fs::create_dir_all(at("a/b")).unwrap();
    std::fs::write(at("a/b/c.md"), "one").unwrap();
    std::fs::write(at(".hidden"), "no").unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "no").unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), at("link.md")).unwrap();
    std::os::unix::fs::symlink(outside.path(), at("elsewhere")).unwrap();

    assert_eq!(keys(&store, "documents", "").await, ["a/b/c.md"]);
    let left: Vec<String> = store.tree(9).await.unwrap().left_out.into_iter().map(|left| left.path).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    let (first, bytes) = found(&store, &id("documents", "a/b/c.md")).await;
    assert_eq!((bytes, store.tree(0).await.unwrap().more), (Bytes::from_static(b"one"), true));
    assert_eq!(store.look(&id("documents", "link.md"), None, 9).await.unwrap(), Look::Gone);
    for key in ["elsewhere/secret", "elsewhere/new.md"] {
        let error = store.put(&id("documents", key), Bytes::new(), "").await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidKey { .. }), "{error:?}");
        assert!(store.look(&id("documents", key), None, 9).await.is_err());
    }

    std::fs::write(at("a/b/c.md"), "another").unwrap();
    let (second, bytes) = found(&store, &id("documents", "a/b/c.md")).await;
    assert_eq!((bytes, first == second), (Bytes::from_static(b"another"), false));
    let reading = store.clone().read_only();
    for error in [
        reading.put(&id("documents", "a/b/c.md"), Bytes::new(), "").await.unwrap_err(),
        reading.delete(&id("documents", "a/b/c.md")).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::ObjectDenied { .. }), "{error:?}");
    }
    assert_eq!(found(&reading, &id("documents", "a/b/c.md")).await.0, second);
    std::fs::remove_file(at("a/b/c.md")).unwrap();
    assert_eq!(store.look(&id("documents", "a/b/c.md"), Some(&second), 9).await.unwrap(), Look::Gone);
    // The loss of the folder itself never counts as the deletion of its files.
    drop(files);
    let error = store.look(&id("documents", "a/b/c.md"), None, 9).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchBucket { .. }), "{error:?}");
    assert!(matches!(store.tree(9).await, Err(StoreError::NoSuchBucket { .. })));
}

/// A file being written while it is read is read as one version, or not at all.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "edge: somebody edits a file while it is read")]
async fn a_file_that_is_written_meanwhile_is_never_a_mixture() {
    let files = tempfile::tempdir().unwrap();
    let store = FolderStore::open("documents", files.path()).unwrap();
    let path = files.path().join("a.bin");
    std::fs::write(&path, vec![0_u8; 1 << 20]).unwrap();
    let writing = std::thread::spawn(move || {
        for round in 1..60_u8 {
            std::fs::write(&path, vec![round; 1 << 20]).unwrap();
            // In the end written so slowly that even a busy machine reads one version completely.
            let pause = if round < 50 { 5 } else { 300 };
            std::thread::sleep(std::time::Duration::from_millis(pause));
        }
    });
    let (mut whole, mut waits) = (0, 0);
    while !writing.is_finished() {
        match store.look(&id("documents", "a.bin"), None, 1 << 30).await {
            Ok(Look::Found { bytes, .. }) => {
                whole += 1;
                assert!(bytes.iter().all(|byte| *byte == bytes[0]), "two versions in one look");
            }
            Err(StoreError::Unavailable { .. }) => waits += 1,
            other => panic!("{other:?}"),
        }
    }
    writing.join().unwrap();
    assert!(whole > 0, "nothing was ever read, {waits} waits");
}

#[derive(Parser)]
struct Environment {
    #[command(flatten)]
    s3: S3Settings,
    /// Which server it is.
    #[arg(long, env = "MILLRACE_STORE")]
    store: String,
}

/// MinIO rejects keys that are not valid paths, and returns the targets in a bucket's configuration.
async fn minio(store: &S3Store, bucket: &str) {
    for key in KEYS_BEYOND_FILES {
        let error = store.put(&id(bucket, key), Bytes::from_static(b"x"), "text/plain").await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidKey { .. }), "{key:?}: {error:?}");
    }
    store.ensure_bucket(bucket, Some("arn:minio:sqs::A:kafka")).await.unwrap();
    store.ensure_bucket(bucket, Some("arn:minio:sqs::A:kafka")).await.unwrap();
    let error = store.ensure_bucket(bucket, Some("arn:minio:sqs::nobody:kafka")).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected { .. }), "{error:?}");
}

/// versitygw notifies Kafka for all buckets, and says so when asked to notify for one.
async fn versitygw(store: &S3Store, bucket: &str) {
    let error = store.ensure_bucket(bucket, Some("arn:minio:sqs::A:kafka")).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "real: store"]
async fn real() {
    let Environment { s3: settings, store: server } = Environment::parse_from(["test"]);
    let store = S3Store::new(&settings).unwrap();
    let bucket = "millrace-objects-suite";
    suite(&store, bucket, (1005, &ODD_KEYS)).await;
    a_file_where_a_folder_would_be_is_an_invalid_key(&store, bucket).await;
    if server == "minio" {
        minio(&store, bucket).await;
    } else {
        versitygw(&store, bucket).await;
    }

    let mut stranger = settings.clone();
    stranger.access_key_id = "nobody".parse().ok();
    let error = S3Store::new(&stranger).unwrap().look(&id(bucket, "a.md"), None, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::BadCredentials { .. }), "{error:?}");

    let mut wrong = settings;
    wrong.secret_access_key = "not the secret".parse().ok();
    let store = S3Store::new(&wrong).unwrap();
    for error in [
        store.look(&id(bucket, "a.md"), None, 10).await.unwrap_err(),
        store.head(&id(bucket, "a.md")).await.unwrap_err(),
        store.page(bucket, "", None).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::BadCredentials { .. }), "{error:?}");
    }
}
