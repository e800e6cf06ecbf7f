//! The page of a settlement: what was paid, by whom, for whom and when, where limits cut, and what was not settled.

use super::chart::{lying, standing};
use super::html::{Cell, Page, escaped, words};
use crate::lang::{Lang, both};
use crate::model::codes::{Identity, RejectReason, ScopeReason, Status};
use crate::model::date;
use crate::model::fen::{group_thousands, parse_yuan};
use crate::output::clauses::ClauseRow;
use crate::output::manifest::{Manifest, PolicyPart};
use crate::output::stream::{Kind, Stream};
use crate::report::clauses::name;
use crate::settle::outcome::FUNDS;
use chrono::Datelike as _;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;

/// Persons' years that are named for how far they are from what was recorded.
const LARGEST: usize = 20;
/// Clauses that are named.
const CLAUSES: usize = 40;

/// Columns of the tables by identity and by month, with their labels.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("medfee_sumamt", "费用总额", "total fee"),
    ("basic_pay", "基本医保", "basic insurance"),
    ("cii_pay", "大病保险", "catastrophic"),
    ("special_drug_pay", "大病特药", "special drugs"),
    ("ma_pay", "医疗救助", "assistance"),
    ("ra_pay", "再救助", "re-assistance"),
    ("oocat_pay", "目录外救助", "out of catalogue"),
    ("psn_burden", "个人负担", "left to persons"),
];
/// Those of them that this program computes assistance in.
const ASSISTANCE: [&str; 3] = ["ma_pay", "ra_pay", "oocat_pay"];

/// The page, and how many tables it has; why it cannot be made, in words.
pub(super) fn page(folder: &Path, manifest: &Manifest, clauses: &[ClauseRow]) -> Result<(String, u64), String> {
    let mut page = Page::new(&both!("Settlement report", "医疗救助结算报告"));
    head(&mut page, manifest);
    who_carries(&mut page, manifest)?;
    by_layer(&mut page, manifest)?;
    by_identity(&mut page, manifest)?;
    by_month(&mut page, folder)?;
    by_clause(&mut page, clauses);
    against_recorded(&mut page, folder, manifest)?;
    not_settled(&mut page, manifest);
    Ok(page.finish())
}

/// An amount of the manifest, in fen.
fn fen(yuan: &str) -> Result<i128, String> {
    parse_yuan(yuan)
        .map(i128::from)
        .or_else(|_| yuan.replace('.', "").parse().map_err(|_| format!("no amount: {yuan}")))
}

fn total(sums: &BTreeMap<String, String>, column: &str) -> Result<i128, String> {
    sums.get(column).map_or_else(|| Err(format!("no sum of {column}")), |yuan| fen(yuan))
}

fn head(page: &mut Page, manifest: &Manifest) {
    let several = &manifest.policies;
    let policies: Vec<&PolicyPart> = if several.is_empty() { vec![&manifest.policy] } else { several.iter().collect() };
    for policy in policies {
        let until = policy.until.as_deref();
        let [zh, en] = [until.unwrap_or("长期"), until.unwrap_or("open")];
        let term = words(&format!("{} 至 {zh}", policy.from), &format!("{} to {en}", policy.from));
        let (title, document, id) = (escaped(&policy.title), escaped(&policy.document), escaped(&policy.id));
        page.paragraph(&format!("{title}　{document}　<span class=\"soft\">{id}, {term}</span>"));
    }
    page.paragraph(&words(
        "金额单位：元。每个数字都取自本目录的 Parquet 文件，或为其各行之和。",
        "Amounts in yuan. Every figure is one of the Parquet files of this folder, or a sum of their rows.",
    ));
    let counts = &manifest.counts;
    let mut rows = vec![("ledger_rows", "台账行数", "ledger rows", counts.ledger_rows)];
    for status in Status::ALL {
        let n = counts.by_status.get(status.as_str()).copied().unwrap_or(0);
        rows.push((status.as_str(), status.label(), status.as_str(), n));
    }
    rows.push(("ledger_rejects", "退回", "rejected", counts.ledger_rejects));
    rows.push(("persons", "人数", "persons", counts.persons));
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(of, zh, en, n)| vec![Cell::Words(words(zh, en)), Cell::Count(format!("counts.{of}"), n)])
        .collect();
    page.table(&[("", ""), ("行数", "rows")], &rows, false);
}

