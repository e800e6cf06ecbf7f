//! The clauses of a policy at the end of a run: which moved the most money, where a cap cut, which nobody
//! reached.

use super::table::{Align, Table};
use crate::lang::{Lang, both};
use crate::model::fen::{NO_LIMIT, group_thousands, to_grouped};
use crate::output::clauses::ClauseRow;
use crate::policy::value::Ratio;
use std::fmt::Write as _;

/// How many clauses are shown by money.
const TOP: usize = 5;
/// How many of each other kind are named.
const NAMED: usize = 12;

/// The section of the summary.
pub fn clauses(rows: &[ClauseRow], lang: Lang) -> String {
    let mut text = String::new();
    let several = rows.windows(2).any(|pair| pair[0].policy != pair[1].policy);
    let name = |row: &ClauseRow| if several { format!("{} {}", row.policy, name(row)) } else { name(row) };
    let mut by_money: Vec<&ClauseRow> = rows.iter().filter(|r| r.sums.paid > 0).collect();
    // A stable sort: clauses of equal money stay in the policy's order.
    by_money.sort_by_key(|r| std::cmp::Reverse(r.sums.paid));
    if !by_money.is_empty() {
        let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right]).indented(2);
        table.row([
            "",
            lang.pick("persons 人数", "人数"),
            lang.pick("claims 笔数", "笔数"),
            lang.pick("paid 支付", "支付"),
        ]);
        for row in by_money.iter().take(TOP) {
            let s = &row.sums;
            table.row([name(row), count(s.persons), count(s.claims), to_grouped(s.paid)]);
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{}\n{table}", lang.pick("Clauses by money 条款支付金额", "条款支付金额"));
    }
    let cut: Vec<&ClauseRow> = rows.iter().filter(|r| r.sums.cap_binding > 0).collect();
    if !cut.is_empty() {
        let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right]).indented(2);
        let heads = [("limit 限额", "限额"), ("claims 笔数", "笔数"), ("cut off 超限未付", "超限未付")];
        let [limit, claims, cut_off] = heads.map(|(en, zh)| lang.pick(en, zh));
        table.row(["", limit, claims, cut_off]);
        for row in cut.iter().take(NAMED) {
            let cap = row.clause.cap.map_or_else(String::new, |c| to_grouped(i128::from(c)));
            table.row([name(row), cap, count(row.sums.cap_binding), to_grouped(row.sums.cut_off)]);
        }
        let title = lang.pick("Limits that cut 限额起作用的条款", "限额起作用的条款");
        let _ = write!(text, "\n{title}\n{table}");
        more(&mut text, cut.len(), lang);
    }
    let idle: Vec<&ClauseRow> = rows.iter().filter(|r| !r.is_exercised()).collect();
    if !idle.is_empty() {
        let (idle_count, all) = (count(idle.len() as u64), count(rows.len() as u64));
        let title = both!(
            "Clauses that no claim reached 未适用的条款: {idle_count} of {all}",
            "未适用的条款：{idle_count} 条，共 {all} 条"
        );
        let _ = writeln!(text, "\n{}", title.pick(lang));
        for row in idle.iter().take(NAMED) {
            let _ = writeln!(text, "  {}", name(row));
        }
        more(&mut text, idle.len(), lang);
    }
    text
}

fn count(n: u64) -> String {
    group_thousands(u128::from(n))
}

fn more(text: &mut String, all: usize, lang: Lang) {
    if all > NAMED {
        let left = count((all - NAMED) as u64);
        let line = both!("  and {left} more, in clauses.parquet", "  另有 {left} 条，见 clauses.parquet");
        let _ = writeln!(text, "{}", line.pick(lang));
    }
}

/// `2023 医疗救助 ma.A（二（三）1） 0.00+ 70 %`.
pub(crate) fn name(row: &ClauseRow) -> String {
    let clause = &row.clause;
    let mut name = format!("{} {} {}（{}）", clause.year, clause.layer.label(), row.rule, row.text);
    if let Some((lo, hi)) = clause.bracket {
        let hi = if hi == NO_LIMIT { String::new() } else { to_grouped(i128::from(hi)) };
        let _ = write!(name, " {}–{hi}", to_grouped(i128::from(lo)));
    }
    if let Some(ppm) = clause.ratio_ppm {
        let _ = write!(name, " {}", Ratio(ppm).percent());
    }
    name
}
