//! A policy, its parameters and its years as flat integer tables: all that the kernel reads.
//!
//! Identities are numbered by *rank*: the policy's listed order first, then the identities that the
//! policy does not name. A set of identities is a bit mask over ranks, so "the first of those in
//! force that the layer has a rate for" is one AND and one count of trailing zeros.

use super::document::{Accumulation, CatastrophicPayment, ExtComp, Measure};
use crate::model::codes::{Care, Channel, ExclCause, Identity, Insutype};
use crate::model::fen::Round;

/// A set of identities: bit `r` = the identity of rank `r`.
pub type Mask = u16;
/// Ranks in a lookup row; the last one stands for "anyone".
pub const RANKS: usize = 16;
/// The rank under which a schedule for anyone is looked up.
pub const ANYONE: u8 = 15;
/// No rank: nobody, none.
pub const NO_RANK: u8 = u8::MAX;
/// Lookup keys: 2 insurance types × 6 care kinds × 4 hospital levels (0 = none).
pub const KEYS: usize = 2 * CARES * 4;
/// Accumulated bases and pools that a policy may have.
pub const SLOTS: usize = 16;
const CARES: usize = 6;
/// No schedule in a lookup row.
const NONE: u16 = u16::MAX;

/// The remark on a row on which an out-of-catalogue limit would bind if its price class were known;
/// always the first of [`Tables::notes`].
pub const FEE_CLASS_MISSING: &str = "fee_class_missing";

/// The lookup key of a claim.
#[inline]
pub fn key(insutype: Insutype, care: Care, hosp_lv: u8) -> usize {
    (insutype.index() * CARES + care.index()) * 4 + usize::from(hosp_lv.min(3))
}

/// What an audit row cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cite {
    /// Rule id in the policy file.
    pub rule: String,
    /// Clause of the policy text.
    pub clause: String,
}

/// A bracket `[lo, hi)` in fen of the accumulated base. Brackets of a schedule cover `[0, ∞)`:
/// what lies under the deductible, or above the last edge, has the ratio 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    /// Lower edge, in fen.
    pub lo: i64,
    /// Upper edge, in fen; [`crate::model::fen::NO_LIMIT`] = open.
    pub hi: i64,
    /// Share that is paid, in millionths.
    pub ratio_ppm: i64,
    /// What the audit cites.
    pub cite: u16,
}

/// Brackets with the accumulators that they use.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The brackets, bottom up.
    pub brackets: Vec<Bracket>,
    /// Whose cap it shares.
    pub pool: u8,
    /// Whose accumulated base it continues.
    pub base: u8,
    /// Annual cap of the pool under this schedule, in fen.
    pub cap: i64,
    /// What the audit cites where no bracket does.
    pub cite: u16,
    /// First day.
    pub from: i32,
    /// Last day.
    pub until: i32,
}

/// Conditions on a claim, compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Not `unreferred`.
    pub not_unreferred: bool,
    /// Area prefix.
    pub area: Option<AreaPrefix>,
    /// The person applied for tilted assistance.
    pub tilt_applied: bool,
    /// The year reached the annual limit.
    pub cap_reached: bool,
    /// Disease codes that count; none = all.
    pub dise_codg: Option<DiseaseSet>,
}

/// Disease codes of a condition, with their numbers in the run's interner (0 is "no code").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiseaseSet {
    /// The codes as written.
    pub codes: Vec<String>,
    /// Their numbers, once bound.
    pub ids: Vec<u32>,
}

/// Leading digits of a six-digit area code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaPrefix {
    value: i32,
    divisor: i32,
}

impl AreaPrefix {
    /// A prefix of one to six digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { value: text.parse().ok()?, divisor: 10i32.pow(6 - text.len() as u32) })
    }

    /// Whether an area lies within; [`LOCAL_AREA`] always does.
    #[inline]
    pub fn holds(self, area: i32) -> bool {
        area == LOCAL_AREA || (area >= 0 && area / self.divisor == self.value)
    }
}

