//! One range of persons, its rows sorted: resolved, settled, and given as columns of the outputs. No I/O.

use super::error::RunError;
use super::subsidies::Residents;
use crate::ledger::intern::Texts;
use crate::ledger::marks::Packed;
use crate::ledger::reject::{Reject, RejectSource, place};
use crate::model::codes::Insutype;
use crate::model::date;
use crate::orders::{Examiner, OrderCounts};
use crate::output::files::{self, Context};
use crate::output::orders::orders;
use crate::persons::resolve::Resolver;
use crate::persons::sorted::{Reading, Sorted};
use crate::policy::eras::{Era, Eras};
use crate::policy::tables::{NO_RANK, Tables};
use crate::roster::Roster;
use crate::settle::clauses::ClauseTally;
use crate::settle::holdings::Holdings;
use crate::settle::several::Several;
use crate::settle::sink::{Sink, Totals};
use crate::settle::{Scratch, settle_person};
use arrow::record_batch::RecordBatch;
use std::collections::BTreeSet;

/// What is counted and set aside while persons are settled; ranges add up to the run.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) rejects: Vec<Reject>,
    pub(crate) totals: Totals,
    /// By policy; empty before the first range.
    pub(crate) clauses: Vec<ClauseTally>,
    pub(crate) orders: OrderCounts,
    pub(crate) years: BTreeSet<i32>,
    pub(crate) residents: Residents,
    /// Person, year and whether as a resident, for every claim of the roster's persons, as yet unmerged.
    pub(crate) of_roster: Vec<(u32, i32, bool)>,
    pub(crate) alert_counts: Vec<u64>,
    pub(crate) audit_rows: u64,
    pub(crate) other_years: u64,
    pub(crate) parts_mismatch: u64,
    pub(crate) identity_differs: u64,
}

impl Tally {
    /// Adds what another range tally.
    pub(crate) fn merge(&mut self, other: Tally) {
        self.totals.merge(&other.totals);
        if self.clauses.is_empty() {
            self.clauses = other.clauses;
        } else {
            self.clauses.iter_mut().zip(&other.clauses).for_each(|(mine, theirs)| mine.merge(theirs));
        }
        self.orders.add(&other.orders);
        self.rejects.extend(other.rejects);
        self.years.extend(other.years);
        other.of_roster.iter().for_each(|(person, year, resident)| self.residents.note(*person, *year, *resident));
        self.alert_counts.resize(self.alert_counts.len().max(other.alert_counts.len()), 0);
        self.alert_counts.iter_mut().zip(other.alert_counts).for_each(|(a, b)| *a += b);
        self.audit_rows += other.audit_rows;
        self.other_years += other.other_years;
        self.parts_mismatch += other.parts_mismatch;
        self.identity_differs += other.identity_differs;
    }
}

/// An output that grows range by range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Output {
    /// `settlement`.
    Settlement,
    /// `audit`.
    Audit,
    /// `orders`.
    Orders,
    /// `persons`.
    Persons,
    /// `alerts`.
    Alerts,
}

/// How ranges of persons are settled: the same for the whole run.
pub(crate) struct Settling<'a> {
    /// Only this charge year.
    pub(crate) year: Option<i32>,
    /// The policy outside its dates.
    pub(crate) as_if: bool,
    /// Give the audit.
    pub(crate) audit: bool,
    /// Give where the order of claims matters.
    pub(crate) orders: bool,
    pub(crate) eras: &'a Eras,
    pub(crate) context: Context<'a>,
    pub(crate) reading: &'a Reading,
    /// By policy; empty where there is no roster.
    pub(crate) rosters: &'a [Roster],
}

