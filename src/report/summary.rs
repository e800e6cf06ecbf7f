//! The summary at the end of a settle run.

use super::table::{Align, Table};
use crate::model::codes::{Identity, Insutype, RejectReason, ScopeReason, Status};
use crate::model::fen::{group_thousands, to_grouped};
use crate::policy::tables::NO_RANK;
use crate::run::settle::Settled;
use crate::settle::outcome::Money;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Layers of the summary, with their labels.
const PAID: [(Money, &str); 8] = [
    (Money::MedfeeSumamt, "医疗费总额 total fee"),
    (Money::BasicPay, "基本医保 basic insurance"),
    (Money::CiiPay, "大病保险 catastrophic insurance"),
    (Money::SpecialDrugPay, "大病保险特药 special drugs"),
    (Money::MaPay, "医疗救助 medical assistance"),
    (Money::RaPay, "再救助（倾斜救助） re-assistance"),
    (Money::OocatPay, "目录外救助 out-of-catalogue"),
    (Money::HospBorne, "医疗机构承担 borne by institutions"),
];

const LAST: [(Money, &str); 4] = [
    (Money::ExtCompCounted, "外部补偿 outside compensation"),
    (Money::PsnBurden, "个人负担 left to persons"),
    (Money::PayableMa, "救助本次应付 assistance payable"),
    (Money::PayableCii, "大病本次应付 catastrophic payable"),
];

/// The summary of a finished run, as text.
pub fn summary(settled: &Settled, out: &Path) -> String {
    let manifest = &settled.manifest;
    let counts = &manifest.counts;
    let count = |n: u64| group_thousands(u128::from(n));
    let mut text = String::new();
    // Writing to a String cannot fail.
    if manifest.policies.is_empty() {
        let _ = writeln!(text, "{} ({})", manifest.policy.title, manifest.policy.id);
    }
    for policy in &manifest.policies {
        let until = policy.until.as_deref().unwrap_or("open");
        let _ = writeln!(text, "{} ({}), {} to {until}", policy.title, policy.id, policy.from);
    }

    let _ = writeln!(text, "\nRows 行数");
    let mut rows = Table::new(&[Align::Left, Align::Right]).indented(2);
    rows.row(["台账 ledger".to_owned(), count(counts.ledger_rows)]);
    for status in Status::ALL {
        let found = counts.by_status.get(status.as_str()).copied().unwrap_or(0);
        rows.row([format!("{} {status}", status.label()), count(found)]);
    }
    if counts.other_charge_years > 0 {
        rows.row(["其他年度 other charge years".to_owned(), count(counts.other_charge_years)]);
    }
    rows.row(["退回 rejected".to_owned(), count(counts.ledger_rejects)]);
    rows.row(["人数 persons".to_owned(), count(counts.persons)]);
    rows.row(["名册 roster".to_owned(), count(counts.roster_rows)]);
    if let Some(later) = counts.roster_recorded_later {
        rows.row(["名册之后登记 roster, recorded later".to_owned(), count(later)]);
    }
    rows.row(["审计行 audit".to_owned(), count(counts.audit_rows)]);
    text.push_str(&rows.to_string());

    let _ = writeln!(text, "\nMoney 金额（元）");
    let mut money = Table::new(&[Align::Left, Align::Right]).indented(2);
    for (column, label) in PAID.iter().chain(&LAST) {
        money.row([(*label).to_owned(), to_grouped(settled.totals.total(*column))]);
    }
    money.row(["参保资助 contribution subsidies".to_owned(), grouped_text(&manifest.control_totals.subsidies)]);
    text.push_str(&money.to_string());

    text.push_str(&by_identity(settled));
    text.push_str(&super::clauses::clauses(&settled.clauses));
    text.push_str(&found("Out of scope 不属救助范围", &counts.by_reason, |code| {
        ScopeReason::parse(code).map_or("", |r| r.label())
    }));
    text.push_str(&found("Alerts 预警", &counts.alerts, |_| ""));
    text.push_str(&found("Rejects 退回", &counts.rejects_by_reason, |code| {
        RejectReason::parse(code).map_or("", |r| r.label())
    }));
    let remarks = [
        (counts.fee_parts_mismatch, "claims are settled although the parts of their fee do not add up"),
        (counts.identity_differs, "claims carry another identity in the ledger than on the roster"),
    ];
    for (number, what) in remarks.iter().filter(|(n, _)| *n > 0) {
        let _ = writeln!(text, "\nNote: {} {what}.", count(*number));
    }
    let _ = writeln!(text, "\nOutputs: {}", out.display());
    for (name, digest) in &manifest.outputs {
        let _ = writeln!(text, "  {name}: {} rows, {} bytes", count(digest.rows), count(digest.size));
    }
    text
}

fn grouped_text(yuan: &str) -> String {
    crate::model::fen::parse_yuan(yuan).map_or_else(|_| yuan.to_owned(), |fen| to_grouped(i128::from(fen)))
}

/// Claims and payments by the identity that assistance applied.
fn by_identity(settled: &Settled) -> String {
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right]).indented(2);
    table.row(["", "claims 笔数", "医疗救助", "再救助", "本次应付"]);
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
            format!("{} {identity}", identity.label()),
            group_thousands(u128::from(claims)),
            sum(Money::MaPay),
            sum(Money::RaPay),
            sum(Money::PayableMa),
        ]);
    }
    if any { format!("\nBy identity 按身份\n{table}") } else { String::new() }
}

fn found(title: &str, counts: &BTreeMap<String, u64>, label: impl Fn(&str) -> &'static str) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[Align::Left, Align::Right]).indented(2);
    for (code, number) in counts {
        table.row([format!("{} {code}", label(code)).trim_start().to_owned(), group_thousands(u128::from(*number))]);
    }
    format!("\n{title}\n{table}")
}
