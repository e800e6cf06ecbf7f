//! A person's year, step by step, from the outputs alone: nothing is settled again.

pub mod findings;
pub mod policies;
pub mod read;
pub mod words;

use crate::lang::{Both, Lang};
use crate::model::codes::{Channel, Layer, ScopeReason, Status};
use crate::model::fen::{parse_yuan, to_grouped};
use crate::policy::value::Ratio;
use crate::report::table::{Align, Table};
use polars::prelude::{Column, DataFrame, GroupsIndicator, PolarsResult};
use policies::{Policies, Policy};
use read::{ExplainError, Row, Rows};
use std::path::Path;
use words::Step;

/// Sums of a year: column, English and Chinese.
const YEAR_SUMS: [(&str, &str, &str); 12] = [
    ("medfee_sumamt", "total fee 医疗费总额", "医疗费总额"),
    ("basic_pay", "basic insurance 基本医保", "基本医保"),
    ("cii_pay", "catastrophic insurance 大病保险", "大病保险"),
    ("special_drug_pay", "special drugs 大病保险特药", "大病保险特药"),
    ("ma_pay", "medical assistance 医疗救助", "医疗救助"),
    ("ra_pay", "re-assistance 再救助", "再救助（倾斜救助）"),
    ("oocat_pay", "out-of-catalogue 目录外救助", "目录外救助"),
    ("hosp_borne", "borne by institutions 医疗机构承担", "医疗机构承担"),
    ("ext_comp_counted", "outside compensation 外部补偿", "外部补偿"),
    ("psn_burden", "left to the person 个人负担", "个人负担"),
    ("recorded_maf", "assistance already paid 救助已付", "救助已付"),
    ("payable_ma", "assistance still owed 救助应付", "救助本次应付"),
];

/// Tells a person's year, or one claim of it.
///
/// # Errors
/// [`ExplainError`]: not a run's folder, no audit, no such person or claim.
pub fn explain(dir: &Path, psn_no: &str, claim: Option<&str>, lang: Lang) -> Result<String, ExplainError> {
    let policies = Policies::of(dir)?;
    let settlement = Rows::of(dir, "settlement.parquet", psn_no)?;
    if settlement.is_empty() {
        return Err(ExplainError::NoPerson { psn_no: psn_no.to_owned(), dir: dir.to_owned() });
    }
    if !dir.join("audit.parquet").is_file() {
        return Err(ExplainError::NoAudit { dir: dir.to_owned() });
    }
    let audit = Rows::of(dir, "audit.parquet", psn_no)?;
    let persons = Rows::of(dir, "persons.parquet", psn_no)?;
    let mut text = format!("{} {psn_no}\n{}", lang.pick("Person 人员", "人员编号"), policies.lines(lang));
    if claim.is_none() {
        persons.iter().for_each(|year| text.push_str(&year_head(&year, &policies, lang)));
    }
    let (mut told, mut under) = (false, Vec::new());
    for (number, row) in settlement.iter().enumerate() {
        let setl_id = row.text("setl_id");
        if claim.is_none_or(|id| setl_id == id) {
            told = true;
            let now = policies.of_claim(&row);
            if policies.several() && now != under {
                text.push_str(&format!("\n{}{}\n", lang.pick("Under 适用政策: ", "适用政策："), titles(&now)));
                under = now;
            }
            let steps: Vec<Row<'_>> = audit.iter().filter(|a| a.text("setl_id") == setl_id).collect();
            text.push_str(&claim_story(number + 1, &row, &steps, lang));
        }
    }
    if let Some(id) = claim {
        let (psn_no, setl_id) = (psn_no.to_owned(), id.to_owned());
        return if told { Ok(text) } else { Err(ExplainError::NoClaim { psn_no, setl_id, dir: dir.to_owned() }) };
    }
    Rows::of(dir, "alerts.parquet", psn_no)?.iter().for_each(|alert| text.push_str(&lang.alert(&alert)));
    let failed = |e: polars::error::PolarsError| ExplainError::Damaged {
        path: dir.join("audit.parquet"),
        message: Both::foreign(e),
    };
    if !policies.several() {
        text.push_str(&by_clause(&audit.iter().collect::<Vec<_>>(), "", lang).map_err(failed)?);
        return Ok(text);
    }
    // Clauses of different policies do not mix.
    let claims: Vec<(String, Vec<&Policy>)> =
        settlement.iter().map(|row| (row.text("setl_id"), policies.of_claim(&row))).collect();
    let mut all: Vec<&Vec<&Policy>> = Vec::new();
    for (_, under) in claims.iter().filter(|(_, under)| !under.is_empty()) {
        if !all.contains(&under) {
            all.push(under);
        }
    }
    for under in all {
        let mine = |row: &Row<'_>| {
            let id = row.text("setl_id");
            claims.iter().any(|(claim, policies)| *claim == id && policies == under)
        };
        let rows: Vec<Row<'_>> = audit.iter().filter(mine).collect();
        text.push_str(&by_clause(&rows, &format!(": {}", ids(under)), lang).map_err(failed)?);
    }
    Ok(text)
}

