//! Rows that are not settled, each with one reason.

use super::schema::IdType;
use crate::ledger::decode::int_of_id;
use crate::model::codes::RejectReason;

/// Which input a reject comes from; the ledger's stand first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectSource {
    /// The ledger.
    Ledger,
    /// The roster.
    Roster,
}

impl RejectSource {
    /// As it stands in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            RejectSource::Ledger => "ledger",
            RejectSource::Roster => "roster",
        }
    }
}

/// A row that is not settled. The order of the fields is the order of the output: all that does not
/// depend on how the input is split into files comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    /// Ledger or roster.
    pub source: RejectSource,
    /// Person, as sortable bytes.
    pub psn_no: Option<Box<[u8]>>,
    /// Settlement record, as sortable bytes.
    pub setl_id: Option<Box<[u8]>>,
    /// The reason.
    pub reason: RejectReason,
    /// What exactly.
    pub detail: String,
    /// Number of the file.
    pub file: u32,
    /// Row in the file, from 1.
    pub row: u64,
}

/// An id as text.
pub fn id_text(bytes: &[u8], id_type: IdType) -> String {
    match id_type {
        IdType::Text => String::from_utf8_lossy(bytes).into_owned(),
        IdType::Int => int_of_id(bytes).to_string(),
    }
}

/// Where a row stands, in 64 bits: file number and row from 1.
pub fn origin(file: usize, row: u64) -> u64 {
    ((file as u64) << 40) | row
}

/// File number and row of an origin.
pub fn place(origin: u64) -> (u32, u64) {
    ((origin >> 40) as u32, origin & ((1 << 40) - 1))
}
