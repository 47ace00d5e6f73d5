//! `export`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use futures::stream::TryStreamExt as _;
use generation::{Generation, TopicReader};
use message::{ChangeAuthor, FillSource};
use objects::{FileStore, OWN_PREFIX, Store as _};
use process::Failure;
use registry::GenerationKey;
use serde_json::json;
use sink::{Engine, Sink as _};
use stream::kafka::committed_offsets;
use stream::{Broker, Record, wall_seconds};

use super::file::{FileLimits, LogFileWriter, scratch};
use super::manifest::{ArchivePlace, KnownWriter, LogFile, LogManifest, MANIFEST, WrittenLog};
use super::row::LogRow;
use crate::cli::ExportLog;
use crate::show;
use crate::snapshots::{SavedPlaces, name_of};
use crate::world::{Destination, World};

pub(in crate::command) async fn run(ask: &ExportLog) -> Result<ExitCode, Failure> {
    let (world, now) = (World::open(&ask.world).await?, wall_seconds());
    let (index, id) = (world.names.index(), world.generation.short());
    let fresh = || format!("{OWN_PREFIX}export/{}/", name_of(index, &id, now));
    let prefix = ask.prefix.clone().unwrap_or_else(fresh);
    let place = ArchivePlace { bucket: world.bucket.clone(), prefix };
    if world.store.head(&place.file(MANIFEST)?).await?.is_some() {
        return Err(format!("{place} holds an export: give another --prefix, or delete what is there").into());
    }
    let registry = registry::look(&world.kafka).await?;
    let entry = registry.generation(GenerationKey { index, id: &id }).cloned();
    let is_served = entry.as_ref().is_some_and(|entry| registry.is_served(entry));
    let model = registry.model(&world.generation.model).cloned();
    let author = ChangeAuthor { by: "millrace export".to_owned(), at: now };
    let generation = entry.unwrap_or_else(|| world.generation.entry(index, FillSource::Reconcile, &author));
    let folder = scratch(&world.data)?;
    let job = ExportJob {
        kafka: &world.kafka,
        store: &world.store,
        place: &place,
        generation: &world.generation,
        folder: folder.path(),
    };
    let log = job.run(FileLimits::default()).await?;
    let writers = writers(&world, &log.whole).await;
    let manifest = LogManifest::new(now, generation, (is_served, model), (log, writers));
    job.enter(&manifest).await?;
    tell(ask, &place, &manifest)?;
    Ok(ExitCode::SUCCESS)
}

/// The writers whose indexes hold all of it. An engine that is away keeps no log from being exported.
async fn writers(world: &World, whole: &[i64]) -> Vec<KnownWriter> {
    let mut known = Vec::new();
    for one in &world.engines {
        match writer(world, one, whole).await {
            Ok(writer) => known.push(writer),
            Err(failure) => {
                show::note(&format!("{}: {}", one.kind.name(), process::chain(failure.as_ref())));
            }
        }
    }
    known
}

async fn writer(world: &World, one: &Destination<Engine>, whole: &[i64]) -> Result<KnownWriter, Failure> {
    let indexes = one.engine.standing().await?;
    let reader = TopicReader::sink(one.kind.worker(), &world.names, &one.engine.cluster().await?);
    let committed = committed_offsets(&world.kafka, &reader.group, &reader.topic).await?;
    let places = SavedPlaces::of(reader.worker, &indexes, committed, wall_seconds())?;
    Ok(KnownWriter::of(&reader.group, &indexes, &places, whole)?)
}

fn tell(ask: &ExportLog, place: &ArchivePlace, manifest: &LogManifest) -> Result<(), Failure> {
    let (log, id) = (&manifest.log, &manifest.generation.id);
    let indexes: Vec<&str> = manifest.writers.iter().map(|known| known.group.as_str()).collect();
    if ask.json {
        show::json(&json!({
            "generation": id, "bucket": place.bucket, "prefix": place.prefix, "records": log.records,
            "files": log.files.len(), "writers": indexes,
        }))?;
        return Ok(());
    }
    show::line(&format!(
        "generation {id}: {} records in {} files at {place}; the indexes written by {} hold all of them",
        log.records,
        log.files.len(),
        if indexes.is_empty() { "none".to_owned() } else { indexes.join(" and ") }
    ));
    show::note(&format!(
        "after the loss of all of Kafka: `millrace import {}` (workers/DISASTERS.md)",
        place.prefix
    ));
    Ok(())
}

