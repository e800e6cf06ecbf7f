//! A history that two disagree on, made as small as simple means make it.

use super::history::{History, Row};
use onestop::settle::claims::{Claim, Marks};

/// Most tries.
const TRIES: usize = 4_000;

/// A smaller history that still fails, or the same one.
pub fn shrink(history: &History, fails: impl Fn(&History) -> bool) -> History {
    let mut small = history.clone();
    let mut tries = 0;
    'again: loop {
        for candidate in smaller(&small) {
            tries += 1;
            if tries > TRIES {
                return small;
            }
            if fails(&candidate) {
                small = candidate;
                continue 'again;
            }
        }
        return small;
    }
}

/// Histories that are simpler in one respect.
fn smaller(history: &History) -> Vec<History> {
    let mut all = Vec::new();
    for n in 0..history.rows.len() {
        let mut fewer = history.clone();
        fewer.rows.remove(n);
        all.push(fewer);
    }
    for n in 0..history.roster.as_ref().map_or(0, Vec::len) {
        let mut fewer = history.clone();
        fewer.roster.iter_mut().for_each(|r| {
            r.remove(n);
        });
        all.push(fewer);
    }
    if history.as_if {
        all.push(History { as_if: false, ..history.clone() });
    }
    for n in 0..history.rows.len() {
        for row in simpler(&history.rows[n]) {
            let mut one = history.clone();
            one.rows[n] = row;
            all.push(one);
        }
    }
    all
}

/// The row with something at its default that was not.
fn simpler(row: &Row) -> Vec<Row> {
    let claim = row.claim;
    let with = |claim: Claim| Row { claim, ..row.clone() };
    let mut all = Vec::new();
    let mut offer = |differs: bool, row: Row| {
        if differs {
            all.push(row);
        }
    };
    offer(claim.ext_comp != 0, with(Claim { ext_comp: 0, ..claim }));
    offer(claim.recorded_cii != 0, with(Claim { recorded_cii: 0, ..claim }));
    offer(claim.recorded_maf != 0, with(Claim { recorded_maf: 0, ..claim }));
    offer(claim.disease_limit.is_some(), with(Claim { disease_limit: None, ..claim }));
    offer(claim.disease != 0, with(Claim { disease: 0, ..claim }));
    offer(claim.marks != Marks::default(), with(Claim { marks: Marks::default(), ..claim }));
    if claim.fee > 0 && claim.scope >= claim.basic {
        let burden = claim.scope - claim.basic;
        let ext_comp = claim.ext_comp.min(burden);
        offer(claim.fee > claim.scope, with(Claim { fee: claim.scope, ext_comp, ..claim }));
        let less = Claim { fee: claim.fee - claim.basic, scope: burden, basic: 0, ..claim };
        offer(claim.basic > 0, with(less));
    }
    offer(row.refunded == Some(false), Row { refunded: None, ..row.clone() });
    offer(!row.sparse || row.spread != 0, Row { sparse: true, spread: 0, ..row.clone() });
    all
}
