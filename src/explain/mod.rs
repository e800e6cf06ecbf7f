//! A person's year, step by step, from the outputs alone: nothing is settled again.

pub mod read;

use crate::model::codes::{Care, Channel, Identity, Insutype, Layer, ScopeReason, Status};
use crate::model::fen::to_grouped;
use crate::policy::value::Ratio;
use crate::report::table::{Align, Table};
use polars::prelude::{Column, DataFrame, GroupsIndicator, PolarsResult};
use read::{ExplainError, Row, Rows};
use std::fmt::Write as _;
use std::path::Path;

/// Tells a person's year, or one claim of it.
///
/// # Errors
/// [`ExplainError`]: not a run's folder, no audit, no such person or claim.
pub fn explain(dir: &Path, psn_no: &str, claim: Option<&str>) -> Result<String, ExplainError> {
    let policy = policy_of(dir)?;
    let settlement = Rows::of(dir, "settlement.parquet", psn_no)?;
    if settlement.is_empty() {
        return Err(ExplainError::NoPerson { psn_no: psn_no.to_owned(), dir: dir.to_owned() });
    }
    if !dir.join("audit.parquet").is_file() {
        return Err(ExplainError::NoAudit { dir: dir.to_owned() });
    }
    let audit = Rows::of(dir, "audit.parquet", psn_no)?;
    let persons = Rows::of(dir, "persons.parquet", psn_no)?;
    let alerts = Rows::of(dir, "alerts.parquet", psn_no)?;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Person 人员 {psn_no}\n{policy}");
    if claim.is_none() {
        persons.iter().for_each(|year| text.push_str(&year_head(&year)));
    }
    let mut number = 0;
    for row in settlement.iter() {
        number += 1;
        if claim.is_none_or(|id| row.text("setl_id") == id) {
            let steps: Vec<Row<'_>> = audit.iter().filter(|a| a.text("setl_id") == row.text("setl_id")).collect();
            text.push_str(&claim_story(number, &row, &steps));
        }
    }
    if let Some(id) = claim {
        if !settlement.iter().any(|r| r.text("setl_id") == id) {
            let (psn_no, setl_id) = (psn_no.to_owned(), id.to_owned());
            return Err(ExplainError::NoClaim { psn_no, setl_id, dir: dir.to_owned() });
        }
        return Ok(text);
    }
    for alert in alerts.iter() {
        let _ = writeln!(
            text,
            "\nAlert 预警 {}: after claim {} of {} the accumulated burden is {}, above {} （{}）",
            alert.text("alert"),
            alert.text("setl_id"),
            alert.time("setl_time"),
            alert.money("accumulated"),
            alert.money("threshold"),
            alert.text("clause")
        );
    }
    let failed = |e: polars::error::PolarsError| ExplainError::Damaged {
        path: dir.join("audit.parquet"),
        message: e.to_string(),
    };
    text.push_str(&by_clause(&audit).map_err(failed)?);
    Ok(text)
}

/// The policy's line, from the manifest.
fn policy_of(dir: &Path) -> Result<String, ExplainError> {
    let path = dir.join("manifest.json");
    let text = std::fs::read_to_string(&path).map_err(|source| ExplainError::Io { path: path.clone(), source })?;
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| ExplainError::Damaged { path, message: e.to_string() })?;
    let get = |key: &str| json["policy"][key].as_str().unwrap_or_default().to_owned();
    Ok(format!("{} {} ({})", get("document"), get("title"), get("id")))
}

fn identity(code: &str) -> String {
    Identity::parse(code).map_or_else(|| code.to_owned(), |i| format!("{} {i}", i.label()))
}

