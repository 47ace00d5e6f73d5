//! What PAI-DLC does with a request, by its API document (2020-12-03).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// The workspace that a job without one falls into, without a word.
pub(crate) const DEFAULT_WORKSPACE: &str = "the-default-one";
const ENDED: [&str; 5] = ["Succeeded", "Failed", "Stopped", "SucceededReserving", "FailedReserving"];

/// The jobs of an account.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) all: Vec<Value>,
    pub(crate) created: usize,
}

/// An answer: status and body.
pub(crate) type Answer = (u16, Value);

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    (status, json!({"Code": code, "Message": message, "RequestId": "7A1-B2", "HostId": "pai-dlc"}))
}

pub(crate) fn time(ago: Duration) -> String {
    humantime::format_rfc3339_seconds(now() - ago).to_string()
}

#[expect(clippy::disallowed_methods, reason = "edge: a server has a clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

impl Jobs {
    pub(crate) fn route(
        &mut self,
        method: &str,
        path: &str,
        query: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Answer {
        let Some(rest) = path.strip_prefix("/api/v1/jobs") else {
            return refusal(404, "InvalidAction.NotFound", "The specified api is not found");
        };
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        match (method, parts.as_slice()) {
            ("POST", []) => self.create(body),
            ("GET", []) => self.list(query),
            ("GET", [id]) => self.get(id).map_or_else(not_found, |job| (200, job.clone())),
            ("POST", [id, "stop"]) => self.stop(id),
            ("GET", [id, "events"]) => match self.get(id) {
                Some(_) => (
                    200,
                    json!({"JobId": id, "Events": ["Job is created", "waiting for a node"], "RequestId": "1"}),
                ),
                None => not_found(),
            },
            ("GET", [id, "pods", _, "logs"]) => self.logs(id, query),
            _ => refusal(404, "InvalidAction.NotFound", "The specified api is not found"),
        }
    }

    pub(crate) fn get(&mut self, id: &str) -> Option<&mut Value> {
        self.all.iter_mut().find(|job| job["JobId"] == id)
    }

    fn create(&mut self, body: &[u8]) -> Answer {
        let invalid =
            |what: &str| refusal(400, "InvalidParameter", &format!("The parameter {what} is invalid"));
        if body.len() > 65_536 {
            return invalid("size");
        }
        let Ok(mut job) = serde_json::from_slice::<Value>(body) else { return invalid("body") };
        let name = job["DisplayName"].as_str().unwrap_or_default().to_owned();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if name.is_empty() || name.len() > 256 || !name.chars().all(is_plain) {
            return invalid("DisplayName");
        }
        if job["JobType"] != "PyTorchJob" {
            return invalid("JobType");
        }
        if job["UserCommand"].as_str().is_none_or(str::is_empty) {
            return invalid("UserCommand");
        }
        let spec = &job["JobSpecs"][0];
        if spec["Image"].as_str().is_none_or(str::is_empty) || spec["PodCount"] != 1 {
            return invalid("JobSpecs");
        }
        if spec.get("EcsSpec").is_some() == spec.get("ResourceConfig").is_some() {
            return invalid("EcsSpec and ResourceConfig");
        }
        if job["WorkspaceId"].as_str().is_none_or(str::is_empty) {
            job["WorkspaceId"] = json!(DEFAULT_WORKSPACE);
        }
        self.created += 1;
        let id = format!("dlc{:013x}", self.created);
        job["JobId"] = json!(id);
        job["Status"] = json!("Creating");
        job["GmtCreateTime"] = json!(time(Duration::ZERO));
        self.all.push(job);
        (200, json!({"JobId": id, "RequestId": "473469C7"}))
    }

    /// Jobs of the last seven days, unless another time is asked for; names that contain the one asked for.
    fn list(&self, query: &BTreeMap<String, String>) -> Answer {
        let asked = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let number = |name: &str, usual: usize| asked(name).parse().unwrap_or(usual);
        let since = query.get("StartTime").cloned().unwrap_or_else(|| time(Duration::from_hours(7 * 24)));
        let mut found: Vec<&Value> = self
            .all
            .iter()
            .filter(|job| {
                let name = job["DisplayName"].as_str().unwrap_or_default().to_lowercase();
                name.contains(&asked("DisplayName").to_lowercase())
                    && (asked("WorkspaceId").is_empty() || job["WorkspaceId"] == asked("WorkspaceId"))
                    && job["GmtCreateTime"].as_str().is_some_and(|time| time >= since.as_str())
            })
            .collect();
        found.sort_by_key(|job| job["GmtCreateTime"].as_str().unwrap_or_default().to_owned());
        if asked("Order") != "asc" {
            found.reverse();
        }
        let (page, size) = (number("PageNumber", 1), number("PageSize", 10).min(100));
        let total = found.len();
        let jobs: Vec<Value> = found.into_iter().skip((page - 1) * size).take(size).cloned().collect();
        (200, json!({"Jobs": jobs, "TotalCount": total, "RequestId": "473469C7"}))
    }

    fn stop(&mut self, id: &str) -> Answer {
        let Some(job) = self.get(id) else { return not_found() };
        if ENDED.contains(&job["Status"].as_str().unwrap_or_default()) {
            return refusal(400, "BadRequest", "The job is not running");
        }
        job["Status"] = json!("Stopped");
        job["ReasonCode"] = json!("JobStoppedByUser");
        job["ReasonMessage"] = json!("Job is stopped by user.");
        (200, json!({"JobId": id, "RequestId": "473469C7"}))
    }

    fn logs(&mut self, id: &str, query: &BTreeMap<String, String>) -> Answer {
        let Some(job) = self.get(id) else { return not_found() };
        if job["Pods"].as_array().is_none_or(Vec::is_empty) {
            return refusal(400, "BadRequest", "The pod has not started");
        }
        let most = query.get("MaxLines").and_then(|most| most.parse().ok()).unwrap_or(2000);
        let lines: Vec<String> = (1..=3000).map(|line| format!("step {line} {}", "x".repeat(1500))).collect();
        let lines = &lines[lines.len() - most..];
        (200, json!({"JobId": id, "PodId": "p", "Logs": lines, "RequestId": "473469C7"}))
    }
}

fn not_found() -> Answer {
    refusal(404, "NotFound", "The job is not found")
}
