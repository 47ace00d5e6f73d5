//! The system calls that the child is refused. Pure.
//!
//! The numbers are those of the kernel's `unistd.h` for each machine; they never change.

/// A system call: its name, and its numbers on `x86_64` and `aarch64`.
pub(crate) type Call = (&'static str, i64, i64);

/// What stands where a machine does not have a call.
const NONE: i64 = -1;

/// A new thread, or a new process.
pub(crate) const CLONE: Call = ("clone", 56, 220);
/// The same, by a structure in memory, into which a filter cannot look.
pub(crate) const CLONE3: Call = ("clone3", 435, 435);
/// A signal to a process or to a group of them.
pub(crate) const KILL: Call = ("kill", 62, 129);
/// A signal to a thread.
pub(crate) const TKILL: Call = ("tkill", 200, 130);
/// A signal to a thread of a process: how `abort` ends this one.
pub(crate) const TGKILL: Call = ("tgkill", 234, 131);
/// The limits of a process.
pub(crate) const PRLIMIT64: Call = ("prlimit64", 302, 261);
/// Many things about an open file, among them whom to send signals about it.
pub(crate) const FCNTL: Call = ("fcntl", 72, 25);

/// What is refused with some arguments only.
pub(crate) const REFUSED_SOMETIMES: &[Call] = &[CLONE, KILL, TKILL, TGKILL, PRLIMIT64, FCNTL];

/// What is refused whatever the arguments.
pub(crate) const REFUSED: &[&[Call]] = &[SOCKETS, PROCESSES, FILES, KERNEL];

/// Connections, to whatever.
const SOCKETS: &[Call] = &[
    ("socket", 41, 198),
    ("socketpair", 53, 199),
    ("bind", 49, 200),
    ("connect", 42, 203),
    ("listen", 50, 201),
    ("accept", 43, 202),
    ("accept4", 288, 242),
];

/// Other programs, other processes, their memory, and what processes share.
const PROCESSES: &[Call] = &[
    ("execve", 59, 221),
    ("execveat", 322, 281),
    ("fork", 57, NONE),
    ("vfork", 58, NONE),
    ("ptrace", 101, 117),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("process_madvise", 440, 440),
    ("process_mrelease", 448, 448),
    ("pidfd_open", 434, 434),
    ("pidfd_getfd", 438, 438),
    ("pidfd_send_signal", 424, 424),
    ("kcmp", 312, 272),
    ("migrate_pages", 256, 238),
    ("move_pages", 279, 239),
    ("rt_sigqueueinfo", 129, 138),
    ("rt_tgsigqueueinfo", 297, 240),
    ("setpriority", 141, 140),
    ("ioprio_set", 251, 30),
    ("sched_setparam", 142, 118),
    ("sched_setscheduler", 144, 119),
    ("sched_setattr", 314, 274),
    ("sched_setaffinity", 203, 122),
    ("shmget", 29, 194),
    ("shmat", 30, 196),
    ("shmctl", 31, 195),
    ("semget", 64, 190),
    ("semctl", 66, 191),
    ("semop", 65, 193),
    ("semtimedop", 220, 192),
    ("msgget", 68, 186),
    ("msgctl", 71, 187),
    ("msgsnd", 69, 189),
    ("msgrcv", 70, 188),
    ("mq_open", 240, 180),
    ("mq_unlink", 241, 181),
];

/// Files by name, which Landlock refuses too where it is there, and what Landlock does not know: rights, owners,
/// times, attributes.
const FILES: &[Call] = &[
    ("open", 2, NONE),
    ("openat", 257, 56),
    ("openat2", 437, 437),
    ("creat", 85, NONE),
    ("open_by_handle_at", 304, 265),
    ("truncate", 76, 45),
    ("rename", 82, NONE),
    ("renameat", 264, 38),
    ("renameat2", 316, 276),
    ("link", 86, NONE),
    ("linkat", 265, 37),
    ("symlink", 88, NONE),
    ("symlinkat", 266, 36),
    ("unlink", 87, NONE),
    ("unlinkat", 263, 35),
    ("mkdir", 83, NONE),
    ("mkdirat", 258, 34),
    ("rmdir", 84, NONE),
    ("mknod", 133, NONE),
    ("mknodat", 259, 33),
    ("chmod", 90, NONE),
    ("fchmod", 91, 52),
    ("fchmodat", 268, 53),
    ("fchmodat2", 452, 452),
    ("chown", 92, NONE),
    ("fchown", 93, 55),
    ("lchown", 94, NONE),
    ("fchownat", 260, 54),
    ("utime", 132, NONE),
    ("utimes", 235, NONE),
    ("futimesat", 261, NONE),
    ("utimensat", 280, 88),
    ("setxattr", 188, 5),
    ("lsetxattr", 189, 6),
    ("fsetxattr", 190, 7),
    ("setxattrat", 463, 463),
    ("removexattr", 197, 14),
    ("lremovexattr", 198, 15),
    ("fremovexattr", 199, 16),
    ("removexattrat", 466, 466),
    ("inotify_init", 253, NONE),
    ("inotify_init1", 294, 26),
    ("fanotify_init", 300, 262),
];

/// Mounts, namespaces, the machine itself, and doors into the kernel through which attackers have come.
const KERNEL: &[Call] = &[
    ("mount", 165, 40),
    ("umount2", 166, 39),
    ("pivot_root", 155, 41),
    ("chroot", 161, 51),
    ("unshare", 272, 97),
    ("setns", 308, 268),
    ("open_tree", 428, 428),
    ("open_tree_attr", 467, 467),
    ("move_mount", 429, 429),
    ("fsopen", 430, 430),
    ("fsconfig", 431, 431),
    ("fsmount", 432, 432),
    ("fspick", 433, 433),
    ("mount_setattr", 442, 442),
    ("bpf", 321, 280),
    ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282),
    ("io_uring_setup", 425, 425),
    ("io_uring_enter", 426, 426),
    ("io_uring_register", 427, 427),
    ("keyctl", 250, 219),
    ("add_key", 248, 217),
    ("request_key", 249, 218),
    ("modify_ldt", 154, NONE),
    ("kexec_load", 246, 104),
    ("kexec_file_load", 320, 294),
    ("init_module", 175, 105),
    ("finit_module", 313, 273),
    ("delete_module", 176, 106),
    ("reboot", 169, 142),
    ("swapon", 167, 224),
    ("swapoff", 168, 225),
    ("acct", 163, 89),
    ("quotactl", 179, 60),
    ("quotactl_fd", 443, 443),
    ("syslog", 103, 116),
    ("settimeofday", 164, 170),
    ("clock_settime", 227, 112),
    ("adjtimex", 159, 171),
    ("clock_adjtime", 305, 266),
    ("sethostname", 170, 161),
    ("setdomainname", 171, 162),
    ("iopl", 172, NONE),
    ("ioperm", 173, NONE),
];

/// The number of a call on the machine that this is built for, if it has the call.
pub(crate) fn number(call: &Call) -> Option<i64> {
    let (_, x86_64, aarch64) = *call;
    let number = if cfg!(target_arch = "x86_64") {
        x86_64
    } else if cfg!(target_arch = "aarch64") {
        aarch64
    } else {
        NONE
    };
    (number != NONE).then_some(number)
}