fn titles(policies: &[&Policy]) -> String {
    policies.iter().map(|p| p.title.as_str()).collect::<Vec<_>>().join("; ")
}

fn ids(policies: &[&Policy]) -> String {
    policies.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the year came to, and the runs not taken under 就高不重复.
fn year_head(year: &Row<'_>, policies: &Policies, lang: Lang) -> String {
    let number = year.int("charge_year").unwrap_or_default();
    let mut text = format!("\n{} {number}\n", lang.pick("Year 年度", "年度"));
    if policies.several() {
        let in_force = ids(&policies.of_year(number));
        text.push_str(&format!("  {}{in_force}\n", lang.pick("policy in force 适用政策: ", "适用政策：")));
    }
    let held = year.text("identities");
    if held.is_empty() {
        text.push_str(lang.pick("  no identity in force on any claim 无救助身份\n", "  各次就诊当日均无救助身份\n"));
        return text;
    }
    let names: Vec<String> = held.split(',').map(|code| lang.identity(code)).collect();
    text.push_str(&format!("  {}{}\n", lang.pick("identities held 持有身份: ", "持有身份："), names.join(", ")));
    text.push_str(&runs(year, lang));
    let mut table = Table::new(&[Align::Left, Align::Right]).indented(2);
    for (column, en, zh) in YEAR_SUMS {
        if year.fen(column) != Some(0) {
            table.row([lang.pick(en, zh).to_owned(), year.money(column)]);
        }
    }
    text.push_str(&table.to_string());
    text
}

/// Which identity was applied first, and what the others would have paid.
fn runs(year: &Row<'_>, lang: Lang) -> String {
    let runs = year.text("runs_not_taken");
    if runs.is_empty() {
        return String::new();
    }
    let kept = lang.identity(&year.text("identity_preferred"));
    let layers = ["cii_pay", "special_drug_pay", "ma_pay", "ra_pay", "oocat_pay"];
    let paid = to_grouped(layers.iter().filter_map(|l| year.fen(l)).map(i128::from).sum());
    // Where two policies share the year, each run is told with its policy, and the sums are of both.
    let shared = runs.split('=').next().is_some_and(|first| first.contains(':'));
    let mut text = match lang {
        Lang::En if shared => {
            format!("  applied first at last 最后优先适用: {kept} (就高不重复, decided for each policy by itself)\n")
        }
        Lang::Zh if shared => format!("  就高不重复：各政策期间分别比较，最后按{kept}优先\n"),
        Lang::En => format!(
            "  applied first 优先适用: {kept}, with {paid} in all (就高不重复: of several identities the one whose year pays most)\n"
        ),
        Lang::Zh => format!("  就高不重复：按{kept}优先，全年待遇 {paid} 元，为各身份中最高\n"),
    };
    for run in runs.split("; ") {
        let Some((code, total)) = run.split_once('=') else { continue };
        let total = parse_yuan(total).map_or_else(|_| total.to_owned(), |fen| to_grouped(i128::from(fen)));
        let (policy, code) = code.rsplit_once(':').unwrap_or(("", code));
        let identity = lang.identity(code);
        text.push_str(&match lang {
            Lang::En if shared => {
                format!("    not taken 未采用: under {policy} with {identity} first its claims would have been paid {total}\n")
            }
            Lang::Zh if shared => format!("    未采用：{policy} 期间按{identity}优先，待遇 {total} 元\n"),
            Lang::En => format!("    not taken 未采用: with {identity} first the year would have paid {total}\n"),
            Lang::Zh => format!("    未采用：按{identity}优先，全年待遇 {total} 元\n"),
        });
    }
    text
}

/// One claim: what came in, every step, what is left.
fn claim_story(number: usize, row: &Row<'_>, steps: &[Row<'_>], lang: Lang) -> String {
    let mut text = lang.claim(number, row);
    if Status::parse(&row.text("status")) == Some(Status::Reversed) {
        text.push_str(lang.pick(
            "   reversed 已冲销: a refund, or the record that it cancels; it counts nowhere\n",
            "   已冲销：退费记录或被退费的原记录，不计入任何累计\n",
        ));
        return text;
    }
    text.push_str(&lang.fee(row));
    let mut layer = String::new();
    for step in steps {
        let this = step.text("layer");
        if this != layer {
            let start = if Layer::parse(&this) == Some(Layer::Ma) { lang.assistance_base(row) } else { String::new() };
            text.push_str(&format!("   {}{start}\n", lang.layer(&this)));
            layer = this;
        }
        text.push_str(&step_story(step, lang));
    }
    if let Some(reason) = ScopeReason::parse(&row.text("reason")) {
        text.push_str(&lang.out_of_scope(reason));
    } else if row.fen("ma_base") == Some(0) {
        text.push_str(lang.pick("   nothing is left for assistance 无可救助费用\n", "   没有可救助的费用\n"));
    }
    if let Some(channel) = Channel::parse(&row.text("channel")) {
        text.push_str(&lang.channel(row, channel));
    }
    let note = row.text("note");
    if !note.is_empty() {
        text.push_str(&format!("   {}{note}\n", lang.pick("note 提示: ", "提示：")));
    }
    if row.fen("hosp_borne") != Some(0) {
        let label = lang.pick("borne by the institution 医疗机构承担: ", "医疗机构承担：");
        text.push_str(&format!("   {label}{}\n", row.money("hosp_borne")));
    }
    text.push_str(&lang.left(row));
    text
}

