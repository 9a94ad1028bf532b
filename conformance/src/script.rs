//! Scenarios as text. A placeholder for the parser, with its interface.

pub mod ast;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// What is wrong with a script, and where.
#[derive(Clone, Debug, Error, Diagnostic)]
#[error("{}:{line}:1: {message}", source_code.name())]
pub struct ScriptError {
    #[source_code]
    source_code: NamedSource<String>,
    #[label("here")]
    at: SourceSpan,
    line: usize,
    message: String,
}

impl ScriptError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Why a script file did not become a scenario.
#[derive(Debug, Error, Diagnostic)]
pub enum LoadError {
    /// It cannot be read.
    #[error("{}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Script(#[from] ScriptError),
}

/// Reads a script; `defines` come before those of the script itself.
pub fn load_with(path: &Path, defines: &[(String, String)]) -> Result<ast::Scenario, LoadError> {
    let _ = defines;
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|cause| LoadError::Read { path: path.to_owned(), cause })?;
    if let Some(at) = text.find('@') {
        let line = text[..at].matches('\n').count() + 1;
        let source_code = NamedSource::new(path.to_string_lossy(), text);
        return Err(ScriptError { source_code, at: (at, 1).into(), line, message: "unexpected `@`".into() }.into());
    }
    let mut header = ast::Header::default();
    for line in text.lines().map_while(|line| line.strip_prefix("// ")) {
        match line.strip_prefix("covers: ") {
            Some(ids) => header.covers.extend(ids.split(' ').map(|id| ast::Spanned::new(id.to_owned(), 0..0))),
            None => line.clone_into(&mut header.sentence),
        }
    }
    Ok(ast::Scenario {
        name: path.display().to_string(),
        source: Arc::from(text),
        header,
        options: Vec::new(),
        init: None,
        steps: Vec::new(),
        cleanup: None,
        epilogue: Vec::new(),
    })
}