/// The area of a claim without an area code: treated locally.
pub const LOCAL_AREA: i32 = -1;
/// An area code that is no number: in no area that a policy names.
pub const FOREIGN_AREA: i32 = -2;

/// A layer of schedules: who has a rate for what, and which.
#[derive(Clone, Debug)]
pub struct LayerTable {
    /// Care kinds covered: bit per [`Care`].
    pub care: u8,
    /// Conditions on the claim.
    pub conditions: Conditions,
    /// Identities with a rate, by key.
    rates: [Mask; KEYS],
    /// Schedule number, by key and rank.
    lookup: Vec<[u16; RANKS]>,
    /// The schedules.
    pub schedules: Vec<Schedule>,
    /// What a payment that is carried cites.
    pub cite: u16,
    /// The layer's own pool: what is carried counts against its cap.
    pub pool: u8,
    /// The layer's own accumulated base.
    pub base: u8,
}

impl LayerTable {
    /// A layer without schedules.
    pub fn new(care: u8, conditions: Conditions, cite: u16, pool: u8, base: u8) -> Self {
        let lookup = vec![[NONE; RANKS]; KEYS];
        Self { care, conditions, rates: [0; KEYS], lookup, schedules: Vec::new(), cite, pool, base }
    }

    /// Enters a schedule for a key and rank; the schedule that stood there already, if any.
    pub fn enter(&mut self, key: usize, rank: u8, schedule: u16) -> Option<u16> {
        let old = std::mem::replace(&mut self.lookup[key][usize::from(rank)], schedule);
        if rank != ANYONE {
            self.rates[key] |= 1 << rank;
        }
        (old != NONE).then_some(old)
    }

    /// Whether the care kind is covered.
    #[inline]
    pub fn covers(&self, care: Care) -> bool {
        self.care & (1 << care.index()) != 0
    }

    /// The schedule that stands for a key and rank, on whatever days.
    pub fn at(&self, key: usize, rank: u8) -> Option<&Schedule> {
        self.schedules.get(usize::from(self.lookup[key][usize::from(rank)]))
    }

    /// The identity that this layer takes, and its schedule: the preferred one if it has a rate for
    /// the key on that day, else the first in listed order that has, else the schedule for anyone.
    #[inline]
    pub fn pick(&self, key: usize, in_force: Mask, preferred: u8, day: i32) -> Option<(u8, &Schedule)> {
        let mut candidates = in_force & self.rates[key];
        while candidates != 0 {
            let rank = first_preferred(candidates, preferred);
            let schedule = &self.schedules[usize::from(self.lookup[key][usize::from(rank)])];
            if (schedule.from..=schedule.until).contains(&day) {
                return Some((rank, schedule));
            }
            candidates &= !(1 << rank);
        }
        let anyone = self.lookup[key][usize::from(ANYONE)];
        if anyone == NONE {
            return None;
        }
        let schedule = &self.schedules[usize::from(anyone)];
        (schedule.from..=schedule.until).contains(&day).then_some((NO_RANK, schedule))
    }

    /// The schedule of one identity, if it has a rate for the key on that day.
    #[inline]
    pub fn schedule_of(&self, key: usize, rank: u8, day: i32) -> Option<&Schedule> {
        match self.pick(key, 1 << rank, rank, day) {
            Some((r, schedule)) if r == rank => Some(schedule),
            _ => None,
        }
    }
}

/// The first of a non-empty set in the order "preferred, then listed".
#[inline]
pub fn first_preferred(set: Mask, preferred: u8) -> u8 {
    if preferred < RANKS as u8 && set & (1 << preferred) != 0 { preferred } else { set.trailing_zeros() as u8 }
}

/// A cover that is one ratio for some identities, care kinds and conditions.
#[derive(Clone, Debug)]
pub struct Cover {
    /// Identities.
    pub identities: Mask,
    /// Care kinds.
    pub care: u8,
    /// Conditions.
    pub conditions: Conditions,
    /// The ratio, in millionths.
    pub ratio_ppm: i64,
    /// First day.
    pub from: i32,
    /// Last day.
    pub until: i32,
    /// What the audit cites.
    pub cite: u16,
}

