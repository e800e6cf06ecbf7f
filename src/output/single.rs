//! A file that appears whole or not at all: filled beside its place under a lock, then renamed.
//!
//! ```text
//!  PARENT/NAME                     the file; before that nothing, or the file that is replaced
//!  PARENT/.NAME.onestop-lock       who fills it
//!  PARENT/.NAME.onestop-partial    what is being filled
//! ```

use super::access::Access;
use super::error::OutputError;
use super::lock::Lock;
use super::publish::{PROGRAM, parent_of, sync_folder};
use super::unfinished::{self, Unfinished};
use std::fs;
use std::path::{Path, PathBuf};

/// A file being filled. Dropped without [`Single::publish`], it is removed.
#[derive(Debug)]
pub struct Single {
    // Removed in this order.
    partial: Unfinished,
    _lock: Lock,
    target: PathBuf,
    force: bool,
    access: Access,
}

impl Single {
    /// Takes the place of a file; what a killed run had begun there is removed. The folder must be there.
    ///
    /// # Errors
    /// [`OutputError`]: the file is there and `force` is off, it is no file, or another run writes it.
    pub fn create(target: &Path, force: bool, access: Access) -> Result<Self, OutputError> {
        may_replace(target, force)?;
        let name = target.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let beside = |what: &str| parent_of(target).join(format!(".{name}.{PROGRAM}-{what}"));
        let lock = Lock::take(target, &beside("lock"))?;
        may_replace(target, force)?;
        let partial = beside("partial");
        let failed = |source| OutputError::Io { path: partial.clone(), source };
        if fs::symlink_metadata(&partial).is_ok() {
            unfinished::remove(&partial).map_err(failed)?;
        }
        // Whoever fills it makes it.
        let (partial, ()) = Unfinished::make(&partial, |_| Ok(())).map_err(failed)?;
        Ok(Self { partial, _lock: lock, target: target.to_owned(), force, access })
    }

    /// Where it is filled.
    pub fn path(&self) -> &Path {
        self.partial.path()
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`OutputError`]; what was there before is then still there.
    pub fn publish(self) -> Result<(), OutputError> {
        let Self { partial, _lock: lock, target, force, access } = self;
        let failed = |source| OutputError::Io { path: target.clone(), source };
        may_replace(&target, force)?;
        access.grant_file(partial.path()).map_err(failed)?;
        unfinished::publish(&target, || {
            fs::rename(partial.path(), &target).map_err(failed)?;
            sync_folder(&parent_of(&target)).map_err(|source| OutputError::Unconfirmed { path: target.clone(), source })
        })?;
        partial.keep();
        drop(lock);
        Ok(())
    }
}

/// Nothing may be replaced without `force`, and with it nothing but a file.
fn may_replace(target: &Path, force: bool) -> Result<(), OutputError> {
    let path = || target.to_owned();
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(OutputError::Io { path: path(), source }),
        Ok(found) if found.is_symlink() => Err(OutputError::Link { path: path() }),
        Ok(found) if !found.is_file() => Err(OutputError::NotOurs { path: path() }),
        Ok(_) if force => Ok(()),
        Ok(_) => Err(OutputError::Exists { path: path() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_is_replaced_with_force_only_and_leaves_nothing_beside() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("a");
        let put = |text: &str, force| -> Result<(), OutputError> {
            let single = Single::create(&target, force, Access::Owner)?;
            fs::write(single.path(), text).unwrap();
            single.publish()
        };
        put("1", false).unwrap();
        assert!(matches!(put("2", false), Err(OutputError::Exists { .. })));
        put("3", true).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "3");
        let dropped = Single::create(&root.path().join("b"), false, Access::Owner).unwrap();
        fs::write(dropped.path(), "4").unwrap();
        assert!(matches!(Single::create(&root.path().join("b"), true, Access::Owner), Err(OutputError::Busy { .. })));
        drop(dropped);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        fs::create_dir(root.path().join("folder")).unwrap();
        let folder = Single::create(&root.path().join("folder"), true, Access::Owner);
        assert!(matches!(folder, Err(OutputError::NotOurs { .. })));
    }
}
