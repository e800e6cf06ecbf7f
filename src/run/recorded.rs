//! A run that was made: its manifest as it stands in its folder, and the same run once more.

use super::settle::{Papers, Settle};
use crate::lang::{Both, Told, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::mask::Mask;
use crate::ledger::open::Source;
use crate::model::date;
use crate::orders::OrderCounts;
use crate::output::access::Access;
use crate::output::parquet_file::digest_of_text;
use crate::output::publish::{MANIFEST, PROGRAM};
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A folder that no settle run wrote.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}\n  give the output folder of a settle run", path = path.display())]
pub struct NotARun {
    /// The manifest.
    pub path: PathBuf,
    /// What is wrong.
    pub message: Both,
}

impl Told for NotARun {
    fn zh(&self) -> String {
        format!("{}：{}\n  请给出 settle 的输出目录", self.path.display(), self.message.zh)
    }
}

/// What stands in for what a manifest names.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Ledger files or folders; empty: as the manifest says.
    pub ledger: Vec<PathBuf>,
    /// Roster.
    pub roster: Option<PathBuf>,
    /// Policies; empty: as the manifest says.
    pub policies: Vec<String>,
    /// Dated values.
    pub params: Option<PathBuf>,
    /// Codes.
    pub codes: Option<PathBuf>,
    /// The key that person numbers were masked with.
    pub mask: Option<Mask>,
    /// Payees.
    pub payees: Option<PathBuf>,
}

/// What a run is made from once more.
pub(crate) struct MadeFrom {
    /// Ledger files.
    pub(crate) ledger: Vec<Source>,
    /// Roster.
    pub(crate) roster: Option<Source>,
    /// Policies.
    pub(crate) policies: Vec<Policy>,
    /// Dated values.
    pub(crate) parameters: Parameters,
    /// Codes.
    pub(crate) book: CodeBook,
    /// The key that person numbers were masked with.
    pub(crate) mask: Option<Mask>,
}

