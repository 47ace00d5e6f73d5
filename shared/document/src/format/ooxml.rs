//! Common to DOCX, PPTX and XLSX: the package's relationships and content types, the core properties, charts and
//! diagrams.

use super::package::{self, Package};
use super::xml::{self, Node, Xml};
use crate::Refusal;
use crate::composer::Composer;

/// Bytes of a damaged package searched for names.
const WINDOW: usize = 64 << 10;

/// A link from one part of a package to another.
pub(super) struct Relationship {
    pub(super) id: String,
    /// The last word of its type, e.g. `footnotes`.
    pub(super) kind: String,
    /// The name of the part in the package.
    pub(super) target: String,
}

/// The application that a package belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    Word,
    PowerPoint,
    Excel,
}

/// The application of a package, by its content types or else by its folders; files with macros and templates count
/// alike.
pub(super) fn application(bytes: &[u8]) -> Option<Application> {
    const FOLDERS: [(&str, Application); 3] =
        [("word/", Application::Word), ("ppt/", Application::PowerPoint), ("xl/", Application::Excel)];
    let Some(types) = package::head(bytes, "[Content_Types].xml") else {
        // a damaged package is recognised by the names in it
        let head = bytes.get(..WINDOW).unwrap_or(bytes);
        let damaged = bytes.starts_with(b"PK\x03\x04") && package::names(bytes).is_empty();
        let holds = |name: &str| head.windows(name.len()).any(|window| window == name.as_bytes());
        let known = FOLDERS.iter().find(|(folder, _)| holds(folder));
        return known
            .filter(|_| damaged && holds("[Content_Types].xml"))
            .map(|(_, application)| *application);
    };
    let types: String =
        types.iter().filter(|byte| byte.is_ascii() && **byte != 0).map(|byte| char::from(*byte)).collect();
    let mut main = types
        .split(['"', '\''])
        .filter(|value| matches!(value.rsplit('.').next(), Some("main+xml" | "main")));
    let known = main.find_map(|value| match value {
        _ if value.contains("wordprocessingml") || value.contains("ms-word") => Some(Application::Word),
        _ if value.contains("presentationml") || value.contains("ms-powerpoint") => {
            Some(Application::PowerPoint)
        }
        _ if value.contains("spreadsheetml") || value.contains("ms-excel") => Some(Application::Excel),
        _ => None,
    });
    known.or_else(|| {
        let names = package::names(bytes);
        FOLDERS
            .iter()
            .find(|(folder, _)| names.iter().any(|name| name.starts_with(folder)))
            .map(|(_, application)| *application)
    })
}

/// Reads a part as text; none when the package has no such part.
pub(super) fn part(
    package: &mut Package<'_>,
    format: &'static str,
    name: &str,
) -> Result<Option<String>, Refusal> {
    package.read(name)?.map(|bytes| xml::decode(format, &bytes)).transpose()
}

/// Reads an optional part; a damaged one is left out.
pub(super) fn spare_part(
    package: &mut Package<'_>,
    format: &'static str,
    name: &str,
    composer: &mut Composer,
) -> Result<Option<String>, Refusal> {
    spare(composer, name, part(package, format, name)).map(Option::flatten)
}

/// The result for an optional part; none when it is damaged.
pub(super) fn spare<T>(
    composer: &mut Composer,
    name: &str,
    read: Result<T, Refusal>,
) -> Result<Option<T>, Refusal> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(refusal) if refusal.ends_all() => Err(refusal),
        Err(refusal) => {
            composer.leave_out(name, &refusal.to_string());
            Ok(None)
        }
    }
}

/// The relationships of a part in order; those of the package itself for an empty name.
pub(super) fn relationships(
    package: &mut Package<'_>,
    format: &'static str,
    name: &str,
) -> Result<Vec<Relationship>, Refusal> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let path =
        if folder.is_empty() { format!("_rels/{file}.rels") } else { format!("{folder}/_rels/{file}.rels") };
    let Some(text) = part(package, format, &path)? else { return Ok(Vec::new()) };
    let (mut xml, mut found) = (Xml::new(format, &text), Vec::new());
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        let outside = tag.attribute("TargetMode").is_some_and(|mode| mode == "External");
        if tag.name() != "Relationship" || outside {
            continue;
        }
        let kind = tag.attribute("Type").unwrap_or_default();
        found.push(Relationship {
            id: tag.attribute("Id").unwrap_or_default(),
            kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
            target: resolve(folder, &tag.attribute("Target").unwrap_or_default()),
        });
    }
    Ok(found)
}

/// The application's main part: as declared by the package, or else the one with the usual name.
///
/// # Errors
/// When there is none.
pub(super) fn main_part(
    package: &mut Package<'_>,
    format: &'static str,
    usual: &str,
) -> Result<String, Refusal> {
    let links = relationships(package, format, "")?;
    let names = package.names();
    let said = links.into_iter().find(|link| link.kind == "officeDocument").map(|link| link.target);
    said.filter(|said| names.contains(said))
        .or_else(|| names.iter().find(|name| *name == usual).cloned())
        .ok_or_else(|| Refusal::Damaged { format, cause: format!("it has no {usual}") })
}

/// Resolves a target to a part's name: targets are relative to the folder of the linking part.
fn resolve(folder: &str, target: &str) -> String {
    let mut path: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            _ => path.push(step),
        }
    }
    path.retain(|step| !step.is_empty());
    path.join("/")
}

/// Declares the title in the core properties, unless a program filled it in by default.
pub(super) fn declare_core_title(
    package: &mut Package<'_>,
    format: &'static str,
    composer: &mut Composer,
) -> Result<(), Refusal> {
    const EMPTY: &[&str] = &["Slide 1", "Word Document", "Untitled"];
    let links = relationships(package, format, "")?;
    let Some(core) = links.iter().find(|link| link.kind == "core-properties") else { return Ok(()) };
    let Some(text) = spare_part(package, format, &core.target, composer)? else { return Ok(()) };
    let mut xml = Xml::new(format, &text);
    while let Ok(Some(node)) = xml.next() {
        if let Node::Open(tag) = node
            && tag.name() == "title"
        {
            let title = xml.text()?;
            // PowerPoint Presentation, Présentation PowerPoint, PowerPoint 演示文稿
            let by_itself = EMPTY.contains(&title.as_str())
                || (title.contains("PowerPoint") && title.split_whitespace().count() <= 2);
            if !by_itself {
                composer.declare_title(&title);
            }
            break;
        }
    }
    Ok(())
}

/// The text in a chart or diagram (`SmartArt`): each paragraph, title, series and category once.
pub(super) fn drawing_text(format: &'static str, text: &str) -> Result<Vec<String>, Refusal> {
    let (mut xml, mut found, mut line) = (Xml::new(format, text), Vec::<String>::new(), String::new());
    let mut reads = false;
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                // numbers of a series and their formats
                "numCache" | "numLit" | "val" | "Fallback" => xml.skip()?,
                "t" | "v" => reads = true,
                _ => {}
            },
            Node::Text(text) if reads => line.push_str(&text),
            Node::Text(_) => {}
            Node::Close(end) => {
                reads = false;
                if matches!(end.name(), "p" | "v") {
                    let text = std::mem::take(&mut line);
                    if !text.trim().is_empty() && found.last() != Some(&text) {
                        found.push(text);
                    }
                }
            }
        }
    }
    Ok(found)
}
