//! Keys of services that show by their beginning what they are. Pure.

/// How a key begins, the least of what follows, and whether that may hold `-` and `_`.
///
/// Access keys of Alibaba Cloud and AWS; keys of OpenAI, Anthropic and Bailian; tokens of GitHub, GitLab, Slack and Hugging Face;
/// JSON Web Tokens.
const KEYS: [(&str, usize, bool); 13] = [
    ("LTAI", 12, false),
    ("AKIA", 16, false),
    ("ASIA", 16, false),
    ("sk-", 20, true),
    ("ghp_", 30, false),
    ("gho_", 30, false),
    ("ghs_", 30, false),
    ("github_pat_", 30, true),
    ("glpat-", 16, true),
    ("xoxb-", 20, true),
    ("xoxp-", 20, true),
    ("hf_", 30, false),
    ("eyJ", 60, true),
];
/// Most bytes of a key that are read.
const LONGEST: usize = 4_096;

/// A key that stands by itself.
pub(super) fn key(before: &str, rest: &str) -> Option<usize> {
    if before.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_' || last == '-') {
        return None;
    }
    let (beginning, least, is_loose) = KEYS.iter().find(|(beginning, ..)| rest.starts_with(beginning))?;
    let is_part = |byte: u8| {
        // The three parts of a token are joined by full stops.
        byte.is_ascii_alphanumeric()
            || *is_loose && (b"-_".contains(&byte) || *beginning == "eyJ" && byte == b'.')
    };
    let follows = rest.as_bytes().iter().skip(beginning.len()).take(LONGEST);
    let length = follows.take_while(|byte| is_part(**byte)).count();
    let whole = rest.get(..beginning.len() + length)?.trim_end_matches(['.', '-']).len();
    (length >= *least).then_some(whole)
}
