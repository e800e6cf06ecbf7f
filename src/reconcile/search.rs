//! Which hypotheses reproduce what was paid: one if one does, else two, else as much as one explains.

use super::cause::Cause;
use super::hypothesis::{Hypothesis, Missing};
use super::measure::{ByLayer, Measures, Vector, is_nought, minus};
use super::variants::Variants;
use super::world::{Bench, History, Settlement, World};
use crate::policy::eras::Eras;
use std::collections::BTreeMap;

/// Hypotheses that are tried two at a time, at most so many.
pub const PAIRED: usize = 24;

/// What is known of a person's payments in a year.
pub struct Question<'a> {
    /// The person.
    pub history: &'a History,
    /// What the paid side states.
    pub measures: &'a Measures,
    /// Charge year.
    pub year: i32,
    /// What was paid.
    pub paid: Vector,
    /// What of it was paid on claims that this run does not have.
    pub elsewhere: Vector,
    /// What was paid on each record, where that is known.
    pub by_record: Option<&'a BTreeMap<u32, Vector>>,
    /// Records that the other run does not have.
    pub missing: Option<&'a Missing>,
}

/// A cause with its part of the gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The cause.
    pub cause: Cause,
    /// The change to the kernel's input that shows it; none where there is none.
    pub hypothesis: Option<Hypothesis>,
    /// The hypothesis that was applied before this one, if any.
    pub after: Option<Hypothesis>,
    /// Paid less due, as far as this cause goes.
    pub amount: Vector,
    /// Together with the other causes of the year it reproduces what was paid to the fen.
    pub exact: bool,
    /// Other causes that reproduce it as well.
    pub also_fits: Vec<String>,
    /// Records whose payment it changes, with the change.
    pub records: Vec<(u32, Vector)>,
}

/// A person's hypotheses with what each would have paid.
pub struct Trials {
    /// As it is due.
    pub due: Settlement,
    /// In the documented order.
    pub trials: Vec<(Hypothesis, Settlement)>,
}

impl Trials {
    /// Settles a person under every hypothesis by itself, but for those that what was `paid_on` a record
    /// contradicts.
    pub fn new(
        bench: &mut Bench<'_>,
        history: &History,
        due: Settlement,
        missing: Option<&Missing>,
        paid_on: &dyn Fn(u32) -> bool,
    ) -> Self {
        let mut trials = Vec::new();
        let mut all = Hypothesis::all(history, &due, bench.variants(), missing);
        all.retain(|h| !matches!(h, Hypothesis::RecordNotPaid(r) | Hypothesis::RecordNotSeen(r) if paid_on(*r)));
        for hypothesis in all {
            // What is withheld needs no settling anew.
            let settled = match hypothesis.withheld() {
                Some(what) => Some(due.without(what)),
                None => {
                    let mut world = history.world();
                    hypothesis.apply(&mut world, history, bench.variants().eras(), missing);
                    bench.settle(&world, false)
                }
            };
            if let Some(settled) = settled.filter(|settled| !same(settled, &due)) {
                trials.push((hypothesis, settled));
            }
        }
        Self { due, trials }
    }
}

/// Whether two settlements pay the same on every record.
fn same(a: &Settlement, b: &Settlement) -> bool {
    fn paid(s: &Settlement) -> impl Iterator<Item = (u32, i32, ByLayer)> + '_ {
        let paid = s.claims.iter().filter(|c| c.layers.iter().any(|f| *f != 0));
        paid.map(|c| (c.record, c.charge_year, c.layers))
    }
    if paid(a).eq(paid(b)) {
        return true;
    }
    let sorted = |s| {
        let mut paid: Vec<_> = paid(s).collect();
        paid.sort_unstable();
        paid
    };
    sorted(a) == sorted(b)
}

