//! Which objects of a bucket are documents. Pure: `intake` applies it to notices and the operator's commands to
//! listings, so that both agree.

use clap::Args;

/// Prefix of the keys that the system itself writes; they are never ingested.
pub const OWN_PREFIX: &str = ".millrace/";

/// Why an object is not a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// The key is outside the include prefixes, or inside the exclude prefixes.
    OutOfScope,
    /// A file of Millrace's own.
    OwnFile,
}

/// Which keys are documents.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Take only keys with one of these prefixes (repeated or comma-separated). Without it: every key.
    #[arg(
        long = "include-prefix",
        env = "MILLRACE_INCLUDE_PREFIXES",
        value_delimiter = ',',
        value_name = "PREFIX"
    )]
    pub include: Vec<String>,
    /// Leave out keys with one of these prefixes, even when they are included (repeated or comma-separated).
    #[arg(
        long = "exclude-prefix",
        env = "MILLRACE_EXCLUDE_PREFIXES",
        value_delimiter = ',',
        value_name = "PREFIX"
    )]
    pub exclude: Vec<String>,
}

impl Scope {
    /// Why this key is not a document; none when it is one.
    #[must_use]
    pub fn leaves_out(&self, key: &str) -> Option<OutOfScope> {
        // Deployment files often leave a variable empty: an empty prefix must not exclude everything.
        let begins = |prefixes: &[String]| {
            prefixes.iter().filter(|prefix| !prefix.is_empty()).any(|prefix| key.starts_with(prefix.as_str()))
        };
        let included = self.include.iter().all(String::is_empty) || begins(&self.include);
        if key.starts_with(OWN_PREFIX) {
            Some(OutOfScope::OwnFile)
        } else if !included || begins(&self.exclude) {
            Some(OutOfScope::OutOfScope)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        scope: Scope,
    }

    fn scope(flags: &[&str]) -> Scope {
        Command::parse_from(["test"].iter().chain(flags)).scope
    }

    #[test]
    fn the_scope_decides_by_prefix_and_what_we_wrote_is_never_taken() {
        let all = scope(&[]);
        let some = scope(&["--include-prefix", "docs/,manuals/", "--exclude-prefix", "docs/tmp/"]);
        for (scope, key, expected) in [
            (&all, "anything", None),
            (&all, ".millrace/models/x", Some(OutOfScope::OwnFile)),
            (&all, "docs/.millrace/x", None),
            (&some, "docs/a.md", None),
            (&some, "manuals/a.md", None),
            (&some, "docs/tmp/a.md", Some(OutOfScope::OutOfScope)),
            (&some, "other/a.md", Some(OutOfScope::OutOfScope)),
            (&scope(&["--include-prefix", ".millrace/"]), ".millrace/x", Some(OutOfScope::OwnFile)),
            (&scope(&["--include-prefix", "", "--exclude-prefix", ""]), "a.md", None),
        ] {
            assert_eq!(scope.leaves_out(key), expected, "{scope:?} {key:?}");
        }
    }
}
