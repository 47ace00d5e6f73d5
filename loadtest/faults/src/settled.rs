//! Whether everything has arrived, and the remedy that the product names where a reader may have missed deletions.

use std::time::Duration;

use process::Failure;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::operator::Operator;
use crate::world::World;

/// The longest that one `status` may wait, in seconds: then it is looked whether deletions may have been missed.
const PATIENCE: u64 = 45;

/// What such a repair is called in the results.
pub const LATE: &str = "audit --repair after a reader that was late";

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What was still missing at the deadline.
    pub missing: Vec<String>,
    /// How often deletions may have been missed, by the product's own word, and were not there, so that what it says to do was
    /// done (`audit --repair`). Kafka keeps deletions for a minute and a half here, and a reader can be behind for longer.
    pub repairs: u64,
}

impl Settled {
    /// Waits until everything is searchable in a generation and no group lags.
    ///
    /// # Errors
    /// When the status cannot be parsed.
    pub async fn until_searchable(
        &mut self,
        operator: &Operator,
        of: &Which,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let mut last = String::new();
        loop {
            let left = seconds_until(deadline);
            if left == 0 {
                self.missing.push(format!("{of}not settled in time: {last}"));
                return Ok(());
            }
            let patience = left.min(PATIENCE).to_string();
            let status = ["status", "--until-searchable", "--patience", patience.as_str(), "--json"];
            match operator.millrace(&of.asked(&status)).await {
                Ok(text) => {
                    let lags = lags(&text)?;
                    if is_read(&lags) {
                        return Ok(());
                    }
                    last = format!("equal, and somebody is behind: {}", Value::Array(lags));
                }
                // It prints its status every two seconds; the last one counts.
                Err(error) => {
                    last = shortened(error.to_string().lines().last().unwrap_or_default());
                    self.mend(operator, of).await?;
                }
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Does what the product says, when it says that deletions may have been missed, and all that is there was read.
    async fn mend(&mut self, operator: &Operator, of: &Which) -> Result<(), Failure> {
        let Ok(text) = operator.millrace(&of.asked(&["status", "--json"])).await else { return Ok(()) };
        let lags = lags(&text)?;
        if is_read(&lags) && lags.iter().any(is_late) {
            self.repairs += 1;
            // It ends with 1 when there was something to repair.
            drop(operator.millrace(&of.asked(&["audit", "--repair", "--json"])).await);
        }
        Ok(())
    }
}

/// The readers in the last line of a status.
fn lags(text: &str) -> Result<Vec<Value>, Failure> {
    let from = text.rfind("\n{").map_or(0, |at| at + 1);
    let picture: Value = serde_json::from_str(text.get(from..).unwrap_or_default().trim())?;
    Ok(picture.get("lags").and_then(Value::as_array).cloned().unwrap_or_default())
}

fn is_read(lags: &[Value]) -> bool {
    lags.iter().all(|lag| lag.get("behind").and_then(Value::as_i64) == Some(0))
}

fn is_late(lag: &Value) -> bool {
    lag.get("stale").and_then(Value::as_array).is_some_and(|stale| !stale.is_empty())
}

/// Which generation a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which(pub(crate) Option<String>);

impl Which {
    /// Every live generation; while there is only one, it is the served one and is not named.
    #[must_use]
    pub fn all(world: &World) -> Vec<Self> {
        let ids: Vec<String> = world.live().iter().map(|pair| pair.id().to_owned()).collect();
        if ids.len() > 1 { ids.into_iter().map(|id| Self(Some(id))).collect() } else { vec![Self(None)] }
    }

    /// Its id, where there are several.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// These arguments, and those that name the generation.
    #[must_use]
    pub fn asked<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let named = self.id().into_iter().flat_map(|id| ["--generation", id]);
        arguments.iter().copied().chain(named).collect()
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id().map_or(Ok(()), |id| write!(f, "generation {id}: "))
    }
}

/// Whole seconds from now on.
#[must_use]
pub fn seconds_until(deadline: Instant) -> u64 {
    deadline.saturating_duration_since(Instant::now()).as_secs()
}

/// As much of it as a line of results may hold.
#[must_use]
pub fn shortened(text: &str) -> String {
    text.chars().take(600).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_reader_is_told_from_one_that_is_behind() {
        let late = lags(r#"{"lags": [{"behind": 0, "stale": [2]}, {"behind": 0, "stale": []}]}"#).unwrap();
        assert!(is_read(&late) && late.iter().any(is_late));
        let behind = lags("{}\n{\"lags\": [{\"behind\": 3, \"stale\": []}]}").unwrap();
        assert!(!is_read(&behind) && !behind.iter().any(is_late));
    }
}
