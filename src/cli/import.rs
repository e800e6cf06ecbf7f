//! `onestop import`.

use super::args::ImportArgs;
use super::progress::rate;
use super::{DONE, Failure, lang, report, warn};
use crate::import::heads::{Heads, Made};
use crate::import::{Import, Imported, Looked, import, look, preview};
use crate::lang::{Both, Lang, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::schema::renames;
use crate::model::fen::{group_thousands, to_grouped};
use crate::report::table::{Align, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Rows that `--dry-run` shows.
const SHOWN_ROWS: usize = 10;

/// Imports; the exit code.
pub fn run(args: &ImportArgs) -> Result<u8, Failure> {
    let plan = plan(args)?;
    if args.dry_run {
        for looked in look(&plan)? {
            report(&told(&plan, &looked)?);
        }
        return Ok(DONE);
    }
    let bar = bar(!args.quiet && !args.json);
    let imported = import(&plan, &|rows| bar.inc(rows));
    bar.finish_and_clear();
    let imported = imported?;
    look_at(&plan, &imported);
    if args.json {
        report(&json(&plan, &imported));
    } else if !args.quiet {
        report(&summary(&plan, &imported, lang()));
    }
    Ok(DONE)
}

fn plan(args: &ImportArgs) -> Result<Import, Failure> {
    let column = |e: Both| {
        let (en, zh) = (&e.en, &e.zh);
        both!("--column: {en}\n  write --column NAME=THEIRS", "--column：{zh}\n  请写 --column 标准列名=原列名")
    };
    let named = renames(&args.columns).map_err(|e| Failure::usage(&column(e)))?;
    let book = CodeBook::load(args.codes.as_deref())?;
    let out = args.out.clone().unwrap_or_default();
    let beside = || out.with_extension("rejects.csv");
    Ok(Import {
        files: args.files.clone(),
        made: if args.roster { Made::Roster } else { Made::Ledger },
        rejects: args.rejects.clone().unwrap_or_else(beside),
        heads: Heads::load(args.headers.as_deref(), &book)?,
        renames: named.into_iter().map(|(theirs, name)| (crate::import::heads::fold(&theirs), name)).collect(),
        sheet: args.sheet.clone(),
        force: args.force,
        access: args.readable_by.into(),
        lang: lang(),
        out,
    })
}

/// A bar without an end: how many rows there are is known when they are read.
fn bar(shown: bool) -> ProgressBar {
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target).with_message(lang().pick("importing 导入", "导入"));
    let template =
        lang().pick("{spinner} {msg} {human_pos} rows, {rate}/s", "{spinner} {msg} {human_pos} 行，每秒 {rate} 行");
    let bar = match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    };
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What a file was found to be, and its first rows as they are understood.
fn told(plan: &Import, looked: &Looked) -> Result<String, Failure> {
    let (file, written, row) = (looked.path.display(), looked.written.words(), looked.head_row());
    let (en, zh) = (&written.en, &written.zh);
    let mut text =
        both!("{file}: {en}; heads in row {row}\n", "{file}：{zh}；表头在第 {row} 行\n").pick(lang()).to_owned();
    let mut columns = Table::new(&[Align::Left, Align::Left]).indented(2);
    for (name, head) in looked.mapped(plan.made) {
        columns.row([head, &format!("→ {name}")]);
    }
    text.push_str(&columns.to_string());
    let ignored = looked.ignored();
    if !ignored.is_empty() {
        let heads = ignored.join(lang().pick(", ", "、"));
        text.push_str(both!("  not read: {heads}\n", "  不读取：{heads}\n").pick(lang()));
    }
    let (names, rows) = preview(plan, looked, SHOWN_ROWS)?;
    let mut table = Table::new(&vec![Align::Left; names.len()]).indented(2);
    table.row(&names);
    rows.iter().for_each(|row| table.row(row));
    let _ = write!(text, "\n{table}");
    Ok(text)
}

/// Says what somebody should look at.
fn look_at(plan: &Import, imported: &Imported) {
    for file in &imported.files {
        for sum in &file.unlike {
            let (name, row, path) = (sum.name, sum.row, &file.file);
            let [stated, found] = [sum.stated, sum.found].map(to_grouped);
            warn(&both!(
                "{path}, row {row}: the sum of `{name}` is stated as {stated}, but the rows above come to {found}\n  look whether rows are missing, or were rejected",
                "{path} 第 {row} 行：`{name}` 合计写为 {stated}，而以上各行之和为 {found}\n  请检查是否缺行，或有行被退回"
            ));
        }
    }
    if imported.counts.rejected > 0 {
        let (rows, path) = (group_thousands(u128::from(imported.counts.rejected)), plan.rejects.display());
        warn(&both!(
            "{rows} rows cannot be read and are not in the output\n  look at {path}, mend them in the export, and import again",
            "有 {rows} 行无法识别，未写入输出\n  请查看 {path}，在导出文件中改正后重新导入"
        ));
    }
}

fn summary(plan: &Import, imported: &Imported, lang: Lang) -> String {
    let count = |n: u64| group_thousands(u128::from(n));
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right]).indented(2);
    table.row([
        "",
        lang.pick("rows 行", "行"),
        lang.pick("imported 导入", "导入"),
        lang.pick("rejected 退回", "退回"),
        lang.pick("heads, sums, blank 表头、合计、空行", "表头、合计、空行"),
    ]);
    for file in &imported.files {
        let c = &file.counts;
        table.row([
            file.file.clone(),
            count(c.rows),
            count(c.imported),
            count(c.rejected),
            count(c.above + c.sums + c.blank),
        ]);
    }
    let (out, rows) = (plan.out.display(), count(imported.output.rows));
    let mut text = table.to_string();
    text.push_str(both!("\n{out}: {rows} rows\n", "\n{out}：{rows} 行\n").pick(lang));
    let next = match plan.made {
        Made::Ledger => format!("onestop settle {out} --roster ROSTER --policy POLICY --out DIR"),
        Made::Roster => format!("onestop settle LEDGER --roster {out} --policy POLICY --out DIR"),
    };
    text.push_str(both!("next: {next}\n", "下一步：{next}\n").pick(lang));
    text
}

fn json(plan: &Import, imported: &Imported) -> String {
    let files: Vec<_> = imported
        .files
        .iter()
        .map(|file| {
            let unlike: Vec<_> = file
                .unlike
                .iter()
                .map(|s| serde_json::json!({"row": s.row, "column": s.name, "stated": to_grouped(s.stated), "found": to_grouped(s.found)}))
                .collect();
            serde_json::json!({"file": file.file, "counts": file.counts, "unlike_sums": unlike})
        })
        .collect();
    let rejects: Option<&PathBuf> = (imported.reject_cells > 0).then_some(&plan.rejects);
    let told = serde_json::json!({
        "files": files,
        "counts": imported.counts,
        "output": {"path": plan.out, "rows": imported.output.rows, "size": imported.output.size, "sha256": imported.output.sha256},
        "rejects": rejects,
        "reject_cells": imported.reject_cells,
    });
    format!("{told:#}\n")
}
