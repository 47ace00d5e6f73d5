//! Arguments of `export` and `import`.

use clap::Args;
use objects::OWN_PREFIX;

use super::WorldSettings;

/// `export`
#[derive(Args, Debug)]
pub struct ExportLog {
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Where in the bucket, below `.millrace/`, which is never ingested; by default a new place for each export.
    #[arg(long, value_parser = place)]
    pub prefix: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `import`
#[derive(Args, Debug)]
pub struct ImportLog {
    /// Where in the bucket the export is, as `millrace export` said.
    pub prefix: String,
    /// Where to look.
    #[command(flatten)]
    pub world: WorldSettings,
    /// Partitions of the topics, where they are gone too; need not be as many as there were.
    #[arg(long, env = "MILLRACE_PARTITIONS", default_value_t = 12, value_parser = clap::value_parser!(i32).range(1..=1000))]
    pub partitions: i32,
    /// Copies of each record, where the topics are gone too; by default one on each broker, at most three.
    #[arg(long, env = "MILLRACE_REPLICATION", value_parser = clap::value_parser!(i32).range(1..=10))]
    pub replication: Option<i32>,
    /// Write; without it, only say what would be done.
    #[arg(long)]
    pub yes: bool,
    /// Who asks; it is kept with the generation.
    #[arg(long, env = "USER", default_value = "unknown")]
    pub by: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Parses `.millrace/export/1/`. Elsewhere the files would be taken for documents.
fn place(text: &str) -> Result<String, String> {
    let is_place = text.starts_with(OWN_PREFIX) && text.len() > OWN_PREFIX.len() && text.ends_with('/');
    if is_place {
        return Ok(text.to_owned());
    }
    Err(format!("it must begin with {OWN_PREFIX} and end with a slash, such as {OWN_PREFIX}export/1/"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::{Cli, OperatorCommand};

    #[test]
    fn an_export_is_never_where_documents_are() {
        let parsed = |prefix: &str| {
            Cli::try_parse_from(["millrace", "export", "--model", "m", "--prefix", prefix]).is_ok()
        };
        assert!(parsed(".millrace/export/1/"));
        for prefix in ["", "export/", ".millrace/", ".millrace/export", "docs/.millrace/export/"] {
            assert!(!parsed(prefix), "{prefix:?}");
        }
    }

    #[test]
    fn an_import_names_the_export() {
        let words = ["millrace", "import", ".millrace/export/1/", "--model", "m", "--partitions", "6"];
        let OperatorCommand::Import(ask) = Cli::parse_from(words).ask else { panic!("another command") };
        assert_eq!((ask.prefix.as_str(), ask.partitions, ask.yes), (".millrace/export/1/", 6, false));
        assert!(Cli::try_parse_from(["millrace", "import", "--model", "m"]).is_err());
    }
}
