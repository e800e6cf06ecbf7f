//! Whom a change of the tables can reach: persons whom it cannot are settled once, with the baseline.
//!
//! The kernel reads of the tables what belongs to a person's claims: by year, key (insurance type, care kind,
//! hospital level) and the identities held that day, or anyone. Where all of that is the same, so is the
//! outcome. Two schedules that part company only from some amount on are the same to a person whose burden
//! after basic insurance does not reach it: whatever a layer accumulates or pays in any year is part of that.

use crate::model::codes::{Care, Insutype};
use crate::model::fen::NO_LIMIT;
use crate::policy::tables::*;

/// The accumulated amount up to which nothing differs: [`ALWAYS`] differs even where nothing accumulates, nothing
/// ever does at [`NO_LIMIT`].
type From = i64;

/// It differs whatever is accumulated.
const ALWAYS: From = -1;

/// Where the tables of a scenario differ from the baseline's.
#[derive(Clone, Debug)]
pub struct Reach {
    /// In ways that are not told apart: everybody is settled again.
    pub everybody: bool,
    /// Identities whose claims it may touch; bit [`ANYONE`]: those of persons without identity too.
    pub mask: Mask,
    years: Vec<OfYear>,
}

#[derive(Clone, Debug)]
struct OfYear {
    year: i32,
    from: Vec<[From; RANKS]>,
}

/// What of the tables a person's claims look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Benefit year.
    pub year: i32,
    /// Lookup key.
    pub key: u8,
    /// Identities held that day.
    pub held: Mask,
}

impl Reach {
    /// Compares tables.
    pub fn new(before: &Tables, after: &Tables) -> Self {
        let everybody = !same_everywhere(before, after);
        let mut reach = Self { everybody, mask: 0, years: Vec::new() };
        if everybody {
            return reach;
        }
        for (a, b) in before.years.iter().zip(&after.years) {
            let mut of_year = OfYear { year: a.year, from: vec![[NO_LIMIT; RANKS]; KEYS] };
            of_year.compare([before, after], a, b);
            for (rank, bit) in (0..RANKS).map(|r| (r, 1 << r)) {
                if of_year.from.iter().any(|row| row[rank] != NO_LIMIT) {
                    reach.mask |= bit;
                }
            }
            reach.years.push(of_year);
        }
        reach
    }

    /// Whether nothing differs for anybody.
    pub fn is_nothing(&self) -> bool {
        !self.everybody && self.mask == 0
    }

    /// Whether a person is reached whose claims look at these spots, and whose burden after basic insurance is so
    /// much in all years together.
    pub fn touches(&self, spots: &[Spot], burden: i64) -> bool {
        self.everybody
            || spots.iter().any(|spot| {
                let Some(of_year) = self.years.iter().find(|y| y.year == spot.year) else { return false };
                let row = &of_year.from[usize::from(spot.key)];
                let mut ranks = (spot.held | 1 << ANYONE) & self.mask;
                while ranks != 0 {
                    if row[ranks.trailing_zeros() as usize] < burden {
                        return true;
                    }
                    ranks &= ranks - 1;
                }
                false
            })
    }
}

/// Whether what is not looked at claim by claim is the same. Channels, remarks, alerts, subsidies and names move
/// no claim's money.
fn same_everywhere(a: &Tables, b: &Tables) -> bool {
    let waits = |y: &YearTables| y.ra.as_ref().map(|l| l.conditions.cap_reached);
    let ra_care = |y: &YearTables| y.ra.as_ref().map(|l| l.care);
    (a.from, a.until) == (b.from, b.until)
        && a.rank_of == b.rank_of
        && a.identity_at == b.identity_at
        && a.exclusive == b.exclusive
        && a.grant_lookback == b.grant_lookback
        && a.round == b.round
        && a.accumulation == b.accumulation
        && a.cap_per_visit == b.cap_per_visit
        && a.catastrophic_payment == b.catastrophic_payment
        && a.ext_comp == b.ext_comp
        && a.exclude_unreferred == b.exclude_unreferred
        && a.exclude_causes == b.exclude_causes
        && a.years.len() == b.years.len()
        && a.years.iter().zip(&b.years).all(|(x, y)| {
            x.year == y.year
                && (waits(x), ra_care(x)) == (waits(y), ra_care(y))
                && same_layer(&x.cii, &y.cii)
                && same_layer(&x.special_drug, &y.special_drug)
        })
}

/// Whether two layers of insurance cover the same claims: where they do not, what is carried changes, too.
fn same_layer(a: &Option<LayerTable>, b: &Option<LayerTable>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.care == b.care && a.conditions == b.conditions && a.pool == b.pool && a.base == b.base,
        _ => false,
    }
}

