//! The output folder appears whole or not at all: filled beside its place under a lock, synced, then
//! renamed; a run that it replaces changes places with it in one step.
//!
//! ```text
//!  PARENT/NAME             the output; before that nothing, or the run that is replaced
//!  PARENT/.NAME.onestop-lock       who fills it; taken over from a run that was killed
//!  PARENT/.NAME.onestop-partial    what is being filled, with the rows that wait on disk
//!  PARENT/.NAME.onestop-old        the run replaced, where the file system cannot exchange two folders
//! ```
//!
//! Whoever has the lock removes what a killed run left under the last two names, or puts the replaced run
//! back where it was killed between two renames. Nothing but a run of this program is removed as one.

use super::access::{Access, private, private_folder};
use super::error::OutputError;
use super::lock::Lock;
use super::unfinished::{self, Unfinished};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file that makes a folder a run of this program.
pub const MANIFEST: &str = "manifest.json";
/// What the manifest calls this program.
pub const PROGRAM: &str = "onestop";

/// What was found beside an output, of a run that was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// What it had begun, which is removed now.
    Removed(PathBuf),
    /// The run that it was about to replace, which is in its place again.
    PutBack(PathBuf),
    /// The run that was replaced just now and cannot be removed.
    Left(PathBuf),
}

/// A folder being filled. Dropped without [`Stage::publish`], it is removed.
#[derive(Debug)]
pub struct Stage {
    // Removed in this order.
    folder: Unfinished,
    lock: Lock,
    /// Folders above that were made for it, deepest first; they go if nothing lies in them.
    made: Vec<Unfinished>,
    place: Place,
    force: bool,
    access: Access,
}

/// A folder that files are added to one by one, by one run at a time.
#[derive(Debug)]
pub struct Shared {
    _lock: Lock,
    made: Vec<Unfinished>,
    access: Access,
}

impl Shared {
    /// Locks a folder, which is made if need be, and removed again if it stays empty.
    ///
    /// # Errors
    /// [`OutputError`]: the folder is a link, another run adds to it, or it cannot be made.
    pub fn open(target: &Path, access: Access) -> Result<Self, OutputError> {
        let place = Place::of(target)?;
        let mut made = make_missing(&place.parent)?;
        let lock = Lock::take(&place.target, &place.beside("lock"))?;
        made.splice(0..0, make_missing(&place.target)?);
        Ok(Self { _lock: lock, made, access })
    }

    /// Puts finished files, each under its name in the folder, all of them or none.
    ///
    /// # Errors
    /// [`OutputError`]; none of the files is there then.
    pub fn publish(self, files: Vec<(Unfinished, PathBuf)>) -> Result<(), OutputError> {
        let Self { _lock: lock, made, access } = self;
        for (file, _) in &files {
            access.grant_file(file.path()).map_err(failed(file.path()))?;
        }
        made.iter().try_for_each(|above| access.grant_folder(above.path()).map_err(failed(above.path())))?;
        let folder = files.first().map_or_else(PathBuf::new, |(_, name)| parent_of(name));
        unfinished::publish(&folder, || {
            let mut put = files.iter().try_for_each(|(file, name)| fs::rename(file.path(), name).map_err(failed(name)));
            if put.is_ok() {
                put = sync_folder(&folder).map_err(failed(&folder));
            }
            // Best effort to take them back: an error is on its way to the user already.
            put.inspect_err(|_| files.iter().for_each(|(file, name)| drop(fs::rename(name, file.path()))))
        })?;
        files.into_iter().for_each(|(file, _)| file.keep());
        made.into_iter().for_each(Unfinished::keep);
        drop(lock);
        Ok(())
    }
}

/// Where a folder comes to lie, and the names beside it.
#[derive(Debug)]
struct Place {
    target: PathBuf,
    parent: PathBuf,
    name: String,
}

impl Place {
    fn of(target: &Path) -> Result<Self, OutputError> {
        // A path such as `.` has no name of its own; the folder that it stands for has.
        let real = match target.file_name() {
            Some(_) => target.to_owned(),
            None => fs::canonicalize(target).map_err(|source| OutputError::Io { path: target.to_owned(), source })?,
        };
        let parent = parent_of(&real);
        let name = real.file_name().unwrap_or("out".as_ref());
        // Without a slash at its end, with which a link would be followed.
        let place = Self { target: real.with_file_name(name), name: name.to_string_lossy().into_owned(), parent };
        if fs::symlink_metadata(&place.target).is_ok_and(|found| found.is_symlink()) {
            return Err(OutputError::Link { path: target.to_owned() });
        }
        Ok(place)
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.parent.join(format!(".{}.{PROGRAM}-{what}", self.name))
    }

