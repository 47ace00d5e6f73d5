//! The rule for follow-ups, measured on conversations that were written before it was first run (`tests/follow-ups.jsonl`).

use serde::Deserialize;
use serve::chat::follow_up::condensed;
use serve::llm::{Speaker, Turn};

/// Of the conversations at least so many are judged as a person would, and hold what the search needs.
const LEAST: f64 = 0.9;

#[derive(Deserialize)]
struct Conversation {
    history: Vec<String>,
    question: String,
    follows: bool,
    /// Words that what is searched has to hold.
    must: Vec<String>,
}

impl Conversation {
    fn wrong(&self) -> Option<String> {
        let turn = |text: &String| Turn { speaker: Speaker::User, text: text.clone() };
        let history: Vec<Turn> = self.history.iter().map(turn).collect();
        let condensed = condensed(&history, &self.question);
        let searched = condensed.as_ref().unwrap_or(&self.question).to_lowercase();
        let lacks = self.must.iter().find(|word| !searched.contains(&word.to_lowercase()));
        match lacks {
            _ if condensed.is_some() != self.follows => Some(format!("{}: {condensed:?}", self.question)),
            Some(word) => Some(format!("{}: {searched:?} lacks {word:?}", self.question)),
            None => None,
        }
    }
}

#[test]
fn follow_ups_are_told_from_questions_that_stand_alone() {
    let lines = include_str!("../follow-ups.jsonl").lines();
    let conversations: Vec<Conversation> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let wrong: Vec<String> = conversations.iter().filter_map(Conversation::wrong).collect();
    #[expect(clippy::cast_precision_loss, reason = "a hundred conversations")]
    let right = 1.0 - wrong.len() as f64 / conversations.len() as f64;
    println!("{right} of {} right; wrong:\n{}", conversations.len(), wrong.join("\n"));
    assert!(conversations.len() >= 100 && right >= LEAST, "{right}:\n{}", wrong.join("\n"));
}
