//! The output files: all there, none besides, each with the size, rows and digest that the manifest states.

use super::check::{Check, Finding, Report};
use crate::ledger::open::{Source, guarded, options};
use crate::ledger::watched::Watched;
use crate::output::parquet_file::digest_of;
use crate::output::publish::MANIFEST;
use crate::run::recorded::{Recorded, RecordedFile};
use std::collections::BTreeMap;
use std::path::Path;

/// Checks the files; what each of them really is.
pub(super) fn check(dir: &Path, recorded: &Recorded, report: &mut Report) -> BTreeMap<String, RecordedFile> {
    let mut complete = Check::new("输出文件齐全", "output files, none missing or extra");
    complete.look(recorded.outputs.len() as u64);
    let at = |name: &str| Finding { place: name.to_owned(), column: "file".into(), ..Finding::default() };
    let missing = |name: &&String| !dir.join(name).is_file();
    for name in recorded.outputs.keys().filter(missing) {
        complete.find(|| Finding { stated: "an output".into(), found: "missing".into(), ..at(name) });
    }
    for name in names_in(dir).iter().filter(|n| *n != MANIFEST && !recorded.outputs.contains_key(*n)) {
        complete.find(|| Finding { stated: "no output".into(), found: "in the folder".into(), ..at(name) });
    }
    report.push(complete);

    let mut found = BTreeMap::new();
    for (name, stated) in &recorded.outputs {
        let mut check = Check::new("文件摘要", name.as_str()).about(name);
        match look(dir, name) {
            Ok(real) => {
                check.look(real.rows);
                let figures = [("rows", stated.rows, real.rows), ("size", stated.size, real.size)];
                for (column, stated, real) in figures.into_iter().filter(|(of, ..)| *of != "rows" || is_table(name)) {
                    check.expect(stated, real, u64::to_string, || Finding { column: column.into(), ..at(name) });
                }
                let column = || Finding { column: "sha256".into(), ..at(name) };
                check.expect(&stated.sha256, &real.sha256, |s| (*s).clone(), column);
                found.insert(name.clone(), real);
            }
            Err(message) => check.find(|| Finding { stated: "readable".into(), found: message, ..at(name) }),
        }
        report.push(check);
    }
    found
}

/// Whether an output is a table of rows, and no list or page for people; these are known by their digests.
pub(super) fn is_table(name: &str) -> bool {
    name.ends_with(".parquet")
}

/// Everything in a folder, by name.
fn names_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Rows, size and digest of a file as it is; why it cannot be read, in words. A file whose footer is
/// damaged has no rows.
fn look(dir: &Path, name: &str) -> Result<RecordedFile, String> {
    let path = dir.join(name);
    let (size, sha256) = digest_of(&path).map_err(|e| e.to_string())?;
    if !is_table(name) {
        return Ok(RecordedFile { rows: 0, size, sha256 });
    }
    let footer = guarded(name, None, || Watched::open(&Source::Path(path.clone()), options()));
    let rows = footer.map_or(0, |(_, f)| u64::try_from(f.metadata().file_metadata().num_rows()).unwrap_or(0));
    Ok(RecordedFile { rows, size, sha256 })
}