/// The fee of everybody, by the fund that bears it; the parts add up to it.
fn who_carries(page: &mut Page, manifest: &Manifest) -> Result<(), String> {
    page.heading("费用由谁承担", "Who bears the fee");
    let totals = &manifest.control_totals;
    let mut rows = Vec::new();
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for fund in FUNDS {
        let borne = total(&totals.by_fund, fund.name)?;
        let english = fund.name.replace('_', " ");
        rows.push(vec![Cell::Words(words(fund.label, &english)), Cell::Money(format!("fund.{}", fund.name), borne)]);
        zh.push((fund.label.to_owned(), borne));
        en.push((english, borne));
    }
    let fee = total(&totals.all, "medfee_sumamt")?;
    rows.push(vec![Cell::Words(words("费用总额", "total fee")), Cell::Money("all.medfee_sumamt".to_owned(), fee)]);
    page.charts(&lying(&zh)?, &lying(&en)?);
    page.table(&[("承担方", "borne by"), ("金额", "amount")], &rows, true);
    Ok(())
}

/// What each layer pays, what was recorded as paid, and what is still owed.
fn by_layer(page: &mut Page, manifest: &Manifest) -> Result<(), String> {
    page.heading("应付、已付、本次应付", "Due, recorded, still owed");
    let all = &manifest.control_totals.all;
    let insurance = (("大病保险", "catastrophic insurance"), &["cii_pay", "special_drug_pay"][..], "cii");
    let assistance = (("医疗救助", "medical assistance"), &ASSISTANCE[..], "ma");
    let mut rows = Vec::new();
    for ((zh, en), due, of) in [insurance, assistance] {
        let sum = due.iter().map(|column| total(all, column)).sum::<Result<i128, _>>()?;
        let recorded = if of == "ma" { "recorded_maf" } else { "recorded_cii" };
        let payable = format!("payable_{of}");
        rows.push(vec![
            Cell::Words(words(zh, en)),
            Cell::Money(format!("all.{}", due.join("+")), sum),
            Cell::Money(format!("all.{recorded}"), total(all, recorded)?),
            Cell::Money(format!("all.{payable}"), total(all, &payable)?),
        ]);
    }
    rows.push(vec![
        Cell::Words(words("参保资助", "contribution subsidies")),
        Cell::Money("subsidies".to_owned(), fen(&manifest.control_totals.subsidies)?),
        Cell::Words(String::new()),
        Cell::Words(String::new()),
    ]);
    page.table(&[("", ""), ("应付", "due"), ("已记录支付", "recorded"), ("本次应付", "still owed")], &rows, false);
    page.paragraph(&words(
        "本次应付为负数的，是已付多于应付，应予追回。",
        "A negative amount still owed was paid too much, and is to be claimed back.",
    ));
    Ok(())
}

fn by_identity(page: &mut Page, manifest: &Manifest) -> Result<(), String> {
    page.heading("按身份", "By identity");
    let totals = &manifest.control_totals;
    let label = |code: &str| Identity::parse(code).map_or("无救助身份", Identity::label);
    let (mut rows, mut zh, mut en) = (Vec::new(), Vec::new(), Vec::new());
    for (code, sums) in &totals.by_identity {
        rows.push(line(words(label(code), code), &format!("identity.{code}"), |column| total(sums, column))?);
        let paid = ASSISTANCE.iter().map(|column| total(sums, column)).sum::<Result<i128, _>>()?;
        if code != "none" {
            zh.push((label(code).to_owned(), paid));
            en.push((code.clone(), paid));
        }
    }
    rows.push(line(words("合计", "all"), "all", |column| total(&totals.all, column))?);
    if !zh.is_empty() {
        page.paragraph(&words(
            "救助金额（医疗救助、再救助、目录外救助）",
            "Assistance (with re-assistance and out of catalogue)",
        ));
        page.charts(&lying(&zh)?, &lying(&en)?);
    }
    page.table(&heads("身份", "identity"), &rows, true);
    Ok(())
}

