//! The manifest's control totals and counts against the files, and the clauses against audit and settlement.

use super::audit::Step;
use super::check::{Check, Finding, Report};
use super::sums::{Sums, yuan};
use crate::model::codes::{Insutype, Layer};
use crate::output::stream::{Kind, Stream};
use crate::run::recorded::Recorded;
use crate::settle::outcome::{FUNDS, Fund, LAYERS, MONEY, MONEY_NAMES, Money};
use std::collections::BTreeMap;
use std::path::Path;

const MANIFEST: &str = "manifest.json";
const CLAUSES: &str = "clauses.parquet";

/// What the settlement's rows come to.
#[derive(Default)]
pub(super) struct Totals {
    /// By identity and insurance type; few, found by looking along.
    cells: Vec<(Option<Box<str>>, Box<str>, Sums)>,
    status: BTreeMap<String, u64>,
    reason: BTreeMap<String, u64>,
    rows: u64,
    persons: u64,
}

impl Totals {
    /// The next person.
    pub(super) fn person(&mut self) {
        self.persons += 1;
    }

    /// A row: insurance type, identity, status and reason stand in the columns given.
    pub(super) fn row(&mut self, settlement: &Stream, columns: [usize; 4], money: &Sums) {
        let [insutype, identity, status, reason] = columns;
        self.rows += 1;
        count(&mut self.status, settlement.text(status));
        if let Some(reason) = settlement.optional_text(reason) {
            count(&mut self.reason, reason);
        }
        let key = (settlement.optional_text(identity), settlement.text(insutype));
        let found = self.cells.iter().position(|(i, t, _)| (i.as_deref(), &**t) == key);
        let index = found.unwrap_or_else(|| {
            self.cells.push((key.0.map(Box::from), Box::from(key.1), [0; MONEY]));
            self.cells.len() - 1
        });
        self.cells[index].2.iter_mut().zip(money).for_each(|(sum, fen)| *sum += fen);
    }

    /// Sums over everybody.
    pub(super) fn all(&self) -> Sums {
        self.sums(|_, _| true)
    }

    fn sums(&self, wanted: impl Fn(Option<&str>, &str) -> bool) -> Sums {
        let mut all = [0; MONEY];
        for (identity, insutype, money) in &self.cells {
            if wanted(identity.as_deref(), insutype) {
                all.iter_mut().zip(money).for_each(|(sum, fen)| *sum += fen);
            }
        }
        all
    }

    /// Holds the manifest against them and against the smaller files.
    pub(super) fn check(&self, dir: &Path, recorded: &Recorded, report: &mut Report) {
        self.control_totals(recorded, report);
        self.counts(dir, recorded, report);
    }

    fn control_totals(&self, recorded: &Recorded, report: &mut Report) {
        let control = &recorded.control_totals;
        let mut check = Check::new("控制总数", "control totals, by identity, insurance type and fund");
        let mut hold = |place: String, stated: &BTreeMap<String, String>, sums: Sums| {
            for (name, fen) in MONEY_NAMES.iter().zip(sums) {
                amount(&mut check, &format!("{place}.{name}"), stated.get(*name), fen);
            }
        };
        hold("all".into(), &control.all, self.all());
        let mut identities: Vec<&str> = control.by_identity.keys().map(String::as_str).collect();
        identities.extend(self.cells.iter().map(|(i, ..)| i.as_deref().unwrap_or("none")));
        identities.sort_unstable();
        identities.dedup();
        let empty = BTreeMap::new();
        for name in identities {
            let sums = self.sums(|identity, _| identity.unwrap_or("none") == name);
            // Rows that are all reversed make no line of their own.
            if control.by_identity.contains_key(name) || sums != [0; MONEY] {
                hold(format!("by_identity.{name}"), control.by_identity.get(name).unwrap_or(&empty), sums);
            }
        }
        for insutype in Insutype::ALL {
            let sums = self.sums(|_, t| t == insutype.as_str());
            let stated = control.by_insutype.get(insutype.as_str()).unwrap_or(&empty);
            hold(format!("by_insutype.{insutype}"), stated, sums);
        }
        for (fund, fen) in self.funds() {
            amount(&mut check, &format!("by_fund.{fund}"), control.by_fund.get(&fund), fen);
        }
        report.push(check);
    }

    /// What each fund bears.
    fn funds(&self) -> Vec<(String, i128)> {
        let borne = |fund: &Fund| -> i128 {
            let sums = self.sums(|_, t| fund.insutype.is_none_or(|of| of.as_str() == t));
            fund.columns.iter().map(|c| sums[*c as usize]).sum()
        };
        FUNDS.iter().map(|fund| (fund.name.to_owned(), borne(fund))).collect()
    }

