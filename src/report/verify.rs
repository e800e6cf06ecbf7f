//! What `onestop verify` prints: the checks as a table, what was found, and a replayed person's rows.

use super::table::{Align, Table};
use crate::lang::{Lang, both};
use crate::model::fen::group_thousands;
use crate::verify::check::{Check, Report, Verdict};
use std::fmt::Write as _;
use std::path::Path;

/// The report for people.
pub fn text(report: &Report, dir: &Path, lang: Lang) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let (dir, Report { policy, made_by, .. }) = (dir.display(), report);
    let head = both!("{dir}  ({policy}, version {made_by})", "{dir}（{policy}，程序版本 {made_by}）");
    let _ = writeln!(text, "{}\n\n{}", head.pick(lang), lang.pick("Checks 核对", "核对"));
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Left]).indented(2);
    for check in &report.checks {
        let looked_at = check.looked_at.map_or_else(String::new, |n| group_thousands(u128::from(n)));
        table.row([name(check, lang), looked_at, check.verdict.label(lang)]);
    }
    text.push_str(&table.to_string());
    notes(&mut text, report, lang);
    report.checks.iter().filter(|c| c.verdict == Verdict::DoesNotHold).for_each(|c| findings(&mut text, c, lang));
    if let Some([zh, en]) = &report.story {
        let _ = write!(text, "\n{}\n{}", lang.pick("Replayed 重放结果", "重放结果"), lang.pick(en, zh));
        rejects(&mut text, report, lang);
    }
    let of = |verdict: Verdict| report.checks.iter().filter(|c| c.verdict == verdict).count() as u64;
    let [holds, fails, open] = [Verdict::Holds, Verdict::DoesNotHold, Verdict::NotChecked]
        .map(|verdict| group_thousands(u128::from(of(verdict))));
    let verdict = match report.holds() {
        true => lang.term("成立", "The folder holds"),
        false => lang.term("不成立", "The folder does not hold"),
    };
    let sum = both!(
        "{verdict}: {holds} checks hold, {fails} do not, {open} were not made.",
        "{verdict}：{holds} 项成立，{fails} 项不成立，{open} 项未核对。"
    );
    let _ = writeln!(text, "\n{}", sum.pick(lang));
    text
}

/// What a check is called.
fn name(check: &Check, lang: Lang) -> String {
    match lang {
        Lang::En => format!("{} {}", check.label, check.what),
        Lang::Zh => format!("{} {}", check.label, check.about).trim_end().to_owned(),
    }
}

fn notes(text: &mut String, report: &Report, lang: Lang) {
    let noted: Vec<&Check> = report.checks.iter().filter(|c| !c.note.is_empty()).collect();
    if !noted.is_empty() {
        let _ = writeln!(text, "\n{}", lang.pick("Notes 说明", "说明"));
        for check in noted {
            let note = check.note.pick(lang);
            let line = match lang {
                Lang::En => format!("  {}: {note}", check.what),
                Lang::Zh => format!("  {}：{note}", name(check, lang)),
            };
            let _ = writeln!(text, "{line}");
        }
    }
}

fn findings(text: &mut String, check: &Check, lang: Lang) {
    let _ = writeln!(text, "\n{}", name(check, lang));
    for finding in &check.findings {
        let told = match lang {
            Lang::En => finding.to_string(),
            Lang::Zh => finding.zh(),
        };
        let _ = writeln!(text, "  {told}");
    }
    let more = check.found - check.findings.len() as u64;
    if more > 0 {
        let more = group_thousands(u128::from(more));
        let _ = writeln!(text, "{}", both!("  and {more} more", "  另有 {more} 处").pick(lang));
    }
}

/// A replayed person's rejects, which an explanation does not tell.
fn rejects(text: &mut String, report: &Report, lang: Lang) {
    let rows = report.rows.get("rejects.parquet").into_iter().flatten();
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left]).indented(2);
    for row in rows {
        let cell = |column: &str| row.get(column).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        table.row(["setl_id", "reason", "detail"].map(cell));
    }
    if !table.is_empty() {
        let _ = write!(text, "\n{}\n{table}", lang.pick("Rejected 退回", "退回"));
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
