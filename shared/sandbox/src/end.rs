//! How a child ended, and what that says about the document it was reading. Pure.

use rustix::process::Signal;

use crate::{SandboxSettings, Unread};

/// How many bytes of a child's last output are kept.
const KEPT: usize = 1024;
/// How often a document is tried when its child is killed from outside, because the document may be innocent.
const TRIES_AFTER_KILL: u32 = 3;

/// How a child ended while reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The parent killed it at the deadline.
    Deadline,
    /// A signal killed it.
    Signal(i32),
    /// It exited.
    Exit(i32),
    /// It sent something that no sound child sends; the parent killed it.
    Nonsense(&'static str),
}

/// The end of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) how: How,
    /// The end of what it wrote to standard error, as one line.
    pub(crate) words: String,
}

impl End {
    /// Whether a fresh child must read the document again before the document is blamed. `tries` counts the reads so
    /// far; `reused` says whether the child had read other documents before.
    pub(crate) fn is_doubtful(&self, tries: u32, reused: bool) -> bool {
        match self.how {
            // Time used by other documents does not count towards the deadline.
            How::Deadline => false,
            How::Signal(signal) if signal == Signal::XCPU.as_raw() => false,
            How::Signal(signal) if signal == Signal::KILL.as_raw() => tries < TRIES_AFTER_KILL,
            // Memory that earlier documents left allocated must not be blamed on this one.
            How::Signal(_) | How::Exit(_) | How::Nonsense(_) => reused && tries < 2,
        }
    }

    /// The verdict on the document.
    pub(crate) fn verdict(&self, settings: &SandboxSettings) -> Unread {
        let words = if self.words.is_empty() { String::new() } else { format!(": {}", self.words) };
        let cause = match self.how {
            How::Deadline => format!(
                "reading it takes longer than {} s; raise MILLRACE_EXTRACT_DEADLINE, or split the file",
                settings.extract_deadline
            ),
            How::Signal(signal) if signal == Signal::XCPU.as_raw() => format!(
                "reading it takes more than {} s of a processor; raise MILLRACE_EXTRACT_CPU, or split the file",
                settings.extract_cpu
            ),
            How::Signal(signal) if signal == Signal::ABORT.as_raw() && is_out_of_memory(&self.words) => {
                too_much_memory(settings.extract_memory)
            }
            // The message contains the process id, which differs each time, so it is not quoted.
            How::Signal(signal) if self.words.contains(" has overflowed its stack") => {
                ended(&format!("signal {signal}: its parts lie too deep within one another"))
            }
            How::Signal(signal) if is_from_outside(signal) => {
                return Unread::Trouble(format!("the extractor was killed from outside (signal {signal})"));
            }
            How::Signal(signal) if signal == Signal::KILL.as_raw() => format!(
                "the system killed the extractor {TRIES_AFTER_KILL} times while it read this file (signal {signal}); give \
                 the machine more memory, or lower MILLRACE_EXTRACT_MEMORY"
            ),
            How::Signal(signal) => ended(&format!("signal {signal}{words}")),
            How::Exit(code) => ended(&format!("exit code {code}{words}")),
            How::Nonsense(what) => ended(what),
        };
        Unread::Refused(cause)
    }
}

fn ended(how: &str) -> String {
    format!("reading it ended the extractor ({how}): please report this file")
}

/// The cause of refusal when a panic was caught.
pub(crate) fn failed_inside(how: &str) -> String {
    format!("reading the document failed inside ({how}): please report this file")
}

/// The cause of refusal when blocks and parts exceed `limit` bytes.
pub(crate) fn too_much_structure(limit: usize) -> String {
    format!(
        "its blocks and parts take more than {limit} bytes; raise MILLRACE_EXTRACT_TEXT, or split the file"
    )
}

fn too_much_memory(limit: u64) -> String {
    let (amount, unit) = if limit >= 1 << 20 { (limit >> 20, "MB") } else { (limit, "bytes") };
    format!(
        "reading it takes more than {amount} {unit} of memory; raise MILLRACE_EXTRACT_MEMORY, or split the file"
    )
}

/// Recognises the message of Rust's allocator before it aborts.
fn is_out_of_memory(words: &str) -> bool {
    words.contains("memory allocation of ")
}

/// Signals that no document causes: somebody is stopping the machine or all processes of a service.
fn is_from_outside(signal: i32) -> bool {
    [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT].map(Signal::as_raw).contains(&signal)
}

/// The last output of a child, bounded in size.
#[derive(Debug, Default)]
pub(crate) struct LastWords(Vec<u8>);

impl LastWords {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        self.0.drain(..self.0.len().saturating_sub(KEPT));
    }

    /// Forgets earlier output.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The output as one line.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(how: How, words: &str) -> End {
        End { how, words: words.to_owned() }
    }

    fn cause(how: How, words: &str) -> String {
        match end(how, words).verdict(&SandboxSettings::default()) {
            Unread::Refused(cause) => cause,
            Unread::Trouble(cause) => format!("trouble: {cause}"),
        }
    }

    #[test]
    fn each_limit_names_its_setting() {
        assert!(cause(How::Deadline, "").contains("180 s; raise MILLRACE_EXTRACT_DEADLINE"));
        assert!(cause(How::Signal(24), "").contains("60 s of a processor; raise MILLRACE_EXTRACT_CPU"));
        let memory = cause(How::Signal(6), "memory allocation of 5 bytes failed");
        assert!(memory.contains("1024 MB of memory; raise MILLRACE_EXTRACT_MEMORY"), "{memory}");
    }

    #[test]
    fn a_crash_is_told_with_its_signal_and_last_words() {
        assert!(cause(How::Signal(11), "").contains("ended the extractor (signal 11): please"));
        assert!(
            cause(How::Signal(6), "thread 'main' (7) has overflowed its stack")
                .contains("(signal 6: its parts")
        );
        assert!(cause(How::Signal(6), "free(): invalid").contains("(signal 6: free(): invalid)"));
        assert!(cause(How::Exit(3), "x").contains("(exit code 3: x)"));
    }

    #[test]
    fn who_is_stopped_from_outside_blames_no_document() {
        assert!(cause(How::Signal(15), "").starts_with("trouble"));
        assert!(cause(How::Signal(2), "").starts_with("trouble"));
    }

    #[test]
    fn a_child_that_read_others_before_is_no_proof() {
        let crash = end(How::Signal(6), "");
        assert!(crash.is_doubtful(1, true) && !crash.is_doubtful(1, false) && !crash.is_doubtful(2, true));
        let killed = end(How::Signal(9), "");
        assert!(
            killed.is_doubtful(1, false) && killed.is_doubtful(2, false) && !killed.is_doubtful(3, false)
        );
        assert!(
            !end(How::Deadline, "").is_doubtful(1, true) && !end(How::Signal(24), "").is_doubtful(1, true)
        );
    }

    #[test]
    fn last_words_are_bounded_and_one_line() {
        let mut words = LastWords::default();
        words.push(&[b'x'; 5000]);
        words.push(b"\nthe\n end\n");
        assert!(words.text().ends_with("xx the end") && words.text().len() <= KEPT);
    }
}