/// One audit row as a sentence.
fn step_story(row: &Row<'_>, lang: Lang) -> String {
    let ratio = row.ratio("ratio");
    let percent = ratio.map(|ppm| Ratio(ppm).percent()).unwrap_or_default();
    let step = match (row.fen("lo"), ratio) {
        (Some(0), Some(0)) => Step::UnderDeductible,
        (Some(_), Some(0)) => Step::AboveLast,
        (Some(_), _) => Step::Bracket(&percent),
        (None, Some(_)) if Layer::parse(&row.text("layer")) == Some(Layer::TopUp) => Step::TopUp(&percent),
        (None, Some(_)) => Step::Share(&percent),
        (None, None) => Step::Carried,
    };
    let mut text = format!("     {}", lang.step(&step, row));
    let (gross, paid) = (row.fen("gross").unwrap_or(0), row.fen("paid").unwrap_or(0));
    if gross != 0 {
        match (row.fen("cap"), row.fen("cap_used")) {
            (Some(cap), Some(used)) => text.push_str(&lang.room(cap, used, paid < gross)),
            _ if paid < gross => text.push_str(lang.pick("; at most what is left", "；以剩余费用为限")),
            _ => {}
        }
        text.push_str(&format!(" → {}{}", lang.pick("paid ", "支付 "), row.money("paid")));
    }
    text.push_str(&format!("  [{}（{}）]\n", row.text("rule"), row.text("clause")));
    text
}

/// What each rule and clause paid over these rows of a person. polars groups; the sums are our own.
fn by_clause(audit: &[Row<'_>], under: &str, lang: Lang) -> PolarsResult<String> {
    let column = |name: &str| audit.iter().map(|r| r.text(name)).collect::<Vec<_>>();
    let paid: Vec<i128> = audit.iter().map(|r| i128::from(r.fen("paid").unwrap_or(0))).collect();
    let by = ["layer", "rule", "clause"];
    let frame = DataFrame::new_infer_height(by.iter().map(|n| Column::new((*n).into(), column(n))).collect())?;
    let grouped = frame.group_by_stable(by)?;
    let keys = grouped.keys();
    let text = |key: usize, group: usize| -> PolarsResult<String> {
        Ok(keys[key].str()?.get(group).unwrap_or_default().to_owned())
    };
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Left, Align::Right]).indented(2);
    for (group, rows) in grouped.get_groups().iter().enumerate() {
        let fen: i128 = match rows {
            GroupsIndicator::Idx((_, rows)) => rows.iter().map(|r| paid[*r as usize]).sum(),
            GroupsIndicator::Slice([first, len]) => paid[first as usize..(first + len) as usize].iter().sum(),
        };
        if fen != 0 {
            let clause = format!("（{}）", text(2, group)?);
            table.row([lang.layer(&text(0, group)?), text(1, group)?, clause, to_grouped(fen)]);
        }
    }
    let title = lang.pick("Paid by rule and clause 按规则与条款", "按规则与条款汇总");
    Ok(if table.is_empty() { String::new() } else { format!("\n{title}{under}\n{table}") })
}
