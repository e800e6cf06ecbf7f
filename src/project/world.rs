//! Worlds: a policy with its parameters, compiled; who holds what in it; how bills, claims and persons differ.

use super::change::{Growth, Weight};
use super::reach::Reach;
use super::record::Naming;
use super::sums::{Units, WEIGHTED};
use crate::ledger::marks::Packed;
use crate::model::codes::{Care, Identity};
use crate::model::fen::PPM;
use crate::policy::document::InForce;
use crate::policy::tables::{NO_RANK, RANKS, Tables};

/// A world that persons are settled in.
#[derive(Debug)]
pub struct World {
    /// The policy's tables.
    pub tables: Tables,
    /// What its ranks and rules are called.
    pub naming: Naming,
    /// First and last day that it covers; none: every day.
    pub covered: Option<(i32, i32)>,
    /// Number of what persons hold.
    pub holder: usize,
    /// Number of how bills grow.
    pub fees: Option<usize>,
    /// Number of how claims grow.
    pub claims: Option<usize>,
    /// How persons grow.
    pub persons: Vec<Weight>,
    /// Whom its tables reach, that the baseline's do not reach alike.
    pub reach: Reach,
    /// Rank of the identity that is granted on application.
    pub granted: u8,
    /// Number of whom contributions are paid for.
    pub circle: usize,
    /// Whether what changes for single persons is wanted, too.
    pub told: bool,
}

impl World {
    /// How a person of an identity (by number) counts.
    pub fn units(&self, identity: u8) -> Units {
        if self.persons.is_empty() {
            return Units::ONE;
        }
        let identity = Identity::ALL.get(usize::from(identity)).copied();
        let of = |own: i128, weight: &Weight| {
            let factor = if weight.matches(identity) { i128::from(weight.ppm) } else { i128::from(PPM) };
            // Several in turn multiply; to four decimals, half up.
            (own * factor * 2 + i128::from(PPM)) / (2 * i128::from(PPM))
        };
        let own = self.persons.iter().fold(i128::from(WEIGHTED), of);
        Units { own: i64::try_from(own).unwrap_or(i64::MAX), whole: WEIGHTED }
    }

    /// Units of a person without weights in this world.
    pub fn whole(&self) -> i64 {
        if self.persons.is_empty() { 1 } else { WEIGHTED }
    }

    /// Whether a day is covered.
    #[inline]
    pub fn covers(&self, day: i32) -> bool {
        self.covered.is_none_or(|(from, until)| (from..=until).contains(&day))
    }
}

/// What decides for whom contributions are paid, besides the rules: who holds what, and which claims count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circle {
    /// Number of the holder.
    pub holder: usize,
    /// First and last day that is covered; none: every day.
    pub covered: Option<(i32, i32)>,
}

impl Circle {
    /// Whether a day is covered.
    #[inline]
    pub fn covers(&self, day: i32) -> bool {
        self.covered.is_none_or(|(from, until)| (from..=until).contains(&day))
    }
}

/// What decides who holds what: worlds that agree in it share a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Rank of each identity.
    rank_of: [u8; Identity::COUNT],
    /// Which of them are granted, with the months of look-back.
    granted: [Option<u16>; RANKS],
    /// From when an identity is in force.
    pub in_force: InForce,
    /// What each identity is taken for.
    pub becomes: [Identity; Identity::COUNT],
}

impl Holder {
    /// Of tables, and what identities are taken for.
    pub fn new(tables: &Tables, in_force: InForce, becomes: [Identity; Identity::COUNT]) -> Self {
        Self { rank_of: tables.rank_of, granted: tables.grant_lookback, in_force, becomes }
    }

    /// The rank of the identity that the ledger carries on a row.
    #[inline]
    pub fn certified(&self, packed: Packed) -> u8 {
        packed.identity().map_or(NO_RANK, |i| self.rank_of[self.becomes[i.index()].index()])
    }
}

/// The factor of growths that match a claim, in millionths; none where none matches.
pub fn factor(growths: &[Growth], care: Care, hosp_lv: u8) -> Option<i64> {
    growths.iter().filter(|g| g.matches(care, hosp_lv)).fold(None, |all: Option<i64>, growth| {
        let Some(before) = all else { return Some(growth.ppm) };
        let (ppm, whole) = (i128::from(before) * i128::from(growth.ppm), i128::from(PPM));
        Some(i64::try_from((ppm * 2 + whole) / (2 * whole)).unwrap_or(i64::MAX))
    })
}
