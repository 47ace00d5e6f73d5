#![expect(clippy::disallowed_methods, reason = "edge: keeps its place in a file, and looks how old that is")]
//! `reconcile`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use message::{DocumentId, Fingerprint, sha256_hex};
use objects::S3Store;
use process::Failure;
use serde_json::json;
use stream::kafka::Kafka;

use super::rounds::{now, rounds, run as this_run};
use crate::again::LookWriter;
use crate::cli::Reconcile;
use crate::entries::Entries;
use crate::reconcile::{Finding, Progress, ReconcileCounts, ReconcilePlan, Watch, reconcile};
use crate::{show, world};

/// How long a store's position in a listing is trusted.
const FRESH: Duration = Duration::from_hours(24);

pub(super) async fn run(ask: Reconcile) -> Result<ExitCode, Failure> {
    let (store, kafka) = (S3Store::new(&ask.bucket.store)?, Kafka::new(&ask.kafka));
    let generation = world::generation(&ask.generation, &kafka).await?;
    let (ledger, only) = (generation.ledger(), ask.generation.other.as_ref().map(|_| generation.chunking));
    rounds(ask.every, async || {
        let entries = Entries::open(&kafka, ledger.clone(), &ask.data.folder).await?;
        round(&ask, &store, &kafka, (&entries, &only)).await
    })
    .await
}

async fn round(
    ask: &Reconcile,
    store: &S3Store,
    kafka: &Kafka,
    (entries, only): (&Entries<Kafka>, &Option<Fingerprint>),
) -> Result<ExitCode, Failure> {
    let plan = ReconcilePlan {
        bucket: ask.bucket.bucket.clone(),
        prefix: ask.prefix.clone(),
        scope: ask.scope.clone(),
        dry_run: ask.dry_run,
        only: only.clone(),
        run: this_run(),
    };
    let mut place = Place::of(&ask.data.folder, &plan);
    let from = if ask.from_start || ask.dry_run { None } else { place.kept(&plan)? };
    if let Some(from) = &from {
        show::note(&format!(
            "going on after {}/{}, where the last run was interrupted (--from-start begins anew)",
            from.bucket, from.key
        ));
    }
    let resumed = from.is_some();
    let mut writer = LookWriter::new(kafka)?;
    let mut watch = Watching { place: &mut place, tell: ask.dry_run, json: ask.json };
    let counts = reconcile(&plan, (store, entries), &mut writer, from, &mut watch).await?;
    if !ask.dry_run {
        place.forget()?;
    }
    if ask.json {
        show::json(&json!({
            "objects": counts.objects, "unchanged": counts.unchanged, "new": counts.new, "changed": counts.changed,
            "gone": counts.gone, "asked_again": writer.written(), "resumed": resumed, "dry_run": ask.dry_run,
        }))?;
    } else {
        let time = if ask.every.is_some() { format!("{} ", now()) } else { String::new() };
        show::line(&format!("{time}{}", in_words(&counts, ask.dry_run)));
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(counts: &ReconcileCounts, dry_run: bool) -> String {
    let ReconcileCounts { objects, unchanged, new, changed, gone } = counts;
    let said = match counts.differing() {
        0 => "nothing to do".to_owned(),
        differing if dry_run => {
            format!("chunk would be asked to look at {differing} (--dry-run: nothing was written)")
        }
        differing => format!("chunk was asked to look at {differing}"),
    };
    format!("{objects} objects: {unchanged} unchanged, {new} new, {changed} changed; {gone} gone; {said}")
}

/// The file that keeps the position of an interrupted run.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    file: PathBuf,
}

impl Place {
    fn of(folder: &Path, plan: &ReconcilePlan) -> Self {
        let only = plan.only.as_ref().map_or("", Fingerprint::as_str);
        let name = sha256_hex([plan.bucket.as_bytes(), plan.prefix.as_bytes(), only.as_bytes()]);
        let file = folder.join(format!("reconcile-{}.json", name.get(..16).unwrap_or_default()));
        Self { folder: folder.to_path_buf(), file }
    }

    /// The position that a run kept within the last 24 hours.
    fn kept(&self, plan: &ReconcilePlan) -> Result<Option<Progress>, Failure> {
        let age = std::fs::metadata(&self.file).and_then(|data| data.modified()).map(|time| time.elapsed());
        // A file that is missing or from the future gives no position.
        if !matches!(age, Ok(Ok(age)) if age < FRESH) {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&self.file).map_err(|error| self.told(&error))?;
        let progress: Option<Progress> = serde_json::from_str(&text).ok();
        Ok(progress.filter(|progress| progress.bucket == plan.bucket && progress.prefix == plan.prefix))
    }

    /// Replaces the file atomically: a run that is killed here resumes from the position before.
    fn keep(&mut self, progress: &Progress) -> Result<(), Failure> {
        let new = self.file.with_extension("new");
        std::fs::create_dir_all(&self.folder).map_err(|error| self.told(&error))?;
        std::fs::write(&new, serde_json::to_vec(progress)?).map_err(|error| self.told(&error))?;
        std::fs::rename(&new, &self.file).map_err(|error| self.told(&error))?;
        Ok(())
    }

    fn forget(&mut self) -> Result<(), Failure> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.told(&error).into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn told(&self, error: &std::io::Error) -> String {
        format!(
            "{}: {error}: a run keeps its place there; set MILLRACE_DATA to a folder that can be written",
            self.file.display()
        )
    }
}

struct Watching<'a> {
    place: &'a mut Place,
    tell: bool,
    json: bool,
}

impl Watch for Watching<'_> {
    fn differs(&mut self, document: &DocumentId, finding: Finding) -> Result<(), Failure> {
        match (self.tell, self.json) {
            (false, _) => Ok(()),
            (true, true) => Ok(show::json(&json!({ "document": document, "finding": finding }))?),
            (true, false) => {
                let word = match finding {
                    Finding::Unchanged => "unchanged",
                    Finding::New => "new",
                    Finding::Changed => "changed",
                    Finding::Gone => "gone",
                };
                show::line(&format!("{word:<9} {document}"));
                Ok(())
            }
        }
    }

    fn keep(&mut self, progress: &Progress) -> Result<(), Failure> {
        if self.tell { Ok(()) } else { self.place.keep(progress) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(prefix: &str) -> ReconcilePlan {
        let (bucket, prefix, run) = ("b".to_owned(), prefix.to_owned(), String::new());
        ReconcilePlan { bucket, prefix, scope: objects::Scope::default(), dry_run: false, only: None, run }
    }

    #[test]
    fn a_place_is_kept_for_its_bucket_and_prefix_and_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::of(&folder.path().join("data"), &plan("p/"));
        assert_eq!(place.kept(&plan("p/")).unwrap(), None);
        let progress = Progress {
            bucket: "b".to_owned(),
            prefix: "p/".to_owned(),
            continuation: "c".to_owned(),
            key: "p/k".to_owned(),
            counts: ReconcileCounts { objects: 3, ..ReconcileCounts::default() },
        };
        place.keep(&progress).unwrap();
        assert_eq!(place.kept(&plan("p/")).unwrap(), Some(progress.clone()));
        assert_eq!(place.kept(&plan("q/")).unwrap(), None);
        let old = std::process::Command::new("touch").args(["-d", "25 hours ago"]).arg(&place.file).status();
        assert!(old.unwrap().success());
        assert_eq!(place.kept(&plan("p/")).unwrap(), None);
        place.keep(&progress).unwrap();
        place.forget().unwrap();
        place.forget().unwrap();
        assert_eq!(place.kept(&plan("p/")).unwrap(), None);
    }
}
