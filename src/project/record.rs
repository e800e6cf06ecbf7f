//! What the kernel says of one person, brought down to what a projection counts.

use super::cells::NOBODY;
use crate::model::codes::{Insutype, Status};
use crate::policy::tables::{Cite, RANKS, Tables};
use crate::settle::Accepted;
use crate::settle::claims::Claims;
use crate::settle::outcome::{Entry, Money, Outcome, PARTS};
use crate::settle::sink::{AlertRow, PersonYear, Take};
use crate::settle::year::NotTaken;

/// The numbers in [`PARTS`] of each whole fund with several layers whose claims are counted once: catastrophic
/// insurance, then assistance.
pub const WIDE: [u16; 2] =
    [bit(Money::CiiPay) | bit(Money::SpecialDrugPay), bit(Money::MaPay) | bit(Money::RaPay) | bit(Money::OocatPay)];

const fn bit(column: Money) -> u16 {
    let mut part = 0;
    while PARTS[part] as usize != column as usize {
        part += 1;
    }
    1 << part
}

/// A person's charge year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Year {
    /// The year.
    pub charge_year: i32,
    /// The identity preferred, by number, or [`NOBODY`].
    pub identity: u8,
    /// What was left to the person, in fen.
    pub burden: i64,
}

/// Claims of one year, identity applied, insurance type and care kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Charge year.
    pub charge_year: i32,
    /// Identity applied, by number, or [`NOBODY`].
    pub identity: u8,
    /// Insurance type.
    pub insutype: Insutype,
    /// Care kind, by number.
    pub care: u8,
    /// Sums of the fee's parts, in fen.
    pub paid: [i64; PARTS.len()],
    /// Claims with such a part.
    pub claims: [u32; PARTS.len()],
    /// Claims with a part of one of [`WIDE`].
    pub wide: [u32; WIDE.len()],
}

/// What a rule did in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfRule {
    /// Charge year.
    pub charge_year: i32,
    /// The rule, by number.
    pub rule: u16,
    /// What it paid, in fen.
    pub paid: i64,
    /// Whether its annual limit was reached.
    pub at_cap: bool,
    /// What the limit cut off, in fen.
    pub cut_off: i64,
}

/// A person, settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Years, ascending.
    pub years: Vec<Year>,
    /// Claims by group.
    pub groups: Vec<Group>,
    /// Rules that had a say.
    pub rules: Vec<OfRule>,
}

impl Record {
    /// Forgets the person.
    pub fn clear(&mut self) {
        self.years.clear();
        self.groups.clear();
        self.rules.clear();
    }
}

/// A rule by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id in the policy file, or `recorded`.
    pub name: String,
    /// The clauses that it cites.
    pub clauses: Vec<String>,
}

/// What a policy's ranks and rules are called in a projection.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Identity by rank.
    identity: [u8; RANKS],
    /// Rule by number of what is cited.
    rule: Vec<u16>,
}

impl Naming {
    /// Names the ranks and rules of tables; rules that are not known yet are put behind the others.
    pub fn new(tables: &Tables, rules: &mut Vec<Rule>) -> Self {
        let mut identity = [NOBODY as u8; RANKS];
        for (rank, code) in tables.identity_at.iter().enumerate() {
            identity[rank] = code.index() as u8;
        }
        let mut number = |cite: &Cite| {
            let at = rules.iter().position(|known| known.name == cite.rule).unwrap_or_else(|| {
                rules.push(Rule { name: cite.rule.clone(), clauses: Vec::new() });
                rules.len() - 1
            });
            if !rules[at].clauses.contains(&cite.clause) {
                rules[at].clauses.push(cite.clause.clone());
            }
            at as u16
        };
        let rule = tables.cites.iter().map(&mut number).collect();
        Self { identity, rule }
    }

    #[inline]
    fn identity(&self, rank: u8) -> u8 {
        self.identity.get(usize::from(rank)).copied().unwrap_or(NOBODY as u8)
    }
}

