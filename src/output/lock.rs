//! One run at a time into a place.

use super::access::private;
use super::error::OutputError;
use super::unfinished::Unfinished;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A lock that is given up when dropped, and by the system where the program is killed: the file that a
/// killed run leaves locks nothing, and the next run takes it over.
#[derive(Debug)]
pub struct Lock {
    // Removed first, while the lock is still held.
    _file: Unfinished,
    _held: File,
}

impl Lock {
    /// Takes the lock of a place, in a file beside it.
    ///
    /// # Errors
    /// [`OutputError::Busy`] where another run has it; [`OutputError::Io`].
    pub fn take(place: &Path, file: &Path) -> Result<Self, OutputError> {
        match Unfinished::make(file, held) {
            Ok((unfinished, held)) => Ok(Self { _file: unfinished, _held: held }),
            Err(source) if source.kind() == io::ErrorKind::WouldBlock => {
                Err(OutputError::Busy { path: place.to_owned() })
            }
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied && file.exists() => {
                Err(OutputError::Foreign { path: file.to_owned() })
            }
            Err(source) => Err(OutputError::Io { path: file.to_owned(), source }),
        }
    }
}

/// The file, locked, and still the one that has this name: whoever had it before removes it.
fn held(path: &Path) -> io::Result<File> {
    loop {
        let file = private().read(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => {
                // A place where nothing can be locked; best effort to leave it as it was.
                let _ = fs::remove_file(path);
                return Err(error);
            }
        }
        let named = match fs::symlink_metadata(path) {
            Ok(named) => named,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        if (named.dev(), named.ino()) == (found.dev(), found.ino()) {
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_until_the_first_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let (place, file) = (folder.path().join("out"), folder.path().join(".out.lock"));
        let first = Lock::take(&place, &file).unwrap();
        assert!(matches!(Lock::take(&place, &file), Err(OutputError::Busy { path }) if path == place));
        drop(first);
        assert!(!file.exists());
        Lock::take(&place, &file).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".out.lock");
        std::fs::write(&file, "").unwrap();
        drop(Lock::take(folder.path(), &file).unwrap());
        assert!(!file.exists());
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, file) = (folder.path().join("theirs"), folder.path().join(".out.lock"));
        std::os::unix::fs::symlink(&theirs, &file).unwrap();
        assert!(matches!(Lock::take(folder.path(), &file), Err(OutputError::Io { .. })));
        assert!(!theirs.exists());
    }

    #[test]
    fn of_many_at_once_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".out.lock");
        let holders = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..200 {
                        if let Ok(lock) = Lock::take(folder.path(), &file) {
                            assert_eq!(holders.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                            holders.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
    }
}
