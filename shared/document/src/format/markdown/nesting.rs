//! Bounds how deep quotes and lists nest.
//!
//! The parser compares each line with all open quotes and lists, so a line of a hundred thousand markers followed by
//! as many short lines would take minutes. Markers beyond a depth that no reader follows are escaped and read as
//! text.

use std::borrow::Cow;

/// Maximum number of markers at the start of a line.
const DEEPEST: usize = 100;

/// The source, with no line opening more than [`DEEPEST`] quotes and list items.
pub(super) fn bounded(source: &str) -> Cow<'_, str> {
    let too_deep = |line: &str| excess(line).is_some();
    if !source.lines().any(too_deep) {
        return Cow::Borrowed(source);
    }
    let mut bounded = String::with_capacity(source.len() + 64);
    for line in source.split_inclusive('\n') {
        let at = excess(line).unwrap_or_default();
        let (markers, rest) = line.split_at_checked(at).unwrap_or(("", line));
        bounded.push_str(markers);
        if at > 0 {
            bounded.push('\\');
        }
        bounded.push_str(rest);
    }
    Cow::Owned(bounded)
}

/// The position of the first excess marker in a line, if any.
fn excess(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = 0;
    let mut markers = 0;
    loop {
        at += bytes.get(at..)?.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let length = marker_length(bytes.get(at..)?)?;
        markers += 1;
        if markers > DEEPEST {
            let thematic_break = line.trim().bytes().all(|byte| matches!(byte, b'-' | b'*' | b' ' | b'\t'));
            return (!thematic_break).then_some(at);
        }
        at += length;
    }
}

/// The length of the quote or list marker at the start of the text.
fn marker_length(text: &[u8]) -> Option<usize> {
    let spaced = |length: usize| text.get(length).is_none_or(u8::is_ascii_whitespace).then_some(length);
    match text.first()? {
        b'>' => Some(1),
        b'-' | b'*' | b'+' => spaced(1),
        b'0'..=b'9' => {
            let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            matches!(text.get(digits), Some(b'.' | b')')).then(|| spaced(digits + 1)).flatten()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_deep_changes() {
        for line in
            ["> > - 1. a", "- - - -", "text", "", "\n", "12) x\n", "* ", &"* ".repeat(500), &"-".repeat(500)]
        {
            assert_eq!(bounded(line), line);
        }
        assert_eq!(
            bounded(&format!("a\n{}b\nc", ">".repeat(102))),
            format!("a\n{}\\>>b\nc", ">".repeat(100))
        );
        assert_eq!(bounded(&format!("{}b", "- ".repeat(101))), format!("{}\\- b", "- ".repeat(100)));
    }
}