impl Question<'_> {
    fn sum(&self, settled: &Settlement) -> Vector {
        self.measures.of(&settled.year(self.year))
    }

    /// Whether a settlement pays on every record what was paid there.
    fn record_by_record(&self, settled: &Settlement) -> bool {
        let Some(by_record) = self.by_record else { return false };
        self.each_record(settled).all(|(record, paid)| paid == by_record.get(&record).copied().unwrap_or_default())
    }

    /// Every record of the person, and what a settlement pays on it.
    fn each_record(&self, settled: &Settlement) -> impl Iterator<Item = (u32, Vector)> {
        let records = settled.records(self.history.records.len(), self.year);
        (0u32..).zip(records).map(|(record, layers)| (record, self.measures.of(&layers)))
    }

    /// Records on which two settlements differ.
    fn moved(&self, before: &Settlement, after: &Settlement) -> Vec<(u32, Vector)> {
        let both = self.each_record(before).zip(self.each_record(after));
        let deltas = both.map(|((record, before), (_, after))| (record, minus(&after, &before)));
        deltas.filter(|(_, d)| !is_nought(d)).collect()
    }

    /// Whether what was paid is what a settlement pays but for less than a fen a row: row by row where it is
    /// known what was paid on each, else in sum.
    fn rounds(&self, paid: &Vector, settled: &Settlement) -> bool {
        let paying = settled.claims.iter().filter(|c| c.charge_year == self.year && c.layers.iter().any(|f| *f != 0));
        let rows = paying.count() as u64;
        let row_by_row = self.by_record.is_none_or(|by_record| {
            self.each_record(settled).all(|(record, paid)| {
                let stated = by_record.get(&record).copied().unwrap_or_default();
                minus(&stated, &paid).iter().all(|fen| fen.unsigned_abs() <= 1)
            })
        });
        row_by_row && minus(paid, &self.sum(settled)).iter().all(|fen| fen.unsigned_abs() <= rows)
    }

    /// Whether a hypothesis pays what was paid only because it carries the recorded payments of claims whose
    /// catastrophic payment is computed when nothing goes wrong: then it would fit whatever was recorded.
    fn carried(&self, bench: &mut Bench<'_>, hypothesis: Hypothesis, due: &Settlement, paid: &Vector) -> bool {
        let without = |world: &mut World, records: &dyn Fn(u32) -> bool| {
            world.lines.iter_mut().filter(|l| records(l.record)).for_each(|l| l.claim.recorded_cii = 0);
        };
        let catastrophic = |s: &Settlement| -> Vec<i64> {
            let records = s.records(self.history.records.len(), self.year);
            records.iter().map(|layers| layers[..2].iter().sum()).collect()
        };
        let mut plain = self.history.world();
        without(&mut plain, &|_| true);
        let Some(bare) = bench.settle(&plain, false) else { return false };
        let mut world = self.history.world();
        hypothesis.apply(&mut world, self.history, bench.variants().eras(), self.missing);
        let (bare, due) = (catastrophic(&bare), catastrophic(due));
        without(&mut world, &|record| bare[record as usize] == due[record as usize]);
        bench.settle(&world, false).is_some_and(|settled| self.sum(&settled) != *paid)
    }
}

/// Names the causes of a gap; their amounts add up to it.
pub fn investigate(bench: &mut Bench<'_>, trials: &Trials, question: &Question<'_>) -> Vec<Explained> {
    let due = question.sum(&trials.due);
    let mut found = Vec::new();
    if !is_nought(&question.elsewhere) {
        found.push(bare(Cause::NotInThisRun, question.elsewhere));
    }
    let paid = minus(&question.paid, &question.elsewhere);
    let gap = minus(&paid, &due);
    if is_nought(&gap) {
        found.iter_mut().for_each(|e| e.exact = true);
        return found;
    }
    let causes = found.len();
    one(bench, trials, question, &paid, &mut found);
    if found.len() == causes {
        two(bench, trials, question, &paid, &mut found);
    }
    if found.len() == causes {
        nearly(bench.variants(), trials, question, &paid, &mut found);
    }
    if found.len() == causes {
        partly(bench.variants(), trials, question, &gap, &mut found);
    }
    let exact = found.iter().all(|e| e.cause != Cause::Unexplained);
    found.iter_mut().for_each(|e| e.exact = exact);
    found
}

