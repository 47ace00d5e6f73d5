//! `import`.
//!
//! It writes the log again and tells its readers where to begin: `embed` at its end, so that nothing is embedded, and the
//! writer of an engine at its end too, where the indexes are known to hold all of it. They are those of before the loss then,
//! and may hold what came after the export: `ledger rebuild` compares. Written again from the start, documents that were
//! deleted since would come back until the bucket was compared.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use generation::{Generation, Target, TopicReader};
use message::{ChangeAuthor, GenerationEntry};
use objects::{FileStore, Look, S3Store};
use process::Failure;
use registry::{Registry, RegistryWriter, rules};
use serde_json::json;
use sink::{Engine, Reader as _, Sink as _, SinkError};
use stream::kafka::Kafka;
use stream::{BeginGroup, Broker, Committed, Memo, StreamError, wall_seconds};

use super::super::topics_apply::{self, TopicWish};
use super::file::{LogFileReader, scratch};
use super::manifest::{ArchivePlace, LogFile, LogManifest, MANIFEST};
use crate::again::LookWriter;
use crate::cli::ImportLog;
use crate::show;
use crate::world::{self, Destination, World};

/// Maximum size of a manifest in bytes.
const LIMIT: u64 = 64 << 20;

pub(in crate::command) async fn run(ask: &ImportLog) -> Result<ExitCode, Failure> {
    let settings = &ask.world;
    let place = ArchivePlace { bucket: settings.bucket.bucket.clone(), prefix: ask.prefix.clone() };
    let manifest = manifest(&S3Store::new(&settings.bucket.store)?, &place).await?;
    let kafka = Kafka::new(&settings.kafka);
    let index = &settings.generation.index.index;
    let here = match registry::look(&kafka).await?.serving(index) {
        // The export says what is served.
        None if manifest.is_served => None,
        Some(_) | None => Some(world::generation(&settings.generation, &kafka).await?),
    };
    manifest.check(index, here.as_ref())?;
    let world = World::of(settings, Generation::from(&manifest.generation))?;
    let begins = begins(&world, &manifest).await?;
    check_empty(&kafka, &world.generation).await?;
    if !ask.yes {
        tell(ask, &manifest, &begins, 0)?;
        show::note("nothing was written: stop the workers, and run it again with --yes");
        return Ok(ExitCode::FAILURE);
    }
    // The existing topic decides; after the loss of all of Kafka, the setting does.
    let partitions = kafka.partitions(topics::DOCUMENTS).await.unwrap_or(ask.partitions);
    let generations = std::slice::from_ref(&world.generation);
    let wish = TopicWish { partitions, replication: ask.replication, queries_days: None };
    topics_apply::apply(&kafka, generations, wish, |_| Ok(())).await?;
    let folder = scratch(&world.data)?;
    let job = ImportJob {
        kafka: &kafka,
        store: &world.store,
        place: &place,
        manifest: &manifest,
        begins: &begins,
        folder: folder.path(),
    };
    let records = job.run().await?;
    let author = ChangeAuthor { by: ask.by.clone(), at: wall_seconds() };
    enter(&kafka, &manifest, &author).await?;
    tell(ask, &manifest, &begins, records)?;
    show::note(
        "now, in this order: `millrace ledger rebuild --yes`, start the workers, `millrace reconcile`, and \
         `millrace audit --repair` until it finds everything equal",
    );
    Ok(ExitCode::SUCCESS)
}

/// The manifest of the export at this place.
///
/// # Errors
/// When the store does not answer, or there is no whole export.
pub(super) async fn manifest<O: FileStore>(store: &O, place: &ArchivePlace) -> Result<LogManifest, Failure> {
    let object = place.file(MANIFEST)?;
    match store.look(&object, None, LIMIT).await? {
        Look::Found { bytes, .. } => {
            LogManifest::read(&bytes).map_err(|cause| format!("{object}: {cause}").into())
        }
        Look::Gone => Err(format!(
            "there is no {object}: the place is another one, or the export was ended before it was whole and is none"
        )
        .into()),
        Look::TooLarge { .. } | Look::Unchanged => Err(format!("{object} is no manifest").into()),
    }
}

/// A writer that begins at the end: its indexes hold what is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WriterBegin {
    /// Its consumer group.
    pub(super) group: String,
    /// What it commits with the offset.
    pub(super) identity: String,
}

