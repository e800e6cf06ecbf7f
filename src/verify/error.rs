//! Why a folder cannot be verified at all.

use crate::explain::read::ExplainError;
use crate::lang::{Both, Told};
use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;
use crate::run::recorded::NotARun;
use std::path::PathBuf;

/// Why a folder cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Without a manifest there is nothing to hold the files against.
    #[error(transparent)]
    NotARun(#[from] NotARun),
    /// A person's replay needs the ledger.
    #[error("{what} cannot be found: {why}\n  give it with {option}")]
    NotFound {
        /// What is missing.
        what: Both,
        /// Why.
        why: Both,
        /// How to give it.
        option: &'static str,
    },
    /// The person is in neither the ledger nor the folder.
    #[error("the person asked for has no row in the ledger and none in {dir}\n  check the number", dir = dir.display())]
    NoPerson {
        /// The person.
        psn_no: String,
        /// The folder.
        dir: PathBuf,
    },
    /// A policy or parameters file that was given.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A codes file that was given.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// A ledger or roster.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The private folder beside the outputs.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A person's rows.
    #[error(transparent)]
    Rows(#[from] ExplainError),
}

impl Told for VerifyError {
    fn zh(&self) -> String {
        match self {
            VerifyError::NotARun(error) => error.zh(),
            VerifyError::NotFound { what, why, option } => {
                format!("找不到{}：{}\n  请用 {option} 给出", what.zh, why.zh)
            }
            VerifyError::NoPerson { dir, .. } => {
                format!("台账和 {} 中都没有该人员的行\n  请核对人员编号", dir.display())
            }
            VerifyError::Policy(error) => error.zh(),
            VerifyError::Codes(error) => error.zh(),
            VerifyError::Ledger(error) => error.zh(),
            VerifyError::Output(error) => error.zh(),
            VerifyError::Rows(error) => error.zh(),
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
        let (what, why) = (both!("the ledger", "台账"), both!("it is not there", "不在原处"));
        two_lines(&VerifyError::NotFound { what, why, option: "--ledger" }, &["台账", "不在原处", "--ledger"]);
        let nobody = VerifyError::NoPerson { psn_no: "P1".into(), dir: "out".into() };
        two_lines(&nobody, &["out"]);
        assert!(!nobody.zh().contains("P1"), "persons are named with --verbose alone");
        let missing = || LedgerError::NoIdentities;
        assert_eq!(VerifyError::from(missing()).zh(), missing().zh());
        let not = || NotARun { path: "m.json".into(), message: both!("no", "有误") };
        assert_eq!(VerifyError::from(not()).zh(), not().zh());
        let rows = || ExplainError::NoAudit { dir: "out".into() };
        assert_eq!(VerifyError::from(rows()).zh(), rows().zh());
    }
}
