//! Tokenizes JSON. The input has been validated; the only remaining error is excessive depth.

use super::SMALL_BYTES;
use crate::Refusal;

/// Maximum nesting of values, as in recursive parsers.
const DEEPEST: usize = 128;

/// A JSON token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// The start of an object or array.
    Open { is_array: bool, start: usize },
    /// The end of an object or array.
    Close { end: usize },
    /// A key, with quotes and escapes.
    Key(&'a str),
    /// A string, with quotes and escapes.
    Text(&'a str),
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
}

/// The tokens of a JSON text.
pub(super) fn tokens(json: &str) -> impl Iterator<Item = Token<'_>> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_gap = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b':');
        at += bytes.get(at..)?.iter().take_while(|byte| is_gap(byte)).count();
        let start = at;
        match bytes.get(start)? {
            open @ (b'{' | b'[') => {
                at += 1;
                Some(Token::Open { is_array: *open == b'[', start })
            }
            b'}' | b']' => {
                at += 1;
                Some(Token::Close { end: at })
            }
            b'"' => {
                at += text_length(bytes.get(start..)?);
                let text = json.get(start..at)?;
                let after = bytes.get(at..)?.iter().find(|byte| !byte.is_ascii_whitespace());
                Some(if after == Some(&b':') { Token::Key(text) } else { Token::Text(text) })
            }
            _ => {
                let is_word = |byte: &u8| !is_gap(byte) && !matches!(byte, b'}' | b']');
                at += bytes.get(start..)?.iter().take_while(|byte| is_word(byte)).count();
                json.get(start..at).map(Token::Word)
            }
        }
    })
}

/// The length of the string at the start, including quotes.
fn text_length(bytes: &[u8]) -> usize {
    let mut escaped = true;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    bytes.len()
}

/// The start offsets, ascending, of the objects and arrays that are too large for a single block.
pub(super) fn large(json: &str) -> Result<Vec<usize>, Refusal> {
    let (mut open, mut large) = (Vec::new(), Vec::new());
    for token in tokens(json) {
        match token {
            Token::Open { start, .. } => {
                open.push(start);
                if open.len() > DEEPEST {
                    return Err(Refusal::TooComplex { what: "values within one another", limit: DEEPEST });
                }
            }
            Token::Close { end } => large.extend(open.pop().filter(|start| end - start > SMALL_BYTES)),
            Token::Key(_) | Token::Text(_) | Token::Word(_) => {}
        }
    }
    large.sort_unstable();
    Ok(large)
}

/// A string without quotes and escapes.
pub(super) fn plain(text: &str) -> String {
    // half a surrogate pair is valid JSON but not text: it stays as written
    let plain = serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches('"').to_owned());
    let plain: String =
        if plain.contains('\r') { plain.replace("\r\n", "\n").replace('\r', "\n") } else { plain };
    if plain.contains('\0') { plain.replace('\0', "\u{fffd}") } else { plain }
}
