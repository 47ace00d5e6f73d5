//! `status NAME`: everything about one document.

use std::process::ExitCode;

use message::{DocumentRecord, LeftOut};
use process::Failure;
use serde_json::{Value, json};
use sink::Reader as _;

use crate::audit::status_name;
use crate::naming::{self, Reading};
use crate::show;
use crate::world::World;

/// An engine's name, and the document's record in it.
type Stored = (&'static str, Option<DocumentRecord>);

/// Shows what bucket, ledger and engines know of the document that `name` means.
pub(super) async fn tell(world: &World, name: &str, as_json: bool) -> Result<ExitCode, Failure> {
    let named = naming::find(world, &world.entries().await?, name).await?;
    if let Some(doubt) = named.doubt() {
        show::note(&doubt);
    }
    let found = &named.meant;
    let mut stored: Vec<Stored> = Vec::with_capacity(world.engines.len());
    for one in &world.engines {
        let record = one.engine.document(&found.document).await?.map(|stored| stored.record);
        stored.push((one.kind.name(), record));
    }
    if as_json {
        show::json(&in_json(found, &stored))?;
    } else {
        for line in lines(found, &stored) {
            show::line(&line);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the engines say of its content: they say the same, once all of them hold it.
fn record(stored: &[Stored]) -> Option<&DocumentRecord> {
    stored.iter().find_map(|(_, record)| record.as_ref())
}

fn in_json(found: &Reading, stored: &[Stored]) -> Value {
    let Reading { document, object, entry } = found;
    let version = entry.as_ref().map(|entry| entry.version);
    let version_of = |record: &Option<DocumentRecord>| record.as_ref().map(|record| record.version);
    let is_searchable = entry.is_some() && stored.iter().all(|(_, record)| version_of(record) == version);
    let mut told = json!({
        "document": document, "object": object.as_ref().map(|o| json!({ "etag": o.etag, "size": o.size })),
        "ledger": entry, "searchable": is_searchable,
        "content": record(stored).map(|record| json!({
            "title": record.title, "format": record.format, "language": record.language, "parts": record.parts,
            "left_out": record.left_out,
        })),
    });
    for (name, record) in stored {
        told[*name] = json!(version_of(record));
    }
    told
}

fn lines(found: &Reading, stored: &[Stored]) -> Vec<String> {
    let Reading { document, object, entry } = found;
    let mut lines = vec![format!("document       {document}")];
    lines.push(match object {
        Some(object) => format!("bucket         {} bytes, etag {}", object.size, object.etag),
        None => "bucket         not there".to_owned(),
    });
    lines.push(match entry {
        Some(entry) => {
            let cause = entry.cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
            let is_older = object.as_ref().is_some_and(|object| object.etag != entry.etag);
            let read = if is_older { " (an older etag)" } else { "" };
            format!(
                "ledger         version {}, {}{read}{cause}; {} chunks",
                entry.version,
                status_name(entry.status),
                entry.chunks.len()
            )
        }
        None => "ledger         never read".to_owned(),
    });
    lines.extend(stored.iter().map(|(name, record)| match record {
        Some(record) => format!("{name:<14} version {}, {} chunks", record.version, record.chunks.len()),
        None => format!("{name:<14} no record"),
    }));
    lines.extend(record(stored).into_iter().flat_map(content));
    lines
}

/// What a record says about the content of its document.
fn content(record: &DocumentRecord) -> Vec<String> {
    let title = record.title.as_ref().map(|title| format!("\"{title}\""));
    let about = [record.format.clone(), record.language.clone(), title].into_iter().flatten();
    let about: Vec<String> = about.chain(show::parts(&record.parts)).collect();
    let left_out = record.left_out.iter();
    let left_out = left_out.map(|LeftOut { name, cause }| format!("left out       {name}: {cause}"));
    (!about.is_empty())
        .then(|| format!("content        {}", about.join(", ")))
        .into_iter()
        .chain(left_out)
        .collect()
}

#[cfg(test)]
mod tests {
    use message::Version;
    use objects::Entry;

    use super::*;
    use crate::bench;

    #[test]
    fn everything_about_a_document_names_it_as_hits_do() {
        let document = bench::document("hr/leave.md");
        let (first, texts) = (Version::first(1), ["one", "two"]);
        let (key, etag) = ("hr/leave.md".to_owned(), "new".to_owned());
        let found = Reading {
            object: Some(Entry { key, etag, size: 9, last_modified: None }),
            entry: Some(bench::entry(&document, &texts, first, "old")),
            document: document.clone(),
        };
        let record = bench::record(&document, &texts, first);
        let stored = [("elasticsearch", Some(record)), ("opensearch", None)];
        let lines = lines(&found, &stored);
        let expected = [
            "document       b/hr/leave.md".to_owned(),
            "bucket         9 bytes, etag new".to_owned(),
            format!("ledger         version {first}, live (an older etag); 2 chunks"),
            format!("elasticsearch  version {first}, 2 chunks"),
            "opensearch     no record".to_owned(),
        ];
        assert_eq!(lines, expected);
        let told = in_json(&found, &stored);
        assert_eq!((&told["document"], &told["searchable"]), (&"b/hr/leave.md".into(), &false.into()));
        assert_eq!((&told["elasticsearch"], &told["opensearch"]), (&json!(first), &Value::Null));
    }
}
