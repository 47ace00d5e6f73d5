//! The programs, run as the kernel runs them: it gives them a call's number, the machine, and the arguments.

use std::collections::BTreeSet;

use seccompiler::sock_filter;

use super::*;
use crate::calls::Call;

const PROCESS: u32 = 4711;
/// What a program returns for a call that is allowed, and for one that is answered with an error.
const ALLOWED: u32 = 0x7fff_0000;
const ERROR: u32 = 0x0005_0000;
/// The flags with which libc makes a thread, and a process (`posix_spawn`).
const THREAD: u64 = 0x003d_0f00;
const SPAWN: u64 = 0x4111;

/// The data that a program reads.
fn data(call: u32, arguments: &[u64]) -> Vec<u8> {
    let machine: u32 = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
    let mut data = [call.to_le_bytes(), machine.to_le_bytes()].concat();
    data.extend([0; 8]);
    data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
    data.resize(64, 0);
    data
}

fn run(program: &[sock_filter], data: &[u8]) -> u32 {
    let (mut at, mut held) = (0, 0);
    loop {
        let sock_filter { code, jt, jf, k } = program[at];
        let place = usize::try_from(k).unwrap();
        let choose = |is: bool| usize::from(if is { jt } else { jf });
        at += 1;
        match code {
            0x20 => held = u32::from_le_bytes(data[place..place + 4].try_into().unwrap()),
            0x54 => held &= k,
            0x05 => at += place,
            0x15 => at += choose(held == k),
            0x06 => return k,
            other => panic!("an instruction that these tests do not know: {other:#x}"),
        }
    }
}

/// The answer to a call of this number.
fn numbered(call: i64, arguments: &[u64]) -> u32 {
    let data = data(u32::try_from(call).unwrap(), arguments);
    let answers = programs(PROCESS).unwrap().map(|program| run(&program, &data));
    answers.into_iter().min().unwrap()
}

/// The answer to a call; a machine that does not have it refuses it.
fn answer(call: &Call, arguments: &[u64]) -> u32 {
    number(call).map_or(ERROR | EPERM, |call| numbered(call, arguments))
}

fn named(name: &str) -> &'static Call {
    REFUSED.iter().copied().flatten().find(|call| call.0 == name).unwrap()
}

#[test]
fn what_reaches_others_is_refused() {
    let names = [
        "socket",
        "socketpair",
        "connect",
        "bind",
        "execve",
        "execveat",
        "fork",
        "vfork",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
        "openat",
        "mount",
        "unshare",
        "setns",
        "bpf",
        "keyctl",
        "io_uring_setup",
    ];
    for name in names {
        assert_eq!(answer(named(name), &[]), ERROR | EPERM, "{name}");
    }
}

#[test]
fn threads_are_made_and_processes_are_not() {
    assert_eq!(answer(&CLONE, &[THREAD]), ALLOWED);
    assert_eq!(answer(&CLONE, &[SPAWN]), ERROR | EPERM);
    assert_eq!(answer(&CLONE, &[0x11]), ERROR | EPERM, "fork");
    assert_eq!(answer(&CLONE3, &[]), ERROR | ENOSYS, "libc uses clone then");
}

#[test]
fn signals_and_limits_reach_this_process_alone() {
    let (own, other, group) = (u64::from(PROCESS), 1, u64::MAX);
    for call in [KILL, TKILL, TGKILL] {
        assert_eq!(answer(&call, &[own, own, 6]), ALLOWED, "{call:?}");
        for process in [other, group, 0] {
            assert_eq!(answer(&call, &[process, own, 6]), ERROR | EPERM, "{call:?}");
        }
    }
    assert_eq!(answer(&PRLIMIT64, &[0, 0]), ALLOWED);
    assert_eq!(answer(&PRLIMIT64, &[other, 0]), ERROR | EPERM);
    assert_eq!(answer(&FCNTL, &[0, 1]), ALLOWED);
    for command in [F_SETOWN, F_SETSIG, F_SETOWN_EX] {
        assert_eq!(answer(&FCNTL, &[0, command, other]), ERROR | EPERM, "{command}");
    }
}

#[test]
fn what_reading_needs_is_allowed() {
    let needed: [Call; 18] = [
        ("read", 0, 63),
        ("write", 1, 64),
        ("close", 3, 57),
        ("lseek", 8, 62),
        ("mmap", 9, 222),
        ("munmap", 11, 215),
        ("mremap", 25, 216),
        ("mprotect", 10, 226),
        ("madvise", 28, 233),
        ("brk", 12, 214),
        ("futex", 202, 98),
        ("sigaltstack", 131, 132),
        ("rt_sigaction", 13, 134),
        ("rt_sigprocmask", 14, 135),
        ("clock_gettime", 228, 113),
        ("getrandom", 318, 278),
        ("statx", 332, 291),
        ("exit_group", 231, 94),
    ];
    for call in needed {
        assert_eq!(answer(&call, &[]), ALLOWED, "{call:?}");
    }
}

/// Otherwise each call would have a second number that nobody refuses.
#[test]
fn the_second_set_of_numbers_is_not_there() {
    if cfg!(target_arch = "x86_64") {
        for call in [number(named("socket")), number(&KILL), Some(520), Some(547)].into_iter().flatten() {
            assert_eq!(numbered(call | X32, &[u64::from(PROCESS)]), ERROR | ENOSYS, "{call}");
        }
        assert_eq!(numbered(520, &[]), ERROR | ENOSYS);
    }
}

#[test]
fn each_call_is_there_once() {
    let calls: Vec<&Call> = REFUSED.iter().copied().flatten().chain(REFUSED_SOMETIMES).collect();
    let names: BTreeSet<&str> = calls.iter().map(|call| call.0).collect();
    let numbers: BTreeSet<i64> = calls.iter().filter_map(|call| number(call)).collect();
    assert_eq!(names.len(), calls.len());
    assert_eq!(numbers.len(), calls.iter().filter(|call| number(call).is_some()).count());
}
