//! Merges sources that are sorted by document: what bucket, ledger and engines hold of one document comes together, and
//! nothing of the other documents has to be kept in memory.
//!
//! Pure except for awaiting the sources. The order is the byte order of `bucket/key`.

use std::pin::Pin;

use futures::stream::{BoxStream, Peekable};
use futures::{Stream, StreamExt as _};
use message::DocumentId;
use process::Failure;

/// A source of items, each of a document, sorted by document.
pub type Sorted<'a, T> = BoxStream<'a, Result<(DocumentId, T), Failure>>;

/// A source and the position in it.
pub struct Cursor<'a, T> {
    what: String,
    source: Pin<Box<Peekable<Sorted<'a, T>>>>,
    last: Option<DocumentId>,
}

impl<T> std::fmt::Debug for Cursor<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("what", &self.what).field("last", &self.last).finish_non_exhaustive()
    }
}

impl<'a, T> Cursor<'a, T> {
    /// Starts at the beginning of `source`; `what` names it in error messages.
    pub fn new(
        what: impl Into<String>,
        source: impl Stream<Item = Result<(DocumentId, T), Failure>> + Send + 'a,
    ) -> Self {
        Self { what: what.into(), source: Box::pin(source.boxed().peekable()), last: None }
    }

    /// The document of the next item; none at the end.
    ///
    /// # Errors
    /// When the source fails or is out of order; nothing can be said about any document then.
    pub async fn peek(&mut self) -> Result<Option<DocumentId>, Failure> {
        let document = match self.source.as_mut().peek().await {
            None => return Ok(None),
            Some(Ok((document, _))) => document.clone(),
            Some(Err(_)) => return self.take().await.map(|_| None),
        };
        if let Some(last) = self.last.as_ref().filter(|last| document < **last) {
            return Err(format!(
                "{} came out of order ({document} after {last}): what is compared must come in the order of the bytes of \
                 bucket/key, so this cannot be used",
                self.what
            )
            .into());
        }
        self.last = Some(document.clone());
        Ok(Some(document))
    }

    /// The next item, if it is of `document`.
    ///
    /// # Errors
    /// As [`Cursor::peek`].
    pub async fn next_of(&mut self, document: &DocumentId) -> Result<Option<T>, Failure> {
        if self.peek().await?.as_ref() == Some(document) { self.take().await } else { Ok(None) }
    }

    /// All following items of `document`.
    ///
    /// # Errors
    /// As [`Cursor::peek`].
    pub async fn all_of(&mut self, document: &DocumentId) -> Result<Vec<T>, Failure> {
        let mut all = Vec::new();
        while let Some(item) = self.next_of(document).await? {
            all.push(item);
        }
        Ok(all)
    }

    async fn take(&mut self) -> Result<Option<T>, Failure> {
        Ok(self.source.next().await.transpose()?.map(|(_, item)| item))
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::iter;

    use super::*;

    fn document(key: &str) -> DocumentId {
        DocumentId::new("b", key).unwrap()
    }

    fn cursor(keys: &[&str]) -> Cursor<'static, usize> {
        let items: Vec<_> = keys.iter().enumerate().map(|(n, key)| Ok((document(key), n))).collect();
        Cursor::new("the list", iter(items))
    }

    #[tokio::test]
    async fn items_of_a_document_come_together() {
        let mut cursor = cursor(&["a", "a", "c"]);
        assert_eq!(cursor.all_of(&document("a")).await.unwrap(), [0, 1]);
        assert_eq!(cursor.next_of(&document("b")).await.unwrap(), None);
        assert_eq!(cursor.peek().await.unwrap(), Some(document("c")));
        assert_eq!(cursor.next_of(&document("c")).await.unwrap(), Some(2));
        assert_eq!(cursor.peek().await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_out_of_order_is_named_and_so_is_a_failure() {
        let mut cursor = cursor(&["b", "a"]);
        assert_eq!(cursor.next_of(&document("b")).await.unwrap(), Some(0));
        let error = cursor.peek().await.unwrap_err().to_string();
        assert!(error.contains("the list came out of order (b/a after b/b)"), "{error}");
        let failing: Vec<Result<(DocumentId, ()), Failure>> = vec![Err("away".into())];
        let mut cursor = Cursor::new("the list", iter(failing));
        assert_eq!(cursor.peek().await.unwrap_err().to_string(), "away");
    }
}