    fn counts(&self, dir: &Path, recorded: &Recorded, report: &mut Report) {
        let stated = &recorded.counts;
        let mut check = Check::new("计数", "counts by status, reason, alert and reject");
        let mut small = Small::default();
        for read in [small.alerts(dir), small.rejects(dir), small.subsidies(dir)] {
            if let Err(why) = read {
                check.find(|| Finding { found: why, stated: "readable".into(), ..of_manifest("rows") });
            }
        }
        let from = |source: &str| small.sources.get(source).copied().unwrap_or(0);
        let audit_rows = recorded.outputs.get("audit.parquet").map_or(0, |f| f.rows);
        for (name, stated, found) in [
            ("settlement_rows", stated.settlement_rows, self.rows),
            ("persons", stated.persons, self.persons),
            ("audit_rows", stated.audit_rows, audit_rows),
            ("ledger_rejects", stated.ledger_rejects, from("ledger")),
            ("roster_rejects", stated.roster_rejects, from("roster")),
            ("subsidies", stated.subsidies, small.subsidy_rows),
        ] {
            check.look(1);
            check.expect(stated, found, u64::to_string, || of_manifest(&format!("counts.{name}")));
        }
        if let Some(orders) = &stated.orders {
            let rows = recorded.outputs.get("orders.parquet").map_or(0, |f| f.rows);
            let parts = orders.proved + orders.tried_all + orders.tried_some + orders.differ;
            check.look(2);
            check.expect(orders.differ, rows, u64::to_string, || of_manifest("counts.orders.differ"));
            check.expect(orders.person_years, parts, u64::to_string, || of_manifest("counts.orders.person_years"));
        }
        let nought = 0;
        for (name, stated, found) in [
            ("by_status", &stated.by_status, &self.status),
            ("by_reason", &stated.by_reason, &self.reason),
            ("rejects_by_reason", &stated.rejects_by_reason, &small.reasons),
            ("alerts", &stated.alerts, &small.alerts),
        ] {
            let mut keys: Vec<&String> = stated.keys().chain(found.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                check.look(1);
                let [stated, found] = [stated, found].map(|m| *m.get(key).unwrap_or(&nought));
                check.expect(stated, found, u64::to_string, || of_manifest(&format!("counts.{name}.{key}")));
            }
        }
        amount(&mut check, "subsidies", Some(&recorded.control_totals.subsidies), small.subsidy);
        report.push(check);

        let mut every = Check::new("台账每行恰有一个去向", "settlement, rejects and other years are the ledger");
        every.look(stated.ledger_rows);
        let ended = self.rows + from("ledger") + stated.other_charge_years;
        every.expect(stated.ledger_rows, ended, u64::to_string, || of_manifest("counts.ledger_rows"));
        report.push(every);
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(number) => *number += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

fn of_manifest(column: &str) -> Finding {
    Finding { place: MANIFEST.into(), column: column.to_owned(), ..Finding::default() }
}

/// An amount of the manifest against what was added up.
fn amount(check: &mut Check, name: &str, stated: Option<&String>, found: i128) {
    check.look(1);
    let at = || of_manifest(&format!("control_totals.{name}"));
    match stated.and_then(|text| fen_of(text)) {
        Some(stated) => check.expect(stated, found, yuan, at),
        None => {
            check.find(|| Finding { stated: stated.map_or("nothing", |text| text).into(), found: yuan(&found), ..at() })
        }
    }
}

/// Yuan with two decimals as fen, of any size.
fn fen_of(text: &str) -> Option<i128> {
    let (whole, cents) = text.split_once('.')?;
    (cents.len() == 2).then(|| format!("{whole}{cents}").parse().ok()).flatten()
}

/// What the small files hold.
#[derive(Default)]
struct Small {
    alerts: BTreeMap<String, u64>,
    sources: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
    subsidy_rows: u64,
    subsidy: i128,
}

impl Small {
    fn alerts(&mut self, dir: &Path) -> Result<(), String> {
        each(dir, "alerts.parquet", vec![("alert", Kind::Text)], |row| count(&mut self.alerts, row.text(0)))
    }

    fn rejects(&mut self, dir: &Path) -> Result<(), String> {
        let columns = vec![("source", Kind::Text), ("reason", Kind::Text)];
        each(dir, "rejects.parquet", columns, |row| {
            count(&mut self.sources, row.text(0));
            count(&mut self.reasons, row.text(1));
        })
    }

    fn subsidies(&mut self, dir: &Path) -> Result<(), String> {
        each(dir, "subsidies.parquet", vec![("subsidy", Kind::Money)], |row| {
            self.subsidy_rows += 1;
            self.subsidy += i128::from(row.figure(0));
        })
    }
}

/// Goes through a file.
fn each(
    dir: &Path,
    name: &str,
    columns: Vec<(&'static str, Kind)>,
    mut take: impl FnMut(&Stream),
) -> Result<(), String> {
    let failed = |e: String| format!("{name}: {e}");
    let mut stream = Stream::open(dir, name, columns).map_err(failed)?;
    while stream.advance().map_err(failed)? {
        take(&stream);
    }
    Ok(())
}

/// A clause as its file states it, and as the audit adds up to it. An audit row does not tell its policy: where
/// two policies of a year have a bracket alike in rule and clause, what is held is the sum over both.
struct ClauseLine {
    year: i32,
    layer: Layer,
    rule: String,
    clause: String,
    lo: Option<i64>,
    row: u64,
    /// Base moved, gross and paid; none where the sum has more digits than the file can hold.
    stated: [Option<i128>; 3],
    found: [i128; 3],
}

impl ClauseLine {
    fn is(&self, year: i32, layer: Layer, (rule, clause): (&str, &str), lo: Option<i64>) -> bool {
        (self.year, self.layer, self.lo) == (year, layer, lo) && self.rule == rule && self.clause == clause
    }
}

/// The clauses of a run.
#[derive(Default)]
pub(super) struct ClauseTotals {
    lines: Vec<ClauseLine>,
    /// Audit rows of no clause.
    strange: u64,
    last: usize,
}

impl ClauseTotals {
    /// Reads what the file states.
    pub(super) fn read(&mut self, dir: &Path) -> Result<(), String> {
        let columns = vec![
            ("benefit_year", Kind::Int),
            ("layer", Kind::Text),
            ("rule", Kind::Text),
            ("clause", Kind::Text),
            ("lo", Kind::OptionalMoney),
            ("base_moved", Kind::OptionalMoney),
            ("gross", Kind::OptionalMoney),
            ("paid", Kind::OptionalMoney),
        ];
        let (lines, mut strange) = (&mut self.lines, None);
        each(dir, CLAUSES, columns, |row| match Layer::parse(row.text(1)) {
            None => drop(strange.get_or_insert_with(|| format!("{CLAUSES}: no layer `{}`", row.text(1)))),
            Some(layer) => {
                let stated = [5, 6, 7].map(|column| row.optional_figure(column).map(i128::from));
                let (year, rule, clause, lo) = (row.int(0), row.text(2), row.text(3), row.optional_figure(4));
                match lines.iter_mut().find(|l| l.is(year, layer, (rule, clause), lo)) {
                    Some(line) => {
                        let sums = line.stated.iter_mut().zip(stated);
                        sums.for_each(|(sum, more)| *sum = sum.zip(more).map(|(a, b)| a + b));
                    }
                    None => {
                        let (rule, clause) = (rule.to_owned(), clause.to_owned());
                        let row = row.row();
                        lines.push(ClauseLine { year, layer, rule, clause, lo, row, stated, found: [0; 3] });
                    }
                }
            }
        })?;
        strange.map_or(Ok(()), Err)
    }

    /// Adds an audit row to its clause.
    pub(super) fn take(&mut self, year: i32, layer: Layer, (rule, clause): (&str, &str), step: &Step) {
        let lo = step.band.map(|(_, _, lo)| lo);
        let is = |line: &ClauseLine| line.is(year, layer, (rule, clause), lo);
        // Rows of one clause often follow one another.
        if !self.lines.get(self.last).is_some_and(is) {
            match self.lines.iter().position(is) {
                Some(found) => self.last = found,
                None => return self.strange += 1,
            }
        }
        let moved = step.band.map_or(0, |(from, to, _)| i128::from(to) - i128::from(from));
        let figures = [moved, i128::from(step.gross), i128::from(step.paid)];
        self.lines[self.last].found.iter_mut().zip(figures).for_each(|(sum, fen)| *sum += fen);
    }

    /// Clauses against the audit, and by layer against the settlement.
    pub(super) fn check(
        &self,
        read: Result<(), String>,
        audited: bool,
        settlement: &Sums,
        walked: &Result<(), String>,
        report: &mut Report,
    ) {
        let mut check = Check::new("条款汇总", "clauses add up: from the audit, to the settlement by layer");
        check.look(self.lines.len() as u64);
        let at = |column: &str| Finding { place: CLAUSES.into(), column: column.into(), ..Finding::default() };
        for why in [read.err(), walked.as_ref().err().cloned()].into_iter().flatten() {
            check.find(|| Finding { stated: "readable".into(), found: why, ..at("rows") });
        }
        if audited && check.found == 0 {
            check.expect(0, self.strange, u64::to_string, || at("audit rows of no clause"));
            for line in &self.lines {
                for (number, name) in ["base_moved", "gross", "paid"].into_iter().enumerate() {
                    let Some(stated) = line.stated[number] else { continue };
                    let column = format!("{name} of {} {} ({})", line.year, line.rule, line.clause);
                    let place = || Finding { row: Some(line.row), ..at(&column) };
                    check.expect(stated, line.found[number], yuan, place);
                }
            }
        }
        let readable = check.found == 0 || audited && walked.is_ok();
        for column in LAYERS.into_iter().filter(|_| readable) {
            let of = self.lines.iter().filter(|l| Money::of_layer(l.layer) == column);
            if let Some(paid) = of.map(|l| l.stated[2]).sum::<Option<i128>>() {
                let name = format!("paid, against {} of the settlement", MONEY_NAMES[column as usize]);
                check.expect(paid, settlement[column as usize], yuan, || at(&name));
            }
        }
        report.push(check);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_of_any_size_are_read_to_the_fen() {
        assert_eq!(fen_of("-0.05"), Some(-5));
        assert_eq!(fen_of("123456789012345678901234.50"), Some(12_345_678_901_234_567_890_123_450));
        assert_eq!((fen_of("1"), fen_of("1.5"), fen_of("x.00")), (None, None, None));
    }
}
