//! A person's claims as they would be: dearer bills, claims repeated or left out, other identities.

use super::change::Growth;
use super::world::factor;
use crate::generate::rng::{MILLION, Rng};
use crate::model::fen::{MAX_AMOUNT, Round};
use crate::persons::partition::hash;
use crate::settle::Accepted;
use crate::settle::claims::Claims;

/// Amounts of a person's claims after growth. Reused from person to person.
#[derive(Debug, Default)]
pub struct Bills {
    amounts: [Vec<i64>; 5],
    /// Whether they are those of the person at hand.
    pub made: bool,
    /// Whether any bill differs from the ledger's.
    pub differ: bool,
}

impl Bills {
    /// Makes the bills of a person. Every amount grows by itself, half up to the fen; what outside compensation
    /// and basic insurance would then exceed the fee by is taken off the compensation.
    pub fn make(&mut self, growths: &[Growth], claims: &Claims<'_>) {
        self.made = true;
        self.differ = false;
        self.amounts.iter_mut().for_each(Vec::clear);
        let grown = |fen: i64, ppm: i64| {
            let amount = Round::default().product(fen.unsigned_abs().min(MAX_AMOUNT.unsigned_abs()) as i64, ppm);
            if fen < 0 { -amount } else { amount }
        };
        for row in 0..claims.day.len() {
            let of = [
                claims.medfee_sumamt[row],
                claims.inscp_scp_amt[row],
                claims.basic_pay[row],
                claims.recorded_cii[row],
                claims.ext_comp_amt[row],
            ];
            let grown = match factor(growths, claims.care[row], claims.marks[row].hosp_lv) {
                None => of,
                Some(ppm) => {
                    let [fee, scope, basic, cii, ext] = of.map(|fen| grown(fen, ppm));
                    [fee, scope, basic, cii, ext.min(fee - basic)]
                }
            };
            self.differ |= grown != of;
            self.amounts.iter_mut().zip(grown).for_each(|(column, fen)| column.push(fen));
        }
    }

    /// The claims with these bills.
    pub fn of<'a>(&'a self, claims: &Claims<'a>) -> Claims<'a> {
        let [fee, scope, basic, cii, ext] = &self.amounts;
        Claims {
            medfee_sumamt: fee,
            inscp_scp_amt: scope,
            basic_pay: basic,
            recorded_cii: cii,
            ext_comp_amt: ext,
            ..*claims
        }
    }
}

/// Repeats or leaves out a person's claims: each by chance, the same chance in every scenario, so that more
/// growth only ever adds claims. `setl_id` tells a row's record. Whether any differs.
pub fn repeat<'a>(
    growths: &[Growth],
    (person, seed): (u64, u64),
    claims: &Claims<'_>,
    setl_id: impl Fn(usize) -> &'a [u8],
    accepted: &[Accepted],
    repeated: &mut Vec<Accepted>,
) -> bool {
    repeated.clear();
    for a in accepted {
        let row = a.row as usize;
        let growth = factor(growths, claims.care[row], claims.marks[row].hosp_lv);
        let copies = match growth.filter(|_| !a.reversed) {
            None => 1,
            Some(ppm) => {
                let (whole, rest) = (ppm.unsigned_abs() / MILLION, ppm.unsigned_abs() % MILLION);
                let chance = Rng::of(person ^ seed, hash(setl_id(row))).below(MILLION);
                whole + u64::from(chance < rest)
            }
        };
        repeated.extend((0..copies).map(|_| *a));
    }
    repeated.len() != accepted.len() || repeated != accepted
}