    /// Removes what a killed run left, or puts a replaced run back; tells what it does.
    fn clear(&self, tell: &mut dyn FnMut(Leftover)) -> Result<(), OutputError> {
        let there = |path: &Path| fs::symlink_metadata(path).is_ok();
        let (old, partial) = (self.beside("old"), self.beside("partial"));
        if there(&old) && !is_run(&old) {
            return Err(OutputError::NotOurs { path: old });
        }
        if there(&old) && !there(&self.target) {
            fs::rename(&old, &self.target).map_err(failed(&old))?;
            tell(Leftover::PutBack(self.target.clone()));
        }
        for left in [partial, old].into_iter().filter(|left| there(left)) {
            unfinished::remove(&left).map_err(failed(&left))?;
            tell(Leftover::Removed(left));
        }
        Ok(())
    }
}

impl Stage {
    /// Makes a folder to fill beside the target, once nobody else fills one for it; tells what a killed run left.
    ///
    /// # Errors
    /// [`OutputError`]: the target exists (and is not ours, or `force` is off), is a link, is being written by
    /// another run, or cannot be written.
    pub fn create(
        target: &Path,
        force: bool,
        access: Access,
        tell: &mut dyn FnMut(Leftover),
    ) -> Result<Self, OutputError> {
        let place = Place::of(target)?;
        let made = make_missing(&place.parent)?;
        let lock = Lock::take(&place.target, &place.beside("lock"))?;
        place.clear(tell)?;
        may_replace(&place.target, force)?;
        let folder = place.beside("partial");
        let (folder, ()) = Unfinished::make(&folder, private_folder).map_err(failed(&folder))?;
        Ok(Self { folder, lock, made, place, force, access })
    }

    /// The folder that is filled.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a whole small file.
    ///
    /// # Errors
    /// [`OutputError::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        let path = self.file(name);
        let written = private().create_new(true).open(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(failed(&path))
    }

    /// Puts the folder in its place; the run that it replaced, where that could not be removed.
    ///
    /// # Errors
    /// [`OutputError`]; the old run, if any, is then still there. [`OutputError::Unconfirmed`] where the disk
    /// fails twice, so that the new one cannot be taken back.
    pub fn publish(self) -> Result<Option<Leftover>, OutputError> {
        let Self { folder, lock, made, place, force, access } = self;
        may_replace(&place.target, force)?;
        access.grant(folder.path()).map_err(failed(folder.path()))?;
        sync_folder(folder.path()).map_err(failed(folder.path()))?;
        // The folders above are open before anything stands in them.
        made.iter().try_for_each(|above| access.grant_folder(above.path()).map_err(failed(above.path())))?;
        let replaced = unfinished::publish(&place.target, || put(folder.path(), &place, exchange, sync_folder))?;
        // The folder's name now is the replaced run's, or nobody's.
        folder.keep();
        made.into_iter().for_each(Unfinished::keep);
        let left = replaced.filter(|old| unfinished::remove(old).is_err());
        drop(lock);
        Ok(left.map(Leftover::Left))
    }
}

/// Puts a folder in its place, and takes it back where the disk does not confirm that; where the run that it
/// replaced lies now.
fn put(
    folder: &Path,
    place: &Place,
    exchange: impl Fn(&Path, &Path) -> io::Result<()>,
    confirm: impl Fn(&Path) -> io::Result<()>,
) -> Result<Option<PathBuf>, OutputError> {
    let target = &place.target;
    let old = place.beside("old");
    let replaces = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some());
    let replaced = match replaces {
        // Over nothing, or over an empty folder.
        false => fs::rename(folder, target).map(|()| None),
        true => match exchange(folder, target) {
            Ok(()) => Ok(Some(folder.to_owned())),
            Err(_) => in_two_steps(folder, target, &old).map(|()| Some(old.clone())),
        },
    };
    let replaced = replaced.map_err(failed(target))?;
    let Err(source) = confirm(&place.parent) else { return Ok(replaced) };
    let back = match &replaced {
        None => fs::rename(target, folder),
        Some(swapped) if swapped == folder => exchange(folder, target),
        Some(old) => fs::rename(target, folder).and_then(|()| fs::rename(old, target)),
    };
    let path = target.clone();
    Err(if back.is_ok() { OutputError::Io { path, source } } else { OutputError::Unconfirmed { path, source } })
}

