//! What each rule, clause and bracket of the policy did: touched, moved, paid, cut.
//!
//! [`ClauseIndex`] numbers every bracket and cover that the tables of the years hold, those that no claim
//! ever reaches too. [`ClauseTally`] counts the kernel's entries by those numbers as the sink takes them:
//! two looks into vectors an entry, nothing for a claim without entries. Sums are integers, so that ranges
//! of persons add up to the same figures in whatever order they are merged.

use super::outcome::Entry;
use crate::model::codes::Layer;
use crate::model::fen::NO_LIMIT;
use crate::policy::tables::{LayerTable, Tables, YearTables};

/// A bracket, or a step without one, of a rule in one benefit year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Benefit year whose figures these are.
    pub year: i32,
    /// The layer.
    pub layer: Layer,
    /// Rule and clause: number in [`Tables::cites`].
    pub cite: u16,
    /// Pool whose cap it shares; none for what counts under no cap of its own.
    pub pool: Option<u8>,
    /// The bracket `[lo, hi)` in fen; none for a step without one.
    pub bracket: Option<(i64, i64)>,
    /// The ratio, in millionths; none where a payment is carried.
    pub ratio_ppm: Option<i64>,
    /// The annual cap, in fen; none = no limit.
    pub cap: Option<i64>,
}

impl Clause {
    /// Whether it is the part of a schedule under the deductible.
    pub fn is_deductible(&self) -> bool {
        self.ratio_ppm == Some(0) && self.bracket.is_some_and(|(lo, hi)| lo == 0 && hi != NO_LIMIT)
    }
}

/// What a clause came to. Money in fen, wide, because a run's total may exceed 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClauseSums {
    /// Persons with an entry.
    pub persons: u64,
    /// Claims with an entry.
    pub claims: u64,
    /// Accumulated base that ran through the bracket.
    pub base_moved: i128,
    /// Before the cap.
    pub gross: i128,
    /// Paid.
    pub paid: i128,
    /// Claims on which the cap cut.
    pub cap_binding: u64,
    /// What the cap cut off.
    pub cut_off: i128,
    /// Persons whose last claim of the year in it left the accumulated base under the deductible.
    pub under_deductible: u64,
}

impl ClauseSums {
    fn add(&mut self, other: &ClauseSums) {
        self.persons += other.persons;
        self.claims += other.claims;
        self.base_moved += other.base_moved;
        self.gross += other.gross;
        self.paid += other.paid;
        self.cap_binding += other.cap_binding;
        self.cut_off += other.cut_off;
        self.under_deductible += other.under_deductible;
    }
}

/// Every bracket and cover of a policy's years, numbered; and the number of an entry's.
#[derive(Clone, Debug, Default)]
pub struct ClauseIndex {
    /// By benefit year, then layer by layer as money flows, then as the policy file has them.
    pub clauses: Vec<Clause>,
    years: Vec<i32>,
    cites: usize,
    /// By year and cite: where its candidates begin in `numbers`.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl ClauseIndex {
    /// Numbers what the tables hold.
    pub fn new(tables: &Tables) -> Self {
        let mut index = Self { cites: tables.cites.len(), ..Self::default() };
        for year in &tables.years {
            index.years.push(year.year);
            let first = index.clauses.len();
            Listing { year: year.year, clauses: &mut index.clauses, first }.all(year);
            let of_year = &index.clauses[first..];
            for cite in 0..index.cites {
                index.starts.push(index.numbers.len() as u32);
                let cited = of_year.iter().zip(first as u32..).filter(|(c, _)| usize::from(c.cite) == cite);
                index.numbers.extend(cited.map(|(_, number)| number));
            }
        }
        index.starts.push(index.numbers.len() as u32);
        index
    }

    /// The number of the clause that an entry of a benefit year belongs to.
    #[inline]
    fn of(&self, year: i32, entry: &Entry) -> Option<usize> {
        let year = self.years.iter().position(|y| *y == year)?;
        let at = year * self.cites + usize::from(entry.cite);
        let (from, to) = (*self.starts.get(at)? as usize, *self.starts.get(at + 1)? as usize);
        let lo = entry.band.map(|b| b.lo);
        self.numbers[from..to].iter().map(|n| *n as usize).find(|n| {
            let clause = &self.clauses[*n];
            clause.layer == entry.layer && clause.bracket.map(|(lo, _)| lo) == lo
        })
    }
}

/// The clauses of one year, put one after the other.
struct Listing<'a> {
    year: i32,
    clauses: &'a mut Vec<Clause>,
    first: usize,
}

