//! Contribution subsidies: the best of several identities held on the deciding day (R13).

use crate::model::date;
use crate::output::files::SubsidyRow;
use crate::policy::tables::Tables;
use crate::roster::Roster;
use crate::settle::holdings::Holdings;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of roster persons' claims, by benefit year: a byte a person.
#[derive(Debug, Default)]
pub struct Residents {
    years: BTreeMap<i32, Vec<u8>>,
}

/// A claim counts.
const CLAIM: u8 = 1;
/// A claim counts that is not of the employees' insurance.
const RESIDENT: u8 = 2;

impl Residents {
    /// Notes that a person of the roster has a claim of a year, and whether as a resident.
    pub fn note(&mut self, person: u32, year: i32, resident: bool) {
        let persons = self.years.entry(year).or_default();
        if persons.len() <= person as usize {
            persons.resize(person as usize + 1, 0);
        }
        persons[person as usize] |= if resident { CLAIM | RESIDENT } else { CLAIM };
    }

    /// Whether all of a person's claims of a year are of the employees' insurance.
    pub fn only_employee(&self, person: usize, year: i32) -> bool {
        self.years.get(&year).and_then(|persons| persons.get(person)) == Some(&CLAIM)
    }
}

/// Every roster person's subsidy of every year with a claim that counts, but for persons whose claims
/// of that year are all of the employees' insurance.
pub fn subsidies<'a>(
    tables: &'a Tables,
    roster: &'a Roster,
    years: &'a BTreeSet<i32>,
    residents: &'a Residents,
) -> impl Iterator<Item = SubsidyRow> + 'a {
    let of_years = move |person| years.iter().filter_map(move |year| subsidy(tables, roster, person, *year, residents));
    (0..roster.len()).flat_map(of_years)
}

fn subsidy(tables: &Tables, roster: &Roster, person: usize, year: i32, residents: &Residents) -> Option<SubsidyRow> {
    let (month, day) = tables.subsidy_date;
    let year_tables = tables.year(year)?;
    let deciding = date::day(year, month, day)?;
    if residents.only_employee(person, year) {
        return None;
    }
    let held = Holdings::Roster(roster.periods(person)).in_force(tables, deciding, crate::policy::tables::NO_RANK);
    let mut best: Option<SubsidyRow> = None;
    for rule in &year_tables.subsidies {
        let eligible = held & rule.identities;
        if eligible == 0 || held & rule.unless_holding != 0 {
            continue;
        }
        let identity = eligible.trailing_zeros() as u8;
        if best.is_none_or(|b| (rule.subsidy, b.identity) > (b.subsidy, identity)) {
            let (standard, subsidy, cite) = (rule.standard, rule.subsidy, rule.cite);
            best = Some(SubsidyRow { person: person as u32, year, identity, standard, subsidy, cite });
        }
    }
    best
}
