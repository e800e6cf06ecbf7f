//! What `onestop verify` prints: the checks as a table, what was found, and a replayed person's rows.

use super::table::{Align, Table};
use crate::lang::Lang;
use crate::model::fen::group_thousands;
use crate::verify::check::{Check, Report, Verdict};
use std::fmt::Write as _;
use std::path::Path;

/// The report for people.
pub fn text(report: &Report, dir: &Path, lang: Lang) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}  ({}, version {})", dir.display(), report.policy, report.made_by);
    let _ = writeln!(text, "\nChecks 核对");
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Left]).indented(2);
    for check in &report.checks {
        let looked_at = check.looked_at.map_or_else(String::new, |n| group_thousands(u128::from(n)));
        table.row([format!("{} {}", check.label, check.what), looked_at, check.verdict.label().to_owned()]);
    }
    text.push_str(&table.to_string());
    notes(&mut text, report);
    report.checks.iter().filter(|c| c.verdict == Verdict::DoesNotHold).for_each(|c| findings(&mut text, c));
    if let Some([zh, en]) = &report.story {
        let _ = write!(text, "\nReplayed 重放结果\n{}", lang.pick(en, zh));
        rejects(&mut text, report);
    }
    let of = |verdict: Verdict| report.checks.iter().filter(|c| c.verdict == verdict).count() as u64;
    let count = |n: u64| group_thousands(u128::from(n));
    let (holds, fails, open) = (of(Verdict::Holds), of(Verdict::DoesNotHold), of(Verdict::NotChecked));
    let verdict = if report.holds() { "成立 The folder holds" } else { "不成立 The folder does not hold" };
    let _ = writeln!(
        text,
        "\n{verdict}: {} checks hold, {} do not, {} were not made.",
        count(holds),
        count(fails),
        count(open)
    );
    text
}

fn notes(text: &mut String, report: &Report) {
    let noted: Vec<&Check> = report.checks.iter().filter(|c| !c.note.is_empty()).collect();
    if !noted.is_empty() {
        let _ = writeln!(text, "\nNotes 说明");
        for check in noted {
            let _ = writeln!(text, "  {}: {}", check.what, check.note);
        }
    }
}

fn findings(text: &mut String, check: &Check) {
    let _ = writeln!(text, "\n{} {}", check.label, check.what);
    for finding in &check.findings {
        let _ = writeln!(text, "  {finding}");
    }
    let more = check.found - check.findings.len() as u64;
    if more > 0 {
        let _ = writeln!(text, "  and {} more", group_thousands(u128::from(more)));
    }
}

/// A replayed person's rejects, which an explanation does not tell.
fn rejects(text: &mut String, report: &Report) {
    let rows = report.rows.get("rejects.parquet").into_iter().flatten();
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left]).indented(2);
    for row in rows {
        let cell = |column: &str| row.get(column).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        table.row(["setl_id", "reason", "detail"].map(cell));
    }
    if !table.is_empty() {
        let _ = write!(text, "\nRejected 退回\n{table}");
    }
}

/// The report for programs.
pub fn json(report: &Report) -> String {
    let mut value = serde_json::json!({ "holds": report.holds() });
    // The report is plain data: it always has a form in JSON.
    if let (Some(value), Ok(serde_json::Value::Object(all))) = (value.as_object_mut(), serde_json::to_value(report)) {
        value.extend(all);
    }
    format!("{value:#}\n")
}
