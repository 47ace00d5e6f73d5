//! Parses Server-Sent Events incrementally: <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Pure.
//!
//! Only `data` is kept. A library would bring its own stream types for these few lines.

/// Maximum size of an event in bytes; no model sends more at once.
const LONGEST: usize = 1024 * 1024;

/// Collects bytes into events.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    data: Option<String>,
    /// Whether the last byte was a carriage return, so that a following line feed belongs to it.
    returned: bool,
}

/// An event that is too long, or not text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// More than a mebibyte.
    #[error("an event has more than {LONGEST} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("an event is not UTF-8")]
    NoText,
}

impl Events {
    /// Adds bytes and returns the events that are complete now.
    ///
    /// # Errors
    /// When an event is unreadable; the rest of the stream then is, too.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, Unreadable> {
        let mut events = Vec::new();
        for &byte in bytes {
            let ends = matches!(byte, b'\n' | b'\r');
            if byte == b'\n' && std::mem::take(&mut self.returned) {
                continue;
            }
            self.returned = byte == b'\r';
            if ends {
                events.extend(self.end_of_line()?);
            } else {
                self.line.push(byte);
                let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
                if held > LONGEST {
                    return Err(Unreadable::TooLong);
                }
            }
        }
        Ok(events)
    }

    fn end_of_line(&mut self) -> Result<Option<String>, Unreadable> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return Ok(self.data.take());
        }
        let line = std::str::from_utf8(&line).map_err(|_| Unreadable::NoText)?;
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                data @ None => *data = Some(value.to_owned()),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = ": hello\r\n\r\ndata: {\"a\":1}\n\ndata:über 中文\r\n\r\nevent: x\ndata: one\ndata: two\nid: 3\n\n\
                          data\n\ndata: [DONE]\n\ndata: never ended";

    #[test]
    fn events_are_read_however_they_are_written() {
        let events = Events::default().push(STREAM.as_bytes()).unwrap();
        assert_eq!(events, ["{\"a\":1}", "über 中文", "one\ntwo", "", "[DONE]"]);
        assert_eq!(Events::default().push(b"data: a\rdata: b\r\r"), Ok(vec!["a\nb".to_owned()]));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert_eq!(Events::default().push(b"data: \xff\n"), Err(Unreadable::NoText));
        let mut events = Events::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        let all: Result<Vec<_>, _> = (0..2000).map(|_| events.push(line.as_bytes())).collect();
        assert_eq!(all.unwrap_err(), Unreadable::TooLong);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn where_the_bytes_are_cut_changes_nothing(cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let (mut events, mut found, mut at) = (Events::default(), Vec::new(), 0);
            for cut in cuts.into_iter().chain([STREAM.len()]) {
                found.extend(events.push(&STREAM.as_bytes()[at..cut]).unwrap());
                at = cut;
            }
            prop_assert_eq!(found, Events::default().push(STREAM.as_bytes()).unwrap());
        }
    }
}
