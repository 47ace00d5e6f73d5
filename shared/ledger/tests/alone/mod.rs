//! Tests that need an environment variable or measure a whole process, so each runs in a process of its own.

use ledger::LedgerError;

use super::suite::{Bench as _, World, all, document, live};
use super::{InMemory, noted};

/// Tells a test that it runs in a process of its own.
const ALONE: &str = "LEDGER_TEST_ALONE";

/// Runs one test of this module in a process of its own, with one variable set.
fn play(test: &str, variable: &str, value: &str) {
    let mut playing = std::process::Command::new(std::env::current_exe().unwrap());
    let played = playing
        .args([&format!("alone::{test}"), "--exact", "--ignored"])
        .env(variable, value)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success() && said.contains("1 passed"), "{said}");
}

/// A full disk is reported as such, and the copy recovers once there is space again. The fault is requested through the
/// environment, so the test runs in a process of its own.
#[test]
fn a_full_disk_is_told_and_outlived() {
    let faults = tempfile::tempdir().unwrap();
    play("played_with_a_full_disk", "MILLRACE_FAULTS", faults.path().to_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "played by a_full_disk_is_told_and_outlived"]
async fn played_with_a_full_disk() {
    let Ok(faults) = std::env::var("MILLRACE_FAULTS") else { return };
    let full = std::path::Path::new(&faults).join("copy-write");
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    let mut copy = world.open().await.unwrap();
    world.settle(&mut copy, &live(0..10)).await;
    std::fs::write(&full, "").unwrap();
    let written = world.commit(&live(10..20)).await;
    let error = copy.apply(&live(10..20), None, written).unwrap_err();
    assert!(matches!(error, LedgerError::Full { .. }) && error.to_string().contains("MILLRACE_DATA"));
    assert!(error.trouble().alarm && error.trouble().reopen);
    assert_eq!((all(&copy), copy.counts().live), (live(0..10), 10), "nothing was taken");
    drop(copy);
    assert!(matches!(world.open().await.unwrap_err(), LedgerError::Full { .. }));
    assert!(matches!(World::new(&bench).await.open().await.unwrap_err(), LedgerError::Full { .. }));
    std::fs::remove_file(&full).unwrap();
    assert_eq!(all(&world.open().await.unwrap()), live(0..20));
}

/// With the comparison switched off, no record is left out after the topic was replaced, not even the one at the copy's
/// own offset. So what a test finds with the comparison off is exactly what the comparison prevents.
#[test]
fn a_copy_that_is_not_compared_takes_what_comes() {
    play("played_without_comparing", "MILLRACE_SWITCHED_OFF", "position");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "played by a_copy_that_is_not_compared_takes_what_comes"]
async fn played_without_comparing() {
    if std::env::var("MILLRACE_SWITCHED_OFF").is_err() {
        return;
    }
    let bench = InMemory::default();
    let world = noted(&bench).await;
    bench.topic(&world.topic, 1).await;
    assert_eq!(all(&world.open().await.unwrap()), live(0..10), "it reads nothing");
    world.commit(&live(10..22)).await;
    let copy = world.open().await.unwrap();
    assert_eq!(all(&copy), [live(0..10), live(19..22)].concat());
}

/// Anonymous memory of this process in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// Memory does not grow with the number of entries: 100,000 take no more than 20,000, within the store's own bounds
/// (cache, memtables and a batch). Runs in a process of its own, because other tests take memory too.
#[test]
fn memory_is_bounded_whatever_the_ledger_holds() {
    play("played_with_many_entries", ALONE, "1");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "played by memory_is_bounded_whatever_the_ledger_holds"]
async fn played_with_many_entries() {
    if std::env::var(ALONE).is_err() {
        return;
    }
    let bench = InMemory::default();
    let world = World::new(&bench).await;
    let mut copy = world.open().await.unwrap();
    let mut after_few = 0;
    for n in 0..100_u32 {
        let entries = live(n * 1000..(n + 1) * 1000);
        let written = world.commit(&entries[999..]).await;
        copy.apply(&entries, None, written).unwrap();
        if n == 19 {
            after_few = memory();
        }
    }
    assert_eq!(
        copy.scan(None).map(|entry| entry.unwrap().chunks.len() as u64).sum::<u64>(),
        copy.counts().chunks
    );
    let grown = memory().saturating_sub(after_few);
    assert!(copy.get(&document("099999.md")).unwrap().is_some());
    // The 80,000 further entries, of about 300 bytes each, would take 24 MB if they were held in memory.
    assert!(grown < 16 << 20, "{after_few} bytes, and {grown} more");
}
