#![expect(clippy::disallowed_methods, reason = "edge: starts a process, watches it, and ends it")]
//! The process of one training, in a group of its own. It outlives this program.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

const SCRIPT: &str = include_str!("run.sh");
/// Variables that the training is given of this program's: none that holds a secret.
const PASSED: [&str; 9] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "TZ",
];
/// How often a process that is to begin or end is looked at.
const AGAIN: Duration = Duration::from_millis(50);
/// How long `run.sh` may take to say that it runs.
const BEGINNING: Duration = Duration::from_secs(10);
/// How long a killed process may take to be gone.
const KILLED: Duration = Duration::from_secs(10);
/// Ticks of a second in `/proc`: Linux shows every program this many, whatever it counts itself.
const TICKS: u64 = 100;

/// What is started.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub(super) folder: &'a Path,
    pub(super) nice: u8,
    /// KiB of address space; 0 for no limit.
    pub(super) memory: u64,
    pub(super) interpreter: &'a Path,
    pub(super) script: &'a Path,
    pub(super) arguments: Vec<String>,
}

impl Program<'_> {
    /// Starts it, unless one is started already in this folder.
    pub(super) fn start(&self) -> std::io::Result<()> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "run.sh"]).arg(self.folder);
        command.arg(self.nice.to_string()).arg(self.memory.to_string());
        command.arg(self.interpreter).arg(self.script).args(&self.arguments);
        // A signal to our group must not reach it: it goes on when this program is started anew.
        command.env_clear().current_dir("/").process_group(0);
        for name in PASSED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // Written at once, so that the last lines are there when it is killed.
        command.env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Dropped, it is waited for by the runtime.
        drop(command.spawn()?);
        Ok(())
    }
}

/// Waits until `is_begun`; false when that takes too long.
pub(super) async fn begun(is_begun: impl Fn() -> bool) -> bool {
    let end = Instant::now() + BEGINNING;
    while !is_begun() {
        if Instant::now() >= end {
            return false;
        }
        sleep(AGAIN).await;
    }
    true
}

/// A process, told from every other that had or will have its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    boot: String,
    pid: Pid,
    /// Ticks since the machine was booted.
    started: u64,
}

impl Identity {
    /// Reads what `run.sh` writes: the id of the boot, and the process's line in `/proc`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (boot, stat) = text.split_once('\n')?;
        let pid = number(stat.split_whitespace().next()?)?;
        Some(Self { boot: boot.trim().to_owned(), pid, started: Stat::parse(stat)?.started })
    }

    fn is_of_this_boot(&self) -> bool {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").is_ok_and(|boot| boot.trim() == self.boot)
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.is_of_this_boot()
            && std::fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_pid()))
                .ok()
                .and_then(|stat| Stat::parse(&stat))
                .is_some_and(|stat| stat.started == self.started && !matches!(stat.state, 'Z' | 'X'))
    }

    /// How long it has run. By the machine's own counter: no clock is trusted.
    pub(super) fn age(&self) -> Duration {
        let up = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
        let up: f64 = up.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or_default();
        let up = Duration::try_from_secs_f64(up).unwrap_or_default();
        up.saturating_sub(Duration::from_millis(self.started.saturating_mul(1000 / TICKS)))
    }

    /// Asks its group to end, and kills it after `patience`; false when it is still there then.
    pub(super) async fn end(&self, patience: Duration) -> bool {
        for (signal, patience) in [(Signal::TERM, patience), (Signal::KILL, KILLED)] {
            if self.is_alive() {
                // One that has just ended cannot be signalled, and need not be.
                let _sent = kill_process_group(self.pid, signal).is_ok();
            }
            let end = Instant::now() + patience;
            while self.is_alive() && Instant::now() < end {
                sleep(AGAIN).await;
            }
        }
        !self.is_alive()
    }

    /// Kills what a killed `run.sh` left behind in `folder`: processes of its group that stand there.
    pub(super) fn kill_orphans(&self, folder: &Path) {
        if !self.is_of_this_boot() || self.is_alive() {
            return;
        }
        let Ok(folder) = folder.canonicalize() else { return };
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let is_left = std::fs::read_to_string(entry.path().join("stat"))
                .ok()
                .and_then(|stat| Stat::parse(&stat))
                .is_some_and(|stat| stat.group == self.pid.as_raw_pid())
                && entry.path().join("cwd").canonicalize().is_ok_and(|cwd| cwd == folder);
            let pid = entry.file_name().to_str().and_then(number);
            if let Some(pid) = pid.filter(|_| is_left) {
                let _sent = kill_process(pid, Signal::KILL).is_ok();
            }
        }
    }
}

fn number(text: &str) -> Option<Pid> {
    text.parse().ok().filter(|pid| *pid > 0).and_then(Pid::from_raw)
}

/// What `/proc/<pid>/stat` says (proc(5)).
struct Stat {
    state: char,
    group: i32,
    started: u64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // The program's name may hold spaces and parentheses; the third field comes after its last one.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let group = fields.nth(1)?.parse().ok()?;
        let started = fields.nth(16)?.parse().ok()?;
        Some(Self { state, group, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "f5bd614a\n19351 (a) b (c) S 19346 19350 19351 0 -1 4194304 168 93 0 0 0 0 0 0 20 0 1 0 6501857 2654208 401";
        let identity = Identity::parse(stat).unwrap();
        assert_eq!((identity.pid.as_raw_pid(), identity.started), (19351, 6_501_857));
        assert_eq!(Stat::parse(stat).map(|stat| (stat.state, stat.group)), Some(('S', 19350)));
        assert!(!identity.is_alive(), "another boot");
        for text in ["", "f5bd614a", "f5bd614a\n", "f5bd614a\nx (y) S 1", "f5bd614a\n0 (y) S 1 1"] {
            assert_eq!(Identity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn this_process_is_alive_and_another_with_its_number_is_not() {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let identity = Identity::parse(&format!("{boot}{stat}")).unwrap();
        assert!(identity.is_alive() && identity.age() < Duration::from_hours(1));
        assert!(!Identity { started: identity.started + 1, ..identity }.is_alive());
    }
}
