//! The walls around the child, beside its limits: no new rights, no files and no network (Landlock), and no system call
//! that reaches others (seccomp). Edge: from then on this process may do less, and nothing gives that back.
//!
//! A system that lacks one wall has the others: a child without walls still reads documents, and says what is missing.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr as _,
    RulesetError, RulesetStatus, Scope,
};
use rustix::thread::set_no_new_privs;
use seccompiler::apply_filter;

use crate::filter::programs;

/// All rights that Landlock knows are taken. Of those that are newer than the kernel nothing is asked.
const NEWEST: ABI = ABI::V10;
/// Since this one Landlock holds connections and signals, too.
const WHOLE: ABI = ABI::V6;

/// Builds the walls around this thread and those that it starts, and names those that are missing, with the cause.
pub(crate) fn confine() -> Vec<String> {
    let no_new_privs = set_no_new_privs(true).map_err(|error| error.to_string());
    let landlock = refuse_files();
    let seccomp = refuse_calls();
    missing(no_new_privs, landlock, seccomp)
}

/// What is missing, in words. An older Landlock is not: the filter holds what it does not know.
fn missing(
    no_new_privs: Result<(), String>,
    landlock: Result<ABI, String>,
    seccomp: Result<(), String>,
) -> Vec<String> {
    let landlock = match landlock {
        Ok(abi) if abi < WHOLE && seccomp.is_err() => Err(format!("ABI {abi}, and not {WHOLE}")),
        Ok(_) => Ok(()),
        Err(cause) => Err(cause),
    };
    [("no_new_privs", no_new_privs), ("Landlock", landlock), ("seccomp", seccomp)]
        .into_iter()
        .filter_map(|(wall, built)| Some(format!("{wall} ({})", built.err()?)))
        .collect()
}

/// Takes all files, connections, and signals to others from this thread, as far as the kernel can. Returns what it can.
fn refuse_files() -> Result<ABI, String> {
    let RestrictionStatus { ruleset, landlock, .. } = restrict().map_err(|error| error.to_string())?;
    match landlock {
        LandlockStatus::Available { effective_abi, .. } if ruleset != RulesetStatus::NotEnforced => {
            Ok(effective_abi)
        }
        LandlockStatus::Available { .. } => Err("the kernel enforces nothing of it".to_owned()),
        LandlockStatus::NotEnabled => Err("the kernel has it switched off".to_owned()),
        LandlockStatus::NotImplemented => {
            Err("the kernel does not have it, or a container forbids it".to_owned())
        }
    }
}

/// A ruleset that takes everything and gives nothing back.
fn restrict() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()
}

/// Installs the filter of system calls.
fn refuse_calls() -> Result<(), String> {
    for program in programs(std::process::id()).map_err(|error| error.to_string())? {
        apply_filter(&program).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
