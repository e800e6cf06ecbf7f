//! The same run once more, in a private folder that is gone afterwards, and every file compared.

use super::Verify;
use super::check::{Check, Finding, Report};
use super::differ::{Difference, first_difference};
use super::error::VerifyError;
use super::files::is_table;
use super::origins::Origins;
use crate::lang::{Both, both};
use crate::ledger::open::Source;
use crate::output::access::Access;
use crate::output::error::OutputError;
use crate::output::publish::{MANIFEST, Stage};
use crate::payments::PAYMENTS;
use crate::run::error::RunError;
use crate::run::progress::Progress;
use crate::run::recorded::{MadeFrom, Recorded, RecordedFile};
use crate::run::settle::{Settle, settle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many may verify one folder at a time.
const MOST_AT_ONCE: u32 = 64;

const LABEL: &str = "重新结算结果逐字节一致";

/// A private folder beside the one that is verified; it is removed when dropped.
pub(super) fn private_folder(dir: &Path) -> Result<Stage, VerifyError> {
    let real = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let name = real.file_name().map_or_else(|| "run".into(), |n| n.to_string_lossy().into_owned());
    // Several may verify one folder at a time.
    let numbered =
        |n: u32| real.with_file_name(format!("{name}.verify{}", if n == 0 { String::new() } else { format!("-{n}") }));
    for n in 0..MOST_AT_ONCE {
        match Stage::create(&numbered(n), false, Access::Owner, &mut |_| {}) {
            // Another verification, or something of the user's that bears this name.
            Err(
                OutputError::Busy { .. }
                | OutputError::Exists { .. }
                | OutputError::NotOurs { .. }
                | OutputError::Link { .. },
            ) => {}
            stage => return Ok(stage?),
        }
    }
    Err(OutputError::Busy { path: dir.to_owned() }.into())
}

/// The recorded run over these inputs; the first thing that is missing for it, in words.
pub(super) fn run_of(
    plan: &Verify,
    recorded: &Recorded,
    origins: &Origins,
    ledger: Vec<Source>,
    roster: Option<Source>,
    out: PathBuf,
) -> Result<Settle, Both> {
    let from = MadeFrom {
        ledger,
        roster,
        policies: origins.policies.clone()?,
        parameters: origins.parameters.clone()?,
        book: origins.book.clone()?,
        mask: origins.mask.clone()?,
    };
    recorded.again(from, out, plan.threads, plan.memory)
}

/// Settles again and compares.
pub(super) fn check(
    plan: &Verify,
    recorded: &Recorded,
    origins: &Origins,
    found: &BTreeMap<String, RecordedFile>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let stage = private_folder(&plan.dir)?;
    let out = stage.file("again");
    let inputs = origins.ledger.clone().and_then(|ledger| Ok((ledger, origins.roster.clone()?)));
    let run = inputs.and_then(|(ledger, roster)| run_of(plan, recorded, origins, ledger, roster, out.clone()));
    let mut run = match run {
        Ok(run) => run,
        Err(why) => {
            report.not_checked(LABEL, "settled again, the same bytes", why);
            return Ok(());
        }
    };
    // Without the payees the list would be another one.
    let (payees, unlisted) = match origins.payees.clone() {
        Ok(payees) => (payees, None),
        Err(why) => (None, recorded.options.payments.then_some(why)),
    };
    run.papers = recorded.papers(payees);
    run.papers.payments &= unlisted.is_none();
    let settled = match settle(&run, progress) {
        Ok(settled) => settled,
        Err(error) => {
            report.push(not_settled(Check::new(LABEL, "settled again, the same bytes"), None, &error));
            return Ok(());
        }
    };
    let names = recorded.outputs.keys().chain(settled.manifest.outputs.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort();
    names.dedup();
    if let Some(why) = &unlisted {
        names.retain(|name| *name != PAYMENTS);
        report.not_checked(LABEL, format!("settled again: {PAYMENTS}"), why.clone());
    }
    for name in names {
        let mut check = Check::new(LABEL, format!("settled again: {name}")).about(name);
        let at = |column: &str| Finding { place: name.clone(), column: column.to_owned(), ..Finding::default() };
        match (found.get(name), settled.manifest.outputs.get(name)) {
            (Some(here), Some(again)) => {
                check.look(here.rows);
                if here.sha256 != again.sha256 {
                    unlike(&mut check, &plan.dir, &out, name, run.ledger.len(), at);
                }
            }
            (here, again) => {
                let there = |there: bool| if there { "a file" } else { "no file" }.to_owned();
                check.find(|| Finding { stated: there(here.is_some()), found: there(again.is_some()), ..at("file") });
            }
        }
        report.push(check);
    }
    report.push(manifests(recorded, &settled.manifest.to_json(), unlisted.is_some()));
    Ok(())
}

/// The check of a run that ended without publishing.
pub(super) fn not_settled(mut check: Check, psn_no: Option<&str>, error: &RunError) -> Check {
    check.looked_at = None;
    check.find(|| Finding {
        place: "the run".into(),
        psn_no: psn_no.map(str::to_owned),
        column: "outcome".into(),
        stated: "published".into(),
        found: error.to_string().lines().next().unwrap_or_default().to_owned(),
        ..Finding::default()
    });
    check
}

/// A file whose bytes differ: where its values do.
fn unlike(check: &mut Check, dir: &Path, again: &Path, name: &str, files: usize, at: impl Fn(&str) -> Finding) {
    // Rejects name files as they were given; with several files the row depends on their order, too.
    let ignored: &[&str] = match (name, files) {
        ("rejects.parquet", 1) => &["file"],
        ("rejects.parquet", _) => &["file", "row"],
        _ => &[],
    };
    if !is_table(name) {
        check.find(|| Finding { stated: "these bytes".into(), found: "other bytes".into(), ..at("sha256") });
        return;
    }
    match first_difference(&dir.join(name), &again.join(name), ignored) {
        Ok(None) if !ignored.is_empty() => {
            let [en, zh] = [" and ", "、"].map(|between| ignored.join(between));
            check.note =
                both!("but for {en}, which go by how the inputs were given", "{zh} 除外：其值取决于输入的给出方式");
        }
        Ok(None) => check.find(|| Finding {
            stated: "these bytes".into(),
            found: "other bytes of the same values".into(),
            ..at("sha256")
        }),
        Ok(Some(found)) => check.find(|| finding(&at(&found.column), found)),
        Err(message) => check.find(|| Finding { stated: "readable".into(), found: message, ..at("rows") }),
    }
}

/// A difference as a finding: what the folder states, what was found when settled again.
pub(super) fn finding(at: &Finding, difference: Difference) -> Finding {
    let Difference { row, psn_no, setl_id, column, one, other } = difference;
    Finding { row: Some(row), psn_no, setl_id, column, stated: one, found: other, ..at.clone() }
}

/// The manifests, but for what goes by how the inputs were given, the version, and the files' digests,
/// which were compared one by one.
fn manifests(recorded: &Recorded, again: &str, unlisted: bool) -> Check {
    let mut check = Check::new(LABEL, format!("settled again: {MANIFEST}")).about(MANIFEST);
    check.looked_at = None;
    let again: Value = serde_json::from_str(again).unwrap_or_default();
    let made_now = again["version"].as_str().unwrap_or_default().to_owned();
    if made_now != recorded.version {
        let made = &recorded.version;
        check.note =
            both!("made by version {made}, verified by version {made_now}", "由 {made} 版生成，由 {made_now} 版核验");
    }
    let mut unlike = Vec::new();
    for key in ["policy", "policies", "parameters", "options", "counts", "control_totals"] {
        differences(key, &recorded.json[key], &again[key], &mut unlike);
    }
    let given = |column: &str| {
        ["policy.origin", "parameters.path", "options.codes"].contains(&column)
            || (unlisted && column == "options.payments")
            || (column.starts_with("policies.") && column.ends_with(".origin"))
    };
    for (column, stated, found) in unlike.into_iter().filter(|(column, ..)| !given(column)) {
        check.find(|| Finding { place: MANIFEST.into(), column, stated, found, ..Finding::default() });
    }
    check
}

/// Every value in which two documents differ, by its path.
fn differences(path: &str, one: &Value, other: &Value, found: &mut Vec<(String, String, String)>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                differences(&format!("{path}.{key}"), &of(a), &of(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (one, other)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}.{number}"), one, other, found);
            }
        }
        _ if one == other => {}
        _ => found.push((path.to_owned(), one.to_string(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_differ_value_by_value() {
        let one = serde_json::json!({"a": {"b": 1, "c": [1]}, "d": null});
        let other = serde_json::json!({"a": {"b": 2, "c": [1]}});
        let mut found = Vec::new();
        differences("m", &one, &other, &mut found);
        assert_eq!(found, [("m.a.b".to_owned(), "1".to_owned(), "2".to_owned())]);
        found.clear();
        differences("p", &serde_json::json!([{"o": 1}, 5]), &serde_json::json!([{"o": 3}, 5]), &mut found);
        assert_eq!(found, [("p.0.o".to_owned(), "1".to_owned(), "3".to_owned())]);
    }
}
