//! Who may read what is written. People's sickness and money stand in it: the owner alone, unless whoever
//! runs the program says otherwise, and nobody else before all of it is in its place.

use rustix::fs::OFlags;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Who may read an output folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The owner alone: 0700, and 0600 for files.
    #[default]
    Owner,
    /// The owner's group, too: 0750 and 0640.
    Group,
    /// Everybody: 0755 and 0644.
    Everyone,
}

impl Access {
    fn of_folders(self) -> u32 {
        match self {
            Access::Owner => 0o700,
            Access::Group => 0o750,
            Access::Everyone => 0o755,
        }
    }

    fn of_files(self) -> u32 {
        self.of_folders() & 0o666
    }

    /// Opens a folder that was private, and the files in it, to those who may read it.
    ///
    /// # Errors
    /// If the modes cannot be set.
    pub fn grant(self, folder: &Path) -> io::Result<()> {
        if self == Access::Owner {
            return Ok(());
        }
        for entry in fs::read_dir(folder)? {
            self.grant_file(&entry?.path())?;
        }
        self.grant_folder(folder)
    }

    /// Opens a folder alone.
    ///
    /// # Errors
    /// If its mode cannot be set.
    pub fn grant_folder(self, folder: &Path) -> io::Result<()> {
        fs::set_permissions(folder, Permissions::from_mode(self.of_folders()))
    }

    /// Opens a file alone.
    ///
    /// # Errors
    /// If its mode cannot be set.
    pub fn grant_file(self, file: &Path) -> io::Result<()> {
        fs::set_permissions(file, Permissions::from_mode(self.of_files()))
    }
}

/// Options to write a file that is the owner's alone; a link in its place is not followed.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    // The flags of the system are a few low bits.
    options.write(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    options
}

/// Makes a folder that is the owner's alone.
///
/// # Errors
/// If it cannot be made, or is there.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}
