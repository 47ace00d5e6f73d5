//! Names of answers, by which people judge them. Pure but for the standard library's random keys.
//!
//! A name is 32 hex characters: 96 random bits, so that nobody guesses the name of an answer that was given to somebody else,
//! and 8 characters that are computed from them. These tell a name that one of these servers gave from one that is mistyped,
//! cut off or another program's, without asking: several servers share no memory and no secret. They prove no more than that,
//! and need not: a judgement of an answer that there is not joins with nothing.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use message::sha256_hex;
use serde::Serialize;

/// What stands before the name in OpenAI's interface, whose clients expect it.
pub const CHAT_PREFIX: &str = "chatcmpl-";
/// Characters that are random.
const RANDOM: usize = 24;
/// Characters that are computed from them.
const CHECK: usize = 8;

/// The name of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct AnswerId(String);

impl AnswerId {
    /// A name that no other answer has.
    #[must_use]
    pub fn fresh() -> Self {
        // Each state has random keys of its own, without which its hashes cannot be foreseen.
        let [one, other] = [RandomState::new(), RandomState::new()].map(|state| state.hash_one("answer"));
        let mut random = format!("{one:016x}{other:016x}");
        random.truncate(RANDOM);
        let check = check_of(&random);
        Self(random + &check)
    }

    /// The name in a text, with or without [`CHAT_PREFIX`]; none if no server gives such names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(CHAT_PREFIX).unwrap_or(text);
        let (random, check) = text.split_at_checked(RANDOM)?;
        let is_hex = random.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && check == check_of(random)).then(|| Self(text.to_owned()))
    }

    /// The 32 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AnswerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_of(random: &str) -> String {
    let mut check = sha256_hex([b"answer".as_slice(), random.as_bytes()]);
    check.truncate(CHECK);
    check
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_is_told_from_what_is_none() {
        let id = AnswerId::fresh();
        assert_eq!(id.as_str().len(), RANDOM + CHECK);
        assert_eq!(AnswerId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(AnswerId::parse(&format!("{CHAT_PREFIX}{id}")), Some(id.clone()));
        // Computed with Python's hashlib: SHA-256 over the parts, each after its length as a little-endian u64.
        assert!(AnswerId::parse("5d1c0f3ab2e94768d0c3a1f21e92110d").is_some());
        let cut = id.as_str().get(..31).unwrap();
        let upper = id.as_str().to_uppercase() + "A";
        for wrong in
            ["", "chatcmpl-", "5d1c0f3ab2e94768d0c3a1f21e92110e", cut, &upper, "中".repeat(11).as_str()]
        {
            assert_eq!(AnswerId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn no_two_are_the_same() {
        let all: HashSet<AnswerId> = (0..1_000).map(|_| AnswerId::fresh()).collect();
        assert_eq!(all.len(), 1_000);
    }
}
