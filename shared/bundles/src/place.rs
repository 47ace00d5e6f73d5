//! Where a bundle is in the store. Pure.

use std::fmt;
use std::str::FromStr;

use message::{DocumentId, Fingerprint};
use objects::OWN_PREFIX;

use crate::error::BundleTrouble;

/// A bucket and a prefix, written `bucket/prefix/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePlace {
    bucket: String,
    prefix: String,
}

impl BundlePlace {
    /// The place of the model with this fingerprint in `bucket`.
    #[must_use]
    pub fn of(bucket: &str, model: &Fingerprint) -> Self {
        Self { bucket: bucket.to_owned(), prefix: format!("{OWN_PREFIX}models/{}/", model.short()) }
    }

    /// The object of one file.
    ///
    /// # Errors
    /// When its name cannot be a key.
    pub fn file(&self, name: &str) -> Result<DocumentId, BundleTrouble> {
        DocumentId::new(&self.bucket, &format!("{}{name}", self.prefix))
            .map_err(|_| BundleTrouble::Place(format!("{self}{name}")))
    }
}

impl fmt::Display for BundlePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix)
    }
}

impl FromStr for BundlePlace {
    type Err = BundleTrouble;

    fn from_str(text: &str) -> Result<Self, BundleTrouble> {
        match text.split_once('/') {
            Some((bucket, prefix))
                if !bucket.is_empty() && prefix.starts_with(OWN_PREFIX) && prefix.ends_with('/') =>
            {
                Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
            }
            _ => Err(BundleTrouble::Place(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_is_never_ingested() {
        let place = BundlePlace::of("docs", &Fingerprint::of(&[("model", "a")]));
        assert_eq!(place.to_string().parse::<BundlePlace>().unwrap(), place);
        let file = place.file("model.onnx").unwrap();
        assert!(file.key().starts_with(OWN_PREFIX) && file.key().ends_with("/model.onnx"), "{file}");
        for text in ["", "docs", "docs/", "docs/a/", "/.millrace/a/", "docs/.millrace/a"] {
            assert!(text.parse::<BundlePlace>().is_err(), "{text}");
        }
    }
}
