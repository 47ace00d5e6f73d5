//! The operator's command, run to its end or killed on its way.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use process::Failure;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::fleet::run;

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs `millrace`.
#[derive(Clone, Debug, Default)]
pub struct Operator {
    programs: PathBuf,
}

/// What the registry says is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NowServed {
    /// The generation's id.
    pub id: String,
    /// The number of the change that made it so.
    pub sequence: u64,
}

impl Operator {
    /// Runs the program in this folder.
    #[must_use]
    pub fn new(programs: &Path) -> Self {
        Self { programs: programs.to_owned() }
    }

    /// Runs `millrace` to its end; what it prints.
    ///
    /// # Errors
    /// When its exit code is not 0, with its output.
    pub async fn millrace(&self, arguments: &[&str]) -> Result<String, Failure> {
        run(self.command(arguments)).await
    }

    /// Runs `millrace generation … --json` to its end; the last line that it prints.
    ///
    /// # Errors
    /// As [`Operator::millrace`].
    pub async fn generation(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let mut command = self.command(&["generation"]);
        command.args(arguments).arg("--json");
        let text = run(command).await?;
        Ok(serde_json::from_str(text.lines().last().unwrap_or_default())?)
    }

    /// Starts `millrace generation …`, and kills it after a while; false when it had ended by then.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn kill(&self, arguments: &[&str], after: Duration) -> Result<bool, Failure> {
        let mut command = self.command(&["generation"]);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn()?;
        sleep(after).await;
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        child.kill().await?;
        Ok(true)
    }

    /// What is served; none before the first generation was begun.
    ///
    /// # Errors
    /// When Kafka is away.
    pub async fn served(&self) -> Result<Option<NowServed>, Failure> {
        Ok(now_served(&self.generation(&["list"]).await?))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("millrace"));
        command.args(arguments);
        command
    }
}

/// What the list of generations says is served.
fn now_served(list: &Value) -> Option<NowServed> {
    let serving = list.get("serving")?;
    let id = serving.get("id")?.as_str()?.to_owned();
    Some(NowServed { id, sequence: serving.get("sequence")?.as_u64()? })
}

/// Attempts what fails while a server is away, again and again, for at most this long.
///
/// # Errors
/// That of the last attempt.
pub async fn patiently<T, F>(most: Duration, mut attempt: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let deadline = Instant::now() + most;
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_list_says_what_is_served_or_nothing() {
        let serving = json!({"index": "docs", "id": "a", "sequence": 3, "by": "who", "at": 1});
        let served = NowServed { id: "a".to_owned(), sequence: 3 };
        assert_eq!(now_served(&json!({ "serving": serving })), Some(served));
        assert_eq!(now_served(&json!({ "serving": null, "generations": [] })), None);
    }

    #[tokio::test]
    async fn what_fails_is_attempted_again_until_it_is_too_late() {
        let attempt = || async { Err::<(), Failure>("away".into()) };
        assert_eq!(patiently(Duration::ZERO, attempt).await.unwrap_err().to_string(), "away");
        assert_eq!(patiently(Duration::ZERO, || async { Ok::<_, Failure>(1) }).await.unwrap(), 1);
    }
}
