//! The summary at the end of a reconciliation.

use super::table::{Align, Table};
use crate::model::codes::Identity;
use crate::model::fen::{group_thousands, to_grouped};
use crate::reconcile::Report;
use crate::reconcile::cause::Cause;
use crate::reconcile::tally::Line;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Places that the summary names; the manifest holds all of them.
const PLACES: usize = 10;

/// The summary of a reconciliation, as text.
pub fn summary(report: &Report, out: &Path) -> String {
    let counts = &report.counts;
    let count = |n: u64| group_thousands(u128::from(n));
    let mut text = format!("{}: paid against due\n\nPersons and years 人年\n", report.policies.join(", "));
    let mut rows = Table::new(&[Align::Left, Align::Right]).indented(2);
    rows.row(["核对 looked at".to_owned(), count(counts.person_years)]);
    rows.row(["有差异 with a gap".to_owned(), count(counts.gaps)]);
    rows.row(["原因已还原至分 explained to the fen".to_owned(), count(report.totals.exact)]);
    rows.row(["另有原因同样吻合 other causes fit as well".to_owned(), count(report.totals.ambiguous)]);
    rows.row(["应救未救 due but not paid".to_owned(), count(counts.due_not_paid)]);
    rows.row(["监测对象未获救助 monitored, never assisted".to_owned(), count(counts.monitored_unassisted)]);
    text.push_str(&rows.to_string());

    let totals = &report.totals;
    let by_cause =
        Cause::ALL.iter().filter_map(|c| Some((format!("{} {c}", c.label()), totals.by_cause.get(c.as_str())?)));
    text.push_str(&table("By cause 按原因", by_cause.chain([("合计 all".to_owned(), &totals.all)])));
    let identity = |name: &String| Identity::parse(name).map_or_else(|| name.clone(), |i| format!("{} {i}", i.label()));
    text.push_str(&table("By identity 按身份", totals.by_identity.iter().map(|(n, l)| (identity(n), l))));
    text.push_str(&table("By institution 按医疗机构", most(&totals.by_institution)));
    text.push_str(&table("By area of treatment 按就医地", most(&totals.by_area)));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nOutputs: {}", out.display());
    for (name, digest) in &report.outputs {
        let _ = writeln!(text, "  {name}: {} rows, {} bytes", count(digest.rows), count(digest.size));
    }
    text
}

/// The places with most money, first.
fn most(places: &BTreeMap<String, Line>) -> impl Iterator<Item = (String, &Line)> {
    let mut lines: Vec<(String, &Line)> = places.iter().map(|(n, l)| (n.clone(), l)).collect();
    lines.sort_by(|a, b| (b.1.too_much + b.1.too_little).cmp(&(a.1.too_much + a.1.too_little)).then(a.0.cmp(&b.0)));
    lines.truncate(PLACES);
    lines.into_iter()
}

fn table<'a>(title: &str, lines: impl Iterator<Item = (String, &'a Line)>) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right]).indented(2);
    table.row(["", "person-years 人年", "paid too much 多付", "paid too little 少付"]);
    let mut any = false;
    for (name, line) in lines.filter(|(_, line)| line.person_years > 0) {
        any = true;
        let years = group_thousands(u128::from(line.person_years));
        table.row([name, years, to_grouped(line.too_much), to_grouped(line.too_little)]);
    }
    if any { format!("\n{title}\n{table}") } else { String::new() }
}
