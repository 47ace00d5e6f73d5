//! `replicate-index SOURCE TARGET`.

use std::process::ExitCode;

use futures::future::try_join_all;
use process::Failure;
use serde_json::json;
use sink::{CopiedSlice, CopyMoment, CopySlice, CopyTrouble, CopyVerdict, IndexCopy};

use crate::cli::ReplicateIndex;
use crate::show;

/// What was done, and what the comparison found: the verdict, and the number of items in the target.
type Outcome = (CopiedSlice, Option<(CopyVerdict, u64)>);

pub(super) async fn run(ask: &ReplicateIndex) -> Result<ExitCode, Failure> {
    let engines = (&ask.opensearch, &ask.elasticsearch);
    let copy = IndexCopy::new(engines, &ask.requests, (&ask.source, &ask.target))?;
    let moment = copy.open().await?;
    let outcome = work(&copy, &moment, ask).await;
    // The source forgets it by itself, only later.
    if let Err(trouble) = copy.close(&moment).await {
        show::note(&format!("the point in time is not closed: {trouble}"));
    }
    let outcome = outcome?;
    if ask.json {
        show::json(&as_json(ask, &moment, &outcome))?;
    } else {
        tell(ask, &moment, &outcome);
    }
    let is_same = outcome.1.as_ref().is_none_or(|(verdict, copied)| verdict.is_same(*copied));
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn work(copy: &IndexCopy, moment: &CopyMoment, ask: &ReplicateIndex) -> Result<Outcome, CopyTrouble> {
    let slices = || {
        let of = usize::from(ask.slices);
        (0..of).map(move |number| CopySlice { number, of })
    };
    let bar = show::bar(moment.items, "copied");
    let progress = |items| bar.inc(items);
    let parts = try_join_all(slices().map(|slice| copy.copy_slice(moment, slice, &progress))).await?;
    bar.finish_and_clear();
    let done = CopiedSlice {
        items: parts.iter().map(|part| part.items).sum(),
        bytes: parts.iter().map(|part| part.bytes).sum(),
    };
    if !ask.verify {
        return Ok((done, None));
    }
    // Counting makes what was written visible, so it comes first.
    let copied = copy.copied().await?;
    let bar = show::bar(moment.items, "compared");
    let progress = |items| bar.inc(items);
    let parts = try_join_all(slices().map(|slice| copy.verify_slice(moment, slice, &progress))).await?;
    bar.finish_and_clear();
    let mut verdict = CopyVerdict::default();
    for part in parts {
        verdict.join(part);
    }
    Ok((done, Some((verdict, copied))))
}

fn tell(ask: &ReplicateIndex, moment: &CopyMoment, (done, compared): &Outcome) {
    let (source, target, shape) = (&moment.shape.index, &ask.target, &moment.shape);
    show::line(&format!(
        "{target} in Elasticsearch holds the {} items of {source} ({} numbers in {}, {:.1} MB sent)",
        done.items,
        shape.dimension,
        shape.vector,
        // Megabytes, for people.
        megabytes(done.bytes)
    ));
    let Some((verdict, copied)) = compared else { return };
    let (ours, theirs) = verdict.digests();
    if verdict.is_same(*copied) {
        show::line(&format!(
            "compared: {copied} items with the digest {ours} in both; {} vectors, at most {:.1e} apart",
            verdict.vectors, verdict.largest
        ));
        return;
    }
    show::line(&format!(
        "they differ: {} items in {source} and {copied} in {target}; {} are missing, {} are different (digests {ours} and \
         {theirs}; vectors up to {:.1e} apart): {}",
        verdict.items,
        verdict.missing,
        verdict.different,
        verdict.largest,
        verdict.named.join(", ")
    ));
    show::note(&format!(
        "what was deleted in {source} since an earlier copy stays in {target}, and others may have written there: delete \
         {target}, and copy again"
    ));
}

fn as_json(ask: &ReplicateIndex, moment: &CopyMoment, (done, compared): &Outcome) -> serde_json::Value {
    let compared = compared.as_ref().map(|(verdict, copied)| {
        let (ours, theirs) = verdict.digests();
        json!({
            "same": verdict.is_same(*copied), "source_items": verdict.items, "target_items": copied,
            "missing": verdict.missing, "different": verdict.different, "named": verdict.named,
            "source_digest": ours, "target_digest": theirs,
            "vectors": verdict.vectors, "largest_difference": verdict.largest,
        })
    });
    json!({
        "source": moment.shape.index, "target": ask.target, "dimension": moment.shape.dimension,
        "items": done.items, "bytes": done.bytes, "compared": compared,
    })
}

#[expect(clippy::cast_precision_loss, reason = "for people: one digit behind the point")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
