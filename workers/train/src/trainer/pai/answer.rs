//! What PAI-DLC answers. Pure.
//!
//! Names and values are those of the API document 2020-12-03 and of Alibaba's SDKs; every field may be missing.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::trainer::JobState;

/// The tag and the variable that carry the run's id.
pub(super) const TAG: &str = "millrace-run";
pub(super) const VARIABLE: &str = "MILLRACE_RUN";

/// `CreateJob`'s answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Created {
    pub(super) job_id: Option<String>,
}

/// `ListJobs`'s answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Listed {
    pub(super) jobs: Option<Vec<Job>>,
    total_count: Option<u64>,
}

impl Listed {
    /// How many jobs there are on all pages; without bound where it is not said.
    pub(super) fn total(&self) -> u64 {
        self.total_count.unwrap_or(u64::MAX)
    }
}

/// `GetPodLogs`'s answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Logs {
    pub(super) logs: Option<Vec<String>>,
}

/// `GetJobEvents`'s answer.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Events {
    pub(super) events: Option<Vec<String>>,
}

/// A job, whole (`GetJob`) or as it is listed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Job {
    #[serde(rename = "JobId")]
    id: Option<String>,
    display_name: Option<String>,
    status: Option<String>,
    sub_status: Option<String>,
    reason_code: Option<String>,
    reason_message: Option<String>,
    /// Seconds.
    duration: Option<u64>,
    pods: Option<Vec<Pod>>,
    envs: Option<BTreeMap<String, String>>,
    settings: Option<JobTags>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Pod {
    pod_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct JobTags {
    tags: Option<BTreeMap<String, String>>,
}

impl Job {
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Whether it has exactly this name; PAI finds every name that contains it.
    pub(super) fn is_named(&self, name: &str) -> bool {
        !self.id().is_empty() && self.display_name.as_deref() == Some(name)
    }

    /// Whether it carries the mark of this run; none when nothing is said of its tags and variables.
    pub(super) fn is_of(&self, run: &str) -> Option<bool> {
        let tags = self.settings.as_ref().and_then(|settings| settings.tags.as_ref());
        let marks =
            [tags.and_then(|tags| tags.get(TAG)), self.envs.as_ref().and_then(|envs| envs.get(VARIABLE))];
        let mut marks = marks.into_iter().flatten().peekable();
        if marks.peek().is_some() {
            return Some(marks.all(|mark| mark == run));
        }
        let is_told = [tags, self.envs.as_ref()].into_iter().flatten().any(|told| !told.is_empty());
        is_told.then_some(false)
    }

    pub(super) fn first_pod(&self) -> Option<&str> {
        self.pods.as_ref()?.iter().find_map(|pod| pod.pod_id.as_deref().filter(|id| !id.is_empty()))
    }

    /// How it stands.
    pub(super) fn state(&self) -> JobState {
        let status = self.status.as_deref().unwrap_or("unknown");
        let is_stopped = self.reason_code.as_deref() == Some("JobStoppedByUser");
        let reason = self.reason(status);
        match status {
            "Creating" | "Queuing" | "Bidding" | "EnvPreparing" | "SanityChecking" => {
                JobState::Waiting(reason)
            }
            // While resources are still held for it, its outcome stands already.
            "Succeeded" | "SucceededReserving" => JobState::Succeeded,
            "Stopped" => JobState::Stopped { reason },
            "Failed" | "FailedReserving" if is_stopped => JobState::Stopped { reason },
            "Failed" | "FailedReserving" => JobState::Failed { reason },
            // A status that is new since this was written is no outcome: it is looked at again.
            _ => JobState::Running { detail: self.detail(status) },
        }
    }

    fn detail(&self, status: &str) -> String {
        let sub = self.sub_status.as_deref().filter(|sub| !sub.is_empty() && *sub != status);
        let sub = sub.map(|sub| format!(" ({sub})")).unwrap_or_default();
        match self.duration {
            Some(seconds) if seconds >= 60 => format!("{status}{sub}, since {} minutes", seconds / 60),
            _ => format!("{status}{sub}"),
        }
    }

    /// The status, and why it is so.
    fn reason(&self, status: &str) -> String {
        let code = self.reason_code.as_deref().filter(|code| !code.is_empty() && *code != status);
        let message = self.reason_message.as_deref().map(str::trim).filter(|message| !message.is_empty());
        let why: Vec<&str> = code.into_iter().chain(message).collect();
        if why.is_empty() { status.to_owned() } else { format!("{status}: {}", why.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(value: serde_json::Value) -> Job {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_status_has_its_meaning_and_a_new_one_is_no_outcome() {
        for status in ["Creating", "Queuing", "Bidding", "EnvPreparing", "SanityChecking"] {
            assert_eq!(job(json!({"Status": status})).state(), JobState::Waiting(status.to_owned()));
        }
        for status in ["Running", "Restarting", "Stopping", "Dreaming"] {
            assert_eq!(
                job(json!({"Status": status})).state(),
                JobState::Running { detail: status.to_owned() }
            );
        }
        for status in ["Succeeded", "SucceededReserving"] {
            assert_eq!(job(json!({"Status": status})).state(), JobState::Succeeded);
        }
        for status in ["Failed", "FailedReserving"] {
            let failed =
                job(json!({"Status": status, "ReasonCode": "OOM", "ReasonMessage": "killed"})).state();
            assert_eq!(failed, JobState::Failed { reason: format!("{status}: OOM, killed") });
            let by_hand = job(json!({"Status": status, "ReasonCode": "JobStoppedByUser"})).state();
            assert_eq!(by_hand, JobState::Stopped { reason: format!("{status}: JobStoppedByUser") });
        }
        let stopped = json!({"Status": "Stopped", "ReasonCode": "JobStoppedByUser", "ReasonMessage": "Job is stopped by user."});
        assert!(matches!(job(stopped).state(), JobState::Stopped { reason } if reason.contains("by user")));
        let detail = json!({"Status": "Running", "SubStatus": "Restarted", "Duration": 3602, "ReasonCode": null, "Pods": null});
        assert_eq!(
            job(detail).state(),
            JobState::Running { detail: "Running (Restarted), since 60 minutes".to_owned() }
        );
        assert!(matches!(job(json!({})).state(), JobState::Running { .. }));
    }

    #[test]
    fn a_job_is_ours_by_its_mark() {
        let tagged = |run: &str| job(json!({"Settings": {"Tags": {TAG: run, "app": "millrace"}}}));
        assert_eq!((tagged("a").is_of("a"), tagged("b").is_of("a")), (Some(true), Some(false)));
        let with_variable = job(json!({"Envs": {VARIABLE: "a"}, "Settings": {}}));
        assert_eq!(with_variable.is_of("a"), Some(true));
        assert_eq!(job(json!({"Envs": {"OTHER": "a"}})).is_of("a"), Some(false));
        assert_eq!(job(json!({"Envs": {}, "Settings": {"Tags": null}})).is_of("a"), None);
        let named = job(json!({"JobId": "dlc1", "DisplayName": "millrace-a-2"}));
        assert!(named.is_named("millrace-a-2") && !named.is_named("millrace-a"));
    }
}