impl Listing<'_> {
    fn all(&mut self, tables: &YearTables) {
        // What is carried counts as catastrophic insurance, whichever layer the claim would belong to.
        let layers = [(Layer::Cii, tables.cii.as_ref()), (Layer::SpecialDrug, tables.special_drug.as_ref())];
        let carried = layers.iter().filter_map(|(_, l)| l.map(|l| l.cite));
        carried.chain(tables.cii.is_none().then_some(tables.ma.cite)).for_each(|c| self.step(Layer::Cii, c, None));
        layers.into_iter().for_each(|(name, layer)| self.schedules(name, layer));
        self.schedules(Layer::Ma, Some(&tables.ma));
        if let Some(major) = &tables.major {
            let held = |rank: &usize| major.identities & (1 << rank) != 0;
            let shares = (0..major.shares.len()).filter(held).map(|rank| major.shares[rank]);
            shares.for_each(|(ratio, cite)| self.step(Layer::MajorDisease, cite, Some(ratio)));
        }
        self.schedules(Layer::Ra, tables.ra.as_ref());
        tables.top_ups.iter().for_each(|c| self.step(Layer::TopUp, c.cite, Some(c.ratio_ppm)));
        tables.oocats.iter().for_each(|c| self.step(Layer::Oocat, c.cite, Some(c.ratio_ppm)));
    }

    fn schedules(&mut self, layer: Layer, table: Option<&LayerTable>) {
        for schedule in table.iter().flat_map(|t| &t.schedules) {
            for bracket in &schedule.brackets {
                self.put(Clause {
                    year: self.year,
                    layer,
                    cite: bracket.cite,
                    pool: Some(schedule.pool),
                    bracket: Some((bracket.lo, bracket.hi)),
                    ratio_ppm: Some(bracket.ratio_ppm),
                    cap: (schedule.cap != NO_LIMIT).then_some(schedule.cap),
                });
            }
        }
    }

    fn step(&mut self, layer: Layer, cite: u16, ratio_ppm: Option<i64>) {
        self.put(Clause { year: self.year, layer, cite, pool: None, bracket: None, ratio_ppm, cap: None });
    }

    /// Puts a clause once: a share that several identities get is one.
    fn put(&mut self, clause: Clause) {
        let same = |c: &Clause| {
            (c.layer, c.cite, c.bracket.map(|b| b.0)) == (clause.layer, clause.cite, clause.bracket.map(|b| b.0))
        };
        if !self.clauses[self.first..].iter().any(same) {
            self.clauses.push(clause);
        }
    }
}

/// Where the person at hand stands in a clause.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// Number of the person, from 1.
    person: u64,
    /// Claim of the person last counted.
    claim: u32,
    /// Claim last counted as cut.
    cut: Option<u32>,
    under: bool,
}

/// Counts of every clause.
#[derive(Clone, Debug, Default)]
pub struct ClauseTally {
    /// What is counted.
    pub index: ClauseIndex,
    sums: Vec<ClauseSums>,
    standing: Vec<Standing>,
    person: u64,
    /// Claim, layer and what its entries so far were paid.
    running: Option<(u32, Layer, i64)>,
}

impl ClauseTally {
    /// Nothing counted yet.
    pub fn new(tables: &Tables) -> Self {
        let index = ClauseIndex::new(tables);
        let clauses = index.clauses.len();
        Self {
            index,
            sums: vec![ClauseSums::default(); clauses],
            standing: vec![Standing::default(); clauses],
            ..Self::default()
        }
    }

    /// Turns to the next person.
    pub fn next_person(&mut self) {
        self.person += 1;
        self.running = None;
    }

    /// Counts an entry of the person at hand; the entries of a claim follow one another.
    #[inline]
    pub fn take(&mut self, year: i32, entry: &Entry) {
        let before = match self.running {
            Some((claim, layer, paid)) if claim == entry.claim && layer == entry.layer => paid,
            _ => 0,
        };
        self.running = Some((entry.claim, entry.layer, before + entry.paid));
        let Some(number) = self.index.of(year, entry) else {
            debug_assert!(false, "no clause for {entry:?} of {year}");
            return;
        };
        let (sums, standing) = (&mut self.sums[number], &mut self.standing[number]);
        if standing.person != self.person {
            sums.under_deductible += u64::from(standing.under);
            sums.persons += 1;
            sums.claims += 1;
            *standing = Standing { person: self.person, claim: entry.claim, cut: None, under: false };
        } else if standing.claim != entry.claim {
            sums.claims += 1;
            standing.claim = entry.claim;
        }
        if let Some(band) = entry.band {
            sums.base_moved += i128::from(band.to - band.from);
            let clause = &self.index.clauses[number];
            standing.under = clause.is_deductible() && clause.bracket.is_some_and(|(_, hi)| band.to < hi);
        }
        sums.gross += i128::from(entry.gross);
        sums.paid += i128::from(entry.paid);
        let cut = entry.cut_off(before);
        if cut > 0 {
            sums.cut_off += i128::from(cut);
            if standing.cut.replace(entry.claim) != Some(entry.claim) {
                sums.cap_binding += 1;
            }
        }
    }

