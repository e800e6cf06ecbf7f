//! What a person holds on a day: periods of identity, and grants.

use crate::policy::tables::{Mask, NO_RANK, Tables};

/// A period in which an identity is in force, first and last day inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// First day.
    pub begin: i32,
    /// Last day.
    pub end: i32,
    /// Rank of the identity.
    pub rank: u8,
    /// For an identity granted on application: the year that it is charged to, and so its own pool.
    pub charge_year: Option<i32>,
}

impl Period {
    /// Whether a day lies within.
    #[inline]
    pub fn holds(&self, day: i32) -> bool {
        (self.begin..=self.end).contains(&day)
    }
}

/// The grant that a claim belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Slot of its accumulators.
    pub slot: usize,
    /// Rank of the identity.
    pub rank: u8,
    /// Year that it is charged to.
    pub charge_year: i32,
}

/// Where a person's identities come from.
#[derive(Clone, Copy, Debug)]
pub enum Holdings<'a> {
    /// From the roster: periods by first day, so that the earliest grant comes first.
    Roster(&'a [Period]),
    /// From the ledger, one a claim; the rank of the granted identity, if the policy has one.
    Ledger {
        /// Rank of the identity that is granted, or [`NO_RANK`].
        granted: u8,
    },
}

impl Holdings<'_> {
    /// Slots of accumulators that the person's grants need.
    pub fn grant_slots(&self) -> usize {
        match self {
            Holdings::Roster(periods) => periods.len() * usize::from(periods.iter().any(|p| p.charge_year.is_some())),
            Holdings::Ledger { granted } => usize::from(*granted != NO_RANK),
        }
    }

    /// Identities in force on a day; `certified` is the rank that the ledger carries on the claim.
    #[inline]
    pub fn in_force(&self, tables: &Tables, day: i32, certified: u8) -> Mask {
        match self {
            Holdings::Roster([]) => 0,
            Holdings::Roster(periods) => {
                let held = periods.iter().filter(|p| p.holds(day)).fold(0, |m, p| m | 1 << p.rank);
                tables.apply_exclusive(held)
            }
            Holdings::Ledger { .. } if certified == NO_RANK => 0,
            Holdings::Ledger { .. } => 1 << certified,
        }
    }

    /// The earliest grant whose window holds the day (R7); one that a ledger carries is of its year.
    #[inline]
    pub fn grant(&self, day: i32, year: i32) -> Option<Grant> {
        match self {
            Holdings::Roster(periods) => periods.iter().enumerate().find_map(|(slot, p)| {
                let charge_year = p.charge_year.filter(|_| p.holds(day))?;
                Some(Grant { slot, rank: p.rank, charge_year })
            }),
            Holdings::Ledger { granted } if *granted != NO_RANK => {
                Some(Grant { slot: 0, rank: *granted, charge_year: year })
            }
            Holdings::Ledger { .. } => None,
        }
    }
}
