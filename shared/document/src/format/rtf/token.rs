//! Tokenizes RTF.

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    /// A control word without its backslash, and its parameter.
    Word(&'a str, Option<i32>),
    /// A control symbol, which is one character.
    Symbol(u8),
    /// A byte written in hexadecimal.
    Hex(u8),
    /// Text.
    Text(&'a [u8]),
}

/// Tokenizes a document.
pub(super) fn tokens(bytes: &[u8]) -> Tokens<'_> {
    Tokens { rest: bytes }
}

/// The remaining tokens.
pub(super) struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (first, rest) = self.rest.split_first()?;
            match first {
                b'{' => {
                    self.rest = rest;
                    return Some(Token::Open);
                }
                b'}' => {
                    self.rest = rest;
                    return Some(Token::Close);
                }
                b'\\' => {
                    self.rest = rest;
                    if let Some(token) = self.control() {
                        return Some(token);
                    }
                }
                // line breaks in the file mean nothing
                b'\r' | b'\n' | 0 => self.rest = rest,
                _ => {
                    let special = |byte: &u8| matches!(byte, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0);
                    let end = self.rest.iter().position(special).unwrap_or(self.rest.len());
                    let (text, rest) = self.rest.split_at_checked(end)?;
                    self.rest = rest;
                    return Some(Token::Text(text));
                }
            }
        }
    }
}

impl<'a> Tokens<'a> {
    /// Reads what follows a backslash; none for binary data, which is skipped.
    fn control(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.rest.split_first()?;
        if first.is_ascii_alphabetic() {
            return self.word();
        }
        self.rest = rest;
        if *first != b'\'' {
            return Some(Token::Symbol(*first));
        }
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = (rest.first().and_then(digit)?, rest.get(1).and_then(digit)?);
        self.rest = rest.get(2..).unwrap_or_default();
        Some(Token::Hex(high << 4 | low))
    }

    fn word(&mut self) -> Option<Token<'a>> {
        let (name, rest) = split_while(self.rest, u8::is_ascii_alphabetic);
        let name = std::str::from_utf8(name).ok()?;
        let (sign, unsigned) = rest.strip_prefix(b"-").map_or((1, rest), |rest| (-1, rest));
        let (digits, after) = split_while(unsigned, u8::is_ascii_digit);
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i32>().ok());
        let rest = if digits.is_empty() { rest } else { after };
        // the space that ends a control word belongs to it
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let number = number.map(|number| number.saturating_mul(sign));
        if name == "bin" {
            let length = number.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
            self.rest = self.rest.get(length..).unwrap_or_default();
            return None;
        }
        Some(Token::Word(name, number))
    }
}

fn split_while(bytes: &[u8], belongs: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !belongs(byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_their_number_and_one_space() {
        let found: Vec<_> = tokens(b"{\\b1  x\\u-10240?\\~\\'e9\\bin3 }{\\x\\i-y\r\nz}").collect();
        let expected = [
            Token::Open,
            Token::Word("b", Some(1)),
            Token::Text(b" x"),
            Token::Word("u", Some(-10240)),
            Token::Text(b"?"),
            Token::Symbol(b'~'),
            Token::Hex(0xe9),
            Token::Text(b"x"),
            Token::Word("i", None),
            Token::Text(b"-y"),
            Token::Text(b"z"),
            Token::Close,
        ];
        assert_eq!(found, expected);
        assert_eq!(tokens(b"\\").count(), 0);
        assert_eq!(tokens(b"\\'4").collect::<Vec<_>>(), [Token::Text(b"4")]);
    }
}
