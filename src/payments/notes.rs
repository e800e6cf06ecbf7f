//! The last sheet: under which policy and clauses, and what the run comes to in all.

use super::About;
use super::sheet::{Looks, money, paper};
use crate::model::fen::parse_yuan;
use crate::output::manifest::PolicyPart;
use crate::policy::value::Ratio;
use crate::settle::outcome::MONEY_NAMES;
use rust_xlsxwriter::{Worksheet, XlsxError};

/// Columns of the list, and what they are.
const COLUMNS: &[(&str, &str)] = &[
    ("清单范围", "每个渠道一张工作表；列出该渠道本次应付不为零的人员年度。负数为已支付超过应付，应予追回"),
    ("年度", "费用计入的年度（charge_year）；金额均为该人员该年度合计，与 persons.parquet 相同"),
    ("身份", "该年度优先适用的身份在前，其余身份在后"),
    ("参保类型", "该年度有效费用的参保类型"),
    ("费用总额", "medfee_sumamt"),
    ("政策范围内费用", "inscp_scp_amt"),
    ("基本医保", "basic_pay，含公务员、企业等补充支付"),
    ("大病保险", "cii_pay + special_drug_pay"),
    ("医疗救助", "ma_pay，含单病种定额和补足"),
    ("再救助", "ra_pay，含倾斜救助"),
    ("目录外救助", "oocat_pay；全部为零时清单不列此栏"),
    ("已支付", "recorded_maf，台账记录的已付救助"),
    ("本次应付", "该渠道的 payable_ma = 医疗救助 + 再救助 + 目录外救助 − 已支付，只计该渠道的费用"),
    ("个人负担", "psn_burden"),
    ("一人两个渠道", "同一人员年度可列在两张工作表，各列只有“本次应付”按渠道分开；汇总表合计行一人计一次"),
    ("大病保险差额", "payable_cii 由大病保险承办机构支付，不在本清单"),
    ("合计", "合计均为数值，不是公式，与 persons.parquet 一致"),
];

/// Labels of the run's money columns, in their order.
const LABELS: [&str; 18] = [
    "医疗费总额",
    "政策范围内费用",
    "基本医保",
    "基本医保后负担",
    "大病保险",
    "大病保险特药",
    "大病保险后负担",
    "外部补偿",
    "救助基数",
    "医疗救助",
    "再救助",
    "目录外救助",
    "医疗机构承担",
    "个人负担",
    "记录的大病支付",
    "记录的救助支付",
    "大病本次应付",
    "救助本次应付",
];

/// Lines written one below the other.
struct Notes {
    sheet: Worksheet,
    looks: Looks,
    row: u32,
}

impl Notes {
    fn title(&mut self, text: &str) -> Result<(), XlsxError> {
        self.row += 1;
        self.sheet.write_string_with_format(self.row, 0, text, &self.looks.bold)?;
        self.row += 1;
        Ok(())
    }

    fn line<'t>(&mut self, cells: impl IntoIterator<Item = &'t str>) -> Result<(), XlsxError> {
        for (at, cell) in cells.into_iter().enumerate() {
            self.sheet.write_string(self.row, at as u16, cell)?;
        }
        self.row += 1;
        Ok(())
    }
}

/// The sheet.
pub(super) fn sheet(about: About<'_>) -> Result<Worksheet, XlsxError> {
    let mut notes = Notes { sheet: Worksheet::new(), looks: Looks::new(), row: 0 };
    notes.sheet.set_name("说明")?;
    paper(&mut notes.sheet);
    for (at, width) in [26.0, 22.0, 30.0, 18.0, 18.0, 18.0].into_iter().enumerate() {
        notes.sheet.set_column_width(at as u16, width)?;
    }
    notes.sheet.write_string_with_format(0, 0, "说明", &notes.looks.title)?;
    policies(&mut notes, about)?;
    notes.title("清单各栏")?;
    for (name, meaning) in COLUMNS {
        notes.line([*name, *meaning])?;
    }
    clauses(&mut notes, about)?;
    control_totals(&mut notes, about)?;
    let manifest = about.manifest;
    if !manifest.parameters.used.is_empty() {
        notes.title("参数")?;
        for used in &manifest.parameters.used {
            let year = used.year.map_or_else(String::new, |y| y.to_string());
            notes.line([&*used.parameter, &year, &used.value, &used.source])?;
        }
    }
    // Their digests would make another list of the same rows in another order.
    notes.title("输入文件")?;
    notes.line(["输入、输出文件及其摘要见同一文件夹的 manifest.json"])?;
    notes.line([])?;
    notes.line([format!("{} {}", manifest.program, manifest.version).as_str()])?;
    Ok(notes.sheet)
}

fn policies(notes: &mut Notes, about: About<'_>) -> Result<(), XlsxError> {
    notes.title("政策")?;
    let manifest = about.manifest;
    let one = std::slice::from_ref(&manifest.policy);
    let all: &[PolicyPart] = if manifest.policies.is_empty() { one } else { &manifest.policies };
    for policy in all {
        let until = policy.until.as_deref().unwrap_or("长期");
        notes.line([&*policy.id, &policy.document, &policy.title])?;
        notes.line(["有效期", &format!("{} 至 {until}", policy.from), &policy.sha256])?;
    }
    Ok(())
}

/// The clauses that paid something.
fn clauses(notes: &mut Notes, about: About<'_>) -> Result<(), XlsxError> {
    notes.title("支付依据条款")?;
    notes.line(["条款", "规则", "年度", "人数", "比例", "支付金额"])?;
    for row in about.clauses.iter().filter(|row| row.sums.paid != 0) {
        let ratio = row.clause.ratio_ppm.map_or_else(String::new, |ppm| Ratio(ppm).percent());
        let [year, persons] = [row.clause.year.to_string(), row.sums.persons.to_string()];
        notes.line([&*row.text, &row.rule, &year, &persons, &ratio])?;
        let looks = &notes.looks.money;
        money(&mut notes.sheet, notes.row - 1, 5, row.sums.paid, looks)?;
    }
    Ok(())
}

fn control_totals(notes: &mut Notes, about: About<'_>) -> Result<(), XlsxError> {
    notes.title("控制总数（全部结算，元）")?;
    for (name, label) in MONEY_NAMES.iter().zip(LABELS) {
        let total = about.manifest.control_totals.all.get(*name).map_or("0.00", String::as_str);
        notes.line([label, *name])?;
        let row = notes.row - 1;
        match parse_yuan(total) {
            Ok(fen) => money(&mut notes.sheet, row, 2, fen.into(), &notes.looks.money)?,
            Err(_) => {
                notes.sheet.write_string(row, 2, total)?;
            }
        }
    }
    Ok(())
}