fn bare(cause: Cause, amount: Vector) -> Explained {
    Explained { cause, hypothesis: None, after: None, amount, exact: false, also_fits: Vec::new(), records: Vec::new() }
}

/// One hypothesis, or rounding, that reproduces what was paid. Of several one that does so record by record
/// goes before others, then one that computes what was paid before one that carries it, then the documented
/// order.
fn one(bench: &mut Bench<'_>, trials: &Trials, question: &Question<'_>, paid: &Vector, found: &mut Vec<Explained>) {
    let variants = bench.variants();
    let due = question.sum(&trials.due);
    let gap = minus(paid, &due);
    let fits: Vec<&(Hypothesis, Settlement)> =
        trials.trials.iter().filter(|(_, settled)| question.sum(settled) == *paid).collect();
    let mut ranked: Vec<(bool, bool, usize)> = Vec::with_capacity(fits.len());
    for (number, (hypothesis, settled)) in fits.iter().enumerate() {
        let carried = fits.len() > 1 && question.carried(bench, *hypothesis, &trials.due, paid);
        ranked.push((!question.record_by_record(settled), carried, number));
    }
    let best = ranked.iter().min().copied();
    let rounds = question.rounds(paid, &trials.due);
    // A fen here and there speaks for rounding, unless something else reproduces every record.
    let chosen = best.filter(|(sum_only, ..)| !rounds || !sum_only).map(|(.., number)| fits[number]);
    // Where every record speaks for one, what fits the sum alone does not fit as well.
    let as_well = ranked.iter().filter(|(sum_only, ..)| best.is_some_and(|b| b.0 || !sum_only));
    let mut also: Vec<Cause> = as_well.map(|(.., number)| fits[*number].0.cause(variants)).collect();
    let explained = match chosen {
        Some((hypothesis, settled)) => {
            also.extend(rounds.then_some(Cause::Rounding));
            Explained {
                hypothesis: Some(*hypothesis),
                records: question.moved(&trials.due, settled),
                ..bare(hypothesis.cause(variants), gap)
            }
        }
        None if rounds => bare(Cause::Rounding, gap),
        None => return,
    };
    also.sort_unstable();
    also.dedup();
    also.retain(|c| *c != explained.cause);
    found.push(Explained { also_fits: also.iter().map(|c| c.as_str().to_owned()).collect(), ..explained });
}

/// Two hypotheses that together reproduce what was paid, each of which moves something.
fn two(bench: &mut Bench<'_>, trials: &Trials, question: &Question<'_>, paid: &Vector, found: &mut Vec<Explained>) {
    let due = question.sum(&trials.due);
    let mut candidates: Vec<&(Hypothesis, Settlement)> = Vec::new();
    for trial in &trials.trials {
        let moves = question.sum(&trial.1) != due;
        if moves && candidates.len() < PAIRED && !candidates.iter().any(|c| same(&c.1, &trial.1)) {
            candidates.push(trial);
        }
    }
    let variants = bench.variants();
    let mut fits: Vec<(&Hypothesis, &Settlement, Hypothesis, Settlement)> = Vec::new();
    for (n, (first, alone)) in candidates.iter().enumerate() {
        for (second, _) in &candidates[n + 1..] {
            let mut world = question.history.world();
            first.apply(&mut world, question.history, variants.eras(), question.missing);
            second.apply(&mut world, question.history, variants.eras(), question.missing);
            let Some(both) = bench.settle(&world, false) else { continue };
            if question.sum(&both) == *paid && question.sum(alone) != *paid {
                fits.push((first, alone, *second, both));
            }
        }
    }
    let by_record = fits.iter().position(|(.., both)| question.record_by_record(both));
    let Some(chosen) = by_record.or((!fits.is_empty()).then_some(0)) else { return };
    let name = |(first, _, second, _): &(&Hypothesis, &Settlement, Hypothesis, Settlement)| {
        format!("{}+{}", first.cause(variants), second.cause(variants))
    };
    let mine = name(&fits[chosen]);
    let mut also: Vec<String> = Vec::new();
    let as_well = fits.iter().filter(|(.., both)| by_record.is_none() || question.record_by_record(both));
    for other in as_well.map(name).filter(|n| *n != mine) {
        if !also.contains(&other) {
            also.push(other);
        }
    }
    let (first, alone, second, both) = &fits[chosen];
    let after_first = question.sum(alone);
    found.push(Explained {
        hypothesis: Some(**first),
        also_fits: also.clone(),
        records: question.moved(&trials.due, alone),
        ..bare(first.cause(variants), minus(&after_first, &due))
    });
    found.push(Explained {
        hypothesis: Some(*second),
        after: Some(**first),
        also_fits: also,
        records: question.moved(alone, both),
        ..bare(second.cause(variants), minus(paid, &after_first))
    });
}

