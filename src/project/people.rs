//! What cannot be added up: quantiles of what is left to people and of what they win or lose, and how much of
//! a fund goes to those who get most.

use super::cells::{ALL_IDENTITIES, LINE, NOBODY, parts_of};
use super::entries::{Head, Whose};
use super::pass::Persons;
use rayon::prelude::*;

/// Number of identities, nobody, and all.
pub const GROUPS: usize = ALL_IDENTITIES + 1;

/// The funds whose payees are looked at, by number: those that reimburse beyond basic insurance.
pub const PAYING: [usize; 3] = [2, 3, 4];

/// The baseline's persons and years, ready to be asked.
#[derive(Debug, Default)]
pub struct Standing {
    /// Burdens by identity and of all, ascending.
    burdens: [Vec<i64>; GROUPS],
    burden: Vec<i64>,
    identity: Vec<u8>,
    /// By person and year: the person's key.
    pub key: Vec<u64>,
    /// First number of each range of persons.
    pub starts: Vec<usize>,
    /// Payees of each of [`PAYING`] by number, with what they get in fen.
    payees: [Vec<(usize, i128)>; PAYING.len()],
}

impl Standing {
    /// Of the ranges of persons, in order.
    pub fn new(parts: Vec<Persons>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.starts.push(all.burden.len());
            all.burden.extend(part.burden);
            all.identity.extend(part.identity);
            all.key.extend(part.key);
        }
        for (burden, identity) in all.burden.iter().zip(&all.identity) {
            all.burdens[usize::from(*identity)].push(*burden);
            all.burdens[ALL_IDENTITIES].push(*burden);
        }
        all.burdens.iter_mut().for_each(|b| b.sort_unstable());
        all
    }

    /// Takes a payee of the baseline in; in the order of numbers.
    pub fn payee(&mut self, number: usize, cells: &[(u16, i128)]) {
        for (payees, paid) in self.payees.iter_mut().zip(paid_by_fund(cells)) {
            if paid > 0 {
                payees.push((number, paid));
            }
        }
    }
}

/// Whether a cell is of one of [`PAYING`].
#[inline]
pub fn is_paying(cell: u16) -> bool {
    PAYING.contains(&LINE[parts_of(cell).0].fund)
}

fn paid_by_fund(cells: &[(u16, i128)]) -> [i128; PAYING.len()] {
    let mut paid = [0; PAYING.len()];
    for (cell, money) in cells {
        let fund = LINE[parts_of(*cell).0].fund;
        if let Some(at) = PAYING.iter().position(|f| *f == fund) {
            paid[at] += money;
        }
    }
    paid
}

/// What entries of one scenario say of its people.
#[derive(Debug)]
pub struct Changes {
    whole: i64,
    /// By identity.
    groups: [Group; ALL_IDENTITIES],
    /// By fund: whose payment changed, by number, with their units and by how many units' money; new ones last.
    paid: [Vec<(usize, i64, i128)>; PAYING.len()],
    /// Persons that the baseline does not have.
    new: usize,
}

/// Persons and years of one identity that changed.
#[derive(Clone, Debug, Default)]
struct Group {
    won: Amounts,
    lost: Amounts,
    gone: Vec<i64>,
    come: Amounts,
}

impl Group {
    fn sort(&mut self, whole: i64) {
        let Self { won, lost, gone, come } = self;
        rayon::join(
            || rayon::join(|| won.sort(whole), || lost.sort(whole)),
            || rayon::join(|| gone.par_sort_unstable(), || come.sort(whole)),
        );
    }

    /// All groups as one. What is sorted in parts is sorted again in no time.
    fn all(groups: &[Group], whole: i64) -> Self {
        let mut all = Self::default();
        for group in groups {
            all.won.values.extend(&group.won.values);
            all.lost.values.extend(&group.lost.values);
            all.gone.extend(&group.gone);
            all.come.values.extend(&group.come.values);
        }
        let Self { won, lost, gone, come } = &mut all;
        rayon::join(
            || rayon::join(|| won.merge(whole), || lost.merge(whole)),
            || rayon::join(|| gone.sort(), || come.merge(whole)),
        );
        all
    }

    fn figures(&self, base: &[i64], whole: i64) -> Figures {
        let burden = Burdens { base, gone: &self.gone, come: &self.come, whole };
        Figures {
            won: [10, 50, 90].map(|p| self.won.quantile(p)),
            lost: [10, 50, 90].map(|p| self.lost.quantile(p)),
            burden: [50, 90, 99].map(|p| burden.quantile(p)),
        }
    }
}

impl Changes {
    /// Nothing yet, of a scenario in which a person is so many units.
    pub fn new(whole: i64) -> Self {
        Self { whole, groups: Default::default(), paid: Default::default(), new: 0 }
    }