    /// Adds another range of persons under the same tables.
    pub fn merge(&mut self, other: &ClauseTally) {
        if self.index.clauses.is_empty() {
            *self = other.clone();
            return;
        }
        let others = other.totals();
        self.sums.iter_mut().zip(others).for_each(|(mine, (_, theirs))| mine.add(&theirs));
    }

    /// Every clause with what it came to, in order.
    pub fn totals(&self) -> impl Iterator<Item = (Clause, ClauseSums)> {
        let last = self.sums.iter().zip(&self.standing).map(|(sums, standing)| ClauseSums {
            under_deductible: sums.under_deductible + u64::from(standing.under),
            ..*sums
        });
        self.index.clauses.iter().copied().zip(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::compile::{Needs, compile};
    use crate::policy::parameters::Parameters;
    use crate::settle::outcome::Band;

    fn tables() -> Tables {
        let policy = Policy::load("weihai-2023").unwrap();
        compile(&policy.doc, &Parameters::shipped().unwrap(), &[2023, 2024], Needs::default()).unwrap().tables
    }

    /// The rule of assistance that has a deductible, cited by its number.
    fn with_deductible(tables: &Tables) -> (u16, u16, i64, i64) {
        let schedule = tables.years[0].ma.schedules.iter().find(|s| s.brackets[0].ratio_ppm == 0).unwrap();
        let [under, above] = [0, 1].map(|b| schedule.brackets[b]);
        (under.cite, above.cite, under.hi, schedule.cap)
    }

    fn entry(claim: u32, cite: u16, band: (i64, i64, i64), gross: i64, cap: i64, paid: i64) -> Entry {
        let (from, to, lo) = band;
        Entry {
            claim,
            layer: Layer::Ma,
            identity: 0,
            cite,
            pool: 0,
            base: to - from,
            band: Some(Band { from, to, lo }),
            ratio_ppm: Some(500_000),
            gross,
            cap: Some(cap),
            cap_used: cap - paid,
            paid,
        }
    }

    #[test]
    fn every_bracket_of_every_year_is_numbered_once() {
        let tables = tables();
        let index = ClauseIndex::new(&tables);
        let brackets: usize = tables
            .years
            .iter()
            .flat_map(|y| [y.cii.as_ref(), y.special_drug.as_ref(), Some(&y.ma), y.ra.as_ref()])
            .flatten()
            .flat_map(|l| &l.schedules)
            .map(|s| s.brackets.len())
            .sum();
        assert_eq!(index.clauses.iter().filter(|c| c.bracket.is_some()).count(), brackets);
        assert!(index.clauses.is_sorted_by_key(|c| c.year));
    }

    #[test]
    fn persons_claims_and_what_the_cap_cut_are_counted_once() {
        let tables = tables();
        let (under, above, deductible, cap) = with_deductible(&tables);
        let mut tally = ClauseTally::new(&tables);
        // One person stays under the deductible, one passes it and meets the cap on two claims.
        tally.next_person();
        tally.take(2023, &entry(0, under, (0, deductible - 1, 0), 0, cap, 0));
        tally.next_person();
        tally.take(2023, &entry(0, under, (0, deductible, 0), 0, cap, 0));
        tally.take(2023, &entry(0, above, (deductible, deductible + 1_000, deductible), 500, cap, 200));
        tally.take(2023, &entry(1, above, (deductible + 1_000, deductible + 2_000, deductible), 500, cap, 0));
        let mut merged = ClauseTally::default();
        merged.merge(&tally);
        merged.merge(&tally);
        let found: Vec<ClauseSums> =
            merged.totals().filter(|(c, s)| c.year == 2023 && s.claims > 0).map(|(_, s)| s).collect();
        let [low, high] = found[..] else { panic!("{found:?}") };
        assert_eq!((low.persons, low.claims, low.under_deductible, low.cap_binding), (4, 4, 2, 0));
        assert_eq!((high.persons, high.claims, high.under_deductible, high.cap_binding), (2, 4, 0, 4));
        assert_eq!((high.base_moved, high.gross, high.paid, high.cut_off), (4_000, 2_000, 400, 1_600));
        assert!(merged.totals().filter(|(c, _)| c.year == 2024).all(|(_, s)| s == ClauseSums::default()));
    }
}
