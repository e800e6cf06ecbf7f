//! The output folder appears whole or not at all: staged beside its place, synced, then renamed.

use super::error::OutputError;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that makes a folder a run of this program.
pub const MANIFEST: &str = "manifest.json";
/// What the manifest calls this program.
pub const PROGRAM: &str = "onestop";

/// A folder being filled. Dropped without [`Stage::publish`], it is removed.
#[derive(Debug)]
pub struct Stage {
    target: PathBuf,
    folder: PathBuf,
    name: String,
    /// Folders above that were made for it, deepest first; removed again if nothing is published.
    made: Vec<PathBuf>,
    published: bool,
}

impl Stage {
    /// Makes a staging folder beside the target.
    ///
    /// # Errors
    /// [`OutputError`]: the target exists (and is not ours, or `force` is off), or cannot be written.
    pub fn create(target: &Path, force: bool) -> Result<Self, OutputError> {
        may_replace(target, force)?;
        // A path such as `.` has no name of its own; the folder that it stands for has.
        let real = match target.file_name() {
            Some(_) => target.to_owned(),
            None => fs::canonicalize(target).map_err(|source| OutputError::Io { path: target.to_owned(), source })?,
        };
        let name = real.file_name().map_or_else(|| "out".into(), |n| n.to_string_lossy().into_owned());
        let parent = parent_of(&real);
        let folder = parent.join(format!(".{name}.partial-{}", std::process::id()));
        let io = |source| OutputError::Io { path: folder.clone(), source };
        let made =
            parent.ancestors().filter(|a| !a.as_os_str().is_empty() && !a.exists()).map(Path::to_owned).collect();
        let stage = Self { target: real.clone(), folder: folder.clone(), name, made, published: false };
        fs::create_dir_all(&parent).map_err(|source| OutputError::Io { path: parent.clone(), source })?;
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(io)?;
        }
        fs::create_dir(&folder).map_err(io)?;
        Ok(stage)
    }

    /// The staging folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Path of a file in the staging folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a whole small file.
    ///
    /// # Errors
    /// [`OutputError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        let path = self.file(name);
        let io = |source| OutputError::Io { path: path.clone(), source };
        fs::write(&path, bytes).map_err(io)?;
        fs::File::open(&path).and_then(|f| f.sync_all()).map_err(io)
    }

    /// Puts the folder in its place.
    ///
    /// # Errors
    /// [`OutputError::Io`]; the old run, if any, is then still there.
    pub fn publish(mut self, force: bool) -> Result<(), OutputError> {
        may_replace(&self.target, force)?;
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| OutputError::Io { path, source }
        };
        sync_folder(&self.folder).map_err(io(&self.folder))?;
        let old = self.folder.with_file_name(format!(".{}.old-{}", self.name, std::process::id()));
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &old).map_err(io(&self.target))?;
        }
        if let Err(source) = fs::rename(&self.folder, &self.target) {
            if replaces {
                // Put the old run back; if that fails too, its path stands in the staging name.
                let _ = fs::rename(&old, &self.target);
            }
            return Err(OutputError::Io { path: self.target.clone(), source });
        }
        self.published = true;
        sync_folder(&parent_of(&self.target)).map_err(io(&self.target))?;
        if replaces {
            fs::remove_dir_all(&old).map_err(io(&old))?;
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.published {
            // Best effort: an error is on its way to the user already.
            let _ = fs::remove_dir_all(&self.folder);
            for folder in &self.made {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Whether a folder is a run of this program and nothing else: its manifest says so, and lists all that is there.
fn is_run(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join(MANIFEST)).ok();
    let Some(json) = manifest.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) else {
        return false;
    };
    let ours = |entry: std::io::Result<fs::DirEntry>| {
        entry.is_ok_and(|e| {
            let name = e.file_name();
            name == MANIFEST || name.to_str().is_some_and(|n| json["outputs"].get(n).is_some())
        })
    };
    json["program"] == PROGRAM && fs::read_dir(folder).is_ok_and(|mut entries| entries.all(ours))
}

/// An absent or empty folder may be filled; a run of ours only with `force`; anything else never.
fn may_replace(target: &Path, force: bool) -> Result<(), OutputError> {
    let path = target.to_owned();
    if !target.exists() {
        return Ok(());
    }
    let mut entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(_) if target.is_file() => return Err(OutputError::NotOurs { path }),
        Err(source) => return Err(OutputError::Io { path, source }),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    match (force, is_run(target)) {
        (false, _) => Err(OutputError::Exists { path }),
        (true, true) => Ok(()),
        (true, false) => Err(OutputError::NotOurs { path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_stage_that_is_dropped_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let stage = Stage::create(&root.path().join("out"), false).unwrap();
        stage.write("a", b"1").unwrap();
        drop(stage);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_second_run_is_refused_and_replaced_only_with_force() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        for (force, content) in [(false, r#"{"program":"onestop","n":1}"#), (true, r#"{"program":"onestop","n":2}"#)] {
            let stage = Stage::create(&out, force).unwrap();
            stage.write(MANIFEST, content.as_bytes()).unwrap();
            stage.publish(force).unwrap();
            assert_eq!(fs::read_to_string(out.join(MANIFEST)).unwrap(), content);
        }
        assert!(matches!(Stage::create(&out, false), Err(OutputError::Exists { .. })));
        assert_eq!(names(root.path()), ["out"]);
    }

    #[test]
    fn a_run_with_a_strangers_file_in_it_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join(MANIFEST), r#"{"program":"onestop","outputs":{"a.parquet":{}}}"#).unwrap();
        fs::write(out.join("a.parquet"), b"x").unwrap();
        assert!(Stage::create(&out, true).is_ok());
        fs::write(out.join("my notes.txt"), b"x").unwrap();
        assert!(matches!(Stage::create(&out, true), Err(OutputError::NotOurs { .. })));
    }

    #[test]
    fn what_is_not_ours_is_never_replaced() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("holiday.jpg"), b"x").unwrap();
        assert!(matches!(Stage::create(root.path(), true), Err(OutputError::NotOurs { .. })));
        let file = root.path().join("holiday.jpg");
        assert!(matches!(Stage::create(&file, true), Err(OutputError::NotOurs { .. })));
    }
}
