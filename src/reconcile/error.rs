//! Why a reconciliation ended without publishing anything.

use crate::lang::{Both, Told};
use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;
use crate::run::error::RunError;
use crate::run::recorded::NotARun;
use std::path::PathBuf;

/// An error of a reconciliation.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Opening, reading or settling.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An input.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The policy or the parameters.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The codes file.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Not the output folder of a settle run.
    #[error(transparent)]
    NotARun(#[from] NotARun),
    /// An input is not the one that was settled.
    #[error(
        "{what} is not the one that {dir} was made from: its digest differs\n  \
         give the one that was settled with {option}, or settle again",
        dir = dir.display()
    )]
    OtherInput {
        /// Which input.
        what: Both,
        /// The run.
        dir: PathBuf,
        /// Option that names it.
        option: &'static str,
    },
    /// Persons of two runs that cannot be told to be the same.
    #[error(
        "{other}: its person numbers are masked otherwise than the settlement's\n  \
         settle both with the same --mask, or both without",
        other = other.display()
    )]
    OtherMask {
        /// The other run.
        other: PathBuf,
    },
    /// The key is not the one that the run was masked with.
    #[error(
        "{dir}: {why}\n  give the key that it was settled with, or none where it was settled without",
        dir = dir.display()
    )]
    Mask {
        /// The run.
        dir: PathBuf,
        /// In words.
        why: Both,
    },
    /// The person's due comes out otherwise than the folder says.
    #[error(
        "{dir} says other amounts for a person in {year} than settling again does\n  \
         settle again with this version of the program, then reconcile",
        dir = dir.display()
    )]
    OtherDue {
        /// The person.
        psn_no: String,
        /// The year.
        year: i32,
        /// The run.
        dir: PathBuf,
    },
    /// The paid side states no amount.
    #[error(
        "{file}: no column of amounts paid; there are: {found}\n  \
         name them cii_pay, special_drug_pay, ma_pay, ra_pay, oocat_pay, or hifmi_pay, hifob_pay, maf_pay, or total",
        file = file.display()
    )]
    NoAmounts {
        /// The file.
        file: PathBuf,
        /// Its columns.
        found: String,
    },
    /// Two columns state the same money.
    #[error(
        "{file}: {first} and {second} state the same money\n  keep one of them: layers, funds or one total",
        file = file.display()
    )]
    Overlap {
        /// The file.
        file: PathBuf,
        /// A column.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
    /// A year is needed.
    #[error(
        "{file} has no column charge_year or benefit_year, and {dir} holds several years\n  \
         add the year to the file, or settle one year with --year",
        file = file.display(), dir = dir.display()
    )]
    NoYear {
        /// The file.
        file: PathBuf,
        /// The run.
        dir: PathBuf,
    },
    /// A row of the paid side cannot be read.
    #[error("{file}, row {row}: {message}\n  correct the row; nothing was published", file = file.display())]
    BadRow {
        /// The file.
        file: PathBuf,
        /// Row, from 1.
        row: u64,
        /// What is wrong.
        message: Both,
    },
    /// What a person was paid is beyond all measure.
    #[error(
        "{file}: what one person was paid in a year adds up to more than eighteen digits hold\n  \
         look for amounts in it that cannot be; nothing was published",
        file = file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// Ids of different types.
    #[error(
        "{file}: psn_no or setl_id is of another type than in {dir}\n  write ids in one type, text or integer, on both sides",
        file = file.display(), dir = dir.display()
    )]
    OtherIds {
        /// The file.
        file: PathBuf,
        /// The run.
        dir: PathBuf,
    },
}

impl ReconcileError {
    /// A failure of Arrow that no input should bring about.
    pub(super) fn defect(what: &'static str) -> impl Fn(arrow::error::ArrowError) -> Self {
        move |error| RunError::defect(what)(error).into()
    }
}

impl ReconcileError {
    /// The person whom the error is about, who stands in no text of it.
    pub fn person(&self) -> Option<&str> {
        match self {
            ReconcileError::OtherDue { psn_no, .. } => Some(psn_no),
            _ => None,
        }
    }
}

