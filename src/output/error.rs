//! What can go wrong while outputs are written; nothing is published then.

use std::path::PathBuf;

/// An error of the output folder.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The folder is there already.
    #[error("{path}: exists already\n  choose another --out, or replace this run with --force", path = path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// `--force` would delete what is no run of this program.
    #[error("{path}: is no output of an earlier run, or holds other files too, and is not replaced even with --force\n  choose another --out, or remove it yourself", path = path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// Another run writes there.
    #[error("{path}: another run is writing there\n  wait for it to end, or choose another --out", path = path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The lock is another user's.
    #[error("{path}: belongs to another user, whose run writes there or was killed\n  wait for it to end; if there is none, have that user remove the file", path = path.display())]
    Foreign {
        /// The lock.
        path: PathBuf,
    },
    /// The output folder is a link.
    #[error("{path}: is a symbolic link, and links are not followed\n  name the folder itself with --out", path = path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// The process was told to stop.
    #[error("{path}: stopped before it was published\n  run it again", path = path.display())]
    Stopped {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is in its place, but the disk failed just then.
    #[error("{path}: {source}\n  the output is in its place, but the disk did not confirm it; check the disk, then hold it against itself with `onestop verify`", path = path.display())]
    Unconfirmed {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file system refused.
    #[error("{path}: {source}\n  check that the place exists, is writable and has room; nothing was published", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Encoding failed.
    #[error("{file}: {message}\n  nothing was published")]
    Encode {
        /// The output file.
        file: String,
        /// What was said.
        message: String,
    },
}
