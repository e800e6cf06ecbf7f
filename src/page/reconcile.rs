//! The page of a reconciliation: what was paid too much and too little, by cause and place, and the worst cases.

use super::chart::lying;
use super::html::{Cell, Page, escaped, words};
use crate::lang::both;
use crate::model::codes::Identity;
use crate::model::fen::group_thousands;
use crate::output::stream::{Kind, Stream};
use crate::reconcile::Report;
use crate::reconcile::tally::{LOCAL, Line, NOBODY, UNATTRIBUTED};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::Path;

/// Findings that are named.
const WORST: usize = 20;
/// Places that are named.
const PLACES: usize = 40;

/// The page, and how many tables it has; why it cannot be made, in words.
pub(super) fn page(folder: &Path, report: &Report) -> Result<(String, u64), String> {
    let mut page = Page::new(&both!("Reconciliation report", "应付与实付核对报告"));
    page.paragraph(&escaped(&report.policies.join("、")));
    page.paragraph(&words(
        "金额单位：元。每个数字都取自本目录的 findings.parquet 或 manifest.json。",
        "Amounts in yuan. Every figure is one of findings.parquet or manifest.json.",
    ));
    let counts = &report.counts;
    let rows: Vec<Vec<Cell>> = [
        ("person_years", "核对人员年度", "persons' years looked at", counts.person_years),
        ("gaps", "有差异的人员年度", "persons' years with a gap", counts.gaps),
        ("findings", "发现", "findings", counts.findings),
        ("due_not_paid", "应付而未付（提示）", "due and not paid (notices)", counts.due_not_paid),
        (
            "monitored_unassisted",
            "监测对象从未获得救助（提示）",
            "monitored, never assisted (notices)",
            counts.monitored_unassisted,
        ),
    ]
    .into_iter()
    .map(|(of, zh, en, n)| vec![Cell::Words(words(zh, en)), Cell::Count(format!("counts.{of}"), n)])
    .collect();
    page.table(&[("", ""), ("数量", "count")], &rows, false);
    by_cause(&mut page, folder, report)?;
    by_place(&mut page, report);
    worst(&mut page, folder)?;
    Ok(page.finish())
}

/// A row of what was paid too much and too little.
fn row(name: String, of: &str, line: &Line) -> Vec<Cell> {
    vec![
        Cell::Words(name),
        Cell::Count(format!("{of}.person_years"), line.person_years),
        Cell::Money(format!("{of}.paid_too_much"), line.too_much),
        Cell::Money(format!("{of}.paid_too_little"), line.too_little),
    ]
}

/// Heads of such rows.
fn heads<'a>(zh: &'a str, en: &'a str) -> [(&'a str, &'a str); 4] {
    [(zh, en), ("人员年度", "persons' years"), ("多付", "paid too much"), ("少付", "paid too little")]
}

fn by_cause(page: &mut Page, folder: &Path, report: &Report) -> Result<(), String> {
    page.heading("按原因", "By cause");
    let kinds = vec![("cause", Kind::Text), ("cause_label", Kind::Text)];
    let mut findings = Stream::open(folder, "findings.parquet", kinds)?;
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    while findings.advance()? {
        if !labels.contains_key(findings.text(0)) {
            labels.insert(findings.text(0).to_owned(), findings.text(1).to_owned());
        }
    }
    let label = |cause: &str| labels.get(cause).map_or(cause, String::as_str).to_owned();
    let mut causes: Vec<(&&str, &Line)> = report.totals.by_cause.iter().collect();
    // A stable sort: equal ones stay in the order of their names.
    causes.sort_by_key(|(_, line)| Reverse(line.too_much + line.too_little));
    let english = |cause: &str| cause.replace('_', " ");
    let bars = |name: &dyn Fn(&str) -> String| -> Vec<(String, i128)> {
        let apart = causes.iter().map(|(cause, line)| (name(cause), line.too_much + line.too_little));
        apart.filter(|(_, fen)| *fen > 0).collect()
    };
    let (zh, en) = (bars(&label), bars(&english));
    if !zh.is_empty() {
        page.paragraph(&words("差额（多付与少付之和）", "Gap (too much and too little)"));
        page.charts(&lying(&zh)?, &lying(&en)?);
    }
    let mut rows: Vec<Vec<Cell>> = causes
        .iter()
        .map(|(cause, line)| row(words(&label(cause), &english(cause)), &format!("cause.{cause}"), line))
        .collect();
    rows.push(row(words("合计（每人每年一次）", "all (each person's year once)"), "all", &report.totals.all));
    page.table(&heads("原因", "cause"), &rows, true);
    Ok(())
}

