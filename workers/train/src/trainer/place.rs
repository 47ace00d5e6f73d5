//! Where a folder is in the object store. Pure.

use std::fmt;
use std::str::FromStr;

use message::DocumentId;
use serde::{Deserialize, Serialize};

/// A bucket and a prefix that ends with a slash; written `bucket/prefix/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectPlace {
    /// The bucket.
    pub bucket: String,
    /// The prefix of its keys, with a slash at the end.
    pub prefix: String,
}

/// A text that is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no place in the object store: it must be a bucket, a slash, and a prefix that ends with a slash"
)]
pub struct InvalidObjectPlace(pub String);

impl ObjectPlace {
    /// The object with this name below the place.
    ///
    /// # Errors
    /// When it cannot be a key.
    pub fn object(&self, name: &str) -> Result<DocumentId, InvalidObjectPlace> {
        DocumentId::new(&self.bucket, &format!("{}{name}", self.prefix))
            .map_err(|_| InvalidObjectPlace(format!("{self}{name}")))
    }
}

impl fmt::Display for ObjectPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix)
    }
}

impl FromStr for ObjectPlace {
    type Err = InvalidObjectPlace;

    fn from_str(text: &str) -> Result<Self, InvalidObjectPlace> {
        match text.split_once('/') {
            Some((bucket, prefix)) if !bucket.is_empty() && prefix.len() > 1 && prefix.ends_with('/') => {
                Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
            }
            _ => Err(InvalidObjectPlace(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place: ObjectPlace = "docs/.millrace/runs/0123/".parse().unwrap();
        assert_eq!((place.bucket.as_str(), place.prefix.as_str()), ("docs", ".millrace/runs/0123/"));
        assert_eq!(place.to_string(), "docs/.millrace/runs/0123/");
        assert_eq!(place.object("bundle/model.onnx").unwrap().key(), ".millrace/runs/0123/bundle/model.onnx");
        for text in ["", "docs", "docs/", "docs//", "docs/a", "/a/"] {
            assert!(text.parse::<ObjectPlace>().is_err(), "{text}");
        }
    }
}
