//! `audit`.

use std::process::ExitCode;

use process::Failure;

use crate::audit::{LedgerView, Report, compare};
use crate::cli::Audit;
use crate::show;
use crate::world::World;

/// Differences that are shown one by one; the rest is counted.
const SHOWN: usize = 50;

pub(super) async fn run(ask: Audit) -> Result<ExitCode, Failure> {
    let world = World::open(&ask.world)?;
    let report = look(&world).await?;
    if ask.json {
        show::json(&report)?;
    } else {
        print(&report);
    }
    Ok(if report.equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks at everything. The bucket comes first and the engines last, in the order in which a change travels.
pub(super) async fn look(world: &World) -> Result<Report, Failure> {
    let bucket = world.listing().await?;
    let (mut ledger, mut positions) = (LedgerView::new(), Vec::new());
    world.follow_ledger(&mut ledger, &mut positions).await?;
    let engines = world.engines().await?;
    Ok(compare(&bucket, &ledger, &engines, &world.generation.space))
}

fn print(report: &Report) {
    let statuses: Vec<String> =
        report.ledger.iter().map(|(status, count)| format!("{count} {status}")).collect();
    show::line(&format!("bucket         {} objects", report.objects));
    show::line(&format!("ledger         {}; {} chunks live", statuses.join(", "), report.ledger_chunks));
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
    match report.differences.len() {
        0 => show::line("equal"),
        count if count > SHOWN => show::line(&format!("{count} differences, {SHOWN} shown; all with --json")),
        count => show::line(&format!("{count} differences; if workers are busy, wait and audit again")),
    }
}
