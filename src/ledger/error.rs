//! What can be wrong with input files before a single row is looked at.

use super::schema::IdType;
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
        message: String,
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
