//! One person's history: rows of the ledger that passed their own checks, and rows of the roster.

use onestop::model::codes::Identity;
use onestop::settle::claims::Claim;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A row of the ledger.
#[derive(Clone, Debug)]
pub struct Row {
    /// `setl_id`; as text, so that 10 comes before 9.
    pub id: u32,
    /// Second of the day.
    pub second: i64,
    /// Its values. A refund's amounts are negative.
    pub claim: Claim,
    /// `enddate`, where that decides the year.
    pub enddate: i32,
    /// `refd_setl_flag`; none is null.
    pub refunded: Option<bool>,
    /// `init_setl_id`.
    pub init: Option<u32>,
    /// The identity that the ledger carries.
    pub identity: Option<Identity>,
    /// What is as it would be by default is not written.
    pub sparse: bool,
    /// How basic and recorded payments are spread over their columns.
    pub spread: u8,
}

impl Row {
    /// `setl_time` in seconds.
    pub fn time(&self) -> i64 {
        i64::from(self.claim.day) * DAY + self.second
    }

    /// Whether it is a refund (SPEC 2, step 1).
    pub fn is_refund(&self) -> bool {
        self.refunded == Some(true) && self.claim.fee < 0
    }

    /// Basic insurance and its supplements: `hifp_pay`, `cvlserv_pay`, `oth_pay`.
    pub fn basic(&self) -> [i64; 3] {
        let whole = self.claim.basic;
        match self.spread % 3 {
            0 => [whole, 0, 0],
            1 => [whole - whole / 3, whole / 3, 0],
            _ => [whole - whole / 2 - whole / 7, whole / 7, whole / 2],
        }
    }

    /// The catastrophic payment recorded: `hifmi_pay`, `hifob_pay`.
    pub fn recorded_cii(&self) -> [i64; 2] {
        let whole = self.claim.recorded_cii;
        if self.spread & 4 == 0 { [whole, 0] } else { [whole / 5, whole - whole / 5] }
    }
}

/// A row of the roster.
#[derive(Clone, Debug)]
pub struct Tenure {
    /// The identity.
    pub identity: Identity,
    /// First day.
    pub begin: i32,
    /// Last day; none is open.
    pub end: Option<i32>,
    /// Day of the application.
    pub applied_on: Option<i32>,
    /// Whose treatment it gets.
    pub treated_as: Option<Identity>,
}

/// A person's rows.
#[derive(Clone, Debug)]
pub struct History {
    /// Number of the town whose policy is applied.
    pub town: usize,
    /// The policy is applied outside its dates as well.
    pub as_if: bool,
    /// Rows of the ledger, in any order.
    pub rows: Vec<Row>,
    /// Rows of the roster; none: the ledger certifies identities.
    pub roster: Option<Vec<Tenure>>,
}
