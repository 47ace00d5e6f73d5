//! Counts the attributes of a tag before the parser has finished reading it.
//!
//! The parser compares each new attribute with all earlier ones, so a tag of one megabyte would take minutes, and it
//! reports nothing while reading a tag. The tag it is reading must begin in the last piece of input for which it
//! reported something.

/// Maximum number of attributes per tag.
const MOST: usize = 1_000;

/// Whether a tag that begins in the first `window` bytes of the markup has too many attributes.
pub(super) fn too_many(markup: &str, window: usize) -> bool {
    let bytes = markup.as_bytes();
    let opens =
        |at: &usize| matches!(bytes.get(*at..at + 2), Some([b'<', next]) if next.is_ascii_alphabetic());
    (0..window.min(bytes.len()))
        .filter(opens)
        .any(|at| bytes.get(at..).is_some_and(|tag| counts_past(tag, MOST)))
}

/// The number of attributes up to which [`too_many`] need not be called.
pub(super) const fn most() -> usize {
    MOST
}

/// Scans a start tag as the HTML standard does, until it ends or has more than `most` attributes.
fn counts_past(tag: &[u8], most: usize) -> bool {
    let find = |from: usize, stop: &dyn Fn(u8) -> bool| {
        tag.get(from..).and_then(|rest| rest.iter().position(|byte| stop(*byte))).map(|found| from + found)
    };
    let space = |byte: u8| byte.is_ascii_whitespace();
    let mut count = 0;
    let mut at = find(1, &|byte| space(byte) || matches!(byte, b'/' | b'>'));
    while let Some(from) = at {
        let Some(name) = find(from, &|byte| !space(byte) && byte != b'/') else { return false };
        if tag.get(name) == Some(&b'>') {
            return false;
        }
        count += 1;
        if count > most {
            return true;
        }
        // a name may begin with an equals sign
        let end = find(name + 1, &|byte| space(byte) || matches!(byte, b'/' | b'>' | b'='));
        let Some(next) = end.and_then(|end| find(end, &|byte| !space(byte))) else { return false };
        at = match tag.get(next) {
            Some(b'=') => after_value(tag, next + 1),
            _ => Some(next),
        };
    }
    false
}

/// Where a value ends that begins after an equals sign.
fn after_value(tag: &[u8], from: usize) -> Option<usize> {
    let start = from + tag.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let rest = tag.get(start..)?;
    match rest.first()? {
        quote @ (b'"' | b'\'') => {
            rest.iter().skip(1).position(|byte| byte == quote).map(|end| start + end + 2)
        }
        _ => rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>').map(|end| start + end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_counted_as_the_standard_reads_them() {
        for (tag, count) in [
            ("<a>", 0),
            ("<a b c = d e='x y > z' f=\"g\"h i=j/k>l m", 6),
            ("<a =b / c>", 2),
            ("<a b", 1),
            ("<a b='", 1),
        ] {
            assert!(!counts_past(tag.as_bytes(), count), "{tag} has more");
            assert!(count == 0 || counts_past(tag.as_bytes(), count - 1), "{tag} has less");
        }
        let many = (0..=MOST).map(|index| format!("a{index} ")).collect::<Vec<_>>().concat();
        assert!(too_many(&format!("<p><x {many}"), 10));
        assert!(!too_many(&format!("<p><x y=\"{many}\">"), 10));
        assert!(!too_many(&format!("<!-- {many}"), 10));
    }
}
