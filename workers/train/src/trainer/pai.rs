//! Trains by jobs of Alibaba Cloud's PAI-DLC (API 2020-12-03). Stage: awaits its HTTP interface.
//!
//! `CreateJob` has no token of its own by which a second call would be known, so that a job's display name and a tag carry
//! the run's id, and [`Trainer::find`] looks for them. Keys are read anew for every request: a sidecar may replace them.

pub mod sign;

mod answer;
mod body;
mod client;
mod credentials;
mod failure;
mod settings;

use std::sync::Arc;

use tracing::warn;

use super::{InvalidTrainerSettings, JobState, Trainer, TrainerTrouble, TrainingJob, is_run, shown};
use answer::{Created, Events, Job, Listed, Logs};
use client::{Call, PaiClient};
use failure::PaiFailure;

pub use settings::PaiSettings;

/// Jobs on a page of a listing, and the most pages: names that only contain ours are listed too.
const PAGE: u64 = 50;
const PAGES: u64 = 20;
/// How far back a job is looked for, in days. Left out, PAI lists those of the last seven.
const DAYS: u64 = 60;
/// Events that are shown where there is no log.
const EVENTS: usize = 100;

/// Trains by jobs of PAI-DLC. Clones share the connections.
#[derive(Clone, Debug)]
pub struct PaiTrainer {
    client: Arc<PaiClient>,
    settings: Arc<PaiSettings>,
}

impl PaiTrainer {
    /// Prepares it; sends nothing.
    ///
    /// # Errors
    /// The invalid setting.
    pub fn open(settings: &PaiSettings) -> Result<Self, InvalidTrainerSettings> {
        settings.check().map_err(InvalidTrainerSettings)?;
        let client = PaiClient::new(settings).map_err(InvalidTrainerSettings)?;
        Ok(Self { client: Arc::new(client), settings: Arc::new(settings.clone()) })
    }

    /// What a job takes and costs at most, for people.
    #[must_use]
    pub fn estimate(&self) -> String {
        self.settings.estimate()
    }

    /// Whether the job carries the run's mark; its name alone decides where nothing tells of marks.
    async fn is_ours(&self, listed: &Job, run: &str) -> Result<bool, TrainerTrouble> {
        if let Some(is_ours) = listed.is_of(run) {
            return Ok(is_ours);
        }
        match self.job(listed.id()).await? {
            Some(whole) => Ok(whole.is_of(run).unwrap_or(true)),
            None => Ok(false),
        }
    }

    /// The job; none when there is no such job.
    async fn job(&self, job: &str) -> Result<Option<Job>, TrainerTrouble> {
        match self.client.ask(Call::get("GetJob", job_path(job, ""))).await {
            Ok(job) => Ok(Some(job)),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure.of_reading("GetJob")),
        }
    }
}

impl Trainer for PaiTrainer {
    async fn find(&self, run: &str) -> Result<Option<String>, TrainerTrouble> {
        const ACTION: &str = "ListJobs";
        let name = body::display_name(&self.settings, run);
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let call = Call::get(ACTION, "/api/v1/jobs".to_owned())
                .with("WorkspaceId", self.settings.workspace.clone().unwrap_or_default())
                .with("DisplayName", &name)
                .with("StartTime", client::days_ago(DAYS))
                .with("SortBy", "GmtCreateTime")
                .with("Order", "asc")
                .with("PageNumber", page.to_string())
                .with("PageSize", PAGE.to_string());
            let listed: Listed = self.client.ask(call).await.map_err(|failure| failure.of_reading(ACTION))?;
            let total = listed.total();
            let jobs = listed.jobs.unwrap_or_default();
            let is_last = jobs.is_empty() || page * PAGE >= total;
            for job in jobs.iter().filter(|job| job.is_named(&name)) {
                if self.is_ours(job, run).await? {
                    found.push(job.id().to_owned());
                }
            }
            if is_last {
                break;
            }
        }
        if found.len() > 1 {
            warn!(run, jobs = ?found, "several jobs carry the mark of one run: the oldest counts, stop the others");
        }
        Ok(found.into_iter().next())
    }

    async fn create(&self, job: &TrainingJob) -> Result<String, TrainerTrouble> {
        const ACTION: &str = "CreateJob";
        if !is_run(&job.run) {
            return Err(TrainerTrouble::Refused(format!("{:?} cannot be a part of a job's name", job.run)));
        }
        let body = body::create(&self.settings, job).map_err(TrainerTrouble::Refused)?;
        let call = Call::post(ACTION, "/api/v1/jobs".to_owned(), Some(body));
        let created: Created = self.client.ask(call).await.map_err(|failure| failure.of_creating(ACTION))?;
        match created.job_id {
            Some(id) if !id.is_empty() => Ok(id),
            _ => Err(PaiFailure::Odd("its answer names no job".to_owned()).of_creating(ACTION)),
        }
    }

    async fn look(&self, job: &str) -> Result<JobState, TrainerTrouble> {
        Ok(self.job(job).await?.map_or(JobState::Gone, |job| job.state()))
    }

    async fn stop(&self, job: &str) -> Result<(), TrainerTrouble> {
        const ACTION: &str = "StopJob";
        let call = Call::post(ACTION, job_path(job, "/stop"), None);
        let stopped: Result<serde_json::Value, PaiFailure> = self.client.ask(call).await;
        match stopped {
            Ok(_) => Ok(()),
            Err(failure) => {
                // One that has ended is not stopped again: PAI says 400, as it does for other reasons.
                let is_over =
                    failure.is_not_found() || (failure.is_bad_request() && self.look(job).await?.is_ended());
                if is_over { Ok(()) } else { Err(failure.of_reading(ACTION)) }
            }
        }
    }

    async fn log(&self, job: &str) -> Result<Vec<String>, TrainerTrouble> {
        const LOG: &str = "GetPodLogs";
        const EVENT: &str = "GetJobEvents";
        let Some(whole) = self.job(job).await? else { return Ok(Vec::new()) };
        if let Some(pod) = whole.first_pod() {
            let path = job_path(job, &format!("/pods/{}/logs", sign::encoded(pod)));
            let call = Call::get(LOG, path).with("MaxLines", super::LOG_LINES.to_string());
            match self.client.ask::<Logs>(call).await {
                Ok(Logs { logs: Some(logs) }) if !logs.is_empty() => return Ok(shown(logs)),
                Ok(_) => {}
                // A pod that has not begun has no log.
                Err(failure) if failure.is_not_found() || failure.is_bad_request() => {}
                Err(failure) => return Err(failure.of_reading(LOG)),
            }
        }
        let call = Call::get(EVENT, job_path(job, "/events")).with("MaxEventsNum", EVENTS.to_string());
        let events: Events = self.client.ask(call).await.map_err(|failure| failure.of_reading(EVENT))?;
        Ok(shown(events.events.unwrap_or_default()))
    }
}

fn job_path(job: &str, rest: &str) -> String {
    format!("/api/v1/jobs/{}{rest}", sign::encoded(job))
}
