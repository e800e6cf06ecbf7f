//! What a reconciliation found about a person: from its outputs alone.

use super::read::{ExplainError, Row, Rows};
use crate::lang::Lang;
use crate::model::codes::Channel;
use crate::model::fen::to_grouped;
use crate::output::parquet_file::digest_of_text;
use crate::output::publish::MANIFEST;
use crate::reconcile::cause::Cause;
use serde_json::Value;
use std::path::Path;

/// Tells a person's findings and adjustments of a reconciliation's folder, which must be one of the run in `dir`.
///
/// # Errors
/// [`ExplainError`]: not a reconciliation's folder, or one of another run.
pub fn findings(dir: &Path, out: &Path, psn_no: &str, lang: Lang) -> Result<String, ExplainError> {
    check(dir, out)?;
    let findings = Rows::of(out, "findings.parquet", psn_no)?;
    let adjustments = Rows::of(out, "adjustments.parquet", psn_no)?;
    let mut text =
        format!("\n{}\n", lang.pick("Findings 核对结论: what was paid against what was due", "核对结论：已付与应付"));
    if findings.is_empty() {
        text.push_str(lang.pick("  none: paid as due 已付与应付一致\n", "  已付与应付一致，无差异\n"));
    }
    findings.iter().for_each(|row| text.push_str(&finding(&row, lang)));
    adjustments.iter().for_each(|row| text.push_str(&adjustment(&row, lang)));
    Ok(text)
}

fn check(dir: &Path, out: &Path) -> Result<(), ExplainError> {
    let read = |folder: &Path| {
        let path = folder.join(MANIFEST);
        std::fs::read_to_string(&path).map_err(|source| ExplainError::Io { path, source })
    };
    let manifest: Value = serde_json::from_str(&read(out)?).unwrap_or_default();
    if manifest["kind"] != "reconcile" {
        return Err(ExplainError::NotFindings { out: out.to_owned() });
    }
    if manifest["run"]["manifest_sha256"] != digest_of_text(&read(dir)?) {
        return Err(ExplainError::OtherRun { out: out.to_owned(), dir: dir.to_owned() });
    }
    Ok(())
}

/// A finding: cause, amount, clause and evidence; other causes that fit.
fn finding(row: &Row<'_>, lang: Lang) -> String {
    let code = row.text("cause");
    let cause = Cause::parse(&code);
    let label = cause.map_or("", Cause::label);
    let (year, fund) = (row.int("charge_year").unwrap_or_default(), row.text("fund"));
    let amount = match row.fen("amount") {
        None => String::new(),
        Some(fen) => {
            let sum = to_grouped(i128::from(fen).abs());
            match (lang, fen > 0) {
                (Lang::En, true) => format!(": paid {sum} too much ({fund})"),
                (Lang::En, false) => format!(": paid {sum} too little ({fund})"),
                (Lang::Zh, true) => format!("：多付 {sum} 元（{fund}）"),
                (Lang::Zh, false) => format!("：少付 {sum} 元（{fund}）"),
            }
        }
    };
    let name = match lang {
        Lang::En => format!("{code} {label}"),
        Lang::Zh => label.to_owned(),
    };
    let mut text = format!("  {year}  {name}{amount}");
    let clause = row.text("clause");
    if !clause.is_empty() {
        text.push_str(&format!("  （{clause}）"));
    }
    text.push('\n');
    let evidence = row.text(lang.pick("evidence", "evidence_zh"));
    text.push_str(&format!("    {evidence}\n"));
    let also = row.text("also_fits");
    if !also.is_empty() {
        text.push_str(&match lang {
            Lang::En => format!("    fits as well 另有原因同样吻合: {}\n", also.replace(',', ", ")),
            Lang::Zh => {
                let label = |one: &str| Cause::parse(one).map_or(one.to_owned(), |c| c.label().to_owned());
                let labels = |pair: &str| pair.split('+').map(label).collect::<Vec<_>>().join("＋");
                format!("    同样吻合的原因：{}\n", also.split(',').map(labels).collect::<Vec<_>>().join("、"))
            }
        });
    }
    if cause.is_some_and(|c| !c.is_notice()) && row.flag("exact") == Some(false) {
        text.push_str(lang.pick("    not explained to the fen 未能还原至分\n", "    未能还原至分\n"));
    }
    text
}

fn adjustment(row: &Row<'_>, lang: Lang) -> String {
    let (year, fund) = (row.int("charge_year").unwrap_or_default(), row.text("fund"));
    let channel = Channel::parse(&row.text("channel"));
    let back = row.text("direction") == "claw_back";
    let amount = row.money("amount");
    match lang {
        Lang::En => {
            let channel = channel.map_or(String::new(), |c| format!(", {c}"));
            let what = if back { "to claw back 应追回" } else { "to pay 应补付" };
            format!("  {year}  {what}: {amount} ({fund}{channel})\n")
        }
        Lang::Zh => {
            let channel = channel.map_or(String::new(), |c| format!("，{}", c.label()));
            let what = if back { "应追回" } else { "应补付" };
            format!("  {year}  {what} {amount} 元（{fund}{channel}）\n")
        }
    }
}
