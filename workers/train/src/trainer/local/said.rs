//! What a training said and how it ended, for people. Pure.

use serde_json::Value;

/// What it is doing, by the last line on its standard output that says so.
pub(super) fn progress(lines: &[String]) -> Option<String> {
    lines.iter().rev().find_map(|line| one(&serde_json::from_str(line).ok()?))
}

fn one(line: &Value) -> Option<String> {
    if let Some(stage) = line.get("stage").and_then(Value::as_str) {
        return Some(stage.to_owned());
    }
    let step = line.get("step").and_then(Value::as_u64)?;
    let mut words = format!("step {step}");
    if let Some(of) = line.get("of").and_then(Value::as_u64) {
        words = format!("{words} of {of}");
    }
    if let Some(seed) = line.get("seed").and_then(Value::as_u64) {
        words = format!("{words}, seed {seed}");
    }
    if let Some(loss) = line.get("loss").and_then(Value::as_f64) {
        words = format!("{words}, loss {loss:.4}");
    }
    Some(words)
}

/// Why it failed, by its exit code (other than 0) and what it said last on its standard error.
pub(super) fn reason(code: i32, errors: &[String]) -> String {
    let last = errors.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty());
    let last = last.unwrap_or("it said nothing on its standard error");
    match code {
        2 => format!("the training cannot use what it was given: {last}"),
        3 => format!(
            "out of memory: {last}; set MILLRACE_TRAINER_BATCH_SIZE lower, or train on a larger machine"
        ),
        125..=127 => format!("the training could not be started: {last}"),
        137 => format!("the training was killed, perhaps because the machine ran out of memory: {last}"),
        code if (129..=192).contains(&code) => {
            format!("the training was ended by signal {}: {last}", code - 128)
        }
        _ => format!("the training failed (exit code {code}): {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn the_last_line_that_tells_progress_is_told() {
        let said = lines(&[
            r#"{"stage": "mine"}"#,
            r#"{"step": 12, "of": 100, "loss": 0.51239, "seed": 2}"#,
            "a warning of some library",
            r#"{"step": "#,
        ]);
        assert_eq!(progress(&said).as_deref(), Some("step 12 of 100, seed 2, loss 0.5124"));
        assert_eq!(progress(&said[..1]).as_deref(), Some("mine"));
        assert_eq!(progress(&lines(&["", "[]", "{}", "3"])), None);
    }

    #[test]
    fn a_failure_quotes_the_last_words() {
        let said = lines(&["Traceback", "train.py: DATA has no manifest.json", " "]);
        assert!(reason(2, &said).ends_with("DATA has no manifest.json"));
        assert!(reason(3, &said).contains("MILLRACE_TRAINER_BATCH_SIZE"));
        assert!(reason(137, &said).contains("memory") && reason(139, &said).contains("signal 11"));
        assert!(reason(1, &[]).contains("said nothing"));
    }
}
