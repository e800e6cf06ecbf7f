//! What can be wrong with input files before a single row is looked at.

use super::schema::IdType;
use crate::lang::{Both, Told, io};
use std::path::PathBuf;

/// An error of a ledger or roster file.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The path does not exist or cannot be read.
    #[error("{path}: {source}\n  check the path and its permissions", path = path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without Parquet files.
    #[error("{path}: no Parquet file in this folder\n  give files, or a folder that holds *.parquet", path = path.display())]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
    /// One file given twice.
    #[error("{path}: given twice\n  name each ledger file once, alone or by its folder", path = path.display())]
    SameFile {
        /// The file.
        path: PathBuf,
    },
    /// Not Parquet, or damaged.
    #[error("{file}{place}: {message}\n  the file is not readable Parquet; export it again", place = place(*row_group))]
    Parquet {
        /// The file.
        file: String,
        /// Row group, from 0.
        row_group: Option<usize>,
        /// What the reader said.
        message: Both,
    },
    /// A needed column is not there.
    #[error(
        "{file}: needed column `{name}` is missing; the file has {found}\n  rename it with --column {name}=THEIRS, or export it"
    )]
    MissingColumn {
        /// The file.
        file: String,
        /// The column.
        name: String,
        /// The columns that are there.
        found: String,
    },
    /// Two columns mean the same.
    #[error("{file}: columns `{first}` and `{second}` both stand for `{name}`\n  leave one of them out of the export")]
    TwoColumns {
        /// The file.
        file: String,
        /// The name of the contract.
        name: String,
        /// One column.
        first: String,
        /// The other.
        second: String,
    },
    /// A money column of binary floats.
    #[error(
        "{file}: column `{column}` is a float; money must be exact\n  export it as decimal, or accept checked values with --allow-float"
    )]
    FloatColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// A time with a zone.
    #[error(
        "{file}: column `{column}` carries the time zone {zone}; times are local and without zone\n  export local times without a zone"
    )]
    ZonedTime {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The zone.
        zone: String,
    },
    /// A column of a type that cannot be read.
    #[error("{file}: column `{column}` is {found}; expected {expected}\n  export the column in such a type")]
    WrongType {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// Ids of two types.
    #[error(
        "{file}: `{column}` is {found}, but {expected} in {other}\n  ids must be of one type throughout; export them alike"
    )]
    MixedIds {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// Its type.
        found: IdType,
        /// The type elsewhere.
        expected: IdType,
        /// Where.
        other: String,
    },
    /// Neither care nor med_type.
    #[error(
        "{file}: needed column `med_type` is missing, and there is no `care`; the file has {found}\n  export one of them"
    )]
    NoCare {
        /// The file.
        file: String,
        /// The columns that are there.
        found: String,
    },
    /// The policy goes by a date that the ledger does not carry.
    #[error(
        "{file}: the policy decides year and identity by `enddate`, which is missing\n  export the last day of the visit as `enddate`"
    )]
    NoEnddate {
        /// The file.
        file: String,
    },
    /// A ledger without roster and without identities.
    #[error(
        "the ledger carries no `identity`, and no roster is given\n  give --roster FILE, or export `identity` with the ledger"
    )]
    NoIdentities,
    /// A column renamed that no file has.
    #[error(
        "--column {name}={theirs}: no ledger file has a column `{theirs}`; the first has {found}\n  correct the name"
    )]
    NoSuchColumn {
        /// The name of the contract.
        name: String,
        /// The name given.
        theirs: String,
        /// The columns that are there.
        found: String,
    },
    /// `--recorded-maf` names what is no money column of the ledger.
    #[error("--recorded-maf: `{name}` is no payment column of the ledger\n  name columns such as maf_pay, oth_pay")]
    BadRecordedMaf {
        /// What was named.
        name: String,
    },
}

fn place(row_group: Option<usize>) -> String {
    row_group.map_or(String::new(), |n| format!(", row group {n}"))
}