    /// Takes an entry; `start` is the first number of its range of persons.
    pub fn take(&mut self, standing: &Standing, start: usize, head: Head, cells: &[(u16, i128)]) {
        let (number, before, identity) = match head.whose {
            Whose::Known(n) | Whose::Gone(n) => {
                let number = start + n as usize;
                (number, Some(standing.burden[number]), standing.identity[number])
            }
            Whose::New(_, identity) => {
                self.new += 1;
                (usize::MAX - self.new, None, identity)
            }
        };
        let after = (!matches!(head.whose, Whose::Gone(_))).then(|| before.unwrap_or(0) + head.burden);
        let group = &mut self.groups[usize::from(identity)];
        // Who keeps both burden and weight need not be moved.
        if head.burden != 0 || head.units != self.whole || before.is_none() || after.is_none() {
            group.gone.extend(before);
            group.come.values.extend(after.map(|burden| (burden, head.units)));
        }
        if before.is_some() && after.is_some() {
            match head.burden {
                0 => {}
                by if by < 0 => group.won.values.push((-by, head.units)),
                by => group.lost.values.push((by, head.units)),
            }
        }
        if cells.is_empty() {
            return;
        }
        for (paid, change) in self.paid.iter_mut().zip(paid_by_fund(cells)) {
            if change != 0 || head.units != self.whole {
                paid.push((number, if after.is_some() { head.units } else { self.whole }, change));
            }
        }
    }

    /// The figures, group by group.
    pub fn figures(mut self, standing: &Standing) -> ([Figures; GROUPS], [Top; PAYING.len()]) {
        let whole = self.whole;
        self.groups.iter_mut().for_each(|group| group.sort(whole));
        let all = Group::all(&self.groups, whole);
        let figures = std::array::from_fn(|n| {
            let group = self.groups.get(n).unwrap_or(&all);
            group.figures(&standing.burdens[n], whole)
        });
        let top = std::array::from_fn(|fund| top(&standing.payees[fund], &mut self.paid[fund], whole));
        (figures, top)
    }
}

/// Quantiles of a group; none where there is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Of what winners win: the 10th, 50th and 90th percentile, in fen.
    pub won: [Option<i64>; 3],
    /// Of what losers lose.
    pub lost: [Option<i64>; 3],
    /// Of what is left to people: the 50th, 90th and 99th.
    pub burden: [Option<i64>; 3],
}

/// How much of a fund goes to those who get most, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Top {
    /// Persons and years that the fund pays.
    pub payees: i64,
    /// A hundredth of them, those who get most.
    pub few: i64,
    /// What these get.
    pub paid: i128,
    /// What all get.
    pub all: i128,
}

/// The rank of a percentile among so many units: a hundredth of a part counts as one.
fn rank(percent: i64, units: i128) -> i128 {
    (units * i128::from(percent) + 99).div_euclid(100).max(1)
}

/// Amounts with units, once sorted ascending.
#[derive(Clone, Debug, Default)]
struct Amounts {
    values: Vec<(i64, i64)>,
    /// Units up to and with each; empty where each is the whole.
    up_to: Vec<i128>,
    whole: i64,
}

impl Amounts {
    fn sort(&mut self, whole: i64) {
        self.values.par_sort_unstable();
        self.count(whole);
    }

    /// Sorts what consists of sorted parts.
    fn merge(&mut self, whole: i64) {
        self.values.sort();
        self.count(whole);
    }

    fn count(&mut self, whole: i64) {
        self.whole = whole;
        if self.values.iter().any(|(_, units)| *units != whole) {
            let sum = |sum: &mut i128, (_, units): &(i64, i64)| {
                *sum += i128::from(*units);
                Some(*sum)
            };
            self.up_to = self.values.iter().scan(0, sum).collect();
        }
    }

    /// Units of the first so many.
    fn units_of(&self, count: usize) -> i128 {
        match (count, self.up_to.is_empty()) {
            (0, _) => 0,
            (n, true) => n as i128 * i128::from(self.whole),
            (n, false) => self.up_to[n - 1],
        }
    }

    fn units(&self) -> i128 {
        self.units_of(self.values.len())
    }

    /// Units at or below a value.
    fn below(&self, value: i64) -> i128 {
        self.units_of(self.values.partition_point(|(v, _)| *v <= value))
    }

    fn quantile(&self, percent: i64) -> Option<i64> {
        let wanted = rank(percent, self.units());
        let (mut from, mut to) = (0, self.values.len());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.units_of(middle + 1) < wanted { from = middle + 1 } else { to = middle }
        }
        self.values.get(from).map(|(v, _)| *v)
    }
}

/// What is left to people: as under the baseline, but for those who went, and those who came.
struct Burdens<'a> {
    base: &'a [i64],
    gone: &'a [i64],
    come: &'a Amounts,
    whole: i64,
}

impl Burdens<'_> {
    fn below(&self, value: i64) -> i128 {
        let stayed = self.base.partition_point(|b| *b <= value) - self.gone.partition_point(|b| *b <= value);
        stayed as i128 * i128::from(self.whole) + self.come.below(value)
    }

    /// The least amount at or below which so many are.
    fn quantile(&self, percent: i64) -> Option<i64> {
        let highest = [self.base.last(), self.come.values.last().map(|(v, _)| v)].into_iter().flatten().max()?;
        let units = self.below(*highest);
        if units == 0 {
            return None;
        }
        let wanted = rank(percent, units);
        let (mut from, mut to) = (-1, *highest);
        // Below `from` there are too few, at `to` there are enough.
        while to - from > 1 {
            let middle = from + (to - from) / 2;
            if self.below(middle) < wanted { from = middle } else { to = middle }
        }
        Some(to)
    }
}

