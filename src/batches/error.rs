//! Everything that can end the settling of batches.

use crate::lang::Told;
use crate::ledger::error::LedgerError;
use crate::run::error::RunError;

/// Why batches are not settled.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// What ends a run over files as well.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A person comes after one who should come later. Persons are not named: logs are many people's.
    #[error(
        "ledger, row {row} of those given: its psn_no is less than one before it; rows must lie in the order of persons\n  \
         sort by psn_no before pushing, all rows of a person in one partition"
    )]
    OutOfOrder {
        /// Row among all rows given, from 1.
        row: u64,
    },
    /// A roster's row comes after its person was settled.
    #[error(
        "roster, rows {first} to {last} of those given: one of their persons was settled before they came\n  \
         push a person's rows of the roster before its rows of the ledger"
    )]
    LateRoster {
        /// First row of the batch among all rows of the roster, from 1.
        first: u64,
        /// Its last.
        last: u64,
    },
    /// A roster's row where identities are the ledger's own.
    #[error("a roster is pushed, but none was announced\n  make the settler with roster=True")]
    NoRoster,
    /// A batch with other columns than the first.
    #[error(
        "ledger: a batch {how} column `{column}`, unlike the first\n  give all batches the same columns",
        how = if *given { "has" } else { "lacks" }
    )]
    OtherColumns {
        /// The column.
        column: &'static str,
        /// The later batch has it.
        given: bool,
    },
    /// The end was told already.
    #[error("the settler has finished, and takes nothing more\n  begin again with a new one")]
    Finished,
    /// An error came before.
    #[error("the settler ended with an error, and takes nothing more\n  begin again with a new one")]
    Failed,
    /// A column of money without places for fen.
    #[error(
        "ledger: column `{column}` is {found}, which has no place for fen; amounts may have been rounded on the way\n  \
         give money as decimal(18,2)"
    )]
    CoarseMoney {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
}

impl From<LedgerError> for BatchError {
    fn from(error: LedgerError) -> Self {
        BatchError::Run(error.into())
    }
}

impl Told for BatchError {
    fn zh(&self) -> String {
        match self {
            BatchError::Run(error) => error.zh(),
            BatchError::OutOfOrder { row } => format!(
                "台账（已给出的第 {row} 行）：其 psn_no 小于前面的行；各行须按人员排列\n  \
                 请先按 psn_no 排序，并使同一人的各行在同一分区"
            ),
            BatchError::LateRoster { first, last } => format!(
                "名册（已给出的第 {first} 至 {last} 行）：其中有人在这些行到达前已结算\n  \
                 请先给出一个人的名册行，再给出其台账行"
            ),
            BatchError::NoRoster => "给出了名册，而事先没有声明\n  请以 roster=True 建立结算器".to_owned(),
            BatchError::OtherColumns { column, given } => format!(
                "台账：有一批数据{}列 `{column}`，与第一批不同\n  各批数据的列须相同",
                if *given { "多出" } else { "缺少" }
            ),
            BatchError::Finished => "结算器已完成，不再接受数据\n  请新建结算器，从头开始".to_owned(),
            BatchError::Failed => "结算器已因错误终止，不再接受数据\n  请新建结算器，从头开始".to_owned(),
            BatchError::CoarseMoney { column, found } => format!(
                "台账：列 `{column}` 的类型是 {found}，没有“分”的位数；金额可能在途中已被舍入\n  请以 decimal(18,2) 给出金额"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let name = |text: &str| text.to_owned();
        two_lines(&BatchError::OutOfOrder { row: 9 }, &["第 9 行", "psn_no"]);
        two_lines(&BatchError::LateRoster { first: 7, last: 9 }, &["第 7 至 9 行"]);
        two_lines(&BatchError::NoRoster, &["roster=True"]);
        two_lines(&BatchError::Finished, &["新建"]);
        two_lines(&BatchError::Failed, &["新建"]);
        two_lines(&BatchError::OtherColumns { column: "maf_pay", given: true }, &["`maf_pay`", "多出"]);
        two_lines(&BatchError::OtherColumns { column: "maf_pay", given: false }, &["`maf_pay`", "缺少"]);
        let coarse = BatchError::CoarseMoney { column: name("maf_pay"), found: name("Decimal128(18, 1)") };
        two_lines(&coarse, &["`maf_pay`", "Decimal128(18, 1)", "decimal(18,2)"]);
        assert_eq!(BatchError::from(LedgerError::NoIdentities).zh(), LedgerError::NoIdentities.zh());
    }
}