impl Told for LedgerError {
    fn zh(&self) -> String {
        match self {
            LedgerError::Io { path, source } => {
                format!("{}：{}\n  请核对路径和访问权限", path.display(), io(source))
            }
            LedgerError::EmptyFolder { path } => {
                format!("{}：该文件夹中没有 Parquet 文件\n  请给出文件，或含有 *.parquet 的文件夹", path.display())
            }
            LedgerError::SameFile { path } => {
                format!("{}：重复给出\n  每个台账文件只写一次：单独写，或写其所在文件夹", path.display())
            }
            LedgerError::Parquet { file, row_group, message } => {
                let place = row_group.map_or_else(String::new, |n| format!("，行组 {n}"));
                format!("{file}{place}：{}\n  该文件不是可读的 Parquet 文件，请重新导出", message.zh)
            }
            LedgerError::MissingColumn { file, name, found } => format!(
                "{file}：缺少必需的列 `{name}`；文件中有 {found}\n  请用 --column {name}=原列名 指明，或补充导出该列"
            ),
            LedgerError::TwoColumns { file, name, first, second } => {
                format!("{file}：列 `{first}` 和 `{second}` 都对应 `{name}`\n  导出时请只保留其中一列")
            }
            LedgerError::FloatColumn { file, column } => format!(
                "{file}：列 `{column}` 是浮点数；金额必须精确\n  请导出为 decimal，或用 --allow-float 接受核对无误的数值"
            ),
            LedgerError::ZonedTime { file, column, zone } => {
                format!("{file}：列 `{column}` 带有时区 {zone}；时间应为不带时区的当地时间\n  请导出不带时区的当地时间")
            }
            LedgerError::WrongType { file, column, found, expected } => format!(
                "{file}：列 `{column}` 的类型是 {found}，应为 {}\n  请按该类型导出这一列",
                expected.replace(" or ", " 或 ")
            ),
            LedgerError::MixedIds { file, column, found, expected, other } => format!(
                "{file}：`{column}` 为{}，而 {other} 中为{}\n  编号的类型须前后一致，请统一后导出",
                found.label(),
                expected.label()
            ),
            LedgerError::NoCare { file, found } => {
                format!("{file}：缺少必需的列 `med_type`，也没有 `care`；文件中有 {found}\n  请导出其中一列")
            }
            LedgerError::NoEnddate { file } => format!(
                "{file}：政策按 `enddate` 确定年度和身份，而文件中没有这一列\n  请将就诊结束日期导出为 `enddate`"
            ),
            LedgerError::NoIdentities => {
                "台账中没有 `identity` 列，也没有给出名册\n  请用 --roster FILE 给出名册，或在台账中导出 `identity`"
                    .to_owned()
            }
            LedgerError::NoSuchColumn { name, theirs, found } => {
                format!("--column {name}={theirs}：没有台账文件含有列 `{theirs}`；首个文件中有 {found}\n  请改正列名")
            }
            LedgerError::BadRecordedMaf { name } => {
                format!("--recorded-maf：`{name}` 不是台账中的支付金额列\n  请写列名，例如 maf_pay, oth_pay")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::both;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let file = || "a.parquet".to_owned();
        let column = || "psn_no".to_owned();
        let found = || "x, y".to_owned();
        for (error, facts) in [
            (LedgerError::Io { path: "a.parquet".into(), source: std::io::ErrorKind::NotFound.into() }, "文件不存在"),
            (LedgerError::EmptyFolder { path: "a.parquet".into() }, "*.parquet"),
            (LedgerError::SameFile { path: "a.parquet".into() }, "重复"),
            (LedgerError::Parquet { file: file(), row_group: Some(3), message: both!("bad", "损坏") }, "行组 3：损坏"),
            (LedgerError::MissingColumn { file: file(), name: column(), found: found() }, "`psn_no`；文件中有 x, y"),
            (
                LedgerError::TwoColumns { file: file(), name: column(), first: "p".into(), second: "q".into() },
                "`p` 和 `q` 都对应 `psn_no`",
            ),
            (LedgerError::FloatColumn { file: file(), column: column() }, "--allow-float"),
            (LedgerError::ZonedTime { file: file(), column: column(), zone: "UTC".into() }, "时区 UTC"),
            (
                LedgerError::WrongType { file: file(), column: column(), found: "Date32".into(), expected: "a or b" },
                "Date32，应为 a 或 b",
            ),
            (
                LedgerError::MixedIds {
                    file: file(),
                    column: column(),
                    found: IdType::Int,
                    expected: IdType::Text,
                    other: "b.parquet".into(),
                },
                "`psn_no` 为整数，而 b.parquet 中为文本",
            ),
            (LedgerError::NoCare { file: file(), found: found() }, "x, y"),
            (LedgerError::NoEnddate { file: file() }, "`enddate`"),
        ] {
            two_lines(&error, &["a.parquet", facts]);
        }
        two_lines(&LedgerError::NoIdentities, &["--roster FILE"]);
        let absent = LedgerError::NoSuchColumn { name: column(), theirs: "z".into(), found: found() };
        two_lines(&absent, &["--column psn_no=z", "x, y"]);
        two_lines(&LedgerError::BadRecordedMaf { name: "colour".into() }, &["--recorded-maf", "`colour`"]);
    }
}
