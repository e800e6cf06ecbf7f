//! What this process has made and must not leave behind, in one list: a folder that is not published yet,
//! a lock, a spill file. Each goes when its [`Unfinished`] is dropped; all of them go at once when the
//! process is told to stop, whichever thread is busy with them.
//!
//! What the process cannot remove because it was killed lies under the same name at the next run into the
//! same place, which removes it then ([`super::publish::Stage::create`]).

use super::error::OutputError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

static LIST: Mutex<List> = Mutex::new(List { stopped: false, paths: Vec::new(), published: Vec::new() });

#[derive(Debug)]
struct List {
    /// Whether the process is about to end: nothing is begun or published any more.
    stopped: bool,
    /// In the order in which they were made.
    paths: Vec<(PathBuf, Contents)>,
    published: Vec<PathBuf>,
}

fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(|e| e.into_inner())
}

/// Whose the things are that lie in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contents {
    /// All of them are ours, and go with it.
    Ours,
    /// Others may have put things there: it goes only where it is empty.
    Anybodys,
}

/// A file or a folder that is removed again unless it is kept.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    contents: Contents,
    kept: bool,
}

impl Unfinished {
    /// Makes it, by `make`; from then on it is removed with whatever lies in it.
    ///
    /// # Errors
    /// Those of `make`; and [`io::ErrorKind::Interrupted`] where the process is about to end.
    pub fn make<T>(path: &Path, make: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<(Self, T)> {
        Self::listed(path, Contents::Ours, make)
    }

    /// The same for a folder that is removed only if nothing lies in it.
    ///
    /// # Errors
    /// As of [`Unfinished::make`].
    pub fn make_parent(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<Self> {
        Ok(Self::listed(path, Contents::Anybodys, make)?.0)
    }

    fn listed<T>(path: &Path, contents: Contents, make: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<(Self, T)> {
        // Made under the list's lock, so that it is either listed or not there.
        let mut list = list();
        if list.stopped {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let made = make(path)?;
        list.paths.push((path.to_owned(), contents));
        Ok((Self { path: path.to_owned(), contents, kept: false }, made))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves it where it is.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut list = list();
        if list.stopped {
            // It was removed with all others.
            return;
        }
        list.paths.retain(|(path, _)| *path != self.path);
        if !self.kept {
            // Best effort: an error is on its way to the user already.
            let _ = removed(&self.path, self.contents);
        }
    }
}

/// Removes a file, or a folder with all that is in it. Links are removed, never followed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

/// Puts something in its place, unless the process is about to end; it does not end while this goes on.
///
/// # Errors
/// Those of `put`, and [`OutputError::Stopped`].
pub fn publish<T>(target: &Path, put: impl FnOnce() -> Result<T, OutputError>) -> Result<T, OutputError> {
    let mut list = list();
    if list.stopped {
        return Err(OutputError::Stopped { path: target.to_owned() });
    }
    let put = put()?;
    // What lies in something unfinished is not there for anybody yet.
    if !list.paths.iter().any(|(path, contents)| *contents == Contents::Ours && target.starts_with(path)) {
        list.published.push(target.to_owned());
    }
    Ok(put)
}

/// What a process that is about to end has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// What was published before.
    pub published: Vec<PathBuf>,
    /// What could not be removed.
    pub left: Vec<PathBuf>,
}

/// Removes all that is unfinished. Nothing is begun or published from now on.
pub fn stop() -> Stopped {
    let mut list = list();
    list.stopped = true;
    let mut left = Vec::new();
    // What was made last lies in what was made first.
    for (path, contents) in std::mem::take(&mut list.paths).into_iter().rev() {
        if !gone(&path, contents) {
            left.push(path);
        }
    }
    Stopped { published: std::mem::take(&mut list.published), left }
}

fn removed(path: &Path, contents: Contents) -> io::Result<()> {
    match contents {
        Contents::Ours => remove(path),
        Contents::Anybodys => fs::remove_dir(path),
    }
}

/// Removes what other threads may still be filling; whether nothing of ours is left.
fn gone(path: &Path, contents: Contents) -> bool {
    const TRIES: usize = 50;
    (0..TRIES).any(|_| match removed(path, contents) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(_) if contents == Contents::Anybodys => true,
        Err(_) => {
            std::thread::sleep(Duration::from_millis(10));
            false
        }
    })
}
