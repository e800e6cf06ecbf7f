//! Tables as somebody would have them who misread the policy: the kernel is given these in place of its own.

use crate::model::fen::NO_LIMIT;
use crate::policy::document::{Accumulation, CatastrophicPayment};
use crate::policy::eras::Eras;
use crate::policy::tables::{LayerTable, Tables, YearTables};

/// Whose schedules a misreading is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Every layer's.
    All,
    /// Medical assistance's.
    Assistance,
    /// Re-assistance's.
    Reassistance,
    /// Catastrophic insurance's, special drugs with it.
    Catastrophic,
}

/// A misreading of the policy's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// No deductible.
    DeductibleNotTaken(Whose),
    /// Twice the deductible.
    DeductibleTwice(Whose),
    /// Every stay begins at nought.
    DeductiblePerStay,
    /// No cap.
    CapNotApplied(Whose),
    /// The cap is one of each stay.
    CapPerStay,
    /// The tables of the year before.
    PreviousYear,
    /// No catastrophic insurance, nor any recorded.
    NoCatastrophic,
}

const WHOSE: [Whose; 4] = [Whose::All, Whose::Assistance, Whose::Reassistance, Whose::Catastrophic];

impl Twist {
    /// All of them, in the documented order.
    pub fn all() -> Vec<Twist> {
        let mut all: Vec<Twist> = WHOSE.map(Twist::DeductibleNotTaken).to_vec();
        all.extend(WHOSE.map(Twist::DeductibleTwice));
        all.push(Twist::DeductiblePerStay);
        all.extend(WHOSE.map(Twist::CapNotApplied));
        all.extend([Twist::CapPerStay, Twist::PreviousYear, Twist::NoCatastrophic]);
        all
    }

    /// Twists a copy of the tables; none where there is nothing to twist.
    fn apply(self, tables: &Tables, before: &[YearTables]) -> Option<Tables> {
        let mut twisted = tables.clone();
        let mut moved = false;
        match self {
            Twist::DeductibleNotTaken(whose) => each(&mut twisted, whose, |l| moved |= deductible(l, 0)),
            Twist::DeductibleTwice(whose) => each(&mut twisted, whose, |l| moved |= deductible(l, 2)),
            Twist::CapNotApplied(whose) => each(&mut twisted, whose, |l| moved |= no_cap(l)),
            Twist::DeductiblePerStay => {
                moved = tables.accumulation == Accumulation::Year;
                twisted.accumulation = Accumulation::Visit;
            }
            Twist::CapPerStay => {
                twisted.cap_per_visit = true;
                each(&mut tables.clone(), Whose::All, |l| moved |= l.schedules.iter().any(|s| s.cap != NO_LIMIT));
            }
            Twist::PreviousYear => {
                for year in &mut twisted.years {
                    if let Some(old) = before.iter().find(|b| b.year + 1 == year.year) {
                        *year = YearTables { year: year.year, ..old.clone() };
                        moved = true;
                    }
                }
            }
            Twist::NoCatastrophic => {
                moved = true;
                twisted.catastrophic_payment = CatastrophicPayment::Computed;
                twisted.years.iter_mut().for_each(|y| (y.cii, y.special_drug) = (None, None));
            }
        }
        moved.then_some(twisted)
    }
}

fn each(tables: &mut Tables, whose: Whose, mut change: impl FnMut(&mut LayerTable)) {
    for year in &mut tables.years {
        if matches!(whose, Whose::All | Whose::Assistance) {
            change(&mut year.ma);
        }
        if matches!(whose, Whose::All | Whose::Reassistance) {
            year.ra.iter_mut().for_each(&mut change);
        }
        if matches!(whose, Whose::All | Whose::Catastrophic) {
            year.cii.iter_mut().chain(&mut year.special_drug).for_each(&mut change);
        }
    }
}

/// Multiplies the deductibles of a layer: the bracket from nought that pays nothing.
fn deductible(layer: &mut LayerTable, times: i64) -> bool {
    let mut moved = false;
    for schedule in &mut layer.schedules {
        let brackets = &mut schedule.brackets;
        let Some(first) = brackets.first().filter(|b| b.lo == 0 && b.ratio_ppm == 0 && b.hi != NO_LIMIT) else {
            continue;
        };
        if brackets.len() < 2 {
            continue;
        }
        let edge = first.hi.saturating_mul(times);
        if times == 0 {
            brackets.remove(0);
            brackets[0].lo = 0;
        } else {
            brackets[0].hi = edge;
            brackets.retain(|b| b.hi == NO_LIMIT || b.hi > edge || b.lo == 0);
            brackets.iter_mut().skip(1).for_each(|b| b.lo = b.lo.max(edge));
        }
        moved = true;
    }
    moved
}

fn no_cap(layer: &mut LayerTable) -> bool {
    let mut moved = false;
    for schedule in &mut layer.schedules {
        moved |= schedule.cap != NO_LIMIT;
        schedule.cap = NO_LIMIT;
    }
    moved
}

/// The policies' tables and every misreading of them, also two at a time.
#[derive(Debug)]
pub struct Variants {
    eras: Eras,
    twists: Vec<Twist>,
    /// By policy.
    twisted: Vec<Twisted>,
}

/// A policy's tables by two numbers of twists, the first not above the second; alike: one twist. None where
/// there is nothing to twist.
#[derive(Debug)]
struct Twisted(Vec<Option<Tables>>);

