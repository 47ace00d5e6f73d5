//! The languages of the index, cached.

use sink::{Reader, SinkError};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

/// How long a new language in the index may be missing from keyword searches.
const FRESH: Duration = Duration::from_secs(15);

/// The last answer of the index.
#[derive(Debug, Default)]
pub struct Languages {
    last: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Languages {
    /// The languages of the passages. While one question asks the engine, others wait for its result.
    ///
    /// # Errors
    /// When the engine does not answer and nothing is cached; otherwise the cached languages stay in use.
    pub async fn of<R: Reader>(&self, reader: &R) -> Result<Vec<String>, SinkError> {
        let mut last = self.last.lock().await;
        if let Some((when, languages)) = &*last
            && when.elapsed() < FRESH
        {
            return Ok(languages.clone());
        }
        let languages = match (reader.languages().await, last.take()) {
            // An empty index is not cached: it may be filled by the next question.
            (Ok(languages), _) if languages.is_empty() => return Ok(languages),
            (Ok(mut languages), _) => {
                languages.sort();
                languages
            }
            // Cached even while the engine is down, so that waiting questions do not each ask again.
            (Err(_), Some((_, languages))) => languages,
            (Err(error), None) => return Err(error),
        };
        *last = Some((Instant::now(), languages.clone()));
        Ok(languages)
    }
}
