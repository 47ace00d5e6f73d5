//! The filter of system calls of the child, as programs that the kernel runs before each call. Pure.
//!
//! Whatever is not refused is allowed: what a library calls changes with its version and with the machine, and a call
//! that is missed would refuse documents that are fine.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::ops::RangeInclusive;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::calls::{
    CLONE, CLONE3, FCNTL, KILL, PRLIMIT64, REFUSED, REFUSED_SOMETIMES, TGKILL, TKILL, number,
};

/// Refused.
const EPERM: u32 = 1;
/// Not there, after which a library uses an older call.
const ENOSYS: u32 = 38;

/// The flag of `clone` that makes a thread and not a process.
const CLONE_THREAD: u64 = 0x0001_0000;
/// The commands of `fcntl` that name who is sent a signal, and which one.
const F_SETOWN: u64 = 8;
const F_SETSIG: u64 = 10;
const F_SETOWN_EX: u64 = 15;

/// The bit that makes a call one of x32, a second set of numbers that kernels for `x86_64` may know.
const X32: i64 = 0x4000_0000;
/// Numbers that only x32 has, for calls that have others too. Old kernels take them without the bit.
const X32_OWN: RangeInclusive<i64> = 512..=547;

/// The calls of a filter: each with conditions, one of which must hold, or with none.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The programs that confine the process with this id. Both must be installed.
///
/// # Errors
/// On a machine for which the numbers of the calls are not known.
pub(crate) fn programs(process: u32) -> Result<[BpfProgram; 2], BackendError> {
    let arch = TargetArch::try_from(ARCH)?;
    let refused = refused(process)?;
    if refused.is_empty() {
        return Err(BackendError::InvalidTargetArch(ARCH.to_owned()));
    }
    Ok([program(absent(), ENOSYS, arch)?, program(refused, EPERM, arch)?])
}

fn program(rules: Rules, errno: u32, arch: TargetArch) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(errno), arch)?.try_into()
}

/// What is answered as if the kernel did not have it.
fn absent() -> Rules {
    let mut calls: Vec<i64> = number(&CLONE3).into_iter().collect();
    if cfg!(target_arch = "x86_64") {
        let refused = REFUSED.iter().copied().flatten().chain(REFUSED_SOMETIMES).filter_map(number);
        calls.extend(refused.chain(X32_OWN).map(|call| call | X32));
        calls.extend(X32_OWN);
    }
    calls.into_iter().map(|call| (call, Vec::new())).collect()
}

/// What is refused. Threads are allowed, and signals to this process, which `abort` sends.
fn refused(process: u32) -> Result<Rules, BackendError> {
    let refused = REFUSED.iter().copied().flatten().filter_map(number);
    let mut rules: Rules = refused.map(|call| (call, Vec::new())).collect();
    let own = u64::from(process);
    let sometimes = [
        (CLONE, 0, SeccompCmpOp::MaskedEq(CLONE_THREAD), 0),
        (KILL, 0, SeccompCmpOp::Ne, own),
        (TKILL, 0, SeccompCmpOp::Ne, own),
        (TGKILL, 0, SeccompCmpOp::Ne, own),
        // 0 is this process, which lowers its own limits for each document.
        (PRLIMIT64, 0, SeccompCmpOp::Ne, 0),
        (FCNTL, 1, SeccompCmpOp::Eq, F_SETOWN),
        (FCNTL, 1, SeccompCmpOp::Eq, F_SETSIG),
        (FCNTL, 1, SeccompCmpOp::Eq, F_SETOWN_EX),
    ];
    for (call, argument, comparison, value) in sometimes {
        let Some(call) = number(&call) else { continue };
        // The kernel looks at the lower half of these arguments only, except for the flags of `clone`, where the one
        // that counts is there.
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?;
        rules.entry(call).or_default().push(SeccompRule::new(vec![condition])?);
    }
    Ok(rules)
}

#[cfg(test)]
mod tests;
