//! The sample that comes with the program: a small synthetic ledger and roster, and its policy.

use crate::ledger::open::Source;

/// Folder that the sample is settled into.
pub const OUT: &str = "sample-settlement";

/// The sample's ledger.
pub fn ledger() -> Source {
    Source::Embedded("data/sample/ledger.parquet", include_bytes!("../../data/sample/ledger.parquet"))
}

/// The sample's roster.
pub fn roster() -> Source {
    Source::Embedded("data/sample/roster.parquet", include_bytes!("../../data/sample/roster.parquet"))
}

/// The policy that the sample was made for.
pub fn policy() -> &'static str {
    include_str!("../../data/sample/policy.txt").trim()
}
