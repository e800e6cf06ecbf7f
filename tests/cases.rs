//! The worked cases of `tests/cases`: each run through the program and compared row by row.
//!
//! A difference names the case, the row and the column, and carries the case's arithmetic, so that
//! whoever reads it can tell which of the two is wrong.

mod support;

use std::path::Path;
use support::case::{Case, CaseFile};
use support::contract::{self, is_money};
use support::laws;
use support::program::Settle;
use support::table::{self, Row, Table, fen, yuan};

#[test]
fn weihai_2023() {
    check("weihai-2023.toml");
}

#[test]
fn weihai_etdz_2017() {
    check("weihai-etdz-2017.toml");
}

#[test]
fn erenhot_2023() {
    check("erenhot-2023.toml");
}

#[test]
fn jincheng_2023() {
    check("jincheng-2023.toml");
}

#[test]
fn published() {
    check("published/cases.toml");
}

#[test]
fn switches() {
    check("switches/cases.toml");
}

/// Runs every case of a file and fails with the differences of all of them.
fn check(name: &str) {
    let file = CaseFile::read(name);
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, policy) in file.cases() {
        count += 1;
        let differences = run(case, &policy).unwrap_or_else(|failure| vec![failure]);
        if !differences.is_empty() {
            let lines = differences.join("\n  ");
            wrong.push(format!("{} ({})\n  {lines}\n  arithmetic: {}", case.name, case.clause, case.arithmetic));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} of {count} cases differ\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

/// Runs one case; what differs, in words.
fn run(case: &Case, policy: &str) -> Result<Vec<String>, String> {
    let desk = tempfile::tempdir().map_err(|e| e.to_string())?;
    let out = desk.path().join("out");
    settle(case, policy, desk.path(), &out)?;
    let read = |name: &str| table::read(&out.join(name).with_extension("parquet"));
    let (settlement, rejects) = (read("settlement")?, read("rejects")?);
    let mut differences = lawless(case, &settlement, &read("audit")?, &rejects);
    differences.extend(SETTLEMENT.compare(&case.settlement(), &settlement));
    for (sheet, expected) in
        [(ALERTS, case.alerts()), (SUBSIDIES, case.subsidies()), (PERSONS, case.persons()), (REJECTS, case.rejects())]
    {
        if let Some(expected) = expected {
            differences.extend(sheet.compare(&expected, &read(sheet.name)?));
        }
    }
    Ok(differences)
}

fn settle(case: &Case, policy: &str, desk: &Path, out: &Path) -> Result<(), String> {
    let [ledger, roster, params] = ["ledger.parquet", "roster.parquet", "params.toml"].map(|name| desk.join(name));
    case.write_ledger(&ledger);
    let mut settle = Settle::ledger(&ledger).policy(policy);
    if case.write_roster(&roster) {
        settle = settle.roster(&roster);
    }
    if let Some(text) = case.params() {
        std::fs::write(&params, text).map_err(|e| e.to_string())?;
        settle = settle.params(&params);
    }
    if case.as_if {
        settle = settle.flag("--as-if");
    }
    let outcome = settle.into_folder(out);
    match outcome.code {
        Some(0) => Ok(()),
        code => Err(format!("the run ended with {code:?}: {}", outcome.stderr.trim_end())),
    }
}

/// What the case does not say because it holds in every case.
fn lawless(case: &Case, settlement: &Table, audit: &Table, rejects: &Table) -> Vec<String> {
    [
        laws::columns("settlement", settlement, contract::SETTLEMENT),
        laws::columns("audit", audit, contract::AUDIT),
        laws::every_row_once(case.ledger().len(), settlement, rejects),
        laws::conservation(settlement),
        laws::audit_adds_up(settlement, audit),
    ]
    .concat()
}

/// How a file of the output is compared with the rows that a case states.
#[derive(Clone, Copy)]
struct Sheet {
    /// Name of the file, without its ending.
    name: &'static str,
    /// What tells its rows apart.
    key: &'static [&'static str],
    /// Whether the order of its rows is part of the contract.
    ordered: bool,
    /// Columns compared on every row; empty = those that the row states.
    columns: &'static [&'static str],
}

const SETTLEMENT: Sheet =
    Sheet { name: "settlement", key: &["psn_no", "setl_id"], ordered: true, columns: contract::SETTLEMENT };
const ALERTS: Sheet = Sheet { name: "alerts", key: &["psn_no", "year", "alert"], ordered: false, columns: &[] };
const SUBSIDIES: Sheet = Sheet { name: "subsidies", key: &["psn_no", "year"], ordered: false, columns: &[] };
const PERSONS: Sheet = Sheet { name: "persons", key: &["psn_no", "charge_year"], ordered: false, columns: &[] };
const REJECTS: Sheet = Sheet { name: "rejects", key: &["source", "row", "reason"], ordered: false, columns: &[] };

impl Sheet {
    /// Missing rows, rows too many, rows out of order, and every value that differs.
    fn compare(&self, expected: &[Row], found: &Table) -> Vec<String> {
        let mut differences = self.compare_keys(expected, &found.rows);
        for row in expected {
            if let Some(other) = found.rows.iter().find(|r| self.key(r) == self.key(row)) {
                differences.extend(self.compare_values(row, other));
            }
        }
        differences
    }

    fn compare_keys(&self, expected: &[Row], found: &[Row]) -> Vec<String> {
        let keys = |rows: &[Row]| rows.iter().map(|r| self.key(r)).collect::<Vec<_>>();
        let (expected, found) = (keys(expected), keys(found));
        let (mut sorted_expected, mut sorted_found) = (expected.clone(), found.clone());
        sorted_expected.sort();
        sorted_found.sort();
        if sorted_expected != sorted_found || (self.ordered && expected != found) {
            return vec![format!(
                "{} rows: expected [{}], found [{}]",
                self.name,
                expected.join(", "),
                found.join(", ")
            )];
        }
        Vec::new()
    }

    fn compare_values(&self, expected: &Row, found: &Row) -> Vec<String> {
        let stated: Vec<&str> = expected.keys().map(String::as_str).collect();
        // A stated column is compared even where it is misspelt, and so is seen to be.
        let unknown = stated.iter().filter(|c| !self.columns.contains(c));
        let difference = |column: &&str| {
            let (wanted, got) = (shown(expected, column), shown(found, column));
            (wanted != got)
                .then(|| format!("{} row {}, {column}: expected {wanted}, found {got}", self.name, self.key(expected)))
        };
        self.columns.iter().chain(unknown).filter_map(difference).collect()
    }

    fn key(&self, row: &Row) -> String {
        self.key.iter().map(|c| row.get(*c).map_or("", String::as_str)).collect::<Vec<_>>().join("/")
    }
}

/// A value as it is compared and printed: money in yuan and fen, null as `nothing`.
fn shown(row: &Row, column: &str) -> String {
    match row.get(column) {
        None => "nothing".to_owned(),
        Some(text) => match fen(text) {
            Some(fen) if is_money(column) => yuan(fen),
            _ => text.clone(),
        },
    }
}
