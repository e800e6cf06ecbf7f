//! What a claim is settled from, and what becomes of it.

use super::holds::{Stretch, grant_of, granted, in_force};
use super::schedule::NOUGHT;
use super::town::{Book, Town};
use onestop::model::codes::{Channel, Identity, Layer as Name, ScopeReason};
use onestop::model::date;
use onestop::settle::claims::Claim;
use onestop::settle::outcome::{MONEY, Money};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// A claim that counts, with its day and whoever the person is on that day.
#[derive(Clone, Debug)]
pub struct Live {
    /// Number of the row.
    pub row: usize,
    /// Its values; `day` decides year and identity.
    pub claim: Claim,
    /// Identities in force, in the order of ties.
    pub held: Vec<Identity>,
    /// The grant that it belongs to, if the granted identity is applied.
    pub grant: Option<i32>,
}

impl Live {
    /// A claim of somebody whose identities stand on the roster.
    pub fn on_roster(town: &Town, row: usize, claim: Claim, stretches: &[Stretch]) -> Self {
        let held = in_force(town, stretches, claim.day);
        let grant = granted(town).and_then(|identity| grant_of(stretches, identity, claim.day));
        Self { row, claim, held, grant }
    }

    /// A claim whose identity the ledger certifies: one that is granted is of its benefit year (R7).
    pub fn certified(town: &Town, row: usize, claim: Claim, identity: Option<Identity>) -> Self {
        let year = date::year_of(claim.day);
        let grant = identity.filter(|i| granted(town) == Some(*i)).map(|_| year);
        Self { row, claim, held: identity.into_iter().collect(), grant }
    }
}

/// Accounts of the year, and of every grant.
#[derive(Clone, Debug)]
pub struct Books {
    /// The year's.
    pub year: Book,
    /// Each grant's own (R7).
    pub grants: BTreeMap<i32, Book>,
}

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The layer.
    pub layer: Name,
    /// Whom the rule was for.
    pub identity: Option<Identity>,
    /// The rule.
    pub rule: String,
    /// Where it stands; none: the contract does not say what is cited.
    pub clause: Option<String>,
    /// The pool whose limit counts.
    pub pool: Option<usize>,
    /// What the layer paid on.
    pub base: Decimal,
    /// From, to and start of the bracket.
    pub band: Option<[Decimal; 3]>,
    /// The share.
    pub ratio: Option<Decimal>,
    /// Before the limit.
    pub gross: Decimal,
    /// The limit.
    pub cap: Option<Decimal>,
    /// What the pool had paid before.
    pub used: Decimal,
    /// What was paid.
    pub paid: Decimal,
}

/// What becomes of a claim.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The year charged.
    pub charge_year: i32,
    /// The identity that assistance applied.
    pub identity: Option<Identity>,
    /// Why it is outside assistance.
    pub reason: Option<ScopeReason>,
    /// How it is paid.
    pub channel: Option<Channel>,
    /// Remarks.
    pub notes: Vec<String>,
    /// Columns of the settlement.
    pub money: [Decimal; MONEY],
    /// The audit.
    pub audit: Vec<Line>,
    /// A pool that re-assistance looks at is at its limit.
    pub at_limit: bool,
}

impl Outcome {
    /// A column.
    pub fn get(&self, column: Money) -> Decimal {
        self.money[column as usize]
    }

    /// What all layers pay: what 就高不重复 compares.
    pub fn total(&self) -> Decimal {
        [Money::CiiPay, Money::SpecialDrugPay, Money::MaPay, Money::RaPay, Money::OocatPay]
            .map(|c| self.get(c))
            .iter()
            .sum()
    }
}

/// A line of a rule without bracket, limit and money.
pub fn plain(layer: Name, rule: String, clause: String) -> Line {
    let (base, gross, used, paid) = (NOUGHT, NOUGHT, NOUGHT, NOUGHT);
    let clause = Some(clause);
    Line {
        layer,
        identity: None,
        rule,
        clause,
        pool: None,
        base,
        band: None,
        ratio: None,
        gross,
        cap: None,
        used,
        paid,
    }
}
