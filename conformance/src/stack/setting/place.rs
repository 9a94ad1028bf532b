//! Where the files are that the shell lines of a script name.
//!
//! packetdrill runs them where it was started. Most runners go to the script's folder first, some stay above it: a file
//! is looked for beside the script, then here.

use std::path::{Path, PathBuf};

/// The file of that name beside the script, which lies in `folder`, else here.
pub(crate) fn file(path: &str, folder: Option<&Path>) -> PathBuf {
    let beside = folder.map(|folder| folder.join(path));
    match beside {
        Some(beside) if beside.is_file() || !Path::new(path).is_file() => beside,
        _ => path.into(),
    }
}

/// So many words of a text are looked for.
const MOST_WORDS: usize = 1000;

/// Where a shell starts that runs this text, `None` for here: beside the script, unless the text names files of which
/// none is there and one is here.
pub(super) fn of_text<'a>(text: &str, folder: Option<&'a Path>) -> Option<&'a Path> {
    let folder = folder?;
    let words = text.split(|mark: char| mark.is_whitespace() || ";&|<>()`'\"=".contains(mark));
    let names: Vec<&str> =
        words.filter(|word| !word.is_empty() && Path::new(word).is_relative()).take(MOST_WORDS).collect();
    let has_file = |place: &Path| names.iter().any(|name| place.join(name).is_file());
    (has_file(folder) || !has_file(Path::new(""))).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests run where the package is, which has a `Cargo.toml`.
    #[test]
    fn a_file_is_beside_the_script_or_here() {
        let scripts = tempfile::tempdir().expect("there is room");
        let folder = Some(scripts.path());
        std::fs::write(scripts.path().join("own.sh"), "").expect("there is room");

        assert_eq!(file("own.sh", folder), scripts.path().join("own.sh"));
        assert_eq!(file("src/lib.rs", folder), Path::new("src/lib.rs"));
        assert_eq!(file("neither.sh", folder), scripts.path().join("neither.sh"), "so that messages say where");

        assert_eq!(of_text("./own.sh a", folder), folder);
        assert_eq!(of_text("true; sh 'src/lib.rs'", folder), None);
        assert_eq!(of_text("X=1 sh src/lib.rs ./own.sh", folder), folder, "beside the script first");
        assert_eq!(of_text("/bin/sh src/lib.rs", folder), None, "what is absolute is at neither place");
        assert_eq!(of_text("echo src", folder), folder, "a folder is no file");
        assert_eq!(of_text("src/lib.rs", None), None);
    }
}
