//! The money of a claim: anything that the ledger's own checks let through, often at an edge of some rule.

use super::dice::Dice;
use super::town::{Town, fee_of_share};
use onestop::model::codes::Care;
use onestop::settle::claims::Claim;

/// An amount in fen: at an edge or beside it, the way between two edges, nothing, or anything up to a
/// million yuan.
fn amount(town: &Town, dice: &mut Dice<'_>) -> i64 {
    let edge = |dice: &mut Dice<'_>| town.edges.get(dice.below(town.edges.len())).copied().unwrap_or(1_000_000);
    match dice.below(10) {
        0 => 0,
        1..=2 => edge(dice) + dice.beside(),
        3 => {
            let between = edge(dice) - edge(dice);
            (between.abs() + dice.beside()).max(0)
        }
        // What makes identities differ is large.
        4..=6 => 10 * dice.below(4_000_000) as i64,
        _ => {
            let digits = 1 + dice.below(8) as u32;
            10i64.pow(digits) * dice.below(1_000_000) as i64 / 1_000_000
        }
    }
}

/// A part of something: often none or all of it.
fn part(of: i64, dice: &mut Dice<'_>) -> i64 {
    match dice.below(8) {
        0..=2 => 0,
        3 => of,
        _ => of * dice.below(65_536) as i64 / 65_536,
    }
}

/// The claim with a bill.
pub fn bill(town: &Town, claim: Claim, dice: &mut Dice<'_>) -> Claim {
    let (burden, other) = (amount(town, dice), amount(town, dice));
    let mut basic = part(other, dice);
    let odd = dice.below(24);
    if odd == 0 {
        // A third of what is in scope is left: assistance and a top-up meet here.
        basic = 2 * burden + dice.beside();
    }
    basic = basic.max(0);
    // Now and then basic insurance pays more than is in scope.
    let scope = if odd == 1 { basic / 2 } else { basic + burden };
    let floor = scope.max(basic);
    let fee = match odd {
        2..=4 if !town.shares.is_empty() => {
            let share = town.shares[dice.below(town.shares.len())];
            (fee_of_share(scope, share) + dice.beside()).max(floor)
        }
        _ => floor + part(other, dice),
    };
    let ext_comp = match dice.below(12) {
        0 => (burden + dice.beside()).clamp(0, fee - basic),
        1 => fee - basic,
        2..=4 => part(fee - basic, dice),
        _ => 0,
    };
    let recorded_cii = match dice.below(12) {
        0 => (burden + dice.beside()).max(0),
        1 => burden * 2,
        2..=5 => part(burden, dice),
        _ => 0,
    };
    let disease_limit = (claim.care == Care::Inpatient && dice.one_in(6)).then(|| match dice.below(6) {
        0 => (fee + dice.beside()).max(0),
        1 => (basic + ext_comp + dice.beside()).max(0),
        2 => (scope + dice.beside()).max(0),
        3 => part(fee, dice),
        // A fifth of it is what basic insurance leaves.
        4 => basic * 5 / 4 + dice.beside().max(0),
        _ => amount(town, dice),
    });
    let recorded_maf = part(burden, dice);
    Claim { fee, scope, basic, recorded_cii, recorded_maf, ext_comp, disease_limit, ..claim }
}
