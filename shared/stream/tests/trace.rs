//! Log lines about a record carry its trace, so that everything that follows from a notice can be traced through the
//! logs of all workers.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use message::{DocumentId, Headers};
use stream::memory::Memory;
use stream::{
    Committed, Delivery, Lane, LaneSettings, Outcome, Outgoing, Partition, Plan, Record, Stage, Trouble,
    Verdict,
};

/// Refuses the first record and waits at the second.
#[derive(Clone)]
struct Sorting;

impl Stage for Sorting {
    type Lane = Self;

    async fn open(&self, _: Partition, _: Option<&Committed>) -> Result<Self, Trouble> {
        Ok(self.clone())
    }
}

impl Lane for Sorting {
    async fn handle(&mut self, batch: &[Record]) -> Outcome {
        let refused = |record: &&Record| record.offset == 0;
        let verdicts = batch.iter().take_while(refused).map(|_| Verdict::refuse("broken")).collect();
        let waits = batch.iter().any(|record| record.offset > 0);
        Outcome { verdicts, retry: waits.then(|| Trouble::wait("a server is away")) }
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn with(&self, words: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(words)).map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_line_about_a_record_tells_its_trace() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _for_this_thread = tracing::subscriber::set_default(subscriber);
    let broker = Memory::default();
    for topic in ["in", "dead"] {
        broker.create(topic, 1);
    }
    for trace in ["trace-of-the-first", "trace-of-the-second"] {
        let document = DocumentId::new("docs", "a.md").unwrap();
        broker.append(&Outgoing::tombstone("in", "key", Headers::new(document, trace)));
    }
    let plan = Plan {
        worker: "sorting",
        group: "sorting".to_owned(),
        input: "in".to_owned(),
        alike: Vec::new(),
        dead_letters: "dead".to_owned(),
        confirmations: "confirmations".to_owned(),
        delivery: Delivery::Transactional,
        lanes: LaneSettings::default(),
    };
    let watching = lines.clone();
    let until = async {
        while watching.with("partition waits").len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let running = stream::run(broker, plan, Sorting, until);
    tokio::time::timeout(Duration::from_secs(30), running).await.unwrap().unwrap();
    let refused = lines.with("refused");
    assert!(refused.len() == 1 && refused[0].contains("trace-of-the-first"), "{refused:?}");
    for line in lines.with("partition waits") {
        assert!(line.contains("trace-of-the-second") && line.contains("offset=1"), "{line}");
    }
}
