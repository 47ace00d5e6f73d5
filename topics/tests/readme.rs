//! The README's table matches the topics.
#![expect(clippy::disallowed_methods, reason = "edge: reads and writes the README; a test")]

use std::fmt::Write as _;
use std::path::Path;

use topics::{Description, Partitions, Per};

const BEGIN: &str = "<!-- topics: written by `MILLRACE_BLESS=1 cargo test -p topics` -->\n";
const END: &str = "<!-- end of topics -->\n";

fn row(topic: &Description) -> String {
    let suffix = match topic.per {
        None => "",
        Some(Per::Chunking) => ".<chunking>",
        Some(Per::Space) => ".<space>",
    };
    let partitions = match &topic.partitions {
        Partitions::Fixed(count) => count.to_string(),
        Partitions::Asked(words) => words.clone(),
    };
    let days = |name: &str| {
        topic.settings.get(name)?.parse::<u64>().ok().map(|milliseconds| milliseconds / 86_400_000)
    };
    let policy = &topic.settings["cleanup.policy"];
    let kept = match (days("retention.ms"), days("delete.retention.ms")) {
        (Some(days), _) => format!("{policy}, {days} d"),
        (None, Some(days)) => format!("{policy}, tombstones {days} d"),
        (None, None) => policy.clone(),
    };
    let (writers, readers) = (topic.written_by.join(", "), topic.read_by.join(", "));
    let value = topic.schema.as_deref().map_or_else(
        || "as the store sent it".to_owned(),
        |kind| format!("[{kind}](schemas/{}.schema.json)", topic.name),
    );
    format!(
        "| `{}{suffix}` | {} | {partitions} | {kept} | {writers} | {readers} | {value} | {} |",
        topic.name, topic.key, topic.description
    )
}

#[test]
fn the_table_is_that_of_the_files() {
    let mut table =
        "| topic | key | partitions | clean-up | written by | read by | value | holds |\n".to_owned();
    table.push_str("|---|---|---|---|---|---|---|---|\n");
    for topic in topics::descriptions().unwrap() {
        writeln!(table, "{}", row(&topic)).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var("MILLRACE_BLESS").is_ok_and(|word| !word.is_empty()) {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(written, table, "MILLRACE_BLESS=1 cargo test -p topics writes it");
    }
}
