//! The languages of the index, asked for now and then.

use sink::{Reader, SinkError};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

/// A language that appears for the first time is searched by words after so long at most.
const FRESH: Duration = Duration::from_secs(15);

/// What the index said last.
#[derive(Debug, Default)]
pub struct Languages {
    last: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Languages {
    /// The languages that passages are in. While one question asks the engine, others wait for its answer.
    ///
    /// # Errors
    /// When the engine does not answer and nothing is known; what was known stays good while it is away.
    pub async fn of<R: Reader>(&self, reader: &R) -> Result<Vec<String>, SinkError> {
        let mut last = self.last.lock().await;
        if let Some((when, languages)) = &*last
            && when.elapsed() < FRESH
        {
            return Ok(languages.clone());
        }
        let languages = match (reader.languages().await, last.take()) {
            // Of an index that is still empty nothing is known: it may be filled by the next question.
            (Ok(languages), _) if languages.is_empty() => return Ok(languages),
            (Ok(mut languages), _) => {
                languages.sort();
                languages
            }
            // Questions wait for one another here: while the engine is away, not each of them asks again.
            (Err(_), Some((_, languages))) => languages,
            (Err(error), None) => return Err(error),
        };
        *last = Some((Instant::now(), languages.clone()));
        Ok(languages)
    }
}