/// The heads of a table of [`COLUMNS`].
fn heads<'a>(zh: &'a str, en: &'a str) -> Vec<(&'a str, &'a str)> {
    std::iter::once((zh, en)).chain(COLUMNS.iter().map(|(_, zh, en)| (*zh, *en))).collect()
}

/// A row of them.
fn line(name: String, of: &str, sum: impl Fn(&str) -> Result<i128, String>) -> Result<Vec<Cell>, String> {
    let mut row = vec![Cell::Words(name)];
    for (column, ..) in COLUMNS {
        row.push(Cell::Money(format!("{of}.{column}"), sum(column)?));
    }
    Ok(row)
}

/// Sums of the settlement's rows by the month of their time; reversed records and refunds take each other away.
fn by_month(page: &mut Page, folder: &Path) -> Result<(), String> {
    page.heading("按月份（结算时间）", "By month of settlement");
    let columns = [("setl_time", Kind::Time)].into_iter().chain(COLUMNS.map(|(name, ..)| (name, Kind::Money)));
    let mut rows = Stream::open(folder, "settlement.parquet", columns.collect())?;
    let mut months: BTreeMap<(i32, u32), [i128; COLUMNS.len()]> = BTreeMap::new();
    let mut at = (i32::MIN, (0, 0));
    while rows.advance()? {
        let day = date::day_of_micros(rows.time(0));
        if day != at.0 {
            at = (day, date::from_days(day).map_or((0, 0), |day| (day.year(), day.month())));
        }
        let sums = months.entry(at.1).or_default();
        sums.iter_mut().enumerate().for_each(|(at, sum)| *sum += i128::from(rows.figure(at + 1)));
    }
    if months.is_empty() {
        page.paragraph(&words("没有结算的费用。", "Nothing was settled."));
        return Ok(());
    }
    let place = |column: &str| COLUMNS.iter().position(|(name, ..)| *name == column);
    let named = |(year, month): &(i32, u32)| format!("{year}-{month:02}");
    let mut cells = Vec::new();
    let mut bars = Vec::new();
    for (month, sums) in &months {
        let month = named(month);
        let sum = |column: &str| place(column).map(|at| sums[at]).ok_or_else(String::new);
        cells.push(line(escaped(&month), &format!("month.{month}"), sum)?);
        bars.push((month, ASSISTANCE.iter().filter_map(|column| place(column)).map(|at| sums[at]).sum()));
    }
    page.paragraph(&words(
        "救助金额（医疗救助、再救助、目录外救助）",
        "Assistance (with re-assistance and out of catalogue)",
    ));
    page.chart(&standing(&bars)?);
    page.table(&heads("月份", "month"), &cells, false);
    Ok(())
}

fn by_clause(page: &mut Page, clauses: &[ClauseRow]) {
    page.heading("各条款的支付与限额", "What each clause paid, and where limits cut");
    let several = clauses.windows(2).any(|pair| pair[0].policy != pair[1].policy);
    let mut moved: Vec<(usize, &ClauseRow)> =
        clauses.iter().enumerate().filter(|(_, row)| row.sums.paid != 0 || row.sums.cap_binding > 0).collect();
    // A stable sort: clauses of equal money stay in the policy's order.
    moved.sort_by_key(|(_, row)| Reverse(row.sums.paid));
    let left = moved.len().saturating_sub(CLAUSES);
    let rows: Vec<Vec<Cell>> = moved
        .into_iter()
        .take(CLAUSES)
        .map(|(at, row)| {
            let policy = if several { format!("{} ", row.policy) } else { String::new() };
            let of = |what: &str| format!("clause.{at}.{what}");
            vec![
                Cell::Words(escaped(&format!("{policy}{}", name(row)))),
                Cell::Count(of("persons"), row.sums.persons),
                Cell::Count(of("claims"), row.sums.claims),
                Cell::Money(of("paid"), row.sums.paid),
                Cell::Count(of("cap_binding"), row.sums.cap_binding),
                Cell::Money(of("cut_off"), row.sums.cut_off),
            ]
        })
        .collect();
    let heads = [
        ("条款", "clause"),
        ("人数", "persons"),
        ("笔数", "claims"),
        ("支付", "paid"),
        ("触及限额笔数", "claims at the limit"),
        ("超限未付", "cut off"),
    ];
    page.table(&heads, &rows, false);
    if left > 0 {
        let left = group_thousands(left as u128);
        let more = both!("{left} more stand in clauses.parquet.", "另有 {left} 条见 clauses.parquet。");
        page.paragraph(&words(&more.zh, &more.en));
    }
}

