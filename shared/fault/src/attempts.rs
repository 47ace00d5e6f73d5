#![expect(
    clippy::disallowed_types,
    reason = "edge: tries what a process that reads documents must not be able to do"
)]
//! What a document that has taken over its reader would try. Each attempt harms nobody when it succeeds.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::thread::Builder;

use rustix::process::{
    Pid, PidfdFlags, PidfdGetfdFlags, Signal, getppid, kill_process, pidfd_getfd, pidfd_open,
};

/// Makes the attempt that `key` asks for, and says what became of it; none when it asks for none.
pub(crate) fn tried(key: &str) -> Option<String> {
    let (_, asked) = key.split_once("poison-try-")?;
    let (what, argument) = asked.split_once(' ').unwrap_or((asked, ""));
    Some(match attempt(what, argument) {
        Ok(()) => format!("{what}: it succeeded"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => format!("{what}: it was refused"),
        Err(error) => format!("{what}: it failed: {error}"),
    })
}

fn attempt(what: &str, argument: &str) -> io::Result<()> {
    match what {
        "read" => open(argument),
        "write" => OpenOptions::new().write(true).create(true).truncate(false).open(argument).map(drop),
        "connect" => TcpStream::connect(argument).map(drop),
        "socket" => UnixDatagram::unbound().map(drop),
        "pair" => UnixStream::pair().map(drop),
        // When it succeeds, this process is another program, and nobody answers.
        "exec" => Err(Command::new(argument).exec()),
        "fork" => Command::new(argument).spawn()?.wait().map(drop),
        "thread" => Builder::new().spawn(|| ())?.join().map_err(|_| io::Error::other("it panicked")),
        "environ" => open(&format!("/proc/{}/environ", parent()?)),
        "memory" => open(&format!("/proc/{}/mem", parent()?)),
        // Needs the right that ptrace needs.
        "descriptor" => {
            let parent = pidfd_open(parent()?, PidfdFlags::empty())?;
            Ok(pidfd_getfd(&parent, 0, PidfdGetfdFlags::empty()).map(drop)?)
        }
        // Nothing happens to who is not stopped.
        "signal" => Ok(kill_process(parent()?, Signal::CONT)?),
        _ => Err(io::Error::other("there is no such attempt")),
    }
}

fn open(path: &str) -> io::Result<()> {
    OpenOptions::new().read(true).open(path).map(drop)
}

fn parent() -> io::Result<Pid> {
    getppid().ok_or_else(|| io::Error::other("it has no parent"))
}
