//! A worker that is asked to stop, and asked again. It is a process of its own, because signals are the whole process's.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "edge: plays itself in a process of its own, and waits for it; a test"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use process::Host;

/// Tells a test that it runs in a process of its own.
const ALONE: &str = "PROCESS_TEST_ALONE";

/// The exit code; none when it has not ended after 10 seconds.
fn exit_code(child: &mut Child) -> Option<i32> {
    for _ in 0..200 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    None
}

#[test]
fn the_first_signal_drains_and_the_second_ends_at_once() {
    for signal in ["-TERM", "-INT"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["played_by_a_worker_that_never_ends", "--exact", "--ignored"])
            .env(ALONE, "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = child.id().to_string();
        let ask = || assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut says = |word: &str| lines.any(|line| line.unwrap().contains(word));
        assert!(says("catches"), "{signal}");
        ask();
        assert!(says("drains"), "{signal}");
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "it did not drain: {signal}");
        ask();
        assert_eq!(exit_code(&mut child), Some(1), "{signal}");
    }
}

#[tokio::test]
#[ignore = "played by the_first_signal_drains_and_the_second_ends_at_once"]
async fn played_by_a_worker_that_never_ends() {
    if std::env::var_os(ALONE).is_none() {
        return;
    }
    // Not by a macro, whose lines the harness would keep.
    let say = |line: &[u8]| std::io::stdout().write_all(line).unwrap();
    let host = Host::catch().unwrap();
    say(b"catches\n");
    host.stopping().await;
    say(b"drains\n");
    // It ends some day, should its test fail before it asks again.
    tokio::time::sleep(Duration::from_mins(1)).await;
}