/// The persons' years that are furthest from what was recorded as paid.
fn against_recorded(page: &mut Page, folder: &Path, manifest: &Manifest) -> Result<(), String> {
    page.heading("与已记录支付相差最大的人员", "Furthest from what was recorded as paid");
    let money = ["ma_pay", "ra_pay", "oocat_pay", "recorded_maf", "payable_ma"];
    let columns = [("psn_no", Kind::Id), ("charge_year", Kind::Int)].into_iter().chain(money.map(|m| (m, Kind::Money)));
    let mut persons = Stream::open(folder, "persons.parquet", columns.collect())?;
    // The smallest of the largest is on top; of equals the first in the file stay.
    let mut largest = BinaryHeap::new();
    let mut number = 0_u64;
    while persons.advance()? {
        number += 1;
        let of: [i64; 5] = std::array::from_fn(|at| persons.figure(at + 2));
        if of[4] != 0 {
            largest.push(Reverse((of[4].unsigned_abs(), Reverse(number), persons.id(0), persons.int(1), of)));
            if largest.len() > LARGEST {
                largest.pop();
            }
        }
    }
    let mut rows = Vec::new();
    for Reverse((_, _, id, year, [ma, ra, oocat, recorded, payable])) in largest.into_sorted_vec() {
        let of = |what: &str| format!("person.{id}.{year}.{what}");
        let due = [ma, ra, oocat].map(i128::from).iter().sum();
        rows.push(vec![
            Cell::Words(escaped(&id.to_string())),
            Cell::Words(year.to_string()),
            Cell::Money(of("ma_pay+ra_pay+oocat_pay"), due),
            Cell::Money(of("recorded_maf"), recorded.into()),
            Cell::Money(of("payable_ma"), payable.into()),
        ]);
    }
    if rows.is_empty() {
        page.paragraph(&words("应付与已记录支付没有差异。", "Nothing differs from what was recorded."));
        return Ok(());
    }
    let heads = [
        ("人员编号", "person"),
        ("年度", "year"),
        ("应付救助", "assistance due"),
        ("已记录支付", "recorded"),
        ("本次应付", "still owed"),
    ];
    page.table(&heads, &rows, false);
    let owed = total(&manifest.control_totals.all, "payable_ma")?;
    let all = vec![vec![
        Cell::Words(words("全部人员本次应付救助", "assistance still owed to everybody")),
        Cell::Money("all.payable_ma".to_owned(), owed),
    ]];
    page.table(&[("", ""), ("金额", "amount")], &all, false);
    Ok(())
}

fn not_settled(page: &mut Page, manifest: &Manifest) {
    page.heading("未结算的费用", "What was not settled");
    let counts = &manifest.counts;
    let scope = counts.by_reason.iter().map(|(code, n)| {
        let label = ScopeReason::parse(code).map_or("", |r| r.label());
        (("不属救助范围", "out of scope"), label, code, *n, format!("reason.{code}"))
    });
    let rejects = counts.rejects_by_reason.iter().map(|(code, n)| {
        let label = RejectReason::parse(code).map_or("", |r| r.label());
        (("退回", "rejected"), label, code, *n, format!("reject.{code}"))
    });
    let rows: Vec<Vec<Cell>> = scope
        .chain(rejects)
        .map(|((zh, en), label, code, n, of)| {
            vec![Cell::Words(words(zh, en)), Cell::Words(words(&Lang::Zh.term(label, code), code)), Cell::Count(of, n)]
        })
        .collect();
    if rows.is_empty() {
        page.paragraph(&words("没有。", "Nothing."));
        return;
    }
    page.table(&[("", ""), ("原因", "reason"), ("行数", "rows")], &rows, false);
}
