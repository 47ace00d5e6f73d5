#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    reason = "edge: the child speaks over its standard streams, and reads what the system says of it"
)]
//! The child process: sets its limits, builds its walls, then reads one document after another until its standard input
//! ends.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write};
use std::os::fd::AsFd as _;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use document::extract_within;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::stdio::dup2_stdout;
use rustix::time::{ClockId, clock_gettime};

use crate::answer::{Answer, Outline, Request, Said};
use crate::confine::confine;
use crate::end::{failed_inside, too_much_structure};
use crate::frame::{LENGTHS, Lengths};

/// The first argument, which makes a program the child. The second is the memory limit for a document in bytes.
pub(crate) const CHILD: &str = "--millrace-extract-child";
/// The third argument of a child that accepts poison in tests; see [`fault::poison`].
pub(crate) const POISON: &str = "--poison";

/// Maximum number of open files: the three standard streams, the frames, its own status, and what walls are built with.
const FILES: u64 = 8;
/// Stack size in bytes: the same on every machine, whatever the shell's limits.
const STACK: u64 = 8 << 20;
/// When a document has used more than this share (1 / 2) of the memory limit, the child exits after it.
const SHARE: u64 = 2;

/// Reads documents for another process of this program, if started for that purpose. Call it first in `main`: such a
/// process does nothing else, and exits with the returned code.
#[must_use]
pub fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != CHILD {
        return None;
    }
    let memory = arguments.next().and_then(|memory| memory.to_str()?.parse().ok());
    let is_poisoned = arguments.next().is_some_and(|argument| argument == POISON);
    let served = memory
        .ok_or_else(|| io::Error::other("only other processes of this program may start it"))
        .and_then(|memory| serve(memory, is_poisoned));
    Some(match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{CHILD}: {error}");
            ExitCode::FAILURE
        }
    })
}

fn serve(memory: u64, is_poisoned: bool) -> io::Result<()> {
    set_hook(Box::new(note_panic));
    let mut frames = frames()?;
    // Opened before the walls stand: behind them no file can be opened.
    let status = File::open("/proc/self/status")?;
    let base = limit(memory, &status)?;
    let missing = confine();
    let mut input = io::stdin().lock();
    say(&mut frames, &Said { answer: Answer::Ready { missing }, peak: 0, last: false }, "", usize::MAX)?;
    while let Some((request, bytes)) = hear(&mut input)? {
        allow_cpu(request.cpu)?;
        let (answer, text, is_sound) = answer(&request, &bytes, is_poisoned);
        drop(bytes);
        let peak = memory_of("VmPeak:", &status)?.saturating_sub(base);
        let last = !is_sound || peak > memory / SHARE;
        say(&mut frames, &Said { answer, peak, last }, &text, request.bounds().text)?;
        if last {
            break;
        }
    }
    Ok(())
}

/// Reserves standard output for the frames; everything else printed goes to standard error.
fn frames() -> io::Result<File> {
    let frames = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdout(io::stderr())?;
    Ok(File::from(frames))
}

/// Sets all limits except the CPU limit, which is set for each document. Returns the memory in use now, in bytes.
fn limit(memory: u64, status: &File) -> io::Result<u64> {
    // When the machine runs out of memory, the kernel should kill this process and not the worker. If this cannot be
    // set, the kernel merely chooses less well.
    let _said = std::fs::write("/proc/self/oom_score_adj", "1000").is_ok();
    let base = memory_of("VmSize:", status)?;
    let limits = [
        (Resource::As, base.saturating_add(memory)),
        (Resource::Stack, STACK),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, FILES),
    ];
    for (resource, limit) in limits {
        // Keep a lower limit that is already set.
        let limit = getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit));
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(base)
}

/// Lets this process use so many more CPU seconds, after which the system kills it.
fn allow_cpu(seconds: u64) -> io::Result<()> {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
    let maximum = getrlimit(Resource::Cpu).maximum;
    // The limit is in whole seconds, and the current one has been partly used by others.
    let wanted = used.saturating_add(1).saturating_add(seconds);
    let current = Some(maximum.map_or(wanted, |maximum| maximum.min(wanted)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

/// The value in bytes of a memory field in `/proc/self/status`, which the kernel writes anew when it is read from its
/// start.
fn memory_of(name: &str, mut status: &File) -> io::Result<u64> {
    let mut text = String::new();
    status.rewind()?;
    status.read_to_string(&mut text)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.ok_or_else(|| io::Error::other("/proc/self/status does not say how much memory is used"))?
        << 10)
}

/// The answer, the text, and whether this process is fit to go on.
fn answer(request: &Request, bytes: &[u8], is_poisoned: bool) -> (Answer, String, bool) {
    let read = catch_unwind(AssertUnwindSafe(|| {
        if is_poisoned {
            fault::poison(&request.key);
        }
        extract_within(&request.bounds(), &request.key, bytes)
    }));
    match read {
        Ok(Ok(extracted)) => {
            let (outline, text) = Outline::of(extracted);
            (Answer::Read(outline), text, true)
        }
        Ok(Err(refusal)) => (Answer::Refused(refusal.to_string()), String::new(), true),
        Err(_) => {
            let panic = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
            (Answer::Refused(failed_inside(&panic)), String::new(), false)
        }
    }
}

/// The message of the last panic.
static PANIC: Mutex<String> = Mutex::new(String::new());

fn note_panic(panic: &PanicHookInfo<'_>) {
    let mut said = panic.payload_as_str().unwrap_or("a panic").to_owned();
    if let Some(place) = panic.location() {
        // The path of the source folder differs between build machines, so only the end is reported.
        let file: Vec<&str> = place.file().rsplit('/').take(3).collect();
        let file = file.into_iter().rev().collect::<Vec<_>>().join("/");
        said = format!("{said}, {file}:{}", place.line());
    }
    *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = said;
}

/// Reads the next document; none when the parent has no more, or is gone.
fn hear(input: &mut impl Read) -> io::Result<Option<(Request, Vec<u8>)>> {
    let mut lengths = [0; LENGTHS];
    match input.read_exact(&mut lengths) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let Lengths { head, body } = Lengths::from_bytes(lengths);
    let mut request = vec![0; usize::try_from(head).map_err(io::Error::other)?];
    input.read_exact(&mut request)?;
    let mut bytes = vec![0; usize::try_from(body).map_err(io::Error::other)?];
    input.read_exact(&mut bytes)?;
    Ok(Some((serde_json::from_slice(&request)?, bytes)))
}

/// Sends an answer if its head takes at most `most` bytes, or else a refusal.
fn say(frames: &mut impl Write, said: &Said, text: &str, most: usize) -> io::Result<()> {
    let (mut head, mut text) = (serde_json::to_vec(said)?, text);
    if head.len() > most && matches!(said.answer, Answer::Read(_)) {
        let refusal = Said { answer: Answer::Refused(too_much_structure(most)), ..*said };
        (head, text) = (serde_json::to_vec(&refusal)?, "");
    }
    frames.write_all(&Lengths::of(&head, text.as_bytes()).to_bytes())?;
    frames.write_all(&head)?;
    frames.write_all(text.as_bytes())
}