async fn begins(world: &World, manifest: &LogManifest) -> Result<Vec<WriterBegin>, Failure> {
    let mut begins = Vec::new();
    for one in &world.engines {
        let indexes = match one.engine.standing().await {
            Ok(indexes) => indexes,
            // It is filled from the log.
            Err(SinkError::Missing { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let group = TopicReader::sink(one.kind.worker(), &world.names, &one.engine.cluster().await?).group;
        match manifest.identity(&group, &indexes) {
            Some(identity) => begins.push(WriterBegin { group, identity }),
            None => warn_of_others(one).await?,
        }
    }
    Ok(begins)
}

/// Tells that the indexes of an engine hold documents of which nothing says that they are of this log.
async fn warn_of_others(one: &Destination<Engine>) -> Result<(), Failure> {
    let engine = &one.engine;
    if engine.count(Target::Chunks).await? + engine.count(Target::Documents).await? == 0 {
        return Ok(());
    }
    let [chunks, documents] =
        [Target::Chunks, Target::Documents].map(|target| engine.names().physical(target));
    show::note(&format!(
        "{}: nothing proves that its indexes were written from this log, so `{}` will refuse to write them: delete them before \
         it is started (DELETE /{chunks},{documents}), and it fills them from the log; nothing is embedded",
        one.kind.name(),
        one.kind.worker()
    ));
    Ok(())
}

/// Fails when a topic holds records: what is there may be later than the export, and the last record of a key wins.
async fn check_empty<K: Broker>(kafka: &K, generation: &Generation) -> Result<(), Failure> {
    for topic in [generation.chunks(), generation.vectors()] {
        let Some(partitions) = kafka.existing(&topic).await? else { continue };
        for partition in 0..partitions {
            if !kafka.range(&topic, partition).await?.is_empty() {
                return Err(format!(
                    "the topic {topic} holds records, and an import goes into empty topics only. If Kafka was not lost, nothing has \
                     to be imported. If an import was interrupted, delete {} and {} with your Kafka's own tool, and run it again",
                    generation.chunks(),
                    generation.vectors()
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Enters what was served, where the registry was lost too.
async fn enter(kafka: &Kafka, manifest: &LogManifest, author: &ChangeAuthor) -> Result<(), Failure> {
    if !manifest.is_served {
        return Ok(());
    }
    // The barrier is a place in the log of before.
    let entry = GenerationEntry { barrier: [].into(), ..manifest.generation.clone() };
    let change = |registry: &Registry| {
        let mut entries = Vec::new();
        if let Some(model) = &manifest.model
            && registry.model(&model.fingerprint).is_none()
        {
            entries.extend(rules::enter_model(registry, model.clone())?);
        }
        entries.extend(rules::adopt(registry, entry.clone(), author)?);
        Ok(entries)
    };
    Ok(RegistryWriter::new(kafka.clone(), &manifest.generation.index).change(change).await?)
}

fn tell(
    ask: &ImportLog,
    manifest: &LogManifest,
    begins: &[WriterBegin],
    written: u64,
) -> Result<(), Failure> {
    let (id, log) = (&manifest.generation.id, &manifest.log);
    let groups: Vec<&str> = begins.iter().map(|begin| begin.group.as_str()).collect();
    if ask.json {
        show::json(&json!({
            "generation": id, "exported": manifest.at, "records": log.records, "files": log.files.len(),
            "writers": groups, "written": written,
        }))?;
        return Ok(());
    }
    let at = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(manifest.at));
    show::line(&format!(
        "generation {id}, exported at {at}: {} records in {} files, {written} written to each topic",
        log.records,
        log.files.len()
    ));
    for group in groups {
        show::line(&format!("{group} goes on with its indexes, which hold all of it"));
    }
    Ok(())
}

/// An export, and where it goes.
#[derive(Debug)]
pub(super) struct ImportJob<'a, K, O> {
    /// Kafka.
    pub(super) kafka: &'a K,
    /// The object store.
    pub(super) store: &'a O,
    /// Where in it.
    pub(super) place: &'a ArchivePlace,
    /// What the export is.
    pub(super) manifest: &'a LogManifest,
    /// Writers that begin at the end.
    pub(super) begins: &'a [WriterBegin],
    /// Holds one file at a time.
    pub(super) folder: &'a Path,
}

impl<K: BeginGroup, O: FileStore> ImportJob<'_, K, O> {
    /// Writes the log into its topics, which have to be there and to be empty; returns how many records each has then.
    ///
    /// # Errors
    /// When Kafka or the store does not answer, a group has members, or the export is not whole. What was written stays.
    pub(super) async fn run(&self) -> Result<u64, Failure> {
        let generation = Generation::from(&self.manifest.generation);
        check_empty(self.kafka, &generation).await?;
        let before = both_ends(self.kafka, &generation).await?;
        // Fails while a worker runs, which would embed or write what comes.
        self.begin(&generation, &before).await?;
        let mut writer = LookWriter::new(self.kafka)?;
        let mut taken = 0;
        for file in &self.manifest.log.files {
            taken += self.file(file, &generation, &mut writer).await?;
        }
        writer.flush().await?;
        let after = both_ends(self.kafka, &generation).await?;
        let added = |before: &[i64], after: &[i64]| {
            u64::try_from(after.iter().sum::<i64>() - before.iter().sum::<i64>()).unwrap_or_default()
        };
        let there = (added(&before.0, &after.0), added(&before.1, &after.1));
        let expected = self.manifest.log.records;
        if taken != expected || there != (expected, expected) {
            return Err(format!(
                "the export has {expected} records, {taken} were read, and the topics got {} and {}: something else writes to them. \
                 Stop the workers, delete the topics, and run it again",
                there.0, there.1
            )
            .into());
        }
        self.begin(&generation, &after).await?;
        Ok(taken)
    }

    /// Lets the readers of passages and of vectors begin at these offsets.
    async fn begin(
        &self,
        generation: &Generation,
        (chunks, vectors): &(Vec<i64>, Vec<i64>),
    ) -> Result<(), Failure> {
        let at = wall_seconds();
        let places = |ends: &[i64], identity: &str| {
            let memo = Memo { identity: identity.to_owned(), at, ..Memo::default() };
            ends.iter().map(|&next| Committed { next, memo: memo.clone() }).collect::<Vec<_>>()
        };
        let embed = TopicReader::embed(generation);
        self.kafka.begin(&embed.group, &embed.topic, places(chunks, "")).await?;
        for WriterBegin { group, identity } in self.begins {
            self.kafka.begin(group, &generation.vectors(), places(vectors, identity)).await?;
        }
        Ok(())
    }

    /// Writes what is to be taken of a file; returns how many rows that were.
    async fn file(
        &self,
        file: &LogFile,
        generation: &Generation,
        writer: &mut LookWriter<K>,
    ) -> Result<u64, Failure> {
        let (object, path) = (self.place.file(&file.name)?, self.folder.join("import.parquet"));
        let other = |cause: &str| format!("{object} {cause}: take another export");
        if !self.store.save(&object, &path).await? {
            return Err(other("is gone").into());
        }
        let found = model::file_digest(&path)?;
        if found != file.sha256 {
            let expected = &file.sha256;
            return Err(other(&format!("has the sha-256 {found}, and the manifest says {expected}")).into());
        }
        let mut reader = LogFileReader::open(&path)?;
        let (mut rows, mut taken) = (0, 0);
        while let Some(group) = reader.next_group()? {
            for row in group {
                let row = row?;
                rows += 1;
                if !self.manifest.takes(row.partition, row.offset) {
                    continue;
                }
                taken += 1;
                let cannot = |cause: String| other(&format!("cannot be read ({cause})"));
                for record in row.records(generation).map_err(cannot)? {
                    writer.say(record).await?;
                }
            }
        }
        if rows != file.rows {
            return Err(other(&format!("has {rows} rows, and the manifest says {}", file.rows)).into());
        }
        show::note(&format!("{}: {taken} records", file.name));
        Ok(taken)
    }
}

/// The ends of the topics of passages and of vectors.
async fn both_ends<K: Broker>(
    kafka: &K,
    generation: &Generation,
) -> Result<(Vec<i64>, Vec<i64>), StreamError> {
    Ok((ends(kafka, &generation.chunks()).await?, ends(kafka, &generation.vectors()).await?))
}

/// The offset after the last record of each partition.
async fn ends<K: Broker>(kafka: &K, topic: &str) -> Result<Vec<i64>, StreamError> {
    let mut ends = Vec::new();
    for partition in 0..kafka.partitions(topic).await? {
        ends.push(kafka.range(topic, partition).await?.end);
    }
    Ok(ends)
}
