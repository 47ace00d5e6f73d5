//! A conversation as `serve` takes it. Pure.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// Most questions and answers that are sent along; `serve` takes 40.
const MOST_TURNS: usize = 40;
/// Most bytes of their texts; `serve` takes 64 KiB.
const MOST_BYTES: usize = 60 * 1024;

/// The newest questions and answers of a conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    /// Each with its role.
    turns: VecDeque<(&'static str, String)>,
}

impl Conversation {
    /// Adds a question with its answer; the oldest ones fall out.
    pub fn add(&mut self, question: &str, answer: &str) {
        self.turns.push_back(("user", question.to_owned()));
        self.turns.push_back(("assistant", answer.to_owned()));
        while self.turns.len() > MOST_TURNS || self.bytes() > MOST_BYTES {
            self.turns.drain(..2);
        }
    }

    /// Forgets everything.
    pub fn begin_anew(&mut self) {
        self.turns.clear();
    }

    /// What `serve` gets as `history`, oldest first.
    #[must_use]
    pub fn history(&self) -> Value {
        self.turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect()
    }

    fn bytes(&self) -> usize {
        self.turns.iter().map(|(_, content)| content.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_turns_are_sent_and_no_more_than_serve_takes() {
        let mut conversation = Conversation::default();
        assert_eq!(conversation.history(), json!([]));
        for number in 0..30 {
            conversation.add(&format!("question {number}"), "answer");
        }
        let history = conversation.history();
        assert_eq!(history.as_array().unwrap().len(), 40);
        assert_eq!(history[0], json!({"role": "user", "content": "question 10"}));
        conversation.add("long?", &"x".repeat(50 * 1024));
        conversation.add("longer?", &"y".repeat(50 * 1024));
        let roles: Vec<Value> =
            conversation.history().as_array().unwrap().iter().map(|turn| turn["role"].clone()).collect();
        assert_eq!(roles, [json!("user"), json!("assistant")]);
        conversation.add("too long?", &"z".repeat(100 * 1024));
        assert_eq!(conversation.history(), json!([]));
        conversation.add("a?", "b");
        conversation.begin_anew();
        assert_eq!(conversation.history(), json!([]));
    }
}