/// What the year came to, and the runs not taken under 就高不重复.
fn year_head(year: &Row<'_>) -> String {
    let mut text = format!("\nYear 年度 {}\n", year.int("charge_year").unwrap_or_default());
    let held = year.text("identities");
    if held.is_empty() {
        text.push_str("  no identity in force on any claim 无救助身份\n");
        return text;
    }
    let names: Vec<String> = held.split(',').map(identity).collect();
    let _ = writeln!(text, "  identities held 持有身份: {}", names.join(", "));
    let runs = year.text("runs_not_taken");
    if !runs.is_empty() {
        let layers = ["cii_pay", "special_drug_pay", "ma_pay", "ra_pay", "oocat_pay"];
        let kept: i64 = layers.iter().filter_map(|l| year.fen(l)).sum();
        let _ = writeln!(
            text,
            "  applied first 优先适用: {} — the layers pay {} (就高不重复: of several identities the one that pays most)",
            identity(&year.text("identity_preferred")),
            to_grouped(i128::from(kept))
        );
        for run in runs.split("; ") {
            if let Some((code, total)) = run.split_once('=') {
                let total = crate::model::fen::parse_yuan(total).map_or_else(|_| total.to_owned(), |f| to_grouped(i128::from(f)));
                let _ = writeln!(text, "    not taken 未采用: {} would have paid {total}", identity(code));
            }
        }
    }
    let mut table = Table::new(&[Align::Left, Align::Right]).indented(2);
    for (column, label) in [
        ("medfee_sumamt", "total fee 医疗费总额"),
        ("basic_pay", "basic insurance 基本医保"),
        ("cii_pay", "catastrophic insurance 大病保险"),
        ("special_drug_pay", "special drugs 大病保险特药"),
        ("ma_pay", "medical assistance 医疗救助"),
        ("ra_pay", "re-assistance 再救助"),
        ("oocat_pay", "out-of-catalogue 目录外救助"),
        ("hosp_borne", "borne by institutions 医疗机构承担"),
        ("ext_comp_counted", "outside compensation 外部补偿"),
        ("psn_burden", "left to the person 个人负担"),
        ("recorded_maf", "assistance already paid 救助已付"),
        ("payable_ma", "assistance still owed 救助应付"),
    ] {
        if year.fen(column) != Some(0) {
            table.row([label.to_owned(), year.money(column)]);
        }
    }
    text.push_str(&table.to_string());
    text
}

/// One claim: what came in, every step, what is left.
fn claim_story(number: usize, row: &Row<'_>, steps: &[Row<'_>]) -> String {
    let care = row.text("care");
    let care = Care::parse(&care).map_or(care.clone(), |c| format!("{} {c}", c.label()));
    let insutype = row.text("insutype");
    let insutype = Insutype::parse(&insutype).map_or(insutype.clone(), |i| i.label().to_owned());
    let mut text =
        format!("\n{number}. {}  claim {}  {care}, {insutype}\n", row.time("setl_time"), row.text("setl_id"));
    let status = row.text("status");
    let status = Status::parse(&status);
    if status == Some(Status::Reversed) {
        text.push_str("   reversed 已冲销: a refund, or the record that it cancels; it counts nowhere\n");
        return text;
    }
    let _ = writeln!(
        text,
        "   total fee {}, within scope {}; basic insurance paid {}, which leaves {}",
        row.money("medfee_sumamt"),
        row.money("inscp_scp_amt"),
        row.money("basic_pay"),
        row.money("burden_after_basic")
    );
    let mut layer = String::new();
    for step in steps {
        let this = step.text("layer");
        if this != layer {
            text.push_str(&before_layer(row, &this));
            layer = this;
        }
        text.push_str(&step_story(step));
    }
    if let Some(reason) = ScopeReason::parse(&row.text("reason")) {
        let _ = writeln!(text, "   outside assistance 不属救助范围: {} {reason}", reason.label());
    } else if row.fen("ma_base") == Some(0) {
        text.push_str("   nothing is left for assistance 无可救助费用\n");
    }
    if let Some(channel) = Channel::parse(&row.text("channel")) {
        let _ = writeln!(
            text,
            "   assisted as {}, {} {channel}",
            identity(&row.text("identity")),
            channel.label()
        );
    }
    let note = row.text("note");
    if !note.is_empty() {
        let _ = writeln!(text, "   note 提示: {note}");
    }
    if row.fen("hosp_borne") != Some(0) {
        let _ = writeln!(text, "   borne by the institution 医疗机构承担: {}", row.money("hosp_borne"));
    }
    let _ = writeln!(text, "   left to the person 个人负担: {}", row.money("psn_burden"));
    if row.fen("recorded_maf") != Some(0) || row.fen("payable_ma") != Some(0) {
        let _ = writeln!(
            text,
            "   assistance already paid {}, still owed {}",
            row.money("recorded_maf"),
            row.money("payable_ma")
        );
    }
    text
}