impl Twisted {
    fn new(tables: &Tables, before: &[YearTables], twists: &[Twist]) -> Self {
        let single: Vec<Option<Tables>> = twists.iter().map(|t| t.apply(tables, before)).collect();
        let mut pairs = Vec::with_capacity(twists.len() * twists.len());
        for (a, first) in single.iter().enumerate() {
            for (b, second) in twists.iter().enumerate() {
                pairs.push(match first {
                    Some(first) if a == b => Some(first.clone()),
                    // The other order is the same pair, but for the year before, which must come first.
                    Some(first) if a < b && *second != Twist::PreviousYear => second.apply(first, before),
                    Some(_) if a < b => single[b].as_ref().and_then(|previous| twists[a].apply(previous, before)),
                    _ => None,
                });
            }
        }
        Self(pairs)
    }
}

impl Variants {
    /// Twists the tables. The schedule of the year before can be taken where it is among them.
    pub fn new(eras: Eras) -> Self {
        let twists = Twist::all();
        let twisted = eras.all.iter().map(|era| Twisted::new(&era.tables, &era.tables.years, &twists)).collect();
        Self { eras, twists, twisted }
    }

    /// The policies with their own tables.
    pub fn eras(&self) -> &Eras {
        &self.eras
    }

    /// Numbers of the twists that change something.
    pub fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.twists.len()).filter(|n| self.go_together(&[*n]))
    }

    /// A twist by number.
    pub fn twist(&self, number: usize) -> Twist {
        self.twists[number]
    }

    /// The number of a twist.
    pub fn number(&self, twist: Twist) -> Option<usize> {
        self.twists.iter().position(|t| *t == twist)
    }

    /// Whether there is such a combination of no, one or two twists: each changes something under some
    /// policy, and none undoes the other.
    pub fn go_together(&self, twists: &[usize]) -> bool {
        twists.is_empty() || (0..self.twisted.len()).any(|policy| self.combined(policy, twists).is_some())
    }

    /// A policy's tables under no, one or two twists. Where a twist changes nothing it is as if it were not
    /// there.
    pub fn tables(&self, policy: usize, twists: &[usize]) -> &Tables {
        let single = || twists.iter().find_map(|n| self.combined(policy, &[*n]));
        self.combined(policy, twists).or_else(single).unwrap_or(&self.eras.all[policy].tables)
    }

    fn combined(&self, policy: usize, twists: &[usize]) -> Option<&Tables> {
        let at = |a: usize, b: usize| self.twisted[policy].0[a.min(b) * self.twists.len() + a.max(b)].as_ref();
        match twists {
            [one] => at(*one, *one),
            [a, b] if a != b => at(*a, *b),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::compile::{Needs, compile};
    use crate::policy::parameters::Parameters;

    fn variants() -> Variants {
        let (policy, parameters) = (Policy::load("weihai-2023").unwrap(), Parameters::shipped().unwrap());
        let tables = compile(&policy.doc, &parameters, &[2024], Needs::default()).unwrap().tables;
        let eras = Eras::new(vec![(&policy.doc, tables)]).unwrap();
        Variants::new(eras)
    }

    fn first(table: &LayerTable) -> Vec<(i64, i64, i64)> {
        table.schedules[0].brackets.iter().map(|b| (b.lo, b.hi, b.ratio_ppm)).collect()
    }

    #[test]
    fn deductibles_go_or_double_and_brackets_stay_without_gap() {
        let variants = variants();
        let of = |twist| variants.tables(0, &[variants.number(twist).unwrap()]).years[0].cii.clone().unwrap();
        let own = first(variants.eras().all[0].tables.years[0].cii.as_ref().unwrap());
        let none = first(&of(Twist::DeductibleNotTaken(Whose::Catastrophic)));
        let twice = first(&of(Twist::DeductibleTwice(Whose::Catastrophic)));
        assert_eq!((none[0].0, none[0].1, none[0].2), (0, own[1].1, own[1].2));
        assert_eq!((twice[0].1, twice[1].0), (2 * own[0].1, 2 * own[0].1));
        for brackets in [none, twice] {
            assert!(brackets.windows(2).all(|w| w[0].1 == w[1].0), "{brackets:?}");
        }
    }

    #[test]
    fn caps_go_layer_by_layer_and_two_twists_go_together() {
        let variants = variants();
        let number = |twist| variants.number(twist).unwrap();
        let cap = number(Twist::CapNotApplied(Whose::Reassistance));
        let year = &variants.tables(0, &[cap]).years[0];
        assert!(year.ra.as_ref().unwrap().schedules.iter().all(|s| s.cap == NO_LIMIT));
        assert!(year.ma.schedules.iter().any(|s| s.cap != NO_LIMIT));
        let both = variants.tables(0, &[number(Twist::CapPerStay), cap]);
        assert!(both.cap_per_visit && both.years[0].ra.as_ref().unwrap().schedules[0].cap == NO_LIMIT);
        assert!(!variants.go_together(&[cap, cap]));
    }

    #[test]
    fn without_catastrophic_insurance_nothing_is_carried_either() {
        let variants = variants();
        let tables = variants.tables(0, &[variants.number(Twist::NoCatastrophic).unwrap()]);
        assert_eq!(tables.catastrophic_payment, CatastrophicPayment::Computed);
        assert!(tables.years.iter().all(|y| y.cii.is_none() && y.special_drug.is_none()));
    }
}
