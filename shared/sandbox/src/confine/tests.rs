//! Each wall alone, around a thread of the test, which takes it along when it ends. Together one would hide what the
//! other does not hold.
#![expect(clippy::disallowed_types, reason = "a test: it tries what the walls refuse")]

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

use super::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

fn open() -> io::Result<()> {
    OpenOptions::new().read(true).open(FILE).map(drop)
}

fn is_refused(tried: &io::Result<()>) -> bool {
    tried.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[test]
fn landlock_alone_holds_files_and_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let within = || refuse_files().map(|abi| (abi, open(), TcpStream::connect(address).map(drop)));
    match thread::scope(|scope| scope.spawn(within).join()).unwrap() {
        Ok((abi, opened, connected)) => {
            assert!(is_refused(&opened), "{opened:?}");
            assert!(is_refused(&connected) || abi < ABI::V4, "ABI {abi}: {connected:?}");
        }
        Err(cause) => println!("not asked, because this system has no Landlock: {cause}"),
    }
    assert!(open().is_ok(), "the other threads have no walls");
}

#[test]
fn the_filter_alone_holds_files_sockets_and_processes_and_lets_threads_be() {
    let within = || {
        refuse_calls().map(|()| {
            let spawned = Command::new("/bin/true").spawn().and_then(|mut child| child.wait().map(drop));
            let threaded = thread::Builder::new().spawn(|| ()).map(|thread| thread.join().is_ok());
            ([open(), UnixStream::pair().map(drop), spawned], threaded)
        })
    };
    match thread::scope(|scope| scope.spawn(within).join()).unwrap() {
        Ok((attempts, threaded)) => {
            for tried in attempts {
                assert!(is_refused(&tried), "{tried:?}");
            }
            assert!(threaded.unwrap());
        }
        Err(cause) => println!("not asked, because this system has no seccomp: {cause}"),
    }
    assert!(open().is_ok(), "the other threads have no walls");
}

#[test]
fn what_is_missing_is_named_with_its_cause() {
    assert_eq!(missing(Ok(()), Ok(ABI::V6), Ok(())), Vec::<String>::new());
    assert_eq!(missing(Ok(()), Ok(ABI::V1), Ok(())), Vec::<String>::new(), "the filter holds the rest");
    assert_eq!(missing(Ok(()), Ok(ABI::V3), none()), ["Landlock (ABI 3, and not 6)", "seccomp (none)"]);
    assert_eq!(missing(none(), none(), Ok(())), ["no_new_privs (none)", "Landlock (none)"]);
}

fn none<T>() -> Result<T, String> {
    Err("none".to_owned())
}