/// Takes what the kernel says of a person into a record.
pub struct Recorder<'a> {
    /// The record, cleared.
    pub record: &'a mut Record,
    /// Names of the policy.
    pub naming: &'a Naming,
    /// Only what is charged to this year.
    pub only_year: Option<i32>,
}

impl Recorder<'_> {
    fn wants(&self, charge_year: i32) -> bool {
        self.only_year.is_none_or(|y| y == charge_year)
    }
}

impl Take for Recorder<'_> {
    fn person(&mut self, accepted: &[Accepted], claims: &Claims<'_>, outcomes: &[Outcome], audit: &[Entry]) {
        for (a, outcome) in accepted.iter().zip(outcomes) {
            if outcome.status == Status::Reversed || !self.wants(outcome.charge_year) {
                continue;
            }
            let Record { years, groups, .. } = &mut *self.record;
            let charge_year = outcome.charge_year;
            let burden = outcome.get(Money::PsnBurden);
            match years.iter_mut().find(|y| y.charge_year == charge_year) {
                Some(year) => year.burden += burden,
                None => years.push(Year { charge_year, identity: NOBODY as u8, burden }),
            }
            let row = a.row as usize;
            let (identity, insutype) = (self.naming.identity(outcome.identity), claims.insutype[row]);
            let care = claims.care[row].index() as u8;
            let same = |g: &&mut Group| {
                g.care == care && g.identity == identity && g.insutype == insutype && g.charge_year == charge_year
            };
            let at = match groups.iter_mut().rev().find(same) {
                Some(group) => group,
                None => {
                    let none = ([0; PARTS.len()], [0; PARTS.len()], [0; WIDE.len()]);
                    let (paid, claims, wide) = none;
                    groups.push(Group { charge_year, identity, insutype, care, paid, claims, wide });
                    let last = groups.len() - 1;
                    &mut groups[last]
                }
            };
            let mut some = 0u16;
            for (part, column) in PARTS.iter().enumerate() {
                let fen = outcome.get(*column);
                at.paid[part] += fen;
                at.claims[part] += u32::from(fen > 0);
                some |= u16::from(fen > 0) << part;
            }
            for (count, parts) in at.wide.iter_mut().zip(WIDE) {
                *count += u32::from(some & parts != 0);
            }
        }
        self.record.years.sort_unstable_by_key(|y| y.charge_year);
        self.rules(outcomes, audit);
    }

    fn person_year<'a>(&mut self, _: u32, year: &PersonYear, _: impl Iterator<Item = &'a NotTaken>) {
        if let Some(mine) = self.record.years.iter_mut().find(|y| y.charge_year == year.charge_year) {
            mine.identity = self.naming.identity(year.preferred);
        }
    }

    fn alert(&mut self, _: AlertRow) {}
}

impl Recorder<'_> {
    fn rules(&mut self, outcomes: &[Outcome], audit: &[Entry]) {
        let mut running = None;
        for entry in audit {
            let before = match running {
                Some((claim, layer, paid)) if claim == entry.claim && layer == entry.layer => paid,
                _ => 0,
            };
            running = Some((entry.claim, entry.layer, before + entry.paid));
            let charge_year = outcomes[entry.claim as usize].charge_year;
            if !self.wants(charge_year) {
                continue;
            }
            let (rule, paid, at_cap) = (self.naming.rule[usize::from(entry.cite)], entry.paid, entry.at_cap());
            let cut_off = entry.cut_off(before).max(0);
            let rules = &mut self.record.rules;
            match rules.iter_mut().find(|r| r.rule == rule && r.charge_year == charge_year) {
                Some(known) => {
                    known.paid += paid;
                    known.at_cap |= at_cap;
                    known.cut_off += cut_off;
                }
                None => rules.push(OfRule { charge_year, rule, paid, at_cap, cut_off }),
            }
        }
    }
}