fn by_place(page: &mut Page, report: &Report) {
    let area = |code: &str| match code {
        LOCAL => words("本地", "local"),
        UNATTRIBUTED => words("无法归属", "unattributed"),
        code => escaped(code),
    };
    let identity = |code: &str| match code {
        NOBODY => words("无救助身份", "none"),
        code => words(Identity::parse(code).map_or(code, |identity| identity.label()), code),
    };
    let institution = |code: &str| if code == UNATTRIBUTED { area(code) } else { escaped(code) };
    let totals = &report.totals;
    let [zh, en] = [["按医疗机构", "医疗机构"], ["By institution", "institution"]];
    place(page, "institution", zh, en, &totals.by_institution, institution);
    place(page, "area", ["按就医地", "就医地"], ["By area of treatment", "area"], &totals.by_area, area);
    place(page, "identity", ["按身份", "身份"], ["By identity", "identity"], &totals.by_identity, identity);
}

/// A table of the largest gaps of a kind of place, under its heading and with its head, in both languages.
fn place(
    page: &mut Page,
    of: &str,
    zh: [&str; 2],
    en: [&str; 2],
    lines: &BTreeMap<String, Line>,
    name: impl Fn(&str) -> String,
) {
    if lines.is_empty() {
        return;
    }
    page.heading(zh[0], en[0]);
    let mut sorted: Vec<(&String, &Line)> = lines.iter().collect();
    sorted.sort_by_key(|(_, line)| Reverse(line.too_much + line.too_little));
    let left = sorted.len().saturating_sub(PLACES);
    let rows: Vec<Vec<Cell>> =
        sorted.iter().take(PLACES).map(|(code, line)| row(name(code), &format!("{of}.{code}"), line)).collect();
    page.table(&heads(zh[1], en[1]), &rows, false);
    if left > 0 {
        let left = group_thousands(left as u128);
        let more = both!("{left} more stand in manifest.json.", "另有 {left} 行见 manifest.json。");
        page.paragraph(&words(&more.zh, &more.en));
    }
}

fn worst(page: &mut Page, folder: &Path) -> Result<(), String> {
    page.heading("差额最大的发现", "The largest findings");
    let kinds = vec![
        ("psn_no", Kind::Id),
        ("charge_year", Kind::Int),
        ("amount", Kind::OptionalMoney),
        ("clause", Kind::OptionalText),
        ("evidence", Kind::Text),
        ("evidence_zh", Kind::Text),
    ];
    let mut findings = Stream::open(folder, "findings.parquet", kinds)?;
    // The smallest of the largest is on top; of equals the first in the file stay.
    let mut largest = BinaryHeap::new();
    while findings.advance()? {
        let Some(amount) = findings.optional_figure(2).filter(|fen| *fen != 0) else { continue };
        let number = findings.row();
        let cells = vec![
            Cell::Words(escaped(&findings.id(0).to_string())),
            Cell::Words(findings.int(1).to_string()),
            Cell::Money(format!("finding.{number}.amount"), amount.into()),
            Cell::Words(findings.optional_text(3).map_or_else(String::new, escaped)),
            Cell::Words(words(findings.text(5), findings.text(4))),
        ];
        largest.push(Reverse(Ranked((amount.unsigned_abs(), Reverse(number)), cells)));
        if largest.len() > WORST {
            largest.pop();
        }
    }
    let rows: Vec<Vec<Cell>> = largest.into_sorted_vec().into_iter().map(|Reverse(Ranked(_, cells))| cells).collect();
    if rows.is_empty() {
        page.paragraph(&words("没有差额。", "There is no gap."));
        return Ok(());
    }
    let heads = [
        ("人员编号", "person"),
        ("年度", "year"),
        ("实付减应付", "paid less due"),
        ("条款", "clause"),
        ("说明", "what shows it"),
    ];
    page.table(&heads, &rows, false);
    Ok(())
}

/// Cells by what they are ranked by.
struct Ranked((u64, Reverse<u64>), Vec<Cell>);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
