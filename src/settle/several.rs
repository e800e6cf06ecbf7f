//! Persons whose claims lie under several policies: each policy settles its own claims, and what they
//! say is brought together under the run's names.
//!
//! The kernel is called once a policy, with that policy's claims alone; so everything that a year
//! accumulates starts afresh where the policy changes, also in mid-year.

use super::claims::Claims;
use super::clauses::ClauseTally;
use super::holdings::Holdings;
use super::person::{Accepted, Scratch, settle_person};
use super::sink::{AlertRow, PersonYear, Sink};
use crate::policy::eras::{Era, Eras, Numbers};
use crate::policy::tables::NO_RANK;
use std::collections::BTreeMap;

/// Settles persons policy by policy. Reused from person to person.
pub struct Several<'a> {
    eras: &'a Eras,
    parts: Vec<Part>,
    scratch: Scratch,
    order: Vec<(u32, usize, usize)>,
    years: BTreeMap<i32, PersonYear>,
}

/// What one policy says of the person at hand; its totals are those of all persons so far.
struct Part {
    accepted: Vec<Accepted>,
    sink: Sink,
}

impl<'a> Several<'a> {
    /// For the policies of a run, in the order of their dates.
    pub fn new(eras: &'a Eras, only_year: Option<i32>, audited: bool) -> Self {
        let part = |era: &Era| Part { accepted: Vec::new(), sink: Sink::new(&era.tables, only_year, audited) };
        Self {
            eras,
            parts: eras.all.iter().map(part).collect(),
            scratch: Scratch::default(),
            order: Vec::new(),
            years: BTreeMap::new(),
        }
    }

    /// Settles one person into `sink`; `holdings` by number of the policy. Claims carry the ledger's
    /// identities in the ranks of the policy that takes their day.
    pub fn person<'h>(
        &mut self,
        claims: &Claims<'_>,
        accepted: &[Accepted],
        holdings: impl Fn(usize) -> Holdings<'h>,
        sink: &mut Sink,
    ) {
        for part in &mut self.parts {
            part.accepted.clear();
            part.sink.clear();
        }
        for a in accepted {
            self.parts[self.eras.of(claims.day[a.row as usize])].accepted.push(*a);
        }
        for (number, (part, era)) in self.parts.iter_mut().zip(&self.eras.all).enumerate() {
            if !part.accepted.is_empty() {
                let (accepted, scratch) = (&part.accepted, &mut self.scratch);
                settle_person(&era.tables, claims, accepted, holdings(number), scratch, &mut part.sink);
            }
        }
        self.settlement(sink);
        self.audit(sink);
        self.person_years(sink);
        for (part, era) in self.parts.iter().zip(&self.eras.all) {
            sink.alerts.extend(part.sink.alerts.iter().map(|alert| AlertRow {
                alert: era.numbers.alert(alert.alert),
                cite: era.numbers.cite(alert.cite),
                ..*alert
            }));
        }
    }

    /// Every row of the parts as (row of the claims, part, position): in time order, whichever date
    /// decides the policy.
    fn order(&mut self, rows: impl Fn(&Sink) -> &[u32]) {
        self.order.clear();
        for (number, part) in self.parts.iter().enumerate() {
            self.order.extend(rows(&part.sink).iter().enumerate().map(|(at, row)| (*row, number, at)));
        }
        self.order.sort_unstable();
    }

    fn settlement(&mut self, sink: &mut Sink) {
        self.order(|s| &s.settlement.row);
        sink.totals.persons += u64::from(!self.order.is_empty());
        let to = &mut sink.settlement;
        for &(row, number, at) in &self.order {
            let (from, numbers) = (&self.parts[number].sink.settlement, &self.eras.all[number].numbers);
            to.row.push(row);
            to.benefit_year.push(from.benefit_year[at]);
            to.charge_year.push(from.charge_year[at]);
            to.identity.push(numbers.rank(from.identity[at]));
            to.status.push(from.status[at]);
            to.reason.push(from.reason[at]);
            to.channel.push(from.channel[at]);
            to.notes.push(numbers.notes(from.notes[at]));
            to.money.iter_mut().zip(&from.money).for_each(|(to, from)| to.push(from[at]));
        }
    }

    fn audit(&mut self, sink: &mut Sink) {
        self.order(|s| &s.audit.row);
        for &(row, number, at) in &self.order {
            let (from, numbers) = (&self.parts[number].sink.audit, &self.eras.all[number].numbers);
            let mut entry = from.entry[at];
            entry.identity = numbers.rank(entry.identity);
            entry.cite = numbers.cite(entry.cite);
            entry.pool = numbers.pool(entry.pool);
            sink.audit.row.push(row);
            sink.audit.step.push(from.step[at]);
            sink.audit.entry.push(entry);
        }
    }

    /// One row a charge year: sums, identities of all policies, the preferred one of the last policy
    /// that has one, and the runs not taken under each.
    fn person_years(&mut self, sink: &mut Sink) {
        self.years.clear();
        let mut row = None;
        let mut not_taken: BTreeMap<i32, Vec<String>> = BTreeMap::new();
        for (part, era) in self.parts.iter().zip(&self.eras.all) {
            let persons = &part.sink.persons;
            for ((year, runs), of) in persons.year.iter().zip(&persons.runs_not_taken).zip(&persons.row) {
                row = row.or(Some(*of));
                let sums = self.years.entry(year.charge_year).or_insert_with(|| PersonYear::new(year.charge_year));
                add(sums, year, &era.numbers);
                if let Some(runs) = runs {
                    let shared = self.eras.in_year(year.charge_year).nth(1).is_some();
                    let named = |run: &str| format!("{}:{run}", era.tables.policy);
                    let runs = runs.split("; ").map(|run| if shared { named(run) } else { run.to_owned() });
                    not_taken.entry(year.charge_year).or_default().extend(runs);
                }
            }
        }
        let Some(row) = row else { return };
        for (year, sums) in std::mem::take(&mut self.years) {
            sink.persons.row.push(row);
            sink.persons.runs_not_taken.push(not_taken.remove(&year).map(|runs| runs.join("; ")));
            sink.persons.year.push(sums);
        }
    }

    /// Hands over what was added up over all persons; what each policy's clauses did by itself.
    pub fn finish(self, sink: &mut Sink) -> Vec<ClauseTally> {
        for (part, Era { numbers, .. }) in self.parts.iter().zip(&self.eras.all) {
            let Sink { years, totals, other_years, .. } = &part.sink;
            sink.years.extend(years);
            sink.other_years += other_years;
            sink.totals.merge_as(totals, |rank| numbers.rank(rank));
        }
        self.parts.into_iter().map(|part| part.sink.clauses).collect()
    }
}

/// Adds a policy's part of a charge year.
fn add(sums: &mut PersonYear, part: &PersonYear, numbers: &Numbers) {
    sums.held |= numbers.mask(part.held);
    if part.preferred != NO_RANK {
        sums.preferred = numbers.rank(part.preferred);
    }
    sums.money.iter_mut().zip(part.money).for_each(|(sum, fen)| *sum += fen);
    sums.payable.iter_mut().zip(part.payable).for_each(|(sum, fen)| *sum += fen);
}
