//! Where the project keeps its scenarios.

use std::path::{Path, PathBuf};

/// A checkout of the project: the folder that holds `fixtures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The current folder if it holds `fixtures/scripts`, else the checkout that this program was built from.
    pub fn find() -> Option<Home> {
        // An empty path is the current folder: what is below it is shown as short as a user would write it.
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned);
        [Some(PathBuf::new()), built_from].into_iter().flatten().find_map(Home::at)
    }

    /// This folder if it holds `fixtures/scripts`.
    pub fn at(root: PathBuf) -> Option<Home> {
        root.join("fixtures/scripts").is_dir().then_some(Home { root })
    }

    /// The scenarios.
    pub fn scripts(&self) -> PathBuf {
        self.root.join("fixtures/scripts")
    }

    /// The known deviations, one file per stack.
    pub fn expectations(&self) -> PathBuf {
        self.root.join("fixtures/expectations")
    }

    /// Where a run without further words leaves its reports.
    pub fn output(&self) -> PathBuf {
        self.root.join("target/wirelaw")
    }
}
