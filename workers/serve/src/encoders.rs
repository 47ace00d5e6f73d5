//! Which encoder the questions to a generation need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use message::{Fingerprint, GenerationEntry};

use crate::served::LoadFault;

/// Makes the encoder for the questions to a generation; it may block.
pub type OpenEncoder<E> = Arc<dyn Fn(&GenerationEntry) -> Result<E, LoadFault> + Send + Sync>;

/// The encoders of this machine: that of the bundle that the settings name, and those of further models, each made when the
/// first generation needs it and let go with the last.
pub struct EncoderShelf<E> {
    space: Fingerprint,
    encoder: Arc<E>,
    open: Option<OpenEncoder<E>>,
    known: Mutex<HashMap<Fingerprint, Weak<E>>>,
}

impl<E: Send + Sync + 'static> EncoderShelf<E> {
    /// A shelf with the encoder for questions in `space`; the others come from `open`.
    #[must_use]
    pub fn new(space: Fingerprint, encoder: Arc<E>, open: Option<OpenEncoder<E>>) -> Self {
        Self { space, encoder, open, known: Mutex::default() }
    }

    /// The encoder for questions to a generation. All generations of one space share it.
    ///
    /// # Errors
    /// When its model is not on this machine, or cannot be run.
    pub async fn encoder(&self, entry: &GenerationEntry) -> Result<Arc<E>, LoadFault> {
        if entry.space == self.space {
            return Ok(Arc::clone(&self.encoder));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&entry.space).cloned();
        if let Some(encoder) = known.and_then(|known| known.upgrade()) {
            return Ok(encoder);
        }
        let none = || LoadFault::NoModel { name: entry.name.clone(), model: entry.model.short().to_owned() };
        let (open, wanted) = (self.open.clone().ok_or_else(none)?, entry.clone());
        let opened = tokio::task::spawn_blocking(move || open(&wanted)).await;
        let encoder = Arc::new(opened.map_err(|error| LoadFault::Model(error.to_string()))??);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, encoder| encoder.strong_count() > 0);
        known.insert(entry.space.clone(), Arc::downgrade(&encoder));
        Ok(encoder)
    }
}

#[cfg(test)]
mod tests {
    use generation::Generation;
    use message::{ChangeAuthor, FillSource, IndexMapping};

    use super::*;

    #[tokio::test]
    async fn generations_of_one_space_share_an_encoder_and_a_model_that_is_not_here_is_named() {
        let space = Fingerprint::of(&[("model", "here")]);
        let entry = |space: &Fingerprint, instance| {
            let generation = Generation {
                chunking: space.clone(),
                space: space.clone(),
                dimension: 2,
                model: space.clone(),
                name: "small".to_owned(),
                mapping: IndexMapping { instance, ..IndexMapping::of(3) },
            };
            let author = ChangeAuthor { by: "test".to_owned(), at: 1 };
            generation.entry("docs", FillSource::Vectors, &author)
        };
        let (encoder, elsewhere) = (Arc::new("an encoder"), Fingerprint::of(&[("model", "elsewhere")]));
        let shelf = EncoderShelf::new(space.clone(), Arc::clone(&encoder), None);
        for instance in 0..2 {
            assert!(Arc::ptr_eq(&shelf.encoder(&entry(&space, instance)).await.unwrap(), &encoder));
        }
        let open: OpenEncoder<&str> = Arc::new(|_| Ok("another"));
        let further = EncoderShelf::new(space, encoder, Some(open));
        let one = further.encoder(&entry(&elsewhere, 0)).await.unwrap();
        assert!(Arc::ptr_eq(&one, &further.encoder(&entry(&elsewhere, 1)).await.unwrap()));
        assert_eq!(*one, "another");
        let error = shelf.encoder(&entry(&elsewhere, 0)).await.unwrap_err().to_string();
        assert!(error.contains("small") && error.contains(elsewhere.short()), "{error}");
    }
}