/// What a layer starts from.
fn before_layer(row: &Row<'_>, layer: &str) -> String {
    let Some(known) = Layer::parse(layer) else { return format!("   {layer}\n") };
    let start = match known {
        Layer::Ma if row.fen("ext_comp_counted") != Some(0) => format!(
            ": after insurance {} is left; outside compensation {} comes off, so assistance pays on {}",
            row.money("burden_after_cii"),
            row.money("ext_comp_counted"),
            row.money("ma_base")
        ),
        Layer::Ma => format!(": after insurance {} is left", row.money("ma_base")),
        _ => String::new(),
    };
    format!("   {} {known}{start}\n", known.label())
}

/// One audit row as a sentence.
fn step_story(step: &Row<'_>) -> String {
    let ratio = step.ratio("ratio").map(|ppm| Ratio(ppm).percent());
    let cited = format!("[{}（{}）]", step.text("rule"), step.text("clause"));
    let paid = step.money("paid");
    let what = match (step.fen("lo"), ratio) {
        (Some(0), Some(ratio)) if ratio == "0 %" => format!(
            "the year's burden goes from {} to {}, still under the deductible: nothing is paid",
            step.money("from"),
            step.money("to")
        ),
        (Some(_), Some(ratio)) if ratio == "0 %" => format!(
            "the year's burden goes from {} to {}, above the last bracket: nothing is paid",
            step.money("from"),
            step.money("to")
        ),
        (Some(_), Some(ratio)) => format!(
            "the year's burden goes from {} to {}, in the bracket from {}: {ratio} comes to {}",
            step.money("from"),
            step.money("to"),
            step.money("lo"),
            step.money("gross")
        ),
        (None, Some(ratio)) => match Layer::parse(&step.text("layer")) {
            Some(Layer::TopUp) => format!("topped up towards {ratio} of what is in scope: {} is short", step.money("gross")),
            _ => format!("a fixed share of {ratio} comes to {}", step.money("gross")),
        },
        (_, None) => format!("carried as recorded: {}", step.money("gross")),
    };
    let (gross, fen) = (step.fen("gross").unwrap_or(0), step.fen("paid").unwrap_or(0));
    let room = match (step.fen("cap"), step.fen("cap_used")) {
        (Some(cap), Some(used)) => {
            let left = to_grouped(i128::from((cap - used).max(0)));
            let cut = if fen < gross { "; the limit cuts it" } else { "" };
            format!("; of the limit {} a room of {left} is left{cut}", step.money("cap"))
        }
        _ if fen < gross => "; at most what is left".to_owned(),
        _ => String::new(),
    };
    let pays = if gross == 0 { String::new() } else { format!(" → paid {paid}") };
    let room = if gross == 0 { String::new() } else { room };
    format!("     {what}{room}{pays}  {cited}\n")
}

/// What each rule and clause paid over the whole person. polars groups; the sums are our own, checked.
fn by_clause(audit: &Rows) -> PolarsResult<String> {
    let column = |name: &str| audit.iter().map(|r| r.text(name)).collect::<Vec<_>>();
    let paid: Vec<i64> = audit.iter().map(|r| r.fen("paid").unwrap_or(0)).collect();
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
            GroupsIndicator::Idx((_, rows)) => rows.iter().map(|r| i128::from(paid[*r as usize])).sum(),
            GroupsIndicator::Slice([first, len]) => {
                let first = first as usize;
                paid[first..first + len as usize].iter().copied().map(i128::from).sum()
            }
        };
        if fen != 0 {
            let layer = text(0, group)?;
            let label = Layer::parse(&layer).map_or(layer.clone(), |l| format!("{} {l}", l.label()));
            table.row([label, text(1, group)?, format!("（{}）", text(2, group)?), to_grouped(fen)]);
        }
    }
    Ok(if table.is_empty() { String::new() } else { format!("\nPaid by rule and clause 按规则与条款\n{table}") })
}
