#![expect(clippy::disallowed_methods, reason = "edge: starts and ends processes, and waits for them")]
//! One child process, as the parent sees it.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::answer::{Answer, Said};
use crate::child::{CHILD, POISON};
use crate::end::{End, How, LastWords};
use crate::frame::{LENGTHS, Lengths};
use crate::pool::Program;

/// How long a child may take to become ready; it only sets its limits and builds its walls.
const START: Duration = Duration::from_secs(30);
/// How long a child that has closed its streams may take to exit before it is killed.
const GOODBYE: Duration = Duration::from_secs(5);
/// Bytes of a head beyond the limit for an outline; an answer without an outline is shorter than this.
const HEAD: usize = 64 << 10;

/// A child waiting for a document.
#[derive(Debug)]
pub(crate) struct Running {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
    words: LastWords,
    /// Number of documents it has been given.
    pub(crate) documents: u64,
    /// What is missing between it and others, with the cause.
    pub(crate) missing: Vec<String>,
}

impl Running {
    /// Starts a child whose documents may use this much memory, in bytes.
    ///
    /// # Errors
    /// The reason, when it cannot be started.
    pub(crate) async fn start(program: &Program, memory: u64) -> Result<Self, String> {
        let closed = close();
        let mut command = Command::new(&program.path);
        command.arg(CHILD).arg(memory.to_string());
        if program.poison {
            command.arg(POISON);
        }
        // The child is given no variables, working folder or terminal of this process, and a signal to our group must
        // not reach it. It still runs as the same user: that it cannot fetch what it is not given is the work of
        // `close` and of its walls (`confine`). A single malloc arena makes a document's memory use the same on every
        // machine.
        command
            .env_clear()
            .env("MALLOC_ARENA_MAX", "1")
            .current_dir("/")
            .process_group(0)
            .arg0("millrace-extract");
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().map_err(|error| format!("{}: {error}", program.path.display()))?;
        let streams = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(input), Some(output), Some(errors)) = streams else {
            return Err("it has no standard streams".to_owned());
        };
        let (words, missing) = (LastWords::default(), Vec::new());
        let mut child = Self { process, input, output, errors, words, documents: 0, missing };
        match child.converse(None, START, HEAD, 0).await {
            Ok((Said { answer: Answer::Ready { missing }, .. }, _)) => {
                child.missing = missing;
                child.missing.extend(closed.err());
                Ok(child)
            }
            Ok(_) => Err("it does not say that it is ready".to_owned()),
            Err(how) => {
                let End { how, words } = child.end(how).await;
                Err(format!("{how:?} {words}"))
            }
        }
    }

    /// Has a document read: sends `head` and `body` and returns the child's answer, with at most `text` bytes of text
    /// and as many for the outline.
    ///
    /// # Errors
    /// How the child ended, or how it must be ended with [`Running::end`].
    pub(crate) async fn ask(
        &mut self,
        head: &[u8],
        body: &[u8],
        deadline: Duration,
        text: usize,
    ) -> Result<(Said, Vec<u8>), How> {
        self.documents += 1;
        self.words.clear();
        self.converse(Some((head, body)), deadline, text.saturating_add(HEAD), text).await
    }

    async fn converse(
        &mut self,
        request: Option<(&[u8], &[u8])>,
        deadline: Duration,
        most_head: usize,
        most_body: usize,
    ) -> Result<(Said, Vec<u8>), How> {
        let Self { input, output, errors, words, .. } = self;
        let talk = async {
            if let Some((head, body)) = request {
                send(input, head, body).await?;
            }
            receive(output, most_head, most_body).await
        };
        // Its standard error must be drained, or the child would block on a full pipe.
        let listen = async {
            listen(errors, words).await;
            std::future::pending().await
        };
        let talk = async {
            tokio::select! { said = talk => said, said = listen => said }
        };
        match timeout(deadline, talk).await {
            Ok(said) => said,
            Err(_) => Err(How::Deadline),
        }
    }

    /// Ends the child if it is still running, and says how it ended.
    pub(crate) async fn end(mut self, how: How) -> End {
        drop(self.input);
        let is_ended_here = matches!(how, How::Deadline | How::Nonsense(_));
        if is_ended_here {
            let _killed = self.process.start_kill().is_ok();
        }
        let goodbye = async {
            listen(&mut self.errors, &mut self.words).await;
            self.process.wait().await
        };
        let status = timeout(GOODBYE, goodbye).await;
        let words = self.words.text();
        let how = match status {
            _ if is_ended_here => how,
            Ok(Ok(status)) => {
                status.signal().map_or_else(|| How::Exit(status.code().unwrap_or_default()), How::Signal)
            }
            Ok(Err(_)) | Err(_) => How::Nonsense("it closed its streams and went on"),
        };
        End { how, words }
    }
}

/// Closes this process to others of its user, for good: its variables, which hold passwords, its memory, and its open
/// files. Only root may look into it then, and it leaves no core.
///
/// # Errors
/// What is missing.
fn close() -> Result<(), String> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("a parent that nobody looks into ({error})"))
}

/// Used on a broken pipe: the child is gone, and its exit status will say how.
const GONE: How = How::Exit(0);

async fn send(input: &mut ChildStdin, head: &[u8], body: &[u8]) -> Result<(), How> {
    let sent = async {
        input.write_all(&Lengths::of(head, body).to_bytes()).await?;
        input.write_all(head).await?;
        input.write_all(body).await?;
        input.flush().await
    };
    sent.await.map_err(|_: std::io::Error| GONE)
}

async fn receive(
    output: &mut ChildStdout,
    most_head: usize,
    most_body: usize,
) -> Result<(Said, Vec<u8>), How> {
    let mut lengths = [0; LENGTHS];
    output.read_exact(&mut lengths).await.map_err(|_| GONE)?;
    let Lengths { head, body } = Lengths::from_bytes(lengths);
    let within = |length: u64, most: usize| usize::try_from(length).ok().filter(|length| *length <= most);
    let (Some(head), Some(body)) = (within(head, most_head), within(body, most_body)) else {
        return Err(How::Nonsense("its answer is longer than it may be"));
    };
    let (mut said, mut text) = (vec![0; head], vec![0; body]);
    output.read_exact(&mut said).await.map_err(|_| GONE)?;
    output.read_exact(&mut text).await.map_err(|_| GONE)?;
    // An outline can be as long as the text, so it is parsed on a blocking thread.
    let parsed = tokio::task::spawn_blocking(move || serde_json::from_slice(&said).ok());
    let said = parsed.await.ok().flatten().ok_or(How::Nonsense("its answer cannot be understood"))?;
    Ok((said, text))
}

/// Reads the child's standard error until its end.
async fn listen(errors: &mut ChildStderr, words: &mut LastWords) {
    let mut piece = [0; 1024];
    while let Ok(read @ 1..) = errors.read(&mut piece).await {
        words.push(piece.get(..read).unwrap_or_default());
    }
}
