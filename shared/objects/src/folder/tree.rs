#![expect(clippy::disallowed_methods, reason = "edge: the files of a folder")]
//! Walks through a folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::entry;
use crate::Entry;

/// The content of a folder.
#[derive(Clone, Debug, Default)]
pub struct FolderTree {
    /// Its files, in ascending byte order of the keys.
    pub files: Vec<Entry>,
    /// Entries that cannot be objects.
    pub left_out: Vec<NoObject>,
    /// Whether the walk stopped because there are more files than asked for.
    pub more: bool,
}

/// An entry that cannot be an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoObject {
    /// Its path below the folder.
    pub path: String,
    /// Why.
    pub cause: String,
}

impl FolderTree {
    /// Total size of the files in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    fn leave_out(&mut self, root: &Path, path: &Path, cause: impl Into<String>) {
        let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        self.left_out.push(NoObject { path, cause: cause.into() });
    }
}

/// Walks through `root`; stops when there are more than `most` files.
pub(super) fn walk(root: &Path, most: usize) -> std::io::Result<FolderTree> {
    let mut tree = FolderTree::default();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let listed = std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match listed {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(error),
            // Deleted since its parent was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                tree.leave_out(root, &folder, error.to_string());
                continue;
            }
        };
        for entry in entries {
            take(&mut tree, &mut folders, root, &entry.path());
            if tree.files.len() > most {
                tree.more = true;
                return Ok(tree);
            }
        }
    }
    tree.files.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(tree)
}

fn take(tree: &mut FolderTree, folders: &mut Vec<PathBuf>, root: &Path, path: &Path) {
    if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
        return;
    }
    let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) else {
        return tree.leave_out(root, path, "its name is not UTF-8");
    };
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => folders.push(path.to_path_buf()),
        Ok(metadata) if metadata.is_file() => tree.files.push(entry(key.to_owned(), &metadata)),
        Ok(metadata) if metadata.is_symlink() => {
            tree.leave_out(root, path, "a link: links are not followed");
        }
        Ok(_) => tree.leave_out(root, path, "neither a file nor a folder"),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => tree.leave_out(root, path, error.to_string()),
    }
}
