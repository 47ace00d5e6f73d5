//! Which generation may answer a question, and when. Pure: whoever changes what is served keeps the record here.

use std::time::Duration;

use serde_json::Value;

/// A generation, and the time in which it may answer, counted from the start of the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    id: String,
    from: Duration,
    until: Option<Duration>,
}

/// What was served in a seed, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedSpans(Vec<Span>);

/// What an answer over HTTP means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is of this generation, which was served while the question was on its way.
    Right(String),
    /// The server said that it cannot answer now, or said nothing.
    Unanswered,
    /// It must not have been given.
    Wrong(String),
}

impl ServedSpans {
    /// Somebody is about to ask that `id` be served. It may answer from now on, and so may what answered before: when
    /// the change takes place is not known.
    pub fn allow(&mut self, id: &str, now: Duration) {
        if !self.0.iter().any(|span| span.id == id && span.until.is_none()) {
            self.0.push(Span { id: id.to_owned(), from: now, until: None });
        }
    }

    /// Every server is known to answer by `id`. No question that is asked from now on may be answered by another one.
    pub fn settle(&mut self, id: &str, now: Duration) {
        self.allow(id, now);
        for span in self.0.iter_mut().filter(|span| span.id != id) {
            span.until.get_or_insert(now);
        }
    }

    /// Whether `id` may answer a question that was asked and answered at these times.
    #[must_use]
    pub fn may_answer(&self, id: &str, (asked, answered): (Duration, Duration)) -> bool {
        let meets = |span: &Span| span.from <= answered && span.until.is_none_or(|until| until >= asked);
        self.0.iter().any(|span| span.id == id && meets(span))
    }

    /// Judges the answer to a question that was asked and answered at these times.
    #[must_use]
    pub fn judge(&self, times: (Duration, Duration), status: u16, body: &[u8]) -> Judgement {
        match status {
            200 => {}
            // Kafka or the engine is away, or the server has just been started.
            0 | 503 | 504 => return Judgement::Unanswered,
            status => {
                let body = String::from_utf8_lossy(body);
                return Judgement::Wrong(format!("an answer with status {status}: {}", shortened(&body)));
            }
        }
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        match answer.get("generation").and_then(Value::as_str) {
            Some(id) if self.may_answer(id, times) => Judgement::Right(id.to_owned()),
            Some(id) => {
                let (asked, answered) = (times.0.as_secs_f64(), times.1.as_secs_f64());
                Judgement::Wrong(format!(
                    "a question asked after {asked:.2} s and answered after {answered:.2} s is answered by {id}; served \
                     were {}",
                    self.told()
                ))
            }
            None => Judgement::Wrong("an answer that names no generation".to_owned()),
        }
    }

    fn told(&self) -> String {
        let told = |span: &Span| {
            let until =
                span.until.map_or_else(|| "now".to_owned(), |until| format!("{:.2} s", until.as_secs_f64()));
            format!("{} from {:.2} s to {until}", span.id, span.from.as_secs_f64())
        };
        self.0.iter().map(told).collect::<Vec<_>>().join(", ")
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn times(asked: u64, answered: u64) -> (Duration, Duration) {
        (at(asked), at(answered))
    }

    /// `a` is served, `b` is promoted between 10 s and 12 s, and `a` again between 20 s and 21 s.
    fn spans() -> ServedSpans {
        let mut spans = ServedSpans::default();
        spans.settle("a", at(0));
        spans.allow("b", at(10));
        spans.allow("b", at(11));
        spans.settle("b", at(12));
        spans.allow("a", at(20));
        spans.settle("a", at(21));
        spans
    }

    #[test]
    fn while_it_changes_both_may_answer_and_afterwards_one() {
        let spans = spans();
        for (id, asked, answered, may) in [
            ("a", 1, 2, true),
            ("b", 1, 2, false),
            ("b", 9, 11, true),
            ("a", 11, 11, true),
            ("a", 11, 15, true),
            ("a", 13, 15, false),
            ("b", 13, 15, true),
            ("a", 13, 20, true),
            ("b", 22, 23, false),
            ("a", 22, 23, true),
            ("c", 22, 23, false),
        ] {
            assert_eq!(spans.may_answer(id, times(asked, answered)), may, "{id} {asked} {answered}");
        }
    }

    #[test]
    fn only_an_answer_of_a_generation_that_was_not_served_is_wrong_and_silence_is_none() {
        let spans = spans();
        let judge = |status, body: &str| spans.judge(times(13, 14), status, body.as_bytes());
        assert_eq!(judge(200, r#"{"generation":"b","hits":[]}"#), Judgement::Right("b".to_owned()));
        for status in [0, 503, 504] {
            assert_eq!(judge(status, r#"{"generation":"a"}"#), Judgement::Unanswered);
        }
        for (status, body, words) in [
            (200, r#"{"generation":"a"}"#, "is answered by a; served were a from 0.00 s to 12.00 s, b from"),
            (200, "{}", "names no generation"),
            (500, "oh", "status 500: oh"),
        ] {
            let Judgement::Wrong(told) = judge(status, body) else { panic!("{body} is not wrong") };
            assert!(told.contains(words), "{told}");
        }
    }
}