impl OfYear {
    fn compare(&mut self, tables: [&Tables; 2], a: &YearTables, b: &YearTables) {
        self.layer(tables, a.cii.as_ref(), b.cii.as_ref());
        self.layer(tables, a.special_drug.as_ref(), b.special_drug.as_ref());
        self.layer(tables, Some(&a.ma), Some(&b.ma));
        self.layer(tables, a.ra.as_ref(), b.ra.as_ref());
        self.covers(tables, &a.top_ups, &b.top_ups);
        self.covers(tables, &a.oocats, &b.oocats);
        let limits = |l: &HospitalLimit| (l.identities, l.care);
        let same = |a: &HospitalLimit, b: &HospitalLimit| {
            limits(a) == limits(b) && a.limits == b.limits && a.conditions == b.conditions
        };
        if a.hospital_limits.len() != b.hospital_limits.len()
            || !a.hospital_limits.iter().zip(&b.hospital_limits).all(|(a, b)| same(a, b))
        {
            a.hospital_limits.iter().chain(&b.hospital_limits).for_each(|l| self.whoever(l.identities, l.care));
        }
        let what = |m: &Option<MajorDisease>| m.as_ref().map(|m| (m.insutype, m.care, m.identities));
        let shares = |m: &Option<MajorDisease>, tables: &Tables| {
            m.as_ref().map(|m| m.shares.map(|(ratio, cite)| (ratio, name(tables, cite).map(str::to_owned))))
        };
        if what(&a.major) != what(&b.major) || shares(&a.major, tables[0]) != shares(&b.major, tables[1]) {
            a.major.iter().chain(&b.major).for_each(|m| self.whoever(m.identities, m.care));
        }
    }

    /// Everybody who holds one of these, on such care.
    fn whoever(&mut self, identities: Mask, care: u8) {
        self.each(care, |rank| identities & (1 << rank) != 0);
    }

    fn each(&mut self, care: u8, whose: impl Fn(usize) -> bool) {
        for insutype in Insutype::ALL {
            for kind in Care::ALL.iter().filter(|c| care & (1 << c.index()) != 0) {
                for hosp_lv in 0..4 {
                    let row = &mut self.from[key(*insutype, *kind, hosp_lv)];
                    row.iter_mut().enumerate().filter(|(rank, _)| whose(*rank)).for_each(|(_, at)| *at = ALWAYS);
                }
            }
        }
    }

    fn covers(&mut self, tables: [&Tables; 2], a: &[Cover], b: &[Cover]) {
        let what = |c: &Cover| (c.identities, c.care, c.ratio_ppm, c.from, c.until);
        let same = |a: &Cover, b: &Cover| {
            what(a) == what(b) && a.conditions == b.conditions && name(tables[0], a.cite) == name(tables[1], b.cite)
        };
        if a.len() != b.len() || !a.iter().zip(b).all(|(a, b)| same(a, b)) {
            a.iter().chain(b).for_each(|c| self.whoever(c.identities, c.care));
        }
    }

    fn layer(&mut self, tables: [&Tables; 2], a: Option<&LayerTable>, b: Option<&LayerTable>) {
        let differs = match (a, b) {
            (None, None) => return,
            (Some(a), Some(b)) => {
                a.care != b.care || a.conditions != b.conditions || a.pool != b.pool || a.base != b.base
            }
            _ => true,
        };
        for key in 0..KEYS {
            for rank in 0..RANKS {
                let [a, b] = [a, b].map(|layer| layer.and_then(|l| l.at(key, rank as u8)));
                let from = match (a, b) {
                    (None, None) => continue,
                    (Some(a), Some(b)) if !differs && name(tables[0], a.cite) == name(tables[1], b.cite) => {
                        parts_from(a, b)
                    }
                    _ => ALWAYS,
                };
                let at = &mut self.from[key][rank];
                *at = from.min(*at);
            }
        }
    }
}

/// The name of a rule, by which figures are told.
fn name(tables: &Tables, cite: u16) -> Option<&str> {
    tables.cites.get(usize::from(cite)).map(|c| c.rule.as_str())
}

/// The accumulated amount up to which two schedules pay the same, in whatever steps it is reached.
fn parts_from(a: &Schedule, b: &Schedule) -> From {
    if (a.pool, a.base, a.from, a.until) != (b.pool, b.base, b.from, b.until) {
        return ALWAYS;
    }
    // Below both caps neither is reached.
    let cap = if a.cap == b.cap { NO_LIMIT } else { a.cap.min(b.cap) - 1 };
    let mut from = NO_LIMIT;
    for (x, y) in a.brackets.iter().zip(&b.brackets) {
        if (x.lo, x.ratio_ppm) != (y.lo, y.ratio_ppm) {
            from = x.lo.min(y.lo);
            break;
        }
        if x.hi != y.hi {
            // Up to there both count from the same edge, and so round alike.
            from = x.hi.min(y.hi);
            break;
        }
    }
    if from == NO_LIMIT && a.brackets.len() != b.brackets.len() {
        let shared = a.brackets.len().min(b.brackets.len());
        from = shared.checked_sub(1).map_or(0, |last| a.brackets[last].hi);
    }
    from.min(cap)
}