/// Limits of the out-of-catalogue share, by price class.
#[derive(Clone, Debug)]
pub struct HospitalLimit {
    /// Identities.
    pub identities: Mask,
    /// Care kinds.
    pub care: u8,
    /// Conditions.
    pub conditions: Conditions,
    /// Limit by [`crate::model::codes::FeeClass`], in millionths; none = no limit.
    pub limits: [Option<i64>; 4],
}

/// Single-disease limits.
#[derive(Clone, Debug)]
pub struct MajorDisease {
    /// Insurance types: bit per [`Insutype`].
    pub insutype: u8,
    /// Care kinds.
    pub care: u8,
    /// Identities with a share.
    pub identities: Mask,
    /// Share by rank, in millionths, and what the audit cites.
    pub shares: [(i64, u16); RANKS],
}

/// A remark on rows.
#[derive(Clone, Debug)]
pub struct NoteRule {
    /// Hospital level.
    pub hosp_lv: u8,
    /// Out-of-catalogue share above which it is made, in millionths.
    pub above_ppm: i64,
    /// Its number in [`Tables::notes`].
    pub note: u8,
}

/// Who an alert is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertClass {
    /// Holders of one of these.
    Holds(Mask),
    /// Holders of none of these.
    HoldsNone(Mask),
}

/// A monitoring threshold.
#[derive(Clone, Debug)]
pub struct AlertRule {
    /// Its name's number in [`Tables::alerts`]; once a person, year and name.
    pub alert: u8,
    /// For whom.
    pub class: AlertClass,
    /// In fen.
    pub threshold: i64,
    /// What is accumulated.
    pub measure: Measure,
    /// What it cites.
    pub cite: u16,
}

/// A contribution subsidy, for one year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubsidyRule {
    /// Identities.
    pub identities: Mask,
    /// Not for holders of these.
    pub unless_holding: Mask,
    /// The contribution's own part, in fen.
    pub standard: i64,
    /// What is paid, in fen.
    pub subsidy: i64,
    /// What it cites.
    pub cite: u16,
}

/// How rows are paid.
#[derive(Clone, Debug)]
pub struct ChannelRule {
    /// Identities.
    pub identities: Mask,
    /// Care kinds.
    pub care: u8,
    /// Only claims under quota management.
    pub quota_managed: bool,
    /// The channel.
    pub channel: Channel,
}

/// The tables of one benefit year.
#[derive(Clone, Debug)]
pub struct YearTables {
    /// The year.
    pub year: i32,
    /// Catastrophic insurance.
    pub cii: Option<LayerTable>,
    /// Special drugs.
    pub special_drug: Option<LayerTable>,
    /// Medical assistance.
    pub ma: LayerTable,
    /// Re-assistance.
    pub ra: Option<LayerTable>,
    /// Top-ups.
    pub top_ups: Vec<Cover>,
    /// Single-disease limits.
    pub major: Option<MajorDisease>,
    /// What the institution bears.
    pub hospital_limits: Vec<HospitalLimit>,
    /// Out-of-catalogue covers.
    pub oocats: Vec<Cover>,
    /// Remarks.
    pub notes: Vec<NoteRule>,
    /// Alerts.
    pub alerts: Vec<AlertRule>,
    /// Subsidies; empty where none were asked for.
    pub subsidies: Vec<SubsidyRule>,
}