impl Settling<'_> {
    /// Resolves and settles the sorted rows of a range; `give` gets each output's columns in turn, whoever
    /// has no rows an empty batch.
    ///
    /// # Errors
    /// Those of `give`; [`RunError::Defect`] where a row does not conserve money.
    pub(crate) fn range(
        &self,
        rows: &mut Sorted<'_>,
        texts: &Texts,
        mut give: impl FnMut(Output, &RecordBatch) -> Result<(), RunError>,
    ) -> Result<Tally, RunError> {
        let context = Context { texts, ..self.context };
        match &*self.eras.all {
            [only] => rows.certify(|packed, _| certified(only, packed)),
            all => rows.certify(|packed, day| certified(&all[self.eras.of(day)], packed)),
        }
        let mut sink = Sink::new(&self.eras.all[0].tables, self.year, self.audit);
        sink.settlement.reserve(rows.rows());
        let mut tally = Tally::default();
        let mut examiner = self.orders.then(|| Examiner::new(self.eras, self.year));
        self.persons(rows, &mut sink, &mut tally, examiner.as_mut());
        if !files::conserves(&sink.settlement) {
            let message = "a settled row does not add up to its fee".to_owned();
            return Err(RunError::Defect { what: "conservation of money", message });
        }
        tally.alert_counts = vec![0; self.eras.names.alerts.len()];
        for alert in &sink.alerts {
            tally.alert_counts[usize::from(alert.alert)] += 1;
        }
        tally.audit_rows = sink.audit.row.len() as u64;
        tally.other_years = sink.other_years;
        tally.totals = sink.totals;
        tally.years = sink.years;
        let build = RunError::defect("building output columns");
        give(Output::Settlement, &files::settlement(context, rows, sink.settlement).map_err(&build)?)?;
        give(Output::Persons, &files::persons(context, rows, sink.persons).map_err(&build)?)?;
        give(Output::Alerts, &files::alerts(context, rows, &sink.alerts).map_err(&build)?)?;
        if self.audit {
            give(Output::Audit, &files::audit(context, rows, sink.audit).map_err(&build)?)?;
        }
        if let Some(examiner) = examiner {
            tally.orders = examiner.counts;
            give(Output::Orders, &orders(context, self.eras, rows, &examiner.rows).map_err(&build)?)?;
        }
        Ok(tally)
    }

    fn persons(&self, rows: &Sorted<'_>, sink: &mut Sink, tally: &mut Tally, mut examiner: Option<&mut Examiner<'_>>) {
        let eras = &self.eras.all;
        let claims = rows.claims();
        let periods = self.eras.periods();
        let periods = (!self.as_if).then_some(&*periods);
        let granted: Vec<u8> = eras.iter().map(|era| granted(&era.tables)).collect();
        let mut several = (eras.len() > 1).then(|| Several::new(self.eras, self.year, self.audit));
        let (mut resolver, mut scratch) = (Resolver::default(), Scratch::default());
        let (mut accepted, mut refused) = (Vec::new(), Vec::new());
        let mut at = None;
        for person in rows.persons() {
            accepted.clear();
            let first = person.start;
            resolver.resolve(rows, person, periods, &mut accepted, &mut refused);
            // All rosters of a run number their persons alike.
            let number = self.rosters.first().map(|r| r.find_from(&mut at, rows.psn_no(first)));
            let holdings = |policy: usize| match (self.rosters.get(policy), number) {
                (Some(roster), Some(Some(n))) => Holdings::Roster(roster.periods(n)),
                (Some(_), _) => Holdings::Roster(&[]),
                (None, _) => Holdings::Ledger { granted: granted[policy] },
            };
            match &mut several {
                _ if accepted.is_empty() => {}
                None => settle_person(&eras[0].tables, &claims, &accepted, holdings(0), &mut scratch, sink),
                Some(several) => several.person(&claims, &accepted, holdings, sink),
            }
            if let Some(examiner) = &mut examiner {
                examiner.person(&claims, &accepted, holdings, &mut scratch);
            }
            for a in accepted.iter().filter(|a| !a.reversed) {
                let row = a.row as usize;
                let packed = rows.packed(row);
                tally.parts_mismatch += u64::from(packed.parts_mismatch());
                let day = claims.day[row];
                if let Some(Some(n)) = number {
                    let noted = (n as u32, date::year_of(day), packed.insutype() != Insutype::Employee);
                    if eras[self.eras.of(day)].tables.year(noted.1).is_some() && tally.of_roster.last() != Some(&noted)
                    {
                        tally.of_roster.push(noted);
                    }
                }
                if !self.rosters.is_empty() && self.compares() {
                    let policy = self.eras.of(day);
                    let era = &eras[policy];
                    let held = holdings(policy).in_force(&era.tables, day, NO_RANK);
                    let rank = certified(era, packed);
                    let same = match rank {
                        NO_RANK => held == 0 && !packed.identity_unknown(),
                        rank => held & (1 << rank) != 0,
                    };
                    tally.identity_differs += u64::from(!same);
                }
            }
        }
        tally.clauses = match several {
            Some(several) => several.finish(sink),
            None => vec![std::mem::take(&mut sink.clauses)],
        };
        for refusal in refused {
            let row = refusal.row as usize;
            let (file, number) = place(rows.origin(row));
            tally.rejects.push(Reject {
                source: RejectSource::Ledger,
                psn_no: Some(Box::from(rows.psn_no(row))),
                setl_id: Some(Box::from(rows.setl_id(row))),
                reason: refusal.reason,
                detail: refusal.detail,
                file,
                row: number,
            });
        }
    }

    /// Whether the ledger carries identities that are compared with the roster's.
    fn compares(&self) -> bool {
        self.reading.has_identity
    }
}

/// The rank under a policy of the identity that the ledger carries.
fn certified(era: &Era, packed: Packed) -> u8 {
    packed.identity().map_or(NO_RANK, |i| era.tables.rank_of[i.index()])
}

/// The rank of the identity that a policy grants on application.
fn granted(tables: &Tables) -> u8 {
    tables.grant_lookback.iter().position(Option::is_some).map_or(NO_RANK, |r| r as u8)
}
