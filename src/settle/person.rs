//! One person's claims in time order in, settlement, audit, yearly totals and alerts out.
//!
//! [`settle_person`] is the kernel. It is pure: it reads columns and tables, writes columns, does no
//! I/O, and allocates nothing once its [`Scratch`] has grown.

use super::claims::Claims;
use super::holdings::Holdings;
use super::layers::Accumulators;
use super::outcome::{Entry, Money, Outcome};
use super::sink::{AlertRow, PersonYear, Take};
use super::year::{Live, NotTaken, Run, Year};
use crate::model::codes::{Channel, Status};
use crate::model::date;
use crate::policy::document::Measure;
use crate::policy::tables::{AlertClass, NO_RANK, Tables, YearTables};

/// An accepted row of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Row in the columns.
    pub row: u32,
    /// A refund, or the record that it cancels.
    pub reversed: bool,
}

/// Working memory of the kernel, reused from person to person.
#[derive(Debug, Default)]
pub struct Scratch {
    live: Vec<Live>,
    years: Vec<i32>,
    kept: Run,
    trial: Run,
    outcomes: Vec<Outcome>,
    audit: Vec<Entry>,
    person_years: Vec<PersonYear>,
    not_taken: Vec<NotTaken>,
    preferred: Vec<(i32, u8)>,
    calendar: date::Years,
}

/// Settles one person: `accepted` are the rows that count or are reversed, in the order
/// (`setl_time`, `setl_id`). Rows of years without tables are settled by nobody: the caller has
/// rejected them.
pub fn settle_person(
    tables: &Tables,
    claims: &Claims<'_>,
    accepted: &[Accepted],
    holdings: Holdings<'_>,
    scratch: &mut Scratch,
    sink: &mut impl Take,
) {
    let Scratch { live, years, kept, trial, outcomes, audit, person_years, not_taken, preferred, calendar } = scratch;
    years.clear();
    outcomes.clear();
    audit.clear();
    person_years.clear();
    not_taken.clear();
    preferred.clear();
    kept.grants.clear();
    kept.grants.resize(holdings.grant_slots(), Accumulators::default());
    let mut reversed = false;
    for a in accepted {
        let year = calendar.of(claims.day[a.row as usize]);
        reversed |= a.reversed;
        if !a.reversed && !years.contains(&year) {
            years.push(year);
        }
    }
    years.sort_unstable();
    // Nearly everybody has one year and no refund: then the year's outcomes are the person's.
    let whole = !reversed && years.len() == 1 && tables.year(years[0]).is_some();
    if !whole {
        outcomes.extend(accepted.iter().map(|a| Outcome::reversed(calendar.of(claims.day[a.row as usize]))));
    }
    for &year in years.iter() {
        let Some(year_tables) = tables.year(year) else { continue };
        live.clear();
        for (position, a) in accepted.iter().enumerate() {
            let row = a.row as usize;
            let day = claims.day[row];
            if whole || (!a.reversed && calendar.of(day) == year) {
                let held = holdings.in_force(tables, day, claims.identity[row]);
                live.push(Live { row: a.row, position: position as u32, held });
            }
        }
        if matches!(holdings, Holdings::Ledger { .. }) {
            // A grant that the ledger carries is one of its benefit year.
            kept.grants.fill(Accumulators::default());
        }
        let run = Year { tables, year: year_tables, claims, holdings, live };
        preferred.push((year, run.settle(kept, trial, not_taken)));
        alerts(year_tables, tables, live, &kept.outcomes, sink);
        for (l, outcome) in live.iter().zip(&kept.outcomes) {
            add_up(person_years, outcome, l.held);
        }
        if !whole {
            live.iter().zip(&kept.outcomes).for_each(|(l, outcome)| outcomes[l.position as usize] = *outcome);
            audit.extend_from_slice(&kept.audit);
        }
    }
    if whole {
        sink.person(accepted, claims, &kept.outcomes, &kept.audit);
    } else {
        // With years told by another date than the time order, entries of a later claim may come first.
        audit.sort_by_key(|e| e.claim);
        sink.person(accepted, claims, outcomes, audit);
    }
    person_years.sort_by_key(|p| p.charge_year);
    for person_year in person_years.iter_mut() {
        let year = person_year.charge_year;
        person_year.preferred = preferred.iter().find(|(y, _)| *y == year).map_or(NO_RANK, |(_, rank)| *rank);
        sink.person_year(accepted[0].row, person_year, not_taken.iter().filter(|n| n.year == year));
    }
}

/// Adds an outcome to its charge year.
fn add_up(person_years: &mut Vec<PersonYear>, outcome: &Outcome, held: u16) {
    let year = outcome.charge_year;
    let index = person_years.iter().position(|p| p.charge_year == year).unwrap_or_else(|| {
        person_years.push(PersonYear::new(year));
        person_years.len() - 1
    });
    let sums = &mut person_years[index];
    sums.held |= held;
    for (sum, fen) in sums.money.iter_mut().zip(outcome.money) {
        *sum += fen;
    }
    if let Some(channel) = outcome.channel {
        sums.payable[channel as usize] += outcome.get(Money::PayableMa);
    }
    debug_assert!(outcome.status != Status::Reversed && Channel::ALL.len() == sums.payable.len());
}

/// Raises the year's alerts: once a person, year and alert, at the first claim after which the
/// accumulated amount exceeds the threshold of the class in force on that claim.
fn alerts(year: &YearTables, tables: &Tables, live: &[Live], outcomes: &[Outcome], sink: &mut impl Take) {
    if year.alerts.is_empty() {
        return;
    }
    // Nothing measured is more than the fees.
    let fees = outcomes.iter().fold(0i64, |sum, o| sum.saturating_add(o.get(Money::MedfeeSumamt)));
    if year.alerts.iter().all(|rule| fees <= rule.threshold) {
        return;
    }
    let mut accumulated = [0i64; 4];
    let mut raised = 0u32;
    for (l, outcome) in live.iter().zip(outcomes) {
        for (sum, measure) in accumulated.iter_mut().zip(MEASURES) {
            *sum += measured(outcome, measure);
        }
        for rule in &year.alerts {
            let in_class = match rule.class {
                AlertClass::Holds(mask) => l.held & mask != 0,
                AlertClass::HoldsNone(mask) => l.held & mask == 0,
            };
            let amount = accumulated[rule.measure as usize];
            if in_class && amount > rule.threshold && raised & (1 << rule.alert) == 0 {
                raised |= 1 << rule.alert;
                sink.alert(AlertRow {
                    row: l.row,
                    year: year.year,
                    alert: rule.alert,
                    cite: rule.cite,
                    threshold: rule.threshold,
                    accumulated: amount,
                });
            }
        }
    }
    debug_assert!(tables.alerts.len() <= 32);
}

const MEASURES: [Measure; 4] =
    [Measure::AfterInsurance, Measure::AfterAssistance, Measure::TotalAfterInsurance, Measure::TotalAfterAssistance];

fn measured(outcome: &Outcome, measure: Measure) -> i64 {
    let get = |column| outcome.get(column);
    match measure {
        Measure::AfterInsurance => get(Money::BurdenAfterCii),
        Measure::AfterAssistance => (get(Money::BurdenAfterCii) - get(Money::MaPay) - get(Money::RaPay)).max(0),
        Measure::TotalAfterInsurance => {
            get(Money::MedfeeSumamt) - get(Money::BasicPay) - get(Money::CiiPay) - get(Money::SpecialDrugPay)
        }
        Measure::TotalAfterAssistance => get(Money::PsnBurden),
    }
}
