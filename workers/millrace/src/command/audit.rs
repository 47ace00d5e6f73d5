//! `audit`.

use std::process::ExitCode;
use std::time::Duration;

use message::{Checked, Said};
use process::Failure;
use serde_json::{Value, json};
use sink::SinkError;
use stream::{Outgoing, wall_seconds};

use super::rounds::{now, rounds, run as this_run};
use crate::again::LookWriter;
use crate::audit::{Repair, Report, Rules, Seen, audit};
use crate::cli::Audit;
use crate::show;
use crate::world::World;

/// Maximum number of differences that are shown individually; the rest are only counted.
const SHOWN: usize = 50;

pub(super) async fn run(ask: Audit) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world).await?;
    rounds(ask.every, async || round(&world, &ask).await).await
}

async fn round(world: &World, ask: &Audit) -> Result<ExitCode, Failure> {
    let began = wall_seconds();
    let mut entries = world.entries().await?;
    let each =
        |seen: &Seen, rules: &Rules| if ask.documents { document(seen, rules, ask.json) } else { Ok(()) };
    let report = if ask.repair {
        let mut repair = Repair { writer: LookWriter::new(&world.kafka)?, run: this_run() };
        audit(world, &mut entries, ask.settle, Some(&mut repair), each).await?
    } else {
        audit(world, &mut entries, ask.settle, None, each).await?
    };
    if ask.json {
        show::json(&report)?;
    } else if ask.every.is_some() {
        show::line(&format!("{} {}", now(), in_one_line(&report)));
    } else {
        print(&report);
    }
    if report.equal {
        tell_checked(world, began).await?;
    }
    Ok(if report.equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// If a worker was behind for longer than its topic keeps deletions, announces that nothing was missed.
async fn tell_checked(world: &World, checked_at: u64) -> Result<(), Failure> {
    if world.lags().await?.iter().all(|lag| lag.stale.is_empty()) {
        return Ok(());
    }
    let said = Said::Checked(Checked { checked_at, by: "millrace audit".to_owned() });
    let mut writer = LookWriter::new(&world.kafka)?;
    writer
        .say(Outgoing {
            topic: topics::CONFIRMATIONS.to_owned(),
            key: Some(b"checked".to_vec()),
            value: Some(serde_json::to_vec(&said)?),
            headers: None,
        })
        .await?;
    writer.flush().await?;
    Ok(())
}

/// Whether everything is equal, without a pause before the second look: callers ask again soon. Until a worker that was
/// just started has created its indexes, nothing is equal.
pub(super) async fn is_equal(world: &World) -> Result<bool, Failure> {
    let mut entries = world.entries().await?;
    match audit(world, &mut entries, Duration::ZERO, None, |_, _| Ok(())).await {
        Ok(report) => Ok(report.equal),
        Err(error) if matches!(error.downcast_ref(), Some(SinkError::Missing { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

fn document(seen: &Seen, rules: &Rules, as_json: bool) -> Result<(), Failure> {
    let engines = rules.engines.iter().zip(&seen.engines);
    if as_json {
        let engines: serde_json::Map<String, Value> = engines
            .map(|(name, held)| {
                ((*name).to_owned(), json!({ "chunks": held.passages.len(), "digest": held.digest() }))
            })
            .collect();
        return Ok(show::json(&json!({ "document": seen.document, "engines": engines }))?);
    }
    for (name, held) in engines {
        let digest = held.digest();
        let digest = digest.get(..16).unwrap_or_default();
        show::line(&format!("{name:<14} {:>6} chunks  {digest}  {}", held.passages.len(), seen.document));
    }
    Ok(())
}

fn statuses(report: &Report) -> String {
    let counts: Vec<String> =
        report.ledger.iter().map(|(status, count)| format!("{count} {status}")).collect();
    counts.join(", ")
}

fn verdict(report: &Report) -> String {
    let differs = match report.differences_total {
        0 => "equal".to_owned(),
        count => format!("{count} differences of {} documents", report.documents_differing),
    };
    let mut words = vec![differs];
    if report.explained_total > 0 {
        words.push(format!("{} explained by refusals", report.explained_total));
    }
    if report.settled > 0 {
        words.push(format!("{} documents were on their way and arrived", report.settled));
    }
    if let Some(asked) = report.asked_again {
        words.push(format!("asked chunk to look again at {asked}"));
    }
    words.join("; ")
}

fn in_one_line(report: &Report) -> String {
    format!("{} ({} objects, {} chunks live)", verdict(report), report.objects, report.ledger_chunks)
}

fn print(report: &Report) {
    show::line(&format!("bucket         {} objects", report.objects));
    show::line(&format!("ledger         {}; {} chunks live", statuses(report), report.ledger_chunks));
    if report.elsewhere > 0 {
        show::line(&format!(
            "               {} of other buckets or out of scope: not compared with the bucket",
            report.elsewhere
        ));
    }
    for (name, engine) in &report.engines {
        show::line(&format!(
            "{name:<14} {} documents, {} chunks, digest {}",
            engine.documents,
            engine.chunks,
            engine.digest.get(..16).unwrap_or_default()
        ));
    }
    for difference in report.differences.iter().take(SHOWN) {
        show::line(&format!("  {:<14} {}: {}", difference.place, difference.document, difference.problem));
    }
    if report.differences_total > SHOWN as u64 {
        show::line(&format!("  … {SHOWN} shown; up to 10,000 with --json"));
    }
    for explained in report.explained.iter().take(SHOWN) {
        let difference = &explained.difference;
        show::line(&format!(
            "  explained      {}: {} ({})",
            difference.document, difference.problem, explained.cause
        ));
    }
    show::line(&verdict(report));
    if report.differences_total > 0 && report.asked_again.is_none() {
        show::note("to mend them: millrace audit --repair");
    }
}
