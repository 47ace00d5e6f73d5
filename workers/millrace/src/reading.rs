//! Reads many files concurrently, as `chunk` reads objects; results are shown in the order in which the files were
//! named.

use std::path::Path;
use std::process::ExitCode;

use document::Extracted;
use futures::StreamExt as _;
use process::Failure;
use sandbox::{Extractor as _, Sandbox};

use crate::cli::ReadingArguments;
use crate::files::{Item, collect, content};
use crate::show;

/// Files in progress per reading process: while one is parsed, the next is loaded.
const IN_HAND: usize = 2;

/// Reads each file, passes it to `make` on a thread that may block, and shows the result. If a file cannot be read or
/// `make` fails, the cause is printed on one line, and the exit code is 1.
///
/// # Errors
/// When a result cannot be shown.
pub(crate) async fn each<T: Send + 'static>(
    ask: &ReadingArguments,
    what: &str,
    make: impl Fn(&Path, Extracted) -> Result<T, Failure> + Clone + Send + 'static,
    show: impl Fn(T) -> Result<(), Failure>,
) -> Result<ExitCode, Failure> {
    let (mut items, mut refused) = (Vec::new(), 0);
    for path in &ask.files {
        if let Err(failure) = collect(path, "", &mut items) {
            refused += 1;
            show::note(&process::chain(failure.as_ref()));
        }
    }
    let sandbox = Sandbox::new(ask.sandbox.clone());
    let bar = show::bar(items.len() as u64, what);
    let reads = items.iter().map(|item| one(&sandbox, ask.largest_document, item, make.clone()));
    let mut reads = futures::stream::iter(reads).buffered(IN_HAND * ask.sandbox.processes());
    while let Some((item, result)) = reads.next().await {
        bar.inc(1);
        match result {
            Ok(result) => bar.suspend(|| show(result))?,
            Err(failure) => {
                refused += 1;
                let cause = process::chain(failure.as_ref());
                bar.suspend(|| show::note(&format!("{}: {cause}", item.path.display())));
            }
        }
    }
    bar.finish_and_clear();
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn one<'a, T: Send + 'static>(
    sandbox: &Sandbox,
    largest: u64,
    item: &'a Item,
    make: impl Fn(&Path, Extracted) -> Result<T, Failure> + Send + 'static,
) -> (&'a Item, Result<T, Failure>) {
    let work = async {
        let bytes = content(&item.path, largest).await?;
        let extracted = sandbox.extract(&item.path.to_string_lossy(), bytes).await?;
        let path = item.path.clone();
        tokio::task::spawn_blocking(move || make(&path, extracted)).await?
    };
    (item, work.await)
}
