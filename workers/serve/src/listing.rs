//! The objects of a bucket that somebody may see, page by page. Stage: awaits the store.

use objects::{ListingPage, Store, StoreError};

use crate::access::VisiblePart;

/// Maximum number of parts that a page looks through: each costs a request to the store.
const MOST_PARTS: usize = 20;

/// One page of the objects in these parts, which are listed one after another; its continuation is a cursor, which holds the
/// number of a part and the position in it. Single objects, and parts that are empty, share a page with what follows.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn listed<S: Store>(
    store: &S,
    bucket: &str,
    parts: &[VisiblePart],
    after: Option<&str>,
) -> Result<ListingPage, StoreError> {
    let (first, mut within) = cursor(after);
    let (mut entries, mut next) = (Vec::new(), first);
    for (number, part) in parts.iter().enumerate().skip(first).take(MOST_PARTS) {
        let page = part_page(store, bucket, part, within.take()).await?;
        entries.extend(page.entries);
        if let Some(continuation) = page.continuation {
            return Ok(ListingPage { entries, continuation: Some(format!("{number}:{continuation}")) });
        }
        next = number + 1;
        if !part.is_object && !entries.is_empty() {
            break;
        }
    }
    let continuation = (next < parts.len()).then(|| format!("{next}:"));
    Ok(ListingPage { entries, continuation })
}

/// One page of a part. The neighbours of a single object, whose keys begin as its own does, are left out, and the way to more of
/// them.
async fn part_page<S: Store>(
    store: &S,
    bucket: &str,
    part: &VisiblePart,
    within: Option<String>,
) -> Result<ListingPage, StoreError> {
    let mut page = store.page(bucket, &part.prefix, within.as_deref()).await?;
    if part.is_object {
        // It comes first: keys come in ascending order, and all others that begin so are longer.
        page.entries.retain(|entry| entry.key == part.prefix);
        page.continuation = None;
    }
    Ok(page)
}

fn cursor(after: Option<&str>) -> (usize, Option<String>) {
    let (number, rest) = after.and_then(|after| after.split_once(':')).unwrap_or(("0", ""));
    (number.parse().unwrap_or(usize::MAX), Some(rest.to_owned()).filter(|rest| !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use message::DocumentId;
    use objects::MemoryStore;

    use super::*;

    #[test]
    fn a_cursor_says_which_part_and_where_in_it() {
        assert_eq!(cursor(Some("1:abc:d")), (1, Some("abc:d".to_owned())));
        assert_eq!((cursor(Some("1:")), cursor(None)), ((1, None), (0, None)));
        assert_eq!(cursor(Some("nonsense")).0, 0);
    }

    /// The keys of each page; a single object is marked by `=`.
    async fn pages(parts: &[&str]) -> Vec<Vec<String>> {
        let store = MemoryStore::with_page_size(2);
        store.ensure_bucket("docs", None).await.unwrap();
        for key in ["a", "a-1", "a-2", "a-3", "a/1", "a/2", "a/3", "b", "c/1"] {
            let document = DocumentId::new("docs", key).unwrap();
            store.put(&document, vec![0_u8].into(), "text/plain").await.unwrap();
        }
        let part = |text: &&str| VisiblePart {
            prefix: text.trim_start_matches('=').to_owned(),
            is_object: text.starts_with('='),
        };
        let parts: Vec<VisiblePart> = parts.iter().map(part).collect();
        let (mut pages, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = listed(&store, "docs", &parts, after.as_deref()).await.unwrap();
            pages.push(page.entries.into_iter().map(|entry| entry.key).collect());
            after = page.continuation;
            if after.is_none() {
                return pages;
            }
        }
    }

    #[tokio::test]
    async fn a_single_object_is_listed_without_its_neighbours_and_together_with_what_follows() {
        assert_eq!(pages(&["=a", "a/"]).await, [vec!["a", "a/1", "a/2"], vec!["a/3"]]);
        assert_eq!(pages(&["=a", "=b", "=none"]).await, [vec!["a", "b"]]);
        assert_eq!(pages(&["none/", "b", "c/"]).await, [vec!["b"], vec!["c/1"]]);
        assert_eq!(pages(&["=none", "none/"]).await, [Vec::<String>::new()]);
        assert_eq!(pages(&[]).await, [Vec::<String>::new()]);
        assert_eq!(pages(&[&["none/"; MOST_PARTS][..], &["b"]].concat()).await, [vec![], vec!["b"]]);
    }
}