/// Lets two folders change places, in one step of the file system.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    // A signal that comes in between is no failure.
    rustix::io::retry_on_intr(|| renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)).map_err(Errno::into)
}

/// For file systems that cannot exchange. Killed between the two steps, the next run puts the old one back.
fn in_two_steps(folder: &Path, target: &Path, old: &Path) -> io::Result<()> {
    fs::rename(target, old)?;
    fs::rename(folder, target).inspect_err(|_| {
        // If that fails too, the next run does it.
        let _ = fs::rename(old, target);
    })
}

/// Makes a folder and those above it, where they are missing; deepest first.
fn make_missing(folder: &Path) -> Result<Vec<Unfinished>, OutputError> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|a| !a.as_os_str().is_empty() && !a.exists()).collect();
    let mut made = Vec::new();
    for folder in missing.into_iter().rev() {
        match Unfinished::make_parent(folder, private_folder) {
            Ok(folder) => made.insert(0, folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(OutputError::Io { path: folder.to_owned(), source }),
        }
    }
    Ok(made)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OutputError {
    let path = path.to_owned();
    move |source| OutputError::Io { path, source }
}

pub(super) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Syncs a folder, where the file system can sync folders at all.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let cannot = |error: &io::Error| {
        let cannot = [Errno::INVAL, Errno::NOTSUP, Errno::BADF, Errno::NOSYS].map(Errno::raw_os_error);
        error.raw_os_error().is_some_and(|code| cannot.contains(&code))
    };
    match fs::File::open(folder)?.sync_all() {
        Err(error) if cannot(&error) => Ok(()),
        synced => synced,
    }
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
    if fs::symlink_metadata(target).is_err() {
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

    fn create(target: &Path, force: bool) -> Result<Stage, OutputError> {
        Stage::create(target, force, Access::Owner, &mut |_| {})
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_stage_that_is_dropped_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let stage = create(&root.path().join("out"), false).unwrap();
        stage.write("a", b"1").unwrap();
        drop(stage);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_second_run_is_refused_and_replaced_only_with_force() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        for (force, content) in [(false, r#"{"program":"onestop","n":1}"#), (true, r#"{"program":"onestop","n":2}"#)] {
            let stage = create(&out, force).unwrap();
            stage.write(MANIFEST, content.as_bytes()).unwrap();
            stage.publish().unwrap();
            assert_eq!(fs::read_to_string(out.join(MANIFEST)).unwrap(), content);
        }
        assert!(matches!(create(&out, false), Err(OutputError::Exists { .. })));
        assert_eq!(names(root.path()), ["out"]);
    }

    #[test]
    fn a_run_with_a_strangers_file_in_it_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join(MANIFEST), r#"{"program":"onestop","outputs":{"a.parquet":{}}}"#).unwrap();
        fs::write(out.join("a.parquet"), b"x").unwrap();
        assert!(create(&out, true).is_ok());
        fs::write(out.join("my notes.txt"), b"x").unwrap();
        assert!(matches!(create(&out, true), Err(OutputError::NotOurs { .. })));
    }

    #[test]
    fn what_is_not_ours_is_never_replaced() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("holiday.jpg"), b"x").unwrap();
        assert!(matches!(create(root.path(), true), Err(OutputError::NotOurs { .. })));
        let file = root.path().join("holiday.jpg");
        assert!(matches!(create(&file, true), Err(OutputError::NotOurs { .. })));
    }

    /// A folder with a run in it, or with nothing.
    fn run(folder: &Path, number: Option<u64>) {
        fs::create_dir_all(folder).unwrap();
        if let Some(number) = number {
            fs::write(folder.join(MANIFEST), format!(r#"{{"program":"onestop","n":{number}}}"#)).unwrap();
        }
    }

    fn number(folder: &Path) -> Option<u64> {
        let text = fs::read_to_string(folder.join(MANIFEST)).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["n"].as_u64()
    }

    fn unsupported(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[test]
    fn a_run_is_replaced_where_two_folders_can_be_exchanged_and_where_not() {
        for swap in [exchange, unsupported] {
            let root = tempfile::tempdir().unwrap();
            let place = Place::of(&root.path().join("out")).unwrap();
            let folder = place.beside("partial");
            run(&place.target, Some(1));
            run(&folder, Some(2));
            let old = put(&folder, &place, swap, sync_folder).unwrap().unwrap();
            assert_eq!((number(&place.target), number(&old)), (Some(2), Some(1)));
        }
    }

    #[test]
    fn what_the_disk_does_not_confirm_is_taken_back() {
        let full = |_: &Path| Err(io::ErrorKind::StorageFull.into());
        for swap in [exchange, unsupported] {
            for before in [Some(1), None] {
                let root = tempfile::tempdir().unwrap();
                let place = Place::of(&root.path().join("out")).unwrap();
                let folder = place.beside("partial");
                if before.is_some() {
                    run(&place.target, before);
                }
                run(&folder, Some(2));
                assert!(matches!(put(&folder, &place, swap, full), Err(OutputError::Io { .. })));
                assert_eq!((number(&place.target), number(&folder)), (before, Some(2)));
            }
        }
    }

    #[test]
    fn what_cannot_be_taken_back_is_said() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::of(&root.path().join("out")).unwrap();
        let folder = place.beside("partial");
        run(&folder, Some(2));
        // The disk goes away with what lay on it.
        let gone = |_: &Path| fs::remove_dir_all(&place.target).and(Err(io::ErrorKind::NotFound.into()));
        assert!(matches!(put(&folder, &place, exchange, gone), Err(OutputError::Unconfirmed { .. })));
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_a_run_half_replaced_put_back() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::of(&root.path().join("out")).unwrap();
        let (old, partial) = (place.beside("old"), place.beside("partial"));
        // Killed between the two renames.
        run(&old, Some(1));
        run(&partial, Some(2));
        assert!(matches!(create(&place.target, false), Err(OutputError::Exists { .. })));
        assert_eq!(number(&place.target), Some(1));
        assert_eq!(names(root.path()), ["out"]);
        // Killed after them.
        run(&old, Some(0));
        let mut told = Vec::new();
        drop(Stage::create(&place.target, true, Access::Owner, &mut |left| told.push(left)).unwrap());
        assert_eq!(told, [Leftover::Removed(old.clone())]);
        assert_eq!((number(&place.target), names(root.path())), (Some(1), vec!["out".to_owned()]));
        // What is no run is nobody's to remove.
        fs::create_dir(&old).unwrap();
        fs::write(old.join("holiday.jpg"), b"x").unwrap();
        assert!(matches!(create(&place.target, true), Err(OutputError::NotOurs { path }) if path == old));
        fs::remove_dir_all(&old).unwrap();
        // What stands there under such a name may be a link to anything.
        run(&root.path().join("theirs"), Some(7));
        std::os::unix::fs::symlink(root.path().join("theirs"), &partial).unwrap();
        drop(create(&place.target, true).unwrap());
        assert_eq!((number(&root.path().join("theirs")), partial.exists()), (Some(7), false));
    }

    #[test]
    fn two_cannot_fill_one_folder_and_a_link_is_none() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out");
        let first = create(&out, false).unwrap();
        assert!(matches!(create(&out, false), Err(OutputError::Busy { .. })));
        assert!(first.folder().exists(), "the one who came first keeps what it has");
        drop(first);
        fs::create_dir(root.path().join("theirs")).unwrap();
        std::os::unix::fs::symlink(root.path().join("theirs"), &out).unwrap();
        for out in [out.clone(), out.join("")] {
            assert!(matches!(create(&out, true), Err(OutputError::Link { .. })));
        }
    }

    #[test]
    fn folders_above_go_only_where_nothing_lies_in_them() {
        let root = tempfile::tempdir().unwrap();
        let stage = create(&root.path().join("a/b/out"), false).unwrap();
        fs::write(root.path().join("a/mine.txt"), b"").unwrap();
        drop(stage);
        assert_eq!(names(&root.path().join("a")), ["mine.txt"]);
    }

    #[test]
    fn only_the_owner_may_read_unless_somebody_says_otherwise() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for (access, folder, file) in
            [(Access::Owner, 0o700, 0o600), (Access::Group, 0o750, 0o640), (Access::Everyone, 0o755, 0o644)]
        {
            let root = tempfile::tempdir().unwrap();
            let out = root.path().join("year/out");
            let stage = Stage::create(&out, false, access, &mut |_| {}).unwrap();
            stage.write("a", b"1").unwrap();
            assert_eq!((mode(stage.folder()), mode(&stage.file("a"))), (0o700, 0o600));
            stage.publish().unwrap();
            let modes = [mode(&out), mode(&root.path().join("year")), mode(&out.join("a"))];
            assert_eq!(modes, [folder, folder, file]);
        }
    }
}
