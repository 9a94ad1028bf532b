//! From a folder to cases.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::script::{self, Role, Script};
use crate::script::ScriptError;

/// The longest case, in octets.
const LONGEST: u64 = 1 << 20;

/// One file, read or not.
#[derive(Clone, Debug)]
pub struct Case {
    /// Such as `http/server/framing/length-and-coding`.
    pub id: String,
    /// The file.
    pub path: PathBuf,
    /// What it says, or what is wrong with it.
    pub script: Result<Script, ScriptError>,
}

/// Why there are no cases.
#[derive(Debug, Error)]
pub enum CasesError {
    /// A file or a folder that cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No case for what is to be judged.
    #[error("no case{}: `wirelaw http list` shows them", only(.0))]
    None(Vec<String>),
}

fn only(words: &[String]) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(" has {} in its name or among its requirements", words.join(" or "))
    }
}

/// The cases of this role below `scripts/http`, in the order of their names; with `only`, those whose name holds one
/// of its words, or that test a requirement of this name.
pub fn find(scripts: &Path, role: Role, only: &[String]) -> Result<Vec<Case>, CasesError> {
    let root = scripts.join("http").join(role.name());
    let mut files = Vec::new();
    if root.exists() {
        walk(&root, &mut files)?;
    }
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let id = path.strip_prefix(scripts).unwrap_or(&path).with_extension("").to_string_lossy().into_owned();
        let case = load(path, id, Some(role))?;
        if only.is_empty() || only.iter().any(|word| case.is_called(word)) {
            cases.push(case);
        }
    }
    if cases.is_empty() { Err(CasesError::None(only.to_vec())) } else { Ok(cases) }
}

/// Reads one file; with `role`, what cannot happen in that role is wrong, too.
pub fn load(path: PathBuf, id: String, role: Option<Role>) -> Result<Case, CasesError> {
    let unreadable = |source| CasesError::Unreadable { path: path.clone(), source };
    if fs::metadata(&path).map_err(unreadable)?.len() > LONGEST {
        return Err(unreadable(io::Error::other("longer than a case may be (1 MiB)")));
    }
    let text = fs::read_to_string(&path).map_err(unreadable)?;
    let script = script::parse(&path.display().to_string(), &text).and_then(|script| {
        role.map_or(Ok(()), |role| script.check_role(role))?;
        Ok(script)
    });
    Ok(Case { id, path, script })
}

impl Case {
    /// A case that is no file.
    pub fn parse(id: &str, text: &str) -> Case {
        Case { id: id.to_owned(), path: PathBuf::from(id), script: script::parse(id, text) }
    }

    fn is_called(&self, word: &str) -> bool {
        let tests = |script: &Script| script.tests.iter().any(|id| id.eq_ignore_ascii_case(word));
        self.id.contains(word.trim_end_matches(".http")) || self.script.as_ref().is_ok_and(tests)
    }
}

/// The case in this file, or those in this folder, of whatever role; their names are their paths.
pub fn below(path: &Path) -> Result<Vec<Case>, CasesError> {
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut files)?;
        files.sort();
    } else if path.extension().is_some_and(|extension| extension == "http") {
        files.push(path.to_owned());
    }
    let case = |file: PathBuf| {
        let (id, role) = (file.display().to_string(), Role::of(&std::path::absolute(&file).unwrap_or_default()));
        load(file, id, role)
    };
    files.into_iter().map(case).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CasesError> {
    let unreadable = |source| CasesError::Unreadable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // Links to folders are not followed: one to a folder above makes a circle.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "http") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
