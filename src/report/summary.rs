//! The summary at the end of a settle run.

use super::table::{Align, Table};
use crate::lang::{Both, Lang, both};
use crate::model::codes::{Identity, Insutype, RejectReason, ScopeReason, Status};
use crate::model::fen::{group_thousands, parse_yuan, to_grouped, to_wan};
use crate::orders::OrderCounts;
use crate::policy::tables::NO_RANK;
use crate::run::settle::Settled;
use crate::settle::outcome::Money;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Layers of the summary, with their labels in Chinese and English.
const PAID: [(Money, &str, &str); 8] = [
    (Money::MedfeeSumamt, "医疗费总额", "total fee"),
    (Money::BasicPay, "基本医保", "basic insurance"),
    (Money::CiiPay, "大病保险", "catastrophic insurance"),
    (Money::SpecialDrugPay, "大病保险特药", "special drugs"),
    (Money::MaPay, "医疗救助", "medical assistance"),
    (Money::RaPay, "再救助（倾斜救助）", "re-assistance"),
    (Money::OocatPay, "目录外救助", "out-of-catalogue"),
    (Money::HospBorne, "医疗机构承担", "borne by institutions"),
];

const LAST: [(Money, &str, &str); 4] = [
    (Money::ExtCompCounted, "外部补偿", "outside compensation"),
    (Money::PsnBurden, "个人负担", "left to persons"),
    (Money::PayableMa, "救助本次应付", "assistance payable"),
    (Money::PayableCii, "大病本次应付", "catastrophic payable"),
];

/// The summary of a finished run, as text.
pub fn summary(settled: &Settled, out: &Path, lang: Lang) -> String {
    let manifest = &settled.manifest;
    let counts = &manifest.counts;
    let count = |n: u64| group_thousands(u128::from(n));
    let mut text = String::new();
    // Writing to a String cannot fail.
    if manifest.policies.is_empty() {
        let _ = writeln!(text, "{} ({})", manifest.policy.title, manifest.policy.id);
    }
    for policy in &manifest.policies {
        let until = policy.until.as_deref().unwrap_or(lang.pick("open", "长期"));
        let to = lang.pick("to", "至");
        let _ = writeln!(text, "{} ({}), {} {to} {until}", policy.title, policy.id, policy.from);
    }

    let _ = writeln!(text, "\n{}", lang.pick("Rows 行数", "行数"));
    let mut rows = Table::new(&[Align::Left, Align::Right]).indented(2);
    rows.row([lang.term("台账", "ledger"), count(counts.ledger_rows)]);
    for status in Status::ALL {
        let found = counts.by_status.get(status.as_str()).copied().unwrap_or(0);
        rows.row([lang.term(status.label(), status), count(found)]);
    }
    if counts.other_charge_years > 0 {
        rows.row([lang.term("其他年度", "other charge years"), count(counts.other_charge_years)]);
    }
    rows.row([lang.term("退回", "rejected"), count(counts.ledger_rejects)]);
    rows.row([lang.term("人数", "persons"), count(counts.persons)]);
    rows.row([lang.term("名册", "roster"), count(counts.roster_rows)]);
    if let Some(later) = counts.roster_recorded_later {
        rows.row([lang.term("名册之后登记", "roster, recorded later"), count(later)]);
    }
    rows.row([lang.term("审计行", "audit"), count(counts.audit_rows)]);
    text.push_str(&rows.to_string());

    let _ = writeln!(text, "\n{}", lang.pick("Money 金额（元）", "金额（元）"));
    let mut money = Table::new(&[Align::Left, Align::Right, Align::Right]).indented(2);
    for (column, zh, en) in PAID.iter().chain(&LAST) {
        let [yuan, wan] = sum(settled.totals.total(*column), lang);
        money.row([lang.term(zh, en), yuan, wan]);
    }
    let subsidies = &manifest.control_totals.subsidies;
    let [yuan, wan] =
        parse_yuan(subsidies).map_or_else(|_| [subsidies.clone(), String::new()], |fen| sum(fen.into(), lang));
    money.row([lang.term("参保资助", "contribution subsidies"), yuan, wan]);
    text.push_str(&money.to_string());

    text.push_str(&by_identity(settled, lang));
    text.push_str(&super::clauses::clauses(&settled.clauses, lang));
    text.push_str(&found(
        lang.pick("Out of scope 不属救助范围", "不属救助范围"),
        &counts.by_reason,
        lang,
        |code| ScopeReason::parse(code).map_or("", |r| r.label()),
    ));
    text.push_str(&found(lang.pick("Alerts 预警", "预警"), &counts.alerts, lang, |_| ""));
    text.push_str(&found(lang.pick("Rejects 退回", "退回"), &counts.rejects_by_reason, lang, |code| {
        RejectReason::parse(code).map_or("", |r| r.label())
    }));
    if let Some(orders) = &counts.orders {
        text.push_str(&orders_section(orders, lang));
    }
    let remarks = [
        (
            counts.fee_parts_mismatch,
            "claims are settled although the parts of their fee do not add up",
            "笔结算的费用构成之和与总额不符，仍予结算",
        ),
        (
            counts.identity_differs,
            "claims carry another identity in the ledger than on the roster",
            "笔结算在台账中的身份与名册不同",
        ),
    ];
    for (number, en, zh) in remarks.iter().filter(|(n, ..)| *n > 0) {
        let n = count(*number);
        let _ = writeln!(text, "\n{}", both!("Note: {n} {en}.", "提示：{n} {zh}。").pick(lang));
    }
    text.push_str(&outputs(out, lang, manifest.outputs.iter().map(|(name, d)| (name.as_str(), d.rows, Some(d.size)))));
    text
}

