#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: random bits, and the file of keys"
)]
//! `key NAME`.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use message::sha256_hex;
use process::Failure;
use serde_json::{Value, json};
use sink::MOST_PREFIXES;

use crate::cli::{KeyArguments, KeyRole};
use crate::show;

/// Size of a key in bytes: 256 random bits cannot be guessed.
const BYTES: usize = 32;

pub(super) fn run(ask: &KeyArguments) -> Result<ExitCode, Failure> {
    let mut bits = [0; BYTES];
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bits))?;
    let key = format!("mr-{}", URL_SAFE_NO_PAD.encode(bits));
    let entry = entry(ask, &key)?;
    match &ask.file {
        Some(path) => {
            add(path, entry)?;
            show::note(&format!(
                "{} holds the key's digest; the key itself is shown this once",
                path.display()
            ));
        }
        None => {
            show::note(&format!("put this into the file of keys, which is {{\"keys\": [ … ]}}:\n{entry}"));
        }
    }
    show::line(&key);
    Ok(ExitCode::SUCCESS)
}

fn entry(ask: &KeyArguments, key: &str) -> Result<Value, Failure> {
    if ask.prefix.iter().any(|prefix| !prefix.contains('/') || prefix.starts_with('/')) {
        let message = "a prefix begins with the bucket and a slash, such as docs/hr/, or docs/ for the whole bucket: leave \
                       --prefix out for everything";
        return Err(message.into());
    }
    let count = ask.prefix.len();
    if count > MOST_PREFIXES {
        return Err(format!("--prefix is given {count} times: give it at most {MOST_PREFIXES} times").into());
    }
    let role = match ask.role {
        KeyRole::Read => "read",
        KeyRole::Write => "write",
        KeyRole::Admin => "admin",
    };
    Ok(
        json!({"name": ask.name, "sha256": sha256_hex([key.as_bytes()]), "role": role, "prefixes": ask.prefix}),
    )
}

/// Adds an entry to the file of keys, which is created if it does not exist.
fn add(path: &Path, entry: Value) -> Result<(), Failure> {
    let mut kept: Value = match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => json!({"keys": []}),
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    };
    let keys = kept.get_mut("keys").and_then(Value::as_array_mut);
    let keys = keys.ok_or_else(|| format!("{} is no file of keys: {{\"keys\": [ … ]}}", path.display()))?;
    if keys.iter().any(|other| other["name"] == entry["name"]) {
        return Err(format!("{} has a key {} already", path.display(), entry["name"]).into());
    }
    keys.push(entry);
    // Readers see the old file or the new one, never half of one.
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, serde_json::to_string_pretty(&kept)? + "\n")?;
    std::fs::rename(&fresh, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, prefix: &[&str]) -> KeyArguments {
        let prefix = prefix.iter().map(|&prefix| prefix.to_owned()).collect();
        KeyArguments { name: name.to_owned(), role: KeyRole::Write, prefix, file: None }
    }

    #[test]
    fn a_file_of_keys_grows_by_digests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        for name in ["a", "b"] {
            add(&path, entry(&ask(name, &["docs/a/"]), "secret").unwrap()).unwrap();
        }
        assert!(add(&path, entry(&ask("a", &[]), "other").unwrap()).is_err());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&sha256_hex([b"secret".as_slice()])) && !text.contains("secret\""), "{text}");
        assert!(entry(&ask("a", &["docs"]), "secret").is_err());
        assert!(entry(&ask("a", &["/docs/a/"]), "secret").is_err());
        assert!(entry(&ask("a", &["docs/a/"; MOST_PREFIXES + 1]), "secret").is_err());
        assert!(entry(&ask("a", &["docs/", "docs/a"]), "secret").is_ok());
    }
}
