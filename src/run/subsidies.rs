//! Contribution subsidies: the best of several identities held on the deciding day (R13).

use crate::model::date;
use crate::output::files::SubsidyRow;
use crate::policy::tables::Tables;
use crate::roster::Roster;
use crate::settle::holdings::Holdings;
use std::collections::{BTreeMap, BTreeSet};

/// Roster persons' claims by (person, benefit year): whether any is not of the employees' insurance.
pub type Residents = BTreeMap<(u32, i32), bool>;

/// Every roster person's subsidy of every year with a claim that counts, but for persons whose claims
/// of that year are all of the employees' insurance.
pub fn subsidies(tables: &Tables, roster: &Roster, years: &BTreeSet<i32>, residents: &Residents) -> Vec<SubsidyRow> {
    let mut rows = Vec::new();
    let (month, day) = tables.subsidy_date;
    for person in 0..roster.len() {
        let holdings = Holdings::Roster(roster.periods(person));
        for &year in years {
            let Some(year_tables) = tables.year(year) else { continue };
            let Some(deciding) = date::day(year, month, day) else { continue };
            if residents.get(&(person as u32, year)) == Some(&false) {
                continue;
            }
            let held = holdings.in_force(tables, deciding, crate::policy::tables::NO_RANK);
            let mut best: Option<SubsidyRow> = None;
            for rule in &year_tables.subsidies {
                let eligible = held & rule.identities;
                if eligible == 0 || held & rule.unless_holding != 0 {
                    continue;
                }
                let identity = eligible.trailing_zeros() as u8;
                let better = best.is_none_or(|b| (rule.subsidy, b.identity) > (b.subsidy, identity));
                if better {
                    let (standard, subsidy, cite) = (rule.standard, rule.subsidy, rule.cite);
                    best = Some(SubsidyRow { person: person as u32, year, identity, standard, subsidy, cite });
                }
            }
            rows.extend(best);
        }
    }
    rows
}