/// The files of a folder, at the end of a summary.
pub(super) fn outputs<'a>(out: &Path, lang: Lang, files: impl Iterator<Item = (&'a str, u64, Option<u64>)>) -> String {
    let count = |n: u64| group_thousands(u128::from(n));
    let mut text = format!("\n{}{}\n", lang.pick("Outputs: ", "输出："), out.display());
    for (name, rows, size) in files {
        let rows = count(rows);
        let size = size.map(count).map_or_else(Both::default, |n| both!(", {n} bytes", "，{n} 字节"));
        let line =
            Both { en: format!("  {name}: {rows} rows{}", size.en), zh: format!("  {name}：{rows} 行{}", size.zh) };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", line.pick(lang));
    }
    text
}

/// A sum in yuan; where Chinese is spoken, in ten thousands of them, too.
pub(super) fn sum(fen: i128, lang: Lang) -> [String; 2] {
    [to_grouped(fen), to_wan(fen).filter(|_| lang == Lang::Zh).unwrap_or_default()]
}

/// Whether the order of claims mattered, by persons' years.
fn orders_section(orders: &OrderCounts, lang: Lang) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right]).indented(2);
    for (zh, en, number) in [
        ("人员年度", "persons' years", orders.person_years),
        ("可证与次序无关", "order cannot matter", orders.proved),
        ("试遍各次序无差异", "no difference in any order", orders.tried_all),
        ("试部分次序无差异", "no difference in the orders tried", orders.tried_some),
        ("次序影响待遇", "another order, another total", orders.differ),
    ] {
        table.row([lang.term(zh, en), group_thousands(u128::from(number))]);
    }
    format!("\n{}\n{table}", lang.pick("Order of claims 就诊次序", "就诊次序"))
}

/// Claims and payments by the identity that assistance applied.
fn by_identity(settled: &Settled, lang: Lang) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right]).indented(2);
    table.row(["", lang.pick("claims 笔数", "笔数"), "医疗救助", "再救助", "本次应付"]);
    let names = settled.manifest.control_totals.by_identity.keys();
    let mut any = false;
    for name in names.filter(|n| *n != "none") {
        let Some(identity) = Identity::parse(name) else { continue };
        let rank = settled.rank_of(identity);
        if rank == NO_RANK {
            continue;
        }
        any = true;
        let cells = || Insutype::ALL.iter().map(move |t| settled.totals.cell(rank, *t));
        let sum = |m: Money| to_grouped(cells().map(|c| c.money[m as usize]).sum());
        let claims = cells().map(|c| c.rows).sum::<u64>();
        table.row([
            lang.term(identity.label(), identity),
            group_thousands(u128::from(claims)),
            sum(Money::MaPay),
            sum(Money::RaPay),
            sum(Money::PayableMa),
        ]);
    }
    if any { format!("\n{}\n{table}", lang.pick("By identity 按身份", "按身份")) } else { String::new() }
}

fn found(title: &str, counts: &BTreeMap<String, u64>, lang: Lang, label: impl Fn(&str) -> &'static str) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[Align::Left, Align::Right]).indented(2);
    for (code, number) in counts {
        table.row([lang.term(label(code), code), group_thousands(u128::from(*number))]);
    }
    format!("\n{title}\n{table}")
}
