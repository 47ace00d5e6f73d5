//! The buckets that hold documents. Pure: defines how every program reads `MILLRACE_BUCKET`.

use std::fmt;
use std::str::FromStr;

/// The buckets of documents, at least one; comma-separated in the setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets(Vec<String>);

/// A setting with no bucket, an invalid name, or too many buckets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBuckets {
    /// No name.
    #[error("it names no bucket: name the bucket of documents, or several with commas between them")]
    None,
    /// A name with a slash, which no bucket has.
    #[error("{0:?} is no bucket's name: it holds a slash")]
    Slash(String),
    /// Several buckets, for a program that works on one.
    #[error("it names several buckets ({0}), and this program works in one: say which with --bucket")]
    Several(Buckets),
}

impl Buckets {
    /// Whether `bucket` is one of them.
    #[must_use]
    pub fn hold(&self, bucket: &str) -> bool {
        self.0.iter().any(|name| name == bucket)
    }

    /// A single bucket.
    #[must_use]
    pub fn just(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The bucket named by the setting of a program that works on exactly one.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn one(setting: &str) -> Result<String, InvalidBuckets> {
        let buckets: Self = setting.parse()?;
        match buckets.0.as_slice() {
            [name] => Ok(name.clone()),
            _ => Err(InvalidBuckets::Several(buckets)),
        }
    }
}

impl FromStr for Buckets {
    type Err = InvalidBuckets;

    fn from_str(setting: &str) -> Result<Self, Self::Err> {
        let names: Vec<&str> = setting.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if names.is_empty() {
            return Err(InvalidBuckets::None);
        }
        match names.iter().find(|name| name.contains('/')) {
            Some(name) => Err(InvalidBuckets::Slash((*name).to_owned())),
            None => Ok(Self(names.into_iter().map(str::to_owned).collect())),
        }
    }
}

impl fmt::Display for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_one_bucket_or_several() {
        let two: Buckets = " documents, manuals,".parse().unwrap();
        assert!(two.hold("documents") && two.hold("manuals"));
        assert!(!two.hold("manual") && !two.hold("documents, manuals") && !two.hold(""));
        assert_eq!(two.to_string(), "documents,manuals");
        for empty in ["", " ", ",,"] {
            assert_eq!(empty.parse::<Buckets>(), Err(InvalidBuckets::None));
        }
        assert_eq!("a,b/c".parse::<Buckets>(), Err(InvalidBuckets::Slash("b/c".to_owned())));
    }

    #[test]
    fn a_program_that_works_in_one_bucket_does_not_choose_among_several() {
        assert_eq!(Buckets::one("documents,").unwrap(), "documents");
        let cause = Buckets::one("documents,manuals").unwrap_err().to_string();
        assert!(cause.contains("documents,manuals") && cause.contains("--bucket"), "{cause}");
        assert_eq!(Buckets::one(""), Err(InvalidBuckets::None));
    }
}
