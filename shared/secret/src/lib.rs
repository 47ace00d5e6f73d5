//! A text that is never shown.
//!
//! Pure. Every password, key and token among the settings is a [`Secret`], so that settings can be logged whole. Only
//! [`Secret::reveal`] gives the text, which makes each use of it easy to find.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A text that neither `Debug` nor `Display` shows; not even its length.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

/// What is shown instead.
const HIDDEN: &str = "<hidden>";

impl Secret {
    /// The text itself, for whoever sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reveal_gives_the_text() {
        let secret = Secret::from("hunter2".to_owned());
        for shown in [
            format!("{secret}"),
            format!("{secret:?}"),
            format!("{:#?}", Some(&secret)),
            format!("{secret:>40}"),
        ] {
            assert!(!shown.contains("hunter") && shown.contains("hidden"), "{shown}");
        }
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!("hunter2".parse(), Ok(secret));
    }
}