impl Told for ReconcileError {
    fn zh(&self) -> String {
        match self {
            ReconcileError::Run(error) => error.zh(),
            ReconcileError::Ledger(error) => error.zh(),
            ReconcileError::Policy(error) => error.zh(),
            ReconcileError::Codes(error) => error.zh(),
            ReconcileError::Output(error) => error.zh(),
            ReconcileError::NotARun(error) => error.zh(),
            ReconcileError::OtherInput { what, dir, option } => format!(
                "{}与 {} 结算时所用的不同：摘要不一致\n  请用 {option} 给出结算时所用的，或重新结算",
                what.zh,
                dir.display()
            ),
            ReconcileError::OtherMask { other } => {
                format!("{}：人员编号的掩码方式与该结算不同\n  两次结算请用同一 --mask，或都不用", other.display())
            }
            ReconcileError::Mask { dir, why } => {
                format!("{}：{}\n  请给出结算时所用的密钥；结算时未用密钥的，不要给出", dir.display(), why.zh)
            }
            ReconcileError::OtherDue { year, dir, .. } => {
                format!("{} 中有一人 {year} 年的金额与重新结算的不同\n  请用本版本程序重新结算，再核对", dir.display())
            }
            ReconcileError::NoAmounts { file, found } => format!(
                "{}：没有实付金额列；现有：{found}\n  列名应为 cii_pay、special_drug_pay、ma_pay、ra_pay、oocat_pay，\
                 或 hifmi_pay、hifob_pay、maf_pay，或 total",
                file.display()
            ),
            ReconcileError::Overlap { file, first, second } => {
                format!("{}：{first} 与 {second} 表示同一笔钱\n  请只保留一种：按层、按基金或合计", file.display())
            }
            ReconcileError::NoYear { file, dir } => format!(
                "{} 没有 charge_year 或 benefit_year 列，而 {} 含有多个年度\n  请在文件中加上年度，或用 --year 只结算一个年度",
                file.display(),
                dir.display()
            ),
            ReconcileError::BadRow { file, row, message } => {
                format!("{} 第 {row} 行：{}\n  请改正该行；没有发布任何结果", file.display(), message.zh)
            }
            ReconcileError::TooLarge { file } => format!(
                "{}：一人一年的实付合计超过十八位数\n  请查找其中不可能的金额；没有发布任何结果",
                file.display()
            ),
            ReconcileError::OtherIds { file, dir } => format!(
                "{}：psn_no 或 setl_id 的类型与 {} 中的不同\n  两边的编号请用同一类型：文本或整数",
                file.display(),
                dir.display()
            ),
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
        let (dir, file) = (|| PathBuf::from("out"), || PathBuf::from("paid.parquet"));
        let flaw = || both!("no", "有误");
        let other = ReconcileError::OtherInput { what: both!("the roster", "名册"), dir: dir(), option: "--roster" };
        two_lines(&other, &["名册", "out", "--roster"]);
        two_lines(&ReconcileError::OtherMask { other: dir() }, &["out", "--mask"]);
        two_lines(&ReconcileError::Mask { dir: dir(), why: flaw() }, &["out", "有误"]);
        let due = ReconcileError::OtherDue { psn_no: "P1".into(), year: 2023, dir: dir() };
        two_lines(&due, &["out", "2023"]);
        assert!(!due.zh().contains("P1"), "persons are named with --verbose alone");
        for (error, fact) in [
            (ReconcileError::NoAmounts { file: file(), found: "x, y".into() }, "x, y"),
            (ReconcileError::Overlap { file: file(), first: "total", second: "ma_pay" }, "total 与 ma_pay"),
            (ReconcileError::NoYear { file: file(), dir: dir() }, "out"),
            (ReconcileError::BadRow { file: file(), row: 7, message: flaw() }, "第 7 行：有误"),
            (ReconcileError::TooLarge { file: file() }, "十八位"),
            (ReconcileError::OtherIds { file: file(), dir: dir() }, "out"),
        ] {
            two_lines(&error, &["paid.parquet", fact]);
        }
        assert_eq!(ReconcileError::from(LedgerError::NoIdentities).zh(), LedgerError::NoIdentities.zh());
    }
}
