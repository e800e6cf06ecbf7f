//! What can go wrong while outputs are written; nothing is published then.

use crate::lang::{Told, io};
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
    #[error("{file}: {message}\n  nothing was published; check the free space, and run again")]
    Encode {
        /// The output file.
        file: String,
        /// What was said.
        message: String,
    },
}

impl Told for OutputError {
    fn zh(&self) -> String {
        match self {
            OutputError::Exists { path } => {
                format!("{}：已存在\n  请用 --out 另选输出目录，或用 --force 替换该次结果", path.display())
            }
            OutputError::NotOurs { path } => format!(
                "{}：不是本程序先前的输出，或另有其他文件，用 --force 也不予替换\n  请用 --out 另选输出目录，或自行删除",
                path.display()
            ),
            OutputError::Busy { path } => {
                format!("{}：另一次运行正在写入\n  请待其结束，或用 --out 另选输出目录", path.display())
            }
            OutputError::Foreign { path } => format!(
                "{}：属于另一用户，其运行正在写入或已被强行终止\n  请待其结束；如已终止，请该用户删除此文件",
                path.display()
            ),
            OutputError::Link { path } => {
                format!("{}：是符号链接，本程序不跟随链接\n  请用 --out 写明文件夹本身", path.display())
            }
            OutputError::Stopped { path } => format!("{}：在发布前被停止\n  请重新运行", path.display()),
            OutputError::Unconfirmed { path, source } => format!(
                "{}：{}\n  输出已就位，但磁盘未予确认；请检查磁盘，再用 `onestop verify` 核验",
                path.display(),
                io(source)
            ),
            OutputError::Io { path, source } => {
                format!("{}：{}\n  请核对该位置是否存在、可写且有空间；没有发布任何结果", path.display(), io(source))
            }
            OutputError::Encode { file, message } => {
                format!("{file}：编码失败：{message}\n  没有发布任何结果；请检查磁盘空间后重新运行")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let path = || PathBuf::from("out");
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        for (error, fact) in [
            (OutputError::Exists { path: path() }, "--force"),
            (OutputError::NotOurs { path: path() }, "--out"),
            (OutputError::Busy { path: path() }, "另一次运行"),
            (OutputError::Foreign { path: path() }, "另一用户"),
            (OutputError::Link { path: path() }, "符号链接"),
            (OutputError::Stopped { path: path() }, "停止"),
            (OutputError::Unconfirmed { path: path(), source: full() }, "磁盘空间不足"),
            (OutputError::Io { path: path(), source: full() }, "磁盘空间不足"),
            (OutputError::Encode { file: "out".into(), message: "no".into() }, "no"),
        ] {
            two_lines(&error, &["out", fact]);
        }
    }
}