/// A log, and where it goes.
#[derive(Debug)]
pub(super) struct ExportJob<'a, K, O> {
    /// Kafka.
    pub(super) kafka: &'a K,
    /// The object store.
    pub(super) store: &'a O,
    /// Where in it.
    pub(super) place: &'a ArchivePlace,
    /// Whose log.
    pub(super) generation: &'a Generation,
    /// Holds one file at a time.
    pub(super) folder: &'a Path,
}

impl<K: Broker, O: FileStore> ExportJob<'_, K, O> {
    /// Puts every record up to the ends of the partitions now, one partition after the other.
    ///
    /// # Errors
    /// When Kafka or the store does not answer, or a record cannot be read.
    pub(super) async fn run(&self, limits: FileLimits) -> Result<WrittenLog, Failure> {
        let topic = self.generation.vectors();
        let mut log = WrittenLog::default();
        for partition in 0..self.kafka.partitions(&topic).await? {
            log.ends.push(self.kafka.range(&topic, partition).await?.end);
        }
        let mut writing = Writing { job: self, topic, limits, file: None, log };
        for (partition, end) in (0..).zip(writing.log.ends.clone()) {
            writing.partition(partition, end).await?;
        }
        writing.put().await?;
        Ok(writing.log)
    }

    /// Makes an export of what was put.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn enter(&self, manifest: &LogManifest) -> Result<(), Failure> {
        let bytes = Bytes::from(serde_json::to_vec_pretty(manifest)?);
        self.store.put(&self.place.file(MANIFEST)?, bytes, "application/json").await?;
        Ok(())
    }
}

/// A log that is being put.
struct Writing<'a, K, O> {
    job: &'a ExportJob<'a, K, O>,
    topic: String,
    limits: FileLimits,
    file: Option<LogFileWriter>,
    log: WrittenLog,
}

impl<K: Broker, O: FileStore> Writing<'_, K, O> {
    async fn partition(&mut self, partition: i32, end: i64) -> Result<(), Failure> {
        // The next record, the offset after the last whole document, and how many records were read since.
        let (mut next, mut whole, mut since) = (0, 0, 0);
        while next < end {
            let mut records = self.job.kafka.reading(&self.topic, partition, next);
            let mut is_full = false;
            while !is_full && let Some(record) = records.try_next().await? {
                if record.offset >= end {
                    break;
                }
                let row = LogRow::of(&record, self.job.generation);
                let row = row.map_err(|cause| unreadable(&record, &cause))?;
                (next, since) = (record.offset + 1, since + 1);
                if row.ends_a_document() {
                    self.log.records += since;
                    (whole, since) = (next, 0);
                }
                is_full = self.add(row)?;
            }
            if !is_full {
                break;
            }
            // A reading that is left alone for as long as the store takes would count as silent: the next begins anew.
            drop(records);
            self.put().await?;
        }
        self.log.whole.push(whole);
        Ok(())
    }

    fn add(&mut self, row: LogRow) -> Result<bool, Failure> {
        if self.file.is_none() {
            let dimension = self.job.generation.dimension;
            self.file = Some(LogFileWriter::create(&self.path(), dimension, self.limits)?);
        }
        self.file.as_mut().map_or(Ok(false), |file| file.add(row))
    }

    /// Puts the file, if one was begun.
    async fn put(&mut self) -> Result<(), Failure> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let (rows, path) = (file.finish()?, self.path());
        let name = format!("part-{:05}.parquet", self.log.files.len() + 1);
        let sha256 = model::file_digest(&path)?;
        self.job.store.put_file(&self.job.place.file(&name)?, &path).await?;
        show::note(&format!("{name}: {rows} records"));
        self.log.files.push(LogFile { name, rows, sha256 });
        Ok(())
    }

    /// Each file takes the place of the one before.
    fn path(&self) -> PathBuf {
        self.job.folder.join("export.parquet")
    }
}

fn unreadable(record: &Record, cause: &str) -> String {
    let Record { topic, partition, offset, .. } = record;
    format!(
        "{topic}/{partition} holds at offset {offset} what this version cannot read ({cause}): run the version that wrote it"
    )
}
