//! The summary at the end of a reconciliation.

use super::summary::{outputs, sum};
use super::table::{Align, Table};
use crate::lang::Lang;
use crate::model::codes::Identity;
use crate::model::fen::group_thousands;
use crate::reconcile::Report;
use crate::reconcile::cause::Cause;
use crate::reconcile::tally::{ELSEWHERE, LOCAL, Line, NOBODY, UNATTRIBUTED};
use std::collections::BTreeMap;
use std::path::Path;

/// Places that the summary names; the manifest holds all of them.
const PLACES: usize = 10;

/// The summary of a reconciliation, as text.
pub fn summary(report: &Report, out: &Path, lang: Lang) -> String {
    let counts = &report.counts;
    let count = |n: u64| group_thousands(u128::from(n));
    let head = lang.pick(": paid against due\n\nPersons and years 人年", "：实付与应付核对\n\n人年");
    let mut text = format!("{}{head}\n", report.policies.join(lang.pick(", ", "、")));
    let mut rows = Table::new(&[Align::Left, Align::Right]).indented(2);
    rows.row([lang.term("核对", "looked at"), count(counts.person_years)]);
    rows.row([lang.term("有差异", "with a gap"), count(counts.gaps)]);
    rows.row([lang.term("原因已还原至分", "explained to the fen"), count(report.totals.exact)]);
    rows.row([lang.term("另有原因同样吻合", "other causes fit as well"), count(report.totals.ambiguous)]);
    rows.row([lang.term("应救未救", "due but not paid"), count(counts.due_not_paid)]);
    rows.row([lang.term("监测对象未获救助", "monitored, never assisted"), count(counts.monitored_unassisted)]);
    text.push_str(&rows.to_string());

    let totals = &report.totals;
    let by_cause = Cause::ALL.iter().filter_map(|c| Some((lang.term(c.label(), c), totals.by_cause.get(c.as_str())?)));
    text.push_str(&table(
        ("By cause 按原因", "按原因"),
        lang,
        by_cause.chain([(lang.term("合计", "all"), &totals.all)]),
    ));
    let identity = |name: &String| match Identity::parse(name) {
        Some(i) => lang.term(i.label(), i),
        None if name == NOBODY => lang.pick(NOBODY, "无身份").to_owned(),
        None => name.clone(),
    };
    text.push_str(&table(
        ("By identity 按身份", "按身份"),
        lang,
        totals.by_identity.iter().map(|(n, l)| (identity(n), l)),
    ));
    text.push_str(&table(("By institution 按医疗机构", "按医疗机构"), lang, most(&totals.by_institution, lang)));
    text.push_str(&table(("By area of treatment 按就医地", "按就医地"), lang, most(&totals.by_area, lang)));
    text.push_str(&outputs(out, lang, report.outputs.iter().map(|(name, d)| (name.as_str(), d.rows, Some(d.size)))));
    text
}

/// The places with most money, first.
fn most(places: &BTreeMap<String, Line>, lang: Lang) -> impl Iterator<Item = (String, &Line)> {
    let mut lines: Vec<(&String, &Line)> = places.iter().collect();
    lines.sort_by(|a, b| (b.1.too_much + b.1.too_little).cmp(&(a.1.too_much + a.1.too_little)).then(a.0.cmp(b.0)));
    lines.truncate(PLACES);
    let name = move |name: &String| match name.as_str() {
        LOCAL => lang.pick(LOCAL, "本地").to_owned(),
        ELSEWHERE => lang.pick(ELSEWHERE, "其他").to_owned(),
        UNATTRIBUTED => lang.pick(UNATTRIBUTED, "未能归属").to_owned(),
        _ => name.clone(),
    };
    lines.into_iter().map(move |(n, line)| (name(n), line))
}

fn table<'a>((en, zh): (&str, &str), lang: Lang, lines: impl Iterator<Item = (String, &'a Line)>) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right]).indented(2);
    let heads =
        [("person-years 人年", "人年"), ("paid too much 多付", "多付（元）"), ("paid too little 少付", "少付（元）")];
    let [years, too_much, too_little] = heads.map(|(en, zh)| lang.pick(en, zh));
    table.row(["", years, too_much, too_little]);
    let mut any = false;
    for (name, line) in lines.filter(|(_, line)| line.person_years > 0) {
        any = true;
        let years = group_thousands(u128::from(line.person_years));
        table.row([name, years, amount(line.too_much, lang), amount(line.too_little, lang)]);
    }
    if any { format!("\n{}\n{table}", lang.pick(en, zh)) } else { String::new() }
}

/// A sum in yuan; where Chinese is spoken, with the ten thousands of them in brackets.
fn amount(fen: i128, lang: Lang) -> String {
    match sum(fen, lang) {
        [yuan, wan] if wan.is_empty() => yuan,
        [yuan, wan] => format!("{yuan}（{wan}）"),
    }
}
