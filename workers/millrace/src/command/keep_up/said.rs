//! What is printed: a line for each act, and what is the case only when it changes.

use process::Failure;
use serde::Serialize;
use serde_json::Value;

use crate::command::rounds::now;
use crate::show;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct SaidLine {
    /// The act, or `tell`.
    pub(super) act: &'static str,
    /// What was done, or is the case.
    pub(super) what: String,
    /// Why it was done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) why: String,
    /// What was found, for programs.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(super) found: Value,
}

/// A line, and when it was printed.
#[derive(Serialize)]
struct DatedLine<'a> {
    time: String,
    #[serde(flatten)]
    line: &'a SaidLine,
}

/// What was said so far.
#[derive(Debug)]
pub(super) struct Said {
    is_json: bool,
    /// What was the case when one looked last, and what is now.
    before: Vec<SaidLine>,
    standing: Vec<SaidLine>,
}

impl SaidLine {
    /// What people should know.
    pub(super) fn tell(what: &str) -> Self {
        Self { act: "tell", what: what.to_owned(), why: String::new(), found: Value::Null }
    }

    fn text(&self) -> String {
        let Self { act, what, why, .. } = self;
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        format!("{act:<8} {what}{why}")
    }
}

impl Said {
    /// Nothing yet.
    pub(super) fn new(is_json: bool) -> Self {
        Self { is_json, before: Vec::new(), standing: Vec::new() }
    }

    /// One looks again: what is not the case any more may be said again.
    pub(super) fn look(&mut self) {
        self.before = std::mem::take(&mut self.standing);
    }

    /// Says what was done.
    pub(super) fn done(&self, line: &SaidLine) -> Result<(), Failure> {
        let time = now();
        if self.is_json {
            show::json(&DatedLine { time, line })?;
        } else {
            show::line(&format!("{time} {}", line.text()));
        }
        Ok(())
    }

    /// Says what is the case, unless it was the case before.
    pub(super) fn stands(&mut self, line: SaidLine) -> Result<(), Failure> {
        if self.is_new(&line) {
            self.done(&line)?;
        }
        self.standing.push(line);
        Ok(())
    }

    fn is_new(&self, line: &SaidLine) -> bool {
        !self.before.contains(line) && !self.standing.contains(line)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_the_case_is_said_once_until_it_changes() {
        let mut said = Said::new(true);
        let (one, other) = (SaidLine::tell("it waits"), SaidLine::tell("it failed"));
        let mut look = |lines: &[&SaidLine]| -> Vec<bool> {
            said.look();
            let told = lines.iter().map(|line| {
                let is_new = said.is_new(line);
                said.stands((*line).clone()).unwrap();
                is_new
            });
            told.collect()
        };
        assert_eq!(look(&[&one]), [true]);
        assert_eq!(look(&[&one, &other, &one]), [false, true, false]);
        assert_eq!(look(&[&other]), [false]);
        assert_eq!(look(&[&one, &other]), [true, false]);
    }

    #[test]
    fn a_line_is_words_for_people_and_fields_for_programs() {
        let line = SaidLine {
            act: "build",
            what: "generation 1".to_owned(),
            why: "a run gave it".to_owned(),
            found: json!({ "passages": 3 }),
        };
        assert_eq!(line.text(), "build    generation 1 (a run gave it)");
        let dated = serde_json::to_value(DatedLine { time: "now".to_owned(), line: &line }).unwrap();
        let all = json!({ "time": "now", "act": "build", "what": "generation 1", "why": "a run gave it", "found": { "passages": 3 } });
        assert_eq!(dated, all);
        assert_eq!(SaidLine::tell("it waits").text(), "tell     it waits");
        let told = serde_json::to_value(SaidLine::tell("it waits")).unwrap();
        assert_eq!(told, json!({ "act": "tell", "what": "it waits" }));
    }
}
