//! What holds in the outputs of every run, whatever the policy.
//!
//! Each law returns what breaks it, in words; nothing returned means that it holds.

use super::contract::{LAYERS, PARTS};
use super::table::{Row, Table, fen, yuan};
use std::collections::BTreeMap;

/// The fee of every row is exactly the sum of its parts, and nobody's burden is negative.
pub fn conservation(settlement: &Table) -> Vec<String> {
    let broken = |row: &Row| {
        let (fee, burden) = (money(row, "medfee_sumamt"), money(row, "psn_burden"));
        let parts = PARTS.iter().map(|c| money(row, c)).sum();
        let say = || {
            let [fee, parts, burden] = [fee, parts, burden].map(yuan);
            format!("{}: the fee is {fee}, its parts are {parts}, the burden {burden}", claim(row).join("/"))
        };
        (fee != parts || burden < 0).then(say)
    };
    settlement.rows.iter().filter_map(broken).collect()
}

/// The audit rows of a claim and layer add up to the settlement, and there are none for other claims.
pub fn audit_adds_up(settlement: &Table, audit: &Table) -> Vec<String> {
    let mut broken = Vec::new();
    let mut paid: BTreeMap<([&str; 2], &str), i128> = BTreeMap::new();
    for row in &audit.rows {
        let layer = row.get("layer").map_or("", String::as_str);
        match LAYERS.iter().find(|(_, layers)| layers.contains(&layer)) {
            Some((column, _)) => *paid.entry((claim(row), column)).or_default() += money(row, "paid"),
            None => broken.push(format!("{}: audit of no known layer `{layer}`", claim(row).join("/"))),
        }
    }
    for row in &settlement.rows {
        for (column, layers) in LAYERS {
            let (settled, audited) = (money(row, column), paid.remove(&(claim(row), column)).unwrap_or(0));
            if settled != audited {
                let (at, layers) = (claim(row).join("/"), layers.join(" + "));
                let [settled, audited] = [settled, audited].map(yuan);
                broken.push(format!("{at}: {column} is {settled}, the audit of {layers} {audited}"));
            }
        }
    }
    broken.extend(
        paid.keys().map(|(claim, column)| format!("{}: audit of {column}, but no such claim", claim.join("/"))),
    );
    broken
}

/// Every ledger row ends in exactly one of settlement and rejects.
pub fn every_row_once(ledger_rows: usize, settlement: &Table, rejects: &Table) -> Vec<String> {
    let rejected = rejects.rows.iter().filter(|r| r.get("source").is_some_and(|s| s == "ledger")).count();
    let settled = settlement.rows.len();
    let broken = settled + rejected != ledger_rows;
    broken
        .then(|| format!("{ledger_rows} ledger rows, {settled} settled and {rejected} rejected"))
        .into_iter()
        .collect()
}

/// A table has exactly these columns, in this order.
pub fn columns(name: &str, table: &Table, expected: &[&str]) -> Vec<String> {
    let found = &table.columns;
    (found != expected)
        .then(|| format!("columns of {name}: expected {expected:?}, found {found:?}"))
        .into_iter()
        .collect()
}

fn claim(row: &Row) -> [&str; 2] {
    ["psn_no", "setl_id"].map(|column| row.get(column).map_or("", String::as_str))
}

/// A missing amount counts as nothing; that a column is missing altogether is another law.
fn money(row: &Row, column: &str) -> i128 {
    row.get(column).and_then(|text| fen(text)).unwrap_or(0)
}