/// One hypothesis, and rounding on top of it.
fn nearly(variants: &Variants, trials: &Trials, question: &Question<'_>, paid: &Vector, found: &mut Vec<Explained>) {
    let due = question.sum(&trials.due);
    let fits: Vec<&(Hypothesis, Settlement)> = trials
        .trials
        .iter()
        .filter(|(_, settled)| question.sum(settled) != due && question.rounds(paid, settled))
        .collect();
    let Some((hypothesis, settled)) = fits.first() else { return };
    let cause = hypothesis.cause(variants);
    let mut also: Vec<Cause> = fits.iter().map(|(h, _)| h.cause(variants)).filter(|c| *c != cause).collect();
    also.sort_unstable();
    also.dedup();
    let also: Vec<String> = also.iter().map(|c| format!("{c}+{}", Cause::Rounding)).collect();
    let reached = question.sum(settled);
    found.push(Explained {
        hypothesis: Some(*hypothesis),
        also_fits: also.clone(),
        records: question.moved(&trials.due, settled),
        ..bare(cause, minus(&reached, &due))
    });
    found.push(Explained { also_fits: also, ..bare(Cause::Rounding, minus(paid, &reached)) });
}

/// The hypothesis that explains most of the gap without going beyond it, and the rest.
fn partly(variants: &Variants, trials: &Trials, question: &Question<'_>, gap: &Vector, found: &mut Vec<Explained>) {
    let due = question.sum(&trials.due);
    let within =
        |part: &Vector| part.iter().zip(gap).all(|(part, gap)| part * gap.signum() >= 0 && part.abs() <= gap.abs());
    let mut best: Option<(i64, &Hypothesis, &Settlement, Vector)> = None;
    for (hypothesis, settled) in &trials.trials {
        let part = minus(&question.sum(settled), &due);
        let share: i64 = part.iter().map(|fen| fen.abs()).sum();
        // Of equal shares the first in the documented order stays.
        if share > 0 && within(&part) && best.as_ref().is_none_or(|b| share > b.0) {
            best = Some((share, hypothesis, settled, part));
        }
    }
    let mut rest = *gap;
    if let Some((_, hypothesis, settled, part)) = best {
        rest = minus(gap, &part);
        found.push(Explained {
            hypothesis: Some(*hypothesis),
            records: question.moved(&trials.due, settled),
            ..bare(hypothesis.cause(variants), part)
        });
    }
    found.push(bare(Cause::Unexplained, rest));
}

/// The worlds before and after a cause, for its clause.
pub fn worlds(question: &Question<'_>, explained: &Explained, eras: &Eras) -> Option<(World, World)> {
    let hypothesis = explained.hypothesis?;
    let mut before = question.history.world();
    if let Some(first) = explained.after {
        first.apply(&mut before, question.history, eras, question.missing);
    }
    let mut after = before.clone();
    hypothesis.apply(&mut after, question.history, eras, question.missing);
    Some((before, after))
}
