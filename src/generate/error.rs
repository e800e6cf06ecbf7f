//! What can keep a ledger from being made; each says where and what to do.

use super::{MAX_PERSONS, YEARS};
use crate::lang::{Told, io};
use crate::output::error::OutputError;
use crate::reconcile::error::ReconcileError;
use parquet::errors::ParquetError;
use std::path::PathBuf;

/// Why no ledger was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Nobody, or more people than the person numbers can tell apart.
    #[error("--persons {given}: between 1 and {MAX_PERSONS} can be made\n  give another number")]
    Persons {
        /// What was asked for.
        given: u64,
    },
    /// A year that no ledger would show.
    #[error("--year {given}: no year from {from} to {to}\n  give a calendar year in four digits", from = YEARS.start(), to = YEARS.end())]
    Year {
        /// What was asked for.
        given: i32,
    },
    /// A file of that name is there.
    #[error("{path} is there already and is left as it is\n  give another --out, or remove the file", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be made.
    #[error("{path}: {source}\n  check the path, its permissions and the free space", path = path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Rows cannot be written.
    #[error("{path}: {source}\n  check the free space; nothing was left behind", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParquetError,
    },
    /// The folder cannot be had.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The ledger cannot be settled to plant errors into it.
    #[error(transparent)]
    Settle(#[from] Box<ReconcileError>),
}

impl From<ReconcileError> for GenerateError {
    fn from(error: ReconcileError) -> Self {
        GenerateError::Settle(Box::new(error))
    }
}

impl Told for GenerateError {
    fn zh(&self) -> String {
        match self {
            GenerateError::Persons { given } => {
                format!("--persons {given}：人数应在 1 至 {MAX_PERSONS} 之间\n  请改正人数")
            }
            GenerateError::Year { given } => {
                let (from, to) = (YEARS.start(), YEARS.end());
                format!("--year {given}：年度应在 {from} 至 {to} 之间\n  请写四位年份")
            }
            GenerateError::Exists { path } => {
                format!("{} 已存在，未予改动\n  请用 --out 另选输出目录，或删除该文件", path.display())
            }
            GenerateError::Io { path, source } => {
                format!("{}：{}\n  请核对路径、访问权限和磁盘空间", path.display(), io(source))
            }
            GenerateError::Write { path, source } => {
                format!("{}：{source}\n  请检查磁盘空间；没有留下任何文件", path.display())
            }
            GenerateError::Output(error) => error.zh(),
            GenerateError::Settle(error) => error.zh(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let gone = std::io::ErrorKind::NotFound.into();
        two_lines(&GenerateError::Persons { given: 0 }, &["--persons 0"]);
        two_lines(&GenerateError::Year { given: 99 }, &["--year 99"]);
        two_lines(&GenerateError::Exists { path: "a".into() }, &["a 已存在"]);
        two_lines(&GenerateError::Io { path: "a".into(), source: gone }, &["a：文件不存在"]);
        two_lines(&GenerateError::Write { path: "a".into(), source: ParquetError::EOF("x".into()) }, &["a："]);
        let busy = || OutputError::Busy { path: "a".into() };
        assert_eq!(GenerateError::Output(busy()).zh(), busy().zh());
        assert_eq!(GenerateError::from(ReconcileError::Output(busy())).zh(), busy().zh());
    }
}
