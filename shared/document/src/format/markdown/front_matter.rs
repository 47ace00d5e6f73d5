//! Front matter: settings between `---` (YAML) or `+++` (TOML) at the start of a page for a site generator.

/// The title in the front matter, if any, and the text after it.
pub(super) fn split(source: &str) -> (Option<String>, &str) {
    let Some((fence, rest)) = opening(source) else { return (None, source) };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == fence || (fence == "---" && bare == "...") {
            let (settings, body) = (rest.get(..at), rest.get(at + line.len()..));
            return (settings.and_then(title), body.unwrap_or_default());
        }
        at += line.len();
    }
    // never closed: it was a thematic break
    (None, source)
}

fn opening(source: &str) -> Option<(&'static str, &str)> {
    let (first, rest) = source.split_once('\n')?;
    // a blank line after the fence is a thematic break followed by text
    if rest.lines().next().is_none_or(|line| line.trim().is_empty()) {
        return None;
    }
    ["---", "+++"].into_iter().find(|fence| first.trim_end() == *fence).map(|fence| (fence, rest))
}

fn title(settings: &str) -> Option<String> {
    let value = settings.lines().find_map(|line| {
        let rest = line.strip_prefix("title")?.trim_start();
        rest.strip_prefix([':', '=']).map(str::trim)
    })?;
    let bare = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let title = bare.unwrap_or(value);
    (!title.is_empty() && !matches!(title, "|" | ">" | "|-" | ">-")).then(|| title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_taken_and_the_rest_dropped() {
        for (source, title, body) in [
            ("---\ntitle: A: b\nx: y\n---\nbody", Some("A: b"), "body"),
            ("---\ntags: [a]\ntitle: \"Quoted\"\n...\n\nbody", Some("Quoted"), "\nbody"),
            ("+++\ntitle = 'Toml'\n+++\nbody", Some("Toml"), "body"),
            ("---\nx: 1\n---\n", None, ""),
            ("---\n\ntext\n\n---\nmore", None, "---\n\ntext\n\n---\nmore"),
            ("---\nnever closed", None, "---\nnever closed"),
            ("text\n---\n", None, "text\n---\n"),
        ] {
            assert_eq!(split(source), (title.map(str::to_owned), body), "{source:?}");
        }
    }
}
