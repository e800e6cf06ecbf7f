//! One change of a scenario. Equal changes are equal wherever they stand, so that each is settled alone
//! but once for a whole grid.

use super::base::Base;
use super::setting::Setting;
use crate::model::codes::{Care, Identity};
use std::cmp::Ordering;
use std::sync::Arc;

/// One change of a scenario.
///
/// Label and line are left out of comparisons: `+0.060` is `+0.06`.
#[derive(Clone, Debug)]
pub struct Change {
    /// The change in words: `ma.A.ratio = 0.75`, `fees(inpatient) +0.06`.
    pub label: String,
    /// What it changes.
    pub kind: Kind,
    /// The line on which it stands, from 1.
    pub line: usize,
    /// The policy that it names, read with the file.
    pub(crate) loaded: Option<Arc<Base>>,
}

impl PartialEq for Change {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Change {}

impl PartialOrd for Change {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Change {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind)
    }
}

/// What a change changes, in the order in which a scenario's changes are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Another policy.
    Policy {
        /// Its id, or its path as written in the file.
        origin: String,
        /// Also outside its dates.
        as_if: bool,
    },
    /// A value of the policy.
    Set {
        /// Where it stands.
        address: String,
        /// What becomes of it.
        value: Setting,
    },
    /// Fees, and with them scope, payments and outside compensation.
    Fees(Growth),
    /// How many claims there are.
    Claims(Growth),
    /// How many persons there are.
    Persons(Weight),
    /// Identities on the roster.
    Identities {
        /// Those that change.
        from: Vec<Identity>,
        /// What they become.
        to: Identity,
    },
    /// A dated value.
    Parameter {
        /// Its name.
        name: String,
        /// Only that year's value.
        year: Option<i32>,
        /// What becomes of it.
        to: Dated,
    },
}

/// Growth of the claims that match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Growth {
    /// The factor in millionths: 1 060 000 for a growth of `0.06`.
    pub ppm: i64,
    /// Care kinds, sorted; empty = all.
    pub care: Vec<Care>,
    /// Hospital levels, sorted, 0 = none; empty = all.
    pub hosp_lv: Vec<u8>,
}

impl Growth {
    /// Whether a claim of this care kind and hospital level (0 = none) grows.
    pub fn matches(&self, care: Care, hosp_lv: u8) -> bool {
        (self.care.is_empty() || self.care.contains(&care))
            && (self.hosp_lv.is_empty() || self.hosp_lv.contains(&hosp_lv))
    }
}

/// How much a person counts, of those that match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight {
    /// The factor in millionths, a multiple of 100: 1 100 000 for a growth of `0.10`.
    pub ppm: i64,
    /// Identities, sorted; empty = all, unless `none` is set.
    pub identities: Vec<Identity>,
    /// Also, or alone, persons without an identity.
    pub none: bool,
}

impl Weight {
    /// Whether a person with this identity, or without one, is meant.
    pub fn matches(&self, identity: Option<Identity>) -> bool {
        match identity {
            _ if self.identities.is_empty() && !self.none => true,
            Some(identity) => self.identities.contains(&identity),
            None => self.none,
        }
    }
}

/// What becomes of a dated value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dated {
    /// It grows: the factor in millionths.
    Growth(i64),
    /// It is so many fen.
    Value(i64),
}
