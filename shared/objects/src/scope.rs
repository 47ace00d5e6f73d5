//! Which objects of a bucket are documents. Pure: `intake` asks it of each notice, the operator's command of each listing,
//! so that both mean the same documents.

use clap::Args;

/// What the system itself writes to the bucket has keys that begin so, and is never ingested.
pub const OWN_PREFIX: &str = ".millrace/";

/// Why an object is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// The key lies outside of the include prefixes, or inside the exclude prefixes.
    OutOfScope,
    /// What Millrace itself wrote.
    OwnFile,
}

/// Which keys are documents.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Take only keys that begin with this. May be repeated, or be several with commas between them. Without it: every
    /// key.
    #[arg(
        long = "include-prefix",
        env = "MILLRACE_INCLUDE_PREFIXES",
        value_delimiter = ',',
        value_name = "PREFIX"
    )]
    pub include: Vec<String>,
    /// Leave out keys that begin with this, even when they are included. May be repeated, or be several with commas
    /// between them.
    #[arg(
        long = "exclude-prefix",
        env = "MILLRACE_EXCLUDE_PREFIXES",
        value_delimiter = ',',
        value_name = "PREFIX"
    )]
    pub exclude: Vec<String>,
}

impl Scope {
    /// Why this key is no document; none when it is one.
    #[must_use]
    pub fn leaves_out(&self, key: &str) -> Option<OutOfScope> {
        // Deployment files often leave a variable empty: that is no prefix, above all none that excludes everything.
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