/// What a manifest says. Keys that are not needed here are not read.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    program: String,
    /// Version of the program.
    pub(crate) version: String,
    policy: RecordedPolicy,
    /// Of a run of several.
    #[serde(default)]
    policies: Vec<RecordedPolicy>,
    pub(crate) parameters: RecordedParameters,
    pub(crate) inputs: Vec<RecordedInput>,
    pub(crate) options: RecordedOptions,
    pub(crate) counts: RecordedCounts,
    pub(crate) control_totals: RecordedTotals,
    pub(crate) outputs: BTreeMap<String, RecordedFile>,
    /// The whole document.
    #[serde(skip)]
    pub(crate) json: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordedPolicy {
    pub(crate) id: String,
    pub(crate) origin: String,
    pub(crate) sha256: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordedParameters {
    pub(crate) sha256: String,
    pub(crate) path: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RecordedInput {
    pub(crate) source: String,
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordedOptions {
    pub(crate) year: Option<i32>,
    pub(crate) as_if: bool,
    pub(crate) as_known: Option<String>,
    pub(crate) as_of: Option<String>,
    pub(crate) audit: String,
    #[serde(default)]
    pub(crate) orders: bool,
    #[serde(default)]
    pub(crate) payments: bool,
    #[serde(default)]
    pub(crate) report: bool,
    pub(crate) allow_float: bool,
    pub(crate) recorded_maf: Vec<String>,
    #[serde(default)]
    pub(crate) mask: Option<String>,
    pub(crate) codes_sha256: Option<String>,
    pub(crate) codes: Option<String>,
    pub(crate) columns: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordedCounts {
    pub(crate) ledger_rows: u64,
    pub(crate) settlement_rows: u64,
    pub(crate) persons: u64,
    pub(crate) audit_rows: u64,
    pub(crate) ledger_rejects: u64,
    pub(crate) roster_rejects: u64,
    pub(crate) other_charge_years: u64,
    pub(crate) by_status: BTreeMap<String, u64>,
    pub(crate) by_reason: BTreeMap<String, u64>,
    pub(crate) rejects_by_reason: BTreeMap<String, u64>,
    pub(crate) alerts: BTreeMap<String, u64>,
    pub(crate) subsidies: u64,
    pub(crate) orders: Option<OrderCounts>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordedTotals {
    pub(crate) all: BTreeMap<String, String>,
    pub(crate) by_identity: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) by_insutype: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) by_fund: BTreeMap<String, String>,
    pub(crate) subsidies: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct RecordedFile {
    pub(crate) rows: u64,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl Recorded {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// [`NotARun`].
    pub(crate) fn read(dir: &Path) -> Result<Self, NotARun> {
        let path = dir.join(MANIFEST);
        let failed = |message: Both| NotARun { path: path.clone(), message };
        let text = std::fs::read_to_string(&path).map_err(|e| failed(Both::of(&e)))?;
        let mut recorded: Self = serde_json::from_str(&text).map_err(|e| failed(Both::foreign(e)))?;
        if recorded.program != PROGRAM {
            return Err(failed(both!(
                "made by `{}`, not by this program",
                "由 `{}` 生成，不是本程序的输出",
                recorded.program
            )));
        }
        for name in recorded.outputs.keys() {
            lies_in(dir, name).map_err(failed)?;
        }
        recorded.json = serde_json::from_str(&text).map_err(|e| failed(Both::foreign(e)))?;
        Ok(recorded)
    }

    /// The policies, in the order of their dates.
    pub(crate) fn policies(&self) -> &[RecordedPolicy] {
        if self.policies.is_empty() { std::slice::from_ref(&self.policy) } else { &self.policies }
    }

    /// Whether the run wrote an audit.
    pub(crate) fn audited(&self) -> bool {
        self.options.audit != "none"
    }

    /// Whether a key is the one that person numbers were masked with; why not, in words.
    pub(crate) fn check_mask(&self, given: Option<&Mask>) -> Result<(), Both> {
        match (&self.options.mask, given) {
            (None, None) => Ok(()),
            (Some(stated), Some(mask)) if *stated == mask.id() => Ok(()),
            (Some(_), Some(_)) => {
                Err(both!("the person numbers are masked with another key", "人员编号是用另一密钥掩码的"))
            }
            (Some(_), None) => Err(both!(
                "the person numbers are masked; give the key with --mask",
                "人员编号已掩码；请用 --mask 给出密钥"
            )),
            (None, Some(_)) => Err(both!("the person numbers are not masked", "人员编号未掩码")),
        }
    }

    /// The recorded inputs of a kind: `ledger` or `roster`.
    pub(crate) fn inputs_of(&self, source: &str) -> impl Iterator<Item = &RecordedInput> {
        self.inputs.iter().filter(move |i| i.source == source)
    }

    /// What the run wrote for people.
    pub(crate) fn papers(&self, payees: Option<Source>) -> Papers {
        let payees = payees.and_then(|source| match source {
            Source::Path(path) => Some(path),
            Source::Embedded(..) | Source::Given(..) => None,
        });
        Papers { payments: self.options.payments, report: self.options.report, payees }
    }

    /// Takes out of the given policies the one that stands for a recorded one: of its digest, else of its id,
    /// else the only one for the only one.
    pub(crate) fn take_given(&self, stated: &RecordedPolicy, given: &mut Vec<Policy>) -> Option<Policy> {
        let by = |same: &dyn Fn(&Policy) -> bool| given.iter().position(same);
        let place = by(&|p| digest_of_text(&p.text) == stated.sha256)
            .or_else(|| by(&|p| p.doc.policy.id == stated.id))
            .or_else(|| (self.policies().len() == 1 && given.len() == 1).then_some(0));
        place.map(|place| given.remove(place))
    }

    /// The day of `--as-known`; why it cannot be read, in words.
    pub(crate) fn as_known(&self) -> Result<Option<i32>, Both> {
        day_of(self.options.as_known.as_deref(), "as_known")
    }

    /// The day of `--as-of`; why it cannot be read, in words.
    pub(crate) fn as_of(&self) -> Result<Option<i32>, Both> {
        day_of(self.options.as_of.as_deref(), "as_of")
    }

    /// The same run once more, into a folder of its own; why not, in words.
    pub(crate) fn again(&self, from: MadeFrom, out: PathBuf, threads: usize, memory: u64) -> Result<Settle, Both> {
        let MadeFrom { ledger, roster, policies, parameters, book, mask } = from;
        Ok(Settle {
            ledger,
            roster,
            policies,
            parameters,
            book,
            renames: self.options.columns.clone(),
            recorded_maf: self.options.recorded_maf.clone(),
            out,
            year: self.options.year,
            as_if: self.options.as_if,
            as_known: self.as_known()?,
            audit: self.audited(),
            orders: self.options.orders,
            // What was settled once may be settled again, also with values that `--strict` would refuse.
            strict: false,
            force: false,
            mask,
            papers: Papers::default(),
            access: Access::Owner,
            allow_float: self.options.allow_float,
            threads,
            memory,
        })
    }
}

/// Whether a name that a manifest states leads to a file of the folder and nowhere else; why not, in words.
fn lies_in(dir: &Path, name: &str) -> Result<(), Both> {
    let mut parts = Path::new(name).components();
    if !matches!((parts.next(), parts.next()), (Some(Component::Normal(only)), None) if only == name) {
        return Err(both!("`{name}` is no name of a file in this folder", "`{name}` 不是该文件夹中文件的名称"));
    }
    match std::fs::symlink_metadata(dir.join(name)) {
        Ok(found) if !found.is_file() => {
            Err(both!("`{name}` is no file, but a link or something else", "`{name}` 不是文件，而是链接或其他"))
        }
        _ => Ok(()),
    }
}

fn day_of(text: Option<&str>, option: &str) -> Result<Option<i32>, Both> {
    let unread = |text: &str| {
        both!(
            "options.{option} of the manifest, `{text}`, is no date",
            "manifest.json 中 options.{option} 的值 `{text}` 不是日期"
        )
    };
    let told = |text: &str| text.parse().map(date::to_days).map_err(|_| unread(text));
    text.map(told).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;

    #[test]
    fn what_is_no_run_is_told_in_chinese_with_its_facts() {
        let folder = tempfile::tempdir().unwrap();
        let read = || Recorded::read(folder.path()).unwrap_err();
        two_lines(&read(), &["manifest.json", "文件不存在"]);
        std::fs::write(folder.path().join(MANIFEST), "[]").unwrap();
        assert!(read().zh().ends_with("\n  请给出 settle 的输出目录"), "{}", read().zh());
    }
}