/// Those who get most, once changes by number are laid over the baseline's payees.
fn top(base: &[(usize, i128)], changes: &mut [(usize, i64, i128)], whole: i64) -> Top {
    changes.sort_unstable_by_key(|(number, ..)| *number);
    let mut paid: Vec<(i128, i64)> = Vec::with_capacity(base.len() + changes.len());
    let (mut base, mut changes) = (base.iter().peekable(), changes.iter().peekable());
    loop {
        let (number, before) = match (base.peek(), changes.peek()) {
            (None, None) => break,
            (Some((b, paid)), Some((c, ..))) if b <= c => (*b, *paid),
            (Some((b, paid)), None) => (*b, *paid),
            (_, Some((c, ..))) => (*c, 0),
        };
        base.next_if(|(b, _)| *b == number);
        let change = changes.next_if(|(c, ..)| *c == number);
        let units = change.map_or(whole, |(_, units, _)| *units);
        let money = before * i128::from(whole) + change.map_or(0, |(.., change)| *change);
        if money > 0 && units > 0 {
            paid.push((money, units));
        }
    }
    let payees: i128 = paid.iter().map(|(_, units)| i128::from(*units)).sum();
    let all = paid.iter().map(|(money, _)| money).sum();
    if payees == 0 {
        return Top::default();
    }
    // By what one person gets: money by units, the larger first.
    paid.sort_unstable_by(|a, b| (b.0 * i128::from(a.1)).cmp(&(a.0 * i128::from(b.1))));
    let few = rank(1, payees.div_euclid(i128::from(whole)).max(1)) * i128::from(whole);
    let (mut taken, mut sum) = (0, 0);
    for (money, units) in paid {
        if taken >= few {
            break;
        }
        taken += i128::from(units);
        sum += money;
    }
    Top { payees: payees as i64, few: taken as i64, paid: sum, all }
}

const _: () = assert!(NOBODY < ALL_IDENTITIES);

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(values: Vec<(i64, i64)>) -> Amounts {
        let mut amounts = Amounts { values, ..Amounts::default() };
        amounts.sort(1);
        amounts
    }

    fn plain(values: &[i64]) -> Amounts {
        sorted(values.iter().map(|v| (*v, 1)).collect())
    }

    #[test]
    fn a_quantile_is_the_value_of_that_rank() {
        let values: Vec<i64> = (1..=200).map(|n| n * 3).collect();
        let amounts = plain(&values);
        for (percent, at) in [(10, 20), (50, 100), (90, 180), (99, 198)] {
            assert_eq!(amounts.quantile(percent), Some(values[at - 1]), "{percent}");
        }
        assert_eq!(plain(&[7]).quantile(1), Some(7));
        assert_eq!(plain(&[]).quantile(50), None);
        assert_eq!(plain(&[1, 2, 3]).quantile(50), Some(2));
        assert_eq!(plain(&[1, 2, 3, 4]).quantile(50), Some(2));
    }

    #[test]
    fn burdens_with_some_gone_and_some_come_are_as_if_listed() {
        let base = [0, 0, 3, 5, 5, 8, 13, 21];
        let gone = [0, 5, 21];
        let come = [1, 5, 40];
        let mut listed = vec![0, 3, 5, 8, 13];
        listed.extend(come);
        let listed = plain(&listed);
        let burdens = Burdens { base: &base, gone: &gone, come: &plain(&come), whole: 1 };
        for percent in 1..=100 {
            assert_eq!(burdens.quantile(percent), listed.quantile(percent), "{percent}");
        }
        let nobody = Burdens { base: &[4], gone: &[4], come: &plain(&[]), whole: 1 };
        assert_eq!(nobody.quantile(50), None);
    }

    #[test]
    fn a_person_of_two_units_counts_twice() {
        let twice = sorted(vec![(1, 1), (5, 2), (9, 1)]);
        let listed = plain(&[1, 5, 5, 9]);
        for percent in 1..=100 {
            assert_eq!(twice.quantile(percent), listed.quantile(percent), "{percent}");
        }
    }

    #[test]
    fn those_who_get_most_are_found_once_changes_are_laid_over() {
        let base: Vec<(usize, i128)> = (0..150).map(|n| (n * 2, 10 + n as i128)).collect();
        let found = top(&base, &mut [], 1);
        assert_eq!((found.payees, found.few, found.paid), (150, 2, 159 + 158));
        // One more payee in between, one gone, one much dearer.
        let mut changes = [(299, 1, 500), (4, 1, 1_000), (0, 1, -10), (usize::MAX - 1, 1, 7)];
        let found = top(&base, &mut changes, 1);
        assert_eq!((found.payees, found.few, found.paid), (151, 2, 1_012 + 500));
        assert_eq!(found.all, base.iter().map(|(_, p)| p).sum::<i128>() + 500 + 1_000 - 10 + 7);
    }
}