/// A policy with its parameters, ready for the kernel.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Policy id.
    pub policy: String,
    /// First day in force.
    pub from: i32,
    /// Last day in force.
    pub until: i32,
    /// Rank of each identity.
    pub rank_of: [u8; Identity::COUNT],
    /// Identity of each rank.
    pub identity_at: [Identity; Identity::COUNT],
    /// By rank: not in force on days on which one of these is.
    pub exclusive: [Mask; RANKS],
    /// By rank: the look-back in months of identities that are granted.
    pub grant_lookback: [Option<u16>; RANKS],
    /// Rounding of payments.
    pub round: Round,
    /// What schedules accumulate over.
    pub accumulation: Accumulation,
    /// Caps start afresh with every claim. No policy says so: it is how an audit asks what a desk that took the
    /// annual cap for one of each stay would have paid.
    pub cap_per_visit: bool,
    /// Which catastrophic payment stands before assistance.
    pub catastrophic_payment: CatastrophicPayment,
    /// Whether outside compensation comes off the base.
    pub ext_comp: ExtComp,
    /// Unreferred claims are out of assistance.
    pub exclude_unreferred: bool,
    /// Excluded causes: bit per [`ExclCause`].
    pub exclude_causes: u8,
    /// Channels, first match.
    pub channels: Vec<ChannelRule>,
    /// What audit rows cite.
    pub cites: Vec<Cite>,
    /// Names of pools.
    pub pools: Vec<String>,
    /// Names of remarks.
    pub notes: Vec<String>,
    /// Names of alerts.
    pub alerts: Vec<String>,
    /// Month and day that decide the subsidy.
    pub subsidy_date: (u32, u32),
    /// The years, ascending.
    pub years: Vec<YearTables>,
}

impl Tables {
    /// The tables of a year, if it was compiled.
    #[inline]
    pub fn year(&self, year: i32) -> Option<&YearTables> {
        self.years.iter().find(|t| t.year == year)
    }

    /// Takes away identities that are not in force because of another that is.
    #[inline]
    pub fn apply_exclusive(&self, held: Mask) -> Mask {
        let mut left = held;
        let mut rest = held;
        while rest != 0 {
            let rank = rest.trailing_zeros() as usize;
            if self.exclusive[rank] & held != 0 {
                left &= !(1 << rank);
            }
            rest &= rest - 1;
        }
        left
    }

    /// Whether a cause is excluded.
    #[inline]
    pub fn excludes(&self, cause: Option<ExclCause>) -> bool {
        cause.is_some_and(|c| self.exclude_causes & (1 << c.index()) != 0)
    }

    /// Gives the disease codes of conditions their numbers in a run's interner.
    pub fn bind_diseases(&mut self, number_of: impl Fn(&str) -> u32) {
        let bind = |conditions: &mut Conditions| {
            if let Some(set) = &mut conditions.dise_codg {
                set.ids = set.codes.iter().map(|c| number_of(c)).collect();
                set.ids.sort_unstable();
            }
        };
        for year in &mut self.years {
            let layers = [year.cii.as_mut(), year.special_drug.as_mut(), Some(&mut year.ma), year.ra.as_mut()];
            layers.into_iter().flatten().for_each(|l| bind(&mut l.conditions));
            year.top_ups.iter_mut().chain(&mut year.oocats).for_each(|c| bind(&mut c.conditions));
            year.hospital_limits.iter_mut().for_each(|l| bind(&mut l.conditions));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_match_by_their_leading_digits_and_local_always() {
        let shanxi = AreaPrefix::parse("14").unwrap();
        assert!(shanxi.holds(140_500) && shanxi.holds(LOCAL_AREA));
        assert!(!shanxi.holds(410_000) && !shanxi.holds(FOREIGN_AREA) && !shanxi.holds(14));
        assert!(AreaPrefix::parse("1a").is_none() && AreaPrefix::parse("").is_none());
    }

    #[test]
    fn keys_are_dense_and_apart() {
        let mut seen = [false; KEYS];
        for &i in Insutype::ALL {
            for &c in Care::ALL {
                for lv in 0..4 {
                    assert!(!std::mem::replace(&mut seen[key(i, c, lv)], true));
                }
            }
        }
        assert!(seen.iter().all(|s| *s));
    }

    #[test]
    fn the_preferred_identity_goes_first() {
        assert_eq!(first_preferred(0b1010, 3), 3);
        assert_eq!(first_preferred(0b1010, 0), 1);
        assert_eq!(first_preferred(0b1010, NO_RANK), 1);
    }
}
