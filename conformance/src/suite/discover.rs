//! From paths to scenarios.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::script::{self, ast::Scenario};

/// One script file, parsed or not.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The path below the root without its extension, or the path as given for a file from elsewhere.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// What it says, or why it says nothing.
    pub scenario: Result<Arc<Scenario>, Arc<script::LoadError>>,
}

/// Why a path leads to no scenario.
#[derive(Debug, Error)]
pub enum DiscoverError {
    /// It is not there, or may not be looked at.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without scripts: most likely not the folder that was meant.
    #[error("{}: no .pkt file in this folder or below", .0.display())]
    Empty(PathBuf),
    /// A pipe, a device: reading might never end.
    #[error("{}: neither a file nor a folder", .0.display())]
    Special(PathBuf),
}

/// The scenarios at these paths: a file whatever its name, a folder with every `.pkt` file below it, in the order
/// of their names. Files below `root` get their id from there. A file that is named twice counts once.
pub fn discover(
    paths: &[PathBuf],
    root: Option<&Path>,
    defines: &[(String, String)],
) -> Result<Vec<Entry>, DiscoverError> {
    let root = root.and_then(|root| root.canonicalize().ok());
    let mut entries: Vec<Entry> = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        for file in files(path)? {
            // Two paths to one file are one scenario; two files that happen to get the same id are not.
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            let id = id(&file, &real, root.as_deref());
            if seen.insert(real) {
                let scenario = script::load_with(&file, defines).map(Arc::new).map_err(Arc::new);
                entries.push(Entry { id, path: file, scenario });
            }
        }
    }
    Ok(entries)
}

/// The files that [`discover`] reads of a path.
pub(crate) fn files(path: &Path) -> Result<Vec<PathBuf>, DiscoverError> {
    let unreadable = |source| DiscoverError::Unreadable { path: path.to_owned(), source };
    let kind = fs::metadata(path).map_err(unreadable)?;
    if kind.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !kind.is_dir() {
        return Err(DiscoverError::Special(path.to_owned()));
    }
    let mut found = Vec::new();
    walk(path, &mut found)?;
    if found.is_empty() {
        return Err(DiscoverError::Empty(path.to_owned()));
    }
    found.sort();
    Ok(found)
}

/// Follows links to files but not to folders, so that a link to a folder above makes no circle.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), DiscoverError> {
    let unreadable = |source| DiscoverError::Unreadable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "pkt") && !path.is_dir() && !is_lock(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether it is the mark of an editor that has a script open, a link to nothing.
fn is_lock(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".#"))
}

/// With `/` on every system: ids are written into files that travel.
fn id(file: &Path, real: &Path, root: Option<&Path>) -> String {
    let below = root.and_then(|root| real.strip_prefix(root).ok());
    let shown = below.map_or(file.to_owned(), |below| below.with_extension(""));
    let parts: Vec<String> = shown.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("/").replacen("//", "/", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("there is room");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("it is below the folder")).expect("there is room");
            fs::write(path, "0 `true`\n").expect("there is room");
        }
        folder
    }

    fn ids(paths: &[PathBuf], root: Option<&Path>) -> Vec<String> {
        discover(paths, root, &[]).expect("they exist").into_iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn a_folder_gives_its_scripts_in_order_and_nothing_else() {
        let tree = tree(&["tcp/b/y.pkt", "tcp/a/x.pkt", "tcp/a/notes.md", "z.pkt"]);
        let root = tree.path();
        assert_eq!(ids(&[root.into()], Some(root)), ["tcp/a/x", "tcp/b/y", "z"]);
        assert_eq!(ids(&[root.join("tcp/b"), root.join("tcp/b/y.pkt")], Some(root)), ["tcp/b/y"]);
    }

    #[test]
    fn a_file_from_elsewhere_keeps_its_path_and_may_have_any_name() {
        let (tree, root) = (tree(&["mine.txt"]), tempfile::tempdir().expect("there is room"));
        let path = tree.path().join("mine.txt");
        assert_eq!(ids(std::slice::from_ref(&path), Some(root.path())), [path.display().to_string()]);
        assert_eq!(ids(std::slice::from_ref(&path), None), [path.display().to_string()]);
    }

    #[test]
    fn what_is_no_scenario_is_an_error() {
        let tree = tree(&["readme.md"]);
        let error = |path: PathBuf| discover(&[path], None, &[]).expect_err("there is nothing").to_string();
        assert!(error(tree.path().into()).contains("no .pkt file"));
        assert!(error(tree.path().join("missing.pkt")).contains("missing.pkt"));
        #[cfg(unix)]
        assert!(error("/dev/null".into()).contains("neither a file nor a folder"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_not_lost() {
        let tree = tree(&["a.pkt"]);
        std::os::unix::fs::symlink("gone.pkt", tree.path().join("b.pkt")).expect("links work here");
        std::os::unix::fs::symlink("me@here.1:2", tree.path().join(".#a.pkt")).expect("links work here");
        std::os::unix::fs::symlink(tree.path(), tree.path().join("folder.pkt")).expect("links work here");
        let entries = discover(&[tree.path().to_owned()], Some(tree.path()), &[]).expect("there are scripts");
        let read: Vec<_> = entries.iter().map(|entry| (entry.path.file_name(), entry.scenario.is_ok())).collect();
        assert_eq!(read, [(Some("a.pkt".as_ref()), true), (Some("b.pkt".as_ref()), false)]);
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_ends() {
        let tree = tree(&["a/x.pkt"]);
        std::os::unix::fs::symlink(tree.path(), tree.path().join("a/up")).expect("links work here");
        assert_eq!(ids(&[tree.path().into()], Some(tree.path())), ["a/x"]);
    }
}
