//! Contribution subsidies, worked out once more (R13, R29, R41): by the identity in force on 1 January, the
//! best of several, for whoever is on the roster in a year in which anybody has a claim that counts.

use super::histories::counts::deciding_day;
use super::histories::history::History;
use super::histories::holds::{in_force, stretches};
use super::histories::person::Person;
use super::histories::schedule::{NOUGHT, Reader, half_up};
use super::histories::town::{Town, is_one_of};
use onestop::model::codes::{Identity, Insutype};
use onestop::model::date;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// A subsidy of a person and year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subsidy {
    /// The year.
    pub year: i32,
    /// The identity that it is given for.
    pub identity: Identity,
    /// The contribution's own part.
    pub standard: Decimal,
    /// What is paid of it.
    pub subsidy: Decimal,
    /// Where it stands.
    pub clause: String,
}

/// Benefit years and insurance types of a person's claims that count.
pub fn claimed(town: &Town, history: &History, person: &Person) -> Vec<(i32, Insutype)> {
    let of = |row: &usize| {
        let row = &history.rows[*row];
        (date::year_of(deciding_day(town, row)), row.claim.insutype)
    };
    person.outcomes.keys().map(of).collect()
}

/// A person's subsidies in these years.
pub fn subsidies(town: &Town, history: &History, own: &[(i32, Insutype)], years: &BTreeSet<i32>) -> Vec<Subsidy> {
    let roster = history.roster.as_deref().unwrap_or(&[]);
    let stretches: Vec<_> = stretches(town, roster).into_iter().filter_map(Result::ok).collect();
    let year = |year: &i32| {
        let mut types = own.iter().filter(|(y, _)| y == year).map(|(_, insutype)| *insutype).peekable();
        // Employees pay no residents' contribution; without a claim, nothing tells that somebody is one.
        if types.peek().is_some() && types.all(|t| t == Insutype::Employee) {
            return None;
        }
        let held = in_force(town, &stretches, date::day(*year, 1, 1).expect("a day"));
        let mut best: Option<Subsidy> = None;
        for identity in &held {
            for found in of_identity(town, *identity, &held, *year) {
                if best.as_ref().is_none_or(|b| found.subsidy > b.subsidy) {
                    best = Some(found);
                }
            }
        }
        best
    };
    years.iter().filter_map(year).collect()
}

/// What the rules give for one of the identities held.
fn of_identity(town: &Town, identity: Identity, held: &[Identity], year: i32) -> Vec<Subsidy> {
    let reader = Reader { doc: &town.doc, parameters: &town.parameters, year };
    let given = |rule: &onestop::policy::document::SubsidyDoc| {
        let meant = is_one_of(identity, &rule.identities) && !rule.except.contains(&identity);
        let barred = held.iter().any(|i| is_one_of(*i, &rule.unless_holding));
        let begun = rule.years.is_none_or(|[first, last]| (first..=last).contains(&year));
        if !meant || barred || !begun {
            return None;
        }
        let standard = reader.amount(&rule.standard)?;
        let share = rule.share.map_or(NOUGHT, |share| half_up(standard * share.decimal()));
        let amount = rule.amount.as_ref().and_then(|a| reader.amount(a)).unwrap_or(NOUGHT);
        let floor = rule.floor.as_ref().and_then(|a| reader.amount(a)).unwrap_or(NOUGHT);
        let subsidy = share.max(amount).max(floor).min(standard);
        Some(Subsidy { year, identity, standard, subsidy, clause: rule.clause.clone() })
    };
    town.doc.subsidy.iter().filter_map(given).collect()
}
